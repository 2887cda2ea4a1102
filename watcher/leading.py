"""One leader among several `watcher run` on one PostgreSQL database; the others stand by.

Who gets the leader's lock does the whole schedule (`watcher.service`) until it is told to stop or
loses the lock. Then it finishes what is under way, up to the next commit of each step, and stands
by again. What it does meanwhile is fenced: a turn of the schedule belongs to one, and so does a
delivery. All go by the clock of the database server, so that no host's own clock doubles a slot.
"""

import logging
import os
import threading
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial

from alerts.words.hostile import one_line
from rules.errors import WatcherError
from watcher.app import App, renewed
from watcher.clock import ServerClock, utc_now
from watcher.presence import HEARTBEAT_EVERY, Heartbeat, SignsOfLife, sign_off
from watcher.pulse import Pulse
from watcher.schedule import LINE
from watcher.service import GRACE, Service
from watcher.stopping import leave_behind, listen_for_signals
from watcher.store import Lead, StoreError, otherwise

log = logging.getLogger("watcher")

TRY_EVERY = timedelta(seconds=0.5)
"""How often one that stands by tries to lead."""
CHECK_EVERY = timedelta(seconds=0.5)
"""How often the leader makes sure that it leads. That its connection ended it hears at once."""

LOOKS = 2
"""At how many looks before, ten seconds apart, a configuration must have differed to be told."""


class Standby:
    """`watcher run` where others may run on the same database: leads, or stands by to lead."""

    def __init__(self, app: App, *, grace: timedelta = GRACE) -> None:
        self._clock = ServerClock()
        self.app = replace(app, clock=self._clock)
        self.pulse = Pulse()
        self.stopping = threading.Event()
        self._grace = grace
        self._lead = Lead(app.config.store_url, self._clock.learn)
        self._service: Service | None = None
        self._former: list[Service] = []
        """Services that ended with a step under way."""
        self._left: tuple[str, ...] = ()
        """Steps that did not end in time when we led last."""
        self._started = utc_now()
        self._config_seen: tuple[int, int] | None = None
        self._trouble = ""
        self._differs = 0
        """How many looks in a row found that the leader goes by another configuration."""

    @property
    def in_use(self) -> App:
        """The app that is at work, with the configuration that holds."""
        return self.app if (leading := self._service) is None else leading.app

    def run(self) -> None:
        """Lead whenever nobody else does, until SIGTERM or SIGINT; a second one ends at once."""
        listen_for_signals(self.stopping, self.stop)
        self.work()
        former = (name for one in self._former for name in one.under_way)
        if left := sorted({*self._left, *former}):
            leave_behind(left, self._grace)
        log.info("stopped")

    def stop(self) -> None:
        """Finish what is under way, and lead no more."""
        self.stopping.set()
        if (leading := self._service) is not None:
            leading.stopping.set()

    def work(self) -> None:
        """Lead whenever nobody else does, until `stop` is called. Raises `StoreError` at first."""
        self._lead.leader()  # and hear what time it is there
        with SignsOfLife(
            self.app.store,
            self._clock,
            self.pulse,
            self._troubles,
            config=lambda: self.in_use.config.fingerprint,
        ) as life:
            try:
                while self._stand_by(life):
                    self._lead_on(life)
                    self.stopping.wait(TRY_EVERY.total_seconds())
            finally:
                self._lead.release()
                sign_off(self.app.config.data)

    def _stand_by(self, life: SignsOfLife) -> bool:
        """Wait until we lead; False where we are to stop instead."""
        told, beat = "", float("-inf")
        while not self.stopping.is_set():
            if self._led():
                return True
            leader = self._leader()
            if leader and leader != told:
                told, beat = leader, float("-inf")
                log.info("standing by: %s leads", leader)
            try:
                life.plays("stands by")
            except StoreError as error:
                self._tell(str(error))
            if time.monotonic() - beat >= HEARTBEAT_EVERY.total_seconds():
                beat = time.monotonic()
                with self.pulse.step("heartbeat"):
                    self._leave_a_sign(told or "another process")
                self._compare(life)
            self._config()
            self.stopping.wait(TRY_EVERY.total_seconds())
        return False

    def _led(self) -> bool:
        """Try to lead; not while a mail may be under way that we sent when we led before."""
        self._former = [one for one in self._former if one.under_way]
        if any("deliver" in one.under_way for one in self._former):
            self._tell("what was to be delivered when we led last is under way still")
            return False
        try:
            held = self._lead.attempt()
        except StoreError as error:
            self._tell(str(error))
            return False
        if not held:  # else it is seen yet whether we can lead
            self._tell("")
        return held

    def _leader(self) -> str:
        try:
            return self._lead.leader() if not self._trouble else ""
        except StoreError as error:
            self._tell(str(error))
            return ""

    def _lead_on(self, life: SignsOfLife) -> None:
        """Do the whole schedule until we are to stop or lead no more."""
        self._config()
        try:
            life.plays("leads")
            self._tell("")
            app = replace(self.app, worker=life.worker)
            leads = partial(app.store.holds_lead, self._lead.session)
            leading = Service(app, grace=self._grace, pulse=self.pulse, leads=leads)
        except WatcherError as error:
            self._tell(str(error))
            self._lead.release()
            with self.pulse.step("heartbeat"):  # it is the database that is not well
                self._leave_a_sign("another process")
            return
        self._service = leading
        if self.stopping.is_set():  # in between: it was not told
            leading.stopping.set()
        watch = threading.Thread(target=self._watch, args=(leading,), daemon=True, name="lead")
        watch.start()
        try:
            self._left = leading.work()
        except WatcherError as error:  # the database was away at the very beginning
            self._tell(str(error))
        finally:
            leading.stopping.set()
            watch.join()
            self._service = None
            self._lead.release()
        self._former.append(leading)
        self.app = replace(leading.app, worker="")
        if not self.stopping.is_set():
            if self._left:
                log.warning("under way still from when we led: %s", ", ".join(self._left))
            self._left = ()

    def _watch(self, leading: Service) -> None:
        """End a service as soon as its process leads no more."""
        try:
            while not leading.stopping.is_set():
                self._lead.wait(CHECK_EVERY.total_seconds())
                self._lead.check()
        except StoreError as error:
            if not leading.stopping.is_set():
                leading.stopping.set()  # before it is said that no step begins any more
                log.error("leading no more: %s", one_line(str(error), LINE))  # noqa: TRY400
        finally:
            leading.stopping.set()  # who does not watch any more must not lead

    def _config(self) -> None:
        """Take up a changed configuration, so that we lead by the one that holds."""
        self.app, self._config_seen = renewed(self.app, self._config_seen)

    def _compare(self, life: SignsOfLife) -> None:
        """Say when the leader begins to go by another configuration than ours, and when it ends.

        A change reaches one after the other, within 15 seconds: that is no difference.
        """
        try:
            others = otherwise(self.app.store.workers(self._clock()))
        except StoreError:
            return  # told by whatever else needs the database
        differs = any(one.id == life.worker for one in others)
        if differs and self._differs == LOOKS:
            log.warning(
                "the leader goes by another configuration than %s: keep it the same on every host",
                self.app.config.path,
            )
        elif self._differs > LOOKS and not differs:
            log.info("the leader goes by the same configuration again")
        self._differs = self._differs + 1 if differs else 0

    def _leave_a_sign(self, leader: str) -> None:
        now = utc_now()
        beat = Heartbeat(pid=os.getpid(), started=self._started, beat=now, leader=leader)
        try:
            beat.leave(self.app.config.data)
        except WatcherError as error:
            log.error("%s", error)  # noqa: TRY400

    def _troubles(self) -> str:
        leading = self._service
        return self._trouble or (leading.trouble if leading is not None else "")

    def _tell(self, trouble: str) -> None:
        """Say what keeps us from leading when it begins, changes and ends."""
        if trouble and trouble != self._trouble:
            log.error("cannot lead: %s", one_line(trouble, LINE))
        elif self._trouble and not trouble:
            log.info("the database answers again")
        self._trouble = trouble
