"""Posts to search, and a shelf that hands them out by number as the store does."""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rules.evaluator import Reading, evaluate
from rules.language import parse
from rules.language.tree import Node
from rules.model import Account, Post
from rules.text import analyse
from tests.servers import Postgres
from watcher.search import DatabaseIndex, FolderIndex, Index
from watcher.store import Store, StoredPost

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

    def rids_between(self, first_rid: int, last_rid: int) -> Sequence[int]:
        rids = list(self.posts)
        return rids[bisect_left(rids, first_rid) : bisect_right(rids, last_rid)]

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
    if isinstance(index, DatabaseIndex):
        return index._text.rids(0, 2**62)
    assert isinstance(index, FolderIndex)
    segments = [s for p in index._folder.partitions().values() for s in p.segments()]
    return sorted(rid for segment in segments for rid in segment.rids)


@pytest.fixture(scope="session")
def index_database(postgres: Postgres) -> Iterator[Store]:
    """A PostgreSQL database for the whole run, with tables and no posts."""
    name = f"search_{time.monotonic_ns()}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    store = Store.open(postgres.url(name))
    yield store
    store.close()


@pytest.fixture
def database_index(index_database: Store) -> DatabaseIndex:
    """An empty index in PostgreSQL. Its posts may lie on a shelf: it is told where they are."""
    opened = DatabaseIndex.open(index_database)
    opened._text.empty()
    return opened


@pytest.fixture(params=["folder", pytest.param("postgresql", marks=pytest.mark.server)])
def index(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Index]:
    """An empty index of either kind."""
    if request.param == "postgresql":
        yield request.getfixturevalue("database_index")
        return
    monkeypatch.setattr("watcher.search.disk._flush", lambda _path: None)
    opened = FolderIndex.open(tmp_path / "index")
    yield opened
    opened.close()
