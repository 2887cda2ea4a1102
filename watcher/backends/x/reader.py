"""Pages out of X, the oldest post first, though X gives the newest first.

What came since the last time is read down to where that ended, held, and given out in pages. A
budget may end it on the way down: what was read is given out, what was not stays a hole that is
read later, where a budget allows and the search still reaches it; meanwhile it is told as a gap.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from rules.matcher import Matcher
from rules.model import Account
from watcher.backends.formats.parsed import UnreadableError
from watcher.backends.formats.values import record
from watcher.backends.formats.x import Item, X, id_at, is_snowflake, time_of
from watcher.backends.interface import BackendError, Gap, Page, Skipped
from watcher.backends.x.cursor import MOST_HOLES, Cursor, Hole, Track, digest
from watcher.backends.x.spending import Purse, SpentError

PAGE = 100
"""Posts: the most that X gives at once."""
MOST_HELD = 5_000
"""Posts held before they are given out; what lies below is read after them."""
MOST_REQUESTS = 200
"""Of one way down: X may give empty pages, but not forever."""
LEAST_SEARCHED, LEAST_OF_TIMELINE = 10, 5
"""The smallest pages that X gives."""
REACH = timedelta(days=7) - timedelta(minutes=2)
"""How far back a search reaches, and a little time to ask."""
AHEAD = timedelta(days=1)
"""Ids from further in the future than clocks differ are none to go by."""
MOST_SKIPPED = 100

Ask = Callable[..., dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Query:
    """One thing to read: a search, or a timeline."""

    name: str
    """What tells it from others, for ever."""
    ask: Ask
    """Takes `since_id`, `until_id`, `max_results` and `token`, and returns an answer."""
    least: int
    searched: bool
    """Whether it reaches no further back than a search does."""


@dataclass(slots=True)
class _Read:
    """What one way down brought."""

    items: dict[str, Item] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    repeated: int = 0
    complete: bool = False
    spent: SpentError | None = None


class XReader:
    """Reads queries one after another. `wanted` leaves out what no rule asks for."""

    def __init__(
        self,
        queries: Callable[[Cursor], Sequence[Query]],
        *,
        host: str,
        source: str,
        purse: Purse,
        look_back: timedelta,
        wanted: Matcher | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._queries = queries
        self._host = host
        self._place = digest(host)
        self._format = X("x", source)
        self._purse = purse
        self._look_back = look_back
        self._wanted = wanted
        self._clock = clock

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield what was written since `cursor`. Raises `BackendError`."""
        state = Cursor.load(cursor, self._place)
        queries = self._queries(state)
        names = {query.name for query in queries}
        began = state.latest
        state.tracks = {name: track for name, track in state.tracks.items() if name in names}
        for number, query in enumerate(queries, 1):
            yield from self._query(state, query, began, last=number == len(queries))

    def _query(
        self, state: Cursor, query: Query, began: datetime | None, *, last: bool
    ) -> Iterator[Page]:
        now = self._clock()
        track = state.tracks.get(query.name)
        gaps: list[Gap] = []
        if track is None:
            first = began or now - self._look_back
            first = max(first, now - REACH) if query.searched else first
            track = state.tracks[query.name] = Track.new(first)
        if query.searched and (lost := track.clamp(id_at(now - REACH))):
            gaps.append(_gap(lost, "X's search reaches 7 days back, and this was not read in time"))
        hole: Hole | None = None
        while True:
            low, high = hole or (track.since(), 0)
            read = self._down(query, track, low, high)
            gaps += self._leave(state, track, hole, read, now)
            ends = read.spent is not None or not track.holes
            if not track.holes and read.spent is None:
                track.at = state.latest = now
                state.stopped = None
            more = read.spent is None and not (last and ends)
            yield from self._given(state, track, hole, read, gaps, more=more)
            if read.spent:
                raise read.spent
            if ends:
                return
            hole, gaps = track.holes[-1], []

    def _down(self, query: Query, track: Track, low: int, high: int) -> _Read:
        """Read from the newest down to the id `low`, where it goes."""
        read, token, known = _Read(), None, set(track.seen)
        tokens: set[str] = set()
        bounds: dict[str, Any] = {"since_id": str(low)}
        if high:
            bounds["until_id"] = str(high)
        for _ in range(MOST_REQUESTS):
            try:
                with self._purse.reading(PAGE, least=query.least) as booking:
                    answer = query.ask(max_results=booking.granted, token=token, **bounds)
                    data = answer.get("data")
                    booking.used = len(data) if isinstance(data, list) else 0
            except SpentError as spent:
                read.spent = spent
                return read
            self._take(answer, read, known)
            token = record(answer.get("meta")).get("next_token")
            if token is None:
                read.complete = True
                return read
            if not isinstance(token, str) or token in tokens:
                raise BackendError(f"{self._host} leads back to the same page", kind="broken")
            tokens.add(token)
            if len(read.items) >= MOST_HELD:
                return read
        if not read.items:
            raise BackendError(f"{self._host} gives page after page with nothing", kind="broken")
        return read

    def _take(self, answer: dict[str, Any], read: _Read, known: set[str]) -> None:
        try:
            items, accounts = self._format.each(answer)
        except UnreadableError:
            raise self._nonsense() from None
        if not isinstance(answer.get("meta"), dict):
            raise self._nonsense()
        for item in items:
            if item.id in known:
                continue
            read.repeated += item.id in read.items
            read.items.setdefault(item.id, item)
        read.accounts.update((account.id, account) for account in accounts)

    def _nonsense(self) -> BackendError:
        return BackendError(f"what {self._host} answered is no list of posts", kind="broken")

    def _leave(
        self, state: Cursor, track: Track, hole: Hole | None, read: _Read, now: datetime
    ) -> list[Gap]:
        """Note what stays unread, and return what is to be told of it."""
        if hole is not None:
            track.holes.remove(hole)
        numbers = [int(id_) for id_ in read.items if is_snowflake(id_)]
        low, high = hole or (track.top, 0)
        if not read.complete and (rest := (low, min(numbers, default=high)))[1] > low:
            track.holes.append(rest)
        gaps = []
        while len(track.holes) > MOST_HOLES:
            why = "more was written than is read in time"
            gaps.append(_gap(track.holes.pop(0), why))
        if read.spent and (numbers or state.stopped is None or state.stopped < now):
            state.stopped = read.spent.until
            waiting = [_gap(rest, read.spent.message) for rest in track.holes]
            waiting.append(Gap(since=now, until=read.spent.until, why=read.spent.message))
            state.told += waiting
            gaps += waiting
        return gaps

    def _given(
        self,
        state: Cursor,
        track: Track,
        hole: Hole | None,
        read: _Read,
        gaps: list[Gap],
        *,
        more: bool,
    ) -> Iterator[Page]:
        """Give out what was read, the oldest first, each page with the cursor that follows it."""
        items = sorted(read.items.values(), key=lambda item: _place(item.id))
        if not items and not gaps and (more or read.spent):
            return
        authors = {one.post.author.id for one in items if one.post}
        accounts = tuple(one for id_, one in read.accounts.items() if id_ not in authors)
        latest = id_at(self._clock() + AHEAD)
        for start in range(0, max(len(items), 1), PAGE):
            batch = items[start : start + PAGE]
            rest = start + PAGE < len(items)
            if hole is None:
                track.saw([one.id for one in batch if _place(one.id) <= latest])
            # What is above this page in a hole stays unread until its pages are given out too.
            upper = [(max(_place(one.id) for one in batch), hole[1])] if hole and rest else []
            track.holes += upper
            page = self._page(batch)
            if not rest and not more and not any(one.holes for one in state.tracks.values()):
                page = replace(page, filled=tuple(state.told))
                state.told = []
            page = replace(page, cursor=state.dump(), more=rest or more)
            if start == 0:
                beside = accounts if self._wanted is None else ()
                page = replace(page, accounts=beside, repeated=read.repeated, gaps=tuple(gaps))
            yield page
            track.holes = [one for one in track.holes if one not in upper]

    def _page(self, batch: list[Item]) -> Page:
        """Return the posts of some items; where rules are asked for, those that one of them finds.

        An edited post may come in two versions: the newer one counts.
        """
        skipped = [Skipped(where=one.id, why=note) for one in batch for note in one.notes]
        newest = {one.post.id: one.post for one in batch if one.post}
        posts = list(newest.values())
        if self._wanted is not None:
            found = {number for number, _ in self._wanted.decide(posts)}
            posts = [post for number, post in enumerate(posts) if number in found]
        return Page(
            posts=tuple(posts),
            cursor="",
            more=False,
            skipped=tuple(skipped[:MOST_SKIPPED]),
            skipped_count=len(skipped),
            left_out=len(newest) - len(posts),
        )


def _place(id_: str) -> int:
    return int(id_) if is_snowflake(id_) else 0


def _gap(hole: Hole, why: str) -> Gap:
    return Gap(since=time_of(str(hole[0])), until=time_of(str(hole[1])), why=why)
