"""A stream of this process: numbered posts, as fast as they are taken, at any pace.

`install` makes every archive source a stream of it. As a program it is a service over one, to be
killed: `python -m tests.fake_stream watcher.toml POSTS`.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rules.model import Account, Post
from watcher.app import App
from watcher.backends import ArchiveSource
from watcher.backends.interface import BackendError, Page
from watcher.config import load
from watcher.presence import alone
from watcher.service import Service

AUTHORS = 500
OVERLAP = 7
"""So many posts before the cursor a stream repeats when it is opened again."""


def numbered(number: int, text: str = "", at: datetime | None = None) -> Post:
    """Return the post with this number."""
    author = Account(network="river", id=str(number % AUTHORS), handle=f"marie{number % AUTHORS}")
    return Post(
        network="river",
        id=f"n{number}",
        author=author,
        text=text or f"remark {number} about {'nordelia' if number % 100 == 0 else 'the sea'}",
        posted_at=at or datetime.now(UTC),
    )


@dataclass
class FakeStream:
    """What is behind the sources: who writes, and what goes wrong."""

    posts: int = 0
    """How many there are; more may be added while it is read."""
    page: int = 250
    texts: dict[int, str] = field(default_factory=dict)
    broken: BackendError | None = None
    """Raised instead of the next page, until it is taken away."""
    deaf: threading.Event | None = None
    """Where given, the stream does not end before this is set."""
    behind: timedelta = timedelta()
    opened: int = 0
    taken: int = 0
    """Posts handed out, repeated ones included."""
    pages_once: tuple[Page, ...] = ()
    """Handed out first."""

    def live(self, cursor: str | None, stop: Callable[[], bool]) -> Iterator[Page]:
        """See `watcher.backends.interface.Stream`."""
        self.opened += 1
        at = int(cursor or 0)
        first = max(0, at - OVERLAP)
        while not stop():
            if self.deaf is not None:
                self.deaf.wait(60)
            if self.broken is not None:
                raise self.broken
            if self.pages_once:
                page, *others = self.pages_once
                self.pages_once = tuple(others)
                yield page
                continue
            end = min(self.posts, at + self.page)
            found = tuple(numbered(n, self.texts.get(n, "")) for n in range(first, end))
            self.taken += len(found)
            yield Page(posts=found, cursor=str(end), more=True, behind=self.behind)
            first = at = end
            if end == self.posts:
                time.sleep(0.005)  # the next one is written some day

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """See `watcher.backends.interface.Reader`."""
        for page in self.live(cursor, lambda: False):
            yield page
            if int(page.cursor) >= self.posts:
                return

    def check(self) -> str:
        """See `watcher.backends.interface.Reader`."""
        return "flows"

    def close(self) -> None:
        """Nothing is held open."""


def main() -> None:
    """Run a service over a stream of so many posts."""
    logging.basicConfig(level=logging.INFO)
    stream = FakeStream(posts=int(sys.argv[2]))
    ArchiveSource.stream = True  # type: ignore[attr-defined]
    ArchiveSource.open = lambda *_, **__: stream  # type: ignore[method-assign,assignment]
    config = load(Path(sys.argv[1]))
    with alone(config.data, config.store_url), App.open(config) as app:
        Service(app).run()


if __name__ == "__main__":
    main()
