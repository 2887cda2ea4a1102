"""Regular expressions over the text as it is written."""

from collections.abc import Sequence

from rules import regex
from rules.evaluation.reading import Test
from rules.language.tree import Span
from rules.text import Analysis


class Pattern(Test):
    """A regular expression is found in the text."""

    __slots__ = ("_pattern",)

    def __init__(self, pattern: str) -> None:
        """Compile the pattern; `rules.regex.RegexError` where it cannot be."""
        super().__init__(3)
        self._pattern = regex.compile(pattern)

    def find(self, analysis: Analysis) -> Sequence[Span] | None:
        """Where it is found, the first `regex.MOST_SPANS` times."""
        return self._pattern.spans(analysis.post.text) or None
