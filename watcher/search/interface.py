"""The seam: what the program asks of a search index, and what an index asks of the store."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Protocol

from rules.evaluator import Reading
from rules.language.tree import Node
from rules.model import Account
from watcher.search.newest import LARGEST_READ, Hit, Results
from watcher.store.records import StoredPost

BATCH = 1_000
"""Posts that are added in one go."""
ENOUGH_TO_TELL = 1_000
"""Posts from which the index tells how common a word is."""

Progress = Callable[[int, int], None]
"""Called with (posts done, posts in all)."""


class StoreReader(Protocol):
    """What the index needs from the store."""

    def posts_after(self, rid: int, limit: int) -> tuple[StoredPost, ...]:
        """Return the next posts after `rid`, in the order of arrival."""

    def posts_by_rid(self, rids: Sequence[int]) -> tuple[StoredPost, ...]:
        """Return these posts, those that are still there, in the order given."""

    def rids_between(self, first_rid: int, last_rid: int) -> Sequence[int]:
        """Return the numbers of the posts from one to another, both included, sorted."""

    def count_posts(self, first_rid: int | None = None, last_rid: int | None = None) -> int:
        """Count the posts between two numbers, both included."""

    def newest_rid(self) -> int:
        """Return the number of the post that arrived last, 0 when there is none."""

    def account_by_handle(self, network: str | None, handle: str) -> Account | None:
        """Return the account that has a handle now."""


class Index(Protocol):
    """An index of the stored posts. Threads may search while one catches up.

    Everything raises SearchError where the index cannot answer or be written.
    """

    def close(self) -> None:
        """Let go of what was opened; nothing is lost without it."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found damaged or in disagreement with the database since opening."""

    def documents(self) -> int:
        """Return how many posts the index holds."""

    def size_bytes(self) -> int:
        """Return the room that the index takes."""

    def lag(self, store: StoreReader) -> int:
        """Return how many stored posts have arrived since the index was brought up to date."""

    def search(
        self,
        node: Node,
        store: StoreReader,
        *,
        reading: Reading = Reading(),  # noqa: B008  # frozen
        limit: int = 20,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> Results:
        """Return the newest stored posts that match, at most `limit`, by `posted_at` then `rid`.

        Exact: each one is verified on the stored post. `since` is included, `before` excluded; both
        aware.
        """
        found = self.matches(
            node, store, reading=reading, since=since, before=before, first_read=limit + 1
        )
        page = tuple(islice(found, limit + 1))
        return Results(hits=page[:limit], more=len(page) > limit, behind=self.lag(store))

    def matches(
        self,
        node: Node,
        store: StoreReader,
        *,
        reading: Reading = Reading(),  # noqa: B008
        since: datetime | None = None,
        before: datetime | None = None,
        first_read: int = LARGEST_READ,
    ) -> Iterator[Hit]:
        """Yield every stored post that matches, as `search` does, without end to the page.

        `first_read` is how many posts are read from the store at first.
        """

    def document_shares(self) -> Callable[[str], float] | None:
        """Return how to ask for the share of posts that have a term of their text, 0 to 1.

        None where the index holds fewer than `ENOUGH_TO_TELL` posts.
        """

    def catch_up(
        self, store: StoreReader, *, batch: int = BATCH, progress: Progress | None = None
    ) -> int:
        """Bring the index up to the store's newest post; return how many posts were added.

        Commits every `batch` posts. Safe after a crash at any point: nothing is missing, nothing
        is there twice. First mends what is damaged or disagrees with the store; those posts count
        as added.
        """

    def rebuild(self, store: StoreReader, progress: Progress | None = None) -> int:
        """Build the whole index again, which answers meanwhile; return how many posts it holds."""

    def forget(self, store: StoreReader, at_once: Collection[int] = ()) -> int:
        """Give up posts that have gone from the store; return how many left the index.

        Those `at_once` (each a `rid`) leave it now. Others may stay until it pays, and are never
        found, for what is found is read from the store.
        """
