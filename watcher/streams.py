"""Sources that stay open: each in a thread of its own, saved page by page, taken up where it broke.

A page is saved together with the cursor behind it, and matching is asked for at once. While more
posts wait for the rules than `MOST_WAITING`, the next page is not taken: nothing is read on without
bound, and nothing is dropped; the stream says how far it lies behind, and catches up from its
cursor. What breaks is opened again after a pause that grows and is spread by chance.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from rules.errors import WatcherError
from watcher.app import App
from watcher.backends import AnySource
from watcher.backends.interface import BackendError, Page, Stream
from watcher.store import StaleCursorError, StoreError

log = logging.getLogger("watcher")

MOST_WAITING = 10_000
"""Posts that no rule has seen yet beyond which no stream is read on."""
MOST_IN_LOG = 2_000_000
"""The same with the log, which is there to hold what workers come to later."""
RECORD_EVERY = timedelta(seconds=30)
"""How often it is recorded that a stream goes on, where nothing else is to be saved."""
CURSOR_EVERY = timedelta(seconds=5)
"""How often a cursor is saved that moved past nothing worth keeping."""
LAGGING = timedelta(minutes=1)
"""A stream further behind than this is told of, once."""
HEALTHY = timedelta(seconds=30)
"""A stream that was open for so long begins with short pauses again."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
HOPELESS_PAUSE = 60.0
"""Seconds: the first pause where a person has to do something before it can work."""
_LOOK_AGAIN = 0.05
"""Seconds between two looks at whether the rules have caught up."""


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Whom streams tell what happens, from threads of their own."""

    app: Callable[[], App]
    """The App of the moment: its rules may change."""
    found: Callable[[], object]
    """New posts are stored, or too many wait for the rules."""
    looked: Callable[[str], object]
    """A source, by its name, was read up to the present, or could not be."""
    tell: Callable[[str, str], object]
    """What is wrong with a stream, by its name; empty when all is well again."""


@dataclass(frozen=True, kw_only=True)
class Pause:
    """How long to wait before a stream is opened again; grows from failure to failure."""

    failures: int = 0

    def after(self, error: BackendError | None, random: Random) -> float:
        """Return how many seconds to wait now: between half and the whole of what is due.

        What the other side asked for is waited for in full, up to an hour.
        """
        hopeless = error is not None and error.kind != "temporary"
        first = HOPELESS_PAUSE if hopeless else FIRST_PAUSE
        due = min(LONGEST_PAUSE, first * 2.0 ** min(self.failures, 20))
        asked = min(3600.0, error.retry_after or 0.0) if error is not None else 0.0
        return max(asked, due * (0.5 + random.random() / 2))

    def longer(self) -> "Pause":
        """Return the pause after one more failure."""
        return replace(self, failures=self.failures + 1)


class Streams:
    """The streams of a service."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._open: dict[str, OpenStream] = {}
        self._ending: list[OpenStream] = []

    def follow(self, sources: Iterable[AnySource]) -> None:
        """Keep exactly these sources open: end others, begin new ones, leave the same alone."""
        wanted = {one.name: one for one in sources if one.enabled and one.is_stream}
        for name, stream in list(self._open.items()):
            if wanted.get(name) != stream.source:
                stream.stop.set()
                self._ending.append(self._open.pop(name))
        self._ending = [one for one in self._ending if one.is_alive()]
        for name, source in wanted.items():
            if name not in self._open:
                former = next((one for one in self._ending if one.source.name == name), None)
                stream = OpenStream(source, self._listener, former)
                self._open[name] = stream
                stream.start()

    def stop(self) -> None:
        """Ask all of them to end."""
        for stream in self._open.values():
            stream.stop.set()

    def wait(self, seconds: float) -> tuple[str, ...]:
        """Wait for all of them to end; return the names of those that did not."""
        until = time.monotonic() + seconds
        streams = [*self._open.values(), *self._ending]
        for stream in streams:
            stream.join(max(0.0, until - time.monotonic()))
        return tuple(stream.name for stream in streams if stream.is_alive())


class OpenStream(threading.Thread):
    """One stream, kept open until `stop` is set; `former` is one that it takes the place of."""

    def __init__(
        self, source: AnySource, listener: Listener, former: threading.Thread | None = None
    ) -> None:
        # A daemon: one that hangs in a library must not keep the process after its grace.
        super().__init__(name=f"stream {source.name}", daemon=True)
        self.source = source
        self.stop = threading.Event()
        self._app = listener.app
        self._listener = listener
        self._former = former
        self._lagging = False
        self._recorded: datetime | None = None
        self._cursor_saved: datetime | None = None

    def run(self) -> None:
        """Open the stream, and open it again when it breaks, until told to stop."""
        while self._former is not None and self._former.is_alive():  # never two at a time
            self._former.join(_LOOK_AGAIN)
            if self.stop.is_set():
                return
        pause = Pause()
        while not self.stop.is_set():
            began = self._app().clock()
            failure: BackendError | None = None
            trouble = advice = ""
            try:
                self._follow(began)
            except BackendError as error:
                failure, trouble, advice = error, error.message, error.help
            except StaleCursorError as error:  # how it goes is recorded by who reads it on
                log.info("%s: %s", self.name, error.message)
            except WatcherError as error:  # the database: what was not saved is read again
                trouble, advice = error.message, error.help
            except Exception as error:  # the outermost boundary of the thread
                trouble = f"an error in the watcher itself ({type(error).__name__})"
                log.exception("%s: the stream failed as nobody foresaw", self.name)
            if self.stop.is_set():
                return
            if trouble:
                self._record_failure(began, trouble, advice)
            app = self._app()
            pause = Pause() if app.clock() - began > HEALTHY else pause
            self.stop.wait(pause.after(failure, app.random))
            pause = pause.longer()

    def _follow(self, began: datetime) -> None:
        """Read and save until the stream ends, breaks, or is to stop."""
        app = self._app()
        self._recorded = self._cursor_saved = None
        with closing(self.source.open(app.config.folder, clock=app.clock)) as reader:
            if not isinstance(reader, Stream):
                raise BackendError(
                    f"{self.source.name} cannot be kept open", kind="refused",
                    help="leave out what makes it a stream: it is pulled then",
                )  # fmt: skip
            cursor = app.store.cursor(self.source.name)
            for page in reader.live(cursor, self.stop.is_set):
                cursor = self._save(page, cursor)
                self._go_on(page, began)
                if self.stop.is_set():
                    return
                self._let_rules_catch_up()

    def _save(self, page: Page, cursor: str | None) -> str | None:
        """Save a page and return the cursor that is saved: one that only moves on may wait."""
        app = self._app()
        now = app.clock()
        saved_lately = self._cursor_saved is not None and now - self._cursor_saved < CURSOR_EVERY
        if _is_empty(page) and (page.cursor == cursor or saved_lately):
            return cursor
        if app.config.uses_log:
            found = bool(app.store.append(self.source.name, cursor, page, now).posts)
        else:
            saved = app.store.save_page(self.source.name, page, now)
            found = bool(saved.new or saved.changed)
        self._cursor_saved = now
        if found:
            self._listener.found()
        return page.cursor

    def _go_on(self, page: Page, began: datetime) -> None:
        """Record now and then that the stream goes on, and tell when it falls behind."""
        app = self._app()
        now = app.clock()
        behind = max(page.behind or timedelta(), timedelta())
        lagging = behind > LAGGING
        if lagging != self._lagging:
            self._lagging = lagging
            if lagging:
                minutes = behind.total_seconds() / 60
                log.warning("%s: %.0f minutes behind; it catches up", self.name, minutes)
            else:
                log.info("%s: caught up", self.name)
        elif self._recorded is not None and now - self._recorded < RECORD_EVERY:
            return
        if self._recorded is None:
            self._listener.tell(self.name, "")
        self._recorded = now
        if not lagging:
            self._listener.looked(self.source.name)
        app.store.record_stream(self.source.name, began, now, behind, reached_newest=not lagging)

    def _let_rules_catch_up(self) -> None:
        """Wait while too many posts wait for the rules: the network is not read meanwhile."""
        while not self.stop.is_set() and self._too_many_wait():
            self._listener.found()
            self.stop.wait(_LOOK_AGAIN)

    def _too_many_wait(self) -> bool:
        app = self._app()
        if app.config.uses_log:
            return app.store.log_backlog() > MOST_IN_LOG
        return app.store.backlog() > MOST_WAITING

    def _record_failure(self, began: datetime, trouble: str, advice: str) -> None:
        self._listener.tell(self.name, f"{trouble} ({advice})" if advice else trouble)
        self._listener.looked(self.source.name)
        app = self._app()
        with suppress(StoreError):  # the same full disk may refuse this too
            app.store.record_pull(
                self.source.name, began, app.clock(), reached_newest=False, error=trouble,
                help=advice,
            )  # fmt: skip


def _is_empty(page: Page) -> bool:
    """Whether a page brings nothing to be kept but where it ends."""
    came = (page.posts, page.accounts, page.deleted, page.departed, page.gaps, page.skipped)
    return not (any(came) or page.skipped_count)
