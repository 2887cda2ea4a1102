"""Pages out of what goes back from the newest post: searches, feeds, timelines.

1. Ask for the newest posts and go back, until what was given before begins, and an overlap beyond.
2. Leave out what was given. What claims to be old and is new stays, as far as one went back.
3. Give the rest oldest first, page by page, each with the place behind it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from rules.model import Account, Post
from watcher.backends.bluesky.place import Place, mark
from watcher.backends.bluesky.query import Query
from watcher.backends.formats import UnreadableError, bluesky_views, values
from watcher.backends.interface import BackendError, Gap, Page, Skipped

PAGE = 100
"""Posts a page, and asked for at once: the most that Bluesky gives."""
MOST_ASKED = 100
"""Requests for one reading; what lies further back is told as a gap."""
FIRST_ASKED = 20
"""Requests for the very first reading, which goes back no further."""
OVERLAP_ASKED = 10
"""Requests for what lies behind the last reading: where posts come that fast, it is less time."""
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Ask = Callable[..., dict[str, Any]]
"""`client.query`: a method and its parameters into an answer."""


@dataclass(slots=True)
class _Item:
    """One entry of a timeline."""

    mark: str
    sorted_at: int
    seen_at: int
    post: Post | None
    accounts: list[Account]
    skipped: list[Skipped]


@dataclass(slots=True)
class _Found:
    """What one reading brought, newest first."""

    items: dict[str, _Item] = field(default_factory=dict)
    repeated: int = 0
    oldest: int | None = None
    """The oldest time of the last answer."""
    beyond: int = 0
    """Requests that reached behind the last reading."""
    complete: bool = False
    """Whether one went back as far as one wanted."""


class Timeline:
    """Reads one query of one server."""

    def __init__(
        self,
        ask: Ask,
        query: Query,
        *,
        reading: dict[str, str],
        overlap: timedelta,
        source: str,
        resolve: Callable[[str], str | None],
    ) -> None:
        """Take what to read.

        `reading` says, in every cursor, of what it is one; `overlap` how far to look again;
        `resolve` finds the id of whoever has a handle.
        """
        self._ask = ask
        self._query = query
        self._reading = reading
        self._overlap = overlap // _MICROSECOND
        self._source = source
        self._resolve = resolve
        self.actor = ""
        """The id of the account whose posts were read before, where it is one's."""

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield what came since `cursor`. Raises `BackendError`."""
        place = Place.load(cursor, self._reading)
        self.actor = place.actor
        found = self._go_back(place, self._params(place))
        new = [
            item
            for item in reversed(found.items.values())
            if place.is_new(item.mark, item.sorted_at, item.seen_at, in_time=self._query.in_time)
        ]
        if self._query.in_time:
            new.sort(key=lambda item: item.sorted_at)
        gaps = self._gaps(place, found)
        posts = [item for item in new if item.post is not None]
        without = [item for item in new if item.post is None]
        for item in without:
            place.give(item.mark, place.reached, max(place.reached, 0))
        for start in range(0, max(len(posts), 1), PAGE):
            chunk = posts[start : start + PAGE]
            for item in chunk:
                place.give(item.mark, item.sorted_at, item.seen_at)
            place.forget()
            more = start + PAGE < len(posts)
            yield self._page(place, [*without, *chunk], more, gaps, found.repeated)
            without, gaps, found.repeated = [], (), 0

    def _page(
        self, place: Place, items: list[_Item], more: bool, gaps: tuple[Gap, ...], repeated: int
    ) -> Page:
        skipped = [skip for item in items for skip in item.skipped]
        accounts = {account.key: account for item in items for account in item.accounts}
        return Page(
            posts=tuple(item.post for item in items if item.post is not None),
            cursor=place.dump(self._reading),
            more=more,
            accounts=tuple(accounts.values()),
            skipped=tuple(skipped[:100]),
            skipped_count=len(skipped),
            repeated=repeated,
            gaps=gaps,
        )

    def _params(self, place: Place) -> dict[str, Any]:
        """Return what to ask for: an account by its id, since handles change hands."""
        params = self._query.params
        if "actor" not in params:
            return params
        if not place.actor:
            did = self._resolve(params["actor"])
            if did is None:
                raise BackendError(
                    f"nobody has the handle @{params['actor']}",
                    kind="gone",
                    help="the account may have another one by now",
                )
            place.actor = did
        return params | {"actor": place.actor}

    def _go_back(self, place: Place, params: dict[str, Any]) -> _Found:
        """Ask until everything since `place`, and the overlap before it, is there."""
        found, at = _Found(), None
        before: dict[str, str] = {}
        first = place.reached < 0 and not place.known
        for asked in count(1):
            answer = self._ask(self._query.method, limit=PAGE, cursor=at, **params, **before)
            added, fresh = self._take(answer, found, place)
            at = answer.get("cursor")
            if self._reached(place, found, fresh):
                found.complete = True
            elif not isinstance(at, str) or not at or not added:
                at, before = None, self._further(found, added, before)
                found.complete = not before
            if found.complete or asked == (FIRST_ASKED if first else MOST_ASKED):
                return found
        raise AssertionError("counting never ends")

    def _reached(self, place: Place, found: _Found, fresh: int) -> bool:
        """Return whether the last answer ended where everything had been given before."""
        if not self._query.in_time:
            return not fresh
        if found.oldest is None or found.oldest > place.reached:
            return False
        found.beyond += 1
        return found.oldest < place.reached - self._overlap or found.beyond > OVERLAP_ASKED

    def _further(self, found: _Found, added: int, before: dict[str, str]) -> dict[str, str]:
        """Return how a search goes on that ended: its cursor need not reach the last post."""
        full = len(found.items) >= PAGE
        if not added or not full or "q" not in self._query.params or found.oldest is None:
            return {}
        until = (_EPOCH + found.oldest * _MICROSECOND + timedelta(milliseconds=1)).isoformat()
        until = until.replace("+00:00", "Z")
        return {} if before.get("until") == until else {"until": until}

    def _take(self, answer: dict[str, Any], found: _Found, place: Place) -> tuple[int, int]:
        """Add the items of an answer; return how many that makes, and how many were never given."""
        items = answer.get("posts", answer.get("feed"))
        if not isinstance(items, list):
            raise BackendError("the answer holds no list of posts", kind="broken")
        added = fresh = 0
        times = []
        for raw in items[:1000]:
            item = self._read(raw)
            if item.post is not None:
                times.append(item.sorted_at)
            if item.mark in found.items:
                found.repeated += 1
                continue
            found.items[item.mark] = item
            added += 1
            fresh += item.mark not in place.known
        if times:
            found.oldest = min(times)
        return added, fresh

    def _read(self, raw: Any) -> _Item:
        """Read one item; what is no post is skipped, once."""
        item = values.record(raw)
        view = values.record(item.get("post")) or item
        try:
            parsed = bluesky_views.post(item, source=self._source)
        except UnreadableError as error:
            where = values.words(view.get("uri"), 200) or self._query.text
            return _Item(
                mark(json.dumps(raw, sort_keys=True)), 0, 0, None, [],
                [Skipped(where=where, why=str(error))],
            )  # fmt: skip
        (post,) = parsed.posts
        seen = values.optional_moment(view.get("indexedAt")) or post.posted_at
        if post.repost_of:
            seen = post.posted_at
        return _Item(
            mark(post.id),
            _microseconds(min(post.posted_at, seen)),
            _microseconds(seen),
            post,
            parsed.accounts,
            [Skipped(where=post.id, why=note) for note in parsed.notes],
        )

    def _gaps(self, place: Place, found: _Found) -> tuple[Gap, ...]:
        """Tell what lies between the last reading and how far this one went back."""
        if found.complete or place.reached < 0 or found.oldest is None:
            return ()
        since = _EPOCH + place.reached * _MICROSECOND
        until = max(_EPOCH + found.oldest * _MICROSECOND, since)
        most = f"{MOST_ASKED * PAGE:,}"
        return (Gap(since=since, until=until, why=f"there were more than {most} new posts"),)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
