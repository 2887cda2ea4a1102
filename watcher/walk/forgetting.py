"""The last step: what is older than the configuration keeps it goes."""

from datetime import datetime, timedelta

from rules.errors import WatcherError
from watcher.app import App
from watcher.walk.archiving import clear_archive, drop_old_log
from watcher.walk.indexing import leave_index


class ForgettingError(WatcherError):
    """Several parts of forgetting failed; the others were done."""


def forget(app: App) -> int:
    """Remove posts older than the configuration keeps them; return how many went.

    What is left of people who were forgotten goes too, and old days of the log. No part holds up
    another: what failed is raised when all had their turn, as `ForgettingError` where it is more.
    """
    now = app.clock()
    parts = (_finish, _forget_old, _clear_index, _drop_log, _clear_archive)
    gone, failed = 0, list[Exception]()  # each part says how many posts went by age
    for part in parts:
        try:
            gone += part(app, now)
        except Exception as error:  # noqa: BLE001 - raised below, after the others
            failed.append(error)
    if failed:
        raise _together(failed)
    return gone


def _finish(app: App, now: datetime) -> int:
    app.store.finish_forgetting(now)
    return 0


def _forget_old(app: App, now: datetime) -> int:
    return app.store.forget_before(
        now - timedelta(days=app.config.store.keep_days),
        channels=[channel.name for channel in app.config.channels],
        sources={
            source.name: now - timedelta(days=source.keep_days)
            for source in app.config.sources
            if source.keep_days is not None
        },
    )


def _clear_index(app: App, _now: datetime) -> int:
    app.index.forget(app.store)
    leave_index(app)
    return 0


def _drop_log(app: App, now: datetime) -> int:
    if app.config.uses_log:
        drop_old_log(app, now)
    return 0


def _clear_archive(app: App, _now: datetime) -> int:
    # After the days were written: one may hold what was read before somebody was forgotten.
    clear_archive(app)
    return 0


def _together(failed: list[Exception]) -> Exception:
    """Return one error that tells of all."""
    if len(failed) == 1:
        return failed[0]
    told = [error for error in failed if isinstance(error, WatcherError)]
    if len(told) < len(failed):  # the journal is to show where
        return ExceptionGroup("parts of forgetting failed", failed)
    return ForgettingError(
        "; ".join(dict.fromkeys(error.message for error in told)),
        help=" ".join(dict.fromkeys(error.help for error in told if error.help)),
    )
