"""The network, with a stream as the source of its posts."""

from collections.abc import Callable, Iterator
from datetime import datetime

from watcher.backends.bluesky.live import LiveStream
from watcher.backends.bluesky.network import BlueskyNetwork
from watcher.backends.bluesky.source import STREAMS, BlueskySource
from watcher.backends.bluesky.streams import Dialect, Jetstream, Repositories
from watcher.backends.http.errors import host_of
from watcher.backends.interface import Page
from watcher.clock import utc_now


class BlueskyStream(BlueskyNetwork):
    """Posts come from `source.url`; accounts are asked for at `source.server`."""

    def __init__(self, source: BlueskySource, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Nothing is opened yet."""
        super().__init__(source, clock=clock)
        dialect: Dialect = Jetstream() if source.query == "jetstream" else Repositories()
        base = (source.url or STREAMS[source.query]).rstrip("/")
        self._live = LiveStream(
            base,
            dialect,
            reading={"query": source.query, "at": host_of(base)},
            keep=source.keep,
            people=self.profiles if source.names else None,
            resolve=self._id_of,
            from_oldest=source.begin == "oldest",
            contact=source.contact,
            source=source.name,
            clock=clock,
        )

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield what the stream has since `cursor`, up to the present."""
        return self._live.pages(cursor)

    def live(self, cursor: str | None, stop: Callable[[], bool]) -> Iterator[Page]:
        """Yield pages as posts come, a page at least every second, until `stop()`."""
        return self._live.live(cursor, stop)

    def check(self) -> str:
        """Connect to the stream, and let go."""
        return self._live.check()
