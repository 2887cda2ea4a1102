"""How far a timeline has been read.

Bluesky has no "since" that one could rely on: its timelines go back from the newest post, in the
order of the times that posts claim, and a post may claim to be old. So each reading goes back
beyond the last one by an overlap, and what was given before is known by a mark.
"""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

MOST_KNOWN = 1000
"""Marks kept: those of the posts that the network saw last."""

NEVER = -1


@dataclass(slots=True)
class Place:
    """Times are microseconds since 1970, as the network tells them."""

    reached: int = NEVER
    """The newest time, in the timeline's order, of a post that was given."""
    known: dict[str, int] = field(default_factory=dict)
    """The marks of posts that were given, and when the network saw each."""
    forgotten: int = NEVER
    """Posts that the network saw before this may have been given and forgotten."""
    actor: str = ""
    """Whose posts they are, where it is one account's: the id behind the handle at first."""

    def is_new(self, mark: str, sorted_at: int, seen_at: int, *, in_time: bool) -> bool:
        """Return whether a post was not given yet, as far as is remembered.

        What was forgotten is known by both of its times; where the order is not of time, by none:
        it comes again, and the store knows it.
        """
        if mark in self.known:
            return False
        return not in_time or seen_at >= self.forgotten or sorted_at >= self.reached

    def give(self, mark: str, sorted_at: int, seen_at: int) -> None:
        """Remember that a post is given."""
        self.known[mark] = seen_at
        self.reached = max(self.reached, sorted_at)

    def forget(self) -> None:
        """Keep the marks of the posts seen last."""
        surplus = len(self.known) - MOST_KNOWN
        if surplus > 0:
            oldest = sorted(self.known, key=self.known.__getitem__)[:surplus]
            self.forgotten = max(self.forgotten, self.known[oldest[-1]] + 1)
            for mark in oldest:
                del self.known[mark]

    def dump(self, reading: dict[str, str]) -> str:
        """Return the cursor; `reading` says of what it is one."""
        held = [self.reached, self.forgotten, list(self.known.items()), self.actor]
        return json.dumps({"bluesky": reading, "place": held}, separators=(",", ":"))

    @classmethod
    def load(cls, cursor: str | None, reading: dict[str, str]) -> "Place":
        """Return the place of a cursor; the beginning where it is none of this reading."""
        try:
            held = json.loads(cursor or "null")
            if held["bluesky"] != reading:
                return cls()
            reached, forgotten, known, actor = held["place"]
            place = cls(_number(reached), {_text(m): _number(t) for m, t in known})
            place.forgotten, place.actor = _number(forgotten), _text(actor)
        except (ValueError, TypeError, KeyError, RecursionError):
            return cls()
        return place


def mark(identity: str) -> str:
    """Return a short mark of an id: two posts in 2^63 share one."""
    digest = blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
