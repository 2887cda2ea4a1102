"""A translated query as a `[[rules]]` table, ready to be pasted into a configuration."""

import json
from textwrap import wrap

from rules.importing.outcome import EFFECTS, Loss
from rules.language.printing import render
from rules.language.tree import And, Node, Or

WIDEST = 70
"""Columns of an expression on one line; a longer one gets a line for each of its parts."""
_LONGEST_SHOWN = 60


def snippet(name: str, tree: Node, title: str, losses: tuple[Loss, ...], remark: str = "") -> str:
    """Return the table as TOML; the losses and the remark stand in comments before it."""
    lines = [f"# Imported from {title}."]
    if losses:
        lines[0] = f"# Imported from {title}. What does not mean the same:"
    for loss in losses:
        kind = loss.kind.replace("-", " ")
        told = f"{_shown(loss.text)} (column {loss.at[0] + 1}), {kind}: {loss.message}"
        lines += _comment(f"- {told}; {EFFECTS[loss.effect]}")
    lines += _comment(remark)
    lines += [
        "[[rules]]",
        f"name = {_basic(name)}",
        f"find = {_text(tree)}",
        "then = []  # the names of the channels that are told",
    ]
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    """Lines of a comment, none for nothing."""
    return wrap(
        text,
        WIDEST + 18,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _shown(text: str) -> str:
    """A part of the query on one line of a comment."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    visible = " ".join(visible.split())
    if len(visible) > _LONGEST_SHOWN:
        return visible[: _LONGEST_SHOWN - 1] + "…"
    return visible


def _text(tree: Node) -> str:
    """The expression as a TOML string, on several lines where it is long."""
    expression = render(tree)
    literal = "'''" not in expression and expression.isprintable()
    if len(expression) <= WIDEST or not literal:
        plain = literal and "'" not in expression and ('"' in expression or "\\" in expression)
        return f"'{expression}'" if plain else _basic(expression)
    return "'''\n" + "\n".join(_lines(tree)) + "\n'''"


def _lines(tree: Node) -> list[str]:
    """The expression, a line for each of the parts that it joins."""
    if isinstance(tree, Or):
        first, *others = (line for part in tree.parts for line in [render(part)])
        return [first, *(f"OR {line}" for line in others)]
    if isinstance(tree, And):
        return [
            f"({render(part)})" if isinstance(part, Or) else render(part) for part in tree.parts
        ]
    return [render(tree)]


def _basic(text: str) -> str:
    """A TOML string in which everything that cannot be seen is escaped."""
    return "".join(
        char if char.isprintable() else _escaped(char)
        for char in json.dumps(text, ensure_ascii=False)
    )


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}"
