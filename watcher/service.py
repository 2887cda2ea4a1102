"""The service: which steps of the walk it does at which pace, what they say, and its graceful stop.

`watcher.schedule` gives the steps their turns; streams are threads of `watcher.streams`.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

from alerts.model import FollowError
from alerts.words.hostile import one_line
from rules.errors import WatcherError
from watcher import allowances, following, pipeline, revisiting
from watcher.app import App, renewed
from watcher.backends import AnySource
from watcher.clock import utc_now
from watcher.presence import HEARTBEAT_EVERY, Heartbeat, sign_off
from watcher.pulse import Pulse
from watcher.rates import MANY_MATCHES, RATE_FAILED
from watcher.schedule import LINE, Schedule
from watcher.stopping import leave_behind, listen_for_signals
from watcher.store import StoreError
from watcher.streams import Listener, Streams

log = logging.getLogger("watcher")

MATCH_EVERY = timedelta(seconds=2)
MOST_CLAIMS = 10
"""How much of the log a turn of matching works off at once: about two thousand posts each."""
LOOK_EVERY = timedelta(seconds=10)
INDEX_EVERY = timedelta(seconds=60)
PLAN_EVERY = timedelta(seconds=10)
DELIVER_EVERY = timedelta(seconds=5)
CONFIG_EVERY = timedelta(seconds=5)
RETURN_EVERY = timedelta(minutes=2)
FORGET_EVERY = timedelta(hours=6)
COUNT_EVERY = timedelta(seconds=10)
COUNT_SECONDS = 3.0
"""How long a turn of counting what came before a brand was known may take: new posts go first."""
REVISIT_EVERY = timedelta(minutes=1)
CLOCK_EVERY = timedelta(seconds=1)
JUMP = timedelta(seconds=3)
"""By so much at once no clock is put right that only goes a little wrong."""
REVISIT_SECONDS = 40.0
"""How long a turn of asking again may take, all sources together."""
FIRST_LOOK = timedelta(minutes=2)
"""How long the first digests wait for sources that are still being read."""
GRACE = timedelta(seconds=20)
"""How long a stop waits for what is under way. What it leaves behind, the next start takes up."""


PULL = "pull "
OWN_STEPS = frozenset({"config", "heartbeat"})
"""What each process does for itself: no other one can do it in its place."""
SLOTS_EVERY = timedelta(hours=1)
SLOTS_KEPT = timedelta(days=1)
"""How long is known who took which turn; who took the last turn of a step is always known."""


class StoppedError(WatcherError):
    """A step was left at a place where it can be left."""


class ReturnsError(WatcherError):
    """The mailbox for what comes back could not be read."""


class PullError(WatcherError):
    """A source could not be read to its newest post."""


class Service:
    """The watcher at work: every step of the walk at its own pace until it is told to stop."""

    def __init__(
        self,
        app: App,
        *,
        grace: timedelta = GRACE,
        pulse: Pulse | None = None,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """Make it; one whose `app` has a `worker` takes each turn in the store before it is done.

        `pulse` is that of a process that has several services, one after the other. `leads` is
        asked before each step that another process may do in its place: a process that was
        suspended does not know by itself that another one leads meanwhile.
        """
        self.app = app
        self.pulse = pulse or Pulse()
        self.stopping = threading.Event()
        self._grace = grace
        self._started = app.clock()
        self._config_seen: tuple[int, int] | None = None
        self._notes = 0
        self._cut: set[str] = set()
        self.lost = False
        """The database was removed or replaced under our hands."""
        self._looked = False
        self._revisited = False
        """Whether it was asked once since the start what became of posts that waited before."""
        self._to_look_at = {source.name for source in app.config.sources if source.enabled}
        self._schedule = Schedule(
            app,
            steps=len(self._steps()),
            pulse=self.pulse,
            stopping=self.stopping,
            leads=leads,
            passed=self._was_looked_at,
        )
        self._streams = Streams(
            Listener(
                app=lambda: self.app,
                found=lambda: self._schedule.soon("match"),
                looked=self._to_look_at.discard,
                tell=self._schedule.tell,
            )
        )

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then finish what is under way; a second one ends at once.

        What does not finish within the grace is left: the process ends with exit code 1, as if it
        had been killed, and the next start takes up what was left.
        """
        listen_for_signals(self.stopping, self.stopping.set)
        if left := self.work():
            leave_behind(left, self._grace)
        if self.lost:
            raise StoreError(
                "the database was removed or replaced while the watcher ran",
                help="put it back, or start again with a new one; sources are then read anew",
            )
        log.info("stopped")

    def work(self) -> tuple[str, ...]:
        """Do every step at its pace until `stopping` is set; return those that did not finish."""
        self.app.store.believe_clock(self.app.clock())
        uncertain = self.app.store.abandon_claims(self.app.clock())
        if uncertain:
            log.warning("deliveries under way when the last run ended: %d", uncertain)
        watched = len(self._to_look_at)
        for name, every, step in self._steps():
            self._schedule.add(name, every, step, own=name in OWN_STEPS)
        self._add_pulls()
        self._schedule.start()
        self._streams.follow(self.app.config.sources)
        log.info("watching %s", _count(watched, "source"))
        self._wait()
        log.info("stopping: finishing what is under way")
        self._streams.stop()
        self._schedule.pause()
        until = time.monotonic() + self._grace.total_seconds()
        under_way = self._schedule.wait(self._grace.total_seconds())
        left = tuple(sorted((*under_way, *self._streams.wait(until - time.monotonic()))))
        self._schedule.end(wait=not left)
        sign_off(self.app.config.data)
        return left

    @property
    def trouble(self) -> str:
        """What goes wrong at present, in one line; empty where nothing does."""
        return self._schedule.trouble

    @property
    def under_way(self) -> tuple[str, ...]:
        """The steps that have begun and not ended."""
        return self._schedule.under_way

    def _wait(self) -> None:
        """Wait for the end; when the system's clock was set, give every step its turn at once.

        The scheduler goes by that clock: set back three hours, it would let all rest for so long.
        """
        lead = time.time() - time.monotonic()
        while not self.stopping.wait(CLOCK_EVERY.total_seconds()):
            before, lead = lead, time.time() - time.monotonic()
            if abs(lead - before) < JUMP.total_seconds():
                continue
            where = "forward" if lead > before else "back"
            log.warning("the clock was set %s by %.0f seconds", where, abs(lead - before))
            with suppress(StoreError):  # a database that is away is told by the steps
                self.app.store.believe_clock(self.app.clock())
            self._schedule.all_now()

    def _steps(self) -> list[tuple[str, timedelta, Callable[[], object]]]:
        return [
            ("match", MATCH_EVERY, self._match),
            ("pictures", LOOK_EVERY, self._look),
            ("index", INDEX_EVERY, self._index),
            ("revisit", REVISIT_EVERY, self._revisit),
            ("plan", PLAN_EVERY, self._plan),
            ("deliver", DELIVER_EVERY, self._deliver),
            ("returns", RETURN_EVERY, self._take_back),
            ("follow", PLAN_EVERY, self._follow),
            ("count", COUNT_EVERY, self._count),
            ("forget", FORGET_EVERY, lambda: pipeline.forget(self.app)),
            ("config", CONFIG_EVERY, self._reload),
            ("heartbeat", HEARTBEAT_EVERY, self._beat),
            *([("slots", SLOTS_EVERY, self._drop_slots)] if self.app.worker else ()),
        ]

    def _add_pulls(self) -> None:
        for source in self.app.config.sources:
            if source.enabled and not source.is_stream:
                pull = partial(self._pull, source)
                self._schedule.add(PULL + source.name, source.interval, pull, pool="pulls")

    def _pull(self, source: AnySource) -> None:
        try:
            pulled = pipeline.pull(self.app, source, stop=self.stopping.is_set)
        finally:
            self._to_look_at.discard(source.name)
        if pulled.skipped:
            first = "; ".join(pulled.skipped_first[:3])
            log.warning(
                "%s: %d items skipped: %s", source.name, pulled.skipped, one_line(first, LINE)
            )
        if pulled.new:
            log.info("%s: %s", source.name, _count(pulled.new, "new post"))
            self._schedule.soon("match")
        if pulled.error:
            raise PullError(pulled.error, help=pulled.help)

    def _was_looked_at(self, step: str) -> None:
        """Take a source for read: whoever led before has done it in this turn."""
        if step.startswith(PULL):
            self._to_look_at.discard(step.removeprefix(PULL))

    def _match(self) -> None:
        matched = pipeline.match(self.app, stop=self.stopping.is_set, claims=MOST_CLAIMS)
        if matched.posts and self.app.config.uses_log and self.app.store.log_backlog():
            self._schedule.soon("match")  # after the rates and the suspects had their turn
        self.pulse.count(
            posts=matched.posts,
            matches=matched.matches,
            suspects=matched.suspects,
            alarms=matched.alarms,
        )
        if matched.matches or matched.suspects:
            log.info(
                "%s, %s",
                _count(matched.matches, "match", "matches"),
                _count(matched.suspects, "new suspect"),
            )
        if matched.changed:
            log.info("%s changed", _count(matched.changed, "judged suspect"))
        if matched.alarms:
            log.info("%s", _count(matched.alarms, "alarm"))
        for rule in self.app.config.rules:
            failed = matched.rates_failed.get(rule.name, "")
            self._schedule.tell(f"the rate of {rule.name}", failed and f"{RATE_FAILED} ({failed})")
        for name in sorted(set(matched.rates_cut) - self._cut):
            log.warning("%s: %s", name, MANY_MATCHES)
            self._cut.add(name)
        found = matched.matches or matched.suspects or matched.changed or matched.alarms
        if found or not self._looked:
            self._schedule.soon("plan")
        if matched.trouble:
            raise pipeline.PartitionError(matched.trouble)

    def _revisit(self) -> None:
        try:
            found = revisiting.revisit(self.app, seconds=REVISIT_SECONDS, stop=self.stopping.is_set)
        finally:
            self._revisited = True
        for one in found:
            self._schedule.tell(f"asking again at {one.source}", one.error)
            if one.deleted or one.changed:
                log.info(
                    "%s: of %s that wait, %d deleted and %d changed since they were read",
                    one.source,
                    _count(one.asked, "post"),
                    one.deleted,
                    one.changed,
                )
        if any(one.changed for one in found):
            self._schedule.soon("match")

    def _count(self) -> None:
        app = self.app

        def stop() -> bool:  # another configuration may have other brands
            return self.stopping.is_set() or self.app is not app

        counted = pipeline.count_earlier(app, seconds=COUNT_SECONDS, stop=stop)
        if counted.posts and not counted.left:
            log.info("counted all stored posts for the brands")

    def _look(self) -> None:
        looked = pipeline.look(self.app, stop=self.stopping.is_set)
        if looked.failed:
            log.info("%s could not be looked at", _count(looked.failed, "picture"))
        if looked.pictures > looked.failed:  # what they show may raise somebody, or more
            self._schedule.soon("match")

    def _has_looked(self) -> bool:
        """Whether every source was read and matched since the start, or was given the time for it.

        A scheduled digest written before would say that nothing was said, and leave what came
        while the watcher was down to the next one. Instant mails need not wait.
        """
        if not self._looked:
            had_time = self.app.clock() - self._started >= FIRST_LOOK
            waits = bool(self._to_look_at) or not self._revisited
            store = self.app.store
            waits = bool(waits or store.unmatched(1).posts or store.log_backlog())
            self._looked = had_time or not waits
        return self._looked

    def _plan(self) -> None:
        planned = pipeline.plan(self.app, only_instant=not self._has_looked())
        for one in planned:
            self._schedule.tell(f"channel {one.channel}", one.error)
            if one.mails:
                log.info("%s: a digest for %s", one.channel, _count(one.mails, "recipient"))
        if any(one.mails for one in planned):
            self._schedule.soon("deliver")

    def _index(self) -> None:
        def on_the_way(_done: int, _total: int) -> None:
            if self.stopping.is_set():
                raise StoppedError("asked to stop")

        with suppress(StoppedError):  # between two commits: the next start goes on from there
            pipeline.index(self.app, on_the_way)
        notes = self.app.index.notes
        for note in notes[self._notes :]:
            log.warning("%s It was built again.", note)
        self._notes = len(notes)

    def _deliver(self) -> None:
        app = self.app

        def stop() -> bool:
            # A changed configuration may have other quiet hours, or another mail server.
            return self.stopping.is_set() or self.app is not app

        delivered = pipeline.deliver(app, stop=stop)
        self.pulse.count(
            sent=delivered.sent,
            later=delivered.later,
            refused=delivered.failed,
            parked=delivered.parked,
        )
        if delivered.sent:
            log.info("%s delivered", _sent(delivered))
        for answer in delivered.answers:
            log.warning("not delivered to %s", one_line(answer, LINE))

    def _take_back(self) -> None:
        taken = pipeline.take_back(self.app, stop=self.stopping.is_set)
        if taken.kinds:
            found = ", ".join(f"{number} {kind}" for kind, number in taken.kinds.items())
            log.info("came back: %s", found)
        for line in taken.lines:
            log.info("%s", one_line(line, LINE))
        if taken.error:
            raise ReturnsError(taken.error, help=taken.help)

    def _follow(self) -> None:
        followed = following.follow(self.app)
        for line in followed.lines:
            log.info("%s", one_line(line, LINE))
        if followed.error:
            raise FollowError(followed.error)

    def _drop_slots(self) -> None:
        self.app.store.drop_slots(self.app.clock() - SLOTS_KEPT)

    def _reload(self) -> None:
        """Take up a changed configuration; keep the old one while the new one is broken."""
        app, self._config_seen = renewed(self.app, self._config_seen)
        if app is self.app:
            return
        for source in self.app.config.sources:
            self._schedule.remove(PULL + source.name)
        self.app = app
        self._add_pulls()
        self._streams.follow(app.config.sources)
        log.info("the changed configuration is in use")

    def _beat(self) -> None:
        """Leave a sign of life, and tell of steps that do not come back."""
        self._schedule.tell_of_long_steps()
        if not self.app.store.is_in_place():
            self.lost = True
            self.stopping.set()
            return
        # The file is for this host, whose clock may be another than that of the database.
        now = utc_now() if self.app.worker else self.app.clock()
        beat = Heartbeat(pid=os.getpid(), started=self._started, beat=now)
        beat.leave(self.app.config.data)
        allowances.leave(self.app.config.data)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _sent(delivered: pipeline.Delivered) -> str:
    if set(delivered.kinds) <= {"email"}:
        return _count(delivered.sent, "mail")
    return ", ".join(f"{number:,} {kind}" for kind, number in sorted(delivered.kinds.items()))
