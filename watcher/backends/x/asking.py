"""Which queries ask X for what the rules want, and what they cannot ask for."""

from collections.abc import Sequence
from dataclasses import dataclass

from rules.keyword import KeywordRule
from rules.language import ExpressionError
from rules.model import Definitions
from watcher.backends.x.query import Nothing, Tree, anchored
from watcher.backends.x.splitting import TooLongError, queries
from watcher.backends.x.translating import Translation

NO_ANCHOR = "it can match without any word, hashtag or account that X could look for"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How rules are asked for."""

    queries: tuple[str, ...]
    """In X's syntax, each within its length; together they find all that the rules find."""
    unasked: tuple[tuple[str, str], ...]
    """Rules that no query finds, by name, and why."""


def ask(rules: Sequence[KeywordRule], definitions: Definitions) -> Asked:
    """Translate rules; those of other networks alone need no query."""
    trees: list[Tree] = []
    unasked: list[tuple[str, str]] = []
    for rule in rules:
        try:
            node, reading = rule.compiled(definitions)
        except ExpressionError:
            unasked.append((rule.name, "it cannot be understood"))
            continue
        tree = Translation(reading).of(node)
        if isinstance(tree, Nothing):
            continue
        if not anchored(tree):
            unasked.append((rule.name, NO_ANCHOR))
            continue
        try:
            queries([tree])
        except TooLongError as error:
            unasked.append((rule.name, str(error)))
        else:
            trees.append(tree)
    return Asked(queries=tuple(queries(trees)), unasked=tuple(unasked))
