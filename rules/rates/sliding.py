"""How much came in every window of a length, as it slides on by a twelfth of itself."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Protocol, runtime_checkable

from rules.rates.groups import by_group
from rules.rates.measures import Measure
from rules.rates.model import Event, Group, History

STEPS = 12
"""The window moves on by a twelfth of its length."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Windows = Mapping[int, int]
"""How much came in the window that ends with each step; those without are left out."""
Piece = tuple[str, int, int]
"""Who, in which step, and how much; an empty name is nobody, who adds up."""


@runtime_checkable
class Slides(Protocol):
    """A history that counts many windows at once, and quicker than from its events."""

    def sliding(self, window: timedelta, since: datetime, until: datetime) -> Mapping[str, Windows]:
        """Return by group how much came in the windows that end in (`since`, `until`]."""
        ...


def step_of(moment: datetime, step: timedelta) -> int:
    """The number of the step that a moment lies in: after the step before, up to its end."""
    return -((_EPOCH - moment) // step)


def slid(
    history: History,
    window: timedelta,
    since: datetime,
    until: datetime,
    of: Measure,
    by: Group | None,
) -> Mapping[str, Windows]:
    """Count the windows that end in (`since`, `until`] by what a history offers."""
    if isinstance(history, Slides):
        return history.sliding(window, since, until)
    return windows_of(history.events(since - window, until), window, of, by)


def windows_of(
    events: Sequence[Event], window: timedelta, of: Measure, by: Group | None
) -> dict[str, Windows]:
    """Count the windows of events by group."""
    step = window / STEPS
    return {
        group: windows(pieces(own, step, of, group if by == "brand" else ""), of)
        for group, own in by_group(events, by)
    }


def pieces(events: Iterable[Event], step: timedelta, of: Measure, brand: str = "") -> list[Piece]:
    """What each event adds to a measure, and when."""
    found: list[Piece] = []
    for one in events:
        at = step_of(one.at, step)
        if of == "posts":
            found.append(("", at, 1))
        elif of == "authors":
            found.append((one.author, at, 1))
        elif of == "reach":
            found.append((one.author, at, one.followers))
        elif one.repost if of == "reposts" else _is_negative(one, brand):
            found.append(("", at, 1))
    return found


def _is_negative(event: Event, brand: str) -> bool:
    return brand in event.negative if brand else bool(event.negative)


def windows(parts: Iterable[Piece], of: Measure) -> Windows:
    """Add pieces up over windows: each name once in a window, what has no name as often as it is.

    Of `reach` the largest piece in a window is left out. Linear in the pieces and the steps.
    """
    changes: defaultdict[int, int] = defaultdict(int)
    largest: dict[int, int] = {}
    ends: dict[str, int] = {}
    weights: dict[str, int] = {}
    for who, at, much in sorted(parts, key=lambda piece: piece[1]):
        if who:
            weight = weights.setdefault(who, much)
            first = max(at, ends.get(who, at))
            ends[who] = at + STEPS
            largest[at] = max(largest.get(at, 0), weight)
        else:
            weight, first = much, at
        changes[first] += weight
        changes[at + STEPS] -= weight
    found: dict[int, int] = {}
    steps = sorted(changes)
    sums = list(accumulate(changes[at] for at in steps))
    for at, following, total in zip(steps, steps[1:], sums, strict=False):
        if total:
            found.update(dict.fromkeys(range(at, following), total))
    if of == "reach":
        return _without_largest(found, largest)
    return found


def _without_largest(found: Mapping[int, int], largest: Mapping[int, int]) -> dict[int, int]:
    left: dict[int, int] = {}
    for at, total in found.items():
        most = max((largest.get(one, 0) for one in range(at - STEPS + 1, at + 1)), default=0)
        if total > most:
            left[at] = total - most
    return left
