"""The `[[sources]]` table of kind "local"."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from rules.errors import Problem
from watcher.backends.interface import Source
from watcher.backends.local.network import LocalNetwork
from watcher.backends.reach import Reach, of_query
from watcher.clock import utc_now


@dataclass(frozen=True, kw_only=True)
class LocalSource(Source):
    """The embedded microblog; `watcher local` feeds it."""

    kind: Literal["local"] = "local"
    file: str
    """The microblog's file, relative to the configuration."""
    query: str = "public"
    """What to read: `public`, `home` (those our account follows), `#tag`, `@account`, or
    `search:` and words that must all be in the text."""
    account: str = ""
    """The handle that is us; needed for `home` and for following."""

    def problems(self) -> Iterator[Problem]:
        """Say what the types cannot."""
        if not self.file.strip():
            yield Problem(code="missing-file", message="the file has no name", path=("file",))
        if self.query == "home" and not self.account:
            yield Problem(
                code="missing-account",
                message='"home" is the timeline of an account, and none is named',
                path=("query",),
                help='add account = "handle"',
            )
        prefix = next((p for p in ("#", "@", "search:") if self.query.startswith(p)), None)
        known = self.query in ("public", "home") if prefix is None else self.query != prefix
        if not known:
            yield Problem(
                code="bad-query",
                message=f"{self.query!r} is not something this source can read",
                path=("query",),
                help='write "public", "home", "#tag", "@account" or "search:some words"',
            )

    @property
    def asks(self) -> str:
        """What it asks for, and where."""
        return f"{self.query} in {self.file}"

    @property
    def asks_again(self) -> bool:
        """It costs nothing to look again which posts are still there."""
        return True

    @property
    def reach(self) -> Reach:
        """What posts it can bring."""
        return of_query(self.query, "local")

    def open(
        self,
        base: Path,
        *,
        clock: Callable[[], datetime] = utc_now,  # noqa: ARG002 - posts tell their times
    ) -> LocalNetwork:
        """Return the microblog as a network; `base` is the configuration's folder.

        Touches nothing yet: what is wrong with the file is raised by what is asked of it.
        """
        return LocalNetwork(base / self.file, query=self.query, us=self.account, source=self.name)
