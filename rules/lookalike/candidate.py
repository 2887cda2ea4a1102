"""A name under suspicion, taken apart once and held against many patterns."""

import re
from dataclasses import replace
from functools import cached_property
from typing import Final

from rules.lookalike.align import align
from rules.lookalike.forms import LONGEST_RAW, SIGNS, Form, form, looks, plain, turned
from rules.lookalike.measure import Place, affordable, weigh
from rules.lookalike.pattern import Pattern
from rules.lookalike.words import may_claim

_DISGUISES: Final = re.compile(
    "[^\x00-\x7fÀ-ÅÇ-ÏÑ-ÖÙ-Ýà-åç-ïñ-öù-ýÿ]|[" + re.escape("".join(SIGNS)) + "]"
)
"""Signs and characters other than ASCII and Latin letters with an accent."""
_VISIBLE: Final = 0.7
"""The least that a visible edit costs."""


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

    def place(self, pattern: Pattern, faintest: float = 0.0) -> Place | None:
        """Return where the pattern lies in the name and what that weighs; None if nowhere.

        Places that weigh less than `faintest` may be left out: what no score can come of is not
        looked into.
        """
        limit = pattern.limit
        if 0 < faintest < 1:
            one_word = not self._hidden and self.name.isalpha() and self.name.islower()
            most = affordable(
                pattern, faintest, claims=self._claims, hidden=self._hidden, one_word=one_word
            )
            if most < _VISIBLE and not self._reads(pattern):
                return None
            leet = 0.35 if self._hidden or not self.name.isalpha() else 0.0
            limit = min(limit, most + leet)
        best: Place | None = None
        for one in self.forms:
            window = align(pattern.text, one.text, limit, one.edges)
            if window and window.end > window.start:
                place = weigh(pattern, one, window)
                if best is None or place.score > best.score:
                    best = place
        return best

    def _reads(self, pattern: Pattern) -> bool:
        """Return whether the pattern stands in the name but for what the eye overlooks."""
        return any(text in look for text in pattern.looks for look in self.looks)
