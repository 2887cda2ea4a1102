"""What a worker has claimed of the log, and what it says of it when it saves it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from rules.model import Account, Post, Suspect
from watcher.store.accounts import Key, Met, Offer, add_offer
from watcher.store.queue import NOWHERE_ELSE, Places
from watcher.store.records import SavedMatches
from watcher.store.surroundings import Around

Keep = Literal["all", "matched"]
"""Which posts of the log are stored: every one, or those that something was found in."""

OriginalsOf = Callable[[str, datetime, int], Sequence[Post]]
"""What a rule found last: its name, since when, and how many at most; the oldest first."""


class Examined(NamedTuple):
    """What look-alike rules found in accounts, and where that goes."""

    suspects: Sequence[Suspect] = ()
    faint: Sequence[Suspect] = ()
    places: Places = NOWHERE_ELSE


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a worker's look-alike rules look at the accounts of a claim."""

    fingerprint: str
    """That of the rules and brands; where others are in use now, the accounts wait for these."""
    alike: Callable[[Account], bool]
    """Whether an account's names resemble a brand."""
    examine: Callable[[Sequence[Account], Around], Examined]
    """Holds accounts against the brands, by what is known beside their names too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedClaim:
    """What was really new of a claim."""

    posts: int
    """Posts that were stored, and had not been before."""
    found: SavedMatches


class Offered(NamedTuple):
    """What a row of the log tells of an account."""

    key: Key
    account: Account
    seen: datetime
    """The moment of which it tells."""
    came: datetime


def offers_of(some: Iterable[Offered]) -> dict[Key, Offer]:
    """Return what is told of each account, put together."""
    offers: dict[Key, Offer] = {}
    for one in some:
        add_offer(offers, one.account, one.seen, one.key)
    return offers


@dataclass(kw_only=True)
class Claimed:
    """The next posts of a partition, those numbered `after < number <= upto`."""

    partition: int
    after: int
    upto: int
    posts: tuple[Post, ...]
    """By their authors as they are known now; no post twice."""
    worker: str
    came: tuple[datetime, ...]
    """When each post came."""
    met: Mapping[Key, Met]
    """All accounts that came, the authors of the posts among them."""
    offered: Sequence[Offered]
    """What was told of these, as it came."""
    again: tuple[tuple[Post, datetime], ...] = ()
    """Posts that came once more, and say that they are private or have a further name."""
    damaged: Sequence[tuple[str, str, int, str]] = ()
    """What could not be read: the source, the place, how many, and why."""
