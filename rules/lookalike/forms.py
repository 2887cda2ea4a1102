"""What the eye makes of the characters of a name.

Folding works on one character at a time, so that a name can be folded by `str.translate` and every
folded letter leads back to the character it came from: compatibility decomposition (NFKD), marks,
invisible and control characters dropped, UTS #39 confusables replaced by their prototype, case
folded. The confusables are those of Unicode 18.0.0, kept as a small derived file
(`data/SOURCES.md`): the current packages either carry data of Unicode 15 and older, or bring a
megabyte and an API of their own for the one table we need.
"""

import re
import string
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from importlib import resources
from operator import eq
from typing import Final

LONGEST_RAW: Final = 4096
"""Characters of a name that are looked at, invisible ones included."""
LONGEST_FORM: Final = 128
"""Letters and digits of a name that are compared."""

_BEYOND_UTS39: Final = {
    "ĸ": "k", "ᴛ": "t", "ʍ": "m", "ʙ": "b", "ʜ": "h", "ƅ": "b", "ω": "w", "π": "n", "ə": "e",
    "ǝ": "e", "ɐ": "a", "ʇ": "t", "ɹ": "r", "ʌ": "v",
}  # fmt: skip
"""Prototypes that UTS #39 leaves outside ASCII (of Cyrillic к т м в н) and turned letters."""

_NAMED_LETTERS: Final = (
    "LATIN LETTER SMALL CAPITAL {}",
    "NEGATIVE CIRCLED LATIN CAPITAL LETTER {}",
    "NEGATIVE SQUARED LATIN CAPITAL LETTER {}",
    "REGIONAL INDICATOR SYMBOL LETTER {}",
)

SAME_SHAPE: Final = str.maketrans("i1!|034@5$78926€+", "lllloeaasstbgzbet")
"""Leet and letters of one shape, merged: `i l 1 ! |` are one stroke."""

_ROUND: Final = "○◯●⚪⚫⭕🔴🔵🟠🟡🟢🟣🟤🌐🌍🌎🌏🌕⚽🏀🎯"
_EMOJI: Final = dict.fromkeys(_ROUND, "o") | {"❌": "x", "✖": "x", "➕": "t"}
"""Pictures that stand for the letter of their shape."""

_LEET_SIGNS: Final = frozenset("@$!|€+")
SIGNS: Final = _LEET_SIGNS | _EMOJI.keys()
"""What is no letter and may stand for one."""

_OVERRIDDEN: Final = re.compile("\u202e([^\u202c\u2029\n]*)\u202c?")
"""What a right-to-left override shows backwards."""
_TURNED: Final = dict(
    zip("ɐqɔpǝɟƃɓɥᴉıɾʞlʅɯuodbɹsʇnʌʍxʎz", "abcdefgghiijkllmnopqrstuvwxyz", strict=True)
)
_UPRIGHT: Final = str.maketrans(_TURNED)
_UPSIDE_DOWN: Final = frozenset(letter for letter in _TURNED if not letter.isascii())
_SHAPES: Final = (("rn", "m"), ("nn", "m"), ("vv", "w"), ("cl", "d"))
_EDGES: Final = re.compile(
    "[^A-Za-z0-9]|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])"
    "|(?<=[0-9])(?=[A-Za-z])"
)
"""Where a part of a name begins or ends that is written in ASCII."""
_NONE: Final[frozenset[int]] = frozenset()
_DOUBLES: Final = re.compile(r"(.)\1+", re.DOTALL)


@cache
def _confusables() -> dict[str, str]:
    """Return character → what it looks like, from the derived UTS #39 file and our additions."""
    text = resources.files("rules.lookalike").joinpath("data/confusables.txt")
    table = dict(_BEYOND_UTS39)
    for pattern in _NAMED_LETTERS:
        for letter in string.ascii_uppercase:
            try:
                table[unicodedata.lookup(pattern.format(letter))] = letter.lower()
            except KeyError:  # there is no small capital X
                continue
    for line in text.read_text("utf-8").splitlines():
        prototype, _, sources = line.partition("\t")
        table.update((chr(int(source, 16)), prototype) for source in sources.split())
    return table


def _fold_once(char: str) -> str:
    look = _confusables()
    out: list[str] = []
    for part in unicodedata.normalize("NFKD", look.get(char, char)):
        for letter in look.get(part, part).casefold():
            out += (
                c
                for c in unicodedata.normalize("NFKD", look.get(letter, letter))
                if c.isalnum() and not unicodedata.category(c).startswith("M")
            )
    return "".join(out)


def fold(char: str) -> str:
    """Return the letters and digits that one character reads as; empty for everything else.

    Folding what was folded changes nothing.
    """
    if char.isascii():
        return char.lower() if char.isalnum() else ""
    seen = _fold_once(char)
    for _ in range(4):
        again = "".join(c if c.isascii() else _fold_once(c) for c in seen)
        if again == seen:
            break
        seen = again
    return seen


class _Folding(dict[int, str]):
    """A table for `str.translate` that learns each character when it first meets it."""

    def __missing__(self, code: int) -> str:
        value = fold(chr(code))
        if value:
            self[code] = value
        return value


_ASCII: Final = {code: fold(chr(code)) for code in range(128)}
_PLAIN: Final = _Folding(_ASCII)
_SIGNS: Final = _Folding(_ASCII | str.maketrans(_EMOJI | {sign: sign for sign in _LEET_SIGNS}))


def plain(name: str) -> str:
    """Return the letters and digits of a name as read, without separators, case and accents."""
    return name[:LONGEST_RAW].translate(_PLAIN)[:LONGEST_FORM]


def turned(name: str) -> tuple[str, ...]:
    """Return a name as the screen shows it, where it is stored backwards or upside down."""
    if name.isascii():
        return ()
    found = []
    if "\u202e" in name:
        found.append(_OVERRIDDEN.sub(lambda part: part[1][::-1], name))
    if not _UPSIDE_DOWN.isdisjoint(name):
        found.append(name.translate(_UPRIGHT)[::-1])
    return tuple(found)


def looks(name: str) -> tuple[str, ...]:
    """Return the coarse readings of a name by which candidates are found, without repeats.

    Letters of one shape and leet are merged and doubled letters made single; once with signs
    such as `$` dropped and once read as letters, each also with `rn` read as `m` and the like; and
    as the screen shows what is stored backwards.
    """
    raw = name[:LONGEST_RAW]
    first = raw.translate(_PLAIN)[:LONGEST_FORM]
    signed = not SIGNS.isdisjoint(raw)
    if not signed and raw.isascii() and not _shaped(first):
        return (_single(first.translate(SAME_SHAPE)),)  # as most names are
    readings = [first]
    if signed:
        readings.append(raw.translate(_SIGNS)[:LONGEST_FORM])
    readings += (one.translate(_PLAIN)[:LONGEST_FORM] for one in turned(raw))
    for reading in tuple(readings):
        shaped = reading
        for two, one in _SHAPES:
            shaped = shaped.replace(two, one)
        if shaped != reading:
            readings.append(shaped)
    return tuple(dict.fromkeys(_single(text.translate(SAME_SHAPE)) for text in readings))


def _shaped(text: str) -> bool:
    return "rn" in text or "nn" in text or "vv" in text or "cl" in text


def _single(text: str) -> str:
    """Return a text with repeated letters made single."""
    if any(map(eq, text, text[1:])):
        return _DOUBLES.sub(r"\1", text)
    return text


@dataclass(frozen=True, slots=True)
class Form:
    """A name letter by letter, with the way back to its characters."""

    raw: str
    text: str
    """Folded letters and digits, at most `LONGEST_FORM`."""
    origin: tuple[int, ...]
    """For each letter of `text`, the offset in `raw` it came from."""
    edges: frozenset[int]
    """Offsets in `text` where a part of the name begins or ends: separators, camelCase, digits."""
    disguised: frozenset[int]
    """Offsets in `text` of letters written by a look-alike or by a sign."""
    accented: frozenset[int]
    """Offsets in `text` of letters that lost an accent."""
    invisible: bool
    """Whether characters that nobody sees stand between letters."""
    turned: bool = False
    """Whether `raw` is what the screen shows of a name stored backwards or upside down."""


def kind(char: str) -> str:
    """Return u(pper), l(ower or caseless), d(igit), s(eparator), or x for what is not seen."""
    if char.isdigit():
        return "d"
    if char.isalpha():
        return "u" if char.isupper() else "l"
    return "x" if unicodedata.category(char) in {"Cf", "Cc", "Mn", "Me", "Cn", "Cs"} else "s"


def _ends(raw: str, at: int) -> bool:
    """Return whether a sign closes a word, as in `Hello!`, where nobody reads it as a letter."""
    return raw[at] in "!|+" and not raw[at + 1 : at + 2].isalnum()


def _plain_form(raw: str) -> Form:
    """Take a short name of printable ASCII apart as `form` does, several times as fast."""
    origin = tuple(at for at, char in enumerate(raw) if char.isalnum())
    edges = {bisect_left(origin, found.start()) for found in _EDGES.finditer(raw)}
    whole = frozenset(edges | {0, len(origin)})
    return Form(raw, raw.translate(_PLAIN), origin, whole, _NONE, _NONE, invisible=False)


def form(name: str, *, signs: bool = False) -> Form:
    """Take a name apart; with `signs`, `$ @ ! | € +` count as the letters they imitate."""
    raw = name[:LONGEST_RAW]
    if not signs and len(raw) <= LONGEST_FORM and raw.isascii() and raw.isprintable():
        return _plain_form(raw)
    table = _SIGNS if signs else _PLAIN
    text: list[str] = []
    origin: list[int] = []
    edges = {0}
    disguised: set[int] = set()
    accented: set[int] = set()
    before, hidden, invisible = "s", False, False
    for at, char in enumerate(raw):
        sort = kind(char)
        letters = "" if signs and _ends(raw, at) else char.translate(table)
        if not letters:
            if sort == "s":
                edges.add(len(text))
                before = "s"
            hidden = before != "s" and (hidden or unicodedata.category(char) == "Cf")
            continue
        invisible, hidden = invisible or hidden, False
        if (sort == "u" and before == "l") or (sort == "d") != (before == "d"):
            edges.add(len(text))
        elif sort == "l" and before == "u" and len(text) > 1 and raw[origin[-2]].isupper():
            edges.add(len(text) - 1)
        if not char.isascii():
            stripped = unicodedata.normalize("NFD", char).casefold()
            (accented if stripped.startswith(letters) else disguised).update(
                range(len(text), len(text) + len(letters))
            )
        text += letters
        origin += [at] * len(letters)
        before = sort
        if len(text) >= LONGEST_FORM:
            break
    whole = "".join(text[:LONGEST_FORM])
    edges.add(len(whole))
    return Form(
        raw, whole, tuple(origin[: len(whole)]), frozenset(edges), frozenset(disguised),
        frozenset(accented), invisible,
    )  # fmt: skip
