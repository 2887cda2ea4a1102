"""Events by author, brand or domain, and what a reader calls each of these."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rules.rates.model import Event, Group


def by_group(events: Sequence[Event], by: Group | None) -> Iterator[tuple[str, Sequence[Event]]]:
    """Yield each group and its events in their order; all of them as one where `by` is None.

    A post with two brands counts for both; one without a link counts for no domain.
    """
    if by is None:
        yield "", events
        return
    groups: dict[str, list[Event]] = {}
    for event in events:
        for group in event.of(by):
            groups.setdefault(group, []).append(event)
    yield from sorted(groups.items())


def counted(events: Sequence[Event], by: Group | None, *, authors: bool) -> Mapping[str, int]:
    """How many events each group has, or how many different authors."""
    return {
        group: len({event.author for event in own}) if authors else len(own)
        for group, own in by_group(events, by)
    }


def called(group: str, by: Group | None, events: Sequence[Event]) -> str:
    """What a reader calls a group: `@handle` for an author's key, else its own name."""
    if by != "author":
        return group
    handles = Counter(e.handle for e in events if e.author == group and e.handle)
    return f"@{handles.most_common(1)[0][0]}" if handles else group
