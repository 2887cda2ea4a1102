"""A Jetstream on loopback: events of the recorded shape, invented, and every way to misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

FIRST = 1_772_000_000_000_000
"""The time of the first event, in microseconds."""

Event = dict[str, Any]


def event(number: int, text: str = "", *, by: str = "marie", **record: Any) -> Event:
    """Return the event of a post."""
    written = {
        "$type": "app.bsky.feed.post",
        "createdAt": "2026-03-01T08:00:00.000Z",
        "text": text or f"post {number}",
        **record,
    }
    return commit(number, "app.bsky.feed.post", f"{number:013}", written, by=by)


def commit(
    number: int, collection: str, key: str, record: Any, *, by: str = "marie", how: str = "create"
) -> Event:
    """Return the event of any record; `record` is None where it is deleted."""
    written = {} if record is None else {"record": record, "cid": "bafy"}
    return {
        "did": f"did:plc:{by}",
        "time_us": FIRST + number,
        "kind": "commit",
        "commit": {"rev": "3k", "operation": how, "collection": collection, "rkey": key, **written},
    }


def identity(number: int, handle: str, *, by: str = "marie") -> Event:
    """Return the event of a name that somebody took."""
    did = f"did:plc:{by}"
    return {
        "did": did,
        "time_us": FIRST + number,
        "kind": "identity",
        "identity": {"did": did, "handle": handle, "seq": number, "time": "2026-03-01T08:00:00Z"},
    }


class FakeJetstream:
    """The server. Events are replayed from the cursor on, then new ones come as they are said."""

    def __init__(self) -> None:
        self.events: list[Event | str | bytes] = []
        """What is kept; a text or octets are sent as they are, always."""
        self.asked: list[dict[str, list[str]]] = []
        """The parameters of every connection so far."""
        self.agents: list[str] = []
        self.sent = 0
        """Messages sent so far, over all connections."""
        self.hang_up_after: int | None = None
        """Messages after which a connection is cut, once, or always where `stubborn`."""
        self.stubborn = False
        self.refuse: list[int] = []
        """Statuses by which the next connections are refused."""
        self._change = threading.Condition()
        self._over = False
        self._server = serve(
            self._handle, "127.0.0.1", 0, process_request=self._greet, compression=None
        )
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/subscribe"

    def say(self, *events: Event | str | bytes) -> None:
        """Let events happen."""
        with self._change:
            self.events += events
            self._change.notify_all()

    def forget(self, number: int) -> None:
        """Keep only the events from this one on, as a server does after some days."""
        with self._change:
            self.events = [one for one in self.events if _time(one) >= FIRST + number]

    def close(self) -> None:
        """Stop."""
        with self._change:
            self._over = True
            self._change.notify_all()
        self._server.shutdown()
        self._thread.join()

    def _greet(self, connection: ServerConnection, request: Request) -> Response | None:
        self.agents.append(request.headers.get("User-Agent", ""))
        if self.refuse:
            return connection.respond(self.refuse.pop(0), "not now")
        return None

    def _handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        asked = parse_qs(urlsplit(connection.request.path).query)
        self.asked.append(asked)
        with suppress(ConnectionClosed, OSError):
            for number, one in enumerate(self._wanted(asked)):
                if number == self.hang_up_after:
                    self.hang_up_after = self.hang_up_after if self.stubborn else None
                    connection.socket.close()
                    return
                connection.send(one if isinstance(one, str | bytes) else json.dumps(one))
                self.sent += 1

    def _wanted(self, asked: dict[str, list[str]]) -> Iterator[Event | str | bytes]:
        """Yield what a connection asked for, from its cursor to the end of the server."""
        cursor = int(asked["cursor"][0]) if "cursor" in asked else None
        wanted = set(asked.get("wantedDids", ()))
        with self._change:
            at = 0 if cursor is not None else len(self.events)
        while True:
            with self._change:
                while at >= len(self.events) and not self._over:
                    self._change.wait(0.5)
                if self._over:
                    return
                one = self.events[at]
                at += 1
            if isinstance(one, str | bytes) or _fits(one, wanted, cursor):
                yield one


def _fits(one: Event, wanted: set[str], cursor: int | None) -> bool:
    return (cursor is None or one["time_us"] >= cursor) and (not wanted or one["did"] in wanted)


def _time(one: Event | str | bytes) -> int:
    return one["time_us"] if isinstance(one, dict) else FIRST


@contextmanager
def jetstream(prepare: Callable[[FakeJetstream], None] | None = None) -> Iterator[FakeJetstream]:
    """Run a server for a while."""
    server = FakeJetstream()
    try:
        if prepare:
            prepare(server)
        yield server
    finally:
        server.close()
