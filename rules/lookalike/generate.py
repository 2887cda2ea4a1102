"""The names that an impostor of a brand would take, the most likely first.

Every name comes from a *habit*: a way in which impostors make names, as dnstwist and urlinsane know
them. A habit lists its names in the order of their likelihood; the nth weighs `first + n * step`,
and all habits are merged by weight. The weights are judgement: no data tells how often each is
used, since what became of names that nobody noticed is unknown.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from heapq import merge
from itertools import chain, combinations
from string import ascii_lowercase, digits
from typing import Final

from rules.lookalike.align import SHAPES, replacement
from rules.lookalike.bands import MEDIUM_FROM
from rules.lookalike.compare import compare
from rules.lookalike.detector import local_part
from rules.lookalike.forms import plain
from rules.lookalike.handles import HandleForm, handle_form
from rules.lookalike.ownership import Owned, split_network
from rules.lookalike.words import CLAIMS
from rules.model import Account, Brand

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
LEET: Final = tuple((ord(letter), digit) for letter, digit in zip("oliaes", "011435", strict=True))
"""Letters and the digits that stand for them most, in that order."""

_PART: Final = re.compile(r"[^\W_]+")
_LONGEST: Final = 64
"""Letters of a brand that are varied; the networks' own limits are lower."""
_SHAPED: Final = 0.4
"""Two letters that look like one at no more than this cost are used in its place."""
_UNLIKE: Final = 1.0
"""What it costs to write another letter that is neither alike nor beside it on the keyboard."""
_SHORTEST_WORD: Final = 3
"""Letters of words that are put in another order, as in `rules.lookalike.pattern`."""
_FURTHER: Final = 3.0
"""By how much the names of each further spelling are less likely."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LikelyName:
    """A name that somebody who imitates a brand could register."""

    name: str
    """As it would be written; without what the network puts behind it."""
    techniques: tuple[str, ...]
    rank: int
    """1 is the most likely."""
    score: float
    """How much it looks like the brand: 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Base:
    """A spelling of a brand as a handle can hold it."""

    spelling: str
    words: tuple[str, ...]
    form: HandleForm

    @property
    def joined(self) -> str:
        return "".join(self.words)


def likely_names(
    brand: Brand, *, limit: int, network: str = "", form: HandleForm | None = None
) -> Iterator[LikelyName]:
    """Yield at most `limit` names that could be taken on a network to imitate a brand.

    Each scores at least in the medium band; none is an account of the brand or of a friend on this
    network, none comes twice, whatever its case. The same brand has always the same names, and a
    larger limit only adds some at the end. `form` is that of the network where it is left out.
    A brand that no handle can spell, such as one in another script, has none.
    """
    form = form or handle_form(network)
    owned = Owned.of([brand])
    seen: set[str] = set()
    rank = 0
    streams = chain.from_iterable(
        _names(base, _FURTHER * at) for at, base in enumerate(_bases(brand, form))
    )
    for _, spelling, name in merge(*streams, key=lambda one: one[0]):
        if rank >= limit:
            return
        if name.lower() in seen or not form.fits(name):
            continue
        seen.add(name.lower())
        if any(
            owned.account(Account(network=network, id="", handle=handle))
            for handle in (name, form.whole(name))
        ):
            continue
        told = compare(spelling, name)
        if told.score >= MEDIUM_FROM:
            rank += 1
            yield LikelyName(name=name, techniques=told.techniques, rank=rank, score=told.score)


def _bases(brand: Brand, form: HandleForm) -> Iterator[_Base]:
    """Yield the brand's spellings and own handles, each set of letters once."""
    seen: set[str] = set()
    own = (local_part(*split_network(entry)) for entry in brand.accounts)
    for spelling in (brand.name, *brand.spellings, *own):
        words = tuple(text for part in _PART.findall(spelling) if (text := plain(part)))
        joined = "".join(words)
        if 1 < len(joined) <= _LONGEST and _is_latin(spelling) and joined not in seen:
            seen.add(joined)
            yield _Base(spelling, words, form)


def _is_latin(spelling: str) -> bool:
    """Return whether a spelling can be read in ASCII: `Crédit` can, but not what only looks so."""
    letters = filter(str.isalpha, spelling)
    return plain(spelling).isascii() and all(
        char.isascii() or unicodedata.name(char, "").startswith("LATIN") for char in letters
    )


def _names(base: _Base, start: float) -> Iterator[Iterator[tuple[float, str, str]]]:
    """Yield a stream of (weight, spelling, name) for each habit."""

    def weighed(habit: "_Habit") -> Iterator[tuple[float, str, str]]:
        for at, name in enumerate(habit.names(base)):
            yield start + habit.first + habit.step * at, base.spelling, name

    return map(weighed, _HABITS)


def _plainly(base: _Base) -> Iterator[str]:
    yield base.joined
    yield from (sign.join(base.words) for sign in base.form.signs if len(base.words) > 1)


def _behind(
    words: Callable[[], tuple[str, ...]], *, parted: bool
) -> Callable[[_Base], Iterator[str]]:
    """Return the habit that puts words behind the brand, with a sign in between or without."""

    def names(base: _Base) -> Iterator[str]:
        for word in words():
            yield from (base.joined + sign + word for sign in _between(base, parted=parted))

    return names


def _before(
    words: Callable[[], tuple[str, ...]], *, parted: bool
) -> Callable[[_Base], Iterator[str]]:
    def names(base: _Base) -> Iterator[str]:
        for word in words():
            yield from (word + sign + base.joined for sign in _between(base, parted=parted))

    return names


def _between(base: _Base, *, parted: bool) -> str | tuple[str, ...]:
    return base.form.signs[:1] if parted else ("",)


def _likely() -> tuple[str, ...]:
    return LIKELY


@cache
def _others() -> tuple[str, ...]:
    return tuple(sorted(CLAIMS - {*LIKELY, *COUNTRIES}))


def _countries() -> tuple[str, ...]:
    return COUNTRIES


def _numbers() -> tuple[str, ...]:
    return NUMBERS


def _plural(base: _Base) -> Iterator[str]:
    yield base.joined.removesuffix("s") if base.joined.endswith("s") else f"{base.joined}s"


def _signs(base: _Base) -> Iterator[str]:
    """Yield the name with a sign at one end, or at both."""
    for sign in base.form.outside:
        yield from (f"{base.joined}{sign}", f"{sign}{base.joined}", f"{sign}{base.joined}{sign}")


def _word_order(base: _Base) -> Iterator[str]:
    if len(base.words) == 2 and min(map(len, base.words)) >= _SHORTEST_WORD:
        turned = base.words[::-1]
        yield "".join(turned)
        yield from (sign.join(turned) for sign in base.form.signs[:1])


def _places(base: _Base) -> Iterator[tuple[str, str, str]]:
    """Yield what stands before a letter, the letter, and what follows; the first letter last.

    People read the first letter of a name before the others.
    """
    name = base.joined
    for at in (*range(1, len(name)), 0):
        yield name[:at], name[at], name[at + 1 :]


def _replacing(*kinds: str) -> Callable[[_Base], Iterator[str]]:
    """Return the habit that writes another letter or digit in the place of one."""

    def names(base: _Base) -> Iterator[str]:
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


def _leet_throughout(base: _Base) -> Iterator[str]:
    """Yield the name with digits for two of its letters wherever they stand, and for all."""
    for pairs in (*combinations(LEET, 2), LEET):
        name = base.joined.translate(dict(pairs))
        if name != base.joined:
            yield name


def _shapes(base: _Base) -> Iterator[str]:
    """Yield the name with two letters for one of the same shape, or one for two: `rn` for `m`."""
    close = [pair for pair, cost in SHAPES.items() if cost <= _SHAPED]
    for one, two in close:
        for old, new in ((one, two), (two, one)):
            for at in range(len(base.joined)):
                if base.joined.startswith(old, at):
                    yield base.joined[:at] + new + base.joined[at + len(old) :]


def _omission(base: _Base) -> Iterator[str]:
    return (before + after for before, _, after in _places(base))


def _repetition(base: _Base) -> Iterator[str]:
    return (before + letter * 2 + after for before, letter, after in _places(base))


def _transposition(base: _Base) -> Iterator[str]:
    return (
        before + after[0] + letter + after[1:] for before, letter, after in _places(base) if after
    )


def _insertion(base: _Base) -> Iterator[str]:
    """Yield the name with a key beside a letter struck along with it."""
    for before, letter, after in _places(base):
        for other in _instead(letter, ("keyboard",)):
            yield from (before + letter + other + after, before + other + letter + after)


def _respelled(base: _Base) -> Iterator[str]:
    """Yield the name respelled as the eye overlooks it, with one of the commonest affixes."""
    sign = base.form.signs[:1]
    for word in LIKELY[:6]:
        for name in chain(_shapes(base), _replacing("homoglyph", "leet")(base)):
            yield from (f"{name}{sign}{word}", f"{name}{word}")


@dataclass(frozen=True, slots=True)
class _Habit:
    first: float
    step: float
    names: Callable[[_Base], Iterator[str]]


_HABITS: Final = (
    _Habit(0, 0.1, _plainly),
    _Habit(1.0, 0.5, _behind(_likely, parted=True)),
    _Habit(1.1, 0.5, _behind(_likely, parted=False)),
    _Habit(1.2, 0.6, _behind(_countries, parted=True)),
    _Habit(1.3, 0.6, _behind(_countries, parted=False)),
    _Habit(1.4, 0.3, _shapes),
    _Habit(1.5, 0.4, _replacing("homoglyph", "leet")),
    _Habit(1.6, 0.6, _omission),
    _Habit(1.7, 0.6, _repetition),
    _Habit(1.8, 0.6, _transposition),
    _Habit(1.9, 0.6, _leet_throughout),
    _Habit(2.0, 1.0, _plural),
    _Habit(2.1, 0.7, _signs),
    _Habit(2.2, 0.7, _behind(_numbers, parted=False)),
    _Habit(2.3, 0.5, _word_order),
    _Habit(2.5, 0.7, _before(_likely, parted=True)),
    _Habit(2.6, 0.7, _before(_likely, parted=False)),
    _Habit(3.0, 0.5, _replacing("vowel-swap")),
    _Habit(4.0, 0.4, _replacing("keyboard", "replacement")),
    _Habit(5.0, 0.5, _respelled),
    _Habit(6.0, 0.4, _insertion),
    _Habit(8.0, 0.5, _before(_countries, parted=True)),
    _Habit(12.0, 0.3, _behind(_others, parted=True)),
    _Habit(12.5, 0.3, _behind(_others, parted=False)),
    _Habit(16.0, 0.3, _before(_others, parted=True)),
)
"""How impostors make names: the weight of the first name, and what each further one adds."""
