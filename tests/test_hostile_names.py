"""Whatever strangers call themselves and write is harmless wherever it is shown.

One corpus goes through a real store and real commands, as it would come from a network; then each
text is looked for in everything that was shown.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rules.lookalike.reasons import reason
from rules.model import Account, Post, Suspect, Verdict
from tests.browser import Browser, browser
from tests.cli_fixtures import CONFIG
from tests.terminal import NOW, Terminal, plain
from watcher.backends.interface import Page
from watcher.cli.console import stdout
from watcher.cli.suspects import command
from watcher.cli.suspects.reviewing import Review
from watcher.config import load
from watcher.store import Store

pytestmark = pytest.mark.drill

__all__ = ["browser"]

OWNED = "document.documentElement.dataset.owned=1"
HOSTILE = {
    "script": f"<script>{OWNED}</script>Acme",
    "end of script": f"</script><script>{OWNED}</script>Acme",
    "end of style": "</style><style>*{display:none}</style>Acme",
    "image": f'<img src=x onerror="{OWNED}">Acme',
    "attribute": f'Acme" onmouseover="{OWNED}" x="',
    "apostrophe": f"Acme' autofocus onfocus='{OWNED}",
    "svg": f"<svg/onload={OWNED}>Acme",
    "link": f'<a href="javascript:{OWNED}">Acme</a>',
    "base": '<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=//evil">',
    "comment": "<!-- Acme --> ]]> <![CDATA[ &amp; &#x202e; &lt;b&gt;",
    "template": "{{7*7}} {% raise %} {#Acme#} ${7*7} {brand} %(x)s",
    "rich markup": "[bold red]Acme[/] [link=http://evil.example]x[/link] :smile:",
    "colour": "\x1b[31mAcme\x1b[0m\x1b[2J\x1b[H",
    "window title": "\x1b]0;owned\x07Acme",
    "hyperlink": "\x1b]8;;https://evil.example\x1b\\Acme\x1b]8;;\x1b\\",
    "C1": "Acme\x9b31m\x9d8;;https://evil.example\x9c\x90q\x85",
    "bell and backspace": "Acme\x07\x08\x08\x7f",
    "override": "Acme \u202eemca\u202c \u202demca\u202c \u200f\u061c",
    "isolate": "\u2066Acme\u2067 \u2068open for ever",
    "zero width": "A\u200bc\u200cm\u200de\u2060\ufeff\u00ad\u180e",
    "blank letters": "\u3164\u115f\u2800\uffa0Acme",
    "tags": "Acme\U000e0041\U000e0063\U000e007f",
    "private use": "Acme\ue000\U000f0000",
    "long": "Acme " * 2000,
    "one long word": "Acme" * 2500,
    "tower": "A" + "\u0301\u0335\u20dd" * 300 + "cme",
    "surrogate": "Acme \ud800\udc00 \udfff",
    "NUL": "Ac\0me",
    "lines": "Acme\n\n| forged | line |\r\nid\t1\u2028x\u2029y\x0b\x0cz",
    "many lines": "\n" * 5000 + "Acme",
    "equals": '=cmd|" /C calc"!A0 Acme',
    "plus": "+1+1 Acme",
    "minus": "-2+3 Acme",
    "at": "@SUM(1+1)*cmd Acme",
    "tab": "\t=1+1 Acme",
    "carriage return": "\r=1+1 Acme",
    "full width formula": "＝1+1 Acme",
    "next cell": 'Acme";=1+1;"@x',
    "quoted formula": "'=1+1 Acme \"=1+1\"",
    "JSON": '"}],"suspects":[{"id":1}],"x":"\\u0041\\',
    "path": "../../../../etc/passwd\0.html Acme",
    "address": "https://evil.example/?a=1&b=<Acme> www.evil.example evil。example a@evil.example",
    "right to left": "أكمي Acme שלום",
    "emoji": "👩\u200d🔧 Acme 🏳️\u200d🌈",
    "empty": "",
}  # fmt: skip
CASES = pytest.mark.parametrize("case", HOSTILE)
OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e"
    "\u2060-\u2069\ufeff\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
FORMULA = re.compile("\\s*[=+\\-@＝＋－＠\t\r]")
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "article", "h1",
    "h2", "h3", "h4", "p", "ul", "li", "dl", "div", "dt", "dd", "table", "caption", "thead",
    "tbody", "tr", "th", "td", "a", "bdi", "b", "br", "span", "time", "meter", "blockquote",
    "pre", "code",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Shown:
    """All that was shown of the corpus."""

    terminal: dict[str, str]
    """By case: what `show` and the review put on the terminal."""
    lists: str
    mails: tuple[tuple[str, str], ...]
    """Text and HTML of every mail."""
    folder: Path
    names: tuple[str, ...]
    """Of the entries of the ZIP file."""

    @cache  # noqa: B019 - there is one for all tests
    def file(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8-sig")

    @cache  # noqa: B019
    def rows(self, name: str) -> list[list[str]]:
        """The lines of a CSV file, that of titles first."""
        return list(csv.reader(io.StringIO(self.file(name), newline="")))

    @cache  # noqa: B019
    def suspects(self) -> dict[int, Any]:
        """What the JSON says of each suspect."""
        return {one["id"]: one for one in json.loads(self.file("evidence.json"))["suspects"]}

    @cache  # noqa: B019
    def sections(self) -> dict[int, str]:
        """The part of the page about each suspect."""
        found = re.finditer(
            r'<section [^>]*id="suspect-(\d+)".*?</section>', self.file("evidence.html"), re.DOTALL
        )
        return {int(section[1]): section[0] for section in found}

    def number(self, case: str) -> int:
        return list(HOSTILE).index(case) + 1


class _Keys:
    def __init__(self, keys: str) -> None:
        self.left = list(keys)

    def key(self) -> str:
        return self.left.pop(0)

    def line(self, prompt: str) -> str | None:
        raise AssertionError(prompt)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A store in which every name, text, address and note is hostile, and every view of it."""
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        terminal = Terminal(folder, patch)
        many = CONFIG.replace('at = "08:00"', 'at = "08:00"\nposts = 200')
        Path("watcher.toml").write_text(many)
        assert terminal.pipe("local", "post", "@zoe", "Bonjour").code == 0
        _fill()
        yield _look(terminal)
        stdout.cache_clear()


def _fill() -> None:
    store = Store.open("sqlite:///data/watcher.sqlite")
    for number, text in enumerate(HOSTILE.values(), 1):
        former, author = (
            Account(
                network="town", id=str(number), handle=handle, display_name=text, bio=text,
                url=text, avatar=text, verified=(text,), followers=number,
            )
            for handle in (f"{text}!", text or "x")
        )  # fmt: skip
        for at, who in enumerate((former, author)):
            post = Post(
                network="town", id=f"{number}-{at}", author=who, text=f"{text} acme",
                posted_at=NOW, url=text, links=(text,), language=text, reply_to_handle=text,
            )  # fmt: skip
            page = Page(posts=(post,), cursor=f"{number}-{at}", more=False)
            store.save_page("town", page, NOW)
        suspect = Suspect(
            subject=author.key, name=author.handle, display_name=text, brand="Acme",
            rule="lookalikes", score=1 - number / 100, techniques=("affix",),
            reason=reason("affix", name=text, brand="Acme", affix=text),
            evidence=(reason("claim", affix=text),),
        )  # fmt: skip
        store.save_suspects([author], [suspect], {"lookalikes": ("daily",)}, NOW)
        store.judge(number, Verdict.CONFIRMED, text, text, NOW)
        store.judge(number, Verdict.OPEN, text, text, NOW)
        store.note_suspect(number, text, text, NOW)
    store.close()


def _look(terminal: Terminal) -> Shown:
    shown = {}
    for number, case in enumerate(HOSTILE, 1):
        seen = terminal.type("suspects", "show", str(number))
        assert seen.code == 0, case
        shown[case] = seen.out
    lists = [("suspects", "list", "--verdict", "all"), ("status",)]
    if "learn" in command.commands:
        lists.append(("suspects", "learn"))
    listed = [see(*words) for words in lists for see in (terminal.type, terminal.pipe)]
    assert {one.code for one in listed} == {0}
    exported = terminal.pipe("suspects", "export", "--verdict", "all", "-o", "out.zip")
    assert exported.code == 0, exported.err
    assert terminal.pipe("once").code == 0
    with zipfile.ZipFile("out.zip") as archive:
        names = tuple(archive.namelist())
        archive.extractall()
    return Shown(
        terminal=shown,
        lists="".join(one.out + one.err for one in listed) + _reviewed(terminal),
        mails=tuple(_mail(path) for path in sorted(terminal.folder.rglob("outbox/*.eml"))),
        folder=terminal.folder / "evidence",
        names=names,
    )


def _reviewed(terminal: Terminal) -> str:
    """What the review shows of all of them, one after the other."""
    out = io.StringIO()
    store = Store.open("sqlite:///data/watcher.sqlite")
    records = store.suspects(limit=1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        stdout.cache_clear()
        review = Review(load(Path("watcher.toml"), {}), store, records, "ada", lambda: NOW)
        review.run(_Keys("s" * len(records) + "q"))
    stdout.cache_clear()
    store.close()
    return out.getvalue()


def _mail(path: Path) -> tuple[str, str]:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert message["Subject"].isprintable()
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


class Inspector(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.said = ""
        self.feed(re.sub(r"<style.*?</style>", "<style></style>", page, count=2, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.said += data


@CASES
def test_no_terminal_obeys_a_name(everything: Shown, case: str) -> None:
    seen = everything.terminal[case]
    assert "\x1b]" not in seen
    assert not OBEYED.search(plain(seen).replace("\t", " ")), case


def test_no_terminal_obeys_a_list_or_a_review(everything: Shown) -> None:
    assert "\x1b]" not in everything.lists
    assert not OBEYED.search(plain(everything.lists).replace("\t", " "))


@CASES
def test_no_cell_is_a_formula(everything: Shown, case: str) -> None:
    number = str(everything.number(case))
    for name in ("suspects.csv", "posts.csv"):
        titles, *rows = everything.rows(name)
        mine = [row for row in rows if row[0] == number]
        assert len(mine) == (1 if name == "suspects.csv" else 2)
        assert {len(row) for row in rows} == {len(titles)}
        for cell in (cell for row in mine for cell in row):
            assert cell.isprintable() or case == "emoji", (name, cell)
            # Where the separator is a semicolon, as in French spreadsheets, a cell falls apart.
            for part in cell.split(";"):
                assert not FORMULA.match(part.strip("\"' ")[:1] and part), (name, cell)


@CASES
def test_the_json_has_every_text_exactly(everything: Shown, case: str) -> None:
    found = everything.suspects()[everything.number(case)]
    kept = re.sub("[\0\ud800-\udfff]", "\ufffd", HOSTILE[case])  # no database takes these
    assert found["display_name"] == found["account"]["bio"] == kept
    assert [post["text"] for post in found["posts"]] == [f"{kept} acme"] * 2
    assert found["history"][-1]["note"] == kept


def test_the_json_is_plain_to_look_at_and_holds_no_suspect_more(everything: Shown) -> None:
    text = everything.file("evidence.json")
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert len(json.loads(text)["suspects"]) == len(HOSTILE)


@CASES
def test_the_page_is_made_of_our_elements_only(everything: Shown, case: str) -> None:
    section = everything.sections()[everything.number(case)]
    inspector = Inspector(section)
    assert inspector.tags <= TAGS - {"style", "meta", "html", "head", "body"}
    names = {name for name, _ in inspector.attributes}
    assert names <= {"class", "id", "dir", "lang", "datetime", "scope", "aria-hidden",
                     "aria-labelledby", "min", "max", "value"}  # fmt: skip
    assert not OBEYED.search(re.sub("[\t\u2068\u2069]", "", section))
    assert "://" not in inspector.said
    assert not re.search(r"evil[.。]example", inspector.said)


@pytest.mark.parametrize(
    ("case", "named"),
    [
        ("override", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("zero width", "U+200B ZERO WIDTH SPACE"),
        ("blank letters", "U+3164 HANGUL FILLER"),
    ],
)
def test_what_hides_in_a_name_is_called_by_its_name(
    everything: Shown, case: str, named: str
) -> None:
    assert named in everything.sections()[everything.number(case)]


def test_a_template_in_a_name_is_only_text(everything: Shown) -> None:
    assert "{{7*7}}" in Inspector(everything.file("evidence.html")).said
    assert any("{{7*7}}" in text for text, _ in everything.mails)


def test_the_page_as_a_whole_links_to_itself_only(everything: Shown) -> None:
    inspector = Inspector(everything.file("evidence.html"))
    assert inspector.tags <= TAGS
    links = {value for name, value in inspector.attributes if name in {"href", "src", "action"}}
    assert links == {f"#suspect-{number}" for number in range(1, len(HOSTILE) + 1)}


def test_no_name_becomes_that_of_a_file(everything: Shown) -> None:
    files = {"README.txt", "evidence.html", "evidence.json", "suspects.csv", "posts.csv",
             "MANIFEST.sha256"}  # fmt: skip
    assert {path.name for path in everything.folder.iterdir()} == files
    assert set(everything.names) == {f"evidence/{name}" for name in files}


def test_mails_hold_nothing_of_it(everything: Shown) -> None:
    assert len(everything.mails) == 2
    for text, html in everything.mails:
        assert "Acme" in text
        inspector = Inspector(html)
        assert not inspector.tags & {"script", "svg", "iframe", "form", "base", "object"}
        sources = {value for name, value in inspector.attributes if name == "src"}
        assert all(source.startswith("cid:") for source in sources), "only charts of our own"
        assert not [name for name, _ in inspector.attributes if name.startswith("on")]
        hrefs = {value for name, value in inspector.attributes if name == "href"}
        assert not [href for href in hrefs if not href.startswith(("http://", "https://"))]
        for part in (text, html):
            assert "://evil.example" not in part
            rest = re.sub("[\u200b\u200c\u2068\u2069\t\r]", "", part)
            assert not OBEYED.search(re.sub("[\ue000-\uf8ff\U000f0000-\U0010ffff]", "", rest))


@pytest.mark.server
def test_a_browser_finds_nothing_of_it(everything: Shown, browser: Browser) -> None:
    page = everything.file("evidence.html")
    found = browser.look_into(page)
    assert set(found.tags) <= TAGS
    assert (found.owned, found.requests) == (False, ())
    # Without its policy the page must be as harmless: escaping is the first wall.
    bare = re.sub(r"<meta http-equiv=[^>]*>", "", page)
    assert (browser.look_into(bare).owned, browser.look_into(bare).requests) == (False, ())
    for width in (1200, 360):  # nothing sticks out of the page, however long or high a name is
        assert browser.measure(page, width=width, scheme="light").wide == []
    # The same look finds a page out that escapes nothing.
    naked = "<!DOCTYPE html>" + HOSTILE["image"] + HOSTILE["script"]
    assert browser.look_into(naked).owned
    assert "script" in browser.look_into(naked).tags
