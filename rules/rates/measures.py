"""What of its matches a rate counts: posts, or how they spread and sound."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from rules.rates.groups import by_group, counted
from rules.rates.model import Event, Group

Measure = Literal["posts", "authors", "negative", "reposts", "reach"]
"""What is counted in a window.

`authors` are accounts, each once; `negative` the posts that speak badly of a brand; `reposts` those
that pass another one on; `reach` the followers of the accounts, the most followed one left out.
"""

Counted = Mapping[str, int]


def measured(events: Sequence[Event], of: Measure, by: Group | None) -> Counted:
    """How much each group has of a measure, in these events."""
    if of in ("posts", "authors"):
        return counted(events, by, authors=of == "authors")
    how = _MEASURES[of]
    return {group: how(own, group if by == "brand" else "") for group, own in by_group(events, by)}


def toned(events: Sequence[Event], by: Group | None) -> Counted:
    """How many posts each group has whose tone is known."""
    return {
        group: sum(_is_of(one.toned, group if by == "brand" else "") for one in own)
        for group, own in by_group(events, by)
    }


def _reach(events: Iterable[Event], _brand: str) -> int:
    followers: dict[str, int] = {}
    for one in events:
        followers[one.author] = max(one.followers, followers.get(one.author, 0))
    return sum(followers.values()) - max(followers.values(), default=0)


def _is_of(brands: Sequence[str], brand: str) -> bool:
    return brand in brands if brand else bool(brands)


_MEASURES: dict[Measure, Callable[[Sequence[Event], str], int]] = {
    "negative": lambda events, brand: sum(_is_of(one.negative, brand) for one in events),
    "reposts": lambda events, _: sum(one.repost for one in events),
    "reach": _reach,
}
