"""`watcher report`: what it writes, and what it answers to mistakes."""

import pytest

from tests.cli_fixtures import acme as acme
from tests.cli_fixtures import terminal as terminal
from tests.terminal import Terminal


def test_a_page_and_tables_are_written_for_their_owner_alone(acme: Terminal) -> None:
    seen = acme.pipe("report", "--since", "2026-03-02", "--until", "2026-03-08", "--csv", "tables")
    assert seen.code == 0, seen.err
    assert "wrote report-2026-03-02-2026-03-08.html: 1 brand, Mar 2 to Mar 8, 2026" in seen.out
    path = acme.folder / "report-2026-03-02-2026-03-08.html"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "Acme" in path.read_text()
    assert (acme.folder / "tables" / "watched.csv").is_file()


def test_a_line_about_a_french_report_is_english_throughout(acme: Terminal) -> None:
    days = ("--since", "2026-03-02", "--until", "2026-03-08")
    seen = acme.pipe("report", *days, "--language", "fr", "-o", "mars.html")
    assert seen.code == 0, seen.err
    assert "wrote mars.html: 1 brand, Mar 2 to Mar 8, 2026; open it" in seen.out
    assert "mars 2026" in (acme.folder / "mars.html").read_text()


def test_what_is_there_is_replaced_only_when_asked(acme: Terminal) -> None:
    (acme.folder / "r.html").write_text("mine")
    seen = acme.pipe("report", "-o", "r.html")
    assert seen.code == 1
    assert "is there already" in seen.err
    assert acme.pipe("report", "-o", "r.html", "--force").code == 0
    assert (acme.folder / "r.html").read_text() != "mine"


def test_without_chromium_the_page_is_written_and_the_lack_told(
    acme: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHER_CHROMIUM", "no-such-program")
    seen = acme.pipe("report", "-o", "r.html", "--pdf")
    assert seen.code == 1
    assert "no Chromium was found" in seen.err
    assert (acme.folder / "r.html").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--week", "--month"), "different periods"),
        (("--until", "2026-03-08"), "where the report begins"),
        (("--since", "2026-03-08", "--until", "2026-03-02"), "lies before"),
        (("--since", "2020-01-01", "--until", "2026-03-02"), "400 days"),
        (("--zone", "Mars/Base"), "there is no time zone"),
        (("--language", "xx"), "no language called"),
        (("--brand", "Acne"), "did you mean 'Acme'"),
        (("-o", "r.txt"), "end the name in .html or .pdf"),
        (("-o", "report"), "'report' does not say which"),
    ],
)
def test_a_mistake_is_answered(acme: Terminal, words: tuple[str, ...], said: str) -> None:
    seen = acme.pipe("report", *words)
    assert seen.code == 2
    assert said in seen.err
