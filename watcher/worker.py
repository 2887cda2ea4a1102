"""A worker: works off the log until it is told to stop, beside any number of others like it.

It asks no network and keeps no schedule; a leader does. On a server's database it goes by the clock
of that server, as the leader does: no host's own clock decides when something was found. When
nothing waits it looks again after a pause that grows to a second. A database that is away is told
of once, and tried again after pauses that grow to half a minute: what was claimed then is claimed
again, nothing is lost.
"""

import logging
import threading
import time
from dataclasses import replace
from datetime import timedelta

from alerts.words.hostile import one_line
from rules.errors import WatcherError
from watcher.app import App, file_stamp, renewed
from watcher.clock import ServerClock
from watcher.pulse import Pulse
from watcher.stopping import listen_for_signals
from watcher.store import BEAT_EVERY, StoreError
from watcher.walk.working import Worked, work

log = logging.getLogger("watcher")

FIRST_LOOK = 0.05
LONGEST_LOOK = 1.0
"""Seconds between two looks at an empty log."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Seconds until a database that failed is tried again."""
CONFIG_EVERY = timedelta(seconds=5)
LINE = 1000


class Worker:
    """Works off the log until `stopping` is set."""

    def __init__(self, app: App) -> None:
        self._clock = ServerClock()
        self.app = replace(app, clock=self._clock) if app.store.on_server else app
        self.pulse = Pulse()
        self.pulse.role = "works"
        self.stopping = threading.Event()
        self._id = ""
        self._posts = self._matches = 0
        self._trouble = ""
        self._config_seen = file_stamp(app.config.path)
        self._looked_at_config = time.monotonic()
        self._beaten = 0.0

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, which finish the claim under way; a second ends at once."""
        listen_for_signals(self.stopping, self.stopping.set)
        self.work()

    def work(self) -> None:
        """Work until `stopping` is set."""
        look, pause = FIRST_LOOK, FIRST_PAUSE
        log.info("working off the log")
        while not self.stopping.is_set():
            try:
                with self.pulse.step("work") as turn:
                    self._sign()
                    worked = work(self.app, self._id, stop=self._is_to_pause)
                    self._count(worked)
                    turn.failed = bool(worked.trouble)
                self._take_up_config()
            except Exception as error:  # noqa: BLE001 - the outermost boundary: a worker goes on
                self._tell(*_said(error))
                self.stopping.wait(pause * (0.5 + self.app.random.random() / 2))
                pause = min(LONGEST_PAUSE, 2 * pause)
                continue
            self._tell(worked.trouble)
            pause = FIRST_PAUSE
            if worked.claims:
                look = FIRST_LOOK
            else:
                self.stopping.wait(look)
                look = min(LONGEST_LOOK, 2 * look)
        self._leave()

    def _is_to_pause(self) -> bool:
        """Whether to stop between two claims: for good, or for a sign of life."""
        return self.stopping.is_set() or self._is_time_to_beat()

    def _is_time_to_beat(self) -> bool:
        return time.monotonic() - self._beaten > BEAT_EVERY.total_seconds() / 2

    def _sign(self) -> None:
        """Leave a sign of life where it is time for one, and hear what time it is."""
        if self._id and not self._is_time_to_beat():
            return
        self.app.store.ask_the_time(self._clock.learn)
        now, config = self.app.clock(), self.app.config.fingerprint
        if not self._id:
            self._id = self.app.store.sign_in("works", now, config=config)
        else:
            known = self.app.store.beat(
                self._id,
                now,
                posts=self._posts,
                matches=self._matches,
                trouble=self._trouble,
                config=config,
            )
            if not known:
                self._id = self.app.store.sign_in("works", now, config=config)
        self._beaten = time.monotonic()

    def _count(self, worked: Worked) -> None:
        self.pulse.count(posts=worked.posts, matches=worked.matches, suspects=worked.suspects)
        self._posts += worked.posts
        self._matches += worked.matches
        if worked.matches or worked.suspects or worked.changed:
            log.info("%d matches, %d new suspects", worked.matches, worked.suspects)

    def _leave(self) -> None:
        log.info("stopped after %d posts", self._posts)
        try:
            if self._id:
                now = self.app.clock()
                self.app.store.beat(self._id, now, posts=self._posts, matches=self._matches)
                self.app.store.sign_off(self._id, now)
        except StoreError as error:
            log.warning("the database was not told: %s", one_line(error.message, LINE))

    def _tell(self, trouble: str, unforeseen: Exception | None = None) -> None:
        """Say what went wrong when it begins, changes and ends: not with every try."""
        before, self._trouble = self._trouble, trouble
        if trouble and trouble != before:
            log.error("%s", one_line(trouble, LINE), exc_info=unforeseen)
        elif before and not trouble:
            log.info("works again")

    def _take_up_config(self) -> None:
        """Take up a changed configuration; keep the old one while the new one is broken."""
        now = time.monotonic()
        if now - self._looked_at_config < CONFIG_EVERY.total_seconds():
            return
        self._looked_at_config = now
        before = self.app
        self.app, self._config_seen = renewed(before, self._config_seen)
        if self.app is not before:
            log.info("the changed configuration is in use")


def _said(error: Exception) -> tuple[str, Exception | None]:
    """Return what to say of an error, and the error itself where nobody foresaw it."""
    if isinstance(error, WatcherError):
        return f"{error}{f' ({error.help})' if error.help else ''}", None
    return f"an error in the watcher itself ({type(error).__name__})", error
