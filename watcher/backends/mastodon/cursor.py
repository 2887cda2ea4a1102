"""How far a timeline has been read: the last statuses that were, and when the newest was written.

A timeline is read on from a little before its end: posts arrive late from other servers, get ids of
the time they were written at, and so stand before what was read already. The ids kept here tell
them from those that came before.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Self

from watcher.backends.formats import values

OVERLAP = 80
"""Statuses of the end that are read again: two pages on most servers."""
REMEMBERED = 5000
"""Ids remembered while reading goes on."""
LONGEST = 1_000_000
"""Characters of a cursor; ours have 10,000."""


@dataclass(slots=True)
class State:
    """What was read of `query` at `host`. `seen` is in the server's order, the newest last."""

    host: str
    query: str
    seen: dict[str, str] = field(default_factory=dict)
    """Local ids, each with the time of its last edit as the server writes it, or nothing."""
    newest: datetime | None = None
    """Time of the newest post read."""
    account: tuple[str, str] = ("", "")
    """Of the timeline of an account: its address everywhere, and its number there."""

    @classmethod
    def load(cls, host: str, query: str, cursor: str | None) -> Self:
        """Return what a cursor says; nothing read where it is none of this reading."""
        state = cls(host, query)
        try:
            told = json.loads((cursor or "")[:LONGEST])["mastodon"]
            if (told["host"], told["query"]) != (host, query):
                return state
            state.seen = {str(one): str(edited) for one, edited in told["seen"]}
            state.newest = values.optional_moment(told["newest"])
            address, number = told.get("account", ("", ""))
            state.account = (str(address), str(number))
        except (ValueError, TypeError, KeyError, RecursionError):
            return cls(host, query)
        return state

    def dump(self) -> str:
        """Return the cursor."""
        told = {
            "host": self.host,
            "query": self.query,
            "newest": self.newest.isoformat() if self.newest else None,
            "seen": list(self.seen.items()),
        } | ({"account": self.account} if self.account[0] else {})
        return json.dumps({"mastodon": told}, separators=(",", ":"))

    @property
    def start(self) -> str | None:
        """The id behind which is read on; None where nothing was read."""
        return next((number for number in self.seen if not is_made_up(number)), None)

    def knows(self, number: str, edited: str) -> bool:
        """Whether a status was read in this form."""
        return self.seen.get(number) == edited

    def note(self, numbers: Iterable[tuple[str, str]], newest: datetime | None) -> None:
        """Remember statuses as read: they follow what was remembered before."""
        for number, edited in numbers:
            self.seen.pop(number, None)
            self.seen[number] = edited
        if len(self.seen) > 2 * REMEMBERED:
            self.seen = dict(list(self.seen.items())[-REMEMBERED:])
        if newest is not None:
            self.newest = max(newest, self.newest or newest)

    def settle(self) -> None:
        """Put the ids in their own order where it is that of time but for a few.

        In a stream a late post comes last. Reading on from its old id would be reading on from far
        back.
        """
        numbers = [(len(n), n) for n in self.seen]
        astray = sum(one > other for one, other in pairwise(numbers))
        if 0 < astray * 4 < len(numbers):
            self.seen = {n: self.seen[n] for _, n in sorted(numbers)}

    def trimmed(self, most: int = OVERLAP) -> Self:
        """Return the state with so many ids at most: what a cursor keeps."""
        kept = dict(list(self.seen.items())[-most:])
        return type(self)(self.host, self.query, kept, self.newest, self.account)


def is_made_up(number: str) -> bool:
    """Whether an id is ours, for something that came without one."""
    return number.startswith("?")
