"""The plain meaning of an expression tree: does a post match it, and where.

The slow and obvious way. `rules.matcher` uses it for the posts that its index of terms lets
through, `watcher.search` for those that Whoosh finds: all of them agree because this one decides.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rules.characters import fold_accents, fold_case, plain, scanner
from rules.language.tree import (
    And,
    Exact,
    Field,
    Hashtag,
    Leaf,
    Mention,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Span,
    Word,
)
from rules.metadata import fold_domain, fold_handle
from rules.text import HANDLE_PART, Analysis, Token, fold_tag, fold_words

MOST_SPANS = 200
"""A post may say a word a hundred thousand times; a match remembers the first places."""

_STRAIGHT = str.maketrans("’‘“”", "''\"\"")
_SPACES = re.compile(r"\s+")
_PUNCTUATION = 20
"""How many characters of punctuation around an exact phrase are compared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How the leaves of a rule are read: what the rule's table says beside `find`."""

    fold_accents: bool = True
    """Whether `ete` also finds `été`."""
    handles: bool = False
    """Whether words are also looked for in the handles mentioned."""
    own: frozenset[str] = frozenset()
    """`rules.metadata.own_terms` of the configured brands."""
    confusables: bool = False
    """Whether letters of other scripts that look alike are taken for each other."""
    languages: tuple[str, ...] = ()
    """The languages of which a post that states none may be written in."""


def evaluate(node: Node, reading: Reading, analysis: Analysis) -> tuple[Span, ...] | None:
    """Where the post matches the tree, or None where it does not.

    The spans are sorted and do not overlap, the first `MOST_SPANS` of them; they are empty where
    only metadata, or only the absence of something, made the match.
    """
    spans = _node(node, reading, analysis)
    return None if spans is None else _merged(spans)[:MOST_SPANS]


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans sorted, overlapping ones joined, empty ones left out."""
    whole: list[Span] = []
    for start, end in sorted(spans):
        if start == end:
            continue
        if whole and start < whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return tuple(whole)


def _node(node: Node, reading: Reading, analysis: Analysis) -> list[Span] | None:
    if isinstance(node, And):
        spans: list[Span] = []
        for part in node.parts:
            found = _node(part, reading, analysis)
            if found is None:
                return None
            spans += found
        return spans
    if isinstance(node, Or):
        found_parts = [_node(part, reading, analysis) for part in node.parts]
        matching = [found for found in found_parts if found is not None]
        return [span for found in matching for span in found] if matching else None
    if isinstance(node, Not):
        return [] if _node(node.part, reading, analysis) is None else None
    return _leaf(node, reading, analysis)


def _leaf(leaf: Leaf, reading: Reading, analysis: Analysis) -> list[Span] | None:
    match leaf:
        case Word(text=text) | Phrase(text=text):
            return _words(text, reading, analysis) or None
        case Exact():
            return _exact(leaf, reading, analysis) or None
        case Prefix(text=text):
            return _prefix(text, reading, analysis) or None
        case Hashtag(text=text):
            return _hashtag(text, reading, analysis) or None
        case Mention(text=text):
            tokens = analysis.places.get("@" + fold_handle(text), ())
            return [(token.start, token.end) for token in tokens] or None
        case Field():
            return [] if _field(leaf, reading, analysis) else None


def _signs(reading: Reading) -> tuple[str, ...]:
    """What may stand before the terms that words are compared with."""
    return ("", HANDLE_PART) if reading.handles else ("",)


def _runs(terms: Sequence[str], sign: str, analysis: Analysis) -> list[list[Token]]:
    """Every place where the terms stand next to each other, as the tokens found there."""
    runs = []
    for first in analysis.places.get(sign + terms[0], ()):
        run = [first]
        for distance, term in enumerate(terms[1:], start=1):
            token = analysis.at.get((sign + term, first.position + distance))
            if token is None:
                break
            run.append(token)
        else:
            runs.append(run)
    return runs


def _words(text: str, reading: Reading, analysis: Analysis) -> list[Span]:
    terms = fold_words(text)
    kept = None if reading.fold_accents else fold_words(text, accents=True)
    return [
        (run[0].start, run[-1].end)
        for sign in _signs(reading)
        for run in _runs(terms, sign, analysis)
        if kept is None or [token.kept for token in run] == [sign + term for term in kept]
    ]


def _prefix(text: str, reading: Reading, analysis: Analysis) -> list[Span]:
    kept = fold_words(text, accents=True)[0]
    term = fold_accents(kept)
    return [
        (token.start, token.end)
        for sign in _signs(reading)
        for token in analysis.tokens
        if token.term.startswith(sign + term)
        and (reading.fold_accents or token.kept.startswith(sign + kept))
    ]


def _hashtag(text: str, reading: Reading, analysis: Analysis) -> list[Span]:
    kept = fold_tag(text, accents=True)
    return [
        (token.start, token.end)
        for token in analysis.places.get(fold_accents(kept), ())
        if reading.fold_accents or token.kept == kept
    ]


def _exact(leaf: Exact, reading: Reading, analysis: Analysis) -> list[Span]:
    text = analysis.post.text
    wanted = _cut(
        leaf.text, [match.span() for match in scanner(leaf.text).words.finditer(leaf.text)]
    )
    spans = []
    for sign in _signs(reading):
        for run in _runs(fold_words(leaf.text), sign, analysis):
            if run[0].start == run[-1].end:
                continue  # stated beside the text: nobody knows how it was written
            found = _cut(text, [(token.start, token.end) for token in run])
            if found.words == wanted.words and (not leaf.phrase or _same_around(found, wanted)):
                spans.append((run[0].start, run[-1].end))
    return spans


class _Cut(NamedTuple):
    """A text around some of its words, in the form in which exact leaves are compared."""

    before: str
    words: list[str]
    between: list[str]
    after: str


def _cut(text: str, spans: Sequence[Span]) -> _Cut:
    first, last = spans[0][0], spans[-1][1]
    return _Cut(
        before=_as_written(text[max(0, first - _PUNCTUATION) : first]),
        words=[plain(text[start:end]) for start, end in spans],
        between=[_as_written(text[a[1] : b[0]]) for a, b in pairwise(spans)],
        after=_as_written(text[last : last + _PUNCTUATION]),
    )


def _same_around(found: _Cut, wanted: _Cut) -> bool:
    return (
        found.between == wanted.between
        and found.before.endswith(wanted.before)
        and found.after.startswith(wanted.after)
    )


def _as_written(text: str) -> str:
    """Punctuation as the eye takes it: any space is a space, curved quotes are straight ones."""
    return _SPACES.sub(" ", plain(text).translate(_STRAIGHT))


def _field(field: Field, reading: Reading, analysis: Analysis) -> bool:
    term = field_term(field)
    if term == "is:own":
        return not reading.own.isdisjoint(analysis.metadata)
    return term in analysis.metadata


def field_term(field: Field) -> str:
    """The term of `Analysis.metadata` that the field asks for; `is:own` asks for `own_terms`."""
    if field.name in ("from", "to"):
        return f"{field.name}:{fold_handle(field.value)}"
    if field.name == "domain":
        return f"domain:{fold_domain(field.value)}"
    return f"{field.name}:{fold_case(field.value)}"
