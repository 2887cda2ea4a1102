"""Events of a stream on their way from the thread that receives them to the one that reads them."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Protocol

from watcher.backends.http.errors import explained
from watcher.backends.interface import BackendError
from watcher.clock import utc_now

MOST_EVENTS = 1000
MOST_CHARACTERS = 20_000_000
"""Of what waits: a post has 4,000."""
STALL = 1.0
"""Seconds of not reading after which a server may have thrown away what it had to send."""
STALLED = "stalled"
"""The event that tells of it."""
AGAIN = 60.0
"""Seconds between two of these: a reader that is always too slow would do nothing else."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a server sent, not looked into yet."""

    name: str
    payload: str
    received: datetime


class Wire(Protocol):
    """A connection on which events come."""

    def receive(self, take: Callable[[str, str], None]) -> None:
        """Hand over (name, payload) of each event until the connection ends; raises what it may."""
        ...

    def close(self) -> None:
        """End the connection, whoever reads from it."""
        ...


class Events:
    """A bounded queue that a thread fills from a wire; while it is full, nothing is received."""

    def __init__(self, wire: Wire, host: str) -> None:
        self._wire = wire
        self._host = host
        self._waiting: deque[Event] = deque()
        self._characters = 0
        self._stalled = 0.0
        self._told = -AGAIN
        self._over: BackendError | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"stream of {host}", daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> Event | None:
        """Return the next event, None where none comes in time.

        Raises `BackendError` where the stream is over and everything was taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._over, max(seconds, 0))
            if self._waiting:
                event = self._waiting.popleft()
                self._characters -= len(event.payload)
                self._changed.notify_all()
                return event
            if self._over:
                raise self._over
            return None

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self) -> None:
        """End the connection and its thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._wire.close()
        self._thread.join(10)

    def _run(self) -> None:
        over = BackendError(f"{self._host} ended its stream", kind="temporary")
        try:
            self._wire.receive(self._take)
        except BackendError as error:
            over = error
        except Exception as error:  # noqa: BLE001 - whatever it is, it is explained
            over = explained(error, self._host)
        finally:  # whoever waits is told in any case
            with self._changed:
                self._over = over
                self._changed.notify_all()

    def _take(self, name: str, payload: str) -> None:
        with self._changed:
            began = monotonic()
            self._changed.wait_for(lambda: self._closed or not self._full)
            waited = monotonic() - began
            if self._closed:
                raise BackendError(f"the stream of {self._host} was closed", kind="temporary")
            self._put(Event(name, payload, utc_now()))
            self._stalled += waited
            if self._stalled >= STALL and monotonic() - self._told >= AGAIN:
                self._stalled, self._told = 0.0, monotonic()
                self._put(Event(STALLED, "", utc_now()))

    @property
    def _full(self) -> bool:
        return len(self._waiting) >= MOST_EVENTS or self._characters >= MOST_CHARACTERS

    def _put(self, event: Event) -> None:
        self._waiting.append(event)
        self._characters += len(event.payload)
        self._changed.notify_all()
