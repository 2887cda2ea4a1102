"""Server-sent events: how Mastodon sends what is written, over plain HTTP.

Read by hand: the library takes the octets one by one, and lines of any length.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from watcher.backends.interface import BackendError
from watcher.backends.mastodon.client import Client

SILENCE = 60.0
"""Seconds without an octet, of which Mastodon sends some every 15."""
MOST_OCTETS = 2_000_000
"""Of one event."""
_PIECE = 65_536


class ServerSentEvents:
    """An open stream. Raises `BackendError` where the server has none at the address."""

    def __init__(self, client: Client, address: str) -> None:
        self._host = client.host
        self._answer: Any = client.stream(address, SILENCE)
        kind = self._answer.headers.get("content-type", "")
        if not kind.lower().startswith("text/event-stream"):
            self._answer.close()
            raise BackendError(f"{self._host} sends no events over HTTP", kind="gone")

    def receive(self, take: Callable[[str, str], None]) -> None:
        """Hand over each event until the server ends the stream."""
        with self._answer:
            for name, payload in events(self._pieces(), self._host):
                take(name, payload)

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._answer.raw.read1(_PIECE):
            yield piece

    def close(self) -> None:
        """End the stream, even while it is being read."""
        with suppress(Exception):
            self._answer.raw.shutdown()


def events(pieces: Iterator[bytes], host: str) -> Iterator[tuple[str, str]]:
    """Yield (name, data) of the events in octets as they come (WHATWG HTML, 9.2.6).

    Raises `BackendError` where one is too long. Comments, sent to keep the connection, are none.
    """
    rest = bytearray()
    name, length = "", 0
    data: list[str] = []
    for piece in pieces:
        rest += piece
        if len(rest) + length > MOST_OCTETS:
            raise BackendError(f"{host} sent an event of more than 2 MB", kind="broken")
        if b"\n" not in piece:
            continue
        *lines, last = bytes(rest).split(b"\n")
        rest = bytearray(last)
        for line in lines:
            field, _, value = line.rstrip(b"\r").decode("utf-8", "replace").partition(":")
            if not field and not value and not line.rstrip(b"\r"):
                if name and data:
                    yield name, "\n".join(data)
                name, data, length = "", [], 0
            elif field == "event":
                name = value.removeprefix(" ")
            elif field == "data":
                data.append(value.removeprefix(" "))
                length += len(line)
