"""How many mails a server is given a minute. Knows no clock: time and sleep are handed in."""

import threading
import time
from collections.abc import Callable


class Pace:
    """Spreads mails evenly, so that no minute holds more than `per_minute`; 0 sets no limit.

    Evenly, not in bursts: no wait is longer than a minute divided by the limit, and a stop of the
    watcher waits no longer than that. It counts what this process sends.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._every = 60 / per_minute if per_minute else 0.0
        self._now = now
        self._sleep = sleep
        self._next = float("-inf")
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next mail may leave."""
        if not self._every:
            return
        with self._lock:
            now = self._now()
            turn = max(now, self._next)
            self._next = turn + self._every
        if turn > now:
            self._sleep(turn - now)
