"""The one place that asks what time it is."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watcher.store import Store


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


class ServerClock:
    """The time at the database server, as last told and counted on; ours before it was told."""

    def __init__(self) -> None:
        self._at_start: datetime | None = None
        """The time at the server when `time.monotonic` was 0."""

    def learn(self, now: datetime, took: float) -> None:
        """Hear what time it was within the last `took` seconds; what agrees changes nothing."""
        likely = now.astimezone(UTC) - timedelta(seconds=time.monotonic() - took / 2)
        known = self._at_start
        if known is None or abs(likely - known) > timedelta(seconds=took / 2):
            self._at_start = likely

    def __call__(self) -> datetime:
        """Return the present moment at the server, aware, in UTC."""
        if self._at_start is None:
            return utc_now()
        return self._at_start + timedelta(seconds=time.monotonic())


def clock_of(store: "Store", ours: Callable[[], datetime]) -> Callable[[], datetime]:
    """Return the clock that counts for what lies in a store: that of its server, as told just now.

    A file goes by `ours`. Raises `StoreError` where the server does not answer.
    """
    if not store.on_server:
        return ours
    clock = ServerClock()
    store.ask_the_time(clock.learn)
    return clock
