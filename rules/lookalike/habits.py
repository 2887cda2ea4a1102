"""How impostors make names, as dnstwist and urlinsane know them, for handles.

A *habit* lists its names in the order of their likelihood; the nth weighs `first + n * step`, and
all habits are merged by weight. The weights are judgement: no data tells how often each is used,
since what became of names that nobody noticed is unknown.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations
from string import ascii_lowercase, digits
from typing import Final

from rules.lookalike.align import SHAPES, replacement
from rules.lookalike.handles import HandleForm
from rules.lookalike.words import CLAIMS

LIKELY: Final = tuple(
    """
    support officiel official service help sav aide client info contact promo giveaway services
    offres team officielle concours jobs recrutement airdrop billetterie shop store online verified
    remboursement customer helpdesk assistance news cadeau bonus pay login secure account refund
    reclamation clients emploi rh vip business media presse press web social
    """.split()  # noqa: SIM905
)
"""The affixes of `CLAIMS` that are used most, in order; the others follow in the alphabet's."""
COUNTRIES: Final = ("fr", "france", "uk", "usa", "eu")
NUMBERS: Final = ("1", "2", "01", "24", "247", "123", "0", "10", "100", "007")
_OTHERS: Final = tuple(sorted(CLAIMS - {*LIKELY, *COUNTRIES}))
LEET: Final = tuple((ord(letter), digit) for letter, digit in zip("oliaes", "011435", strict=True))
"""Letters and the digits that stand for them most, in that order."""

_SHAPED: Final = 0.4
"""Two letters that look like one at no more than this cost are used in its place."""
_UNLIKE: Final = 1.0
"""What it costs to write another letter that is neither alike nor beside it on the keyboard."""
_SHORTEST_WORD: Final = 3
"""Letters of words that are put in another order, as in `rules.lookalike.pattern`."""


@dataclass(frozen=True, slots=True)
class Base:
    """A spelling of a brand as a handle can hold it."""

    spelling: str
    words: tuple[str, ...]
    """Folded letters and digits."""
    form: HandleForm

    @property
    def joined(self) -> str:
        """Its words as one."""
        return "".join(self.words)


def _plainly(base: Base) -> Iterator[str]:
    yield base.joined
    yield from (sign.join(base.words) for sign in base.form.signs if len(base.words) > 1)


def _behind(words: tuple[str, ...], *, parted: bool) -> Callable[[Base], Iterator[str]]:
    """Return the habit that puts words behind the brand, with a sign in between or without."""

    def names(base: Base) -> Iterator[str]:
        sign = base.form.signs[:1] if parted else ""
        return (base.joined + sign + word for word in words)

    return names


def _before(words: tuple[str, ...], *, parted: bool) -> Callable[[Base], Iterator[str]]:
    """Return the habit that puts words before the brand."""

    def names(base: Base) -> Iterator[str]:
        sign = base.form.signs[:1] if parted else ""
        return (word + sign + base.joined for word in words)

    return names


def _plural(base: Base) -> Iterator[str]:
    yield base.joined.removesuffix("s") if base.joined.endswith("s") else f"{base.joined}s"


def _signs(base: Base) -> Iterator[str]:
    """Yield the name with a sign at one end, or at both."""
    for sign in base.form.outside:
        yield from (f"{base.joined}{sign}", f"{sign}{base.joined}", f"{sign}{base.joined}{sign}")


def _word_order(base: Base) -> Iterator[str]:
    if len(base.words) == 2 and min(map(len, base.words)) >= _SHORTEST_WORD:
        turned = base.words[::-1]
        yield "".join(turned)
        yield from (sign.join(turned) for sign in base.form.signs[:1])


def _places(base: Base) -> Iterator[tuple[str, str, str]]:
    """Yield what stands before a letter, the letter, and what follows; the first letter last.

    People read the first letter of a name before the others.
    """
    name = base.joined
    for at in (*range(1, len(name)), 0):
        yield name[:at], name[at], name[at + 1 :]


def _replacing(*kinds: str) -> Callable[[Base], Iterator[str]]:
    """Return the habit that writes another letter or digit in the place of one."""

    def names(base: Base) -> Iterator[str]:
        for before, letter, after in _places(base):
            for other in _instead(letter, kinds):
                shown = other.upper() if _is_stroke(letter, other, base.form) else other
                yield before + shown + after

    return names


def _is_stroke(letter: str, other: str, form: HandleForm) -> bool:
    """Return whether only a capital I looks like the letter it stands for."""
    return form.capitals and letter == "l" and other == "i"


@cache
def _instead(letter: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return what stands in the place of a letter by these techniques, the most alike first."""
    others = [
        (cost, other)
        for other in ascii_lowercase + digits
        for cost, kind in (replacement(letter, other),)
        if other != letter and kind in kinds and cost < _UNLIKE
    ]
    return tuple(other for _, other in sorted(others))


def _leet_throughout(base: Base) -> Iterator[str]:
    """Yield the name with digits for two of its letters wherever they stand, and for all."""
    for pairs in (*combinations(LEET, 2), LEET):
        name = base.joined.translate(dict(pairs))
        if name != base.joined:
            yield name


def _shapes(base: Base) -> Iterator[str]:
    """Yield the name with two letters for one of the same shape, or one for two: `rn` for `m`."""
    close = [pair for pair, cost in SHAPES.items() if cost <= _SHAPED]
    for one, two in close:
        for old, new in ((one, two), (two, one)):
            for at in range(len(base.joined)):
                if base.joined.startswith(old, at):
                    yield base.joined[:at] + new + base.joined[at + len(old) :]


def _omission(base: Base) -> Iterator[str]:
    return (before + after for before, _, after in _places(base))


def _repetition(base: Base) -> Iterator[str]:
    return (before + letter * 2 + after for before, letter, after in _places(base))


def _transposition(base: Base) -> Iterator[str]:
    return (
        before + after[0] + letter + after[1:] for before, letter, after in _places(base) if after
    )


def _insertion(base: Base) -> Iterator[str]:
    """Yield the name with a key beside a letter struck along with it."""
    for before, letter, after in _places(base):
        for other in _instead(letter, ("keyboard",)):
            yield from (before + letter + other + after, before + other + letter + after)


def _respelled(base: Base) -> Iterator[str]:
    """Yield the name respelled as the eye overlooks it, with one of the commonest affixes."""
    sign = base.form.signs[:1]
    for word in LIKELY[:6]:
        for name in chain(_shapes(base), _replacing("homoglyph", "leet")(base)):
            yield from (f"{name}{sign}{word}", f"{name}{word}")


@dataclass(frozen=True, slots=True)
class Habit:
    """One way of making names."""

    first: float
    step: float
    names: Callable[[Base], Iterator[str]]


HABITS: Final = (
    Habit(0, 0.1, _plainly),
    Habit(1.0, 0.5, _behind(LIKELY, parted=True)),
    Habit(1.1, 0.5, _behind(LIKELY, parted=False)),
    Habit(1.2, 0.6, _behind(COUNTRIES, parted=True)),
    Habit(1.3, 0.6, _behind(COUNTRIES, parted=False)),
    Habit(1.4, 0.3, _shapes),
    Habit(1.5, 0.4, _replacing("homoglyph", "leet")),
    Habit(1.6, 0.6, _omission),
    Habit(1.7, 0.6, _repetition),
    Habit(1.8, 0.6, _transposition),
    Habit(1.9, 0.6, _leet_throughout),
    Habit(2.0, 1.0, _plural),
    Habit(2.1, 0.7, _signs),
    Habit(2.2, 0.7, _behind(NUMBERS, parted=False)),
    Habit(2.3, 0.5, _word_order),
    Habit(2.5, 0.7, _before(LIKELY, parted=True)),
    Habit(2.6, 0.7, _before(LIKELY, parted=False)),
    Habit(3.0, 0.5, _replacing("vowel-swap")),
    Habit(4.0, 0.4, _replacing("keyboard", "replacement")),
    Habit(5.0, 0.5, _respelled),
    Habit(6.0, 0.4, _insertion),
    Habit(8.0, 0.5, _before(COUNTRIES, parted=True)),
    Habit(12.0, 0.3, _behind(_OTHERS, parted=True)),
    Habit(12.5, 0.3, _behind(_OTHERS, parted=False)),
    Habit(16.0, 0.3, _before(_OTHERS, parted=True)),
)
"""How impostors make names: the weight of the first name, and what each further one adds."""
