"""The rule that finds words: one `[[rules]]` table with a `find` expression, or lists of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Literal

from rules.errors import Problem
from rules.evaluator import Reading
from rules.inflections import Language
from rules.language import ExpressionError, check, expand
from rules.language.expansion import inflect
from rules.language.tree import And, Node, Not, Or
from rules.language.walk import walk
from rules.lint import Expression, lint, unknown_lints, unless_allowed, useless_inflections
from rules.metadata import own_terms
from rules.model import Definitions
from rules.rates import Rate, length
from rules.rates.length import length_problems

Place = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class KeywordRule:
    """Matches the posts that an expression describes."""

    name: str
    """How mails and commands call the rule; unique in the configuration."""
    kind: Literal["keyword"] = "keyword"
    find: str = ""
    """What to look for: `(acme OR "acme corp") -job lang:fr`. See `docs/rules.md`."""
    any: tuple[str, ...] = ()
    """Expressions of which a post must fit at least one: a list instead of `OR`."""
    all: tuple[str, ...] = ()
    """Expressions that a post must fit, every one."""
    none: tuple[str, ...] = ()
    """Expressions that a post must not fit."""
    then: tuple[str, ...] = ()
    """Names of the channels that are told."""
    in_: tuple[Literal["text", "handles"], ...] = ("text",)
    """Where words are looked for: in the text, or also in the handles that it mentions."""
    fold_accents: bool = True
    """Whether accents make no difference: `ete` finds `été`. `=Été` always looks at them."""
    confusables: bool = False
    """Whether letters of other scripts that look alike make no difference: `acme` finds `аcme`
    with a Cyrillic `а`."""
    inflections: tuple[Language, ...] = ()
    """Languages, `["en", "fr"]`, in whose regular plurals and singulars a bare word is also found.
    `watcher rules show` lists them."""
    rate: Rate | None = None
    """Tells the channels how often the rule matches instead of each match. See `docs/rates.md`."""
    realert: str = ""
    """After it told something the rule stays silent for so long, `1h`; what it finds is stored and
    counted. Empty: matches are all told, a rate waits as long as its window."""
    dedupe: Literal["none", "repost", "near"] = "none"
    """What is not told again: reposts of what the rule found, or also posts that differ little."""
    enabled: bool = True
    """Whether the rule is used at all."""
    allow: tuple[str, ...] = ()
    """What the linter finds doubtful and is meant so, by its codes: `["only-negatives"]`. See
    `docs/lint.md`."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        if not self.name.strip():
            yield Problem(code="empty-name", message="a rule needs a name", path=("name",))
        if "text" not in self.in_:
            yield Problem(
                code="text-left-out",
                message="words are always looked for in the text",
                path=("in",),
                help='in = ["text", "handles"]',
            )
        if self.realert:
            least, most = timedelta(seconds=1), timedelta(days=30)
            yield from length_problems("realert", self.realert, least, most, "1h")
        yield from unknown_lints(self.allow)
        yield from unless_allowed(self.doubts, self.allow)

    @cached_property
    def doubts(self) -> tuple[Problem, ...]:
        """What is wrong or doubtful in the expressions, by themselves, whatever `allow` says."""
        found = [
            replace(problem, path=place)
            for place, (_, problems) in self._read.items()
            for problem in problems
        ]
        if self.readable:
            reading = self.reading(Definitions())
            found += lint(self.tree, self.read, reading, inflected=self.inflected)
            if self.inflections and self.inflected == self.tree:
                found.append(useless_inflections())
        return tuple(found)

    @property
    def read(self) -> list[Expression]:
        """The expressions that can be understood, each with its place in the table and its tree."""
        return [
            Expression(place, text, tree)
            for place, text in self.expressions()
            if (tree := self._read[place][0]) is not None
        ]

    @cached_property
    def kinds(self) -> frozenset[type]:
        """The kinds of nodes in the expressions that can be understood."""
        return frozenset(type(node) for one in self.read for node in walk(one.tree))

    @property
    def readable(self) -> bool:
        """Whether every expression can be understood, so that there is a `tree`."""
        return all(tree is not None for tree, _ in self._read.values())

    @cached_property
    def _read(self) -> dict[Place, tuple[Node | None, tuple[Problem, ...]]]:
        return {place: check(expression) for place, expression in self.expressions()}

    @property
    def silence(self) -> timedelta | None:
        """How long the rule stays silent after it told something; None: not at all."""
        if self.realert:
            return length(self.realert)
        return self.rate.silence if self.rate else None

    def expressions(self) -> Iterator[tuple[Place, str]]:
        """Yield the expressions of the table, each with its place in it."""
        if self.find or not (self.any or self.all or self.none):
            yield ("find",), self.find
        for key in ("any", "all", "none"):
            for at, expression in enumerate(getattr(self, key)):
                yield (key, at), expression

    @cached_property
    def tree(self) -> Node:
        """What the table asks for: `find`, one of `any`, each of `all` and not one of `none`.

        Raises `ExpressionError` for the first expression that cannot be understood.
        """
        read = {place: self._tree(place, text) for place, text in self.expressions()}
        parts = [read[("find",)]] if ("find",) in read else []
        if self.any:
            parts.append(_joined(Or, [read[("any", at)] for at in range(len(self.any))]))
        parts += [read[("all", at)] for at in range(len(self.all))]
        if self.none:
            parts.append(
                Not(part=_joined(Or, [read[("none", at)] for at in range(len(self.none))]))
            )
        return _joined(And, parts)

    @property
    def inflected(self) -> Node:
        """The tree with the forms of its words that `inflections` asks for."""
        return inflect(self.tree, self.inflections)

    def _tree(self, place: Place, expression: str) -> Node:
        tree, problems = self._read[place]
        if tree is None:
            raise ExpressionError(problems, expression)
        return tree

    def compiled(self, definitions: Definitions) -> tuple[Node, Reading]:
        """The tree with the definitions in their places, and how its leaves are to be read."""
        return expand(self.inflected, definitions), self.reading(definitions)

    def reading(self, definitions: Definitions) -> Reading:
        """How the leaves of the tree are to be read."""
        return Reading(
            fold_accents=self.fold_accents,
            handles="handles" in self.in_,
            own=own_terms(definitions.brands),
            names=tuple(n for brand in definitions.brands for n in (brand.name, *brand.spellings)),
            confusables=self.confusables,
            languages=definitions.languages,
        )


def _joined(kind: type[And] | type[Or], parts: list[Node]) -> Node:
    """The parts under one node, those of the same kind taken up into it."""
    if len(parts) == 1:
        return parts[0]
    whole: list[Node] = []
    for part in parts:
        whole.extend(part.parts if isinstance(part, And | Or) and type(part) is kind else (part,))
    return kind(parts=tuple(whole))
