"""What a digest is made of: posts in groups, and how each source was watched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from alerts.model import Coverage
from rules.model import Match, Post, Reason

Watch = Literal["watched", "partly", "blind"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A post to show, standing for all that say the same."""

    post: Post
    matches: tuple[Match, ...]
    """Its own matches, that of the rule it is listed under first."""
    also: tuple[str, ...] = ()
    """Other rules that found it or a copy of it."""
    copies: int = 0
    """Further posts that say the same."""
    voices: int = 1
    """Accounts that say it, this post's author included."""
    own: bool = False
    """It comes from an account of a configured brand."""
    why: tuple[Reason, ...] = ()
    """Why it matters, the weightiest first: beside what the rules found in it."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """The number of each match of it, by its rule."""
    weight: float = 0.0

    @property
    def number(self) -> int | None:
        """The number of the match it is listed for; None where it is not stored."""
        return self.numbers.get(self.matches[0].rule) if self.matches else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """What one rule found, most important first."""

    rule: str
    items: tuple[Item, ...]
    more: int = 0
    """Posts listed under this rule that are not shown."""
    found: int = 0
    """Posts that the rule found, wherever they are listed."""
    elsewhere: int = 0
    """Those of them that are listed under other rules, which say more about them."""

    @property
    def posts(self) -> int:
        """All posts listed under this rule, shown or not, copies included."""
        return sum(item.copies + 1 for item in self.items) + self.more


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """How one source was watched: `partly` and `blind` mean that posts may be missing."""

    coverage: Coverage
    state: Watch
    missed: timedelta
    """How much of the period lies in gaps."""
