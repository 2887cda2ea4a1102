"""What is said twice, or in a way that can hardly be meant: judged by the tree alone."""

from collections.abc import Iterator
from dataclasses import replace

from rules.errors import Problem
from rules.evaluator import Reading
from rules.language.printing import render
from rules.language.tree import (
    And,
    BrandName,
    Emoji,
    Exact,
    Fuzzy,
    Hashtag,
    ListName,
    Mention,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from rules.language.walk import Single, is_single
from rules.lint.facts import Fact, entailed, entails, fact_of, loosely
from rules.lint.remark import Remark, View, short

WIDEST_NEAR = 10
_LONGEST_ACRONYM = 5
_LONGEST_WORD = 30
_MOST_TOLD = 5
"""Needless parts of one list that are told one by one."""
_MOST_COMPARED = 30
"""Ranges and NEARs of an OR that are compared in pairs."""

_WORDS = (Word, Phrase, Prefix, Fuzzy)
_PAIRED = (And, Or)


def double_negation(view: View) -> Iterator[Remark]:
    """Remark on `-(-a)`."""
    for node in view.nodes:
        if isinstance(node, Not) and isinstance(node.part, Not):
            inner = node.part.part
            yield Remark(
                code="double-negation",
                node=node,
                message="what is excluded here is itself an exclusion: the two cancel out",
                replaced=node,
                by=f"({render(inner)})" if isinstance(inner, And | Or) else render(inner),
            )


def repeated_terms(view: View) -> Iterator[Remark]:
    """Remark on what stands twice in one list of alternatives or demands."""
    for node in view.nodes:
        if isinstance(node, _PAIRED):
            yield from _told("repeated-term", node, list(_repeated(_facts(node, view.reading))))


def covered_terms(view: View) -> Iterator[Remark]:
    """Remark on alternatives that another one covers; first those that stand twice are mended."""
    for node in view.nodes:
        if isinstance(node, Or):
            facts = _facts(node, view.reading)
            if not any(_repeated(facts)):
                yield from _told("covered-term", node, list(_covered(facts)))


def _facts(node: And | Or, reading: Reading) -> list[tuple[Single, Fact]]:
    """The parts of a node that are leaves, with their facts."""
    accents = not reading.fold_accents
    return [(part, fact_of(part, accents=accents)) for part in node.parts if is_single(part)]


def _told(code: str, node: And | Or, found: list[tuple[Single, str]]) -> Iterator[Remark]:
    """Remarks on the needless parts of a node; the repaired text lacks all of them."""
    if not found:
        return
    needless = {id(part) for part, _ in found}
    kept = tuple(part for part in node.parts if id(part) not in needless)
    by = render(replace(node, parts=kept) if len(kept) > 1 else kept[0])
    more = len(found) - _MOST_TOLD
    for number, (part, message) in enumerate(found[:_MOST_TOLD], start=1):
        if more > 0 and number == _MOST_TOLD:
            message += f"; {more} more here are needless too"  # noqa: PLW2901
        yield Remark(code=code, node=part, message=message, replaced=node, by=by)


def _repeated(facts: list[tuple[Single, Fact]]) -> Iterator[tuple[Single, str]]:
    seen: dict[Fact, Single] = {}
    for part, fact in facts:
        if (before := seen.setdefault(fact, part)) is part:
            continue
        written, first = short(part), short(before)
        also = "" if written == first else f": it finds what `{first}` finds"
        yield part, f"`{written}` is asked for twice{also}"


def _covered(facts: list[tuple[Single, Fact]]) -> Iterator[tuple[Single, str]]:
    by_fact = {fact: part for part, fact in facts}
    known = by_fact.keys()
    loose = any(fact[0] in ("prefix", "fuzzy") for fact in known)
    few = [fact for fact in known if fact[0] in ("range", "near")][:_MOST_COMPARED]
    for part, fact in facts:
        if fact[0] == "tag":
            continue  # `acme OR #acme` is how people write it, and it does no harm
        covering = entailed(fact) & known
        if loose:
            covering |= known & set(loosely(fact)) - {fact}
        if fact[0] in ("range", "near"):
            covering |= {other for other in few if other != fact and entails(fact, other)}
        if covering:
            wider = by_fact[min(covering, key=repr)]
            yield part, f"`{short(wider)}` finds this too"


def wide_near(view: View) -> Iterator[Remark]:
    """Remark on a NEAR over more words than hang together."""
    for node in view.nodes:
        if isinstance(node, Near) and node.distance > WIDEST_NEAR:
            yield Remark(
                code="wide-near",
                node=node,
                message=f"over {node.distance} words, nearness says little: a post has about 15",
                replaced=node,
                by=render(replace(node, distance=WIDEST_NEAR)),
            )


def all_capitals(view: View) -> Iterator[Remark]:
    """Remark on a rule all in capitals, unless it has only what may be acronyms."""
    words: list[Word | Phrase | Prefix | Fuzzy] = []
    for leaf in view.nodes:
        if isinstance(leaf, _WORDS):
            if not leaf.text.isupper():
                return
            words.append(leaf)
    parts = [part for leaf in words for part in leaf.text.split()]
    if all(len(part) <= _LONGEST_ACRONYM for part in parts):  # also where there are no words
        return
    message = "capitals make no difference here"
    if any(isinstance(node, Or | Not) for node in view.nodes):
        message += "; OR and NOT between them are operators, though, unless they stand in quotes"
    plain = [part for part in parts if part.isalpha() and len(part) <= _LONGEST_WORD]
    longest = max(plain, key=len, default="ACME")
    yield Remark(
        code="all-capitals",
        node=view.tree,
        message=message,
        help=f"={longest} asks for the capitals; else write it in small letters",
    )


_KEYS = {
    "confusables": "confusables = true",
    "handles": 'in = ["text", "handles"]',
    "fold_accents": "fold_accents = false",
}


def without_effect(view: View) -> Iterator[Remark]:
    """Remark on keys about words in a rule that has no words."""
    asked = {
        "confusables": view.reading.confusables,
        "handles": view.reading.handles,
        "fold_accents": not view.reading.fold_accents,
    }
    if not any(asked.values()):
        return
    touched = {
        "confusables": Word | Phrase | Prefix | Exact | Fuzzy | Hashtag | Mention,
        "handles": Word | Phrase | Prefix | Fuzzy | Exact | Emoji,
        "fold_accents": Word | Phrase | Prefix | Hashtag,
    }
    for key, on in asked.items():
        kinds = touched[key] | BrandName | ListName
        if on and not any(isinstance(node, kinds) for node in view.nodes):
            yield Remark(
                code="without-effect",
                node=None,
                message=f"`{_KEYS[key]}` changes nothing: the rule looks for no words",
                help="leave it out",
            )


def useless_inflections() -> Problem:
    """The problem of a rule none of whose words has other forms."""
    return Problem(
        code="without-effect",
        message="`inflections` changes nothing: no word of the rule has another form",
        path=("inflections",),
        help="leave it out",
        severity="warning",
    )
