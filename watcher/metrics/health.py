"""Whether the process is well (`/healthz`), and ready for its work (`/readyz`).

A process that is not well should be started again: nothing else helps. One that is not ready should
be left alone, and looked at: its database is away, or its configuration has mistakes.
"""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rules.errors import WatcherError
from watcher.app import App
from watcher.config import load
from watcher.metrics.server import Page
from watcher.pulse import Pulse

SILENT = 120.0
"""Seconds without the end of any step, after which the process hangs: some end every ten."""
STUCK = 1800.0
"""Seconds that a step which is always short may be under way."""
SHORT = {"match", "plan", "heartbeat", "config", "work"}
"""Steps that no amount of posts makes long: they stop between two batches."""


class Health:
    """Answers whether this process is well and ready."""

    def __init__(self, path: Path, app: Callable[[], App], pulse: Pulse) -> None:
        self._path, self._app, self._pulse = path, app, pulse
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._mistake = ""

    def alive(self) -> Page:
        """Return 200, or 503 where no step ends any more or one is stuck."""
        return _page(self.stuck())

    def ready(self) -> Page:
        """Return 200, or 503 with what is in the way of work."""
        wrong = []
        if not self.database_answers():
            wrong.append("the database does not answer")
        if not self.config_is_valid():
            wrong.append(f"the configuration has mistakes: {self._mistake}")
        if not self._pulse.role:
            wrong.append("not at work yet")
        return _page(wrong, role=self._pulse.role)

    def late(self, seconds: float) -> Page:
        """Return what is said while `ready` has been waiting for so long."""
        return _page([f"the database has not answered for {seconds:.0f} s"], role=self._pulse.role)

    def stuck(self) -> list[str]:
        """Return what does not go on, in words; empty where all is well."""
        now = time.monotonic()
        steps = self._pulse.steps()
        ended = max((step.ended or 0.0 for step in steps.values()), default=0.0)
        wrong = []
        if now - max(ended, self._pulse.began) > SILENT:
            wrong.append(f"no step has ended for {now - max(ended, self._pulse.began):.0f} s")
        for name in sorted(SHORT & set(steps)):
            began = steps[name].began
            if began is not None and now - began > STUCK:
                wrong.append(f"{name} is under way for {now - began:.0f} s")
        return wrong

    def database_answers(self) -> bool:
        """Whether the database can be read at this moment."""
        return self._app().store.answers()

    def config_is_valid(self) -> bool:
        """Whether the configuration could be taken up as it stands; read again when it changes."""
        with self._lock:
            try:
                status = self._path.stat()
            except OSError as error:
                self._seen, self._mistake = None, f"{error.strerror}"
                return False
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._seen:
                self._seen, self._mistake = stamp, self._reading()
            return not self._mistake

    def _reading(self) -> str:
        try:
            load(self._path)
        except WatcherError as error:
            return error.message.partition("\n")[0][:300]
        return ""


def _page(wrong: list[str], **more: str) -> Page:
    said = {"status": "not well" if wrong else "ok", **more} | ({"wrong": wrong} if wrong else {})
    return Page(body=json.dumps(said) + "\n", status=503 if wrong else 200)
