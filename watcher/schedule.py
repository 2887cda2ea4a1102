"""When: the only module that knows APScheduler. Gives each step its turns, and tells how they went.

Pulls have a pool of threads of their own: a source that hangs holds one of them and nothing else.

On a database that several processes share, each turn of the schedule is taken in the store before
it is done (`watcher.leading` says who leads). What is asked for out of turn (`soon`) is no slot of
the schedule, and needs no such fence: a page behind a cursor that has moved on is refused, there is
one digest for a channel and slot, what waits for a channel is taken once, and a delivery is claimed
by a conditional update. Two processes that do such a step at once do its work once.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from zlib import crc32

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from alerts.words.hostile import one_line
from rules.errors import WatcherError
from watcher.app import App
from watcher.clock import utc_now
from watcher.pulse import Pulse
from watcher.store import StoreError, Turn, slot_of

log = logging.getLogger("watcher")

MOST_PULLS_AT_ONCE = 32
LONG = timedelta(minutes=10)
"""A step under way for longer is told, once."""
OPEN_AGAIN = timedelta(seconds=5)
"""When to ask again for a turn that somebody took, did not do, and may be doing."""
LINE = 1000
"""Characters of strangers' words in one line of the log."""

Run = Callable[[Callable[[], object]], bool]
"""Runs a step if it may run now; whether it did."""


class Schedule:
    """The turns of a service's steps, each at its pace, and none beside itself.

    Only `app`'s store, clock and name as a worker are used, which no configuration changes.
    """

    def __init__(
        self,
        app: App,
        *,
        steps: int,
        pulse: Pulse,
        stopping: threading.Event,
        leads: Callable[[], bool],
        passed: Callable[[str], object],
    ) -> None:
        """Make it for that many steps beside pulls; none begins any more once `stopping` is set.

        Where `app` has a `worker`, each turn is taken in the store before it is done; `passed` is
        told of those that another process has had. `leads` is asked before each step that another
        process may do in its place.
        """
        self._store, self._clock, self._worker = app.store, app.clock, app.worker
        self._pulse, self._stopping, self._leads, self._passed = pulse, stopping, leads, passed
        self._own: set[str] = set()
        self._under_way: dict[str, datetime] = {}
        self._long: set[str] = set()
        self._troubles: dict[str, str] = {}
        self._quiet = threading.Condition()
        self._wanted: set[str] = set()
        """Steps asked for out of turn: those under way when they were run once more."""
        # The schedule is config, the state is ours: jobs live in memory, a late one runs once.
        self._scheduler = BackgroundScheduler(
            executors={
                "steps": ThreadPoolExecutor(steps),
                "pulls": ThreadPoolExecutor(MOST_PULLS_AT_ONCE),
            },
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        # Its warnings ("maximum number of running instances reached") are our normal case.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def add(
        self,
        name: str,
        every: timedelta,
        step: Callable[[], object],
        *,
        pool: Literal["steps", "pulls"] = "steps",
        own: bool = False,
    ) -> None:
        """Give a step its turns, the first at once; one that is `own` no other process can do."""
        turn: Run = _at_once
        trigger: BaseTrigger = IntervalTrigger(seconds=every.total_seconds(), timezone="UTC")
        if own:
            self._own.add(name)
        elif self._worker:
            turn = partial(self._in_turn, name, every)
            trigger = SlotTrigger(name, every, self._clock)
        self._scheduler.add_job(
            partial(self._guard, name, turn, step),
            trigger,
            id=name,
            executor=pool,
            next_run_time=utc_now(),
            replace_existing=True,
        )

    def remove(self, name: str) -> None:
        """Let a step have no more turns; what is under way goes on."""
        with suppress(JobLookupError):
            self._scheduler.remove_job(name)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def pause(self) -> None:
        """Let nothing begin any more; what is under way goes on."""
        self._scheduler.pause()

    def wait(self, seconds: float) -> tuple[str, ...]:
        """Wait until nothing is under way, at most so long; return what is."""
        with self._quiet:
            self._quiet.wait_for(lambda: not self._under_way, seconds)
            return tuple(self._under_way)

    def end(self, *, wait: bool) -> None:
        """Give the threads back, at once or when they are done."""
        self._scheduler.shutdown(wait=wait)

    @property
    def trouble(self) -> str:
        """What goes wrong at present, in one line; empty where nothing does."""
        return "; ".join(f"{name}: {what}" for name, what in [*self._troubles.items()] if what)

    @property
    def under_way(self) -> tuple[str, ...]:
        """The steps that have begun and not ended."""
        with self._quiet:
            return tuple(self._under_way)

    def soon(self, name: str) -> None:
        """Let a step run at once instead of at its next turn: there is something for it."""
        with self._quiet:
            self._wanted.add(name)
            if name in self._under_way:
                return
        self._run_now(name)

    def all_now(self) -> None:
        """Give every step its next turn at once: the clock that they go by was set."""
        for job in self._scheduler.get_jobs():
            self._run_now(job.id)

    def _run_now(self, name: str, after: timedelta = timedelta()) -> None:
        """Let a step have its next turn now, or that long after."""
        if not self._stopping.is_set():
            with suppress(JobLookupError):  # the scheduler has ended meanwhile
                self._scheduler.modify_job(name, next_run_time=utc_now() + after)

    def _guard(self, name: str, turn: Run, step: Callable[[], object]) -> None:
        """Run a step in its turn, and at once again where it was asked for while it ran."""
        with self._quiet:
            if self._stopping.is_set():
                return
            self._under_way[name] = self._clock()
        again = True
        while again:
            went_well = self._run(name, turn, step)
            with self._quiet:
                again = went_well and name in self._wanted and not self._stopping.is_set()
                if again:
                    self._under_way[name] = self._clock()
                else:
                    del self._under_way[name]
                    self._quiet.notify_all()

    def _run(self, name: str, turn: Run, step: Callable[[], object]) -> bool:
        """Run a step once; whether it could. What it raises is said and stops nothing else."""
        trouble, done = "", False
        try:
            if name not in self._own and not self._leads():
                return False
            run = _at_once if self._was_asked_for(name) else turn
            with self._pulse.step(name):
                done = run(step)
        except WatcherError as error:
            trouble = f"{error}{f' ({error.help})' if error.help else ''}"
        except Exception as error:  # the outermost boundary of a job: nothing else may stop
            trouble = f"an error in the watcher itself ({type(error).__name__})"
            if self._troubles.get(name) != trouble:
                log.exception("%s: the step failed as nobody foresaw", name)
        if done or trouble:
            self.tell(name, trouble)
        return not trouble

    def _was_asked_for(self, name: str) -> bool:
        """Whether a step was asked for out of turn; that is forgotten with the answer."""
        with self._quiet:
            asked = name in self._wanted
            self._wanted.discard(name)
        return asked

    def _in_turn(self, name: str, every: timedelta, step: Callable[[], object]) -> bool:
        """Run a step if this turn of the schedule is ours; whether it was.

        A turn that is left half done because we are to stop is not ended: whoever leads next takes
        it up.
        """
        store, by, now = self._store, self._worker, self._clock()
        slot = slot_of(now, every)
        taken = store.take_turn(name, slot, by, now)
        if taken is Turn.OURS and self._stopping.is_set():
            return False  # left to whoever leads next
        if taken is Turn.OURS:
            try:
                step()
            finally:
                if not self._stopping.is_set():
                    with suppress(StoreError):  # it is done, whether or not that is known
                        store.end_turn(name, slot, by, self._clock())
            return True
        if taken is Turn.OPEN and slot + every - now > OPEN_AGAIN:
            self._run_now(name, OPEN_AGAIN)
        if taken is Turn.DONE:
            self._passed(name)
        return False

    def tell(self, name: str, trouble: str) -> None:
        """Say what went wrong when it begins, changes and ends: not with every try."""
        before = self._troubles.get(name, "")
        self._troubles[name] = trouble
        if trouble and trouble != before:
            log.error("%s: %s", name, one_line(trouble, LINE))
        elif before and not trouble:
            log.info("%s: works again", name)

    def tell_of_long_steps(self) -> None:
        """Say which steps do not come back: each once."""
        with self._quiet:
            since = self._clock() - LONG
            long = {name for name, began in self._under_way.items() if began < since}
        for name in sorted(long - self._long):
            log.warning(
                "%s: under way for more than %.0f minutes; everything else goes on",
                name,
                LONG.total_seconds() / 60,
            )
        self._long = long


class SlotTrigger(BaseTrigger):  # type: ignore[misc]
    """Fires within each slot of a clock that may not be this machine's.

    Each step has its own moment between the first and the last quarter of its slots: so no turn
    falls into another slot because a thread began a little late, and not all begin at once.
    """

    def __init__(self, name: str, every: timedelta, clock: Callable[[], datetime]) -> None:
        self._every, self._clock = every, clock
        self._phase = every * (0.25 + crc32(name.encode()) / 2**33)

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """Return when the next turn begins, on the clock that `now` was read from."""
        there = self._clock()
        due = slot_of(there, self._every) + self._phase
        return now + (due - there if due > there else due - there + self._every)


def _at_once(step: Callable[[], object]) -> bool:
    """Run a step whose turn nobody else can take."""
    step()
    return True
