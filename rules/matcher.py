"""Many keyword rules against many posts at once."""

from collections.abc import Sequence

from rules.evaluator import evaluate
from rules.garbage import collector_at_rest
from rules.keyword import KeywordRule
from rules.matching.rulebook import Rulebook
from rules.model import Definitions, Match, Post
from rules.text import Analysis, analyse

__all__ = ["Matcher", "evaluate"]


class Matcher:
    """Keyword rules compiled together. It never changes, so threads may share it."""

    def __init__(
        self,
        rules: Sequence[KeywordRule],
        definitions: Definitions = Definitions(),  # noqa: B008  # frozen
        *,
        older: Rulebook | None = None,
    ) -> None:
        """Compile the enabled rules, or take them over from an older book.

        Raises `ExpressionError` for the first that is not valid.
        """
        with collector_at_rest():
            if older is None:
                self._book = Rulebook.of(tuple(rules), definitions)
            else:
                self._book = older.changed(tuple(rules), definitions)
        self._compiled, self._filed = self._book.compiled, self._book.filed
        self._places = self._book.places()

    def with_rules(
        self,
        rules: Sequence[KeywordRule],
        definitions: Definitions = Definitions(),  # noqa: B008  # frozen
    ) -> "Matcher":
        """A matcher for these rules, in a time that grows with what has changed.

        This one stays as it is. Raises `ExpressionError` for the first rule that is not valid.
        """
        return Matcher(rules, definitions, older=self._book)

    def decide(
        self, posts: Sequence[Post], analyses: Sequence[Analysis] | None = None
    ) -> list[tuple[int, int]]:
        """Which posts match which rules, as (number of the post, number of the rule).

        In ascending order. Faster than `match`, which finds the places too. `analyses` are those of
        the posts, where they are made already.
        """
        pairs: list[tuple[int, int]] = []
        for number, analysis in enumerate(analyses or map(analyse, posts)):
            matching = self._matching(analysis)
            if matching:
                pairs += [(number, place) for place in self._in_order(matching)]
        return pairs

    def match(
        self, posts: Sequence[Post], analyses: Sequence[Analysis] | None = None
    ) -> list[Match]:
        """Every match, in the order of the posts and then of the rules.

        `analyses` are those of the posts, where they are made already.
        """
        matches: list[Match] = []
        for analysis in analyses or map(analyse, posts):
            for place in self._in_order(self._matching(analysis)):
                found = self._compiled[self._book.numbers[place]].match(analysis)
                if found is not None:
                    matches.append(found)
        return matches

    def candidates(self, post: Post) -> int:
        """How many rules a post brings up, to be looked at."""
        return len({number for _, number, *_ in self._filed.brought_up(analyse(post))})

    def _matching(self, analysis: Analysis) -> list[int]:
        """The numbers of the rules that match."""
        entries = self._filed.brought_up(analysis)
        if not entries:
            return []
        try:
            return list({entry[1] for entry in entries if entry[0](analysis, entry)})
        except Exception:  # noqa: BLE001 - told and left out by `matches`, each rule for itself
            numbers = {entry[1] for entry in entries}
            return [number for number in numbers if self._compiled[number].matches(analysis)]

    def _in_order(self, numbers: list[int]) -> list[int]:
        """The places of rules among the rules, in ascending order."""
        places = self._places
        return sorted(numbers if places is None else [places[number] for number in numbers])
