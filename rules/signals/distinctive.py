"""Which words set the posts of a period apart from what is usually said. Pure.

The log-odds of each word with an informative Dirichlet prior, in standard deviations (B. Monroe,
M. Colaresi, K. Quinn, "Fightin' Words", Political Analysis 16, 2008, equations 16 and 22): a rare
word needs few posts to stand out, a common one many, and chance alone hardly any. A word counts
once for each post, and each saying once however often it was passed on.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rules.frequencies import Frequencies, share_of
from rules.text import fold_words

FEWEST_POSTS = 20
"""Of fewer posts nothing is said: their reader reads them."""
FEWEST_WITH = 4
"""A word of fewer posts is not named, and none of less than a fiftieth."""
PRIOR = 100.0
"""So many posts the prior weighs."""
GENERAL = 50.0
"""So few posts before are filled up with how people write in general."""
STANDS_OUT = 2.5
"""Standard deviations from which on a word is named."""
COMMON = 0.01
"""What is in so many posts in general tells nothing: "down", "should"."""
MOST_WORDS = 6
TOGETHER = 0.6
"""Two words are named as one where they are neighbours in so many of the posts of the rarer."""
_LONGEST = 600
_LINK = re.compile(r"https?://\S+|www\.\S+|\b\w+\.(?:com|net|org|ly|co)/\S*", re.IGNORECASE)
_WORD = re.compile(r"(?<![@\w&])[#£$€]?[^\W_][\w'’-]*[^\W_]|(?<![@\w&])[^\W_]")
_REPOST = re.compile(r"\bRT\s+@\w+:?|\bvia\s+@\w+", re.IGNORECASE)
_MENTION = re.compile(r"@[\w.@-]+")


class _Word(NamedTuple):
    """A word where it stands."""

    term: str
    """Folded: what words are compared by."""
    written: str
    follows: bool
    """Nothing but space is between it and the word before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A word, or two that belong together, that stands out."""

    text: str
    """As it is written most often."""
    posts: int
    """How many posts have it, each saying counted once."""
    score: float
    terms: tuple[str, ...] = ()
    """The one or two words as posts are compared by them: without capitals and accents."""


def distinctive(
    texts: Sequence[str],
    earlier: Sequence[str],
    *,
    without: Collection[str] = (),
    languages: Iterable[str] = ("en", "fr"),
    most: int = MOST_WORDS,
) -> tuple[Word, ...]:
    """Return the words of the texts that set them apart from earlier ones, the clearest first.

    `without` are names that are no news, those of the brands; the words of `languages` are taken to
    be as common as they are in general.
    """
    if len(texts) < FEWEST_POSTS:
        return ()
    known = {term for name in without for term in fold_words(name)}
    known |= {"".join(fold_words(name)) for name in without}
    said, before = [_words(text) for text in texts], [_words(text) for text in earlier]
    now, then = _posts_with(said), _posts_with(before)
    general = Frequencies.shipped()
    expected = tuple(one for one in languages if one in general.languages) or ("en",)
    least = max(FEWEST_WITH, len(texts) // 50)
    found: list[tuple[float, str]] = []
    for term, posts in now.items():
        if posts < least or term in known or len(term) < 2 or term.isdigit():
            continue
        usual = share_of(general.frequency(term, expected))
        if usual > COMMON:
            continue
        score = _score(posts, len(texts), then[term], len(earlier), usual)
        if score >= STANDS_OUT:
            found.append((score, term))
    found.sort(key=lambda one: (-one[0], one[1]))
    return _named(found, said, now, most)


def _score(posts: int, of: int, before: int, of_before: int, usual: float) -> float:
    """How many standard deviations a word is more frequent than before.

    The prior is what all these posts have of it, as in the paper; where few were written before,
    imagined ones that speak as people do in general stand in for them.
    """
    general = max(0.0, GENERAL - of_before)
    known, of_known = before + general * usual, of_before + general
    prior = PRIOR * (posts + known) / (of + of_known)
    odds = math.log((posts + prior) / (of + PRIOR - posts - prior + 0.5))
    odds -= math.log((known + prior) / (of_known + PRIOR - known - prior + 0.5))
    return odds / math.sqrt(1 / (posts + prior) + 1 / (known + prior))


def _words(text: str) -> list[_Word]:
    """The words of a text in their order; without links, mentions and marks of reposts."""
    plain = _LINK.sub(" . ", text[:_LONGEST])
    plain = _MENTION.sub(" . ", _REPOST.sub(" . ", plain))
    plain = unicodedata.normalize("NFKC", plain)
    words: list[_Word] = []
    end = -1
    for found in _WORD.finditer(plain):
        written = found[0].removeprefix("#").removesuffix("'s").removesuffix("’s")
        term = "".join(fold_words(written))
        if term:
            words.append(_Word(term, written, end >= 0 and plain[end : found.start()].isspace()))
        end = found.end()
    return words


def terms(text: str) -> frozenset[str]:
    """Return the words of a text as they are compared: without capitals and accents."""
    return frozenset(word.term for word in _words(text))


def _posts_with(said: Iterable[Sequence[_Word]]) -> Counter[str]:
    counts = Counter[str]()
    for words in said:
        counts.update({word.term for word in words})
    return counts


def _named(
    found: Sequence[tuple[float, str]],
    said: Sequence[Sequence[_Word]],
    now: Counter[str],
    most: int,
) -> tuple[Word, ...]:
    """The words as they are written, two that mostly stand together as one."""
    wanted = {term for _, term in found[: 5 * most]}
    forms: dict[str, Counter[str]] = {term: Counter() for term in wanted}
    pairs = Counter[tuple[str, str]]()
    for words in said:
        for word in words:
            if word.term in wanted:
                forms[word.term][word.written] += 1
        pairs.update(
            {
                (one.term, two.term)
                for one, two in pairwise(words)
                if two.follows and {one.term, two.term} <= wanted and one.term != two.term
            }
        )
    named: list[Word] = []
    told: set[str] = set()
    for score, term in found:
        alike = any(term.startswith(one) or one.startswith(term) for one in told if len(one) > 3)
        if term in told or alike or term not in wanted or len(named) == most:
            continue
        pair = _pair(term, pairs, now, told)
        told.update(pair)
        text = " ".join(_written(forms[one]) for one in pair)
        named.append(Word(text=text, posts=now[term], score=round(score, 6), terms=pair))
    return tuple(named)


def _pair(
    term: str, pairs: Counter[tuple[str, str]], now: Counter[str], told: set[str]
) -> tuple[str, ...]:
    together = [
        (count, pair)
        for pair, count in pairs.items()
        if term in pair
        and not told.intersection(pair)
        and count >= TOGETHER * min(now[pair[0]], now[pair[1]])
    ]
    return max(together)[1] if together else (term,)


def _written(forms: Counter[str]) -> str:
    return min(forms, key=lambda form: (-forms[form], form))
