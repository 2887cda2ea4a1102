"""A network as seen from outside: what the contract asks of each."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from watcher.backends.interface import Reader

FOUNDED = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SMALL_PAGE = 4


@dataclass(frozen=True)
class Said:
    text: str
    author: str = "marie"
    at: datetime = FOUNDED


class World:
    """A network as seen from outside."""

    path: Path
    page_size = SMALL_PAGE
    """Posts of a page under the fixture `small_pages`."""
    exact = True
    """Whether any text arrives as it was written, octet for octet."""
    any_time = True
    """Whether posts may be of any time between 1970 and 2999."""

    def say(self, *posts: Said) -> None:
        raise NotImplementedError

    def reader(self) -> Reader:
        raise NotImplementedError

    def close(self) -> None:
        """Let go of servers."""
