"""Why a keyword rule matched, in one sentence."""

from collections.abc import Iterable, Iterator, Sequence

from rules.evaluator import Evaluator, Reading
from rules.language import render
from rules.language.tree import And, AtLeast, Node, Not, Or, Span
from rules.model import Reason
from rules.text import Analysis

SAYS = "The post says {words}."
QUOTED = "“{word}”"
"""How each of the `words` is quoted: other languages have other marks."""
_FITS = "The post fits {conditions}."

REASONS: tuple[str, ...] = (SAYS, QUOTED, _FITS)
"""Every template, for the catalogues: `words` are quoted, `conditions` in the rule language."""

_MOST_LISTED = 4
_LONGEST_LISTED = 40
_INNER = str.maketrans("“”", "''")
"""Inside the quotation marks stand none of their kind, so that where a word ends is certain."""


def reason(node: Node, reading: Reading, analysis: Analysis, spans: Sequence[Span]) -> Reason:
    """What `reason_of` says, for those who ask but once."""
    return reason_of(Evaluator(node, reading), analysis, spans)


def reason_of(evaluator: Evaluator, analysis: Analysis, spans: Sequence[Span]) -> Reason:
    """Name the words found at `spans`; where there are none, the conditions that the post fits.

    Beside words the conditions go unsaid: they are written for machines, and words say more.
    """
    text = analysis.post.text
    words = _listed(
        QUOTED.format(word=_readable(text[start:end]).translate(_INNER)) for start, end in spans
    )
    if words:
        return Reason(template=SAYS, values={"words": words})
    conditions = _listed(map(_readable, _conditions(evaluator, analysis)))
    return Reason(template=_FITS, values={"conditions": conditions})


def _conditions(evaluator: Evaluator, analysis: Analysis) -> Iterator[str]:
    """The parts of a matching tree that hold without a place in the text, as expressions.

    What the rule shuts out is left unsaid: the reader sees that the post is none of it.
    """
    match evaluator.node:
        case Or() | AtLeast():
            for part in evaluator.parts:
                if part.spans(analysis) is not None:
                    yield from _conditions(part, analysis)
        case And():
            for part in evaluator.parts:
                yield from _conditions(part, analysis)
        case Not():
            return
        case node if not evaluator.spans(analysis):
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
