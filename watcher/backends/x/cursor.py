"""How far a source has read X, and what it had to leave unread on the way.

X gives the newest posts first, so what is unread of a query is everything above the newest post
read, and sometimes a *hole* below it: a stretch that a budget did not reach. Late posts are found
by asking again for the last minute before the newest one; what was seen there is remembered.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from watcher.backends.formats.x import id_at, is_snowflake, time_of
from watcher.backends.interface import Gap

OVERLAP = timedelta(minutes=1)
"""How long after it was written a post may appear in a search, and still be found."""
MOST_SEEN = 1000
"""Ids remembered of one query; where a minute has more, less of it is asked for again."""
MOST_HOLES = 3
"""Beyond, the oldest is given up."""

MOST_TOLD = 50
"""Gaps remembered that are none any more when all is read; of older ones it stays told."""

Hole = tuple[int, int]
"""Between these two ids, neither included."""


@dataclass(slots=True)
class Track:
    """What is read of one query or account."""

    top: int
    """Every post up to this id was read, but for the holes and for what came too late."""
    at: datetime
    """When it was last read to the newest."""
    seen: list[str] = field(default_factory=list)
    """Ids of the last posts read, in ascending order."""
    holes: list[Hole] = field(default_factory=list)
    """The oldest first."""
    user: str = ""
    """The id behind the handle of a timeline."""

    @classmethod
    def new(cls, first: datetime, *, user: str = "") -> "Track":
        """Return a track that begins at a time (aware)."""
        return cls(top=id_at(first), at=first, user=user)

    def since(self) -> int:
        """Return the id above which to ask: a little below `top` where something was read."""
        if not self.seen:
            return self.top
        floor = id_at(time_of(str(self.top)) - OVERLAP)
        known = [int(id_) for id_ in self.seen if is_snowflake(id_)]
        full = len(self.seen) >= MOST_SEEN and known
        return min(self.top, max(floor, min(known) if full else 1))

    def saw(self, ids: list[str]) -> None:
        """Remember what was read, of the last minute."""
        self.seen += ids
        numbers = [int(id_) for id_ in ids if is_snowflake(id_)]
        self.top = max([self.top, *numbers])
        floor = id_at(time_of(str(self.top)) - OVERLAP)
        kept = [id_ for id_ in self.seen if not is_snowflake(id_) or int(id_) >= floor]
        self.seen = sorted(set(kept), key=_rank)[-MOST_SEEN:]

    def clamp(self, floor: int) -> Hole | None:
        """Give up what lies below an id that the search no longer reaches; return what was lost.

        What was read to the newest after that time is not lost.
        """
        lost: Hole | None = None
        kept = [(max(low, floor), high) for low, high in self.holes if high > floor]
        if self.holes and (len(kept) < len(self.holes) or kept[0][0] != self.holes[0][0]):
            lost = (self.holes[0][0], min(floor, self.holes[-1][1]))
        self.holes = kept
        if self.top < floor:
            if id_at(self.at) < floor:
                lost = (lost[0] if lost else max(self.top, id_at(self.at)), floor)
            self.top, self.seen = floor, []
        return lost


@dataclass(slots=True)
class Cursor:
    """The tracks of a source, by a digest of what they ask for."""

    place: str
    """A digest of the network's address: the ids of another one mean nothing here."""
    tracks: dict[str, Track] = field(default_factory=dict)
    latest: datetime | None = None
    """When any of them was read to the newest: a query that is new begins there."""
    stopped: datetime | None = None
    """Until when a spent budget stops reading, once that was told as a gap."""
    told: list[Gap] = field(default_factory=list)
    """Gaps that were told for want of a budget, and are none when all is read."""

    @classmethod
    def load(cls, text: str | None, place: str) -> "Cursor":
        """Read what `dump` wrote; anything else, or of another place, is an empty one."""
        try:
            whole = json.loads(text or "")
            if whole["x"] != place:
                return cls(place)
            tracks = {str(name): _track(one) for name, one in whole["tracks"].items()}
            told = [_gap(one) for one in whole.get("told", ())]
            return cls(place, tracks, _moment(whole["latest"]), _moment(whole["stopped"]), told)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls(place)

    def dump(self) -> str:
        """Return the cursor as text."""
        tracks = {
            name: {
                "top": track.top,
                "at": track.at.isoformat(),
                "seen": track.seen,
                "holes": track.holes,
                "user": track.user,
            }
            for name, track in self.tracks.items()
        }
        stopped = self.stopped.isoformat() if self.stopped else None
        latest = self.latest.isoformat() if self.latest else None
        told = [(one.since.isoformat(), one.until.isoformat(), one.why) for one in self.told]
        return json.dumps(
            {
                "x": self.place,
                "tracks": tracks,
                "latest": latest,
                "stopped": stopped,
                "told": told[-MOST_TOLD:],
            },
            separators=(",", ":"),
        )


def digest(text: str) -> str:
    """Return a short name for a query or an address."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _track(raw: dict[str, Any]) -> Track:
    at = _moment(raw["at"])
    seen = [str(id_) for id_ in raw["seen"]]
    holes = [(_id(low), _id(high)) for low, high in raw["holes"]]
    if at is None:
        raise ValueError("no time")
    return Track(top=_id(raw["top"]), at=at, seen=seen, holes=holes, user=str(raw["user"]))


def _gap(raw: Any) -> Gap:
    since, until, why = raw
    begin, end = _moment(since), _moment(until)
    if begin is None or end is None:
        raise ValueError("no time")
    return Gap(since=begin, until=end, why=str(why))


def _id(value: Any) -> int:
    if not isinstance(value, int) or not 0 < value < 1 << 63:
        raise ValueError("no id")
    return value


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    return datetime.fromisoformat(value).astimezone(UTC)


def _rank(id_: str) -> tuple[int, str]:
    return (int(id_), "") if is_snowflake(id_) else (0, id_)
