"""`watcher export`: files and pipes, what is refused, what is left out."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli_fixtures import CONFIG, _demo_folder, demo, terminal
from tests.terminal import Terminal
from watcher.cli import Settings, run
from watcher.cli.console import stderr, stdout

__all__ = ["_demo_folder", "demo", "terminal"]


class _Pipe(io.TextIOWrapper):
    """Standard output that keeps its bytes."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")


def piped(monkeypatch: pytest.MonkeyPatch, *words: str) -> bytes:
    """Return what a command line writes into a pipe."""
    out = _Pipe()
    stdout.cache_clear()
    stderr.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        assert run(list(words), Settings()) == 0
    stdout.cache_clear()
    out.flush()
    return out.buffer.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_table_goes_into_a_pipe_as_it_goes_into_a_file(
    demo: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = piped(monkeypatch, "export", "posts")
    assert demo.pipe("export", "posts", "-o", "posts.csv").code == 0
    assert Path("posts.csv").read_bytes() == b"\xef\xbb\xbf" + shown
    rows = list(csv.DictReader(io.StringIO(shown.decode(), newline="")))
    lines = piped(monkeypatch, "export", "posts", "--format", "jsonl").decode().splitlines()
    assert [json.loads(line)["key"] for line in lines] == [row["key"] for row in rows]


def test_rows_are_chosen(demo: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def number(*words: str) -> int:
        return piped(monkeypatch, "export", *words, "--format", "jsonl").count(b"\n")

    everything = number("posts")
    assert 0 < number("posts", "--find", "remboursement OR refund") < everything
    assert 0 < number("posts", "--brand", "nordelia") < everything
    assert number("posts", "--until", "2001-01-01") == 0
    assert number("alarms", "--rule", "plaintes") == 0
    assert number("matches", "--rule", "Plaintes") == number("matches", "--rule", "plaintes") > 0
    assert number("share_of_voice", "--since", "2026-03-01", "--until", "2026-03-03") % 3 == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("posts", "-o", "posts.xls"), "'.xls' says not what to write"),
        (("posts", "--brand", "nordelja"), "there is no brand called 'nordelja'"),
        (("accounts", "--rule", "plaintes"), "accounts cannot be chosen by rule"),
        (("accounts", "--brand", "nordelia"), "accounts cannot be chosen by brand"),
        (("matches", "--rule", "plainte"), "there is no rule called 'plainte'"),
        (("suspects", "--rule", "nobody"), "there is no rule called 'nobody'"),
        (("posts", "--find", "(acme"), "bracket"),
        (("posts", "--account", "@ann"), "--account is for account_statistics"),
        (("satisfaction", "--private"), "satisfaction is not chosen by --private"),
        (("account_statistics",), "whose statistics?"),
        (("secrets",), "'secrets' is not one of"),
        (
            ("posts", "--since", "2026-03-02", "--until", "2026-03-01"),
            "2026-03-01 lies before 2026-03-02",
        ),
        (
            ("satisfaction", "--since", "2026-03-02", "--until", "2026-03-01"),
            "2026-03-01 lies before 2026-03-02",
        ),
    ],
)
def test_what_cannot_be_written_is_said(demo: Terminal, words: tuple[str, ...], said: str) -> None:
    seen = demo.pipe("export", *words)
    assert seen.code == 2
    assert said in seen.err


def test_a_rule_that_is_gone_still_chooses_what_it_found(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = terminal.folder / "watcher.toml"
    config.write_text(CONFIG)
    assert terminal.pipe("local", "post", "@zoe", "Acme again").code == 0
    assert terminal.pipe("once").code == 0
    config.write_text(CONFIG.replace('name = "acme"', 'name = "coyote"'))
    shown = piped(monkeypatch, "export", "posts", "--rule", "acme", "--format", "jsonl")
    assert shown.count(b"\n") == 1
    assert terminal.pipe("export", "alarms", "--rule", "acme", "-o", "a.csv").code == 0
    assert terminal.pipe("export", "alarms", "--rule", "acne").code == 2


def test_nothing_is_overwritten_unless_asked(demo: Terminal) -> None:
    assert demo.pipe("export", "accounts", "-o", "a.jsonl").code == 0
    before = Path("a.jsonl").read_bytes()
    seen = demo.pipe("export", "posts", "-o", "a.jsonl")
    assert (seen.code, Path("a.jsonl").read_bytes()) == (1, before)
    assert "a.jsonl is there already" in seen.err
    seen = demo.pipe("export", "posts", "-o", "a.jsonl", "--force")
    assert seen.err.startswith("wrote ")
    assert Path("a.jsonl").read_bytes() != before


def test_a_terminal_is_not_shown_parquet(demo: Terminal) -> None:
    seen = demo.type("export", "posts", "--format", "parquet")
    assert "a terminal cannot show Parquet" in seen.out


def test_a_terminal_obeys_no_text(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    (terminal.folder / "watcher.toml").write_text(CONFIG)
    assert terminal.pipe("local", "post", "@zoe", "Acme \x1b]0;owned\x07 again").code == 0
    assert terminal.pipe("once").code == 0
    assert b"\x1b" in piped(monkeypatch, "export", "posts")
    monkeypatch.setattr(_Pipe, "isatty", lambda _: True)
    shown = piped(monkeypatch, "export", "posts")
    assert b"\x1b" not in shown
    assert b"owned" in shown
