"""Events over a WebSocket: how GoToSocial, Pleroma and Akkoma send what is written."""

import json
import re
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    WebSocketException,
)
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from watcher.backends.formats import values
from watcher.backends.http.errors import explained, of_status
from watcher.backends.interface import BackendError
from watcher.backends.mastodon.client import Client

OPENING = 10.0
"""Seconds until the connection stands."""
HEARTBEAT = 20.0
"""Seconds between two pings, and until each must be answered."""
MOST_OCTETS = 2_000_000
"""Of one message."""
_PROTOCOL = re.compile(r"[\w.~+-]{1,500}")


class WebSocketEvents:
    """An open socket. Raises `BackendError` where the server has none at the address."""

    def __init__(self, client: Client, address: str) -> None:
        self._host = client.host
        headers = {"Authorization": f"Bearer {client.token}"} if client.token else {}
        # Pleroma looks for the token where browsers can put it; nobody logs that, as addresses are.
        protocols = [Subprotocol(client.token)] if _PROTOCOL.fullmatch(client.token) else None
        self._open = ExitStack()
        try:
            connecting = connect(
                address,
                additional_headers=headers,
                subprotocols=protocols,
                user_agent_header=client.agent,
                open_timeout=OPENING,
                ping_interval=HEARTBEAT,
                ping_timeout=HEARTBEAT,
                close_timeout=1,
                max_size=MOST_OCTETS,
                compression=None,
            )
            self._socket = self._open.enter_context(connecting)
        except InvalidStatus as error:
            status = error.response.status_code
            told = of_status(status, error.response.headers, self._host) if status >= 300 else None
            raise told or _no_socket(self._host) from None
        except InvalidHandshake:
            raise _no_socket(self._host) from None
        except WebSocketException:
            raise BackendError(
                f"{self._host} broke off before its stream began", kind="temporary"
            ) from None
        except (OSError, TimeoutError, ssl.SSLError) as error:
            raise explained(error, self._host) from None

    def receive(self, take: Callable[[str, str], None]) -> None:
        """Hand over each event until the server ends the connection."""
        try:
            for message in self._socket:
                name, payload = event(message, self._host)
                if name:
                    take(name, payload)
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else 0
            raise BackendError(
                f"{self._host} broke off its stream{f' ({code})' if code else ''}", kind="temporary"
            ) from None

    def close(self) -> None:
        """End the connection, even while it is being read."""
        self._open.close()


def event(message: str | bytes, host: str) -> tuple[str, str]:
    """Return name and payload of a message; empty for what is none of ours.

    Raises `BackendError` where the server refuses what was asked for.
    """
    try:
        record: dict[str, Any] = values.record(json.loads(message))
    except (ValueError, RecursionError):
        return "", ""
    if "error" in record and "event" not in record:
        raise BackendError(f"{host} refuses this stream", kind="refused")
    payload = record.get("payload")
    name = values.words(record.get("event"), 40)
    if isinstance(payload, dict | int) and not isinstance(payload, bool):
        payload = json.dumps(payload)  # some servers nest it instead of quoting it
    return name, payload if isinstance(payload, str) else ""


def _no_socket(host: str) -> BackendError:
    return BackendError(f"{host} has no socket at this address", kind="gone")
