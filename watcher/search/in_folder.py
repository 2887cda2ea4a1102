"""The index in a folder: partitions by order of arrival, brought up to date and mended.

SQL is the truth. A post's place is its `rid`: partition 0 holds the first 100,000, and so on. The
watermark is the largest `rid` in the index, read from the index itself, so it moves with the very
rename that commits the posts. After a crash at any point the next `catch_up` goes on from there;
partitions that cannot be read, or hold fewer posts than SQL, are built again beside the old ones.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from itertools import groupby
from pathlib import Path

from rules.evaluator import Evaluator, Reading
from rules.language.tree import Node
from watcher.search.errors import DamagedError, SearchError
from watcher.search.folder import PARTITION, Folder
from watcher.search.interface import BATCH, ENOUGH_TO_TELL, Index, Progress, StoreReader
from watcher.search.keys import key_of, keys_of
from watcher.search.newest import LARGEST_READ, Hit, Question, candidates, hits
from watcher.search.partitions import Document, Partition
from watcher.search.planning import plan_for
from watcher.search.segments import Segment, clamped
from watcher.store.records import StoredPost

_GONE_SHARE = 20
"""A partition is built again when one in so many of its posts has gone from SQL."""


class FolderIndex(Index):
    """The index in one folder. Threads may search while one catches up."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._notes: list[str] = []
        self._checked = False

    @classmethod
    def open(cls, folder: Path) -> "FolderIndex":
        """Open the index, made empty where there is none; SearchError if the folder is unusable.

        What cannot be read is left for the next `catch_up` to build again, and told in `notes`.
        """
        index = cls(Folder.open(folder))
        for number, partition in index._folder.partitions().items():
            try:
                partition.segments()
            except DamagedError as damage:
                index._note(number, f"cannot be read ({damage})")
        return index

    def close(self) -> None:
        """Let go of the files; nothing is lost without it."""
        self._folder.forget_readers()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found damaged or in disagreement with the database since opening."""
        return tuple(self._notes)

    def documents(self) -> int:
        """Return how many posts the index holds; what cannot be read counts as none."""
        return sum(segment.size for segment in self._readable_segments())

    def size_bytes(self) -> int:
        """Return the size of the index on disk."""
        return sum(one.size_bytes() for one in self._folder.partitions().values())

    def lag(self, store: StoreReader) -> int:
        """Return how many stored posts have arrived since the index was brought up to date."""
        newest = max((segment.newest_rid for segment in self._readable_segments()), default=0)
        return store.count_posts(first_rid=newest + 1)

    # --- finding ----------------------------------------------------------------------------------

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
        question = Question(evaluator=Evaluator(node, reading), since=since, before=before)
        plan = plan_for(node, reading, lambda handle: store.account_by_handle(None, handle))
        with self._telling_damage():
            found = candidates(self._segments(), plan, since, before)
            yield from hits(found, question, store, first_read)

    def _segments(self) -> list[Segment]:
        return [segment for one in self._folder.partitions().values() for segment in one.segments()]

    @contextmanager
    def _telling_damage(self) -> Iterator[None]:
        try:
            yield
        except DamagedError as damage:
            self._folder.mark_damaged(damage.folder)
            self._checked = False
            raise SearchError(
                f"The search index is damaged in {damage}.",
                help="No post is lost. `watcher once`, or the next run of the service, mends the "
                "index from the database; `watcher index rebuild` makes all of it anew.",
            ) from damage

    def document_shares(self) -> Callable[[str], float] | None:
        """Return how to ask for the share of posts that have a term of their text, 0 to 1.

        None where the index holds fewer than `ENOUGH_TO_TELL` posts. The answer is that of the
        posts indexed now; asking raises SearchError where the index is damaged.
        """
        segments = list(self._readable_segments())
        documents = sum(segment.size for segment in segments)
        if documents < ENOUGH_TO_TELL:
            return None

        @cache
        def share(term: str) -> float:
            with self._telling_damage():
                key = key_of(term)
                return sum(segment.frequency(key) for segment in segments) / documents

        return share

    # --- keeping up -------------------------------------------------------------------------------

    def catch_up(
        self, store: StoreReader, *, batch: int = BATCH, progress: Progress | None = None
    ) -> int:
        """Bring the index up to the store's newest post; return how many posts were added.

        Commits every `batch` posts. Safe after a crash at any point: nothing is missing, nothing
        is there twice. First mends partitions that are damaged or disagree with the store; their
        posts count as added. Raises SearchError where the disk or another process is in the way.
        """
        with self._folder.writing(), self._telling_damage():
            added = self._mend(store, progress)
            total = self.lag(store) if progress else 0
            done = 0
            while posts := store.posts_after(self._watermark(), batch):
                for number, some in groupby(posts, key=lambda post: post.rid // PARTITION):
                    self._append(number, tuple(some), store)
                done += len(posts)
                if progress:
                    progress(done, max(total, done))
            self._checked = True
            return added + done

    def rebuild(self, store: StoreReader, progress: Progress | None = None) -> int:
        """Build the whole index again; the old one answers until each part is replaced.

        Returns how many posts it holds.
        """
        with self._folder.writing():
            total = store.count_posts()
            done = 0
            newest = store.newest_rid() // PARTITION
            for number in sorted({*self._folder.partitions(), *range(newest + 1)}):
                done += self._build(number, store, _shifted(progress, done, total))
            self._checked = True
            return done

    def forget(self, store: StoreReader, at_once: Collection[int] = ()) -> int:
        """Give up posts that have gone from the store; return how many left the index.

        A partition is built again when a twentieth of its posts has gone, or one of those `at_once`
        (each a `rid`), dropped when all have; until then its posts that have gone are never found,
        for what is found is read from SQL.
        """
        before = self.documents()
        urgent = {rid // PARTITION for rid in at_once}
        with self._folder.writing():
            for number, partition in self._folder.partitions().items():
                stored = store.count_posts(*_span(number, partition.newest_rid))
                gone = partition.documents - stored
                many = gone * _GONE_SHARE >= partition.documents
                if gone and (not stored or many or number in urgent):
                    self._build(number, store)
        return before - self.documents()

    def _append(self, number: int, posts: Sequence[StoredPost], store: StoreReader) -> None:
        partition = self._folder.partitions().get(number) or self._folder.create(number)
        try:
            partition.append(map(_document, posts))
        except DamagedError as damage:
            self._note(number, f"cannot be written ({damage})")
            self._build(number, store)

    def _mend(self, store: StoreReader, progress: Progress | None) -> int:
        """Build again what is damaged or disagrees with the store; return how many posts that is.

        The first time all partitions are looked at, later only the newest and those marked.
        """
        self._folder.sweep()
        partitions = self._folder.partitions()
        newest = max(partitions, default=-1)
        numbers = self._folder.damaged()
        numbers.update([newest] if self._checked else range(newest + 1))
        self._checked = False  # until all of this has gone well
        added = 0
        for number in sorted(numbers - {-1}):
            if why := self._disagreement(number, partitions.get(number), store):
                self._note(number, why)
                added += self._build(number, store, progress)
        return added

    def _disagreement(
        self, number: int, partition: Partition | None, store: StoreReader
    ) -> str | None:
        """Say what is wrong with a partition; None where nothing is. Posts that have gone are fine.

        A database restored from a backup may give old numbers to new posts: the newest one is
        looked at.
        """
        if partition is None:
            return "is missing" if store.count_posts(*_span(number)) else None
        if number in self._folder.damaged():
            return "was found damaged"
        try:
            newest, documents = partition.newest_rid, partition.documents
            last = next((one for one in partition.segments() if one.newest_rid == newest), None)
        except DamagedError as damage:
            return f"cannot be read ({damage})"
        stored = store.count_posts(*_span(number, newest))
        if documents < stored:
            return f"holds {documents:,} of {stored:,} posts"
        if newest > store.newest_rid():
            return "holds posts that the database does not know"
        for post in store.posts_by_rid([newest]):
            if last and clamped(post.post.posted_at.timestamp()) != last.posted_of(newest):
                return "holds posts of another database"
        return None

    def _build(self, number: int, store: StoreReader, progress: Progress | None = None) -> int:
        """Build a partition beside the present one and put it in its place."""
        first, last = _span(number)
        total = store.count_posts(first, last)
        if not total:
            self._folder.remove(number)
            return 0
        done, at = 0, first - 1
        fresh = self._folder.create_beside(number)
        while posts := [one for one in store.posts_after(at, BATCH) if one.rid <= last]:
            try:
                fresh.append(map(_document, posts))
            except DamagedError as damage:
                raise SearchError(
                    f"The search index cannot be written: {damage}.",
                    help="Look at the disk; `watcher index rebuild` begins anew.",
                ) from damage
            at = posts[-1].rid
            done += len(posts)
            if progress:
                progress(done, max(total, done))
        self._folder.put_in_place(number)
        return done

    def _watermark(self) -> int:
        """Return the newest post of the index; DamagedError where that cannot be told."""
        return max((one.newest_rid for one in self._folder.partitions().values()), default=0)

    def _readable_segments(self) -> Iterator[Segment]:
        for partition in self._folder.partitions().values():
            try:
                yield from partition.segments()
            except DamagedError:
                continue

    def _note(self, number: int, why: str) -> None:
        first, last = _span(number)
        note = f"The part of the index for posts {first:,} to {last:,} {why}."
        if note not in self._notes:
            self._notes.append(note)


def _span(number: int, newest: int | None = None) -> tuple[int, int]:
    first = number * PARTITION
    return first, first + PARTITION - 1 if newest is None else newest


def _document(stored: StoredPost) -> Document:
    return Document(stored.rid, stored.post.posted_at.timestamp(), keys_of(stored.post))


def _shifted(progress: Progress | None, done: int, total: int) -> Progress | None:
    if progress is None:
        return None
    return lambda some, _all: progress(done + some, total)
