"""Why a keyword rule matched, in one sentence."""

from collections.abc import Iterable, Iterator, Sequence

from rules.evaluator import Reading, evaluate
from rules.language import render
from rules.language.tree import And, Node, Not, Or, Span
from rules.model import Reason
from rules.text import Analysis

_SAYS = "The post says {words}."
_SAYS_AND_FITS = "The post says {words} and fits {conditions}."
_FITS = "The post fits {conditions}."

REASONS: tuple[str, ...] = (_SAYS, _SAYS_AND_FITS, _FITS)
"""Every template, for the catalogues: `words` are quoted, `conditions` in the rule language."""

_MOST_LISTED = 4
_LONGEST_LISTED = 40


def reason(node: Node, reading: Reading, analysis: Analysis, spans: Sequence[Span]) -> Reason:
    """Name the words found at `spans`, and the conditions that no place in the text shows."""
    text = analysis.post.text
    words = _listed(f"“{_readable(text[start:end])}”" for start, end in spans)
    simple = spans and not isinstance(node, And | Or)
    conditions = "" if simple else _listed(map(_readable, _conditions(node, reading, analysis)))
    if not words:
        return Reason(template=_FITS, values={"conditions": conditions})
    if not conditions:
        return Reason(template=_SAYS, values={"words": words})
    return Reason(template=_SAYS_AND_FITS, values={"words": words, "conditions": conditions})


def _conditions(node: Node, reading: Reading, analysis: Analysis) -> Iterator[str]:
    """The parts of a matching tree that hold without a place in the text, as expressions.

    What the rule shuts out is left unsaid: the reader sees that the post is none of it.
    """
    if isinstance(node, Or):
        for part in node.parts:
            if evaluate(part, reading, analysis) is not None:
                yield from _conditions(part, reading, analysis)
    elif isinstance(node, And):
        for part in node.parts:
            yield from _conditions(part, reading, analysis)
    elif not isinstance(node, Not) and not evaluate(node, reading, analysis):
        yield render(node)


def _readable(text: str) -> str:
    """One printable line of bounded length; what would change the direction of text is dropped."""
    line = "".join(c for c in " ".join(text[: 2 * _LONGEST_LISTED].split()) if c.isprintable())
    return line if len(line) <= _LONGEST_LISTED else line[: _LONGEST_LISTED - 1] + "…"


def _listed(items: Iterable[str]) -> str:
    """Distinct items joined by commas, the first few of them."""
    distinct = list(dict.fromkeys(items))
    shown = ", ".join(distinct[:_MOST_LISTED])
    return f"{shown}, …" if len(distinct) > _MOST_LISTED else shown
