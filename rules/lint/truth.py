"""Whether an expression can be true of any post at all, and whether one expression entails another.

A truth table over the facts of the trees, each column one long integer with a bit for each row:
with at most `MOST` facts a whole tree is judged in a few operations. The rows that no post can
have (`renault` without `renau*`, two languages at once) are struck out.

Where there are more than `MOST` facts, what lies beyond is taken for possible, so the answer is
then often "not known", and never wrong.
"""

from collections.abc import Iterable
from functools import cache
from heapq import nlargest
from itertools import combinations

from rules.language.tree import And, AtLeast, Near, Node, Not, Or
from rules.language.walk import Single, children, is_single
from rules.lint.facts import (
    BY_COMPARISON,
    KINDS_OF_POST,
    NARROW,
    Fact,
    entailed,
    entails,
    excludes,
    fact_of,
)

MOST = 12
"""Facts in a table: 4,096 rows."""
_MOST_READ = 1_000
"""Facts among which those of the table are chosen."""


class Truth:
    """The truth table of some trees that are read alike, to be asked of them and their parts."""

    def __init__(self, trees: Iterable[Node], *, accents: bool) -> None:
        """Take the facts of the trees, those nearest to their roots first.

        `accents` as in `rules.lint.facts.fact_of`.
        """
        self._accents = accents
        self._columns: dict[Fact, int] = {}
        self._facts: dict[int, Fact] = {}
        """The facts of leaves already met, by the identity of the leaf."""
        self._trees = trees = tuple(trees)  # kept, so that no other leaf takes such an identity
        nears = self._number(trees)
        self._all = (1 << (1 << len(self._columns))) - 1
        for number, fact in enumerate(self._columns):
            self._columns[fact] = _column(number, len(self._columns))
        self._possible = self._struck_out(nears)

    def _number(self, trees: Iterable[Node]) -> list[Near]:
        """Choose the facts; where they are too many, those said twice come first."""
        nears: dict[Fact, Near] = {}
        said: dict[Fact, int] = {}
        level = list(trees)
        while level and len(said) < _MOST_READ:
            below: list[Node] = []
            for node in level:
                if is_single(node):
                    fact = self._fact(node)
                    said[fact] = said.get(fact, 0) + 1
                    if not isinstance(node, Near):
                        continue
                    nears[fact] = node
                below += children(node)
            level = below
        chosen = said if len(said) <= MOST else nlargest(MOST, said, key=said.__getitem__)
        self._columns = dict.fromkeys(chosen, 0)
        return [near for fact, near in nears.items() if fact in self._columns]

    def _fact(self, leaf: Single) -> Fact:
        fact = self._facts.get(id(leaf))
        if fact is None:
            fact = self._facts[id(leaf)] = fact_of(leaf, accents=self._accents)
        return fact

    def _struck_out(self, nears: list[Near]) -> int:
        """The rows that a post may have."""
        possible = self._all
        columns = self._columns
        for one, column in columns.items():
            for two in entailed(one):
                if two in columns:
                    possible &= ~column | columns[two]
        for two in columns:
            if two[0] in BY_COMPARISON:
                for one, column in columns.items():
                    if one != two and entails(one, two):
                        possible &= ~column | columns[two]
        narrow = [fact for fact in columns if fact[0] in NARROW]
        for one, two in combinations(narrow, 2):
            if excludes(one, two):
                possible &= ~(columns[one] & columns[two])
        if columns.keys() >= KINDS_OF_POST:
            one_of = 0
            for kind in KINDS_OF_POST:
                one_of |= self._columns[kind]
            possible &= one_of
        for near in nears:
            sides = self._value(near.left, upper=True) & self._value(near.right, upper=True)
            possible &= ~self._columns[self._fact(near)] | sides
        return possible

    def never(self, node: Node) -> bool:
        """Whether it is certain that no post matches."""
        return not self._possible & self._value(node, upper=True)

    def entails(self, node: Node, other: Node) -> bool:
        """Whether it is certain that `other` matches every post that `node` matches."""
        return not (
            self._possible & self._value(node, upper=True) & ~self._value(other, upper=False)
        )

    def _value(self, node: Node, *, upper: bool) -> int:
        """The rows in which a node may be true (`upper`), or certainly is."""
        if is_single(node):
            return self._columns.get(self._fact(node), self._all if upper else 0)
        if isinstance(node, Not):
            return self._all & ~self._value(node.part, upper=not upper)
        if isinstance(node, And):
            value = self._all
            for part in node.parts:
                value &= self._value(part, upper=upper)
            return value
        if isinstance(node, Or):
            value = 0
            for part in node.parts:
                value |= self._value(part, upper=upper)
            return value
        assert isinstance(node, AtLeast)  # noqa: S101  # there is nothing else
        return self._at_least(node, upper=upper)

    def _at_least(self, node: AtLeast, *, upper: bool) -> int:
        if node.count > len(node.parts):
            return 0
        reached = [self._all, *[0] * node.count]
        for part in node.parts:
            value = self._value(part, upper=upper)
            for count in range(node.count, 0, -1):
                reached[count] |= reached[count - 1] & value
        return reached[node.count]


@cache
def _column(number: int, count: int) -> int:
    """The rows of a table of `count` facts in which fact `number` is true."""
    block = ((1 << (1 << number)) - 1) << (1 << number)
    width = 2 << number
    while width < 1 << count:
        block |= block << width
        width *= 2
    return block
