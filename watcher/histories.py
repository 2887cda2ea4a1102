"""Fetches what an account wrote before anybody watched it: a page at a time, back from the newest.

Each page is saved with how far it reaches, so that a fetch that was cut off at any moment goes on
where it was. What was read without a hole is a stretch; a new fetch begins at the newest post, and
where it meets the stretch of an earlier one, it goes on below that.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime

from rules.model import Account
from watcher.app import App
from watcher.backends.interface import Author, BackendError, Histories, Page
from watcher.store import History, Stretch
from watcher.walk.stopping import never

MOST = 5000
"""Posts fetched at once unless another number is asked for."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A network that shows histories, and the source through which it is asked."""

    source: str
    network: Histories


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What came of fetching a history."""

    account: Account
    source: str
    new: int = 0
    """Posts that were not stored before."""
    read: int = 0
    skipped: int = 0
    """Items that could not be read as posts."""
    complete: bool = False
    """Whether all was read that was asked for: to the end of what is shown, or to `since`."""
    error: str = ""
    help: str = ""


def networks(app: App, refused: list[str]) -> Iterator[Asked]:
    """Open, one after the other, what shows histories: of each network the first enabled source.

    Why a source could not be opened is added to `refused`. Each is closed when the next one is
    asked for.
    """
    met: set[str] = set()
    for source in app.config.sources:
        if not source.enabled or source.is_stream:
            continue
        try:
            reader = source.open(app.config.folder, clock=app.clock)
        except BackendError as error:
            refused.append(f"{source.name}: {error.message}")
            continue
        with closing(reader) as it:
            if isinstance(it, Histories) and it.network not in met:
                met.add(it.network)
                yield Asked(source=source.name, network=it)


def fetch(
    app: App,
    asked: Asked,
    author: Author,
    *,
    since: datetime | None = None,
    limit: int = MOST,
    report: Callable[[int, int], None] = lambda _done, _total: None,
    stop: Callable[[], bool] = never,
) -> Fetched:
    """Fetch what an account wrote, from its newest post back to `since` or the first.

    At most about `limit` posts are read. `report` is told how many were read and how many there may
    be. No source's cursor moves, and no rule looks at what comes. A network that fails ends it, and
    is told in `Fetched.error`; pages before are kept. Raises `StoreError`.
    """
    reading = _Reading(app, author, since, limit)
    result = Fetched(account=author.account, source=asked.source)
    try:
        while not reading.is_done and not stop():
            for page in asked.network.history(author.account, reading.place, reading.left):
                result = replace(
                    result,
                    new=result.new + reading.take(page),
                    read=reading.read,
                    skipped=result.skipped + page.skipped_count,
                )
                report(reading.read, reading.expected)
                if reading.is_done or reading.jumped or stop():
                    break
            else:
                if not reading.jumped:
                    break
            reading.jumped = False
    except BackendError as error:
        return replace(result, error=error.message, help=error.help)
    return replace(result, complete=reading.complete)


class _Reading:
    """How far one fetch has come, and what was read before it."""

    def __init__(self, app: App, author: Author, since: datetime | None, limit: int) -> None:
        self._app = app
        self._author = author
        self._since = since
        self._limit = limit
        known = app.store.history_of(author.account.key)
        self._below = list(known.stretches) if known else []
        self._total = author.posts if author.posts is not None else known.total if known else None
        self._now: Stretch | None = None
        self.read = 0
        self.jumped = False
        """Whether what comes next is below a stretch that was read before."""

    @property
    def place(self) -> str:
        return self._now.place if self._now else ""

    @property
    def left(self) -> int:
        return max(1, self._limit - self.read)

    @property
    def expected(self) -> int:
        return max(self.read, min(self._limit, self._total or self._limit))

    @property
    def complete(self) -> bool:
        now = self._now
        return now is not None and (now.whole or (self._since or now.oldest) > now.oldest)

    @property
    def is_done(self) -> bool:
        return self.complete or self.read >= self._limit

    def take(self, page: Page) -> int:
        """Save a page and how far it reaches; return how many of its posts are new."""
        self.read += len(page.posts)
        self._extend(page)
        self._join()
        stretches = tuple([self._now, *self._below] if self._now else self._below)
        history = History(stretches=stretches, total=self._total, fetched=self._app.clock())
        return self._app.store.save_history(self._author.account, page, history)

    def _extend(self, page: Page) -> None:
        times = [post.posted_at for post in page.posts]
        if self._now is None:
            moment = self._app.clock()
            newest = max(times, default=moment)
            self._now = Stretch(
                newest=newest, oldest=min(times, default=newest), place=page.cursor,
                whole=not page.more,
            )  # fmt: skip
        else:
            self._now = replace(
                self._now, oldest=min([*times, self._now.oldest]), place=page.cursor,
                whole=not page.more,
            )  # fmt: skip

    def _join(self) -> None:
        """Go on below a stretch that was read before, once all above it is read."""
        while self._now and self._below and self._now.oldest < self._below[0].newest:
            before = self._below.pop(0)
            if before.oldest < self._now.oldest:
                self._now = replace(
                    self._now, oldest=before.oldest, place=before.place, whole=before.whole
                )
                self.jumped = True
