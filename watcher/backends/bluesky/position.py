"""Where a stream goes on."""

import json
from dataclasses import dataclass, field
from typing import Any

from watcher.backends.bluesky.place import mark as mark_of
from watcher.backends.bluesky.streams import Message

MOST_SAME = 1000
"""Events of one microsecond that are told apart."""


@dataclass(slots=True)
class Position:
    """The last event that was read, and what shares its mark."""

    mark: int | None = None
    """Where the stream goes on: a time in microseconds, or a number."""
    at: int | None = None
    """When the network saw the last event, in microseconds since 1970; as long as there is none,
    when it was first read."""
    same: list[str] = field(default_factory=list)
    """Names of events that have exactly this mark, where several can."""
    last: list[Message] = field(default_factory=list)
    """More of these, not named yet: that is asked for seldom, and they are many."""
    ids: dict[str, str] = field(default_factory=dict)
    """The accounts to keep, by the handles they had at first: handles change, ids do not."""
    resumed: bool = False
    """Whether nothing beyond the mark has come yet since the stream was opened."""
    since: int | None = None
    """What the network saw before is not wanted, in microseconds since 1970."""

    def is_new(self, message: Message, *, times: bool) -> bool:
        """Return whether a message has not been read before; `times`: its mark is a time."""
        if self.mark is None or message.mark is None or message.mark > self.mark:
            return True
        if not times:
            return False
        if message.mark == self.mark:
            return _name(message) not in self._names()
        return not self.resumed  # live, events come slightly out of order

    def pass_by(self, message: Message) -> None:
        """Go on behind a message."""
        if message.mark is None:
            return
        if self.mark is None or message.mark > self.mark:
            self.mark, self.same, self.last, self.resumed = message.mark, [], [], False
        if message.mark == self.mark and len(self.same) + len(self.last) < MOST_SAME:
            self.last.append(message)
        if message.at is not None:
            self.at = max(message.at, self.at or 0)

    def dump(self, reading: dict[str, str], *, times: bool) -> str:
        """Return the cursor; `reading` says of what it is one."""
        held = [self.mark, self.at, self._names() if times else [], self.ids]
        return json.dumps({"bluesky": reading, "stream": held}, separators=(",", ":"))

    def begin_anew(self) -> None:
        """Go on from the oldest that a numbered stream has."""
        self.mark, self.same, self.last = 0, [], []

    def begin_after(self, at: int | None) -> None:
        """Go on from the oldest that a numbered stream has, without what was seen before `at`."""
        self.begin_anew()
        self.since = at

    def is_before(self, message: Message) -> bool:
        """Whether a message comes only because one had to begin further back than one wanted."""
        return self.since is not None and message.at is not None and message.at < self.since

    def _names(self) -> list[str]:
        self.same += map(_name, self.last)
        self.last = []
        return self.same

    @classmethod
    def load(cls, cursor: str | None, reading: dict[str, str]) -> "Position":
        """Return the position of a cursor; that of the beginning where it is none of this."""
        try:
            held = json.loads(cursor or "null")
            if held["bluesky"] != reading:
                return cls()
            mark, at, same, ids = held["stream"]
            return cls(
                mark=_number(mark),
                at=_number(at),
                same=[str(one) for one in same],
                ids={str(handle): str(did) for handle, did in ids.items()},
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return cls()


def _name(message: Message) -> str:
    event = message.events[0] if message.events else {}
    commit = event.get("commit")
    parts: list[Any] = [event.get("did"), event.get("kind")]
    if isinstance(commit, dict):
        parts += [commit.get(part) for part in ("operation", "collection", "rkey")]
    return mark_of("\n".join(map(str, parts)))


def _number(value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise TypeError
    return value
