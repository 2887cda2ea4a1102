"""The mail as a picture, light and dark, on a telephone and in a window: as it was approved."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from alerts.digest.composing import compose
from alerts.words.render import Templates, render
from tests import approved
from tests.alert_samples import BRAND, NOW, SLOT, email, full, voice, waiting
from tests.browser import Browser, Scheme
from watcher import files

pytestmark = [pytest.mark.server, pytest.mark.drill]

TEMPLATES = Templates(files.templates())


def page(language: str = "en") -> str:
    content = replace(full(), voices=(voice(others=("Rivalo",)),))
    digest = compose(email(language=language), content, SLOT, NOW, [BRAND], "Europe/Paris")
    return render(TEMPLATES, digest, answers="watch@plivelo.example").page


def quiet_page() -> str:
    digest = compose(email(), waiting(), SLOT, NOW, [BRAND], "Europe/Paris")
    return render(TEMPLATES, digest).page


@pytest.fixture(scope="module")
def measure(browser: Browser) -> float:
    """How wide some words are in the fonts of this machine."""
    return browser.measure_text(
        "Plivélo: 30 posts within 24 hours", "Roboto, Helvetica, Arial, sans-serif"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 600])
def test_the_mail_looks_as_it_was_approved(
    browser: Browser, tmp_path: Path, measure: float, width: int, scheme: Scheme
) -> None:
    for name, mail in (("full", page()), ("quiet", quiet_page())):
        picture = tmp_path / f"{name}.png"
        browser.picture(mail, picture, width=width, scheme=scheme)
        approved.look(picture, f"{name}-{width}-{scheme}", measure)


def test_french_looks_as_it_was_approved(browser: Browser, tmp_path: Path, measure: float) -> None:
    picture = tmp_path / "french.png"
    browser.picture(page("fr"), picture, width=360, scheme="light")
    approved.look(picture, "french-360-light", measure)


CHANGES = {
    "a colour of a box": ("#fdecea", "#eafdec"),
    "a chart that is missing": ("base64,iVBOR", "base64,AAAAA"),
    "a line more": ("Look at this first", "Look at this first, please, before<br>anything else"),
    "letters twice as large": ("font-size:27px", "font-size:54px"),
    "no dark form": ("color: light dark", "color: light"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_real_change_is_seen(browser: Browser, tmp_path: Path, change: str) -> None:
    before, after = CHANGES[change]
    plain = page()
    changed = plain.replace(before, after).replace(before.replace(":", ": "), after)
    if change == "no dark form":
        changed = plain.replace("prefers-color-scheme: dark", "prefers-color-scheme: none")
    assert changed != plain
    pictures = []
    for name, mail in (("one", plain), ("other", changed)):
        browser.picture(
            mail,
            tmp_path / f"{name}.png",
            width=600,
            scheme="dark" if "dark" in change else "light",
        )
        pictures.append(approved.small(Image.open(tmp_path / f"{name}.png")))
    assert approved.difference(*pictures) > approved.MOST_DIFFERENT


def test_letters_that_are_smoothed_otherwise_are_no_change(
    browser: Browser, tmp_path: Path
) -> None:
    otherwise = "body { text-rendering: geometricPrecision; opacity: 0.999; }"
    smooth = page().replace("</head>", f"<style>{otherwise}</style></head>")
    assert _difference(browser, tmp_path, page(), smooth, "light") <= approved.MOST_DIFFERENT


def _difference(browser: Browser, folder: Path, one: str, other: str, scheme: Scheme) -> float:
    pictures = []
    for name, mail in (("one", one), ("other", other)):
        browser.picture(mail, folder / f"{name}.png", width=600, scheme=scheme)
        pictures.append(approved.small(Image.open(folder / f"{name}.png")))
    return approved.difference(*pictures)
