"""Which entries of a feed have been read: a feed has no other order than its own."""

import json
import re
from dataclasses import dataclass, field
from typing import Self

KEPT = 2_000
"""Entries remembered beyond those that the feed holds now: some feeds drop and bring back."""
_TOKEN = re.compile(r"[\x20-\x7e]{1,500}")


@dataclass(slots=True)
class Cursor:
    """What has been read of one feed; moves while the feed is read."""

    feed: str = ""
    """Which feed; a cursor of another one says nothing."""
    etag: str = ""
    modified: str = ""
    """What the server called the document that was read to its end; sent back to it."""
    newest: float = 0.0
    """Time of the newest post so far, in seconds since 1970."""
    seen: dict[str, str] = field(default_factory=dict)
    """Fingerprints by entry, the latest last."""

    def add(self, entry: str, fingerprint: str, posted: float = 0.0) -> None:
        """Move over one entry."""
        self.seen.pop(entry, None)
        self.seen[entry] = fingerprint
        self.newest = max(self.newest, posted)

    def begin(self) -> None:
        """Begin a document: until its end is reached it is to be asked for once more."""
        self.etag = self.modified = ""

    def finish(self, etag: str, modified: str, present: set[str]) -> None:
        """Reach the end of a document that holds the entries `present`."""
        self.etag = etag if _TOKEN.fullmatch(etag) else ""
        self.modified = modified if _TOKEN.fullmatch(modified) else ""
        for key in [key for key in self.seen if key not in present][:-KEPT]:
            del self.seen[key]

    def dump(self) -> str:
        """Return the cursor as it is stored."""
        value = [self.feed, self.etag, self.modified, self.newest, self.seen]
        return json.dumps({"feed": value}, separators=(",", ":"))

    @classmethod
    def load(cls, text: str | None, feed: str) -> Self:
        """Return a stored cursor of this feed; an empty one where it is of something else."""
        try:
            of, etag, modified, newest, seen = json.loads(text or "{}")["feed"]
            if of != feed:
                return cls(feed)
            read = {str(key): str(value) for key, value in seen.items()}
            return cls(feed, str(etag), str(modified), float(newest), read)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return cls(feed)
