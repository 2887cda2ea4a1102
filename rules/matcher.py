"""Many keyword rules against many posts at once."""

from collections.abc import Sequence

from rules.evaluator import evaluate
from rules.keyword import KeywordRule
from rules.model import Definitions, Match, Post
from rules.presearch import Presearcher
from rules.reasons import reason
from rules.text import analyse


class Matcher:
    """Keyword rules compiled together. It never changes, so threads may share it."""

    def __init__(
        self,
        rules: Sequence[KeywordRule],
        definitions: Definitions = Definitions(),  # noqa: B008  # frozen
    ) -> None:
        """Compile the enabled rules. Raises `ExpressionError` for the first that is not valid."""
        self._rules = tuple(rule for rule in rules if rule.enabled)
        self._compiled = [rule.compiled(definitions) for rule in self._rules]
        self._presearcher = Presearcher(self._compiled)

    def match(self, posts: Sequence[Post]) -> list[Match]:
        """Every match, in the order of the posts and then of the rules."""
        matches: list[Match] = []
        for post in posts:
            analysis = analyse(post)
            for number in self._presearcher.candidates(analysis.terms):
                node, reading = self._compiled[number]
                spans = evaluate(node, reading, analysis)
                if spans is not None:
                    matches.append(
                        Match(
                            rule=self._rules[number].name,
                            post=post.key,
                            spans=spans,
                            reason=reason(node, reading, analysis, spans),
                        )
                    )
        return matches


__all__ = ["Matcher", "evaluate"]
