"""`watcher status` where several processes work on one database, and the log between them."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import insert

from tests.cli_fixtures import acme, terminal
from tests.terminal import NOW, Terminal, compare
from watcher.store import Store
from watcher.store.schema import log, log_cursors, log_heads, workers

__all__ = ["acme", "terminal"]

WORKERS = (
    ("crow", 11, "leads", 5, 7200, 120_345, 812, ""),
    ("crow", 12, "works", 2, 7100, 98_000, 700, ""),
    ("rook", 4, "stands by", 9, 600, 0, 0, "the database does not answer \x1b[2J"),
    ("jay", 77, "works", 300, 9000, 55, 1, ""),
)


@pytest.fixture
def shared(acme: Terminal) -> Terminal:
    """A terminal where three processes work, one was lost, and one left in good order."""
    assert acme.pipe("once").code == 0
    store = Store.open(f"sqlite:///{acme.folder / 'data' / 'watcher.sqlite'}")
    with store.writing() as connection:
        for host, pid, role, silent, age, posts, matches, trouble in WORKERS:
            connection.execute(insert(workers).values(
                id=f"{host}:{pid}", host=host, pid=pid, role=role, posts=posts, matches=matches,
                trouble=trouble, started=NOW - timedelta(seconds=age),
                beat=NOW - timedelta(seconds=silent)))  # fmt: skip
        connection.execute(insert(workers).values(
            id="gone", host="owl", pid=1, role="works", started=NOW, beat=NOW, stopped=NOW,
        ))  # fmt: skip
        for partition, head in ((0, 1200), (1, 40), (2, 7)):
            connection.execute(log_heads.delete().where(log_heads.c.partition == partition))
            connection.execute(log_cursors.delete().where(log_cursors.c.partition == partition))
            connection.execute(insert(log_heads).values(partition=partition, number=head))
            connection.execute(insert(log_cursors).values(partition=partition, number=7))
        late = {"at": NOW - timedelta(minutes=3), "source": "town", "posts": b""}
        connection.execute(insert(log).values(partition=0, first=8, last=1200, **late))
    store.close()
    return acme


def test_who_works_and_what_waits_for_them(shared: Terminal) -> None:
    wide = shared.type("status", columns=110).screen
    narrow = shared.type("status", columns=60).screen
    compare("cli-status-workers", f"{wide}\n{narrow}")


def test_a_program_reads_it_too(shared: Terminal) -> None:
    told = json.loads(shared.pipe("status", "--json").out)
    assert [(one["host"], one["role"], one["lost"]) for one in told["workers"]] == [
        ("crow", "leads", False),
        ("rook", "stands by", False),
        ("crow", "works", False),
        ("jay", "works", True),
    ]
    assert told["workers"][0]["posts"] == 120_345
    assert told["log"]["waiting"] == 1226
    assert told["log"]["partitions"]["0"] == 1193
    assert told["log"]["lag_seconds"] == {"town": 180}


def test_both_commands_name_what_they_tell_alike(shared: Terminal) -> None:
    told = json.loads(shared.pipe("status", "--json").out)["workers"]
    every = json.loads(shared.pipe("workers", "--json").out)
    assert [one | {"stopped": None} for one in told] == [one for one in every if not one["stopped"]]
    assert [one["host"] for one in every if one["stopped"]] == ["owl"]


def test_where_one_process_works_nothing_is_said_of_workers(acme: Terminal) -> None:
    assert acme.pipe("once").code == 0
    assert "worker" not in acme.pipe("status").out
    assert json.loads(acme.pipe("status", "--json").out)["workers"] == []
