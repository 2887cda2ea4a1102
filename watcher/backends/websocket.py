"""A WebSocket that is read, within bounds: the only module that knows websockets.

A thread of the library's reads ahead a few messages and then waits: while nobody receives, the
other side is held back by TCP and memory stays as it is.
"""

import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from urllib.parse import urlsplit

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    WebSocketException,
)
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from watcher.backends.http.errors import explained, host_of, of_status
from watcher.backends.interface import BackendError

HANDSHAKE_SECONDS = 10.0
"""For the connection, and again for TLS and the handshake."""
QUIET_SECONDS = 30.0
"""After so long without a message the other side is asked whether it is still there."""
PATIENCE_SECONDS = 20.0
"""For the answer to that."""
AHEAD = 64
"""Messages read ahead of whoever receives them, ..."""
MOST_AHEAD = 128_000_000
"""... and how many octets they may come to, were each as large as one may be."""

_TOO_LARGE = 1009
_RUDE = frozenset({1002, 1003, 1007})
"""Close codes by which one side says that the other broke the protocol."""


class WebSocket:
    """A connection that is open. Every method raises `BackendError` where it breaks."""

    def __init__(
        self,
        address: str,
        *,
        agent: str,
        largest: int,
        headers: Mapping[str, str] | None = None,
        protocols: Sequence[str] = (),
    ) -> None:
        """Connect to `ws://...` or `wss://...`; messages of over `largest` octets break it.

        `agent` is who we say we are, `protocols` what we offer to speak. Redirects are not
        followed.
        """
        self._host = host_of(address)
        self._closing = ExitStack()
        self._heard = time.monotonic()
        self._asked: float | None = None
        self._answered = threading.Event()
        try:
            self._connection = self._open(address, agent, largest, headers, protocols)
        except InvalidStatus as error:
            status, told = error.response.status_code, error.response.headers
            raise of_status(status, dict(told.raw_items()), self._host) or self._rude() from None
        except InvalidHandshake as error:
            if isinstance(error.__cause__, EOFError | OSError):
                raise BackendError(
                    f"{self._host} hung up before it answered", kind="temporary"
                ) from None
            raise self._rude() from None
        except (WebSocketException, OSError, ValueError, EOFError) as error:
            raise explained(error, self._host) from None

    def _open(
        self,
        address: str,
        agent: str,
        largest: int,
        headers: Mapping[str, str] | None,
        protocols: Sequence[str],
    ) -> ClientConnection:
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        line = socket.create_connection((parts.hostname or "", port), HANDSHAKE_SECONDS)
        try:
            return self._closing.enter_context(
                connect(
                    address,
                    sock=line,  # with a socket of ours, redirects are refused
                    compression=None,  # what was read ahead is then bounded in octets too
                    user_agent_header=agent,
                    additional_headers=headers,
                    subprotocols=[Subprotocol(name) for name in protocols] or None,
                    open_timeout=HANDSHAKE_SECONDS,
                    close_timeout=1,
                    ping_interval=None,  # a consumer that takes its time is no dead connection
                    max_size=largest,
                    max_queue=max(2, min(AHEAD, MOST_AHEAD // largest)),
                )
            )
        except BaseException:
            line.close()
            raise

    def receive(self, seconds: float) -> str | bytes | None:
        """Return the next message; None where none came in so many seconds."""
        try:
            message = self._connection.recv(timeout=seconds)
        except TimeoutError:
            self._ask_for_life()
            return None
        except ConnectionClosed as error:
            raise self._closed(error) from None
        except (WebSocketException, OSError, EOFError, ValueError) as error:
            raise explained(error, self._host) from None
        self._heard, self._asked = time.monotonic(), None
        return message

    def send(self, text: str) -> None:
        """Send a message."""
        try:
            self._connection.send(text)
        except ConnectionClosed as error:
            raise self._closed(error) from None
        except (WebSocketException, OSError) as error:
            raise explained(error, self._host) from None

    def close(self) -> None:
        """Let go of the connection; calling it twice is fine."""
        self._closing.close()

    def _ask_for_life(self) -> None:
        """Ask a side that has long been silent; raise where it did not answer."""
        now = time.monotonic()
        if self._asked is not None:
            if self._answered.is_set():
                self._heard, self._asked = now, None
            elif now - self._asked > PATIENCE_SECONDS:
                raise BackendError(f"{self._host} has fallen silent", kind="temporary")
        elif now - self._heard > QUIET_SECONDS:
            try:
                self._answered = self._connection.ping()
            except ConnectionClosed as error:
                raise self._closed(error) from None
            self._asked = now

    def _closed(self, error: ConnectionClosed) -> BackendError:
        """Say why a connection ended. What the other side writes about it is not taken over."""
        ours = error.sent if error.sent and not error.rcvd_then_sent else None
        code = ours.code if ours else error.rcvd.code if error.rcvd else None
        if ours and code == _TOO_LARGE:
            return BackendError(f"{self._host} sent a message that is too large", kind="broken")
        if ours and code in _RUDE:
            return self._rude()
        return BackendError(f"{self._host} closed the connection", kind="temporary")

    def _rude(self) -> BackendError:
        return BackendError(f"{self._host} does not speak WebSocket as it should", kind="broken")
