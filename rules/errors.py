"""The root of everything raised on purpose, and the shape of a problem in a text somebody wrote.

WatcherError
├── ExpressionError        rules.language: a `find` expression cannot be understood
├── ConfigError            watcher.config: the configuration cannot be used
├── BackendError           watcher.backends: a source failed (temporary, refused, gone)
├── StoreError             watcher.store: the database is missing, newer, locked, full
├── ScaleError             watcher.scale: a job over archives cannot be planned or run
├── SearchError            watcher.search: the index cannot answer
├── ExportError            watcher.export: a table cannot be written
├── DeliveryError          alerts.model: a message was not taken
├── FollowError            alerts.model: a follow was not made
└── BusyError              watcher.presence: another instance holds the data directory
"""

from dataclasses import dataclass
from typing import Literal


class WatcherError(Exception):
    """Something the reader of the message can mend.

    `message` says what happened and where, `help` what to do now (empty where nothing can be said).
    """

    def __init__(self, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with something a person wrote: a table of the config, or an expression.

    `code` is stable and documented (`unknown-key`). `path` leads from the table that reported it to
    the value (`("at", 1)`), empty for the table itself. `span` marks characters of that value when
    it is a string, as (start, end) offsets; None marks it whole. `help` shows how to mend it.
    """

    code: str
    message: str
    path: tuple[str | int, ...] = ()
    span: tuple[int, int] | None = None
    help: str = ""
    severity: Literal["error", "warning"] = "error"
