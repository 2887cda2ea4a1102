"""How much a place where a brand lies in a name weighs: evidence for and against, in log-odds.

Each observation adds to or takes from one sum, and the logistic function of the sum is the score.
The weights were fitted by logistic regression on names that really imitated brands against ordinary
names (about a thousand names), rounded, and set by judgement where such data is silent, which the
comments say.
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from rules.lookalike.align import Change, Window
from rules.lookalike.forms import Form
from rules.lookalike.pattern import Pattern
from rules.lookalike.reasons import reason
from rules.lookalike.words import CLAIMS, JOINTS, explained, known_words, swallowed
from rules.model import Reason

BASE: Final = 1.7
PER_BIT: Final = 0.14
MOST_BITS: Final = 40.0
TELLING_BITS: Final = 22.0
"""A brand with more hardly ever arises by chance."""
OVERLOOKED: Final = 0.5
"""Edits that together cost no more are ones that the eye overlooks."""
PER_EDIT: Final = -1.0
PER_EDIT_OF_RARE: Final = -78.0
"""Divided by the bits of the brand: an edit weighs more in a name that arises by chance."""
FIRST_LETTER: Final = -0.9
LOOSE_LEFT: Final = -0.37
LOOSE_RIGHT: Final = -0.33
"""For each of up to six letters beside the brand that no word explains."""
GLUED_LEFT: Final = -2.6
GLUED_RIGHT: Final = -1.4
CLAIM: Final = 2.0
WHOLE: Final = 0.8
WHOLE_RESPELLED: Final = -1.0
"""A word of its own is often one edit away from a brand; a word and a brand's name seldom are."""
ONE_LETTER: Final = -1.0
"""A single letter beside the brand: `curves` for Curve."""
SWALLOWED: Final = -1.6
"""For each of up to three letters by which a word is longer than the brand inside it."""
OTHER_WORD: Final = -2.0
DISGUISE: Final = 1.0
INVISIBLE: Final = 0.5
LEET: Final = -0.5
"""For each digit or sign that stands for a letter, which no word does by chance."""
# Judgement: the data has no brands of three letters, and none that is an everyday word in ordinary
# company ("orange juice").
EVERYDAY_IN_COMPANY: Final = -4.0
EVERYDAY_RESPELLED: Final = -1.5
RESPELLED_IN_COMPANY: Final = -0.7
KNOWN_IN_COMPANY: Final = -1.5
FIRST_NAME_IN_COMPANY: Final = -4.5
CROSSING: Final = -2.0
"""A brand of one word found across two, respelled besides: chance, as `micheli mohr`."""
SHORT_GLUED: Final = {2: -6.0, 3: -3.0, 4: -1.0}
"""By letters of the brand, beside letters that are no words: `edf` in `azedfig` says nothing."""


class Weight(NamedTuple):
    """An observation in log-odds, and the sentence of `REASONS` that tells it."""

    weight: float
    kind: str
    values: dict[str, str]

    @property
    def reason(self) -> Reason:
        """The sentence with its values; made only for what is shown, for it takes its time."""
        return reason(self.kind, **self.values)


def _weight(weight: float, kind: str, **values: str) -> Weight:
    return Weight(weight, kind, values)


@dataclass(frozen=True, slots=True)
class Place:
    """A pattern found in a form, with everything that is observed about it."""

    pattern: Pattern
    form: Form
    window: Window
    score: float
    weights: tuple["Weight", ...]
    """What raised or lowered the score."""
    claim: str
    """The word that claims to speak for the brand; empty if there is none."""
    filled: bool
    """Whether all letters beside the brand are words that impostors add."""

    @property
    def found(self) -> str:
        """The folded letters that stand for the brand."""
        return self.form.text[self.window.start : self.window.end]

    @property
    def left(self) -> str:
        """The folded letters before the brand."""
        return self.form.text[: self.window.start]

    @property
    def right(self) -> str:
        """The folded letters after the brand."""
        return self.form.text[self.window.end :]

    @property
    def rest(self) -> str:
        """The folded letters on both sides of the brand."""
        return f"{self.left} {self.right}".strip()

    @property
    def written(self) -> str:
        """The characters of the name that stand for the brand, as they were written."""
        at = self.form.origin[self.window.start : self.window.end]
        return self.form.raw[at[0] : at[-1] + 1] if at else ""

    @property
    def disguised(self) -> bool:
        """Whether letters of other scripts, signs or fonts write the brand."""
        spelled = range(self.window.start, self.window.end)
        return any(at in self.form.disguised for at in spelled)


class _Side(NamedTuple):
    """The letters on one side of the brand."""

    text: str
    glued: bool
    """Whether they follow on the brand without a separator, a capital or a change to digits."""
    loose: int
    """How many of them no word explains, six at most."""
    affixes: tuple[str, ...]


def _side(text: str, *, at_edge: bool) -> _Side:
    covered, affixes = explained(text)
    return _Side(text, bool(text) and not at_edge, min(len(text) - covered, 6), affixes)


class Company(NamedTuple):
    """What is known of a name before it is known where exactly a brand lies in it."""

    claims: bool
    """Whether a claim may be in it."""
    hidden: bool
    """Whether signs or characters beyond ASCII and Latin letters are in it."""
    beside: int = 0
    """So many letters at the least stand beside the brand."""
    glued_left: bool = False
    """Whether letters certainly stand before the brand, with no edge between."""
    glued_right: bool = False


def affordable(pattern: Pattern, faintest: float, company: Company) -> float:
    """Return the most that visible edits may cost for a score of `faintest` (above 0) or more.

    An upper bound: most of what could count against the name is left out.
    """
    most = BASE + PER_BIT * min(pattern.bits, MOST_BITS) + EVERYDAY_RESPELLED * pattern.everyday
    most += CLAIM * company.claims + (DISGUISE + DISGUISE + INVISIBLE) * company.hidden
    most += GLUED_LEFT * company.glued_left + GLUED_RIGHT * company.glued_right
    if company.beside and not company.claims:
        most += _in_company(pattern)
        most += RESPELLED_IN_COMPANY * (company.beside > 2)
    spare = most - math.log(faintest / (1 - faintest))
    return max(OVERLOOKED, spare / -(PER_EDIT + PER_EDIT_OF_RARE / pattern.bits))


def _in_company(pattern: Pattern) -> float:
    """Return what it weighs that a brand stands beside words that claim nothing."""
    if pattern.everyday:
        return EVERYDAY_IN_COMPANY
    if pattern.first_name:
        return FIRST_NAME_IN_COMPANY
    return KNOWN_IN_COMPANY if pattern.known else 0.0


def weigh(pattern: Pattern, form: Form, window: Window) -> Place:
    """Weigh a brand's pattern that lies in `form` at `window`."""
    text = form.text
    found = text[window.start : window.end]
    left = _side(text[: window.start], at_edge=window.start in form.edges)
    right = _side(text[window.end :], at_edge=window.end in form.edges)
    affixes = left.affixes + right.affixes
    claim = next((word for word in affixes if word in CLAIMS), "")

    weights = _of_rarity(pattern)
    seen = sum(change.cost for change in window.changes if change.kind != "leet")
    weights += _of_edits(pattern, form, window, seen)
    if left.text or right.text:
        weights += _of_company(pattern, seen, left, right, claim)
        if word := swallowed(text, window.start, window.end, form.edges):
            longer = min(len(word) - len(found), 3)
            weights.append(_weight(SWALLOWED * longer, "swallowed", word=word))
    elif seen > OVERLOOKED:
        weights.append(_weight(WHOLE_RESPELLED, "alone"))
    else:
        weights.append(_weight(WHOLE, "whole"))
    if seen > OVERLOOKED and _crosses(pattern, form, window):
        weights.append(_weight(CROSSING, "crossing"))
    if any(at in form.disguised for at in range(window.start, window.end)):
        weights.append(_weight(DISGUISE, "disguise", part=found))
    if form.turned:
        weights.append(_weight(DISGUISE, "backwards"))
    if form.invisible:
        weights.append(_weight(INVISIBLE, "invisible"))
    likely = 1 / (1 + math.exp(-sum(one.weight for one in weights)))
    return Place(pattern, form, window, likely, tuple(weights), claim, _filled(left, right))


def _crosses(pattern: Pattern, form: Form, window: Window) -> bool:
    """Return whether a brand of one word would be made of letters of two words."""
    if not pattern.joined:
        return False
    inside = (at for at in form.edges if window.start < at < window.end)
    return any(form.text[at - 1].isalpha() and form.text[at].isalpha() for at in inside)


def _filled(left: _Side, right: _Side) -> bool:
    """Return whether all letters beside the brand are words that impostors add."""
    letters = sum(not char.isdigit() for char in left.text + right.text)
    added = (word for word in left.affixes + right.affixes if word not in JOINTS)
    return 0 < letters <= sum(map(len, added))


def _concludes(left: _Side, right: _Side) -> bool:
    """Return whether the name begins or ends with a claim and does not read like a phrase."""
    if not JOINTS.isdisjoint(left.affixes + right.affixes):
        return False
    return any(left.text.startswith(word) for word in left.affixes if word in CLAIMS) or any(
        right.text.endswith(word) for word in right.affixes if word in CLAIMS
    )


def _of_company(
    pattern: Pattern, seen: float, left: _Side, right: _Side, claim: str
) -> list[Weight]:
    """Weigh what stands beside the brand."""
    rest = f"{left.text} {right.text}".strip()
    short = SHORT_GLUED.get(len(pattern.text), 0.0)
    weight = GLUED_LEFT * left.glued + GLUED_RIGHT * right.glued
    weight += short * sum(side.glued and side.loose > 0 for side in (left, right))
    weight += LOOSE_LEFT * left.loose + LOOSE_RIGHT * right.loose
    weight += ONE_LETTER * (len(rest) == 1)
    phrase = claim and pattern.everyday and not _filled(left, right)
    if phrase and _concludes(left, right):
        weight += EVERYDAY_IN_COMPANY / 2
        phrase = False
    if claim and not phrase:
        said = [_weight(CLAIM, "claim", affix=claim)]
    else:
        said = []
        weight += EVERYDAY_IN_COMPANY * pattern.everyday
        weight += RESPELLED_IN_COMPANY * (seen > OVERLOOKED and len(rest) > 2)
        if pattern.first_name and not pattern.everyday:
            said = [_weight(FIRST_NAME_IN_COMPANY, "first-name", brand=pattern.name)]
        elif pattern.known and not pattern.everyday:
            said = [_weight(KNOWN_IN_COMPANY, "known", brand=pattern.name)]
    kind = "glued" if left.glued or right.glued else "rest"
    return [_weight(weight, kind, rest=rest), *said]


def _of_rarity(pattern: Pattern) -> list[Weight]:
    """Weigh how unlikely it is that the brand's letters arise by chance."""
    bits = min(pattern.bits, MOST_BITS)
    if bits > TELLING_BITS and not pattern.everyday:
        return [_weight(BASE + PER_BIT * bits, "rare", brand=pattern.name)]
    return [
        _weight(BASE + PER_BIT * MOST_BITS, "held", brand=pattern.name),
        _weight(
            PER_BIT * (bits - MOST_BITS),
            "everyday" if pattern.everyday else "short",
            brand=pattern.name,
        ),
    ]


def _of_edits(pattern: Pattern, form: Form, window: Window, seen: float) -> list[Weight]:
    """Weigh what was changed in the brand's own letters."""
    found = form.text[window.start : window.end]
    weights: list[Weight] = []
    per_edit = PER_EDIT + PER_EDIT_OF_RARE / pattern.bits
    for change in window.changes:
        first = FIRST_LETTER if change.brand_at == 0 and change.cost > 0.5 else 0.0
        weight = LEET if change.kind == "leet" else per_edit * change.cost + first
        weights.append(_sentence(pattern, change, form, weight))
    if seen > OVERLOOKED and pattern.everyday:
        weights.append(_weight(EVERYDAY_RESPELLED, "everyday", brand=pattern.name))
    if seen > 0 and found in known_words():
        weights.append(_weight(OTHER_WORD, "word", word=found))
    return weights


def _sentence(pattern: Pattern, change: Change, form: Form, weight: float) -> Weight:
    wanted = pattern.text[change.brand_at : change.brand_end]
    there = form.text[change.at : change.end]
    kind = {"homoglyph": "looks", "leet": "looks", "vowel-swap": "replacement",
            "keyboard": "replacement"}.get(change.kind, change.kind)  # fmt: skip
    if kind == "looks":  # as it was written: a small i does not look like an l, a capital does
        there = form.raw[form.origin[change.at] : form.origin[change.end - 1] + 1]
    return _weight(weight, kind, wanted=wanted, found=there)
