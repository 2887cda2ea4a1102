"""What commands that work through archives share: how a job is begun, shown and left."""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from rules.errors import WatcherError
from rules.lookalike.rule import LookalikeRule
from watcher.cli import Settings
from watcher.cli.batch_screen import shown
from watcher.cli.console import count, safe, stderr, stdout
from watcher.cli.names import DAY, MistakeError
from watcher.clock import clock_of
from watcher.config import Config
from watcher.impostors.alarm_load import load_of
from watcher.scale.driving import Asked, create, drive
from watcher.scale.engines import (
    MOST_LOCAL,
    AddressError,
    Engine,
    check_address,
    open_engine,
)
from watcher.scale.model import Shard
from watcher.scale.planning import SHARD_SIZE, plan
from watcher.scale.results import TO_STORE
from watcher.store import NoSuchRecordError, Store
from watcher.store.job_records import JobRecord

MOST_NOTES = 10
"""Records that could not be read, of all shards, shown at the end of a job."""


def _engine(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuse what names no engine before anything is looked at."""
    if value is not None:
        try:
            check_address(value)
        except AddressError as error:
            raise MistakeError(error.message, help=error.help) from error
    return value


ENGINE = click.option(
    "--engine",
    metavar="ENGINE",
    callback=_engine,
    help="Who works: local:4 for four processes here, dask://host:8786 for a Dask cluster.  "
    "[default: local, a process for each processor]",
)


@dataclass(frozen=True)
class Running:
    """How a job is to be run."""

    engine: str | None
    to: str
    shard_size: int
    since: date | None
    until: date | None


def running(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a job is run; the command receives a `Running`."""

    def run(
        *args: Any,
        engine: str | None,
        to: str,
        shard_size: int,
        since: date | None,
        until: date | None,
        **rest: Any,
    ) -> Any:
        return function(*args, running=Running(engine, to, shard_size, since, until), **rest)

    run.__name__, run.__doc__ = function.__name__, function.__doc__
    for option in (
        click.option(
            "--shard-size",
            type=click.IntRange(min=1),
            default=SHARD_SIZE,
            show_default=True,
            help="Posts in a part of the work, about.",
        ),
        click.option("--until", type=DAY, help="Only posts of this day and before."),
        click.option("--since", type=DAY, help="Only posts of this day and later: 2026-03-01."),
        click.option(
            "--to",
            metavar="PLACE",
            default="store",
            show_default=True,
            help="Where results go: store, or a folder for Parquet files: found.parquet.",
        ),
        ENGINE,
    ):
        run = option(run)
    decorated: Callable[..., Any] = run
    return decorated


def moment_of(day: date | None, config: Config) -> datetime | None:
    """Return the moment at which a day begins in the configuration's time zone."""
    if day is None:
        return None
    return datetime.combine(day, clock_time(), ZoneInfo(config.timezone)).astimezone(UTC)


def behind(day: date | None) -> date | None:
    """Return the day after."""
    return None if day is None else day + timedelta(days=1)


def place_of(to: str) -> str:
    """Return where results go so that it means the same from any folder."""
    return to if to == TO_STORE or "://" in to else str(Path(to).absolute())


def with_scores(
    rules: Sequence[LookalikeRule], brands: int, store: Store, now: datetime
) -> list[LookalikeRule]:
    """Return look-alike rules with the score that a number of alarms a week comes to."""
    if all(rule.alarms_a_week is None for rule in rules):
        return list(rules)
    load = load_of(store, now)
    return [rule.for_load(load.accounts_a_week, brands) for rule in rules]


def begin(
    settings: Settings, store: Store, asked: Asked, archives: Sequence[str], running: Running
) -> int:
    """Plan a job, write it down and work it off; return the exit code."""
    with stderr().progress("looking at the archives") as report:
        planned = plan(archives, running.shard_size, report)
    if planned.passed_over:
        stderr().note(
            f"passed over, no archives by their names: {count(len(planned.passed_over), 'file')}, "
            f"such as {safe(planned.passed_over[0], 200)}"
        )
    if planned.empty:
        stderr().note(f"empty: {', '.join(safe(one, 200) for one in planned.empty[:5])}")
    with engine_at(running.engine) as engine:  # before the job: none is left that never began
        job = create(store, asked, planned, clock_of(store, settings.clock)())
        return work_off(settings, store, job, engine)


def engine_at(address: str | None) -> AbstractContextManager[Engine]:
    """Open an engine for the length of a block; None: a process for each processor."""
    return closing(open_engine(address or f"local:{min(MOST_LOCAL, os.cpu_count() or 1)}"))


def work_off(settings: Settings, store: Store, job: int, engine: Engine) -> int:
    """Work off what is left of a job, and say how it went; return the exit code."""
    how = f"`watcher jobs resume {job}`"

    def now() -> datetime:  # a job goes on for hours: what was told once would not hold
        return clock_of(store, settings.clock)()

    # systemd and Kubernetes say so what Ctrl-C says.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with shown(store.job(job)) as watching:
            drive(store, job, engine, watching, now)
    except KeyboardInterrupt:
        # The job is written down as stopped. A second one need not wait for workers to end, who
        # do so without us.
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_DFL)
        left = store.job(job).left
        stderr().say("", f"job {job} is stopped: {how} goes on with {count(left, 'shard')}")
        return 1
    except WatcherError:
        stderr().say(f"job {job} is not done: {how} goes on where it stopped")
        raise
    try:
        return tell(store, store.job(job))
    except NoSuchRecordError:
        stderr().say(f"job {job} was removed meanwhile")
        return 1


def tell(store: Store, record: JobRecord) -> int:
    """Say what came of a job; return the exit code."""
    what = "account" if record.kind == "scan-accounts" else "post"
    stdout().say(
        f"job {record.id}: {record.state}",
        f"{count(record.records, what)} in {record.done:,} of {count(record.shards, 'shard')}: "
        f"{count(record.hits, 'hit')}, {count(record.skipped, 'record')} skipped",
    )
    shards = store.job_shards(record.id) if record.failed or record.skipped else ()
    for shard in shards:
        if shard.error:
            place = Shard.load(shard.number, shard.place)
            stderr().trouble(f"shard {shard.number:,} ({place.name}): {shard.error}")
    notes = [note for shard in shards for note in shard.notes]
    for where, why in notes[:MOST_NOTES]:
        stdout().say(f"  skipped {safe(where, 200)}: {safe(why, 300)}")
    if len(notes) > MOST_NOTES or record.skipped > len(notes):
        stdout().say(f"  `watcher jobs status {record.id}` shows more of them")
    if record.state != "done":
        if record.state == "running":  # it was taken out of our hands
            stderr().say(f"{safe(record.by, 200)} goes on with it now")
        if record.state == "failed":
            stderr().say(f"`watcher jobs resume {record.id}` tries the others again")
        return 1
    stdout().hint(f"`watcher jobs hits {record.id}` shows what was found")
    return 0
