"""Lengths of time as people write them in a rule: `90s`, `30m`, `1h`, `7d`."""

import re
from collections.abc import Iterator
from datetime import timedelta

from rules.errors import Problem

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LENGTH = re.compile(r"\s*([0-9]{1,9})\s*([smhd])\s*")


def length(text: str) -> timedelta:
    """Read a length of time. Raises `ValueError` for what is none."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise ValueError("this is no length of time")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def length_problems(
    key: str, text: str, least: timedelta, most: timedelta, example: str
) -> Iterator[Problem]:
    """Yield what is wrong with a length of time that must lie between two others."""
    try:
        read = length(text)
    except ValueError as error:
        yield Problem(
            code="bad-interval",
            message=str(error),
            path=(key,),
            help='write a number and s, m, h or d: "90s", "30m", "1h", "7d"',
        )
        return
    if not least <= read <= most:
        yield Problem(
            code="out-of-range",
            message=f"this must lie between {shown(least)} and {shown(most)}",
            path=(key,),
            help=f'{key} = "{example}"',
        )


def shown(span: timedelta) -> str:
    """A length of time as it is written in a rule: `90m` is `90m`, a whole day `1d`."""
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
