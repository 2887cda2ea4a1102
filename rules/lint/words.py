"""Words so common that they flood: as such, behind a prefix, or one edit from a fuzzy word."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rules.frequencies import Common, Frequencies
from rules.language.printing import render
from rules.language.tree import (
    And,
    AtLeast,
    Emoji,
    Field,
    Fuzzy,
    Hashtag,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Word,
)
from rules.language.walk import wanted
from rules.lint.remark import Remark, short
from rules.text import fold_tag, fold_words

FLOODS = 0.01
"""Share of posts above which a word floods."""
VERY_COMMON = 0.002
"""Share of posts from which a word must not be one edit from a fuzzy one."""
_OF_PHRASE = 0.1
"""How much of the posts with its rarest word are guessed to have a phrase."""
_PREVIEW = 5
_BROAD_STEM = 3
_WIDE_FIELDS = frozenset({"lang", "network", "source", "is", "has", "sentiment"})

Shares = Callable[[str], float | None]
"""From a term to the share of one's own posts that have it, 0 to 1; None where that is unknown."""


@dataclass(frozen=True, kw_only=True)
class Commonness:
    """How common words are, for one rule."""

    languages: Sequence[str]
    """The languages that posts are expected in."""
    table: Frequencies
    own: Shares | None = None
    """Told from one's own posts; goes before the table."""

    def share(self, term: str) -> float:
        """The share of posts that have a term, 0 to 1."""
        measured = self.own(term) if self.own else None
        return self.table.share(term, self.languages) if measured is None else measured

    def measured(self, term: str) -> bool:
        """Whether the share of a term is that of one's own posts."""
        return self.own is not None and self.own(term) is not None

    def beginning(self, prefix: str) -> list[Common]:
        """The words that begin so, the most common first."""
        return self._ranked(self.table.beginning(prefix, self.languages))

    def near(self, term: str) -> list[Common]:
        """The words one edit away, the most common first."""
        return self._ranked(self.table.one_edit_from(term, self.languages))

    def _ranked(self, found: list[Common]) -> list[Common]:
        if self.own is None:
            return found
        again = [Common(word, self.share(word)) for word, _ in found]
        return sorted(again, key=lambda common: -common.share)


def word_remarks(tree: Node, common: Commonness) -> Iterator[Remark]:
    """Remark on every word, prefix and fuzzy word that finds far more than was meant."""
    common = _narrowed(tree, common)
    flooding = list(_flooding(tree, common))
    for leaf in flooding:
        yield _too_common(leaf, tree, common)
    for node in wanted(tree):
        if isinstance(node, Fuzzy):
            yield from _fuzzy(node, common)
        elif isinstance(node, Prefix) and not any(node is leaf for leaf in flooding):
            yield from _prefix(node, common)


def _narrowed(tree: Node, common: Commonness) -> Commonness:
    """The same for the one language that a rule asks for, where it does."""
    parts = tree.parts if isinstance(tree, And) else (tree,)
    asked = [one.value for one in parts if isinstance(one, Field) and one.name == "lang"]
    if not asked:
        return common
    return Commonness(languages=asked[:1], table=common.table, own=common.own)


def _flooding(node: Node, common: Commonness) -> Iterator[Word | Phrase | Prefix]:
    """The leaves that flood: in an AND, the rarest part decides; in an OR, each for itself."""
    if isinstance(node, Or):
        for part in node.parts:
            yield from _flooding(part, common)
    elif isinstance(node, And):
        rarest = min(node.parts, key=lambda part: _share(part, common), default=None)
        if rarest is not None:
            yield from _flooding(rarest, common)
    elif isinstance(node, Word | Phrase | Prefix) and _share(node, common) >= FLOODS:
        yield node


def _share(node: Node, common: Commonness) -> float:
    """The share of posts that match, at most; 0 for what is rare or not known."""
    match node:
        case Word(text=text) | Phrase(text=text) | Emoji(text=text):
            terms = fold_words(text)
            rarest = min((common.share(term) for term in terms), default=0)
            return rarest if len(terms) == 1 else rarest * _OF_PHRASE
        case Prefix(text=text):
            return min(1.0, sum(one.share for one in common.beginning(fold_words(text)[0])))
        case Hashtag(text=text):
            return common.share(fold_tag(text))
        case Or(parts=parts):
            return min(1.0, sum(_share(part, common) for part in parts))
        case And(parts=parts):
            return min((_share(part, common) for part in parts), default=1.0)
        case Near(left=left, right=right):
            return min(_share(left, common), _share(right, common))
        case AtLeast(parts=parts, count=count):
            return sorted((_share(part, common) for part in parts), reverse=True)[count - 1]
        case Not() | Range():
            return 1.0
        case Field(name=name):
            return 1.0 if name in _WIDE_FIELDS else 0.0
    return 0.0


def _too_common(leaf: Word | Phrase | Prefix, tree: Node, common: Commonness) -> Remark:
    share = _share(leaf, common)
    terms = fold_words(leaf.text)
    own = not isinstance(leaf, Prefix) and all(common.measured(term) for term in terms)
    whose = "of your own posts" if own else f"of posts in {_languages(common)}"
    return Remark(
        code="too-common",
        node=leaf,
        message=f"`{short(leaf)}` is in about {share:.0%} {whose}: this finds {share * 1000:.0f} "
        "of 1,000",
        replaced=leaf,
        by=f"{render(leaf)} WORD" if leaf is tree else f"({render(leaf)} WORD)",
    )


def _languages(common: Commonness) -> str:
    known = [one for one in common.languages if one in common.table.languages]
    return " or ".join(known) or "any language"


def _fuzzy(leaf: Fuzzy, common: Commonness) -> Iterator[Remark]:
    terms = fold_words(leaf.text)
    near = common.near(terms[0]) if terms else []
    if not near:
        return
    blocked = near[0].share >= VERY_COMMON
    yield Remark(
        code="fuzzy-common-words" if blocked else "fuzzy-other-words",
        node=leaf,
        message=f"`{short(leaf)}` also finds {_preview(near)}",
        replaced=leaf,
        by=leaf.text,
    )


def _prefix(leaf: Prefix, common: Commonness) -> Iterator[Remark]:
    stem = fold_words(leaf.text)[0]
    if len(stem) > _BROAD_STEM or not stem.isascii():
        return
    begun = common.beginning(stem)
    if not begun:
        return
    yield Remark(
        code="broad-prefix",
        node=leaf,
        message=f"`{short(leaf)}` finds {_preview(begun)}",
        help="write more letters, or the words that are meant with OR between them",
    )


def _preview(found: list[Common]) -> str:
    """The first words, and how many more there are."""
    words = [one.word for one in found[:_PREVIEW]]
    more = len(found) - len(words)
    return ", ".join(words) + (f" and {more} other common word{'s' * (more > 1)}" if more else "")
