"""Names: well formed, told apart, and each that refers to a table meets one.

Those in the expressions of rules are marked at their very place.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from alerts import AutoFollow, ReportMail
from rules import KeywordRule, LookalikeRule
from rules.characters import fold_case
from rules.errors import Problem
from rules.language import check
from rules.language.tree import BrandName, Field, ListName, Node, Span
from rules.language.walk import leaves
from watcher.backends import XSource
from watcher.toml import closest

if TYPE_CHECKING:
    from watcher.config import Config

LONGEST_NAME = 100
"""Characters of a brand's, source's, rule's, list's or channel's name."""

Place = tuple[str | int, ...]
_REFERRING = frozenset({Field, BrandName, ListName})
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Control characters, and what ends a line or a paragraph: Unicode's Cc, Zl and Zp."""


def problems(config: "Config") -> Iterator[Problem]:
    """Yield names that cannot be used, and references that lead nowhere."""
    names = _names(config)
    for key, some in names.items():
        yield from _bad_names(key, some)
        yield from _duplicates(key, some)
    for kind, name, path in _references(config):
        if name not in names[kind]:
            yield _unknown_name(kind, name, names[kind], path)
    known = {kind: {fold_case(name.strip()) for name in some} for kind, some in names.items()}
    for kind, name, path, span in references_in_rules(config):
        if fold_case(name.strip()) not in known[kind]:
            yield replace(_unknown_name(kind, name, names[kind], path), span=span)


def _names(config: "Config") -> dict[str, list[str]]:
    return {
        "brands": [brand.name for brand in config.brands],
        "sources": [source.name for source in config.sources],
        "rules": [rule.name for rule in config.rules],
        "channels": [channel.name for channel in config.channels],
        "lists": [words.name for words in config.lists],
        "routes": [route.name for route in config.routes],
    }


def _references(config: "Config") -> Iterator[tuple[str, str, Place]]:
    """Yield every name that must be that of another table: its list, the name, its place."""
    for i, brand in enumerate(config.brands):
        for j, name in enumerate(brand.competitors):
            yield "brands", name, ("brands", i, "competitors", j)
    for i, rule in enumerate(config.rules):
        for j, name in enumerate(rule.then):
            yield "channels", name, ("rules", i, "then", j)
        if isinstance(rule, LookalikeRule):
            for j, name in enumerate(rule.brands):
                yield "brands", name, ("rules", i, "brands", j)
    for i, route in enumerate(config.routes):
        for kind, key in (("rules", "rules"), ("brands", "brands"), ("channels", "then")):
            for j, name in enumerate(getattr(route, key)):
                yield kind, name, ("routes", i, key, j)
    for i, inhibition in enumerate(config.inhibitions):
        for kind, key in (("rules", "while"), ("rules", "hold"), ("channels", "channels")):
            attribute = "while_" if key == "while" else key
            for j, name in enumerate(getattr(inhibition, attribute)):
                yield kind, name, ("inhibitions", i, key, j)
    for i, source in enumerate(config.sources):
        if isinstance(source, XSource):
            for j, name in enumerate(source.rules):
                yield "rules", name, ("sources", i, "rules", j)
    for i, channel in enumerate(config.channels):
        if isinstance(channel, AutoFollow):
            yield "sources", channel.source, ("channels", i, "source")
            for j, name in enumerate(channel.automatic):
                yield "rules", name, ("channels", i, "automatic", j)
        elif isinstance(channel, ReportMail):
            for j, name in enumerate(channel.brands):
                yield "brands", name, ("channels", i, "brands", j)
        elif channel.escalate and channel.escalate.channel:
            yield "channels", channel.escalate.channel, ("channels", i, "escalate", "channel")


def references_in_rules(config: "Config") -> Iterator[tuple[str, str, Place, Span]]:
    """Yield what expressions refer to: the kind of table, the name, the path and the place."""
    for i, rule in enumerate(config.rules):
        if not isinstance(rule, KeywordRule) or rule.kinds.isdisjoint(_REFERRING):
            continue
        for one in rule.read:
            yield from _referred(one.tree, ("rules", i, *one.path))
    for i, route in enumerate(config.routes):
        tree = check(route.find)[0] if route.find else None
        if tree is not None:
            yield from _referred(tree, ("routes", i, "find"))


def _referred(tree: Node, place: Place) -> Iterator[tuple[str, str, Place, Span]]:
    for leaf in leaves(tree):
        match leaf:
            case Field(name="source", value=name):
                yield "sources", name, place, leaf.at
            case BrandName(name=name):
                yield "brands", name, place, leaf.at
            case ListName(name=name):
                yield "lists", name, place, leaf.at


def _bad_names(key: str, names: list[str]) -> Iterator[Problem]:
    """Yield names that could not stand in a mail's subject or on a command line."""
    for i, name in enumerate(names):
        if not name.strip() and key != "rules":  # a rule without a name says so itself
            message = "this name is empty"
        elif _UNPRINTED.search(name):
            message = "this name holds a control character"
        elif len(name) > LONGEST_NAME:
            message = f"this name has over {LONGEST_NAME} characters"
        else:
            continue
        yield Problem(code="bad-name", message=message, path=(key, i, "name"))


def _duplicates(key: str, names: list[str]) -> Iterator[Problem]:
    seen = set()
    for i, name in enumerate(names):
        folded = name.casefold()
        if folded in seen and name.strip():
            yield Problem(
                code="duplicate-name",
                message=f'another of the {key} is already called "{name}"',
                path=(key, i, "name"),
                help="names tell them apart: choose another",
            )
        seen.add(folded)


def _unknown_name(kind: str, name: str, known: list[str], path: Place) -> Problem:
    near = closest(name, known)
    there = ", ".join(f'"{other}"' for other in known[:10] if other)
    if near:
        help_ = f'did you mean "{near}"?'
    elif there:
        help_ = f"there {'are' if ',' in there else 'is only'} {there}"
    else:
        help_ = f'[[{kind}]] with name = "{name}"'
    return Problem(
        code="unknown-name",
        message=f'there is no {kind.removesuffix("s")} called "{name}"',
        path=path,
        help=help_,
    )
