"""A channel that proposes accounts to follow, and follows those that were approved."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rules.errors import Problem

CLAUSES = ("addressed-us", "spoke-of-brand")
"""The clauses of the follow policy, strongest first; `alerts.follow` tells what they mean."""

MOST_PER_DAY = 100
"""Networks allow more (Mastodon: 400); people and moderators do not."""


@dataclass(frozen=True, kw_only=True)
class AutoFollow:
    """A `[[channels]]` table with `kind = "follow"`."""

    name: str
    """What rules write in `then`."""
    kind: Literal["follow"] = "follow"
    source: str
    """The source whose account follows; one that knows accounts."""
    who: tuple[str, ...] = CLAUSES
    """Whom to propose: `addressed-us` (mentioned one of our accounts or answered it),
    `spoke-of-brand` (wrote a post that the rule found)."""
    per_day: int = 10
    """At most so many follows in 24 hours."""
    minutes_between: int = 10
    """At least so many minutes between two follows."""
    min_followers: int = 0
    """Only accounts with so many followers; unknown counts as enough."""
    min_age_days: int = 30
    """Only accounts at least so old; unknown counts as old enough."""
    automatic: tuple[str, ...] = ()
    """Rules whose proposals need nobody's approval. All others wait for
    `watcher follows approve`."""
    dry_run: bool = True
    """Follow nobody: `watcher follows run` says whom it would follow."""

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        if not self.who:
            yield Problem(
                code="no-clause",
                message="no account would ever be proposed",
                path=("who",),
                help="choose from " + ", ".join(CLAUSES),
            )
        for position, clause in enumerate(self.who):
            if clause not in CLAUSES:
                yield Problem(
                    code="bad-clause",
                    message=f'"{clause[:40]}" is not something an account can have done',
                    path=("who", position),
                    help="choose from " + ", ".join(CLAUSES),
                )
        bounds = (
            ("per_day", self.per_day, 1, MOST_PER_DAY),
            ("minutes_between", self.minutes_between, 0, 24 * 60),
            ("min_followers", self.min_followers, 0, 10**9),
            ("min_age_days", self.min_age_days, 0, 36500),
        )
        for key, value, low, high in bounds:
            if not low <= value <= high:
                yield Problem(
                    code="out-of-range",
                    message=f"{key} lies between {low} and {high}",
                    path=(key,),
                )
