"""When: the only module that knows APScheduler. One instance per data folder; stops with grace."""

import json
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from filelock import FileLock, Timeout

from rules.errors import WatcherError
from watcher import pipeline
from watcher.app import App, make_private
from watcher.backends import AnySource
from watcher.config import ConfigError, load

log = logging.getLogger("watcher")

MATCH_EVERY = timedelta(seconds=2)
INDEX_EVERY = timedelta(seconds=60)
PLAN_EVERY = timedelta(seconds=10)
DELIVER_EVERY = timedelta(seconds=5)
CONFIG_EVERY = timedelta(seconds=5)
HEARTBEAT_EVERY = timedelta(seconds=10)
FORGET_EVERY = timedelta(hours=6)
MOST_PULLS_AT_ONCE = 10


class BusyError(WatcherError):
    """Another instance works on the same data folder."""


class HeartbeatError(WatcherError):
    """`watcher status` cannot be told that the service is alive."""


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the data folder for this process. Raises `BusyError` when another one holds it."""
    make_private(data)
    lock = FileLock(data / "watcher.lock", blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        beat = last_heartbeat(data)
        who = f"process {beat.pid}" if beat else "another process"
        raise BusyError(
            f"{who} is already watching with the data in {data}",
            help="`watcher status` shows it; stop it first, or use another `data` folder",
        ) from error
    except OSError as error:
        raise BusyError(
            f"the data folder {data} cannot be locked: {error.strerror}",
            help="make the folder writable for this user",
        ) from error
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """A sign of life that a running service leaves in its data folder."""

    pid: int
    started: datetime
    beat: datetime


def last_heartbeat(data: Path) -> Heartbeat | None:
    """Return the last sign of life; None when no service runs or it was stopped with grace."""
    try:
        stored = json.loads((data / "service.json").read_text())
        return Heartbeat(
            pid=int(stored["pid"]),
            started=datetime.fromisoformat(stored["started"]),
            beat=datetime.fromisoformat(stored["beat"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Service:
    """The watcher at work: every step of the walk at its own pace until it is told to stop."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stopping = threading.Event()
        self._started = app.clock()
        self._config_seen = _stamp(app.config.path)
        pool = ThreadPoolExecutor(
            min(len(app.config.sources), MOST_PULLS_AT_ONCE) + len(self._steps())
        )
        # The schedule is config, the state is ours: jobs live in memory, a late one runs once.
        self._scheduler = BackgroundScheduler(
            executors={"default": pool},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        # Its warnings ("maximum number of running instances reached") are our normal case.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then finish what is under way; a second one ends at once.

        What is under way when the process dies is taken up again at the next start.
        """
        self._listen_for_signals()
        uncertain = self.app.store.abandon_claims(self.app.clock())
        if uncertain:
            log.warning("%d deliveries were under way when the last run ended", uncertain)
        for name, every, step in self._steps():
            self._add(name, every, partial(self._guard, name, step))
        self._add_pulls()
        self._scheduler.start()
        log.info("watching %d sources", len(self.app.config.sources))
        self.stopping.wait()
        log.info("stopping: finishing what is under way")
        self._scheduler.shutdown(wait=True)
        (self.app.config.data / "service.json").unlink(missing_ok=True)

    def _steps(self) -> list[tuple[str, timedelta, Callable[[], object]]]:
        return [
            ("match", MATCH_EVERY, self._match),
            ("index", INDEX_EVERY, lambda: pipeline.index(self.app)),
            ("plan", PLAN_EVERY, self._plan),
            ("deliver", DELIVER_EVERY, lambda: pipeline.deliver(self.app)),
            ("follow", PLAN_EVERY, lambda: pipeline.follow(self.app)),
            ("forget", FORGET_EVERY, lambda: pipeline.forget(self.app)),
            ("config", CONFIG_EVERY, self._reload),
            ("heartbeat", HEARTBEAT_EVERY, self._beat),
        ]

    def _add(self, name: str, every: timedelta, job: Callable[[], object]) -> None:
        self._scheduler.add_job(
            job,
            "interval",
            seconds=every.total_seconds(),
            id=name,
            next_run_time=self.app.clock(),
            replace_existing=True,
        )

    def _add_pulls(self) -> None:
        for source in self.app.config.sources:
            if source.enabled:
                pull = partial(self._guard, f"pull {source.name}", partial(self._pull, source))
                self._add(f"pull {source.name}", source.interval, pull)

    def _pull(self, source: AnySource) -> None:
        pulled = pipeline.pull(self.app, source, stop=self.stopping.is_set)
        if pulled.error:
            log.warning("%s: %s", source.name, pulled.error)
        if pulled.new:
            log.info("%s: %d new posts", source.name, pulled.new)
            self._soon("match")

    def _match(self) -> None:
        matched = pipeline.match(self.app)
        if matched.matches or matched.suspects:
            log.info("%d matches, %d new suspects", matched.matches, matched.suspects)
            self._soon("plan")

    def _plan(self) -> None:
        planned = pipeline.plan(self.app)
        for one in planned:
            if one.mails:
                log.info("%s: a digest for %d recipients", one.channel, one.mails)
        if any(one.mails for one in planned):
            self._soon("deliver")

    def _soon(self, name: str) -> None:
        """Let a step run at once instead of at its next turn: there is something for it."""
        if not self.stopping.is_set():
            self._scheduler.modify_job(name, next_run_time=self.app.clock())

    def _guard(self, name: str, step: Callable[[], object]) -> None:
        """Run a step so that whatever it raises is said and stops nothing else."""
        try:
            step()
        except WatcherError as error:
            log.error("%s: %s%s", name, error, f" ({error.help})" if error.help else "")  # noqa: TRY400
        except Exception:  # the outermost boundary of a job: nothing else may stop because of it
            log.exception("%s: an error in the watcher itself; the step runs again", name)

    def _reload(self) -> None:
        """Take up a changed configuration; keep the old one while the new one is broken."""
        path = self.app.config.path
        stamp = _stamp(path)
        if stamp == self._config_seen:
            return
        self._config_seen = stamp
        try:
            app = self.app.reconfigured(load(path))
        except (ConfigError, WatcherError) as error:
            log.error("the changed configuration is not used:\n%s", error)  # noqa: TRY400
            return
        for source in self.app.config.sources:
            if self._scheduler.get_job(f"pull {source.name}"):
                self._scheduler.remove_job(f"pull {source.name}")
        self.app = app
        self._add_pulls()
        log.info("the changed configuration is in use")

    def _beat(self) -> None:
        data = self.app.config.data
        fresh = data / "service.json.new"
        beat = {
            "pid": os.getpid(),
            "started": self._started.isoformat(),
            "beat": self.app.clock().isoformat(),
        }
        try:
            fresh.write_text(json.dumps(beat))
            fresh.replace(data / "service.json")
        except OSError as error:
            raise HeartbeatError(f"no sign of life can be written: {error.strerror}") from error

    def _listen_for_signals(self) -> None:
        def stop(signum: int, _frame: object) -> None:
            if self.stopping.is_set():
                os._exit(128 + signum)
            self.stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
