"""The parser against a grammar read by lark: the same trees, the same verdict on broken ones."""

import random
import re
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, LarkError, Token, Transformer

from rules.characters import EMOJI
from rules.language import check, parse, render
from rules.language.ranges import read_range
from rules.language.tree import (
    And,
    AtLeast,
    BrandName,
    Cashtag,
    Emoji,
    Exact,
    Field,
    Fuzzy,
    Hashtag,
    ListName,
    Mention,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Regex,
    Word,
)
from rules.language.vocabulary import RANGES
from tests.expressions import written_trees

GRAMMAR = Lark((Path(__file__).parent / "grammar.lark").read_text(), parser="lalr", lexer="basic")
BEYOND_GRAMMAR = {"near-operand", "bad-count", "too-deep"}
"""What is wrong with the meaning of an expression of the right form."""


def _unquoted(text: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", text.strip()[1:-1])


def _named(text: str) -> str:
    return _unquoted(text) if text.strip().startswith('"') else text


class _Tree(Transformer[Token, Node]):
    """Makes our tree of lark's."""

    def start(self, parts: list[Any]) -> Node:
        return parts[0]  # type: ignore[no-any-return]

    def either(self, parts: list[Any]) -> Node:
        return _joined(Or, parts)

    def every(self, parts: list[Any]) -> Node:
        return _joined(And, parts)

    def negation(self, parts: list[Any]) -> Node:
        return Not(part=parts[0])

    def nearness(self, parts: list[Any]) -> Node:
        name, _, distance = parts[1].partition("/")
        ordered = name == "ONEAR"
        return Near(left=parts[0], right=parts[2], distance=int(distance), ordered=ordered)

    def at_least(self, parts: list[Any]) -> Node:
        return AtLeast(count=int(parts[0].split()[0]), parts=tuple(parts[1:]))

    def leaf(self, parts: list[Any]) -> Node:
        kind, text = parts[0].type, str(parts[0])
        match kind:
            case "PHRASE":
                return Phrase(text=_unquoted(text))
            case "EXACT_PHRASE":
                return Exact(text=_unquoted(text[1:]), phrase=True)
            case "REGEX":
                return Regex(pattern=text[1:-1].replace("\\/", "/"))
            case "LIST":
                within, _, name = text[:-1].partition("@list(")
                return ListName(name=_named(name), within=within.rstrip(":"))  # type: ignore[arg-type]
            case "FIELD":
                return _field(*text.split(":", 1))
            case "EXACT":
                return Exact(text=text[1:])
            case "HASHTAG":
                return Hashtag(text=text[1:])
            case "MENTION":
                return Mention(text=text[1:])
            case "CASHTAG":
                return Cashtag(text=text[1:])
            case "FUZZY":
                return Fuzzy(text=text[:-2])
            case "PREFIX":
                return Prefix(text=text[:-1])
        return Emoji(text=text) if EMOJI.fullmatch(text) else Word(text=text)


def _field(name: str, value: str) -> Node:
    if name == "brand":
        return BrandName(name=_named(value))
    if name in RANGES:
        found = read_range(name, value, (0, 0))  # type: ignore[arg-type]
        assert found
        return found
    return Field(name=name, value=_named(value))  # type: ignore[arg-type]


def _joined(kind: type[And] | type[Or], parts: list[Node]) -> Node:
    flat = [q for p in parts for q in (p.parts if type(p) is kind else (p,))]
    return flat[0] if len(flat) == 1 else kind(parts=tuple(flat))


def _by_lark(expression: str) -> Node:
    return _Tree().transform(GRAMMAR.parse(expression))


def _spelled(node: Node, choose: random.Random) -> list[str]:
    """A tree as words and signs, in one of the many ways that it can be written."""
    match node:
        case Or(parts=parts):
            signs = _between(parts, "OR", choose)
        case And(parts=parts):
            signs = _between(parts, "AND", choose)
        case Not(part=part):
            signs = [choose.choice(("-", "NOT")), *_grouped(part, choose)]
        case Near():
            operator = f"{'O' if node.ordered else ''}NEAR/{node.distance}"
            signs = [*_grouped(node.left, choose), operator, *_grouped(node.right, choose)]
        case AtLeast(count=count, parts=parts):
            signs = [f"{count} OF ("]
            for part in parts:
                signs += [*_spelled(part, choose), ","]
            signs[-1] = ")"
        case _:
            return [render(node)]
    return ["(", *signs, ")"] if choose.random() < 0.2 else signs


def _between(parts: tuple[Node, ...], operator: str, choose: random.Random) -> list[str]:
    signs: list[str] = []
    for part in parts:
        signs += _grouped(part, choose)
        if operator == "OR" or choose.random() < 0.5:
            signs.append(operator)
        else:
            signs.append("")
    return signs[:-1]


def _grouped(node: Node, choose: random.Random) -> list[str]:
    if isinstance(node, And | Or | Near):
        return ["(", *_spelled(node, choose), ")"]
    return _spelled(node, choose)


@given(written_trees, st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_both_read_the_same_tree_however_it_is_written(node: Node, seed: int) -> None:
    expression = " ".join(_spelled(node, random.Random(seed)))
    assert parse(expression) == _by_lark(expression) == node


_spoilt = st.lists(
    st.tuples(
        st.sampled_from(("drop", "double", "swap", "insert")),
        st.integers(0, 10_000),
        st.sampled_from(("(", ")", "AND", "OR", "NOT", "-", "NEAR/5", "2 OF (", "acme")),
    ),
    min_size=1,
    max_size=3,
)


@given(written_trees, st.integers(0, 2**32), _spoilt)
@settings(max_examples=120, deadline=None)
def test_both_agree_on_what_is_wrong(
    node: Node, seed: int, changes: list[tuple[str, int, str]]
) -> None:
    signs = [sign for sign in _spelled(node, random.Random(seed)) if sign]
    for kind, where, sign in changes:
        at = where % (len(signs) + 1)
        if kind == "insert":
            signs.insert(at, sign)
        elif at < len(signs) and kind == "drop":
            del signs[at]
        elif at < len(signs) and kind == "double":
            signs.insert(at, signs[at])
        elif at + 1 < len(signs):
            signs[at], signs[at + 1] = signs[at + 1], signs[at]
    expression = " ".join(signs)
    tree, problems = check(expression)
    codes = {problem.code for problem in problems}
    if "comma" in codes or (codes and codes <= BEYOND_GRAMMAR):
        return
    try:
        other: Node | None = _by_lark(expression)
    except LarkError:
        other = None
    assert tree == other, expression
