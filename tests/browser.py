"""Shows a mail in headless Chromium as a reader would see it, and measures it.

The mail is put into a frame of the wanted width, since a window cannot be made narrower than about
500 pixels. Nothing is fetched: Chromium is given no network to speak of.
"""

import html
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-color-profile=srgb",
)
_MEASURE = """
<script>
addEventListener("load", () => {
  const page = document.querySelector("iframe").contentDocument.documentElement;
  const wide = [...page.querySelectorAll("*")].filter(
    (e) => e.getBoundingClientRect().right > page.clientWidth + 0.5).map((e) => e.className);
  document.body.dataset.found = JSON.stringify({
    height: page.scrollHeight, width: page.scrollWidth, wide: wide.slice(0, 5),
    background: getComputedStyle(page.querySelector("body")).backgroundColor});
});
</script>
"""

_LOOK = """
<script>
addEventListener("load", () => setTimeout(() => {
  const frame = document.querySelector("iframe");
  const page = frame.contentDocument;
  document.body.dataset.found = JSON.stringify({
    tags: [...new Set([...page.querySelectorAll("*")].map((e) => e.localName))],
    owned: "owned" in page.documentElement.dataset,
    requests: frame.contentWindow.performance.getEntriesByType("resource").map((e) => e.name)});
}, 100));
</script>
"""

_DRAWN = """
<script>
addEventListener("load", () => {
  const page = document.querySelector("iframe").contentDocument;
  const opaque = (colour) => !/^rgba\\(.*, 0\\)$|^transparent$/.test(colour);
  const drawn = [];
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const range = page.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    if (!text || box.width < 2 || box.height < 2) continue;
    let paper = walker.currentNode.parentElement;
    const style = getComputedStyle(paper);
    while (paper && !opaque(getComputedStyle(paper).backgroundColor)) paper = paper.parentElement;
    drawn.push([text, style.color, paper ? getComputedStyle(paper).backgroundColor : "",
                parseFloat(style.fontSize), box.top, box.bottom]);
  }
  for (const e of page.querySelectorAll("img")) {
    const box = e.getBoundingClientRect();
    drawn.push(["[" + e.alt + "]", "", "", e.naturalWidth, box.top, box.bottom]);
  }
  document.body.dataset.found = JSON.stringify(drawn);
});
</script>
"""

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Measured:
    """How a page came out in a frame."""

    width: int
    """Of the content; wider than the frame means that the reader must scroll sideways."""
    height: int
    wide: tuple[str, ...]
    """Classes of elements that stick out."""
    background: str


@dataclass(frozen=True)
class Found:
    """What a page became."""

    tags: tuple[str, ...]
    """The names of its elements."""
    owned: bool
    """Whether a script in it set `data-owned` on the root."""
    requests: tuple[str, ...]
    """What it asked for."""


@dataclass(frozen=True)
class Drawn:
    """A piece of text as the browser drew it; a picture has its alt text in brackets."""

    text: str
    ink: str
    paper: str
    size: float
    """Of the letters; of a picture, the pixels that it really has across."""
    top: float
    bottom: float


class Browser:
    """Headless Chromium, started anew for every picture."""

    def __init__(self, program: str) -> None:
        self.program = program

    def measure(self, mail: str, *, width: int, scheme: Scheme) -> Measured:
        """Lay the mail out and say how large it is."""
        dom = self._run(self._frame(mail, width, 2000), scheme, "--dump-dom", window=(700, 2000))
        found = re.search(r'data-found="([^"]*)"', dom)
        assert found, dom[-2000:]
        return Measured(**json.loads(html.unescape(found[1])))

    def drawn(self, mail: str, *, width: int, scheme: Scheme) -> list[Drawn]:
        """Lay the mail out and say what stands where in it, in which colours."""
        page = self._frame(mail, width, 2000, _DRAWN)
        dom = self._run(page, scheme, "--dump-dom", window=(700, 2000))
        found = re.search(r'data-found="([^"]*)"', dom)
        assert found, dom[-2000:]
        return [Drawn(*one) for one in json.loads(html.unescape(found[1]))]

    def measure_text(self, text: str, fonts: str) -> float:
        """How wide a text of 100-pixel letters is, in the first of some fonts that is there."""
        page = (
            f"<!DOCTYPE html><canvas></canvas><script>const c = document.querySelector('canvas')"
            f".getContext('2d'); c.font = {json.dumps('100px ' + fonts)}; document.body.dataset"
            f".found = c.measureText({json.dumps(text)}).width;</script>"
        )
        dom = self._run(page, "light", "--dump-dom", window=(700, 700))
        found = re.search(r'data-found="([^"]*)"', dom)
        assert found, dom[-2000:]
        return round(float(found[1]), 1)

    def look_into(self, page: str) -> Found:
        """Load a page and say what became of it."""
        dom = self._run(
            self._frame(page, 700, 2000, _LOOK), "light", "--dump-dom",
            "--virtual-time-budget=5000", window=(700, 2000),
        )  # fmt: skip
        found = re.search(r'data-found="([^"]*)"', dom)
        assert found, dom[-2000:]
        value = json.loads(html.unescape(found[1]))
        return Found(tuple(value["tags"]), value["owned"], tuple(value["requests"]))

    def picture(self, mail: str, path: Path, *, width: int, scheme: Scheme) -> Measured:
        """Write a PNG of the whole mail."""
        measured = self.measure(mail, width=width, scheme=scheme)
        window = (max(width, 500), measured.height)
        page = self._frame(mail, width, measured.height)
        self._run(page, scheme, f"--screenshot={path}", window=window)
        return measured

    def _frame(self, mail: str, width: int, height: int, script: str = _MEASURE) -> str:
        style = f"border:0;display:block;width:{width}px;height:{height}px"
        frame = f'<iframe style="{style}" srcdoc="{html.escape(mail)}"></iframe>'
        return f'<!DOCTYPE html><body style="margin:0">{frame}{script}</body>'

    def _run(self, page: str, scheme: Scheme, *flags: str, window: tuple[int, int]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "page.html"
            file.write_text(page, encoding="utf-8")
            done = subprocess.run(
                [
                    self.program,
                    *_FLAGS,
                    f"--user-data-dir={folder}/profile",
                    f"--window-size={window[0]},{window[1]}",
                    f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}",
                    *flags,
                    file.as_uri(),
                ],
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
            )
        return done.stdout


@pytest.fixture(scope="session")
def browser() -> Browser:
    """Chromium; the test is skipped where it is absent, and fails under CI."""
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is not None:
        return Browser(program)
    message = "Chromium is not installed: apt-get install chromium"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
