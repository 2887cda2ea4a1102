"""Which characters make words, and how a word is folded: Unicode's part of the text analysis.

A word is a run of letters, digits and combining marks; an emoji is a word too.
Apostrophes, hyphens, dots and underscores divide: `l'orange` is `l orange`, `porte-monnaie` is
`porte monnaie`, `don't` is `don t`, in posts and in rules alike. Scripts written without spaces
give a word for each character (with its marks), so that a run of them in a rule is found inside
longer runs.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby

_NO_SPACES = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c"  # Han signs and radicals
    "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana, half-width too
    "\u3100-\u312f\u31a0-\u31bf"  # Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
)
_STYLED = "\u24b6-\u24e9\U0001f130-\U0001f149"
"""Circled and squared letters, symbols to Unicode. `™` stays one: `Acme™` is `acme`."""

_PICTURES = (
    "\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe"
    "\u2600-\u2775\u2794-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d"
    "\U0001f000-\U0001f0ff\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f1e6-\U0001f1ff\U0001f201-\U0001faff"
)
"""Symbols that are emoji, or shown as such, by the blocks of Unicode 18. `©`, `®` and `™` are left
out: nobody says anything with them. Keycaps such as `1️⃣` are read as their digit."""
_SKINS = "\U0001f3fb-\U0001f3ff"
_FLAG_LETTERS = "\U0001f1e6-\U0001f1ff"
_EMOJI = (
    rf"(?:[{_FLAG_LETTERS}]{{2}}|[{_PICTURES}]\ufe0f?[{_SKINS}]?[\U000e0020-\U000e007f]*+"
    rf"(?:\u200d[{_PICTURES}]\ufe0f?[{_SKINS}]?)*+)"
)
"""One emoji with all that is drawn in one: UTS #51, `emoji_zwj_sequence` and its parts."""
EMOJI = re.compile(_EMOJI)

_INVISIBLE = "\u00ad\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff"
"""Soft hyphen, zero-width characters, variation selectors: may stand in a word, never compared."""

_EAST_ASIAN_STOPS = "\u3000-\u3004\u3008-\u3020\uff01-\uff65"
"""Punctuation that ends a link where no space does."""

_DROP_INVISIBLE = re.compile(f"[{_INVISIBLE}]+")

# Diacritics of the alphabets whose readers take a letter without them for the same letter. Marks of
# other scripts (Indic vowels, the voicing of kana) tell words apart and stay. The skin of an emoji
# is like an accent.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff"
    f"\u1dc0-\u1dff\u20d0-\u20ff{_SKINS}]+"
)
_PLAIN_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"}
)

LINK, HANDLE, TAG, CASHTAG = 1, 2, 3, 4
"""The groups of `Scanner.signs`."""

_NAME = r"[A-Za-z0-9_]++(?:[.-][A-Za-z0-9_]++)*+"
# All signs begin with a character of one class, which lets the search skip whatever else there is;
# what may not stand before a sign is looked at once that first character has been read.
_LINKS = r"(?<![A-Za-z0-9].)((?i:(?<=h)ttps?://|(?<=w)ww\.)[^\s<>\"{stops}]+)"
_NAMES = (
    rf"(?<=[{{at}}])(?<![A-Za-z0-9_.@].)({_NAME}(?:@{_NAME})?)"
    r"|(?<=[{sharp}])(?<![\w&#].)({tag})"
    r"|(?<=[{cash}])(?<![\w{cash}].)([A-Za-z]{{1,6}}(?:\.[A-Za-z]{{1,2}})?)(?![\w{cash}])"
)

_ASCII_WORD = "[A-Za-z0-9]+"
ASCII_PARTS = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
"""The parts of a CamelCase word of ASCII."""

MEMO_LENGTH = 64
"""Longer words are folded anew each time, so that hostile posts cannot fill the memory."""


class Scanner:
    """The patterns that cut a text: first `signs`, then the `words` of what they leave.

    The groups of `signs` are `LINK`, `HANDLE` (without `@`), `TAG` (without `#`) and `CASHTAG`
    (without `$`); `names` are the signs of a text without links, each of its groups one lower.
    """

    def __init__(self, *, word: str, tag: str, at: str, sharp: str, cash: str, stops: str) -> None:
        first = at + sharp + cash
        links, names = (
            part.format(tag=tag, at=at, sharp=sharp, cash=cash, stops=stops)
            for part in (_LINKS, _NAMES)
        )
        self.words = re.compile(word)
        self.signs = re.compile(f"[hHwW{first}](?:{links}|{names})", re.DOTALL)
        self.names = re.compile(f"[{first}](?:{names})", re.DOTALL)


ASCII_SCANNER = Scanner(
    word=_ASCII_WORD, tag="[A-Za-z0-9_]+", at="@", sharp="#", cash="$", stops=""
)


@cache
def _full_scanner() -> Scanner:
    """The scanner for all of Unicode; made on first use, which takes some 20 ms."""
    marks = _marks()
    letter = rf"[^\W_{_NO_SPACES}]"
    more = f"{letter}+|[{marks}{_STYLED}]+|[{_INVISIBLE}]++(?={letter}|[{marks}{_STYLED}])"
    spaced = f"(?:{letter}|[{_STYLED}])(?:{more})*+"
    alone = rf"[^\W_][{marks}\uff9e\uff9f]*+"  # what `spaced` has left: scripts without spaces
    return Scanner(
        word=f"(?:{spaced}|{alone}|{_EMOJI})",
        tag=rf"(?:\w+|[{marks}]+|[{_INVISIBLE}]++(?=\w))++",
        at="@\uff20",
        sharp="#\uff03",
        cash="$\uff04",
        stops=_NO_SPACES + _EAST_ASIAN_STOPS,
    )


def _marks() -> str:
    """Every combining mark, as the inside of a character class."""
    marks = [c for c in range(0x300, 0x20000) if unicodedata.category(chr(c))[0] == "M"]
    runs = [list(run) for _, run in groupby(enumerate(marks), lambda at: at[1] - at[0])]
    return "".join(f"{chr(run[0][1])}-{chr(run[-1][1])}" for run in runs) + "\U000e0100-\U000e01ef"


def scanner(text: str) -> Scanner:
    """The scanner that suits the text."""
    return ASCII_SCANNER if text.isascii() else _full_scanner()


def parts(word: str) -> Iterator[tuple[int, int]]:
    """Where the parts of a CamelCase word are: `MaMarque15` has `Ma`, `Marque` and `15`."""
    if word.isascii():
        yield from (match.span() for match in ASCII_PARTS.finditer(word))
        return
    start = 0
    for at in range(1, len(word)):
        before, here = word[at - 1], word[at]
        if (
            (here.isupper() and not before.isupper())
            or (here.isdigit() != before.isdigit() and unicodedata.category(here)[0] != "M")
            or (before.isupper() and here.islower() and at - 1 > start)
        ):
            # In `ACMEfan` the last capital opens the next part, as it does in `URLShortener`.
            cut = at - 1 if before.isupper() and here.islower() else at
            if cut > start:
                yield start, cut
                start = cut
    yield start, len(word)


def plain(text: str) -> str:
    """The text in NFKC without invisible characters, its case and accents as they are."""
    if text.isascii():
        return text
    return _DROP_INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def _casefolded(word: str) -> str:
    return unicodedata.normalize("NFKC", plain(word).casefold())


def _unaccented(word: str) -> str:
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", word.translate(_PLAIN_LETTERS)))
    return unicodedata.normalize("NFC", bare) or word


_casefolded_before = lru_cache(maxsize=65_536)(_casefolded)
_unaccented_before = lru_cache(maxsize=65_536)(_unaccented)


def fold_case(word: str) -> str:
    """NFKC and casefold, accents kept: `Été` is `été`, `ﬁ` is `fi`, `Straße` is `strasse`."""
    if word.isascii():
        return word.lower()
    return _casefolded_before(word) if len(word) <= MEMO_LENGTH else _casefolded(word)


def fold_accents(word: str) -> str:
    """A word from `fold_case` without its accents: `été` is `ete`, `œuvre` is `oeuvre`."""
    if word.isascii():
        return word
    return _unaccented_before(word) if len(word) <= MEMO_LENGTH else _unaccented(word)
