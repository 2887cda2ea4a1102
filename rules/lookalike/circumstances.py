"""What is known of an account or a domain beside its name, and how that moves a score.

Each fact adds to or takes from the log-odds of the name's score, as each observation of the name
itself does. The weights are set by judgement: no data at hand says of accounts both how they stood
to a brand and what they were. So they are round, and a fact that many honest accounts share (being
young) weighs so little that it raises nobody by itself.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from rules.lookalike.reasons import reason
from rules.lookalike.techniques import ordered
from rules.model import Reason, Suspect

COPIES_AVATAR: Final = 2.5
COPIES_BIO: Final = 2.0
COPIES_DISPLAY_NAME: Final = 0.7
"""Little, for the display name was read already, and raised the score if it is the brand's."""
LEADS_TO_LOOKALIKE: Final = 2.5
ANSWERS: Final = 1.5
YOUNG: Final = 0.5
YOUNG_UNTIL: Final = timedelta(days=30)
VERIFIED: Final = -7.0
"""Proof, not opinion: it outweighs a name that is the brand's letter by letter."""
MARKED: Final = -4.5
ESTABLISHED: Final = -1.0
ESTABLISHED_FROM: Final = timedelta(days=3 * 365)
ESTABLISHED_FOLLOWERS: Final = 1000
_CERTAIN: Final = 4.6
"""A name may be the brand's beyond all doubt; whose account it is, it does not say so surely. What
speaks for an account is held against no more than this: a score of 0.99."""
_MOST_TOLD: Final = 3
"""Domains of one account that are told by name."""
_LARGEST: Final = 9.0
"""Log-odds at which a score counts as certain; its logarithm would be infinite."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What is known beside the name. A fact that nobody could look at is as if it were not so."""

    copies_display_name: str = ""
    """The brand's own account whose display name it bears under another handle."""
    copies_bio: str = ""
    """The brand's own account whose bio it repeats, or nearly so."""
    copies_avatar: str = ""
    """The brand's own account whose picture it shows, or nearly so."""
    age: timedelta | None = None
    """How old the account was when it was seen last; None where nobody told."""
    followers: int | None = None
    lookalike_links: tuple[str, ...] = ()
    """Domains that look like the brand's and that its bio, url or posts lead to; sorted."""
    posts: bool = False
    """Whether it writes posts: many an account is made long before it is used."""
    answers: int = 0
    """Accounts that had addressed the brand, and that it answered or mentioned since."""
    verified: str = ""
    """The brand's domain that the network found to link back to the account, or the brand's own
    account that names it as verified: proof of a common owner."""
    marked: str = ""
    """The words by which it says that it is a parody, a fan's or not official."""

    @property
    def is_telling(self) -> bool:
        """Whether something holds that may raise a name too faint to be raised by itself."""
        copied = self.copies_avatar or self.copies_bio or self.copies_display_name
        return bool(copied or self.lookalike_links or self.answers)

    @property
    def signs(self) -> tuple[str, ...]:
        """What holds, by names that stay the same; being young, which passes, is none."""
        held = (
            ("copied-display-name", self.copies_display_name),
            ("copied-bio", self.copies_bio),
            ("copied-avatar", self.copies_avatar),
            ("posts", self.posts),
            ("answers", self.answers),
            ("verified", self.verified),
            ("marked", self.marked),
        )
        links = (f"links:{domain}" for domain in self.lookalike_links)
        return (*(sign for sign, holds in held if holds), *links)


def weigh(known: Circumstances) -> tuple[Reason, ...]:
    """Return a reason, with its weight in log-odds, for each circumstance that moves a score."""
    return (*_against(known), *_for(known))


def judged(suspect: Suspect, known: Circumstances) -> Suspect:
    """Return a suspect found by its name with what is known beside it taken into account.

    The score of the name alone stays as `likeness`; `evidence` is all of it, strongest first.
    """
    likeness = suspect.score if suspect.likeness is None else suspect.likeness
    reasons = weigh(known)
    odds = log_odds(likeness)
    if any(why.weight < 0 for why in reasons):
        odds = min(odds, _CERTAIN)
    evidence = sorted((*suspect.evidence, *reasons), key=lambda why: -abs(why.weight))
    copied = {sign for sign in known.signs if sign.startswith("copied-")}
    return replace(
        suspect,
        score=expit(odds + sum(why.weight for why in reasons)) if reasons else likeness,
        techniques=ordered({*suspect.techniques, *copied}) if copied else suspect.techniques,
        evidence=tuple(evidence),
        likeness=likeness,
        signs=known.signs,
    )


def log_odds(score: float) -> float:
    """Return a score from 0 to 1 as log-odds, between -9 and 9."""
    if not 0 < score < 1:
        return math.copysign(_LARGEST, score - 0.5)
    return max(-_LARGEST, min(_LARGEST, math.log(score / (1 - score))))


def expit(odds: float) -> float:
    """Return log-odds as a score from 0 to 1."""
    return 1 / (1 + math.exp(-odds))


def _against(known: Circumstances) -> Iterator[Reason]:
    """Yield what speaks for an impostor."""
    for kind, own, weight in (
        ("copied-avatar", known.copies_avatar, COPIES_AVATAR),
        ("copied-bio", known.copies_bio, COPIES_BIO),
        ("copied-display-name", known.copies_display_name, COPIES_DISPLAY_NAME),
    ):
        if own:
            yield replace(reason(kind, own=own), weight=weight)
    domains = known.lookalike_links[:_MOST_TOLD]
    for domain in domains:  # one of them says it all; several are told, and weigh together as one
        yield replace(
            reason("lookalike-link", domain=domain), weight=LEADS_TO_LOOKALIKE / len(domains)
        )
    if known.answers:
        yield replace(reason("answers", count=str(known.answers)), weight=ANSWERS)
    if known.age is not None and timedelta(0) <= known.age < YOUNG_UNTIL:
        yield replace(reason("young", count=str(known.age.days)), weight=YOUNG)


def _for(known: Circumstances) -> Iterator[Reason]:
    """Yield what speaks for an honest account."""
    if known.verified:
        yield replace(reason("same-owner", own=known.verified), weight=VERIFIED)
    if known.marked:
        # Whoever shows the brand's own picture, or leads people astray, only says so.
        masked = known.copies_avatar or known.lookalike_links
        why = reason("marked-in-vain" if masked else "marked", said=known.marked)
        yield replace(why, weight=0.0 if masked else MARKED)
    followers = known.followers or 0
    age = known.age or timedelta(0)
    if age >= ESTABLISHED_FROM and followers >= ESTABLISHED_FOLLOWERS:
        years = str(age.days // 365)
        why = reason("established", years=years, followers=str(followers))
        yield replace(why, weight=ESTABLISHED)
