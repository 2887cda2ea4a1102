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
    drill = False
    """Whether it is much like another one, and left out where tests must be over soon."""
    needs = ""
    """The fixture that the world is founded on, beside a folder; empty for none."""
    page_size = SMALL_PAGE
    """Posts of a page under the fixture `small_pages`."""
    exact = True
    """Whether any text arrives as it was written; else without NUL octets."""
    any_time = True
    """Whether posts may be of any time between 1970 and 2999; else none older than a week comes."""
    dated = False
    """Whether the network says itself when it saw a post that claims to be of no time at all; else
    such a post is skipped."""

    def say(self, *posts: Said) -> None:
        raise NotImplementedError

    def reader(self) -> Reader:
        raise NotImplementedError

    def close(self) -> None:
        """Let go of servers."""


class NotHadError(Exception):
    """The network itself does not let anybody do this."""


class Society(World):
    """A network that also knows accounts: what `test_networks.py` asks of it. We are `us`.

    Accounts go by plain names here, such as `marie`; `handle` tells how the network writes them.
    What a network has not, it says by a trait: then a test holds it to what it does instead.
    """

    bare = True
    """Whether a handle may be one word; else it has a dot, and a word alone is nobody's."""
    underscores = True
    """Whether a handle may have underscores; else what has one is nobody's."""
    locks = True
    """Whether accounts can be locked; else whoever is followed is followed at once."""
    follows = True
    """Whether one can follow; else following is refused, and no relation known."""
    why_not = ""
    """What the refusal to follow says."""
    searches = True
    """Whether accounts can be searched for; else that is refused with the reason."""
    finds_names = True
    """Whether a search also looks at display names; else at handles alone."""
    accents = True
    """Whether a search takes letters with an accent for those without."""
    huge_pictures = True
    """Whether a picture may have more octets than we read; else the network takes none such."""
    suspends = True
    """Whether accounts are suspended; else nobody can be."""
    shows_suspended = True
    """Whether a suspended account is still shown; else its handle is told to be taken."""

    def reader(self) -> Network:
        raise NotImplementedError

    def handle(self, name: str) -> str:
        """Return the handle by which an account of this name is asked for."""
        return name

    def name(self, handle: str) -> str:
        """Return the name in a handle, as an account has it."""
        return handle.partition("@")[0]

    def word(self, word: str) -> str:
        """Return a word to search for, which nobody's name has but those of this world."""
        return word

    def settle(self) -> None:
        """Wait until what was written can be found."""

    def account(self, name: str, *, shown: str = "", locked: bool = False) -> str:
        """Make an account that shows itself as `shown`; return its id as `Account.id` has it."""
        raise NotImplementedError

    def show(self, name: str, picture: bytes) -> None:
        """Give an account a picture. Raises `NotHadError` where the network takes no such."""
        raise NotImplementedError

    def rename(self, name: str, new: str) -> None:
        """Give an account another handle."""
        raise NotImplementedError

    def agree(self, name: str) -> None:
        """Let an account take our request to follow it."""
        raise NotImplementedError

    def block_us(self, name: str) -> None:
        """Let an account block us."""
        raise NotImplementedError

    def suspend(self, name: str) -> None:
        """Have the network suspend an account. Raises `NotHadError` where it never does."""
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Have an account delete itself. Raises `NotHadError` where that is impossible."""
        raise NotImplementedError

    def write(self, name: str, text: str) -> None:
        """Have an account write a post, each a minute after the last one of anybody."""
        raise NotImplementedError

    def timeline(self, name: str) -> Reader:
        """Return a reader of what an account writes, of the source `here`."""
        raise NotImplementedError
