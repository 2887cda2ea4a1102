"""Posts as they are written, without a hole: what the stream lets fall is read from the timeline.

The connection is opened first, then the timeline is read from the cursor on; what both bring is
told once. The timeline is looked at again now and then, and whenever we were so slow that the
server may have thrown something away.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any
from urllib.parse import quote, urlsplit

from watcher.backends.formats import values
from watcher.backends.http.errors import host_of
from watcher.backends.interface import BackendError, Page
from watcher.backends.mastodon.cursor import State
from watcher.backends.mastodon.events import STALLED, Event, Events, Wire
from watcher.backends.mastodon.features import Features
from watcher.backends.mastodon.network import MastodonNetwork
from watcher.backends.mastodon.pull import edit_of, local_id
from watcher.backends.mastodon.sse import ServerSentEvents
from watcher.clock import utc_now

MOST = 200
"""Posts of a page."""
PATIENCE = 0.9
"""Seconds until a page goes out, whether something came or not."""
SOON = 0.02
"""Seconds to wait for what may follow at once."""
AGAIN = 300.0
"""Seconds between two looks at the timeline."""

_PATHS = {"public": "public", "local": "public/local", "home": "user", "tag": "hashtag?tag={}",
          "list": "list?list={}"}  # fmt: skip
_NAMES = {"public": "public", "local": "public:local", "home": "user", "tag": "hashtag&tag={}",
          "list": "list&list={}"}  # fmt: skip
_SOCKETS_ONLY = ("GoToSocial", "Pleroma", "Akkoma")


class MastodonStream(MastodonNetwork):
    """A timeline that is also sent as it is written."""

    def live(self, cursor: str | None, stop: Callable[[], bool]) -> Iterator[Page]:
        """Yield pages as posts come; see `interface.Stream`."""
        self._refuse_strangers()
        state = State.load(self.client.host, self._source.query, cursor)
        with closing(Events(self._wire(), self.client.host)) as events:
            looked = monotonic()
            yield from self._catch_up(state, stop)
            while not stop():
                batch = _Batch(state)
                batch.fill(events)
                yield self._told(batch, state, events)
                if batch.stalled or monotonic() - looked >= AGAIN:
                    looked = monotonic()
                    yield from self._catch_up(state, stop)

    def _catch_up(self, state: State, stop: Callable[[], bool]) -> Iterator[Page]:
        """Yield what the timeline holds beyond `state`."""
        pull = self.pull(state.trimmed() if state.seen else state)
        for page in pull.run():
            newest = page.posts[-1].posted_at if page.posts else self.clock()
            behind = max(self.clock() - newest, timedelta()) if page.more else timedelta()
            _remember(state, pull.state)
            yield _with_behind(page, behind)
            if stop():
                return

    def _told(self, batch: "_Batch", state: State, events: Events) -> Page:
        state.settle()
        return self.reading.page(
            batch.items,
            cursor=state.trimmed().dump(),
            more=bool(len(events)),
            repeated=batch.repeated,
            deleted=tuple(batch.deleted),
            behind=batch.behind if len(events) else timedelta(),
        )

    def _wire(self) -> Wire:
        """Open the stream in whichever way the server speaks."""
        features = self.features
        tries = [self._over_http, self._over_a_socket]
        if features.software.startswith(_SOCKETS_ONLY):
            tries.reverse()
        first: BackendError | None = None
        for attempt in tries:
            try:
                return attempt(features)
            except BackendError as error:
                if error.kind == "temporary":
                    raise
                first = first or error
                if error.kind == "refused":
                    first = error
        if first is not None and first.kind == "refused":
            raise first
        raise BackendError(
            f"{self.client.host} does not send what is written as it is written",
            kind="gone",
            help="it is pulled instead, every so often",
        )

    def _over_http(self, features: Features) -> Wire:
        value = quote(self._query.value, safe="")
        path = _PATHS[self._query.kind].format(value)
        return ServerSentEvents(self.client, f"{self._base(features, 'http')}/{path}")

    def _over_a_socket(self, features: Features) -> Wire:
        from watcher.backends.mastodon.socket import WebSocketEvents

        value = quote(self._query.value, safe="")
        name = _NAMES[self._query.kind].format(value)
        return WebSocketEvents(self.client, f"{self._base(features, 'ws')}?stream={name}")

    def _base(self, features: Features, scheme: str) -> str:
        """Return the address of the streams; the token goes nowhere that others may listen."""
        ours, theirs = urlsplit(self.client.server), urlsplit(features.streaming)
        safe = ours.scheme == "https"
        host = ours.netloc
        as_safe = (theirs.scheme in ("https", "wss")) == safe
        if theirs.netloc and as_safe and "@" not in theirs.netloc:
            host = theirs.netloc
        if not safe and host_of(f"http://{host}").rsplit(":", 1)[0] != ours.hostname:
            host = ours.netloc  # plain HTTP is for this machine only
        return f"{scheme}{'s' if safe else ''}://{host}/api/v1/streaming"


class _Batch:
    """What came in one go, in the order it came."""

    def __init__(self, state: State) -> None:
        self.items: list[Any] = []
        self.deleted: list[str] = []
        self.repeated = 0
        self.stalled = False
        self.behind = timedelta()
        self._state = state

    def fill(self, events: Events) -> None:
        """Take what waits, for at most `PATIENCE`. Raises `BackendError` at the stream's end."""
        until = monotonic() + PATIENCE
        while len(self.items) + len(self.deleted) < MOST and not self.stalled:
            try:
                # Whatever is there goes out at once: nobody waits for a page to fill.
                event = events.next(SOON if self.items or self.deleted else until - monotonic())
            except BackendError:
                if self.items or self.deleted:
                    return  # it is raised again by the next one
                raise
            if event is None or monotonic() >= until:
                if event:
                    self._take(event)
                return
            self._take(event)

    def _take(self, event: Event) -> None:
        self.behind = max(utc_now() - event.received, timedelta())
        match event.name:
            case "update" | "status.update" | "status_update":
                self._post(event.payload)
            case "delete":
                number = event.payload.strip().strip('"')
                if 0 < len(number) <= values.LONGEST_ID:
                    self.deleted.append(number)
                    self._state.seen.pop(number, None)
            case _ if event.name == STALLED:
                self.stalled = True

    def _post(self, payload: str) -> None:
        try:
            item = json.loads(payload)
        except (ValueError, RecursionError):
            item = None
        number, edited = local_id(item), edit_of(item)
        if self._state.knows(number, edited):
            self.repeated += 1
            return
        moment = values.optional_moment(values.record(item).get("created_at"))
        self._state.note([(number, edited)], min(moment, utc_now()) if moment else None)
        self.items.append(item)


def _remember(state: State, pulled: State) -> None:
    """Take over what a pull read: it is the surer word on what follows what."""
    older = {n: e for n, e in state.seen.items() if n not in pulled.seen}
    state.seen = {**older, **pulled.seen}
    state.newest = pulled.newest


def _with_behind(page: Page, behind: timedelta) -> Page:
    return replace(page, behind=behind)
