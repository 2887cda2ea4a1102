"""Pages out of a feed.

A feed is one document with its newest entries. It is asked for only if it changed (ETag,
Last-Modified), read whole, and told from in pages. What was told before is known by the cursor, so
an entry that appears late, below others, is told all the same, and one that was changed is told
again.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast

from rules.model import Post
from watcher.backends.feed.cursor import Cursor
from watcher.backends.feed.document import decoded
from watcher.backends.feed.entry import Entry, Feed, Origin, digest, to_post
from watcher.backends.feed.jsonfeed import read_json
from watcher.backends.feed.syndication import read_xml
from watcher.backends.formats.parsed import UnreadableError
from watcher.backends.http import bounds
from watcher.backends.http.budget import SHARED
from watcher.backends.http.errors import host_of
from watcher.backends.http.session import Answer, session
from watcher.backends.interface import Gap, Page, Skipped
from watcher.clock import utc_now

PAGE = 200
"""Posts."""
LARGEST = 10_000_000
"""Octets of a feed, when decompressed."""
LEAST_SECRET = 8
"""Characters: what is shorter may be a word of anybody's."""
_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, */*;q=0.5"


@dataclass(slots=True)
class _Known:
    """An entry to be told of, or what is wrong with it."""

    key: str
    fingerprint: str
    post: Post | None
    notes: list[str] = field(default_factory=list)


class FeedReader:
    """Reads one feed; `secret` stands for `{secret}` in its address."""

    def __init__(
        self,
        url: str,
        *,
        secret: str = "",
        contact: str = "",
        private: bool = False,
        source: str = "",
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._url = url.replace("{secret}", secret)
        self._shown = url
        self._secret = secret
        self._host = host_of(self._url)
        self._source = source
        self._private = private
        self._clock = clock
        usual = bounds.USUAL
        largest = bounds.Bounds(
            seconds=usual.seconds,
            connect=usual.connect,
            octets=min(usual.octets, LARGEST),
            head=usual.head,
            redirects=usual.redirects,
        )
        # Named without the secret: a new token leads to the same feed.
        self._name = digest(url, 6)
        self._session = session(
            bounds.user_agent(contact), bounds=largest, budget=SHARED.of(self._host)
        )

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield what the feed holds beyond `cursor`, by time, the oldest first."""
        state = Cursor.load(cursor, self._name)
        answer = self._ask(state)
        if answer is None:
            return
        before = state.dump()
        feed = self._read(answer)
        found, present, repeated = self._new(feed, state, _time_of(answer))
        gaps = self._gap(found, state, present)
        state.begin()
        skipped = [(self._host, f"{feed.more:,} entries beyond the first are not read")] * bool(
            feed.more
        )
        for start in range(0, max(len(found), 1), PAGE):
            batch = found[start : start + PAGE]
            for one in batch:
                posted = one.post.posted_at.timestamp() if one.post else 0.0
                state.add(one.key, one.fingerprint, posted)
                skipped += [(one.post.id if one.post else one.key, note) for note in one.notes]
            more = start + PAGE < len(found)
            if not more:
                headers = answer.headers
                state.finish(headers.get("etag", ""), headers.get("last-modified", ""), present)
                if not batch and state.dump() == before:
                    return
            yield Page(
                posts=tuple(one.post for one in batch if one.post),
                cursor=state.dump(),
                more=more,
                skipped=tuple(Skipped(where=where, why=why) for where, why in skipped[:100]),
                skipped_count=len(skipped),
                repeated=repeated,
                gaps=gaps,
            )
            skipped, repeated, gaps = [], 0, ()

    def check(self) -> str:
        """Ask for the feed and say what it is."""
        answer = self._ask(Cursor(self._name))
        feed = self._read(answer) if answer is not None else Feed()
        title = " ".join("".join(c for c in feed.title if c.isprintable()).split())[:80]
        count = len(feed.entries)
        entries = "1 entry" if count == 1 else f"{count:,} entries"
        return f"{title}: {entries}" if title else entries

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _ask(self, state: Cursor) -> Answer | None:
        """Return the feed as it is now; None where it is as it was."""
        headers = {"Accept": _ACCEPT}
        if state.etag:
            headers["If-None-Match"] = state.etag
        if state.modified:
            headers["If-Modified-Since"] = state.modified
        answer = cast(Answer, self._session.get(self._url, headers=headers))
        if answer.status_code == 304 and (state.etag or state.modified):
            return None
        if error := answer.error():
            raise error
        return answer

    def _read(self, answer: Answer) -> Feed:
        text = decoded(answer.content, _charset(answer))
        if len(self._secret) >= LEAST_SECRET:
            # Feeds name their own address, which is not for the database, or for mails.
            text = text.replace(self._secret, "{secret}")
        if text.lstrip("\ufeff \t\r\n")[:1] == "{":
            return read_json(text, self._host)
        return read_xml(text, self._host)

    def _new(
        self, feed: Feed, state: Cursor, stated: datetime | None
    ) -> tuple[list[_Known], set[str], int]:
        """Return the entries to tell of, the keys of all, and how many came more than once."""
        origin = Origin(
            name=self._name,
            host=self._host,
            base=self._shown.partition("?")[0],
            feed=feed,
            read_at=stated or self._clock(),
            source=self._source,
            private=self._private,
        )
        found: dict[str, _Known] = {}
        present: set[str] = set()
        repeated = 0
        for entry in feed.entries:
            key, fingerprint = digest(entry.identity, 8), entry.fingerprint
            repeated += key in present
            if key not in present and state.seen.get(key) != fingerprint:
                found[key] = _known(key, fingerprint, entry, origin)
            present.add(key)
        # The newest stand first; where times are equal, or there are none, that order counts.
        oldest_first = list(reversed(found.values()))
        oldest_first.sort(key=lambda one: one.post.posted_at if one.post else _NEVER)
        return oldest_first, present, repeated

    def _gap(self, found: list[_Known], state: Cursor, present: set[str]) -> tuple[Gap, ...]:
        """Say where entries may have come and gone: all are new in a feed that was read before."""
        times = [one.post.posted_at for one in found if one.post and one.key not in state.seen]
        if not state.newest or not times or present & state.seen.keys():
            return ()
        since, until = datetime.fromtimestamp(state.newest, UTC), min(times)
        why = f"the feed holds its newest {len(present):,} entries, and all of them were new"
        return (Gap(since=since, until=until, why=why),) if since < until else ()


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def _known(key: str, fingerprint: str, entry: Entry, origin: Origin) -> _Known:
    known = _Known(key, fingerprint, None)
    try:
        known.post = to_post(entry, origin, known.notes)
    except UnreadableError as error:
        known.notes.append(str(error))
    return known


def _charset(answer: Answer) -> str:
    """Return the charset that the server stated, if any."""
    _, _, stated = answer.headers.get("content-type", "").lower().partition("charset=")
    return stated.split(";")[0].strip(" \"'")[:40]


def _time_of(answer: Answer) -> datetime | None:
    """Return when the server says that the document changed last."""
    with suppress(ValueError, TypeError, OverflowError):
        when = parsedate_to_datetime(answer.headers.get("last-modified", ""))
        return when if when.tzinfo else when.replace(tzinfo=UTC)
    return None
