"""The index of a store in PostgreSQL: served by that database's own full-text index.

What is kept of a post, what is asked for an expression and what verifies the answer are the same as
in a folder. Posts and index are in one database, are saved and restored together, and a batch is
there as a whole or not at all: so nothing is looked through for damage. Only where the database was
filled from elsewhere under an index that stayed, its newest post betrays that.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rules.evaluation.slots import kept_by_an_edit, one_edit
from rules.evaluator import Evaluator, Reading
from rules.language.tree import Node
from watcher.search.errors import SearchError
from watcher.search.interface import BATCH, ENOUGH_TO_TELL, Index, Progress, StoreReader
from watcher.search.keys import form, key_of, keys_of, may_be_misspelt
from watcher.search.newest import LARGEST_READ, Hit, Question, hits
from watcher.search.planning import plan_for
from watcher.store import Store, StoredPost, StoreError
from watcher.store.full_text import FullText, Place
from watcher.store.full_text_query import EVERYTHING, Condition, any_of, having, lexeme
from watcher.store.full_text_tables import Entry

_LAYOUT = 1
"""Raised by hand when what is kept changes in a way that `form` does not see."""
_SPAN = 100_000
"""Numbers of posts that are compared with the store at a time."""
_LARGEST_PAGE = 20_000
"""Candidates asked for at a time; the first page has a few more than what is to be shown."""
_SHORTEST = 5
"""Letters of a word of which like ones are known; the language asks for one more."""
_MOST_ALIKE = 10_000
"""Words looked at for those one edit away; where there are more, all posts are verified."""
_SAMPLE = 20_000
"""The newest posts, which tell how common a word is."""
_GROWN = 10
"""How common words are is counted again when the index has grown by a part in so many."""


class DatabaseIndex(Index):
    """The index beside a store in PostgreSQL. Any number of processes may use it, each by turns."""

    def __init__(self, text: FullText) -> None:
        self._text = text
        self._notes: list[str] = []
        self._checked = False

    @classmethod
    def open(cls, store: Store) -> "DatabaseIndex":
        """Open the index in the database of a store, made empty where there is none."""
        index = cls(FullText(store, form("postgresql", _LAYOUT)))
        with _telling():
            index._text.make()
        return index

    def close(self) -> None:
        """Do nothing: the store holds what is open."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found in disagreement with the database since opening."""
        return tuple(self._notes)

    def documents(self) -> int:
        """Return how many posts the index holds."""
        with _telling():
            return self._text.documents()

    def size_bytes(self) -> int:
        """Return the room that the index takes in the database."""
        with _telling():
            return self._text.size_bytes()

    def lag(self, store: StoreReader) -> int:
        """Return how many stored posts have arrived since the index was brought up to date."""
        with _telling():
            newest = self._text.newest()
        return store.count_posts(first_rid=newest[0] + 1 if newest else 0)

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
        """Yield every stored post that matches, newest first, as `Index.matches` says."""
        question = Question(evaluator=Evaluator(node, reading), since=since, before=before)
        plan = plan_for(node, reading, lambda handle: store.account_by_handle(None, handle))
        with _telling():
            condition = plan.condition(self._alike)
        found = self._places(condition, 2 * first_read, since, before)
        yield from hits(found, question, store, first_read)

    def _places(
        self, condition: Condition, size: int, since: datetime | None, before: datetime | None
    ) -> Iterator[Place]:
        """Yield the places of the candidates, newest first, a page of them at a time."""
        last: Place | None = None
        while True:
            with _telling():
                page = self._text.newest_first(
                    condition, size, since=since, before=before, after=last
                )
            yield from page
            if len(page) < size:
                return
            last = page[-1]
            size = min(4 * size, _LARGEST_PAGE)

    def _alike(self, word: str, sign: str) -> Condition:
        """Return what posts have that have a word at most one edit from `word`."""
        if len(word) < _SHORTEST:
            return EVERYTHING
        first, last = kept_by_an_edit(word)
        sizes = range(len(word) - 1, len(word) + 2)
        known = self._text.words_like(first, last, sizes, sign, _MOST_ALIKE + 1)
        if len(known) > _MOST_ALIKE:
            return EVERYTHING
        return any_of(having(key_of(one)) for one in known if one_edit(one[len(sign) :], word))

    def document_shares(self) -> Callable[[str], float] | None:
        """Return how to ask for the share of the newest posts that have a term, 0 to 1."""
        with _telling():
            posts, having_it = self._text.frequencies(_SAMPLE)
        if posts < ENOUGH_TO_TELL:
            return None
        return lambda term: having_it.get(lexeme(key_of(term)), 0) / posts

    # --- keeping up -------------------------------------------------------------------------------

    def catch_up(
        self, store: StoreReader, *, batch: int = BATCH, progress: Progress | None = None
    ) -> int:
        """Bring the index up to the store's newest post; return how many posts were added."""
        with _telling():
            self._mend(store)
            total = self.lag(store) if progress else 0
            done = 0
            while True:
                with self._text.turn() as turn:
                    posts = store.posts_after(turn.newest_rid(), batch)
                    turn.add(list(map(_entry, posts)))
                done += len(posts)
                if posts and progress:
                    progress(done, max(total, done))
                if len(posts) < batch:
                    break
            newest = self._text.newest() if done else None
            if newest and done * _GROWN > newest[0]:  # its number is about how many there are
                self._text.note_statistics()
            self._checked = True
        return done

    def rebuild(self, store: StoreReader, progress: Progress | None = None) -> int:
        """Build the whole index again beside this one, which answers until it is replaced."""
        with _telling():
            total = store.count_posts()
            done, at = 0, 0
            self._text.begin_fresh()
            while posts := store.posts_after(at, BATCH):
                with self._text.fresh_turn() as turn:
                    turn.add(list(map(_entry, posts)))
                at = posts[-1].rid
                done += len(posts)
                if progress:
                    progress(done, max(total, done))
            self._text.put_in_place()
            self._checked = True
        return done

    def forget(self, store: StoreReader, at_once: Collection[int] = ()) -> int:
        """Take posts that have gone from the store out, all of them; return how many."""
        del at_once  # they are among those that have gone
        gone = 0
        unused: set[str] = set()
        with _telling():
            newest = self._text.newest()
            for first in range(0, newest[0] + 1 if newest else 0, _SPAN):
                some = self._gone(store, first, first + _SPAN - 1)
                for start in range(0, len(some), BATCH):
                    with self._text.turn() as turn:
                        unused.update(turn.remove(some[start : start + BATCH]))
                gone += len(some)
            self._text.drop_unused(unused)
        return gone

    def _gone(self, store: StoreReader, first: int, last: int) -> list[int]:
        kept = set(store.rids_between(first, last))
        return [rid for rid in self._text.rids(first, last) if rid not in kept]

    def _mend(self, store: StoreReader) -> None:
        """Begin anew where the index is of another database; drop what other versions made."""
        if self._checked:
            return
        self._text.drop_others()
        newest = self._text.newest()
        if newest is None:
            return
        rid, posted_at = newest
        stored: Sequence[StoredPost] = store.posts_by_rid([rid])
        if rid > store.newest_rid() or any(one.post.posted_at != posted_at for one in stored):
            self._notes.append("The index holds posts of another database, and is built again.")
            self._text.empty()


def _entry(stored: StoredPost) -> Entry:
    keys = keys_of(stored.post)
    return Entry(stored.rid, stored.post.posted_at, keys, list(filter(may_be_misspelt, keys)))


@contextmanager
def _telling() -> Iterator[None]:
    """Turn the store's troubles into SearchError: no mail waits for the index."""
    try:
        yield
    except StoreError as error:
        raise SearchError(
            f"The search index in the database does not work: {error.message}.", help=error.help
        ) from error
