"""Events over a WebSocket: how GoToSocial, Pleroma and Akkoma send what is written."""

import json
import re
from collections.abc import Callable
from typing import Any

from watcher.backends.formats import values
from watcher.backends.interface import BackendError
from watcher.backends.mastodon.client import Client
from watcher.backends.websocket import WebSocket

MOST_OCTETS = 2_000_000
"""Of one message."""
WAKE = 1.0
"""Seconds after which it is looked whether the socket is still wanted."""
_PROTOCOL = re.compile(r"[\w.~+-]{1,500}")


class WebSocketEvents:
    """An open socket. Raises `BackendError` where the server has none at the address."""

    def __init__(self, client: Client, address: str) -> None:
        self._host = client.host
        headers = {"Authorization": f"Bearer {client.token}"} if client.token else {}
        # Pleroma looks for the token where browsers can put it; nobody logs that, as addresses are.
        protocols = [client.token] if _PROTOCOL.fullmatch(client.token) else []
        self._closed = False
        self._socket = WebSocket(
            address, agent=client.agent, largest=MOST_OCTETS, headers=headers, protocols=protocols
        )

    def receive(self, take: Callable[[str, str], None]) -> None:
        """Hand over each event until the server ends the connection."""
        while not self._closed:
            message = self._socket.receive(WAKE)
            if message is None:
                continue
            name, payload = event(message, self._host)
            if name:
                take(name, payload)

    def close(self) -> None:
        """End the connection, even while it is being read."""
        self._closed = True
        self._socket.close()


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
