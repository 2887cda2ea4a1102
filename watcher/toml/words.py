"""Types and values in words, and what was perhaps meant: the sentences of the converter."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from rapidfuzz import fuzz, process, utils

from alerts.secret import Secret
from watcher.toml.document import Path_
from watcher.toml.kinds import fits, is_table, kinds_of, members_of


def closest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that was most likely meant, or None."""
    known = list(choices)
    found = process.extractOne(
        word, known, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=66
    )
    if found:
        return found[0]
    letters = sorted(word.casefold())  # in a short word, two letters out of place are much
    return next((choice for choice in known if sorted(choice.casefold()) == letters), None)


def described(kind: Any, *, many: bool = False) -> str:
    """Return a type in words: `a text`, `a list of texts`, `"tls" or "none"`."""
    words = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    words |= {Path: "path", Secret: "secret", date: "date", time: "time", datetime: "date and time"}
    members = [member for member in members_of(kind) if member is not type(None)]
    if len(members) > 1 and not kinds_of(kind):
        return " or ".join(dict.fromkeys(described(member, many=many) for member in members))
    [kind] = members if len(members) == 1 else [dict]
    origin = get_origin(kind)
    if origin is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(kind))
    if origin in (tuple, frozenset, list):
        return f"a list of {described(get_args(kind)[0], many=True)}"
    word = words.get(kind, "table")
    if word == "true or false":
        return word
    return f"{word}s" if many else f"a {word}"


def found(value: Any) -> str:
    """Return the type of a TOML value in words. Never the value: it may be a secret."""
    if isinstance(value, float) and not math.isfinite(value):
        return "infinite or no number at all"
    names = {bool: "true or false", str: "a text", int: "a whole number", float: "a number"}
    names |= {list: "a list", dict: "a table", time: "a time", date: "a date"}
    return names.get(type(value), "a date and time")


def repaired(kind: Any, value: Any, path: Path_, sample: str = "") -> str:
    """Return the line as it was perhaps meant; empty where that is a guess, or a secret.

    `sample` is a text that may stand there, where not every text may.
    """
    name = next((step for step in reversed(path) if isinstance(step, str)), "key")
    members = members_of(kind)
    if Secret in members:
        return f'{name} = "${{NAME}}"'
    lists = [member for member in members if get_origin(member) in (tuple, frozenset)]
    if lists and isinstance(value, dict) and is_table(members_of(get_args(lists[0])[0])[0]):
        return f"write [[{name}]], with two brackets, for each of several"
    if is_table(members[0]) or kinds_of(kind):
        one = isinstance(value, list) and value and isinstance(value[0], dict)
        return f"write [{name}] with one bracket: there is only one" if one else ""
    if lists and fits(get_args(lists[0])[0], value):
        return f"{name} = [{_toml(value)}]"
    if str in members and type(value) in (int, float) and (like := _like(sample, value)):
        return f'{name} = "{like}"' if isinstance(path[-1], str) else f'write "{like}"'
    for member in members:
        meant = _meant(member, value)
        if meant is not None and isinstance(path[-1], str):
            return f"{name} = {_toml(meant)}"
    return f"{name} = {example(kind)}" if isinstance(path[-1], str) else ""


def _meant(kind: Any, value: Any) -> Any:
    """Return a plain value of another type as `kind`, or None where it does not read as one."""
    if kind in (str, Path) and isinstance(value, int | float | time | date):
        return _toml(value).removesuffix(":00") if isinstance(value, time) else _toml(value)
    if kind is bool and str(value).lower() in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        return str(value).lower() in ("true", "yes", "on", "1")
    if kind is int and re.fullmatch(r"\s*-?\d{1,9}\s*", str(value)):
        return int(value)
    if kind is float and re.fullmatch(r"\s*-?\d{1,9}(?:[.,]\d{1,9})?\s*", str(value)):
        return float(str(value).replace(",", "."))
    return None


def _like(sample: str, value: Any) -> str:
    """Return a number as a length or time of day, where the sample is one; else nothing."""
    if unit := re.fullmatch(r"\d+([smhd])", sample):
        return f"{value}{unit[1]}" if type(value) is int and value > 0 else sample
    if re.fullmatch(r"\d\d:\d\d", sample):
        hours, _, minutes = f"{value:.2f}".partition(".")
        is_time = 0 <= value < 24 and int(minutes) < 60
        return f"{hours:0>2}:{minutes}" if is_time else sample
    return ""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if '"' not in value and "\\" not in value else f"'{value}'"
    return value.isoformat() if isinstance(value, date | time | datetime) else str(value)


def example(kind: Any) -> str:
    """Return what a value of this type may look like in TOML."""
    member = next(member for member in members_of(kind) if member is not type(None))
    origin = get_origin(member)
    if origin is Literal:
        return f'"{get_args(member)[0]}"'
    if origin in (tuple, frozenset):
        return f"[{example(get_args(member)[0])}]"
    if member is Secret:
        return '"${NAME}"'
    return {str: '"..."', Path: '"..."', int: "1", float: "1.0", bool: "true"}.get(
        member, "{ ... }"
    )


def called(kind: type | None, path: Path_) -> str:
    """Return what a table is called in a sentence: `a local source`, `an email channel`, `[store]`.

    `kind` is None where that is not known.
    """
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return "the configuration"
    if not isinstance(path[-1], int):
        return f"[{'.'.join(names)}]"
    named = next((name for name, known in kinds_of(kind).items() if known is kind), "")
    noun = "recipient" if names[-1] == "to" else names[-1].removesuffix("s")
    words = f"{named} {noun}".strip()
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def choice_of_kind(kinds: Mapping[str, type]) -> str:
    """Return the kinds there are, to choose from."""
    return "choose " + " or ".join(f'kind = "{name}"' for name in kinds)


def listed(start: str, words: Iterable[object], quote: str, join: str = "and") -> str:
    """Return words as a sentence: `the keys are 'a', 'b' and 'c'`."""
    *first, last = (f"{quote}{word}{quote}" for word in words)
    return f"{start} {', '.join(first)} {join} {last}" if first else f"{start} {last}"
