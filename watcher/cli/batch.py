"""What commands that work through archives share: how a job is begun, shown and left."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.progress import TimeRemainingColumn as Remaining

from rules.errors import WatcherError
from rules.lookalike.rule import LookalikeRule
from watcher.cli import Settings
from watcher.cli.console import Screen, count, safe, stderr, stdout
from watcher.cli.names import DAY
from watcher.config import Config
from watcher.impostors.alarm_load import load_of
from watcher.scale.driving import Asked, create, drive
from watcher.scale.engines import Engine, Failed, open_engine
from watcher.scale.model import Shard, ShardResult
from watcher.scale.planning import SHARD_SIZE, plan
from watcher.scale.results import TO_STORE
from watcher.store import Store
from watcher.store.jobs import JobRecord

MOST_NOTES = 10
"""Records that could not be read, of all shards, shown at the end of a job."""

ENGINE = click.option(
    "--engine",
    metavar="ENGINE",
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
        job = create(store, asked, planned, settings.clock())
        return work_off(settings, store, job, engine)


def engine_at(address: str | None) -> AbstractContextManager[Engine]:
    """Open an engine for the length of a block; None: a process for each processor."""
    return closing(open_engine(address or f"local:{os.cpu_count() or 1}"))


def work_off(settings: Settings, store: Store, job: int, engine: Engine) -> int:
    """Work off what is left of a job, and say how it went; return the exit code."""
    how = f"`watcher jobs resume {job}`"
    try:
        with _shown(store.job(job)) as watching:
            drive(store, job, engine, watching, settings.clock)
    except KeyboardInterrupt:
        left = store.job(job).left
        stderr().say("", f"job {job} is stopped: {how} goes on with {count(left, 'shard')}")
        return 1
    except WatcherError:
        stderr().say(f"job {job} is not done: {how} goes on where it stopped")
        raise
    return tell(store, store.job(job))


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
            stderr().trouble(f"shard {shard.number} ({place.name}): {shard.error}")
    notes = [note for shard in shards for note in shard.notes]
    for where, why in notes[:MOST_NOTES]:
        stdout().say(f"  skipped {safe(where, 200)}: {safe(why, 300)}")
    if len(notes) > MOST_NOTES or record.skipped > len(notes):
        stdout().say(f"  `watcher jobs status {record.id}` shows more of them")
    if record.state != "done":
        if record.state == "failed":
            stderr().say(f"`watcher jobs resume {record.id}` tries the others again")
        return 1
    stdout().hint(f"`watcher jobs hits {record.id}` shows what was found")
    return 0


@contextmanager
def _shown(record: JobRecord) -> Iterator["Shown"]:
    screen = stderr()
    bars = screen.is_terminal and not screen.console.is_dumb_terminal
    shown = Bars(screen, record) if bars else Shown(screen, record)
    try:
        yield shown
    finally:
        shown.close()


class Shown:
    """A job while it runs, as lines: one for each shard that has ended."""

    def __init__(self, screen: Screen, record: JobRecord) -> None:
        self._screen, self._shards = screen, record.shards
        self._what = "account" if record.kind == "scan-accounts" else "post"
        self._names: dict[int, str] = {}
        self._weights: dict[int, float] = {}
        self._done = 0.0
        self._began = time.monotonic()

    def begins(self, shards: Sequence[Shard]) -> None:
        """Take note of what is left."""
        self._names = {shard.number: shard.name for shard in shards}
        self._weights = _weights(shards)

    def moved(self, number: int, part: float) -> None:
        """Of no interest in lines."""

    def died(self, number: int, what: str) -> None:
        """Say that a worker died."""
        self._say(f"shard {number}: the process at work on it died, {what}")

    def ended(self, ended: ShardResult | Failed) -> None:
        """Say what a shard came to, and how long the rest may take."""
        self._done += self._weights.pop(ended.number, 0.0)
        self._say(f"{self._words(ended)}{self._left()}")

    def _words(self, ended: ShardResult | Failed) -> str:
        name = safe(self._names.get(ended.number, ""), 60)
        head = f"shard {ended.number + 1:,} of {self._shards:,} ({name})"
        if isinstance(ended, Failed):
            return f"{head} failed: {safe(ended.why, 500)}"
        skipped = f", {ended.skipped:,} skipped" if ended.skipped else ""
        return f"{head}: {count(ended.records, self._what)}, {count(ended.hits, 'hit')}{skipped}"

    def _left(self) -> str:
        rest = sum(self._weights.values())
        took = time.monotonic() - self._began
        if not rest or not self._done or took < 1:
            return ""
        return f"; about {_long(took / self._done * rest)} left"

    def _say(self, line: str) -> None:
        self._screen.say(line)

    def close(self) -> None:
        """Nothing is left on the screen."""


class Bars(Shown):
    """The same at a terminal: a bar for the whole, and one for each shard at work."""

    def __init__(self, screen: Screen, record: JobRecord) -> None:
        super().__init__(screen, record)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            Remaining(),
            console=screen.console,
            transient=True,
        )
        self._whole: TaskID | None = None
        self._bars: dict[int, TaskID] = {}
        self._parts: dict[int, float] = {}

    def begins(self, shards: Sequence[Shard]) -> None:
        """Draw the bar of the whole."""
        super().begins(shards)
        words = f"{count(len(shards), 'shard')} left"
        self._whole = self._progress.add_task(words, total=sum(self._weights.values()) or 1)
        self._progress.start()

    def moved(self, number: int, part: float) -> None:
        """Move the bar of a shard."""
        if number not in self._bars:
            name = f"{number + 1:,} {safe(self._names.get(number, ''), 24)}"
            self._bars[number] = self._progress.add_task(name, total=1.0)
        self._parts[number] = part
        self._progress.update(self._bars[number], completed=part)
        self._update()

    def _update(self) -> None:
        under_way = sum(self._weights.get(n, 0) * part for n, part in self._parts.items())
        if self._whole is not None:
            words = f"{count(len(self._weights), 'shard')} left"
            self._progress.update(self._whole, completed=self._done + under_way, description=words)

    def ended(self, ended: ShardResult | Failed) -> None:
        """Take the bar of a shard away; only what went wrong remains on the screen."""
        bar = self._bars.pop(ended.number, None)
        self._parts.pop(ended.number, None)
        if bar is not None:
            self._progress.remove_task(bar)
        self._done += self._weights.pop(ended.number, 0.0)
        if isinstance(ended, Failed):
            self._say(self._words(ended))
        self._update()

    def close(self) -> None:
        """Take the bars away."""
        self._progress.stop()


def _weights(shards: Sequence[Shard]) -> dict[int, float]:
    """Return how much work each shard is, in octets of its file."""
    groups: dict[str, int] = {}
    for shard in shards:
        groups[shard.file] = max(groups.get(shard.file, 1), shard.stop)
    return {
        shard.number: (shard.stop - shard.start) * (shard.size / groups[shard.file])
        if shard.form == "parquet"
        else float(shard.stop - shard.start)
        for shard in shards
    }


def _long(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
