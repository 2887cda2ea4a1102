"""What a user wrote, back from the newest post. X shows 3,200 at most, and each is paid for."""

from collections.abc import Callable, Iterator
from typing import Any

from watcher.backends.formats.parsed import UnreadableError
from watcher.backends.formats.values import record
from watcher.backends.formats.x import X, is_snowflake
from watcher.backends.interface import BackendError, Page, Skipped
from watcher.backends.x.reader import LEAST_OF_TIMELINE, MOST_SKIPPED, PAGE
from watcher.backends.x.spending import Purse

Ask = Callable[..., dict[str, Any]]
"""Takes `max_results` and `until_id`, and returns an answer."""


def history(ask: Ask, purse: Purse, form: X, place: str, most: int, *, host: str) -> Iterator[Page]:
    """Yield pages back from the id `place` (empty: from the newest), bought from a purse.

    It ends after `most` posts, rounded up to what X gives at least, or with what X shows no more.
    Raises `SpentError` where a budget is spent; the rest waits for the next one.
    """
    read = 0
    while read < most:
        wanted = max(LEAST_OF_TIMELINE, min(PAGE, most - read))
        bounds = {"until_id": place} if place else {}
        with purse.reading(wanted, least=LEAST_OF_TIMELINE) as booking:
            answer = ask(max_results=booking.granted, **bounds)
            data = answer.get("data", [])
            booking.used = len(data) if isinstance(data, list) else 0
        try:
            items, _ = form.each(answer)
        except UnreadableError:
            raise BackendError(f"what {host} answered is no list of posts", kind="broken") from None
        ids = [one.id for one in items if is_snowflake(one.id)]
        oldest = min(ids, key=int, default="")
        more = bool(oldest) and oldest != place
        more = more and bool(record(answer.get("meta")).get("next_token"))
        skipped = [Skipped(where=one.id, why=note) for one in items for note in one.notes]
        posts = {one.post.id: one.post for one in reversed(items) if one.post}
        yield Page(
            posts=tuple(posts.values()),
            cursor=oldest or place,
            more=more,
            skipped=tuple(skipped[:MOST_SKIPPED]),
            skipped_count=len(skipped),
        )
        if not more:
            return
        read += len(items)
        place = oldest
