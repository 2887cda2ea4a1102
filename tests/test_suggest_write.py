"""A suggestion in the user's own file: only the one rule changes, and only when told to."""

import json
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import KeywordRule
from rules.language import parse
from rules.matcher import Matcher
from rules.model import Account, Post
from tests.cli_fixtures import terminal
from tests.terminal import NOW, Terminal
from watcher.backends.interface import Page
from watcher.config import load
from watcher.store import Store
from watcher.toml import ConfigError
from watcher.toml.edit import ConfigFile, added_to_list, joined_to
from watcher.tuning.proposal import own_terms

__all__ = ["terminal"]

HEAD = """\
# ours, do not touch
[[channels]]
name = "d"   # whom
kind = "email"
to = ["ada@acme.example"]

[[sources]]
name = "town"
kind = "local"
file = "town.sqlite"

[[rules]]
name = "other"
find = "orange"
then = []
"""
RULE = """
[[rules]]   # the fruit is not meant
name = "orange"
{expression}
then = ["d"]  # all of it
"""
FORMS = {
    "literal": ("find = 'orange'  # wide", "find = 'orange -(juice OR marmalade)'  # wide"),
    "basic": ('find = "orange"', 'find = "orange -(juice OR marmalade)"'),
    "alternatives": (
        "find = 'orange OR \"or ange\"'",
        "find = '(orange OR \"or ange\") -(juice OR marmalade)'",
    ),
    "several lines": (
        "find = '''\norange\n  lang:en OR orange\n'''",
        "find = '''\n(orange\n  lang:en OR orange) -(juice OR marmalade)\n'''",
    ),
    "continued lines": (
        'find = """\\\n  orange \\\n  -cat\\\n"""',
        'find = """\\\n  orange \\\n  -cat -(juice OR marmalade)\\\n"""',
    ),
    "list": ('any = ["orange"]', "any = [\"orange\"]\nnone = ['juice', 'marmalade']"),
    "none": (
        "any = ['orange']\nnone = ['cat', 'dog']  # pets",
        "any = ['orange']\nnone = ['cat', 'dog', 'juice', 'marmalade']  # pets",
    ),
    "none in lines": (
        "find = 'orange'\nnone = [\n  'cat',  # purrs\n  'dog',\n]",
        "find = 'orange'\nnone = [\n  'cat',  # purrs\n  'dog',\n  'juice', 'marmalade',\n]",
    ),
    "empty none": (
        "any = ['orange']\nnone = []",
        "any = ['orange']\nnone = ['juice', 'marmalade']",
    ),
}
PHONE = [f"orange {word} in town{n}" for n, word in enumerate(["network", "fibre", "sim"] * 4)]
FRUIT = [f"orange {word} glass{n}" for n, word in enumerate(["juice", "marmalade"] * 4)]


@pytest.fixture(scope="module")
def _judged_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a rule found that also finds the fruit, and what was said of that."""
    folder = tmp_path_factory.mktemp("judged")
    store = Store.open(f"sqlite:///{folder}/watcher.sqlite")
    author = Account(network="town", id="ann", handle="ann")
    posts = [
        Post(network="town", id=str(n), author=author, text=text, posted_at=NOW)
        for n, text in enumerate(PHONE + FRUIT)
    ]
    store.save_page("town", Page(posts=tuple(posts), cursor="1", more=False), NOW)
    batch = store.unmatched(1000)
    found = Matcher([KeywordRule(name="orange", find="orange")]).match(batch.posts)
    store.save_matches(batch, found, [], {"orange": ("d",)}, NOW)
    for match in store.matches("orange", limit=100):
        verdict = "relevant" if match.post.text in PHONE else "irrelevant"
        store.judge_match(match.id, verdict, "", "ada", NOW)
    store.close()
    return folder


@pytest.fixture
def judged(_judged_store: Path, terminal: Terminal) -> Terminal:
    """A terminal with that store, and a rule that may learn from it."""
    write(terminal, "find = 'orange'")
    shutil.copytree(_judged_store, terminal.folder / "watcher-data")
    return terminal


def write(at: Terminal, expression: str) -> Path:
    path = at.folder / "watcher.toml"
    path.write_text(HEAD + RULE.format(expression=expression))
    return path


def test_only_the_line_of_the_rule_changes(judged: Terminal) -> None:
    for before, after in FORMS.values():
        path = write(judged, before)
        seen = judged.pipe("rules", "suggest", "orange", "--write", "--samples", "0")
        assert seen.code == 0, seen.err
        assert path.read_text() == HEAD + RULE.format(expression=after)
        assert (judged.folder / "watcher.toml.bak").read_text() == HEAD + RULE.format(
            expression=before
        )


def test_nothing_changes_without_being_told_to(judged: Terminal) -> None:
    before = (judged.folder / "watcher.toml").read_bytes()
    seen = judged.pipe("rules", "suggest", "orange")
    assert "-find = 'orange'\n+find = 'orange -(juice OR marmalade)'" in seen.out
    assert "precision 60.0 % -> 100.0 %" in seen.out
    assert "it would lose 8 of the 20 stored matches looked at: 8 judged irrelevant" in seen.out
    assert "nothing is changed" in seen.out
    told = json.loads(judged.pipe("rules", "suggest", "orange", "--json").out)
    assert told["find"] == "orange -(juice OR marmalade)"
    assert (told["posts_lost"], told["lost_relevant"], told["lost_irrelevant"]) == (8, 0, 8)
    assert (judged.folder / "watcher.toml").read_bytes() == before
    assert not (judged.folder / "watcher.toml.bak").exists()


def test_line_ends_mark_and_permissions_stay(judged: Terminal) -> None:
    path = judged.folder / "watcher.toml"
    octets = b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(octets)
    path.chmod(0o640)
    assert judged.pipe("rules", "suggest", "orange", "--write").code == 0
    assert path.read_bytes() == octets.replace(
        b"find = 'orange'", b"find = 'orange -(juice OR marmalade)'"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(one.name for one in judged.folder.glob("*toml*")) == [
        "watcher.toml", "watcher.toml.bak",
    ]  # fmt: skip


def test_a_link_stays_one(judged: Terminal) -> None:
    path = judged.folder / "watcher.toml"
    real = judged.folder / "elsewhere.toml"
    path.rename(real)
    path.symlink_to(real)
    assert judged.pipe("rules", "suggest", "orange", "--write").code == 0
    assert path.is_symlink()
    assert "marmalade" in real.read_text()


def test_a_file_changed_meanwhile_is_left_alone(judged: Terminal) -> None:
    path = judged.folder / "watcher.toml"
    file = ConfigFile.read(path)
    path.write_text(path.read_text() + "# more\n")
    with pytest.raises(ConfigError, match="changed meanwhile"):
        file.replace(b"x", lambda _: None)
    assert path.read_text().endswith("# more\n")
    assert not (judged.folder / "watcher.toml.bak").exists()
    assert len(list(judged.folder.glob("*.toml"))) == 1


def test_a_read_only_file_is_left_alone(judged: Terminal) -> None:
    path = judged.folder / "watcher.toml"
    before = path.read_bytes()
    path.chmod(0o444)
    seen = judged.pipe("rules", "suggest", "orange", "--write")
    assert seen.code != 0
    assert "watcher.toml is read-only" in seen.err
    assert path.read_bytes() == before
    assert not (judged.folder / "watcher.toml.bak").exists()


def test_a_last_line_without_its_end_is_shown_as_such(judged: Terminal) -> None:
    path = judged.folder / "watcher.toml"
    path.write_text(
        path.read_text().replace("find = 'orange'\n", "").rstrip() + "\nfind = 'orange'"
    )
    seen = judged.pipe("rules", "suggest", "orange")
    assert "-find = 'orange'\n\\ No newline at end of file\n+find = " in seen.out


def test_what_belongs_to_a_brand_is_its_own(judged: Terminal) -> None:
    path = judged.folder / "watcher.toml"
    path.write_text(
        path.read_text() + '[[brands]]\nname = "AC/DC"\naccounts = ["Acdc_Band"]\n'
        'domains = ["acdc.example"]\n'
    )
    config = load(path)
    own = own_terms(config, next(r for r in config.rules if isinstance(r, KeywordRule)))
    assert {"ac", "dc", "#acdc", "@acdc_band", "domain:acdc.example"} <= own


def test_what_would_not_be_a_configuration_is_not_written(judged: Terminal) -> None:
    path = judged.folder / "watcher.toml"
    before = path.read_bytes()
    with pytest.raises(ConfigError):
        ConfigFile.read(path).replace(b"broken = ", lambda fresh: load(fresh) and None)
    assert path.read_bytes() == before
    assert len(list(judged.folder.glob("*toml*"))) == 1


def test_too_few_judgements_are_counted(judged: Terminal) -> None:
    seen = judged.pipe("rules", "suggest", "other")
    assert seen.code == 0
    assert "of what it finds now 0 were judged irrelevant and 0 relevant" in seen.out
    assert "it takes 5 more irrelevant and 3 more relevant" in seen.out
    told = json.loads(judged.pipe("rules", "suggest", "other", "--json").out)
    assert (told["suggestion"], told["why"]) == (None, "few-irrelevant")


QUOTES = ("'{}'", '"{}"', "'''{}'''", '"""{}"""', "'''\n{}\n'''", '"""\\\n  {}\\\n  """')


@settings(max_examples=40)
@given(
    find=st.sampled_from(["a", "a b", "a OR b", "a -b OR c", "é OR ü", "😡 OR a"]),
    quotes=st.sampled_from(QUOTES),
    added=st.sampled_from(["-x", '-(x OR "y z")', '-"y z"', "(x OR #y)"]),
    crlf=st.booleans(),
)
def test_the_rule_reads_as_the_old_one_and_what_was_added(
    tmp_path_factory: pytest.TempPathFactory, find: str, quotes: str, added: str, *, crlf: bool
) -> None:
    path = tmp_path_factory.mktemp("config") / "watcher.toml"
    text = f'# é 😡\n[[rules]]\nname = "r"\nfind = {quotes.format(find)} # é\nthen = []\n'
    path.write_bytes(text.replace("\n", "\r\n" if crlf else "\n").encode())
    file = ConfigFile.read(path)
    either = " OR " in find
    path.write_bytes(file.changed(joined_to(file.document, 0, added, bracketed=either)))
    [rule] = load(path).rules
    assert rule.tree == parse(f"({find}) {added}" if either else f"{find} {added}")  # type: ignore[union-attr]
    assert b"\xc3\xa9\r\nthen" in path.read_bytes() if crlf else b"\r" not in path.read_bytes()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("none = []", ("x y", "z")),
        ("none = ['a']", ("a", "x y", "z")),
        ("none = ['a', ]", ("a", "x y", "z")),
        ("none = [\n  'a', # 'b',\n  \"c\"  # d\n]", ("a", "c", "x y", "z")),
        ("none = [\n  'a',\n  'b',  # c, d\n]", ("a", "b", "x y", "z")),
        ("", ("x y", "z")),
    ],
)
def test_a_list_gets_further_items(tmp_path: Path, written: str, expected: tuple[str, ...]) -> None:
    path = tmp_path / "watcher.toml"
    path.write_text(f"[[rules]]\nname = 'r'\nfind = 'q'\n{written}\nthen = []")
    file = ConfigFile.read(path)
    path.write_bytes(file.changed([added_to_list(file.document, 0, "none", ["x y", "z"])]))
    [rule] = load(path).rules
    assert rule.none == expected  # type: ignore[union-attr]
