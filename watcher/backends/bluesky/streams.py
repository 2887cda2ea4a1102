"""The two streams of Bluesky: how each is addressed, and what one message of it says.

Both are read into the events of Jetstream, which `formats` knows.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from watcher.backends import plaintext
from watcher.backends.bluesky import repository
from watcher.backends.formats import values
from watcher.backends.formats.bluesky_records import POSTS, PROFILES

MOST_ACCOUNTS = 10_000
"""Accounts that a Jetstream lets one ask for."""
_TOO_FAR = 10**17
"""Microseconds; a time beyond (the year 5138) would be none that a stream could go on from."""


@dataclass(slots=True)
class Message:
    """What one message of a stream says."""

    events: list[dict[str, Any]] = field(default_factory=list)
    mark: int | None = None
    """Where the stream goes on behind it."""
    at: int | None = None
    """When the network saw it, in microseconds since 1970."""
    outdated: bool = False
    """The server says that it no longer has what followed the place we asked for."""
    unreadable: str = ""
    """Why it could not be read."""


class Dialect(Protocol):
    """One kind of stream."""

    largest: int
    """Octets of a message that are taken."""
    marks_are_times: bool

    def address(self, base: str, mark: int | None, accounts: Sequence[str]) -> str:
        """Return what to connect to, to go on from `mark`; None: from the present.

        `accounts` are the ids of the only ones wanted; empty: everybody.
        """
        ...

    def read(self, message: str | bytes) -> Message:
        """Read one message. Raises `BackendError` where the server ends the stream by it."""
        ...


class Jetstream:
    """JSON, a message an event, and marks that are times: microseconds since 1970."""

    largest = 2_000_000
    marks_are_times = True

    def address(self, base: str, mark: int | None, accounts: Sequence[str]) -> str:
        """Return the address. An event at the mark itself comes again."""
        asked = [("wantedCollections", POSTS), ("wantedCollections", PROFILES)]
        if len(accounts) <= MOST_ACCOUNTS:
            asked += [("wantedDids", did) for did in accounts]
        if mark is not None:
            asked.append(("cursor", str(mark)))
        return f"{base}?{urlencode(asked)}"

    def read(self, message: str | bytes) -> Message:
        """Read one event."""
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            return Message(unreadable="an event is not JSON")
        if "\\ud" in str(message) or "\\uD" in str(message):
            event = plaintext.mended(event)
        at = values.record(event).get("time_us")
        if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < _TOO_FAR:
            return Message(unreadable="an event without a time")
        return Message(events=[event], mark=at, at=at)


class Repositories:
    """`subscribeRepos` of a personal data server or a relay: frames of DAG-CBOR, numbered."""

    largest = 8_000_000
    marks_are_times = False

    def address(self, base: str, mark: int | None, accounts: Sequence[str]) -> str:
        """Return the address; everybody comes, whoever is wanted."""
        del accounts
        cursor = "" if mark is None else f"?cursor={mark}"
        return f"{base}/xrpc/com.atproto.sync.subscribeRepos{cursor}"

    def read(self, message: str | bytes) -> Message:
        """Read one frame."""
        found = repository.read_frame(message if isinstance(message, bytes) else b"")
        return Message(
            events=found.events,
            mark=found.number,
            at=found.at,
            outdated=found.outdated,
            unreadable=found.unreadable,
        )
