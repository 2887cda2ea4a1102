"""Make docs/digest.png: the English mail of the demo, as headless Chromium shows it at 600 pixels.

    make screenshot

The part that matters first is kept: the picture ends where the third post does.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEIGHT = 1230


def main() -> int:
    """Run the demo in a temporary folder and take the picture."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        print("Chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        subprocess.run(
            [sys.executable, "-m", "watcher", "demo", demo],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        [page] = demo.rglob("*digest.html")
        subprocess.run(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--blink-settings=preferredColorScheme=1",
                f"--user-data-dir={folder}/profile",
                f"--window-size=600,{HEIGHT}",
                f"--screenshot={HERE / 'digest.png'}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
    print(f"wrote {HERE / 'digest.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
