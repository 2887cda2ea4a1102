"""Posts to search, and a shelf that hands them out by number as the store does."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rules.evaluator import Reading, evaluate
from rules.language import parse
from rules.language.tree import Node
from rules.model import Account, Post
from rules.text import analyse
from watcher.search import Index
from watcher.store import StoredPost

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def post(text: str, at: datetime = NOON, *, handle: str = "ann", **more: object) -> Post:
    author = Account(network="town", id=handle, handle=handle)
    values: dict[str, object] = {"network": "town", "id": text, "author": author} | more
    return Post(text=text, posted_at=at, **values)  # type: ignore[arg-type]


class Shelf:
    """Posts by number, in memory: what the index reads of a store, with any numbers we like."""

    def __init__(self, posts: Iterable[Post] = (), *, first_rid: int = 1) -> None:
        self.posts: dict[int, Post] = {}
        self.accounts: dict[str, Account] = {}
        self.put(*posts, at=first_rid)

    def put(self, *posts: Post, at: int | None = None) -> None:
        first = self.newest_rid() + 1 if at is None else at
        self.posts |= dict(enumerate(posts, first))
        self.posts = dict(sorted(self.posts.items()))

    def posts_after(self, rid: int, limit: int) -> tuple[StoredPost, ...]:
        rids = list(self.posts)
        start = bisect_right(rids, rid)
        return self.posts_by_rid(rids[start : start + limit])

    def posts_by_rid(self, rids: Sequence[int]) -> tuple[StoredPost, ...]:
        return tuple(StoredPost(rid=r, post=self.posts[r]) for r in rids if r in self.posts)

    def count_posts(self, first_rid: int | None = None, last_rid: int | None = None) -> int:
        last = self.newest_rid() if last_rid is None else last_rid
        return sum((first_rid or 0) <= rid <= last for rid in self.posts)

    def newest_rid(self) -> int:
        return max(self.posts, default=0)

    def account_by_handle(self, network: str | None, handle: str) -> Account | None:
        return self.accounts.get(handle)


def found(index: Index, store: Shelf, expression: str, **options: object) -> list[str]:
    """The texts of the hits, newest first."""
    results = index.search(parse(expression), store, **options)  # type: ignore[arg-type]
    return [hit.post.text for hit in results.hits]


def everything(index: Index, store: Shelf, node: Node, reading: Reading) -> list[int]:
    """The numbers of all hits, newest first."""
    return [hit.rid for hit in index.matches(node, store, reading=reading)]


def scanned(store: Shelf, node: Node, reading: Reading) -> list[int]:
    """What live matching finds in all posts, newest first: the truth."""
    matching = [
        (post.posted_at, rid)
        for rid, post in store.posts.items()
        if evaluate(node, reading, analyse(post)) is not None
    ]
    return [rid for _, rid in sorted(matching, reverse=True)]


def rids_held(index: Index) -> list[int]:
    """Every number in the index, sorted; one that is there twice shows twice."""
    segments = [s for p in index._folder.partitions().values() for s in p.segments()]
    return sorted(rid for segment in segments for rid in segment.rids)
