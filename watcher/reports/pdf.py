"""A page of HTML as PDF, by a Chromium that is on the machine: nothing is fetched."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rules.errors import WatcherError

NAMES: Final = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge",
)  # fmt: skip
VARIABLE: Final = "WATCHER_CHROMIUM"
_MAC: Final = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
_FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
SECONDS: Final = 120
LARGEST: Final = 100_000_000
"""Bytes."""


class PdfError(WatcherError):
    """A page could not be made a PDF."""


def browser(env: Mapping[str, str] = os.environ) -> str | None:
    """Return the program that prints: $WATCHER_CHROMIUM, or the first that is found."""
    if named := env.get(VARIABLE):
        return shutil.which(named)
    found = (shutil.which(name) for name in NAMES)
    program = next((one for one in found if one), None)
    if program is None and sys.platform == "darwin" and Path(_MAC).is_file():
        return _MAC
    return program


def printed(page: str, program: str | None = None) -> bytes:
    """Return a page as PDF. Raises `PdfError` where no Chromium is there, or it fails."""
    program = program or browser()
    if program is None:
        raise PdfError(
            "no Chromium was found, so there is no PDF",
            help="install chromium, name one in $WATCHER_CHROMIUM, or print the HTML yourself",
        )
    with tempfile.TemporaryDirectory(prefix="watcher-") as folder:
        file, result = Path(folder) / "report.html", Path(folder) / "report.pdf"
        file.write_text(page, encoding="utf-8")
        flags = [*_FLAGS, f"--user-data-dir={folder}/profile", f"--print-to-pdf={result}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium refuses its sandbox to the superuser
        try:
            subprocess.run(  # noqa: S603 - the program is the user's own, the page is ours
                [program, *flags, file.as_uri()],
                capture_output=True,
                timeout=SECONDS,
                check=True,
            )
            made = result.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise PdfError(
                f"{program} made no PDF: {type(error).__name__}",
                help="try it by hand, or print the HTML yourself",
            ) from error
    if not made.startswith(b"%PDF") or len(made) > LARGEST:
        raise PdfError(f"{program} made no PDF that can be used", help="print the HTML yourself")
    return made
