"""`watcher suspects sweep` at a terminal, in a pipe, stopped, and with names that want to harm."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from rules.model import Account
from tests.cli_fixtures import _demo_folder, acme, demo, terminal
from tests.terminal import Terminal, compare
from tests.test_cli_docs import documented
from tests.test_cli_screens import screens
from watcher.backends.interface import BackendError
from watcher.backends.local import LocalNetwork, Microblog, Profile

__all__ = ["_demo_folder", "acme", "demo", "terminal"]

LOOKUP = LocalNetwork.lookup
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine: a bar would come and go between the lines."""
    monkeypatch.setattr("watcher.cli.sweep.BAR_AFTER", 1e9)


def town(at: Terminal) -> Path:
    return at.folder / "town.sqlite"


def account(at: Terminal, handle: str, **profile: str) -> None:
    with Microblog(town(at)).change() as change:
        change.account(handle, at.now, Profile(**profile))  # type: ignore[arg-type]


def failing(monkeypatch: pytest.MonkeyPatch, after: int, error: BaseException) -> None:
    """Let the microblog fail from a question on."""
    asked = []

    def lookup(network: LocalNetwork, handle: str) -> Account | None:
        if len(asked) >= after:
            raise error
        asked.append(handle)
        return LOOKUP(network, handle)

    monkeypatch.setattr(LocalNetwork, "lookup", lookup)


def test_a_sweep(demo: Terminal) -> None:
    compare(
        "cli-sweep",
        screens(
            demo,
            ("suspects", "sweep", "nordelia", "--limit", "60"),
            ("suspects", "sweep", "nordelia", "--limit", "60"),
            ("suspects", "sweep", "Nordelia", "--limit", "6", "--free"),
        ),
    )


def test_mistakes_and_failures(acme: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    account(acme, "acme_support", display_name="Acme Support")
    wrong = screens(
        acme,
        ("suspects", "sweep", "acne"),
        ("suspects", "sweep", "Acme", "--network", "locale"),
        ("suspects", "sweep", "Acme", "--older-than", "a week"),
        ("suspects", "sweep", "Acme", "--limit", "0"),
    )
    failing(monkeypatch, 3, KeyboardInterrupt())
    stopped = screens(acme, ("suspects", "sweep", "Acme", "--limit", "9"))
    failing(monkeypatch, 2, BackendError("the \x1b[2J token was revoked", kind="refused"))
    refused = screens(acme, ("suspects", "sweep", "Acme", "--limit", "9"))
    compare("cli-sweep-failed", f"{wrong}\n{stopped}\n{refused}")


def test_nothing_to_ask(terminal: Terminal) -> None:
    config = (
        '[mail]\nkind = "outbox"\nfrom = "a@acme.example"\nfolder = "out"\n'
        '[[brands]]\nname = "Acme"\n[[brands]]\nname = "日本"\n'
    )
    path = terminal.folder / "watcher.toml"
    path.write_text(f'{config}[[sources]]\nname = "f"\nkind = "archive"\nfile = "a.jsonl"\n')
    (terminal.folder / "a.jsonl").write_text("")
    archive = screens(terminal, ("suspects", "sweep", "Acme"))
    assert terminal.pipe("local", "post", "@zoe", "Bonjour", "--file", "town.sqlite").code == 0
    path.write_text(f'{config}[[sources]]\nname = "t"\nkind = "local"\nfile = "town.sqlite"\n')
    account(terminal, "acme_support")
    other = screens(
        terminal,
        ("suspects", "sweep", "日本"),
        ("suspects", "sweep", "Acme", "--limit", "3"),
    )
    compare("cli-sweep-none", f"{archive}\n{other}")


def test_a_program_reads_everything_as_json(acme: Terminal) -> None:
    account(acme, "acme_support", display_name="Acme Support")
    account(acme, "zoe_b", bio="I work at Acme")
    seen = acme.pipe("suspects", "sweep", "Acme", "--limit", "5", "--json")
    assert (seen.code, seen.err) == (0, "")
    told = json.loads(seen.out)
    (network,) = told["networks"]
    assert (network["network"], network["asked"], network["left"]) == ("local", 5, 0)
    (suspect,) = told["suspects"]
    assert suspect["handle"] == "acme_support"
    assert suspect["new"] is True
    assert suspect["found_by"] == "name"
    assert [one["name"] for one in told["free"]][:2] == ["acme", "acmesupport"]
    assert {"rank", "score", "techniques", "checked", "handle"} <= told["free"][0].keys()
    written = {*told, *network, *suspect, *told["free"][0]}
    assert written <= documented()["suspects sweep"]
    again = json.loads(acme.pipe("suspects", "sweep", "acme", "--limit", "5", "--json").out)
    assert (again["networks"][0]["asked"], again["networks"][0]["known"]) == (0, 5)


def test_a_pipe_gets_columns(acme: Terminal) -> None:
    seen = acme.pipe("suspects", "sweep", "Acme", "--limit", "3", "--free")
    assert seen.out.splitlines()[:2] == [
        "rank\tnetwork\tname\ttechniques",
        "1\tlocal\tacme\tsame-name",
    ]
    assert len(seen.out.splitlines()) == 4


def test_names_that_want_to_harm_do_not(acme: Terminal) -> None:
    nasty = "Acme\x1b]0;x\x07\x1b[2J\u202e<script>[red]" + "\u0301" * 10_000
    account(acme, "acme_support", display_name=nasty, bio=nasty)
    account(acme, "zoe_b", display_name=f"{nasty} Acme")
    for seen in (
        acme.type("suspects", "sweep", "Acme", "--limit", "9", columns=120),
        acme.pipe("suspects", "sweep", "Acme", "--limit", "9"),
        acme.pipe("suspects", "sweep", "Acme", "--limit", "9", "--json"),
    ):
        assert seen.code == 0
        assert not {"\x1b]", "\x1b[2J", "\x07", "\u202e"} & {
            part for part in ("\x1b]", "\x1b[2J", "\x07", "\u202e") if part in seen.out + seen.err
        }


def test_the_digest_of_the_day_tells_of_what_a_sweep_found(acme: Terminal) -> None:
    account(acme, "acme_support", display_name="Acme Support")
    assert acme.pipe("suspects", "sweep", "Acme", "--limit", "5").code == 0
    assert "wrote a digest for daily" in acme.pipe("once").out
    mails = [path.read_text() for path in (acme.folder / "outbox").rglob("*.eml")]
    assert len(mails) == 2
    assert all("acme_support" in mail for mail in mails)


@pytest.mark.drill
def test_killed_at_any_moment_a_sweep_goes_on_and_leaves_nothing_out(acme: Terminal) -> None:
    names = 400
    words = [sys.executable, "-m", "watcher", "suspects", "sweep", "Acme", "-n", str(names)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    database = acme.folder / "data" / "watcher.sqlite"
    answered = 0
    for _ in range(4):
        running = subprocess.Popen(
            words, cwd=acme.folder, env=environment, stdout=subprocess.DEVNULL
        )
        before = answered
        while running.poll() is None and (answered := _answers(database)) < before + 20:
            time.sleep(0.001)
        running.kill()
        running.wait()
        assert _answers(database) >= answered
    assert 80 <= answered < names
    done = json.loads(acme.pipe("suspects", "sweep", "Acme", "-n", str(names), "--json").out)
    (network,) = done["networks"]
    assert network["known"] + network["asked"] == names == len(done["free"])
    assert network["known"] >= answered


def _answers(database: Path) -> int:
    """Count the names that were answered so far."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(database)) as connection:
        try:
            query = "SELECT count(*) FROM sweeps WHERE kind = 'name'"
            return int(connection.execute(query).fetchone()[0])
        except sqlite3.OperationalError:  # the tables are not there yet
            return 0
