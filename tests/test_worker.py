"""A worker works off what waits until it is told to stop, and outlives a database that is away."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from rules.lookalike.context import Own
from rules.model import Post
from tests.contracts.test_log_same_as_pages import CONFIG, START
from tests.journeys.alert_world import TEMPLATES
from tests.store.samples import account, page, post
from watcher.app import App
from watcher.config import load
from watcher.store import StoreError, log_reading
from watcher.store.log import partition_of
from watcher.store.log_steps import next_rows
from watcher.walk.finding import Finder, Seen
from watcher.worker import Worker


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return worker_on(tmp_path, f"sqlite:///{tmp_path / 'watcher.sqlite'}")


def worker_on(tmp_path: Path, url: str) -> Worker:
    """Return a worker whose own clock says that it is `START`."""
    path = tmp_path / "watcher.toml"
    path.write_text(CONFIG.format(url=url, log="true", keep="all"))
    app = App.open(load(path, {}), clock=lambda: START)
    return Worker(replace(app, templates=TEMPLATES))


def work_once(worker: Worker) -> None:
    """Work until nothing waits."""
    wait = worker.stopping.wait
    worker.stopping.wait = lambda seconds: worker.stopping.set() or wait(seconds)  # type: ignore[method-assign, func-returns-value]
    worker.work()


def test_a_worker_works_off_what_waits_and_leaves_in_good_order(worker: Worker) -> None:
    store = worker.app.store
    store.append("town", None, page(post("a", "Nordelia"), post("b", "strike")), START)
    work_once(worker)
    (known,) = store.workers(START)
    assert (store.log_backlog(), store.status().matches) == (0, 5)
    assert (known.role, known.posts, known.matches) == ("works", 2, 5)
    assert known.stopped == START
    worker.app.close()


def test_a_database_that_is_away_is_told_of_once_and_tried_again(
    worker: Worker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    failures = iter([True, True, True, False])
    pauses: list[float] = []

    def away(*_: object, **__: object) -> str:
        if next(failures):
            raise StoreError("the database server does not answer")
        return "me"

    def wait(seconds: float | None = None) -> bool:
        pauses.append(seconds or 0.0)
        if len(pauses) == 4:
            worker.stopping.set()
        return worker.stopping.is_set()

    monkeypatch.setattr(worker.app.store, "sign_in", away)
    monkeypatch.setattr(worker.stopping, "wait", wait)
    worker.work()
    told = [one.message for one in caplog.records]
    assert told.count("the database server does not answer") == 1
    assert told.count("works again") == 1
    assert pauses[1] > pauses[0] / 2
    worker.app.close()


@pytest.mark.server
def test_on_a_server_the_time_is_that_of_the_server(tmp_path: Path, postgres_url: str) -> None:
    worker = worker_on(tmp_path, postgres_url)
    store = worker.app.store
    store.append("town", None, page(post("a", "Nordelia")), START)
    work_once(worker)
    there: list[datetime] = []
    store.ask_the_time(lambda now, _: there.append(now))
    (known,) = store.workers(there[0])
    (found,) = {one.found for one in store.matches()}
    for told in (known.started, known.beat, known.stopped, found):
        assert told is not None
        assert abs(there[0] - told) < timedelta(minutes=5)
    worker.app.close()


class Poison:
    """A part of the log on which the rules stumble: what `bob` writes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        self.tries = 0
        self.is_there = True
        look = Finder.look

        def stumble(finder: Finder, posts: Sequence[Post], own: Sequence[Own]) -> Seen:
            if self.is_there and any(one.author.handle == "bob" for one in posts):
                self.tries += 1
                raise error
            return look(finder, posts, own)

        monkeypatch.setattr(Finder, "look", stumble)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("a stranger's words"), "an error in the watcher itself (ValueError)"),
        (StoreError("it is refused"), "it is refused"),
    ],
)
def test_a_part_of_the_log_that_fails_holds_up_no_other(
    worker: Worker,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    told: str,
) -> None:
    caplog.set_level(logging.INFO)
    now = START
    worker.app = replace(worker.app, clock=lambda: now)
    store = worker.app.store
    poison = Poison(monkeypatch, error)
    some = [post("b", "Nordelia", author=account("2", "bob"))]
    some += [post(f"p{n}", "Nordelia", author=account(f"{n}", f"ann{n}")) for n in range(3, 40)]
    store.append("town", None, page(*some), START)
    looks = 0

    def wait(_: float | None = None) -> bool:
        nonlocal looks, now
        looks += 1
        now += timedelta(seconds=1)
        poison.is_there = looks < 30
        if looks == 60:
            worker.stopping.set()
        return worker.stopping.is_set()

    monkeypatch.setattr(worker.stopping, "wait", wait)
    worker.work()
    assert store.log_backlog() == 0
    assert 2 <= poison.tries <= 5
    lines = [one.message for one in caplog.records]
    assert len([one for one in lines if one.endswith(f"of the log: {told}")]) == 1
    assert lines.count("works again") == 1
    assert not any("stranger" in one for one in lines)
    worker.app.close()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TypeError("a stranger's words"), "an error in the watcher itself (TypeError)"),
        (
            DatabaseError("a stranger's words", None, Exception("invalid page in block 7")),
            "the database is damaged, or is not a database",
        ),
    ],
)
def test_a_part_of_the_log_that_cannot_be_read_holds_up_no_other(
    worker: Worker,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    told: str,
) -> None:
    store = worker.app.store
    bob = partition_of(("town", "2"), 5)
    read = next_rows

    def stumble(connection: Connection, after: tuple[int, int], *where: Any) -> Any:
        if after[0] == bob:
            raise error
        return read(connection, after, *where)

    monkeypatch.setattr(log_reading, "next_rows", stumble)
    some = [post(f"p{n}", "Nordelia", author=account(f"{n}", f"ann{n}")) for n in range(2, 40)]
    store.append("town", None, page(*some), START)
    work_once(worker)
    left = sum(partition_of(("town", str(n)), 5) == bob for n in range(2, 40))
    assert store.log_backlog() == left > 0
    (line,) = [
        one.message for one in caplog.records if f"partition {bob} of the log" in one.message
    ]
    assert told in line
    assert "stranger" not in line
    monkeypatch.setattr(log_reading, "next_rows", read)
    worker.app = replace(worker.app, clock=lambda: START + timedelta(minutes=1))
    worker.stopping.clear()
    work_once(worker)
    assert store.log_backlog() == 0
    worker.app.close()


def test_an_error_that_nobody_foresaw_ends_no_worker(
    worker: Worker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([True, True, False])
    claim = worker.app.store.claim

    def fail(*args: Any, **named: Any) -> object:
        if next(failures, False):
            raise ValueError
        return claim(*args, **named)

    monkeypatch.setattr(worker.app.store, "claim", fail)
    worker.app.store.append("town", None, page(post("a", "Nordelia")), START)
    waits = iter([False, False, True])
    stop = worker.stopping.set
    monkeypatch.setattr(worker.stopping, "wait", lambda _: next(waits) and stop())
    worker.work()
    told = [one.message for one in caplog.records]
    assert told.count("an error in the watcher itself (ValueError)") == 1
    assert worker.app.store.log_backlog() == 0
    worker.app.close()
