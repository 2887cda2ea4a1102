"""What every command keeps to: exit codes, plain output in pipes, nothing obeyed from strangers."""

import csv
import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rules import KeywordRule
from rules.matcher import Matcher
from rules.model import Account, Post, Reason, Suspect, Verdict
from tests.cli_fixtures import _demo_folder, acme, demo, terminal
from tests.smtp_answers import mails_in_every_state
from tests.terminal import NOW, Terminal
from watcher.backends.interface import Page
from watcher.cli import console, run
from watcher.presence import alone
from watcher.store import Store

__all__ = ["_demo_folder", "acme", "demo", "terminal"]

ROOT = Path(__file__).resolve().parent.parent
LISTS = (
    ("suspects", "list"), ("follows", "list"), ("digests", "list"), ("deliveries", "list"),
    ("rules", "list"), ("matches", "list"),
)  # fmt: skip
HOSTILE = {
    "escape": "\x1b[2J\x1b]0;owned\x07Acme",
    "c1": "Acme\x9b31m",
    "bidi": "Acme \u202eemca\u202c",
    "zero width": "Ac\u200bme",
    "surrogate": "Acme \ud800",
    "lines": "Acme\n\n| forged | line |\r",
    "long": "Acme " * 2000,
    "word": "Acme" * 2500,
    "html": "<script>alert(1)</script> Acme",
    "formula": '=cmd|" /C calc"!A0 Acme',
    "full width formula": "＝1+1 Acme",
    "markup": "[bold red]Acme[/] [link=http://evil.example]x[/link] :smile:",
    "tabs": "Acme\tAcme\tAcme",
    "tower": "A" + "\u0301" * 500 + "cme",
    "empty": "",
    "nul": "Acme\x00",
}
DANGEROUS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture
def hostile(acme: Terminal) -> Terminal:
    """A store in which every name, text and note is hostile."""
    store = Store.open("sqlite:///data/watcher.sqlite")
    for number, (_, text) in enumerate(HOSTILE.items(), 1):
        author = Account(
            network="town", id=str(number), handle=text or "x", display_name=text, bio=text,
            url=text, followers=1,
        )  # fmt: skip
        post = Post(network="town", id=str(number), author=author, text=text, posted_at=NOW,
                    url=text)  # fmt: skip
        store.save_page("town", Page(posts=(post,), cursor=str(number), more=False), NOW)
        suspect = Suspect(
            subject=author.key, name=author.handle, display_name=text, brand="Acme",
            rule="lookalikes", score=0.9, techniques=("affix",),
            reason=Reason(template='"{name}" reads like Acme.', values={"name": text}),
        )  # fmt: skip
        store.save_suspects([author], [suspect], {"lookalikes": ("daily",)}, NOW)
        store.judge(number, Verdict.OPEN, text, text, NOW)
    batch = store.unmatched(100)
    found = Matcher([KeywordRule(name="acme", find="acme")]).match(batch.posts)
    store.save_matches(batch, found, [], {"acme": ()}, NOW)
    store.record_pull("town", NOW, NOW, reached_newest=False, error=HOSTILE["escape"])
    store.close()
    return acme


def every_view(at: Terminal) -> Iterator[tuple[str, ...]]:
    yield from (("status",), ("search", "acme"), ("rules", "test", "acme"), *LISTS)
    yield from (("rules", "forecast", "acme"), ("rules", "diff", "acme", "evil OR cmd OR acmée"))
    for number in range(1, len(HOSTILE) + 1):
        yield ("suspects", "show", str(number))
        yield ("rules", "explain", "acme", f"town:{number}")
        yield ("rules", "why-not", "--find", "acmee -acme #acm", f"town:{number}")
    yield ("suspects", "dismiss", *map(str, range(1, len(HOSTILE) + 1)))
    yield ("matches", "irrelevant", "1", "2", "3")


@pytest.mark.drill
def test_no_terminal_obeys_a_stranger(hostile: Terminal) -> None:
    for words in every_view(hostile):
        for seen in (hostile.type(*words), hostile.pipe(*words)):
            assert seen.code == 0, words
            assert not DANGEROUS.search(seen.screen), words
            assert not DANGEROUS.search(seen.err), words


def test_a_table_keeps_to_the_width_of_the_terminal(hostile: Terminal) -> None:
    from rich.cells import cell_len

    for columns in (40, 80, 120):
        for words in (*LISTS, ("status",), ("suspects", "show", "8")):
            lines = hostile.type(*words, columns=columns).screen.splitlines()
            assert max(map(cell_len, lines), default=0) <= columns, (words, columns)


def test_a_stranger_cannot_forge_a_row_of_a_plain_table(hostile: Terminal) -> None:
    lines = hostile.pipe("suspects", "list", "--verdict", "all").out.splitlines()
    assert len(lines) == len(HOSTILE) + 1
    assert {line.count("\t") for line in lines} == {10}


def test_json_is_safe_to_look_at_and_loses_nothing(hostile: Terminal) -> None:
    seen = hostile.pipe("suspects", "list", "--json").out
    assert not DANGEROUS.search(seen)
    names = {one["display_name"] for one in json.loads(seen)}
    assert {HOSTILE["escape"], HOSTILE["bidi"], HOSTILE["html"], HOSTILE["markup"]} <= names


def test_no_cell_of_the_export_is_a_formula(hostile: Terminal) -> None:
    for where in ((), ("-o", "out.csv")):
        seen = hostile.pipe("suspects", "export", *where)
        text = Path("out.csv").read_text("utf-8-sig") if where else seen.out
        titles, *rows = csv.reader(text.splitlines(keepends=True))
        assert len(rows) == len(HOSTILE)
        assert {len(row) for row in rows} == {len(titles)}
        cells = [cell for row in rows for cell in row]
        assert not [cell for cell in cells if cell[:1] and cell[0] in "=+-@\t\r\n＝＋－＠"]
        assert not [cell for cell in cells if not cell.isprintable()], "shown by cat, it is obeyed"


@pytest.mark.parametrize("words", LISTS)
def test_every_list_is_plain_in_a_pipe(demo: Terminal, words: tuple[str, ...]) -> None:
    titles, *rows = demo.pipe(*words).out.splitlines()
    assert rows
    assert {row.count("\t") for row in rows} == {titles.count("\t")} != {0}


@pytest.mark.parametrize("words", LISTS)
def test_every_list_is_json_where_there_is_nothing(acme: Terminal, words: tuple[str, ...]) -> None:
    value = json.loads(acme.pipe(*words, "--json").out)
    assert isinstance(value, list)
    assert (value == []) == (words[0] != "rules")


def test_a_program_is_not_given_hints(demo: Terminal) -> None:
    seen = demo.pipe("suspects", "list")
    assert "`" not in seen.out + seen.err
    assert "`watcher suspects review`" in demo.type("suspects", "list").screen


def test_colours_are_left_out_where_nobody_wants_them(
    demo: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("suspects", "show", "6")
    assert "\x1b[1;31m" in demo.type(*words).out
    assert "\x1b" not in demo.pipe(*words).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31m" not in demo.type(*words).out
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in demo.type(*words).out


def test_a_bar_is_drawn_for_a_person_and_long_work_only(
    demo: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "━" not in demo.type("index", "rebuild").out
    monkeypatch.setattr(console, "WORTH_A_BAR", 10)
    assert "━" in demo.type("index", "rebuild").out
    seen = demo.pipe("index", "rebuild")
    assert (seen.out, seen.err) == ("indexed 294 posts anew\n", "")


OK, FAILED, MISUSED = 0, 1, 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status",), OK),
        (("--help",), OK),
        (("--version",), OK),
        (("search", "nothing"), OK),
        (("suspects", "list"), OK),
        (("suspects", "show", "1"), FAILED),
        (("suspects", "dismiss", "1"), FAILED),
        (("follows", "approve", "1"), FAILED),
        (("deliveries", "show", "1"), FAILED),
        (("digests", "preview", "daily", "-o", "no/where.html"), FAILED),
        ((), MISUSED),
        (("suspects",), MISUSED),
        (("nonsense",), MISUSED),
        (("suspects", "nonsense"), MISUSED),
        (("suspects", "list", "--limit", "0"), MISUSED),
        (("suspects", "list", "--limit", "many"), MISUSED),
        (("suspects", "list", "--min-score", "nan"), MISUSED),
        (("suspects", "list", "--brand", "Nobody"), MISUSED),
        (("suspects", "show"), MISUSED),
        (("suspects", "show", "0"), MISUSED),
        (("rules", "show", "\x1b[2J"), MISUSED),
        (("rules", "test", "lookalikes"), MISUSED),
        (("digests", "preview", "nobody"), MISUSED),
        (("search", "lng:fr"), MISUSED),
        (("-c", "nowhere.toml", "status"), MISUSED),
        (("-c", ".", "status"), MISUSED),
    ],
)
def test_exit_codes(acme: Terminal, words: tuple[str, ...], code: int) -> None:
    for seen in (acme.pipe(*words), acme.type(*words)):
        assert seen.code == code
        assert "Traceback" not in seen.out + seen.err
        assert not DANGEROUS.search(seen.screen)
    assert (
        bool(acme.pipe(*words).err) == bool(code)
        or words == ("search", "nothing")
        or (words == ("suspects", "list"))
    )


def test_no_configuration_is_exit_code_2(terminal: Terminal) -> None:
    seen = terminal.pipe("status")
    assert (seen.code, seen.out) == (2, "")
    assert "`watcher init` writes one" in seen.err


def test_a_busy_folder_is_exit_code_1(acme: Terminal) -> None:
    data = acme.folder / "data"
    with alone(data, f"sqlite:///{data / 'watcher.sqlite'}"):
        for words in (("once",), ("index", "rebuild"), ("follows", "run"), ("run",)):
            seen = acme.pipe(*words)
            assert (seen.code, "already watching" in seen.err) == (1, True), words
        assert acme.pipe("status").code == 0
        assert acme.pipe("search", "acme").code == 0


def test_a_name_is_understood_in_any_case(demo: Terminal) -> None:
    assert demo.pipe("rules", "show", "SOSIES").out.startswith("sosies (lookalike)")
    assert demo.pipe("suspects", "list", "--brand", "NORDELIA").out.count("\n") == 13


def test_a_list_says_that_there_is_more(demo: Terminal) -> None:
    seen = demo.pipe("suspects", "list", "--limit", "2")
    assert seen.out.count("\n") == 3
    assert "the first 2 are shown" in seen.err
    assert demo.pipe("suspects", "list", "--limit", "12").err == ""


def test_one_wrong_number_stops_no_other(demo: Terminal) -> None:
    seen = demo.pipe("suspects", "confirm", "1", "99", "2", "--note", "fraud")
    assert (seen.code, seen.out.count("confirmed")) == (1, 2)
    assert "there is no suspect 99" in seen.err
    shown = json.loads(demo.pipe("suspects", "show", "2", "--json").out)
    assert [(one["verdict"], one["note"]) for one in shown["verdicts"]] == [("confirmed", "fraud")]
    assert demo.pipe("suspects", "reopen", "1", "2").code == 0
    assert demo.pipe("suspects", "list").out.count("\n") == 13


def test_a_mail_is_shown_as_it_was_stored(acme: Terminal) -> None:
    mails_in_every_state(Path("data/watcher.sqlite"))
    shown = json.loads(acme.pipe("deliveries", "show", "4", "--json").out)
    assert ["Subject", "Acmé today"] in shown["headers"]
    assert shown["text"].startswith("2 posts speak of Acmé.")
    assert [one["outcome"] for one in shown["log"]] == ["uncertain", "uncertain"]


def test_a_parked_mail_is_sent_again_when_a_person_says_so(acme: Terminal) -> None:
    mails_in_every_state(Path("data/watcher.sqlite"))
    assert acme.pipe("deliveries", "retry", "4").code == 0
    assert "delivered 1 mail" in acme.pipe("once").out
    assert "sent" in acme.pipe("deliveries", "list", "--state", "sent").out.splitlines()[1]


@pytest.mark.drill
def test_a_preview_marks_nothing_as_told(demo: Terminal) -> None:
    assert (
        demo.pipe(
            "local", "post", "ann", "Nordelia est en panne: voir info.example", "--lang", "fr"
        ).code
        == 0
    )
    acted = demo.pipe("once")
    assert "no mail was due" in acted.out
    previews = {demo.pipe("digests", "preview", "MATIN").out for _ in range(2)}
    assert "*Nordelia* est en *panne*" in previews.pop()
    assert not previews
    assert "\ufffd" not in demo.pipe("digests", "preview", "MATIN").out
    demo.now += timedelta(days=1)
    assert "wrote a digest for matin: 1 mail" in demo.pipe("once").out


@pytest.mark.drill
def test_a_table_is_written_where_the_terminal_knows_no_accents(demo: Terminal) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "watcher", "search", "nordelia", "-n", "3"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


@pytest.mark.drill
def test_a_full_disk_behind_the_output_is_told(demo: Terminal) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "watcher", "rules", "list"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full, stderr=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert "the answer cannot be written: No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_in_the_middle_of_a_command_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (tmp_path / "output").open("w") as output:
        monkeypatch.setattr("sys.stdout", output)

        def gone(*_: object, **__: object) -> None:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        monkeypatch.setattr("watcher.cli.Settings.load", gone)
        assert run(["rules", "list"]) == 0
