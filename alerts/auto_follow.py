"""A channel that proposes accounts to follow, and follows those that were approved."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.channels.digest_channel import Quiet
from rules.errors import Problem
from rules.language.vocabulary import LANGUAGES

CLAUSES = ("addressed-us", "seed", "talks-with-seeds", "came-back", "spoke-of-brand")
"""What speaks for following an account, strongest first; `alerts.follow.clauses` has the words."""

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
    """Whom to propose, the strongest first: `addressed-us` (mentioned one of our accounts or
    answered it), `seed` (one of `seeds`), `talks-with-seeds` (one of those mentioned or answered
    it), `came-back` (wrote what the rules found on two days or more), `spoke-of-brand` (wrote one
    post that a rule found)."""
    seeds: tuple[str, ...] = ()
    """Players of the sector, as handles: `["@guild@town.example"]`."""
    per_day: int = 10
    """At most so many follows in 24 hours."""
    per_hour: int = 3
    """At most so many follows in an hour."""
    minutes_between: int = 10
    """At least so many minutes between two follows."""
    jitter: int = 5
    """Up to so many minutes more between two follows, at random."""
    warm_up_days: int = 14
    """So many days from the first follow on, less than `per_day` are followed."""
    warm_up_from: int = 2
    """How many a day at the beginning."""
    quiet: Quiet | None = None
    """Hours in which nobody is followed."""
    timezone: str = ""
    """The zone of the quiet hours; empty means that of the whole configuration."""
    open: int = 50
    """At most so many proposals wait for a decision; the best come first, the others wait."""
    expire_days: int = 30
    """After so many days a proposal that nobody decided is closed."""
    min_followers: int = 0
    """Only accounts with so many followers; unknown counts as enough."""
    min_age_days: int = 30
    """Only accounts at least so old; unknown counts as old enough."""
    dormant_days: int = 90
    """Nobody who has written nothing for so many days, as far as is known; 0 asks for nothing."""
    languages: tuple[str, ...] = ()
    """Only people who write in one of these languages, `["fr"]`; unknown counts. Empty: any."""
    regions: tuple[str, ...] = ()
    """Only people from here, as profiles say: countries (`"FR"` stands for the flag too) and names
    of places (`"Lyon"`). A profile that says nothing counts. Empty: anywhere."""
    locked: bool = False
    """Propose accounts that choose their followers too; following one is asking."""
    competitors: bool = False
    """Propose the own accounts of competitors too."""
    automatic: tuple[str, ...] = ()
    """Rules whose proposals need nobody's approval, as far as the network and the policy let them:
    one post alone is never enough. All others wait for `watcher follows approve`."""
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
        yield from self._bound_problems()
        yield from self._time_problems()
        for position, language in enumerate(self.languages):
            if language not in LANGUAGES:
                yield Problem(
                    code="bad-language",
                    message=f'"{language[:40]}" is not the code of a language',
                    path=("languages", position),
                    help='two letters: "en", "fr"',
                )
        if "seed" not in self.who and "talks-with-seeds" not in self.who and self.seeds:
            yield Problem(
                code="without-effect",
                message="`seeds` changes nothing: `who` names neither seed nor talks-with-seeds",
                path=("seeds",),
                help="leave it out, or add one of them to `who`",
                severity="warning",
            )

    def _bound_problems(self) -> Iterator[Problem]:
        bounds = (
            ("per_day", self.per_day, 1, MOST_PER_DAY),
            ("per_hour", self.per_hour, 1, MOST_PER_DAY),
            ("minutes_between", self.minutes_between, 0, 24 * 60),
            ("jitter", self.jitter, 0, 24 * 60),
            ("warm_up_days", self.warm_up_days, 0, 365),
            ("warm_up_from", self.warm_up_from, 1, MOST_PER_DAY),
            ("open", self.open, 1, 1000),
            ("expire_days", self.expire_days, 1, 365),
            ("min_followers", self.min_followers, 0, 10**9),
            ("min_age_days", self.min_age_days, 0, 36500),
            ("dormant_days", self.dormant_days, 0, 36500),
        )
        for key, value, low, high in bounds:
            if not low <= value <= high:
                yield Problem(
                    code="out-of-range",
                    message=f"{key} lies between {low} and {high}",
                    path=(key,),
                )

    def _time_problems(self) -> Iterator[Problem]:
        if self.timezone and not is_zone(self.timezone):
            yield Problem(
                code="bad-timezone",
                message=f'"{self.timezone[:60]}" is not a time zone',
                path=("timezone",),
                help="write an IANA name such as Europe/Paris",
            )
        for position, seed in enumerate(self.seeds):
            if not seed.strip().strip("@") or any(character.isspace() for character in seed):
                yield Problem(
                    code="bad-handle",
                    message=f'"{seed[:40]}" is not a handle',
                    path=("seeds", position),
                    help='seeds = ["@guild@town.example"]',
                )


def is_zone(name: str) -> bool:
    """Whether this is the IANA name of a zone that is known here."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
