"""What a dataclass says of its TOML table: keys, types, defaults, and the words for them.

A field is a key of the same name; one that is a Python keyword ends in an underscore there (`in_`).
A union of dataclasses is told apart by the key `kind`; a field with the metadata
`{"default_kind": "keyword"}` may leave it out. Fields with `{"given": True}` are no keys;
`{"sample": "08:00"}` says what a text looks like where the default does not.
"""

import ast
import inspect
import math
import textwrap
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from alerts.secret import Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One key of a table."""

    name: str
    """As written in TOML."""
    attribute: str
    """The dataclass's field."""
    type: Any
    required: bool
    default: Any = None
    default_kind: str = ""
    sample: str = ""
    """A text that may stand here, where not every text may: `08:00`."""


@cache
def keys_of(kind: type) -> tuple[Key, ...]:
    """Return the keys of a dataclass in their order."""
    hints = get_type_hints(kind)
    result = []
    for field in fields(kind):
        if field.metadata.get("given"):
            continue
        default = field.default
        if field.default_factory is not MISSING:
            default = field.default_factory()
        result.append(
            Key(
                name=field.name.removesuffix("_"),
                attribute=field.name,
                type=hints[field.name],
                required=default is MISSING,
                default=None if default is MISSING else default,
                default_kind=field.metadata.get("default_kind", ""),
                sample=field.metadata.get("sample", default if isinstance(default, str) else ""),
            )
        )
    return tuple(result)


@cache
def words_of(kind: type) -> Mapping[str, str]:
    """Return the docstring under each field, inherited ones too, by the field's name."""
    words: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not is_dataclass(base):
            continue
        [tree] = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(tree, ast.ClassDef)  # noqa: S101 - is_dataclass has said so
        name = ""
        for statement in tree.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
            elif (
                name
                and isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Constant)
                and isinstance(statement.value.value, str)
            ):
                words[name] = " ".join(statement.value.value.split())
                name = ""
            else:
                name = ""
    return words


@cache
def is_table(kind: Any) -> bool:
    """Whether a type is written as a table of its own."""
    return is_dataclass(kind) and kind is not Secret


@cache
def named_keys(kind: type) -> Mapping[str, Key]:
    """Return the keys of a dataclass by their names."""
    return {key.name: key for key in keys_of(kind)}


@cache
def origin_of(kind: Any) -> Any:
    """Return what `typing.get_origin` does, which takes longer than to remember it."""
    return get_origin(kind)


@cache
def members_of(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type alone."""
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


@cache
def alternatives_of(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union that a value of TOML may be: None is none."""
    return tuple(member for member in members_of(kind) if member is not type(None))


@cache
def kinds_of(kind: Any) -> Mapping[str, type]:
    """Return the dataclasses of a union by their `kind`; empty where it is no union of tables."""
    tables = [member for member in members_of(kind) if is_table(member)]
    named = {}
    for table in tables:
        hint = get_type_hints(table).get("kind")
        if get_origin(hint) is Literal and isinstance(table, type):
            named[str(get_args(hint)[0])] = table
    return named


def blank(kind: Any) -> Any:
    """Return a value that stands in for a required one that cannot be read; None for a table."""
    member = members_of(kind)[0]
    origin = get_origin(member)
    if origin is Literal:
        return get_args(member)[0]
    if origin in (tuple, frozenset, dict):
        return origin()
    if member is Secret:
        return Secret("")
    return member() if member in (str, int, float, bool, Path) else None


def fits(kind: Any, value: Any) -> bool:
    """Whether a TOML value has the outermost type; items and keys within are not looked at."""
    origin = origin_of(kind)
    if is_table(kind) or origin is dict:
        return isinstance(value, dict)
    if origin in (tuple, frozenset):
        return isinstance(value, list)
    if origin is Literal:
        return type(value) in {type(choice) for choice in get_args(kind)}
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is (str if kind in (Secret, Path) else kind)
