"""How the leaves of a rule are read, and what an evaluation gives back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rules.language.tree import Span
from rules.text import Analysis

MOST_SPANS = 200
"""A post may say a word a hundred thousand times; a match remembers the first places."""


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
    names: tuple[str, ...] = ()
    """Names and spellings of the configured brands, which have no mood."""


class Test:
    """A node made ready to be asked about many posts. It never changes, so threads may share it."""

    __slots__ = ("effort",)

    def __init__(self, effort: int) -> None:
        self.effort = effort
        """The least is asked first where several must hold: 0 a look-up, 1 words, ... 4 a model."""

    def needed(self) -> frozenset[str] | None:
        """Terms of which a matching post has one, stems as `ste*`; None where none are certain."""
        return None

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Where the post passes, in no order; None where it does not, empty where by metadata."""
        raise NotImplementedError


def first_of(spans: list[Span]) -> list[Span]:
    """The spans, or the first ones of so many that it costs to hand them on."""
    if len(spans) <= 16 * MOST_SPANS:
        return spans
    distinct = list(set(spans))
    if len(distinct) <= 4 * MOST_SPANS:
        return distinct
    nowhere = [span for span in distinct if span[0] == span[1]][:1]  # it is found all the same
    return [*merged(distinct)[:MOST_SPANS], *nowhere]


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
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
