"""What a job looks for: rules, brands and lists, packed for the way and compiled at its end."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Final

from rules import KeywordRule, LookalikeRule, Rule
from rules.lookalike import Detector
from rules.matcher import Matcher
from rules.model import Brand, Definitions, WordList

_UNUSED: Final = frozenset({"then", "rate", "realert", "dedupe", "allow", "alarms_a_week"})
"""Whom a rule tells, and how often: of no meaning for what it finds."""
_KINDS: Final[dict[str, type[Rule]]] = {"keyword": KeywordRule, "lookalike": LookalikeRule}


@dataclass(frozen=True, slots=True)
class Compiled:
    """What shards are searched with; threads may share it."""

    matcher: Matcher
    rules: int
    """How many keyword rules there are."""
    detector: Detector | None
    """None where no rule looks for look-alikes."""


def pack(rules: Sequence[Rule], definitions: Definitions) -> bytes:
    """Return enabled rules and what they refer to as compressed JSON.

    It is the same for the same rules, and says nothing of where findings go.
    """
    tables = {
        "languages": definitions.languages,
        "brands": [asdict(one) for one in definitions.brands],
        "lists": [asdict(one) for one in definitions.lists],
        "rules": [_told(rule) for rule in rules if rule.enabled],
    }
    return zlib.compress(json.dumps(tables, ensure_ascii=False, sort_keys=True).encode())


def unpack(sought: bytes) -> tuple[tuple[Rule, ...], Definitions]:
    """Return what was packed."""
    tables = json.loads(zlib.decompress(sought))
    definitions = Definitions(
        brands=tuple(Brand(**_tuples(one)) for one in tables["brands"]),
        lists=tuple(WordList(**_tuples(one)) for one in tables["lists"]),
        languages=tuple(tables["languages"]),
    )
    return tuple(_KINDS[one["kind"]](**_tuples(one)) for one in tables["rules"]), definitions


@lru_cache(maxsize=2)
def compiled(sought: bytes) -> Compiled:
    """Return what was packed, compiled; a process does it once for all its shards.

    Raises `ExpressionError` where an expression cannot be understood.
    """
    rules, definitions = unpack(sought)
    words = [rule for rule in rules if isinstance(rule, KeywordRule)]
    names = [rule for rule in rules if isinstance(rule, LookalikeRule)]
    return Compiled(
        Matcher(words, definitions),
        len(words),
        Detector(names, definitions.brands) if names else None,
    )


def _told(rule: Rule) -> dict[str, Any]:
    values = {field.name: (getattr(rule, field.name), field.default) for field in fields(rule)}
    return {
        name: value
        for name, (value, default) in values.items()
        if name == "kind" or (name not in _UNUSED and value != default)
    }


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in table.items()
    }
