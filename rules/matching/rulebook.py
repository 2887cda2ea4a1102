"""Rules made ready to be matched, all together; made anew from an older book when some change."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from rules.evaluator import Evaluator, Reading
from rules.keyword import KeywordRule
from rules.language.tree import Node, Or
from rules.matching.decide import Entry, entry
from rules.matching.filed import Filed
from rules.matching.presearch import Filing, Share, filing, shipped_shares
from rules.model import Definitions, Match
from rules.reasons import reason_of
from rules.text import Analysis

_log = logging.getLogger(__name__)

_SPARE = 1_000
"""So many numbers of rules that are gone may be left before all are numbered anew."""


class Compiled:
    """One rule made ready. What only some rules ever need is made when they do."""

    __slots__ = ("_entry", "_evaluator", "filing", "node", "reading", "rule")

    def __init__(self, rule: KeywordRule, node: Node, reading: Reading, filed: Filing) -> None:
        self.rule, self.node, self.reading, self.filing = rule, node, reading, filed
        self._entry: Entry = ()
        self._evaluator: Evaluator | None = None

    def entry(self, number: int) -> Entry:
        """What decides whether a post that brings the rule up matches, under this number."""
        if not self._entry or self._entry[1] != number:
            self._entry = entry(self.filing.rest, self.reading, number)
        return self._entry

    def matches(self, analysis: Analysis) -> bool:
        """Whether a post that brings the rule up matches; if the rule breaks, the log says so."""
        try:
            decide: Callable[[Analysis, Entry], bool] = self._entry[0]
            return decide(analysis, self._entry)
        except Exception:  # noqa: BLE001 - one broken rule never stops the others
            _log.exception("the rule %r could not be tried on a post", self.rule.name)
            return False

    def match(self, analysis: Analysis) -> Match | None:
        """What is found, with places and reason; None where the rule breaks, as the log says."""
        try:
            if self._evaluator is None:
                self._evaluator = Evaluator(self.node, self.reading)
            spans = self._evaluator.spans(analysis)
            if spans is None:
                return None
            why = reason_of(self._evaluator, analysis, spans)
        except Exception:  # noqa: BLE001 - one broken rule never stops the others
            _log.exception("the rule %r could not be tried on a post", self.rule.name)
            return None
        return Match(rule=self.rule.name, post=analysis.post.key, spans=spans, reason=why)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Compiled rules by number, and the numbers filed under the keys that posts have.

    A rule keeps its number when others come and go, so that a change costs what has changed.
    """

    rules: tuple[KeywordRule, ...]
    definitions: Definitions
    compiled: list[Compiled]
    """By number; those of rules that are gone are left until there are too many."""
    numbers: Sequence[int]
    """Of the rules, in their order; a range where every number is the place of its rule."""
    filed: Filed

    @classmethod
    def of(cls, rules: tuple[KeywordRule, ...], definitions: Definitions) -> Self:
        """Compile rules; those switched off match nothing, whatever they say.

        Raises `ExpressionError` for the first that is not valid.
        """
        share = shipped_shares(definitions.languages)
        return cls._numbered(rules, definitions, [_made(r, definitions, share) for r in rules])

    @classmethod
    def _numbered(
        cls, rules: tuple[KeywordRule, ...], definitions: Definitions, compiled: list[Compiled]
    ) -> Self:
        entries = [(number, one.filing.keys) for number, one in enumerate(compiled)]
        filed = Filed().changed(added=entries, made=_maker(compiled))
        return cls(rules, definitions, compiled, range(len(compiled)), filed)

    def changed(self, rules: tuple[KeywordRule, ...], definitions: Definitions) -> "Rulebook":
        """The book of other rules, which takes over what it has; this one stays as it is."""
        if definitions != self.definitions:
            return Rulebook.of(rules, definitions)
        size = len(self.rules)
        if rules[:size] == self.rules and isinstance(self.numbers, range):
            return self._longer(rules)
        first = _alike(self.rules, rules)
        shorter = min(size, len(rules)) - first
        last = min(shorter, _alike(self.rules[::-1], rules[::-1]))
        old_end, new_end = len(self.rules) - last, len(rules) - last
        gone = dict(zip(self.rules[first:old_end], self.numbers[first:old_end], strict=True))
        compiled = list(self.compiled)
        numbers: list[int] = []
        share = shipped_shares(definitions.languages)
        for rule in rules[first:new_end]:
            number = gone.pop(rule, None)
            if number is None:
                number = len(compiled)
                compiled.append(_made(rule, definitions, share))
            numbers.append(number)
        whole = [*self.numbers[:first], *numbers, *self.numbers[old_end:]]
        if len(compiled) > 2 * len(rules) + _SPARE:
            return self._numbered(rules, definitions, [compiled[number] for number in whole])
        filed = self.filed.changed(
            added=[(n, compiled[n].filing.keys) for n in range(len(self.compiled), len(compiled))],
            removed=[(n, compiled[n].filing.keys) for n in set(self.numbers) - set(whole)]
            if gone else (),
            made=_maker(compiled),
        )  # fmt: skip
        return Rulebook(rules, definitions, compiled, whole, filed)

    def _longer(self, rules: tuple[KeywordRule, ...]) -> "Rulebook":
        """The book with some more rules at the end: the commonest change, and the quickest."""
        share = shipped_shares(self.definitions.languages)
        added = [_made(rule, self.definitions, share) for rule in rules[len(self.rules) :]]
        compiled = self.compiled + added
        entries = enumerate((one.filing.keys for one in added), start=len(self.compiled))
        filed = self.filed.changed(added=entries, made=_maker(compiled))
        return Rulebook(rules, self.definitions, compiled, range(len(compiled)), filed)

    def places(self) -> list[int] | None:
        """The place of each rule by its number; None where both are the same."""
        if isinstance(self.numbers, range):
            return None
        places = [0] * len(self.compiled)
        for place, number in enumerate(self.numbers):
            places[number] = place
        return places


def _maker(compiled: Sequence[Compiled]) -> Callable[[int], Entry]:
    return lambda number: compiled[number].entry(number)


def _made(rule: KeywordRule, definitions: Definitions, share: Share) -> Compiled:
    if not rule.enabled:
        return Compiled(rule, Or(parts=()), Reading(), Filing(frozenset(), rest=None))
    node, reading = rule.compiled(definitions)
    return Compiled(rule, node, reading, filing(node, reading, share))


def _alike(one: Sequence[KeywordRule], other: Sequence[KeywordRule]) -> int:
    """How many rules at the beginning are the same, compared by halves, which is done in C."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least
