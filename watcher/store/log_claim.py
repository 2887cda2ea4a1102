"""Posts that one worker has claimed, and how what was found in them is saved with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from rules.model import Match, Post, Suspect
from rules.signals.spoken import Spoken
from watcher.store.copies import Copies
from watcher.store.left_out import LeftOut
from watcher.store.queue import NOWHERE_ELSE, Places, Routes
from watcher.store.records import SavedMatches
from watcher.store.voices import Forms

Keep = Literal["all", "matched"]
"""Which posts of the log are stored: every one, or those that something was found in."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The next posts of a partition, those numbered `after < number <= upto`."""

    partition: int
    after: int
    upto: int
    posts: tuple[Post, ...]
    sources: tuple[str, ...]
    """Which source brought each post."""

    def save(
        self,
        found: Sequence[Match],
        suspects: Sequence[Suspect],
        routes: Routes,
        now: datetime,
        *,
        keep: Keep = "all",
        faint: Sequence[Suspect] = (),
        copies: Copies = MappingProxyType({}),
        untold: Collection[str] = (),
        realert: Mapping[str, timedelta] = MappingProxyType({}),
        spoken: Sequence[Spoken] = (),
        brands: Forms | None = None,
        places: Places = NOWHERE_ELSE,
        left_out: LeftOut = MappingProxyType({}),
    ) -> SavedMatches:
        """Save posts, findings, queue entries and that they are worked off, in one transaction."""
        raise NotImplementedError
