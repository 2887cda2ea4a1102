"""A job from its plan to its end: the driver hands shards to an engine and keeps what comes back.

Only the driver writes, and only here. It may end at any moment in any way: the ledger tells what is
left, and `drive` goes on from there.
"""

import base64
import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from watcher.scale.engines import Engine, Failed, Hands
from watcher.scale.model import Hit, Kind, ScaleError, Shard, ShardResult, Work
from watcher.scale.planning import Plan
from watcher.scale.results import Results, open_results
from watcher.store import NoSuchRecordError, Store
from watcher.store.job_records import JobRecord, JobState
from watcher.store.jobs import OvertakenError

ASK_EVERY: Final = 1.0
"""Seconds between two looks into the ledger: whether somebody cancelled the job."""
SILENT: Final = timedelta(seconds=60)
"""After so long without a sign of life, a driver on another machine is taken for gone."""
FROZEN: Final = timedelta(minutes=10)
"""And one of this machine whose number is in use: by another program since, or it hangs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """All that a job was given; kept with it, so that it can be resumed anywhere."""

    work: Work
    to: str
    """Where results go: `store`, or a folder."""
    rules: str
    """The name of the file with the rules, for people."""
    archives: tuple[str, ...]
    """What was named on the command line, for people."""

    def dump(self) -> str:
        """Return it as JSON."""
        work = self.work
        return json.dumps(
            {
                "kind": work.kind,
                "sought": base64.b64encode(work.sought).decode(),
                "since": work.since and work.since.isoformat(),
                "until": work.until and work.until.isoformat(),
                "to": self.to,
                "rules": self.rules,
                "archives": self.archives,
            }
        )

    @classmethod
    def load(cls, text: str) -> "Asked":
        """Return what `dump` wrote."""
        told: dict[str, Any] = json.loads(text)
        return cls(
            work=Work(
                told["kind"],
                base64.b64decode(told["sought"]),
                told["since"] and datetime.fromisoformat(told["since"]),
                told["until"] and datetime.fromisoformat(told["until"]),
            ),
            to=told["to"],
            rules=told["rules"],
            archives=tuple(told["archives"]),
        )


class Watching(Protocol):
    """Who looks on while a job runs."""

    def begins(self, shards: Sequence[Shard]) -> None:
        """Be told the shards that are left."""
        ...

    def moved(self, number: int, part: float) -> None:
        """Be told how much of a shard is done, 0 to 1."""
        ...

    def died(self, number: int, what: str) -> None:
        """Be told that the worker of a shard died."""
        ...

    def ended(self, ended: ShardResult | Failed) -> None:
        """Be told how a shard ended; it is in the ledger by then."""
        ...


def create(store: Store, asked: Asked, planned: Plan, now: datetime) -> int:
    """Write a job down; return its number.

    Raises `ScaleError` where there is nothing to do, and where the results cannot be put, or
    something lies there already.
    """
    if not planned.shards:
        raise ScaleError("there is nothing in these archives")
    results = open_results(asked.to, asked.work.kind, store)
    results.begin()
    try:
        return store.create_job(
            asked.work.kind, asked.dump(), [shard.dump() for shard in planned.shards], now
        )
    except BaseException:  # else the same command would be refused because of what it made
        results.unmake()
        raise


def drive(
    store: Store,
    job: int,
    engine: Engine,
    watching: Watching,
    clock: Callable[[], datetime],
) -> JobState:
    """Work off what is left of a job; return how the job ended.

    `done` where every shard is, `failed` where some had to be given up, `cancelled` or `stopped`
    where somebody ended it, and removed it perhaps, or went on with it elsewhere. When it raises,
    what is done stays done, and the job can be resumed. Raises `ScaleError` where another driver is
    at work on it.
    """
    record = store.job(job)
    _free(record, clock())
    asked = Asked.load(record.asked)
    results = open_results(asked.to, asked.work.kind, store)
    turn = store.take_job(job, _myself(), clock())
    turning = _Turn(store, job, turn, clock)
    left = [
        Shard.load(shard.number, shard.place)
        for shard in store.job_shards(job)
        if shard.done is None
    ]
    watching.begins(left)
    ending: JobState = "stopped"
    try:
        if _worked_off(engine, asked.work, left, results, turning, watching):
            ending = "failed" if store.job(job).left else "done"
    except (OvertakenError, NoSuchRecordError):
        turning.over = True
    finally:
        store.end_job(job, turn, ending, clock())
    return _as_left(store, job) if turning.over else ending


def _as_left(store: Store, job: int) -> JobState:
    try:
        return store.job(job).state
    except NoSuchRecordError:
        return "cancelled"


def finish(store: Store, job: int, now: datetime) -> None:
    """End a job as done of which nothing is left: its driver went before it could say so.

    Raises `ScaleError` where another driver is about to.
    """
    _free(store.job(job), now)
    store.end_job(job, store.take_job(job, _myself(), now), "done", now)


def _worked_off(
    engine: Engine,
    work: Work,
    left: Sequence[Shard],
    results: Results,
    turn: "_Turn",
    watching: Watching,
) -> bool:
    """Have shards worked off; return whether all came to an end."""
    hands = Hands(turn.is_over, watching.moved, watching.died)
    number = 0
    for ended in engine.run(work, left, hands):
        number += 1
        if isinstance(ended, Failed):
            turn.failed(ended)
        else:
            found = turn.living(ended.read())
            results.save(turn.job, turn.number, ended, found, turn.clock())
        watching.ended(ended)
    return number == len(left)


class _Turn:
    """One driver's time with a job."""

    def __init__(self, store: Store, job: int, number: int, clock: Callable[[], datetime]) -> None:
        self.job, self.number, self.clock = job, number, clock
        self.over = False
        self._store = store
        self._asked = time.monotonic()

    def is_over(self) -> bool:
        """Return whether somebody cancelled the job, or goes on with it."""
        if not self.over and time.monotonic() - self._asked >= ASK_EVERY:
            self.over = not self._store.beat_job(self.job, self.number, self.clock())
            self._asked = time.monotonic()
        return self.over

    def living(self, found: Iterable[Hit]) -> Iterator[Hit]:
        """Yield what is being saved; signs of life go on, though millions of hits take minutes."""
        for hit in found:
            self.is_over()  # what is saved then is refused by the ledger
            yield hit

    def failed(self, ended: Failed) -> None:
        self._store.fail_shard(self.job, self.number, ended.number, ended.why, ended.failures)


def _myself() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def is_driven(job: JobRecord, now: datetime) -> bool:
    """Return whether somebody is at work on a job.

    On this machine that is known, but for a number that another program bears by now; of another
    one a sign of life within a minute tells it. `now` is the time on the clock that the driver's
    signs of life are written by: on a server's database that of the server.
    """
    if job.state != "running" or job.beat is None:
        return False
    silent = now - job.beat
    host, _, process = job.by.rpartition(":")
    if host == socket.gethostname() and process.isdigit():
        return silent < FROZEN and _is_alive(int(process))
    return silent < SILENT


def _is_alive(process: int) -> bool:
    if process == os.getpid():
        return False  # it is ours, and we are only beginning
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _free(job: JobRecord, now: datetime) -> None:
    if is_driven(job, now):
        raise ScaleError(
            f"job {job.id} is being worked on by {job.by}",
            help=f"`watcher jobs status {job.id}` shows how far it is, `watcher jobs cancel "
            f"{job.id}` ends it",
        )


def kind_of(job: JobRecord) -> Kind:
    """Return what kind of job it is."""
    return "backtest" if job.kind == "backtest" else "scan-accounts"
