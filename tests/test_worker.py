"""A worker works off what waits until it is told to stop, and outlives a database that is away."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.contracts.test_log_same_as_pages import CONFIG, START
from tests.journeys.alert_world import TEMPLATES
from tests.store.samples import page, post
from watcher.app import App
from watcher.config import load
from watcher.store import StoreError
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
