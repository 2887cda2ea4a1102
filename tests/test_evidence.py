"""The evidence bundle: complete, the same every time, shown to be unchanged, never overwritten."""

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rules.lookalike.techniques import ORDER
from rules.model import Account, Post, Reason, Suspect, Verdict
from tests.cli_fixtures import CONFIG, terminal
from tests.terminal import NOW, Terminal, compare
from watcher.backends.interface import Page
from watcher.evidence.plain import defanged, line, shown
from watcher.store import Store, SuspectEvent
from watcher.store.raising import write_event

__all__ = ["terminal"]

ROOT = Path(__file__).resolve().parent.parent
FILES = ["MANIFEST.sha256", "README.txt", "evidence.html", "evidence.json", "posts.csv",
         "suspects.csv"]  # fmt: skip
TOKEN = "Your account ends today: https://аcme-help.example/login"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose store has an account that renamed itself."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "watcher.toml").write_text(CONFIG)
    (folder / "data").mkdir()
    store = Store.open(f"sqlite:///{folder}/data/watcher.sqlite")
    for number, handle in enumerate(("gardener", "acme_help")):
        author = Account(
            network="town", id="7", handle=handle, display_name="Аcme Help" if number else "Zoé",
            bio="We help." if number else "Roses.", url="https://town.example/@acme_help",
            created=datetime(2026, 3, 1, 12, tzinfo=UTC), followers=12_345,
        )  # fmt: skip
        post = Post(network="town", id=str(number), author=author, text=f"{TOKEN} ({number})",
                    posted_at=NOW - timedelta(hours=5 - number), language="en",
                    links=("https://xn--cme-help-9fg.example/login",))  # fmt: skip
        page = Page(posts=(post,), cursor=str(number), more=False)
        store.save_page("town", page, NOW - timedelta(hours=2 - number))
    store.save_suspects([author], [_suspect(author)], {"lookalikes": ("daily",)}, NOW)
    store.judge(1, Verdict.CONFIRMED, "asks for passwords", "ada", NOW)
    store.close()
    return folder


@pytest.fixture
def acme(filled: Path, terminal: Terminal) -> Terminal:
    """A terminal in a copy of that folder."""
    shutil.copytree(filled, terminal.folder, dirs_exist_ok=True)
    return terminal


def _suspect(author: Account) -> Suspect:
    why = Reason(template='"{name}" contains the name "{brand}".',
                 values={"name": "Аcme Help", "brand": "Acme"})  # fmt: skip
    raised = Reason(template="The name holds nothing but the brand.", weight=2.0)
    lowered = Reason(template="Nothing beside it tells whether a word that is spelled so means "
                     "the brand.", weight=-1.0)  # fmt: skip
    return Suspect(
        subject=author.key, name=author.handle, display_name=author.display_name, brand="Acme",
        rule="lookalikes", score=0.93, techniques=("homoglyph", "affix"), reason=why,
        evidence=(raised, lowered),
    )  # fmt: skip


def text_of(page: str) -> str:
    """What a page says, a line for each of its blocks, without tags and styles."""
    parts: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            parts.append(" ".join(data.split()).join(" " * 2) if data.strip() else " ")

        def handle_endtag(self, tag: str) -> None:
            if tag in {"p", "h1", "h2", "h3", "h4", "li", "tr", "div", "blockquote", "caption"}:
                parts.append("\n")

    Reader().feed(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))
    lines = (" ".join(row.split()) for row in "".join(parts).split("\n"))
    return "\n".join(row for row in lines if row) + "\n"


def test_a_bundle_shows_itself_to_be_unchanged(acme: Terminal) -> None:
    seen = acme.pipe("suspects", "export", "1", "-o", "out")
    assert seen.code == 0, seen.err
    assert sorted(path.name for path in Path("out").iterdir()) == FILES
    check = ["sha256sum", "-c", "MANIFEST.sha256"]
    if shutil.which("sha256sum"):
        assert subprocess.run(check, cwd="out", capture_output=True).returncode == 0
    manifest = Path("out/MANIFEST.sha256").read_bytes()
    assert hashlib.sha256(manifest).hexdigest() in seen.out
    listed = dict(reversed(row.split("  ")) for row in manifest.decode().splitlines())
    assert listed == {
        name: hashlib.sha256(Path("out", name).read_bytes()).hexdigest()
        for name in FILES
        if name != "MANIFEST.sha256"
    }


def test_the_same_store_at_the_same_time_gives_the_same_bytes(acme: Terminal) -> None:
    for name in ("one.zip", "two.zip", "one", "two"):
        assert acme.pipe("suspects", "export", "1", "-o", name).code == 0
    assert Path("one.zip").read_bytes() == Path("two.zip").read_bytes()
    with zipfile.ZipFile("one.zip") as archive:
        assert archive.testzip() is None
        for name in FILES:
            assert Path("one", name).read_bytes() == Path("two", name).read_bytes()
            assert archive.read(f"evidence/{name}") == Path("one", name).read_bytes()


def test_the_json_is_complete_and_its_fingerprints_hold(acme: Terminal) -> None:
    value = json.loads(acme.pipe("suspects", "export", "1", "--format", "json").out)
    assert (value["schema"], value["version"]) == ("brand-watcher/evidence", 1)
    assert datetime.fromisoformat(value["made"]) == NOW
    [case] = value["suspects"]
    assert case["account"]["followers"] == 12_345
    assert [form["handle"] for form in case["former_names"]] == ["gardener"]
    assert [(one["kind"], one["by"], one["note"]) for one in case["history"]][-1] == (
        "judged", "ada", "asks for passwords",
    )  # fmt: skip
    assert [one["weight"] for one in case["evidence"]] == [2.0, -1.0]
    assert case["seen_by"] == [
        {"source": "town", "posts": 2, "first": "2026-03-10T05:30:00+00:00",
         "last": "2026-03-10T06:30:00+00:00"},
    ]  # fmt: skip
    assert [post["text"] for post in case["posts"]] == [f"{TOKEN} (0)", f"{TOKEN} (1)"]
    for post in case["posts"]:
        assert post["text_sha256"] == hashlib.sha256(post["text"].encode()).hexdigest()
        assert datetime.fromisoformat(post["seen"]).tzinfo is not None
    [handle, display] = case["names"]
    assert (handle["kind"], display["kind"]) == ("handle", "display_name")
    assert {"brand": "A", "brand_code_points": "U+0041", "suspect": "А",
            "suspect_code_points": "U+0410", "differs": True} in display["columns"]  # fmt: skip


def test_every_key_of_the_json_is_documented(acme: Terminal) -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(keys, value))
        return set(value).union(*map(keys, value.values())) if isinstance(value, dict) else set()

    page = (ROOT / "docs" / "evidence.md").read_text()
    told = set(re.findall(r"`(\w+)`", page[page.index("## The schema") :]))
    used = keys(json.loads(acme.pipe("suspects", "export", "1", "--format", "json").out))
    assert used <= told


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_as_it_reads(acme: Terminal, language: str) -> None:
    assert acme.pipe("suspects", "export", "1", "-o", "x.html", "--language", language).code == 0
    page = Path("x.html").read_text()
    assert f'<html lang="{language}"' in page
    said = re.sub(r"brand-watcher [\d.]+\d", "brand-watcher VERSION", text_of(page))
    compare(f"evidence.{language}", said)


def test_a_score_that_reads_the_same_is_not_told_to_have_moved(acme: Terminal) -> None:
    store = Store.open("sqlite:///data/watcher.sqlite")
    with store.writing() as connection:
        for before, score in ((0.9301, 0.9302), (0.93, 0.97)):
            event = SuspectEvent(at=NOW, kind="changed", score=score, before=before)
            write_event(connection, 1, event)
    store.close()
    said = text_of(acme.pipe("suspects", "export", "1", "--format", "html").out)
    assert ("score 0.93, then 0.93" in said, "score 0.93, then 0.97" in said) == (False, True)


def test_the_page_asks_for_nothing_and_links_to_itself_only(acme: Terminal) -> None:
    page = acme.pipe("suspects", "export", "--verdict", "all", "--format", "html").out
    assert re.search(r"content=\"default-src &#39;none&#39;; style-src &#39;sha256-", page)
    assert set(re.findall(r'(?:href|src|action)="([^"]*)"', page)) == {"#suspect-1"}
    assert "https:" not in text_of(page)
    assert "help.example" not in text_of(page)


def test_every_technique_is_told_in_words() -> None:
    parts = (ROOT / "templates" / "evidence" / "parts.html").read_text()
    assert set(ORDER) <= set(re.findall(r'^  "([\w-]+)": t\(', parts, re.MULTILINE))


def test_what_is_left_out_is_told(acme: Terminal) -> None:
    page = acme.pipe("suspects", "export", "1", "--posts", "1", "--format", "html").out
    assert "2 posts were kept; the newest are copied here." in page
    assert "(1)" in page
    assert "(0)" not in page


def test_files_are_for_their_owner_only(acme: Terminal) -> None:
    for name in ("a.csv", "a.json", "a.html", "a.zip", "folder"):
        assert acme.pipe("suspects", "export", "1", "-o", name).code == 0
        mode = stat.S_IMODE(Path(name).stat().st_mode)
        assert mode == (0o700 if name == "folder" else 0o600)
    assert {stat.S_IMODE(path.stat().st_mode) for path in Path("folder").iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["x.csv", "x.zip", "folder"])
def test_nothing_is_replaced_unless_that_is_said(acme: Terminal, name: str) -> None:
    assert acme.pipe("suspects", "export", "1", "-o", name).code == 0
    seen = acme.pipe("suspects", "export", "1", "-o", name)
    assert (seen.code, "is there already" in seen.err, "--force" in seen.err) == (1, True, True)
    assert acme.pipe("suspects", "export", "1", "-o", name, "--force").code == 0
    assert not list(Path().glob(".watcher-*"))


def test_force_leaves_alone_what_else_lies_in_a_folder(acme: Terminal) -> None:
    Path("out").mkdir()
    Path("out/letter.txt").write_text("Dear desk")
    assert acme.pipe("suspects", "export", "1", "-o", "out").code == 1
    assert acme.pipe("suspects", "export", "1", "-o", "out", "--force").code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == sorted([*FILES, "letter.txt"])


def test_what_is_no_ordinary_file_is_never_replaced(acme: Terminal) -> None:
    os.mkfifo("pipe.csv")
    seen = acme.pipe("suspects", "export", "1", "-o", "pipe.csv", "--force")
    assert (seen.code, "no ordinary file" in seen.err) == (1, True)
    assert stat.S_ISFIFO(Path("pipe.csv").stat().st_mode)


def test_a_failure_leaves_nothing_behind(acme: Terminal) -> None:
    before = sorted(Path().iterdir())
    for words in (("99", "-o", "x"), ("1", "-o", "nowhere/x.zip"), ("1", "-o", "nowhere/x")):
        assert acme.pipe("suspects", "export", *words).code == 1
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("1", "--brand", "Acme"), "numbers and filters"),
        (("1", "-o", "x.pdf"), "a browser prints the .html as PDF"),
        (("1", "--format", "zip"), "needs a name"),
        (("1", "--language", "tlh"), "there is no language called"),
    ],
)
def test_a_slip_is_answered(acme: Terminal, words: tuple[str, ...], told: str) -> None:
    seen = acme.pipe("suspects", "export", *words)
    assert (seen.code, told in seen.err) == (2, True), seen.err


def test_a_bundle_of_nobody_is_not_written(acme: Terminal) -> None:
    seen = acme.pipe("suspects", "export", "-o", "out")  # only open ones; the one is confirmed
    assert (seen.code, "1 confirmed" in seen.err) == (1, True)
    assert not Path("out").exists()
    assert len(acme.pipe("suspects", "export").out.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("see https://evil.example/a.html now", "see https[:]//evil[.]example/a[.]html now"),
        ("3.14 is fine... and 1.5 too", "3.14 is fine... and 1.5 too"),
        ("a@evil。example", "a@evil[.]example"),
        ("emca\u202egnp", "emca[U+202E]gnp"),
        ("a\0b\x1b[31m\ud800", "a[U+0000]b[U+001B][31m[U+D800]"),
        ("👩\u200d🔧 ok", "👩\u200d🔧 ok"),
        ("ac\u200dme\u3164", "ac[U+200D]me[U+3164]"),
        ("e" + "\u0301" * 9, "e\u0301\u0301\u0301[6 more accents]"),
        ("a\n\n\n\n\n\nb", "a\n\n[4 more lines]\nb"),
        ("x" * 205, "x" * 200 + " [5 more characters]"),
    ],
)
def test_what_hides_in_a_text_is_shown(text: str, seen: str) -> None:
    assert shown(text, 200) == seen
    assert "\n" not in line(text, 200)


def test_long_hostile_texts_take_no_time() -> None:
    for text in ("a" * 200_000, "." * 200_000, "a." * 100_000, "\n \n" * 70_000, " " * 200_000):
        shown(text, len(text))
    assert defanged("a.bc" * 2) == "a[.]bca[.]bc"
