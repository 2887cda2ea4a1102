"""What the database's troubles become: StoreError, with what to do about it.

StoreError
├── StaleBatchError        another process already saved the matches of these posts
├── StaleCursorError       another process read this source on from the same place (`store.log`)
├── OvertakenError         a job was cancelled, or another driver goes on with it (`store.jobs`)
├── DamagedError           a row of the log, or a post in it, cannot be read (`store.log_rows`)
└── NoSuchRecordError      an id that somebody typed, or kept, is not in the store
"""

import re

from sqlalchemy import exc

from rules.errors import WatcherError


class StoreError(WatcherError):
    """The database is missing, newer, locked, full, corrupt, or does not answer."""


class StaleBatchError(StoreError):
    """The matches of this batch of posts were saved by somebody else; nothing was saved now."""


class NoSuchRecordError(StoreError):
    """There is no record with this id, or it does not stand where the change needs it to."""


_VALUES = re.compile(r"\b(?:DETAIL|CONTEXT|HINT|QUERY|LINE \d+):|: \"")
"""Where PostgreSQL goes on with the values of the row in question, which strangers wrote."""

_UNKNOWN = r"(database|role) \S+ does not exist"
_LACKING = r"(relation|column) \S+( of relation \S+)? does not exist|no such (table|column)"

_MEANINGS = (
    (
        ("disk is full", "no space left", "disk full"),
        "no room is left for the database",
        "Free some space and start again. Nothing saved before is lost.",
    ),
    (
        ("readonly database", "read-only", "unable to open database", "permission denied"),
        "the database cannot be written",
        "Check that the folder exists and that this user may write to it and to the file.",
    ),
    (
        ("malformed", "not a database", "disk i/o error", "invalid page"),
        "the database is damaged, or is not a database",
        "Put the file aside and restore a backup; without one, every source is read again.",
    ),
    (
        ("database is locked", "lock timeout", "deadlock"),
        "the database stayed busy with another process",
        "See which other process holds it; the step is tried again by itself.",
    ),
    (
        ("idle-in-transaction timeout", "idle-session timeout"),
        "this process stood still for so long that the database server took it for lost",
        "See what suspended it, or its machine. Nothing was half saved; the step is tried again.",
    ),
    (
        ("connection", "translate host", "resolve host", "server closed", _UNKNOWN),
        "the database server does not answer as it should",
        "Check that it runs, and the host, name and password in its address.",
    ),
    (
        (_LACKING,),
        "the database lacks a table, or a column of one",
        "See whether the address leads elsewhere; if not, `watcher store restore` a backup.",
    ),
)


def translate(error: exc.SQLAlchemyError, where: str) -> StoreError:
    """Say what a database error means for the person who runs the watcher.

    `where` names the database without its password. The statement and its values are left out on
    purpose: they hold other people's posts.
    """
    if isinstance(error, exc.TimeoutError):
        return StoreError(
            f"this process does more at once than it has connections to the database: {where}",
            help="See which other process keeps the database busy, and these steps waiting; they "
            "are tried again by themselves.",
        )
    driver = getattr(error, "orig", None)
    diagnosis = getattr(driver, "diag", None)  # None of a server that could not be asked
    whole = getattr(diagnosis, "message_primary", None) or str(driver or type(error).__name__)
    said = " ".join(_VALUES.split(whole, maxsplit=1)[0].split())
    for signs, meaning, advice in _MEANINGS:
        if any(re.search(sign, said.casefold()) for sign in signs):
            return StoreError(f"{meaning}: {where} ({said})", help=advice)
    return StoreError(f"the database refused a step: {where} ({said})")
