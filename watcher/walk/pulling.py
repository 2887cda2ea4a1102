"""The first step: what a source has to say, into the store, page by page."""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass

from watcher.app import App
from watcher.backends import AnySource
from watcher.backends.http.budget import ClosedError
from watcher.backends.interface import BackendError
from watcher.store import StaleCursorError, StoreError
from watcher.walk.stopping import never


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """What one pull of a source brought."""

    source: str
    new: int = 0
    """Posts that were not known; with the log all that came, for that is known only later."""
    known: int = 0
    skipped: int = 0
    skipped_first: tuple[str, ...] = ()
    """The first skipped items, each as `where: why`."""
    error: str = ""
    """What ended the pull, empty when it reached the newest post."""
    help: str = ""
    """What to do about it; empty where nobody can say."""


def pull(app: App, source: AnySource, *, stop: Callable[[], bool] = never) -> Pulled:
    """Read a source from its cursor on, page by page, until it is up to date or `stop()` says so.

    Each page is saved, or appended to the log, together with the cursor after it. A failing source
    is recorded, not raised; pages before the failure are kept. Where another process has read the
    source on meanwhile, this ends, and that one records how it went. Raises `StoreError` where a
    page cannot be saved.
    """
    started = app.clock()
    new = known = skipped = 0
    first: list[str] = []
    error = advice = mending = ""
    stopped = overtaken = False
    try:
        with closing(source.open(app.config.folder, clock=app.clock)) as reader:
            cursor = app.store.cursor(source.name)
            for page in reader.pages(cursor):
                if app.config.uses_log:
                    new += app.store.append(source.name, cursor, page, app.clock()).posts
                    cursor = page.cursor
                else:
                    saved = app.store.save_page(source.name, page, app.clock())
                    new += saved.new
                    known += saved.known
                skipped += page.skipped_count
                first += [f"{item.where}: {item.why}" for item in page.skipped[: 10 - len(first)]]
                if stopped := page.more and stop():
                    break
    except BackendError as failure:
        error, advice = failure.message, failure.help
        # How long a host is left in peace is true now; later its limits tell.
        mending = "" if isinstance(failure, ClosedError) else advice
    except StaleCursorError:
        overtaken = True
    except StoreError as failure:
        with suppress(StoreError):  # the same full disk may refuse this too; freshness tells then
            app.store.record_pull(
                source.name,
                started,
                app.clock(),
                reached_newest=False,
                error=failure.message,
                help=failure.help,
            )
        raise
    if not overtaken:
        app.store.record_pull(
            source.name,
            started,
            app.clock(),
            reached_newest=not error and not stopped,
            error=error,
            help=mending,
        )
    return Pulled(
        source=source.name,
        new=new,
        known=known,
        skipped=skipped,
        skipped_first=tuple(first),
        error=error,
        help=advice,
    )
