"""A real crisis, as its mail tells it: that something happened, when, and what people said.

The posts are research data, read where they are: see tests/barclays.py.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.words.render import LARGEST_HTML, Rendered
from tests.barclays import BEGAN, Crisis
from tests.browser import Browser, Drawn

pytestmark = pytest.mark.drill

DAY = timedelta(days=1)
CALM = datetime(2012, 6, 25, tzinfo=UTC)
MORNING_AFTER = datetime(2012, 6, 28, 6, tzinfo=UTC)
END = datetime(2012, 7, 5, 20, tzinfo=UTC)

SCREEN = 700
"""Pixels that a reader sees of a mail at 600 pixels across, before scrolling."""
TELEPHONE = 2 * 640


@pytest.fixture(scope="module")
def told(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rendered]:
    """The mail of a calm day, of the morning after, and of the whole crisis."""
    crisis = Crisis(shared_data, tmp_path_factory.mktemp("daily"), CALM)
    crisis.go_to(CALM - 2 * DAY)
    crisis.tell()
    crisis.go_to(CALM)
    calm = crisis.mail(2 * DAY)
    crisis.tell()
    crisis.go_to(MORNING_AFTER - DAY)
    crisis.tell()
    crisis.go_to(MORNING_AFTER)
    (surge,) = [one.surge for one in crisis.digest(DAY).brands]
    assert surge is not None
    assert surge.began is not None
    assert abs(surge.began - BEGAN) <= timedelta(hours=1)
    mails = {"calm": calm, "day": crisis.mail(DAY)}
    crisis.go_to(END)
    mails["whole"] = crisis.mail(END - CALM)
    crisis.app.close()
    return mails


def test_a_calm_day_is_told_calmly(told: dict[str, Rendered]) -> None:
    assert "Nothing is urgent." in told["calm"].text
    assert "far more" not in told["calm"].subject


@pytest.mark.parametrize("which", ["day", "whole"])
def test_subject_and_text_say_that_something_happened_when_and_what_was_said(
    told: dict[str, Rendered], which: str
) -> None:
    mail = told[which]
    assert "far more than usual" in mail.subject
    first = " ".join(mail.text.split())[:900]
    assert "usually" in first
    assert "it began on Wed, Jun 27 around 13:00" in first
    assert {word for word in ("Libor", "Bob Diamond", "£290m") if word in first} >= {
        "Libor",
        "Bob Diamond",
    }
    assert len(mail.html.encode()) <= LARGEST_HTML
    assert all(len(picture.png) <= 15_000 for picture in mail.pictures)


@pytest.mark.server
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "screen"), [(600, SCREEN), (360, TELEPHONE)])
def test_one_screen_tells_it(
    browser: Browser, told: dict[str, Rendered], width: int, screen: int, scheme: str
) -> None:
    for which in ("day", "whole"):
        drawn = browser.drawn(told[which].page, width=width, scheme=scheme)  # type: ignore[arg-type]
        seen = [one for one in drawn if one.bottom <= screen]
        said = " ".join(" ".join(one.text for one in seen).split()).replace(" :", ":")
        assert "Barclays: far more than usual" in said
        assert "it began on Wed, Jun 27 around 13:00" in said
        assert "Libor" in said
        assert "reactions" in said
        assert any(one.text.startswith("[Posts per") for one in _pictures(seen))


def _pictures(seen: list[Drawn]) -> list[Drawn]:
    return [one for one in seen if one.text.startswith("[") and one.size > 600]
