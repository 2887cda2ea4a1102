"""Ranges such as `followers:1000..` and `age:30d..1y`: read, written and told in plain words."""

import re

from rules.characters import fold_accents
from rules.language.tree import Range, RangeName, Span

_HOUR = 3600
_DAY = 24 * _HOUR
_UNITS = {"h": _HOUR, "d": _DAY, "w": 7 * _DAY, "m": 30 * _DAY, "y": 365 * _DAY}
_THOUSANDS = {"": 1, "k": 1000, "m": 1_000_000}
_COUNT = re.compile(r"([0-9]{1,12})([kKmM]?)")
_AGE = re.compile(r"([0-9]{1,6})([hdwmyHDWMY])")
_UNIT_NAMES = {
    "h": "hour hours heure heures stunde stunden std",
    "d": "day days j jour jours tag tage tagen",
    "w": "week weeks sem semaine semaines woche wochen",
    "m": "month months mois monat monate",
    "y": "year years yr a an ans annee annees jahr jahre",
}
_UNIT_OF = {name: unit for unit, names in _UNIT_NAMES.items() for name in names.split()}
_NAMED_AGE = re.compile(r"([0-9]+)([^\W\d_]+)")
_GROUPED = re.compile(r"(?<=[0-9])[.,_' ](?=[0-9]{3}(?![0-9]))")
_DECIMAL = re.compile(r"([0-9]{1,6})[.,]([0-9]{1,3})([kKmM])")
_COMPARED = re.compile(r"(>=|=>|<=|=<|>|<|=|\u2265|\u2264)?([0-9]+[A-Za-z]?)(\+?)")
_SPANNED = re.compile(
    r"\[?([0-9]+[A-Za-z]?)(?:\.{3,}|\u2026|-|\u2013|\u2014|:|to|\s+TO\s+)([0-9]+[A-Za-z]?)?\]?"
)

EXAMPLES: dict[RangeName, str] = {
    "followers": "followers:1000..",
    "likes": "likes:10..",
    "reposts": "reposts:10..",
    "age": "age:30d..",
}


def read_range(name: RangeName, value: str, at: Span) -> Range | None:
    """The range, None where the value is not `low..high` with at least one of them."""
    low, dots, high = value.partition("..")
    if not dots or not (low or high):
        return None
    ends = [read_amount(name, end) if end else None for end in (low, high)]
    if (low and ends[0] is None) or (high and ends[1] is None):
        return None
    return Range(name=name, low=ends[0], high=ends[1], at=at)


def read_amount(name: RangeName, text: str) -> int | None:
    """A count (`10`, `1k`, `2M`), or an age in seconds (`12h`, `30d`, `2w`, `6m`, `1y`)."""
    if name == "age":
        match = _AGE.fullmatch(text)
        return int(match[1]) * _UNITS[match[2].lower()] if match else None
    match = _COUNT.fullmatch(text)
    return int(match[1]) * _THOUSANDS[match[2].lower()] if match else None


def meant_range(name: RangeName, written: str) -> str:
    """The value that was probably meant by a comparison or a number alone; empty where unknown."""
    written = _plain(name, written)
    if read_range(name, written, (0, 0)):
        return written
    if match := _COMPARED.fullmatch(written):
        sign, amount = match[1] or "", _with_unit(name, match[2])
        if read_amount(name, amount) is None:
            return ""
        if sign in ("<=", "=<", "\u2264", "<"):
            return f"..{_next(name, amount, -1) if sign == '<' else amount}"
        return f"{_next(name, amount, 1) if sign == '>' else amount}.."
    if match := _SPANNED.fullmatch(written):
        ends = [_with_unit(name, end) if end else "" for end in match.groups(default="")]
        if all(not end or read_amount(name, end) is not None for end in ends):
            return "..".join(ends)
    return ""


def _plain(name: RangeName, written: str) -> str:
    """What was written with its numbers and units as the language has them."""
    written = "".join(_GROUPED.sub("", written).split())
    if name != "age":
        return _DECIMAL.sub(_whole, written)
    return _NAMED_AGE.sub(
        lambda age: age[1] + _UNIT_OF.get(fold_accents(age[2].lower()), age[2]), written
    )


def _whole(number: re.Match[str]) -> str:
    """`1500` for `1.5k`."""
    digits = 3 if number[3] in "kK" else 6
    return str(int(number[1] + number[2].ljust(digits, "0")))


def _with_unit(name: RangeName, amount: str) -> str:
    return f"{amount}d" if name == "age" and amount.isdigit() else amount


def _next(name: RangeName, amount: str, step: int) -> str:
    """The next count, as both ends of a range are included; of an age the amount itself."""
    return str(max(0, int(amount) + step)) if name != "age" and amount.isdigit() else amount


def write_range(range_: Range) -> str:
    """The range as the language writes it."""
    low, high = (
        "" if end is None else _written(range_.name, end) for end in (range_.low, range_.high)
    )
    return f"{range_.name}:{low}..{high}"


def _written(name: RangeName, amount: int) -> str:
    if name != "age":
        return str(amount)
    size, unit = _age(amount)
    return f"{size}{unit}"


def _age(seconds: int) -> tuple[int, str]:
    """An age in the largest of years, days and hours that divides it."""
    unit = next((u for u in "yd" if seconds and seconds % _UNITS[u] == 0), "h")
    return seconds // _UNITS[unit], unit


def range_in_words(range_: Range) -> str:
    """`1,000 followers or more`, `an account between 30 days and 1 year old`."""
    low, high = (
        None if end is None else _in_words(range_.name, end) for end in (range_.low, range_.high)
    )
    if low and high:
        amount = f"from {low} to {high}"
    elif low:
        amount = f"{low} or more"
    else:
        amount = f"at most {high}"
    subject = {
        "followers": "an author with followers:",
        "likes": "likes:",
        "reposts": "reposts:",
        "age": "an account whose age is",
    }[range_.name]
    return f"{subject} {amount}"


def _in_words(name: RangeName, amount: int) -> str:
    if name != "age":
        return f"{amount:,}"
    size, unit = _age(amount)
    word = {"y": "year", "d": "day", "h": "hour"}[unit]
    return f"{size:,} {word}{'' if size == 1 else 's'}"
