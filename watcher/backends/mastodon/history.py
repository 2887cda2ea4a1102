"""What an account wrote, back from its newest status: its timeline page by page, by `max_id`."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from watcher.backends.formats import values
from watcher.backends.interface import BackendError, Page
from watcher.backends.mastodon.paging import Pages
from watcher.backends.mastodon.pull import PAGE, Chunk

Fetch = Callable[[str | None], Sequence[Any]]
"""Gives the statuses before a `max_id`, or the newest."""


def history(fetch: Fetch, pages: Pages, place: str, most: int) -> Iterator[Page]:
    """Yield pages back from the status `place` (empty: from the newest).

    It ends after at least `most` statuses, or with what the server shows no more.
    """
    read, at = 0, place or None
    while read < most:
        chunk = Chunk.of(fetch(at))
        oldest = chunk.oldest
        moved = oldest is not None and oldest != at
        yield pages.page(
            list(chunk.items.values()),
            cursor=oldest if moved and oldest else place,
            more=moved,
            repeated=chunk.repeated,
        )
        if not moved:
            return
        read += len(chunk.items)
        at = oldest


def written(record: Any) -> int | None:
    """Return how many statuses an account has written, as its server says."""
    return values.count(values.record(record).get("statuses_count"))


def number_of(record: Any, handle: str) -> str:
    """Return an account's number at the server. Raises `BackendError` where it has none."""
    number = values.optional_id(values.record(record).get("id"))
    if number is None:
        raise BackendError(f"what is told of @{handle} is no account", kind="broken")
    return number


__all__ = ["PAGE", "history", "number_of", "written"]
