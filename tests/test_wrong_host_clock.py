"""On PostgreSQL the server's clock counts, however wrong that of the host is where we look."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update

from tests.cli_fixtures import acme, terminal
from tests.scale.samples import BEGAN, Here, work, write_posts
from tests.terminal import Terminal
from watcher.app import App
from watcher.cli import Settings
from watcher.cli.batch import work_off
from watcher.config import load
from watcher.leading import Standby
from watcher.metrics.figures import Monitor
from watcher.metrics.health import Health
from watcher.scale.driving import Asked, create
from watcher.scale.planning import plan
from watcher.store import Store
from watcher.store.job_records import ShardCounts
from watcher.store.schema import channels, log, workers

__all__ = ["acme", "terminal"]

pytestmark = [pytest.mark.server, pytest.mark.drill]
SECOND = timedelta(seconds=1)
OFF = timedelta(minutes=30)
SOON = timedelta(minutes=2)
"""How long a test may take."""


@pytest.fixture
def host(acme: Terminal, postgres_url: str) -> Terminal:
    """A terminal on a host whose clock is half an hour ahead, and a database on a server."""
    path = acme.folder / "watcher.toml"
    path.write_text(f'{path.read_text()}\n[store]\nurl = "{postgres_url}"\n')
    acme.now = datetime.now(UTC) + OFF
    return acme


@pytest.fixture
def store(host: Terminal, postgres_url: str) -> Iterator[Store]:
    """The database, open."""
    opened = Store.open(postgres_url)
    yield opened
    opened.close()


def now_there(store: Store) -> datetime:
    """The time at the server."""
    told: list[datetime] = []
    store.ask_the_time(lambda now, _: told.append(now))
    return told[0]


@pytest.fixture
def at_work(store: Store) -> Store:
    """A database on which one process works, and another one was killed long ago."""
    store.sign_in("works", now_there(store) - 5 * SECOND, host="crow", pid=1)
    store.sign_in("works", now_there(store) - 90 * SECOND, host="crow", pid=2)
    return store


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("command", ["workers", "status"])
def test_only_who_gave_no_sign_at_the_server_is_told_as_lost(host: Terminal, command: str) -> None:
    for off in (timedelta(), -2 * OFF):
        host.now += off
        told = json.loads(host.pipe(command, "--json").out)
        found = told["workers"] if command == "status" else told
        assert {one["pid"]: one["lost"] for one in found} == {1: False, 2: True}


def test_one_that_stands_by_tells_no_worker_as_lost_that_works(
    host: Terminal, at_work: Store
) -> None:
    with App.open(load(host.folder / "watcher.toml"), clock=lambda: host.now) as app:
        standby = Standby(app)
        health = Health(app.config.path, lambda: app, standby.pulse)
        page = Monitor(lambda: standby.in_use, standby.pulse, health).page().body
    assert 'watcher_workers{state="works"} 1.0' in page
    assert 'watcher_workers{state="lost"} 1.0' in page


def test_nothing_is_restored_under_a_worker(host: Terminal, at_work: Store) -> None:
    assert host.pipe("store", "backup", "saved").code == 0
    seen = host.pipe("store", "restore", "saved", "--force")
    assert seen.code == 1
    assert "process 1 on crow" in seen.err
    host.now -= 2 * OFF
    with at_work.writing() as connection:
        connection.execute(delete(workers).where(workers.c.pid == 1))
    assert host.pipe("store", "restore", "saved", "--force").code == 0


def a_job(host: Terminal, store: Store) -> int:
    archive = str(write_posts(host.folder / "posts.jsonl", *range(10)))
    asked = Asked(work=work("backtest"), to="store", rules="rules.toml", archives=(archive,))
    return create(store, asked, plan([archive], 100), BEGAN)


def test_a_job_that_only_lacks_its_end_is_ended_by_the_servers_clock(
    host: Terminal, store: Store
) -> None:
    job = a_job(host, store)
    turn = store.take_job(job, "elsewhere:17", now_there(store))
    store.save_shard(job, turn, 1, ShardCounts(records=10, skipped=0, hits=0), (), now_there(store))
    seen = host.pipe("jobs", "resume", str(job))
    assert "is being worked on by elsewhere:17" in seen.err
    assert store.beat_job(job, turn, now_there(store) - timedelta(minutes=5))
    host.now -= 2 * OFF
    assert host.pipe("jobs", "resume", str(job)).code == 0
    ended = store.job(job).ended
    assert ended is not None
    assert abs(ended - now_there(store)) < SOON


def test_a_silence_begins_and_ends_by_the_servers_clock(host: Terminal, store: Store) -> None:
    seen = host.pipe(
        "silence", "add", "--rule", rule_of(host), "--for", "10m", "--because", "known"
    )
    assert seen.code == 0, seen.err
    (one,) = store.silences(now_there(store))
    assert abs(one.silence.until - now_there(store) - timedelta(minutes=10)) < SOON


def rule_of(host: Terminal) -> str:
    return load(host.folder / "watcher.toml").rules[0].name


def test_a_job_that_another_machine_drives_is_left_alone(host: Terminal, store: Store) -> None:
    job = a_job(host, store)
    turn = store.take_job(job, "elsewhere:17", now_there(store) - 5 * SECOND)
    for words in (("resume", "--engine", "local:1"), ("remove",)):
        seen = host.pipe("jobs", words[0], str(job), *words[1:])
        assert seen.code != 0
        assert "is being worked on by elsewhere:17" in seen.err
    assert json.loads(host.pipe("jobs", "status", str(job), "--json").out)["state"] == "running"
    assert store.beat_job(job, turn, now_there(store) - 70 * SECOND)
    told = json.loads(host.pipe("jobs", "list", "--json").out)
    assert [one["state"] for one in told] == ["broken off"]
    assert host.pipe("jobs", "remove", str(job)).code == 0


def test_a_driver_gives_signs_of_life_by_the_servers_clock(host: Terminal, store: Store) -> None:
    class Looking(Here):
        """An engine that looks at the ledger while it works."""

        def run(self, *asked):  # type: ignore[no-untyped-def]
            beats.append(store.job(job).beat)
            yield from super().run(*asked)

    beats: list[datetime | None] = []
    job = a_job(host, store)
    assert work_off(Settings(clock=lambda: host.now), store, job, Looking()) == 0
    ended = store.job(job).ended
    for told in (*beats, ended):
        assert told is not None
        assert abs(now_there(store) - told) < SOON


def test_what_is_found_once_is_dated_by_the_server(host: Terminal, store: Store) -> None:
    assert host.pipe("local", "post", "@zoe", "Acme is here").code == 0
    assert host.pipe("once").code == 0
    (found,) = {one.found for one in store.matches()}
    (source,) = store.source_states()
    with store.reading() as connection:
        came = connection.execute(select(func.max(log.c.at))).scalar()
    for told in (found, source.last_success, came):
        assert told is not None
        assert abs(now_there(store) - told) < SOON


def test_a_digest_sent_by_hand_is_told_by_the_servers_clock(host: Terminal, store: Store) -> None:
    assert host.pipe("local", "post", "@zoe", "Acme is here").code == 0
    assert host.pipe("once").code == 0
    assert host.pipe("digests", "send", "daily").code == 0
    told = store.told_until("daily")
    assert told is not None
    assert abs(now_there(store) - told) < SOON


def test_a_slot_that_was_told_is_no_future_for_who_lags_behind(
    host: Terminal, store: Store
) -> None:
    assert host.pipe("once").code == 0
    told = now_there(store).replace(microsecond=0)
    with store.writing() as connection:
        assert connection.execute(update(channels).values(last_slot=told)).rowcount == 1
    host.now -= 2 * OFF
    assert host.pipe("once").code == 0
    with store.reading() as connection:
        assert connection.execute(select(channels.c.last_slot)).scalar_one() == told


def test_workers_that_would_have_nothing_to_do_are_not_kept(host: Terminal) -> None:
    path = host.folder / "watcher.toml"
    path.write_text(path.read_text().replace("[store]\n", "[store]\nlog = false\n"))
    seen = host.pipe("workers", "-n", "1")
    assert seen.code == 1
    assert "posts do not go through the log" in seen.err
