"""A network as seen from outside: what the contract asks of each."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from watcher.backends.interface import Network, Reader

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


class Society(World):
    """A network that also knows accounts: what `test_networks.py` asks of it. We are `us`."""

    def reader(self) -> Network:
        raise NotImplementedError

    def account(self, handle: str, *, name: str = "", locked: bool = False) -> str:
        """Make an account; return its id as `Account.id` has it."""
        raise NotImplementedError

    def show(self, handle: str, picture: bytes) -> None:
        """Give an account a picture."""
        raise NotImplementedError

    def rename(self, handle: str, new: str) -> None:
        """Give an account another handle."""
        raise NotImplementedError

    def agree(self, handle: str) -> None:
        """Let an account take our request to follow it."""
        raise NotImplementedError

    def block_us(self, handle: str) -> None:
        """Let an account block us."""
        raise NotImplementedError
