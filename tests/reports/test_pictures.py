"""A report in a real browser: on a page, on a phone, in the dark, on paper."""

from pathlib import Path

import pytest

from tests.browser import Browser, Scheme
from tests.browser import browser as browser
from tests.reports.test_page import written
from watcher.reports import Facts
from watcher.reports.pdf import PdfError, printed

pytestmark = pytest.mark.drill


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (360, "dark")])
def test_nobody_has_to_scroll_sideways(
    facts: Facts, browser: Browser, width: int, scheme: Scheme, language: str
) -> None:
    _, text = written(facts, language)
    measured = browser.measure(text, width=width, scheme=scheme)
    assert measured.width <= width
    assert measured.background == ("rgb(238, 240, 243)" if scheme == "light" else "rgb(14, 17, 20)")


def test_a_browser_runs_nothing_and_fetches_nothing(facts: Facts, browser: Browser) -> None:
    found = browser.look_into(written(facts)[1])
    assert not found.owned
    assert found.requests == ()
    assert "script" not in found.tags


def test_letters_of_charts_are_large_enough_on_a_phone(facts: Facts, browser: Browser) -> None:
    _, text = written(facts)
    drawn = browser.drawn(text, width=360, scheme="light")
    assert drawn
    assert min(one.size for one in drawn) >= 12


def test_a_report_can_be_printed(facts: Facts, browser: Browser) -> None:
    made = printed(written(facts, printed=True)[1], browser.program)
    assert made.startswith(b"%PDF")
    assert len(made) < 5_000_000


def test_a_program_that_prints_nothing_is_told(facts: Facts, tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(PdfError, match="made no PDF"):
        printed(written(facts)[1], str(broken))
