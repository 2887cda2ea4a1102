"""Working off the log: its posts matched, stored and counted, a partition's next ones at a time."""

from collections.abc import Callable
from dataclasses import dataclass

from watcher.app import App
from watcher.walk.stopping import never

LIMIT = 1000
"""Posts worked off in one transaction."""


@dataclass(frozen=True, kw_only=True)
class Worked:
    """What working off the log brought."""

    posts: int = 0
    """Posts taken from the log."""
    new: int = 0
    """Those of them that were stored and had not been before."""
    matches: int = 0
    suspects: int = 0
    changed: int = 0
    """Suspects judged before of which something new is to be told."""


def work(app: App, worker: str, *, stop: Callable[[], bool] = never) -> Worked:
    """Work off what waits in the log, until nothing does or `stop()` says so between two claims.

    Posts, findings, queue entries and the cursor of a partition are one transaction per claim.
    `worker` is who works, for `watcher status`. Raises `StoreError`.
    """
    raise NotImplementedError
