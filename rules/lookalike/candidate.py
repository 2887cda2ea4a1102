"""A name under suspicion, taken apart once and held against many patterns."""

import math
import re
from dataclasses import replace
from functools import cached_property
from typing import Final, NamedTuple

from rules.lookalike.align import align, reaches
from rules.lookalike.forms import LONGEST_RAW, SIGNS, Form, form, looks, plain, turned
from rules.lookalike.index import Near
from rules.lookalike.measure import Company, Place, affordable, weigh
from rules.lookalike.pattern import Pattern
from rules.lookalike.words import may_claim

_DISGUISES: Final = re.compile(
    "[^\x00-\x7fÀ-ÅÇ-ÏÑ-ÖÙ-Ýà-åç-ïñ-öù-ýÿ]|[" + re.escape("".join(SIGNS)) + "]"
)
"""Signs and characters other than ASCII and Latin letters with an accent."""
_DIGIT: Final = re.compile("[0-9]")
_VISIBLE: Final = 0.7
"""The least that a visible edit costs."""
_LEET: Final = 0.35
"""What digits and signs for letters may cost besides."""


class _Spot(NamedTuple):
    """Where a pattern begins and ends in so many letters."""

    starts: range
    ends: range
    size: int


class Candidate:
    """A handle, display name or label of a domain; of a longer text only the beginning counts."""

    def __init__(self, name: str) -> None:
        self.name = name[:LONGEST_RAW]
        self.looks = looks(self.name)

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """The name letter by letter; again with signs read as letters, and as it is shown."""
        found = [form(self.name)]
        if not SIGNS.isdisjoint(self.name):
            found.append(form(self.name, signs=True))
        found += (replace(form(one), turned=True) for one in turned(self.name))
        return tuple(found)

    @cached_property
    def _claims(self) -> bool:
        if self._hidden:
            return any(may_claim(self.name, one.text) for one in self.forms)
        return may_claim(self.name, plain(self.name))

    @cached_property
    def _hidden(self) -> bool:
        return bool(_DISGUISES.search(self.name))

    def place(
        self, pattern: Pattern, faintest: float = 0.0, near: Near | None = None
    ) -> Place | None:
        """Return where the pattern lies in the name and what that weighs; None if nowhere.

        Places that weigh less than `faintest` may be left out: what no score can come of is not
        looked into. `near` is where the pattern can lie, if that is known.
        """
        limit, spot = pattern.limit, self._spot(pattern, near)
        if 0 < faintest < 1:
            most = affordable(pattern, faintest, self._company(spot))
            if most < _VISIBLE and not self._reads(pattern):
                return None
            limit = min(limit, most + (_LEET if self._hidden or _DIGIT.search(self.name) else 0.0))
        best: Place | None = None
        for one in self.forms:
            start, stop = (spot.starts.start, spot.ends.stop) if spot else (0, len(one.text))
            part = one.text[start:stop]
            if spot and not reaches(pattern.text, part, math.ceil(limit * 20) / 20):
                continue
            window = align(pattern.text, part, limit, one.edges, start)
            if window and window.end > window.start:
                place = weigh(pattern, one, window)
                if best is None or place.score > best.score:
                    best = place
        return best

    def _spot(self, pattern: Pattern, near: Near | None) -> "_Spot | None":
        """Return where a pattern lies in the letters of the name, if that is known."""
        if near is None or self._hidden:
            return None
        size = len(self.forms[0].text)
        before, from_start, to_end, after = (max(0, least - pattern.merged) for least in near)
        return _Spot(range(before, size - from_start + 1), range(to_end, size - after + 1), size)

    def _company(self, spot: "_Spot | None") -> Company:
        """Return what stands beside a pattern, as far as it is certain."""
        if spot is None:
            return Company(self._claims, self._hidden)
        edges = self.forms[0].edges
        beside = spot.starts.start + spot.size + 1 - spot.ends.stop
        return Company(
            self._claims, self._hidden, beside,
            edges.isdisjoint(spot.starts), edges.isdisjoint(spot.ends),
        )  # fmt: skip

    def _reads(self, pattern: Pattern) -> bool:
        """Return whether the pattern stands in the name but for what the eye overlooks."""
        return any(text in look for text in pattern.looks for look in self.looks)
