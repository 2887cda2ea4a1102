"""Pages of a timeline: back from its end the first time, forward from where we were ever after.

`min_id` gives what follows an id at once, so nothing is skipped however much was written meanwhile;
`since_id` would give the newest. What a server's order is worth is not taken on trust: a page is
put in order, what it repeats is left out, and a server that does not know `min_id` is noticed.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from watcher.backends.formats import values
from watcher.backends.interface import EARLIEST, BackendError, Gap, Page
from watcher.backends.mastodon.cursor import State, is_made_up
from watcher.backends.mastodon.paging import Pages
from watcher.clock import utc_now

PAGE = 40
"""Statuses asked for at once: the most that Mastodon gives."""
FIRST = 400
"""Statuses read of a timeline that was never read before."""
BACK = 400
"""Statuses read back from its end where a timeline cannot be read forward."""
LATE = timedelta(hours=1)
"""How far behind the newest post others may stand that arrived later, when read back."""
MOST_ASKED_FOR = 10
"""Statuses missing from what is read again, of which one pull asks whether they are gone."""

Fetch = Callable[[str | None, str | None], Sequence[Any]]
"""Gives the page behind a `min_id`, before a `max_id`, or the newest, in the server's order."""


@dataclass(slots=True)
class Chunk:
    """A page as the server gave it, put in order: oldest first, each status once."""

    items: dict[str, Any] = field(default_factory=dict)
    """By local id; what has none is called after its content."""
    repeated: int = 0

    @classmethod
    def of(cls, raw: Sequence[Any]) -> "Chunk":
        """Put a page in order, whatever the server's is."""
        items: dict[str, Any] = {}
        repeated = 0
        for item in raw:
            number = local_id(item)
            repeated += number in items
            items.setdefault(number, item)
        numbers = [number for number in items if not is_made_up(number)]
        ranks = [(len(number), number) for number in numbers]
        if ranks == sorted(ranks):
            return cls(items, repeated)
        if ranks != sorted(ranks, reverse=True):
            # Neither way by id: then by time, and what has none first.
            ordered = sorted(items, key=lambda number: (_time(items[number]), len(number), number))
            return cls({number: items[number] for number in ordered}, repeated)
        return cls(dict(reversed(items.items())), repeated)

    @property
    def newest(self) -> str | None:
        """The id behind which to read on."""
        return next((n for n in reversed(self.items) if not is_made_up(n)), None)

    @property
    def oldest(self) -> str | None:
        """The id before which to read back."""
        return next((n for n in self.items if not is_made_up(n)), None)


def local_id(item: Any) -> str:
    """Return the id by which the server speaks of a status, or one made up of its content."""
    number = item.get("id") if isinstance(item, dict) else None
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
    if isinstance(number, str) and 0 < len(number) <= values.LONGEST_ID and number[0] != "?":
        return number
    return f"?{zlib.crc32(json.dumps(item, sort_keys=True, default=str).encode()):08x}"


def edit_of(item: Any) -> str:
    """Return what tells one form of a status from another: when it was edited last."""
    record = values.record(item)
    return values.words((values.record(record.get("reblog")) or record).get("edited_at"), 40)


class Pull:
    """One reading of a timeline from where `state` stands; `state` moves along."""

    def __init__(
        self,
        state: State,
        fetch: Fetch,
        pages: Pages,
        *,
        clock: Callable[[], datetime] = utc_now,
        after: Callable[[], str] = str,
        is_there: Callable[[str], bool] | None = None,
    ) -> None:
        self.state = state
        self._fetch = fetch
        self._pages = pages
        self._clock = clock
        self._after = after
        self._is_there = is_there

    def run(self) -> Iterator[Page]:
        """Yield pages until nothing more is to be had."""
        if self.state.start is None:
            yield from self._first()
        else:
            yield from self._forward(self.state.start)

    def _first(self) -> Iterator[Page]:
        newest = Chunk.of(self._fetch(None, None))
        older, _ = self._back(newest, FIRST, frozenset(), EARLIEST)
        items = [*older, *newest.items.items()]
        for at in range(0, len(items), PAGE):
            more = at + PAGE < len(items)
            yield self._page(
                items[at : at + PAGE], more=more, repeated=0 if at else newest.repeated
            )

    def _back(
        self, chunk: Chunk, most: int, until: frozenset[str], since: datetime
    ) -> tuple[list[tuple[str, Any]], bool]:
        """Return what stands before a page, oldest first, and whether all of it was found.

        Read back until one of `until` is met, a page older than `since`, the beginning, or `most`
        statuses.
        """
        found: list[tuple[str, Any]] = []
        met = set(chunk.items)
        while chunk.oldest is not None and len(found) + len(chunk.items) < most:
            chunk = Chunk.of(self._fetch(None, chunk.oldest))
            new = [(n, item) for n, item in chunk.items.items() if n not in met]
            if not new:
                return found, True
            met.update(chunk.items)
            last = [at for at, (number, _) in enumerate(new) if number in until]
            if last:
                return [*new[last[-1] + 1 :], *found], True
            if max(_time(item) for _, item in new) < since:
                return found, True
            found = [*new, *found]
        return found, chunk.oldest is None

    def _forward(self, start: str) -> Iterator[Page]:
        known = tuple(self.state.seen)
        walk = _Walk(self.state, start)
        waiting: list[tuple[str, Any]] = []
        gaps: tuple[Gap, ...] = ()
        repeated = 0
        while True:
            try:
                chunk = Chunk.of(self._fetch(walk.at, None))
                if walk.at == start and _is_the_end(chunk, known):
                    since = (self.state.newest or EARLIEST + LATE) - LATE
                    older, whole = self._back(chunk, BACK, frozenset(known), since)
                    chunk = Chunk({**dict(older), **chunk.items}, chunk.repeated)
                    gaps = () if whole else self._gap(chunk)
            except BackendError:
                if waiting:
                    yield self._page(waiting, more=True, repeated=repeated, gaps=gaps)
                raise
            fresh = walk.take(chunk)
            repeated += chunk.repeated
            moved = walk.on(chunk, self._after())
            if waiting and fresh:
                yield self._page(waiting, more=True, repeated=repeated, gaps=gaps)
                waiting, gaps, repeated = [], (), 0
            waiting = fresh or waiting
            if not moved:
                break
        try:
            missing, deleted = self._missing(known, walk)
        except BackendError:
            if waiting:
                yield self._page(waiting, more=False, repeated=repeated, gaps=gaps)
            raise
        if waiting or missing or gaps:
            yield self._page(waiting, more=False, repeated=repeated, gaps=gaps, deleted=deleted)

    def _gap(self, chunk: Chunk) -> tuple[Gap, ...]:
        until = max(_time(next(iter(chunk.items.values()))), self.state.newest or EARLIEST)
        why = f"more was written than the {BACK:,} newest posts, and this server shows no others"
        return (Gap(since=self.state.newest or until, until=until, why=why),)

    def _missing(
        self, known: Sequence[str], walk: "_Walk"
    ) -> tuple[Sequence[str], tuple[str, ...]]:
        """Return what is no longer in its place, and which of it is gone from the server.

        Something may also leave a timeline that is still there: its author was unfollowed. What was
        asked about is remembered no more; what was not, for the sake of the server, next time.
        """
        if self._is_there is None or not walk.met:
            return (), ()
        missing = [n for n in known[1:] if n not in walk.met and not is_made_up(n)]
        asked = missing[-MOST_ASKED_FOR:]
        gone = tuple(n for n in asked if not self._is_there(n))
        for number in asked:
            self.state.seen.pop(number, None)
        return asked, gone

    def _page(
        self,
        items: Sequence[tuple[str, Any]],
        *,
        more: bool,
        repeated: int = 0,
        gaps: tuple[Gap, ...] = (),
        deleted: tuple[str, ...] = (),
    ) -> Page:
        newest = max((_time(item) for _, item in items), default=None)
        now = self._clock()
        newest = min(newest, now) if newest else None
        self.state.note(((n, edit_of(item)) for n, item in items), newest)
        cursor = self.state.trimmed().dump()
        return self._pages.page(
            [item for _, item in items],
            cursor=cursor, more=more, repeated=repeated, gaps=gaps, deleted=deleted,
        )  # fmt: skip

    def search(self, found: Callable[[int], Sequence[Any]]) -> Iterator[Page]:
        """Yield what a search finds that was not read before; `found` gives a page by its offset.

        A search has no place to read on from: it is read back from its newest.
        """
        begun = not self.state.seen
        raw: list[Any] = []
        met: set[str] = set()
        while len(raw) < (FIRST if begun else BACK):
            page = found(len(raw))
            numbers = {local_id(item) for item in page} - met
            met |= numbers
            raw += page
            if not numbers or (not begun and numbers <= self.state.seen.keys()):
                break
        chunk = Chunk.of(raw)
        known = [n for n, item in chunk.items.items() if self.state.knows(n, edit_of(item))]
        fresh = [(n, item) for n, item in chunk.items.items() if n not in set(known)]
        gaps = self._gap(chunk) if fresh and not begun and not known and len(raw) >= BACK else ()
        for at in range(0, len(fresh), PAGE):
            more = at + PAGE < len(fresh)
            yield self._page(fresh[at : at + PAGE], more=more, gaps=() if at else gaps)


class _Walk:
    """The way forward through a timeline: where it stands, and what it met."""

    def __init__(self, state: State, start: str) -> None:
        self.at = start
        self.met: set[str] = set()
        self._state = state
        self._visited = {start}

    def take(self, chunk: Chunk) -> list[tuple[str, Any]]:
        """Return what of a page was not read in this form, and remember the rest as met."""
        fresh = []
        for number, item in chunk.items.items():
            if self._state.knows(number, edit_of(item)):
                self._state.note([(number, edit_of(item))], None)
            elif number not in self.met:
                fresh.append((number, item))
        self.met.update(chunk.items)
        return fresh

    def on(self, chunk: Chunk, said: str) -> bool:
        """Step to the end of a page; False where that is no step. `said`: the server's word."""
        after = said if said in chunk.items else chunk.newest
        if after is None or after in self._visited:
            return False
        self._visited.add(after)
        self.at = after
        return True


def _is_the_end(chunk: Chunk, known: Sequence[str]) -> bool:
    """Whether a page that should begin where we were shows nothing of what was read.

    So it does where the server does not know `min_id`, and where all of that was deleted.
    """
    return bool(chunk.items) and not chunk.items.keys() & set(known)


def _time(item: Any) -> datetime:
    return values.optional_moment(values.record(item).get("created_at")) or EARLIEST
