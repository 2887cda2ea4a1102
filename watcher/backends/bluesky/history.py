"""What an account wrote, back from its newest post: its feed page by page, by the network's cursor.

The network names every post and repost in the account's own repository, back to the first.
"""

from collections.abc import Callable, Iterator
from typing import Any

from rules.model import Post
from watcher.backends.formats import UnreadableError, bluesky_views, values
from watcher.backends.interface import BackendError, Page, Skipped

PAGE = 100
MOST_SKIPPED = 100


def history(
    ask: Callable[..., dict[str, Any]], actor: str, place: str, most: int, *, source: str
) -> Iterator[Page]:
    """Yield pages back from the cursor `place` (empty: from the newest); `actor` is an id.

    It ends after at least `most` posts, or with what the network shows no more.
    """
    read = 0
    while read < most:
        answer = ask("app.bsky.feed.getAuthorFeed", actor=actor, limit=PAGE, cursor=place or None)
        items = answer.get("feed")
        if not isinstance(items, list):
            raise BackendError("the answer holds no list of posts", kind="broken")
        following = values.words(answer.get("cursor"), 1000)
        more = bool(following) and following != place and bool(items)
        yield _page(items[:1000], following if more else place, more=more, source=source)
        if not more:
            return
        read += len(items)
        place = following


def _page(items: list[Any], cursor: str, *, more: bool, source: str) -> Page:
    posts: dict[str, Post] = {}
    skipped: list[Skipped] = []
    repeated = 0
    for raw in reversed(items):
        item = values.record(raw)
        try:
            parsed = bluesky_views.post(item, source=source)
        except UnreadableError as error:
            view = values.record(item.get("post"))
            where = values.words(view.get("uri"), 200) or "an item without an address"
            skipped.append(Skipped(where=where, why=str(error)))
            continue
        skipped += [Skipped(where=parsed.posts[0].id, why=note) for note in parsed.notes]
        repeated += parsed.posts[0].id in posts
        posts[parsed.posts[0].id] = parsed.posts[0]
    return Page(
        posts=tuple(posts.values()),
        cursor=cursor,
        more=more,
        skipped=tuple(skipped[:MOST_SKIPPED]),
        skipped_count=len(skipped),
        repeated=repeated,
    )
