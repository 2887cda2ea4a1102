"""A page that waits for others is made once at a time: a database that hangs holds one request."""

import threading
import time
from collections.abc import Callable

from watcher.metrics.server import Page

RECENT = 10.0
"""Seconds for which an answer serves those who ask while the next one is made."""
WAIT = 2.0
"""Seconds that they wait for it where there is no recent one."""


class OneAtATime:
    """Makes a page for one request; who asks meanwhile is given that answer or the one before."""

    def __init__(self, make: Callable[[], Page], late: Callable[[float], Page]) -> None:
        """`late` tells what is said where the page has been in the making for so many seconds."""
        self._make, self._late = make, late
        self._changed = threading.Condition()
        self._began: float | None = None
        self._made = 0.0
        self._page: Page | None = None

    def __call__(self) -> Page:
        """Return the page; whatever making it raises goes to who made it."""
        with self._changed:
            if self._began is not None:
                return self._of_another(self._began)
            self._began = time.monotonic()
        page = None
        try:
            page = self._make()
        finally:
            with self._changed:
                self._began = None
                if page is not None:
                    self._page, self._made = page, time.monotonic()
                self._changed.notify_all()
        return page

    def _of_another(self, began: float) -> Page:
        """Return what somebody else had made, without making another."""
        if not self._is_recent():
            self._changed.wait_for(self._is_recent, WAIT)
        if self._page is None or not self._is_recent():
            return self._late(time.monotonic() - began)
        return self._page

    def _is_recent(self) -> bool:
        return self._page is not None and time.monotonic() - self._made <= RECENT
