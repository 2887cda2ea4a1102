"""A post as what may tell whether it is about a brand: words, how the name is written, by whom.

Read once for learning and for telling. Linear in the text, of which the beginning is read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from math import sqrt

from rules.characters import MEMO_LENGTH, fold_accents, fold_case, plain
from rules.model import Brand, Post

LONGEST = 2_000
"""Characters of a text, and of a bio, that are looked at."""
MOST_PIECES = 400
"""Words and signs of a text that are looked at."""
MOST_LINKS = 20

NAME = "\x00"
"""What stands where the name stood."""
_LINK = "\x01"
_SOMEBODY = "\x02"

Features = Mapping[str, float]
"""What a post has, by a name whose first letters say what it is (`w:` a word of the text), and how
much of it."""

PRIOR: Features = {"context": 2.0, "own": 2.0}
"""What holds of every name before anybody judged a post: set by hand, learnt from no data."""

_PIECE = re.compile(r"(?:https?://|www\.)\S+|[@＠][\w.@-]*\w|[#＃]?\w+|[!?]+|…|\.\.+")
_WORD = re.compile(r"\w+")
_HOST = re.compile(r"(?:https?://)?(?:www\.)?([^\s/:?#]+)")

# How much each kind of feature weighs together, so that no kind drowns the others.
_WORDS, _BESIDE, _FORM, _AUTHOR, _TAGS, _SHAPE = 1.0, 1.0, 0.8, 0.25, 0.5, 0.3
_BESIDE_WITHIN = 3
"""Words so near to the name are its neighbours."""


class Reader:
    """Reads posts for one brand. It never changes, so threads may share it."""

    def __init__(self, brand: Brand) -> None:
        self._sequences, self._joined = _names((brand.name, *brand.spellings))
        words = [word for words in _by_length(self._sequences) for word in words]
        self._longest = max(words, key=len, default="")
        self._written = frozenset(_WORD.findall(" ".join((brand.name, *brand.spellings))))
        self._context = tuple(f" {' '.join(_words(one))} " for one in brand.context if _words(one))
        handles = (one.rpartition(":")[2].lstrip("@＠") for one in brand.accounts)
        self._handles = frozenset(folded(handle) for handle in handles)
        self._domains = tuple(domain.lower().removeprefix("www.") for domain in brand.domains)

    def has_context(self, post: Post) -> bool:
        """Whether a word of the brand's context, or what is the brand's own, stands with a post.

        That is in its text, its hashtags, its links or its author's bio.
        """
        return self._is_own(post) or self._in_context(post)

    def features(self, post: Post) -> dict[str, float]:
        """Return what a post has."""
        pieces, found, forms = self._cut(post.text)
        words = {f"w:{piece}" for piece in pieces if piece > _SOMEBODY}
        tags = {f"#:{folded(tag)}" for tag in islice(post.hashtags, MOST_LINKS)} | found
        tags |= {f"l:{host}" for host in _hosts(post.links)}
        read: dict[str, float] = {"": _SHAPE}  # what is so before anything is known
        for kind, weight in ((words, _WORDS), (_beside(pieces), _BESIDE), (tags, _TAGS)):
            if kind:
                read.update(dict.fromkeys(kind, weight / sqrt(len(kind))))
        read.update(dict.fromkeys(forms or {"form:other"}, _FORM))
        read[f"a:{post.author.key}"] = _AUTHOR
        read["long"] = _SHAPE * min(len(pieces), 40) / 20
        if _LINK in pieces or post.links:
            read["link"] = _SHAPE
        if self._is_own(post):
            read["own"] = 1.0
        if self._context and self._in_context(post):
            read["context"] = 1.0
        return read

    def _cut(self, text: str) -> tuple[list[str], set[str], set[str]]:
        """Return the pieces of a text, the tags and mentions in it, and the forms of the name."""
        pieces: list[str] = []
        found: set[str] = set()
        forms: set[str] = set()
        raw = [match[0] for match in islice(_PIECE.finditer(text[:LONGEST]), MOST_PIECES)]
        bare = [folded(piece.lstrip("#＃")) for piece in raw]
        at = 0
        while at < len(raw):
            piece, word = raw[at], bare[at]
            if piece[0] in "@＠":
                pieces.append(_SOMEBODY)
                found.add(f"@:{word}")
                if self._longest and self._longest in word:
                    forms.add("form:mention")
            elif piece.startswith(("http", "www.")) and ("/" in piece or "." in piece):
                pieces.append(_LINK)
                found.update(f"l:{host}" for host in _hosts([piece]))
            elif length := self._at(bare, at):
                pieces.append(NAME)
                forms.add(self._form(raw[at : at + length]))
                at += length - 1
            else:
                pieces.append(word)
                if piece[0] in "#＃":
                    found.add(f"#:{word}")
                if self._longest and self._longest in word:
                    forms.add("form:inside")
            at += 1
        return pieces, found, forms

    def _at(self, bare: Sequence[str], at: int) -> int:
        """How many pieces the name takes that begins here; 0 where none does."""
        word = bare[at]
        for words in self._sequences.get(word, ()):
            if tuple(bare[at : at + len(words)]) == words:
                return len(words)
        return int(word in self._joined)

    def _form(self, pieces: Sequence[str]) -> str:
        if pieces[0][0] in "#＃":
            return "form:tag"
        if all(piece in self._written for piece in pieces):
            return "form:as written"
        whole = "".join(pieces)
        if whole.isupper():
            return "form:upper"
        return "form:lower" if whole.islower() else "form:title"

    def _in_context(self, post: Post) -> bool:
        if not self._context:
            return False
        places = (post.text[:LONGEST], post.author.bio[:LONGEST], *post.hashtags, *post.links)
        said = f" {' '.join(word for place in places for word in _words(place))} "
        return any(one in said for one in self._context)

    def _is_own(self, post: Post) -> bool:
        """Whether a post names an account of the brand or links to one of its domains."""
        if self._handles and not self._handles.isdisjoint(map(folded, _named(post))):
            return True
        return bool(self._domains) and any(
            host == domain or host.endswith(f".{domain}")
            for host in _hosts(post.links)
            for domain in self._domains
        )


def folded(word: str) -> str:
    """A word as it is compared: without case and accents."""
    return _folded_before(word) if len(word) <= MEMO_LENGTH else _fold(word[:MEMO_LENGTH])


def _fold(word: str) -> str:
    return fold_accents(fold_case(plain(word)))


_folded_before = lru_cache(maxsize=32_768)(_fold)


def _words(text: str) -> list[str]:
    return [folded(word) for word in islice(_WORD.findall(text[:LONGEST]), MOST_PIECES)]


def _names(names: Iterable[str]) -> tuple[dict[str, list[tuple[str, ...]]], frozenset[str]]:
    """The words of each name by its first one, longest first, and the names written as one."""
    by_first: dict[str, list[tuple[str, ...]]] = {}
    joined = set()
    for name in names:
        if words := tuple(_words(name)):
            by_first.setdefault(words[0], []).append(words)
            joined.add("".join(words))
    for sequences in by_first.values():
        sequences.sort(key=len, reverse=True)
    return by_first, frozenset(joined)


def _by_length(sequences: Mapping[str, list[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    return [words for of_first in sequences.values() for words in of_first]


def _beside(pieces: Sequence[str]) -> set[str]:
    """The words near the name, those right before and after it apart."""
    near = set()
    for at, piece in enumerate(pieces):
        if piece != NAME:
            continue
        first = max(0, at - _BESIDE_WITHIN)
        for place, one in enumerate(pieces[first : at + _BESIDE_WITHIN + 1], first):
            if place != at:
                kind = {-1: "p", 1: "s"}.get(place - at, "n")
                near.add(f"{kind}:{one}")
    return near


def _named(post: Post) -> Iterable[str]:
    yield from islice(post.mentions, MOST_LINKS)
    if post.reply_to_handle:
        yield post.reply_to_handle


def _hosts(links: Iterable[str]) -> list[str]:
    found = (_HOST.match(link) for link in islice(links, MOST_LINKS))
    return [match[1].lower()[:MEMO_LENGTH] for match in found if match]
