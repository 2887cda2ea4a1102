"""`watcher local` as a person uses it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from watcher.backends.interface import BackendError
from watcher.cli import Settings
from watcher.cli.console import safe, stderr, stdout
from watcher.cli.local import command

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in an empty folder, where `watcher.toml` names a microblog."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "watcher.toml").write_text(
        '[[sources]]\nname = "town"\nkind = "local"\nfile = "town.db"\naccount = "us"\n'
    )

    def call(*words: str, text: str | bytes = "") -> Result:
        stdout.cache_clear()
        stderr.cache_clear()
        settings = Settings(tmp_path / "watcher.toml")
        result = CliRunner().invoke(
            command, words, input=text, obj=settings, help_option_names=["-h", "--help"]
        )  # as the whole program has them: click remembers
        stdout.cache_clear()
        stderr.cache_clear()
        return result

    return call


def test_a_first_day(run: Run, tmp_path: Path) -> None:
    assert run("post", "@marie", "Bonjour le #train").output == "@marie posted: number 1\n"
    assert run("post", "luc", "Salut", "--reply-to", "1", "--lang", "fr").exit_code == 0
    assert run("repost", "zoe", "1").output == "@zoe reposted 1: number 3\n"
    assert (tmp_path / "town.db").exists()
    shown = run("timeline").output
    assert [line for line in shown.splitlines() if line and not line[0].isdigit()] == [
        *("Bonjour le #train", "Salut", "Bonjour le #train"),
    ]
    assert "answers 1" in shown
    assert "reposts 1" in shown


def test_a_post_may_come_from_standard_input_and_from_the_past(run: Run) -> None:
    run("post", "marie", "-", "--at", "2026-03-01T09:00+01:00", text="two\nlines\n")
    (post,) = json.loads(run("timeline", "--json").output)
    assert post["text"] == "two\nlines"
    assert post["posted_at"] == "2026-03-01T08:00:00+00:00"
    assert post["number"] == "1"


def test_following_a_locked_account(run: Run) -> None:
    run("account", "claire", "--locked", "--name", "Claire")
    run("account", "us")
    assert run("follow", "us", "claire").output == "@us asks to follow @claire\n"
    assert run("accept", "claire", "us").output == "@us follows @claire\n"
    assert run("accept", "claire", "us").exit_code == 0
    (claire,) = json.loads(run("accounts", "cla", "--json").output)
    assert (claire["followers"], claire["locked"]) == (1, True)
    assert run("unfollow", "us", "claire").exit_code == 0
    assert run("block", "claire", "us").exit_code == 0
    assert run("accept", "claire", "us").exit_code == 1


def test_an_import_says_what_it_did(run: Run, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text('{"id": "1", "text": "x", "author": "marie"}\nnonsense\n')
    result = run("import", "posts.jsonl")
    assert "1 post imported\n" in result.output
    assert "posts.jsonl:2" in result.output
    assert "0 posts imported, 1 known already" in run("import", "posts.jsonl").output


def test_names_and_texts_from_strangers_do_not_reach_the_terminal_raw(run: Run) -> None:
    run("account", "marie", "--name", "\x1b[31mred", "--bio", "\u202etfel")
    run("post", "marie", "clear \x1b[2J screen")
    for words in (("timeline",), ("accounts",)):
        output = run(*words).output
        assert "\x1b" not in output
        assert "\u202e" not in output


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("timeline", "everything"), 2, "not something this source can read"),
        (("post", "marie", "x", "--at", "yesterday"), 2, "write a time like"),
        (("post", "marie", "x", "--at", "9999-12-31T23:59:59Z"), 2, "between 1970 and 2999"),
        (("repost", "marie", "1", "--at", "0001-01-01"), 2, "between 1970 and 2999"),
        (("post", "marie"), 2, "Missing argument"),
    ],
)
def test_wrong_usage_says_what_to_write(
    run: Run, words: tuple[str, ...], code: int, message: str
) -> None:
    result = run(*words)
    assert (result.exit_code, message in result.output) == (code, True)


def test_without_a_local_source_the_file_must_be_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "watcher.toml").write_text("")
    result = run("timeline")
    assert result.exit_code == 2
    assert "--file" in result.output
    assert run("post", "marie", "x", "--file", "other.db").exit_code == 0
    assert (tmp_path / "other.db").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("post", "c", "x", "--lang", "\udcff"),
        ("post", "c", "x", "--lang", "\x1b[31m"),
        ("post", "c", "x", "--lang", "french please"),
        ("post", "c\udcff", "x"),
        ("post", "c", "x", "--reply-to", "\udcff"),
        ("post", "c", "x", "--quote", "\udcff"),
        ("post", "c", "x", "--at", "\udcff"),
        ("repost", "\udcff", "1"),
        ("repost", "c", "\udcff"),
        ("delete", "\udcff"),
        ("account", "\udcff"),
        ("account", "c", "--rename", "\udcff"),
        ("follow", "c", "\udcff"),
        ("unfollow", "\udcff", "c"),
        ("accept", "c", "\udcff"),
        ("block", "c", "\udcff"),
        ("timeline", "@\udcff"),
    ],
)
def test_octets_that_are_no_text_are_refused_in_words(run: Run, words: tuple[str, ...]) -> None:
    """What a shell hands over in another encoding comes as half a surrogate pair."""
    run("post", "c", "first")
    result = run(*words)
    told = result.exception
    if isinstance(told, SystemExit):
        assert result.exit_code == 2
    else:
        assert isinstance(told, BackendError), told
        assert safe(told.message).isprintable()
    assert len(json.loads(run("timeline", "--json").output)) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("post", "c", "x \udcff"),
        ("account", "c", "--name", "\udcff", "--bio", "\udcff"),
        ("timeline", "#\udcff"),
        ("timeline", "search:\udcff"),
        ("accounts", "\udcff"),
        ("timeline", "--file", "town\udcff.db"),
    ],
)
def test_octets_that_are_no_text_are_replaced_or_looked_for(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    run("post", "c", "first", "--file", "town\udcff.db")
    run("post", "c", "first")
    assert run(*words).exception is None
    for form in (("timeline",), ("accounts",), ("timeline", "--json"), ("accounts", "--json")):
        run(*form).output.encode()


def test_standard_input_in_another_encoding_is_refused(run: Run) -> None:
    result = run("post", "c", "-", text="caf\xe9".encode("latin-1"))
    assert (result.exit_code, "no UTF-8 text" in result.output) == (2, True)
