"""What is new about a suspect since it was found, or judged; and whether that is material.

A name that was judged is looked at again only when the account itself changed to the worse: its
name reads more like the brand's, it copies what it did not copy, it leads to a look-alike domain,
or it no longer says that it is a parody. That we learned to count otherwise changes nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from rules.lookalike.circumstances import log_odds
from rules.lookalike.reasons import REASONS, reason
from rules.model import Reason, Suspect

CLOSER: Final = 0.5
"""By so much, in log-odds, must a new name be more like the brand's to be worth another look."""

_LOST: Final = {
    "copied-display-name": "dropped-display-name",
    "copied-bio": "dropped-bio",
    "copied-avatar": "dropped-avatar",
    "verified": "dropped-proof",
    "marked": "mark-removed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that is new about a suspect."""

    kind: Literal["renamed", "changed"]
    why: Reason
    material: bool = False
    """Whether it brings back a suspect that was dismissed."""


def changes(before: Suspect, after: Suspect) -> tuple[Change, ...]:
    """Return what is new in `after`, a finding about the subject of `before`.

    The most telling first. Where nobody kept the signs of `before` (`likeness` is None), only its
    names are compared.
    """
    known = before.likeness is not None
    found = [*_renamed(before, after), *(_signs(before, after) if known else ())]
    return tuple(sorted(found, key=lambda change: not change.material))


def _renamed(before: Suspect, after: Suspect) -> Iterator[Change]:
    renamed = before.name != after.name
    called = before.display_name != after.display_name
    if renamed:
        why = reason("renamed", was=before.name, name=after.name)
        yield Change(kind="renamed", why=why)
    if called:
        why = reason("called", was=before.display_name, name=after.display_name)
        yield Change(kind="renamed", why=why)
    if (renamed or called) and _gained(before, after) >= CLOSER:
        yield Change(kind="changed", why=reason("closer", brand=after.brand), material=True)


def _gained(before: Suspect, after: Suspect) -> float:
    """Return by how much, in log-odds, the names became more like the brand's."""
    if before.likeness is None or after.likeness is None:
        return 0.0
    return log_odds(after.likeness) - log_odds(before.likeness)


def _signs(before: Suspect, after: Suspect) -> Iterator[Change]:
    for sign in after.signs:
        if sign not in before.signs and (why := _told(sign, after)) is not None:
            worse = sign.startswith(("copied-", "links:"))
            yield Change(kind="changed", why=why, material=worse)
    for sign in before.signs:
        if sign not in after.signs:
            kind, _, domain = sign.partition(":")
            if kind == "links":
                yield Change(kind="changed", why=reason("dropped-link", domain=domain))
            elif kind in _LOST:
                yield Change(kind="changed", why=reason(_LOST[kind]), material=kind == "marked")


def _told(sign: str, suspect: Suspect) -> Reason | None:
    """Return the sentence by which the evidence tells of a sign."""
    kind, _, domain = sign.partition(":")
    if kind == "links":
        return reason("lookalike-link", domain=domain)
    if kind == "posts":
        return reason("began")
    wanted = {
        REASONS[name]
        for name in {"verified": ("same-owner",), "marked": ("marked", "marked-in-vain")}.get(
            kind, (kind,)
        )
    }
    return next((why for why in suspect.evidence if why.template in wanted), None)
