"""Whether a post matches a tree, yes or no: what the evaluator says, without the places.

A tree becomes one Python function over the terms of a post. Trees of the same shape share their
code, which is made once for each shape; the words of rules never enter it, they are passed in as
constants. What terms alone cannot tell (phrases, NEAR, regular expressions, ...) is asked of the
evaluator, after the terms that it needs have been found. So the answer is always the evaluator's.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from rules.characters import plain
from rules.evaluation.slots import one_edit
from rules.evaluator import Evaluator, Reading, field_term
from rules.language.tree import (
    And,
    AtLeast,
    Cashtag,
    Emoji,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    Mention,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
)
from rules.latin import DIVIDING, is_latin
from rules.metadata import fold_handle
from rules.signs import name_words
from rules.text import HANDLE_PART, Analysis, fold_cashtag, fold_tag, fold_words

Decider = Callable[[Analysis], bool]
Entry = tuple[Any, ...]
"""A function that tells whether an analysed post matches (called with the post's analysis and this
very tuple), the number of a rule, and the constants of the function."""

_DEEP = 8
"""Nodes that lie deeper get a function of their own: Python bounds how deep code may be nested."""
_WIDE = 24
"""More parts that are not plain terms go to the evaluator, which files them by their terms."""

PLACES = {
    "from": "authors",
    "network": "authors",
    "lang": "languages",
    "is": "kinds",
    "has": "carried",
    "domain": "domains",
    "to": "metadata",
    "source": "metadata",
}
"""The attribute of `Analysis` that has the terms of a field."""


def decider(node: Node, reading: Reading) -> Decider:
    """A function that tells whether an analysed post matches the tree."""
    made = entry(node, reading, 0)
    holds: Callable[[Analysis, Entry], bool] = made[0]
    return lambda analysis: holds(analysis, made)


def entry(node: Node | None, reading: Reading, number: int) -> Entry:
    """The same with the number of a rule, as `Entry` says; `node` is None where nothing is asked.

    One tuple has all that a rule brings along. Most rules are asked so seldom that each thing they
    have lies far away in memory, and fetching it takes longer than what is done with it.
    """
    if node is None:
        return (_certain, number)
    return _Writer(reading).entry(node, number)


def _certain(_analysis: Analysis, _entry: Entry) -> bool:
    return True


def plain_term(node: Node, reading: Reading) -> str | None:
    """The term that a post says exactly where it matches the leaf, if there is just one."""
    match node:
        case Mention(text=text) | Field(name="mentions", value=text):
            return "@" + fold_handle(text)
        case Cashtag(text=text):
            return fold_cashtag(text)
        case Emoji(text=text):
            words = fold_words(text)
            return words[0] if len(words) == 1 else None
    if not reading.fold_accents or reading.confusables:
        return None
    match node:
        case Hashtag(text=text):
            return fold_tag(text)
        case Word(text=text) | Phrase(text=text) if not reading.handles:
            words = fold_words(text)
            return words[0] if len(words) == 1 else None
    return None


class _Code(NamedTuple):
    """An expression of Python about `t`, what the post says, and `a`, its analysis."""

    text: str
    effort: int
    """The least is asked first: 0 a term, 1 several, 2 other terms, 3 a search, 4 the evaluator."""


_NEVER, _ALWAYS = _Code("False", 0), _Code("True", 0)


class _Writer:
    """Writes the code of one function; the constants that it names are collected."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._constants: list[Any] = []

    def entry(self, node: Node, number: int) -> Entry:
        """The entry for a node."""
        return (_compiled(self._node(node, 0).text), number, *self._constants)

    def _constant(self, value: object) -> str:
        self._constants.append(value)
        return f"e[{len(self._constants) + 1}]"

    def _node(self, node: Node, depth: int) -> _Code:
        term = plain_term(node, self._reading)
        if term is not None:
            return _Code(f"{self._constant(term)} in t", 0)
        if isinstance(node, And | Or | Not | AtLeast) and depth > _DEEP:
            return _Code(f"{self._constant(decider(node, self._reading))}(a)", 3)
        match node:
            case And(parts=parts):
                return self._joined(node, parts, depth)
            case Or(parts=parts):
                return self._joined(node, parts, depth)
            case AtLeast(count=count, parts=parts):
                return self._at_least(node, count, parts, depth)
            case Not(part=part):
                code = self._node(part, depth + 1)
                return _Code(f"not ({code.text})", code.effort)
            case Near(left=left, right=right):
                if depth > _DEEP:
                    return self._evaluated(node)
                return self._guarded(node, And(parts=(left, right)), depth + 1)
            case Field():
                return self._field(node)
            case _:
                return self._leaf(node)

    def _joined(self, node: And | Or, parts: Sequence[Node], depth: int) -> _Code:
        whole = isinstance(node, And)
        terms = []
        others = []
        for part in parts:
            term = plain_term(part, self._reading)
            if term is None:
                others.append(part)
            else:
                terms.append(term)
        if len(others) > _WIDE:
            return self._evaluated(node)
        codes = [self._terms(terms, whole=whole)] if terms else []
        codes += [self._node(part, depth + 1) for part in others]
        if not codes:
            return _ALWAYS if whole else _NEVER
        codes.sort(key=lambda code: code.effort)
        if len(codes) == 1:
            return codes[0]
        word = " and " if whole else " or "
        return _Code(word.join(f"({code.text})" for code in codes), codes[-1].effort)

    def _terms(self, terms: Sequence[str], *, whole: bool) -> _Code:
        """All of the terms, or one of them."""
        if len(terms) > 2:  # a set is asked once, however large
            named = self._constant(frozenset(terms))
            return _Code(f"{named} <= t" if whole else f"not {named}.isdisjoint(t)", 1)
        word = " and " if whole else " or "
        return _Code(word.join(f"{self._constant(term)} in t" for term in terms), 0)

    def _at_least(self, node: Node, count: int, parts: Sequence[Node], depth: int) -> _Code:
        if len(parts) > _WIDE:
            return self._evaluated(node)
        codes = [self._node(part, depth + 1) for part in parts]
        total = " + ".join(f"bool({code.text})" for code in codes)
        return _Code(f"{total} >= {count:d}", max((code.effort for code in codes), default=0))

    def _field(self, field: Field) -> _Code:
        where = PLACES.get(field.name)
        if where is None:
            return self._evaluated(field)
        term = field_term(field)
        if term == "has:link":
            return _Code("a.links_somewhere", 2)
        if term == "is:own":
            if not self._reading.own:
                return _NEVER
            return _Code(f"not {self._constant(self._reading.own)}.isdisjoint(a.authors)", 2)
        there = f"{self._constant(term)} in a.{where}"
        if where == "languages":  # a post that states none may read like the language
            return _Code(f"{there} or (not a.languages and {self._evaluated(field).text})", 2)
        return _Code(there, 2)

    def _leaf(self, leaf: Node) -> _Code:
        reading = self._reading
        if reading.confusables or not isinstance(leaf, Word | Phrase | Exact | Prefix | Fuzzy):
            return self._evaluated(leaf)
        words = fold_words(leaf.text)
        if not words:
            return _NEVER
        if isinstance(leaf, Prefix | Fuzzy):
            if len(words) > 1 or reading.handles or not reading.fold_accents:
                return self._evaluated(leaf)
            near = _begins(words[0]) if isinstance(leaf, Prefix) else _is_near(words[0])
            return _Code(f"{self._constant(near)}(t)", 3)
        there = self._terms(words, whole=True).text
        if reading.handles:
            parts = self._constant(frozenset(HANDLE_PART + word for word in words))
            there += f" or {parts} <= a.handle_parts"
        sure = len(words) == 1 and reading.fold_accents and not isinstance(leaf, Exact)
        if sure:
            return _Code(there, 2)
        if isinstance(leaf, Exact) and len(words) == 1 and not reading.handles:
            written = self._constant(_Written(leaf, reading))
            return _Code(f"({there}) and {written}(a)", 3)
        found = self._evaluated(leaf).text
        if reading.fold_accents and not reading.handles and not isinstance(leaf, Exact):
            # Most posts are a line of words: 10 times faster there.
            needle = self._constant(" " + " ".join(words) + " ")
            in_tags = self._constant(_InTags(words))
            found = f"({needle} in a.line or ({in_tags}(a.line) and {found}))"
        return _Code(f"({there}) and {found}", 4)

    def _guarded(self, node: Node, needed: Node, depth: int) -> _Code:
        """What the evaluator says, asked only where the post has what the node needs."""
        return _Code(f"({self._node(needed, depth).text}) and {self._evaluated(node).text}", 4)

    def _evaluated(self, node: Node) -> _Code:
        return _Code(f"{self._constant(_Asked(node, self._reading))}(a)", 4)


class _Asked:
    """Asks the evaluator, which is made ready when it is first needed."""

    __slots__ = ("_evaluator", "_node", "_reading")

    def __init__(self, node: Node, reading: Reading) -> None:
        self._node, self._reading = node, reading
        self._evaluator: Evaluator | None = None

    def __call__(self, analysis: Analysis) -> bool:
        if self._evaluator is None:
            self._evaluator = Evaluator(self._node, self._reading)
        return self._evaluator.spans(analysis) is not None


class _InTags:
    """Tells whether any of the words of a phrase may stand within a hashtag of several."""

    __slots__ = ("_marked",)

    def __init__(self, words: Sequence[str]) -> None:
        self._marked = [f"\1{word}\1" for word in words]

    def __call__(self, line: str) -> bool:
        return not line or ("\1" in line and any(word in line for word in self._marked))


class _Written:
    """Tells whether a post has a word just as it is written.

    Nine of ten posts with the word write it otherwise: the text itself tells, 20 times faster.
    """

    __slots__ = ("_asked", "_written")

    def __init__(self, leaf: Exact, reading: Reading) -> None:
        self._asked = _Asked(leaf, reading)
        written = plain(leaf.text)
        self._written = written if written.isascii() and written.isalnum() else ""

    def __call__(self, analysis: Analysis) -> bool:
        written, text = self._written, analysis.post.text
        if not written or (written not in text and (text.isascii() or written not in plain(text))):
            return not written and self._asked(analysis)
        post, cut = analysis.post, analysis.cut
        if post.hashtags or cut.may_show_links_of(post):
            return self._asked(analysis)
        rest = cut.rest
        at = rest.find(written)
        while at >= 0:
            end = at + len(written)
            if rest[at - 1 : at] in DIVIDING and rest[end : end + 1] in DIVIDING:
                return True
            at = rest.find(written, end)
        if not is_latin(text):
            return self._asked(analysis)
        tags = [tag for tag in cut.tags if tag and written in tag]
        return any(word.text == written for tag in tags for word in name_words(tag)[0])


def _begins(start: str) -> Callable[[set[str]], bool]:
    def begins(said: set[str]) -> bool:
        for term in said:  # noqa: SIM110 - half the time of `any`
            if term.startswith(start):
                return True
        return False

    return begins


def _is_near(word: str) -> Callable[[set[str]], bool]:
    lengths = range(len(word) - 1, len(word) + 2)

    def is_near(said: set[str]) -> bool:
        return any(
            len(term) in lengths and term[:1] not in "#@$" and one_edit(term, word) for term in said
        )

    return is_near


@lru_cache(maxsize=4_096)
def _compiled(text: str) -> Callable[[Analysis, Entry], bool]:
    """A function that returns the expression: 150 µs, but once for each shape."""
    made: dict[str, Any] = {}
    # The text holds places of constants and operators only.
    exec(f"def decide(a, e):\n t = a.said\n return {text}", made)  # noqa: S102
    decide: Callable[[Analysis, Entry], bool] = made["decide"]
    return decide
