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
from rules.lookalike.words import claims, common_words, explained, known_words, swallowed
from rules.model import Reason

BASE: Final = 1.7
PER_BIT: Final = 0.14
MOST_BITS: Final = 40.0
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
# Judgement: the data has no brands of three letters, and none that is an everyday word in ordinary
# company ("orange juice").
EVERYDAY_IN_COMPANY: Final = -4.0
EVERYDAY_RESPELLED: Final = -1.5
RESPELLED_IN_COMPANY: Final = -0.7
SHORT_GLUED: Final = {2: -6.0, 3: -3.0, 4: -1.0}
"""By letters of the brand, beside letters that are no words: `edf` in `azedfig` says nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """A pattern found in a form, with everything that is observed about it."""

    pattern: Pattern
    form: Form
    window: Window
    score: float
    weights: tuple[tuple[float, Reason], ...]
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


class _Rest(NamedTuple):
    loose: int
    glued: bool
    affixes: tuple[str, ...]


def _rest(text: str, joined: bool) -> _Rest:
    if not text:
        return _Rest(0, glued=False, affixes=())
    covered, affixes = explained(text)
    return _Rest(min(len(text) - covered, 6), joined, affixes)


def weigh(pattern: Pattern, form: Form, window: Window) -> Place:
    """Weigh a brand's pattern that lies in `form` at `window`."""
    text = form.text
    found = text[window.start : window.end]
    left = _rest(text[: window.start], window.start not in form.edges)
    right = _rest(text[window.end :], window.end not in form.edges)
    rest = f"{text[: window.start]} {text[window.end :]}".strip()
    claim = claims(rest, left.affixes + right.affixes)
    everyday = pattern.text in common_words()

    bits = min(pattern.bits, MOST_BITS)
    rarity = "everyday" if everyday else "rare" if bits > 22 else "short"
    weights = [(BASE + PER_BIT * bits, reason(rarity, brand=pattern.name))]
    weights.extend(_of_edits(pattern, window, found, everyday=everyday))
    if rest:
        short = SHORT_GLUED.get(len(pattern.text), 0.0)
        glued = GLUED_LEFT * left.glued + GLUED_RIGHT * right.glued
        glued += short * sum(side.glued and side.loose > 0 for side in (left, right))
        loose = LOOSE_LEFT * left.loose + LOOSE_RIGHT * right.loose
        company = EVERYDAY_IN_COMPANY if everyday and not claim else 0.0
        kind = "glued" if left.glued or right.glued else "rest"
        if window.cost > 0.3 and not claim and len(rest) > 2:
            company += RESPELLED_IN_COMPANY
        single = ONE_LETTER if len(rest) == 1 else 0.0
        weights.append((glued + loose + company + single, reason(kind, rest=rest)))
        word = swallowed(text, window.start, window.end, form.edges)
        if word:
            longer = min(len(word) - len(found), 3)
            weights.append((SWALLOWED * longer, reason("swallowed", word=word)))
        if claim:
            weights.append((CLAIM, reason("claim", affix=claim)))
    else:
        respelled = window.cost > 0.3
        weights.append(
            (WHOLE_RESPELLED, reason("alone")) if respelled else (WHOLE, reason("whole"))
        )
    if any(at in form.disguised for at in range(window.start, window.end)):
        weights.append((DISGUISE, reason("disguise", part=found)))
    if form.invisible:
        weights.append((INVISIBLE, reason("invisible")))
    likely = 1 / (1 + math.exp(-sum(weight for weight, _ in weights)))
    affixes = "".join(left.affixes + right.affixes)
    filled = len(affixes) == len(rest.replace(" ", ""))
    return Place(pattern, form, window, likely, tuple(weights), claim, filled)


def _of_edits(
    pattern: Pattern, window: Window, found: str, *, everyday: bool
) -> list[tuple[float, Reason]]:
    """Weigh what was changed in the brand's own letters."""
    weights = []
    per_edit = PER_EDIT + PER_EDIT_OF_RARE / pattern.bits
    for change in window.changes:
        first = FIRST_LETTER if change.brand_at == 0 and change.cost > 0.5 else 0.0
        weights.append((per_edit * change.cost + first, _sentence(pattern, change, found, window)))
    if window.cost > 0.5 and everyday:
        weights.append((EVERYDAY_RESPELLED, reason("everyday", brand=pattern.name)))
    if window.cost > 0 and found in known_words():
        weights.append((OTHER_WORD, reason("word", word=found)))
    return weights


def _sentence(pattern: Pattern, change: Change, found: str, window: Window) -> Reason:
    wanted = pattern.text[change.brand_at : change.brand_end]
    there = found[change.at - window.start : change.end - window.start]
    kind = {"homoglyph": "looks", "leet": "looks", "vowel-swap": "replacement",
            "keyboard": "replacement"}.get(change.kind, change.kind)  # fmt: skip
    return reason(kind, wanted=wanted, found=there)
