"""Everything that a bundle of evidence tells, in one value. All times are aware."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from rules.lookalike import Aligned
from rules.model import Account, Brand, Post
from watcher.store import AccountForm, SeenPost, Sighting, SuspectEvent, SuspectRecord

NameKind = Literal["handle", "display_name", "domain"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NamePair:
    """One name of a suspect beside the spelling of the brand that it resembles most."""

    kind: NameKind
    brand: str
    name: str
    score: float
    alike: bool
    """Whether it resembles the brand at all; where not, laying it beside it says nothing."""
    columns: tuple[Aligned, ...]
    """Both names one above the other: the first `names.MOST_COLUMNS` columns."""
    left_out: int
    """How many columns follow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Own:
    """An account that the brand says is its own."""

    written: str
    """As the configuration names it: `acme` or `mastodon:acme`."""
    account: Account | None
    """What is known of it on the suspect's network; None where it was never seen there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One suspect."""

    record: SuspectRecord
    brand: Brand
    names: tuple[NamePair, ...] = ()
    own: tuple[Own, ...] = ()
    former: tuple[AccountForm, ...] = ()
    """How the account presented itself before, newest first."""
    history: tuple[SuspectEvent, ...] = ()
    """Oldest first."""
    sightings: tuple[Sighting, ...] = ()
    posts: tuple[SeenPost, ...] = ()
    """Copies, in the order of writing; `record.posts` tells how many there are in all."""
    private: int = 0
    """How many of them all are private, and never copied."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What a bundle holds."""

    made: datetime
    zone: ZoneInfo
    """The zone of the times that people read."""
    program: str
    """What made it, with its version."""
    cases: tuple[Case, ...]

    @property
    def brands(self) -> tuple[Brand, ...]:
        """The brands that the suspects look like, in the order of the first of each."""
        return tuple({case.brand.name: case.brand for case in self.cases}.values())


def fingerprint(post: Post) -> str:
    """Return the SHA-256 of a post's text in UTF-8, in hexadecimal."""
    return hashlib.sha256(post.text.encode("utf-8", "surrogatepass")).hexdigest()
