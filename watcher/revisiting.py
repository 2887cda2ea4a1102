"""Asks once more about posts that wait to be told: who polls is told of no deletion and no edit.

Before a digest leaves, the networks are asked what became of the posts in it. What is gone leaves
the queue, the index and the mails not sent, as it does where a stream tells of it; what was edited
is matched again. Nobody waits for it: what could not be asked is told as a gap, and the mail goes
out.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from alerts.channels.digest_channel import DigestChannel
from watcher.app import App
from watcher.backends import AnySource
from watcher.backends.http.bounds import within
from watcher.backends.interface import BackendError, KnownPost, Revisiting
from watcher.walk.stopping import never

AHEAD = timedelta(minutes=15)
"""How long before its digest a post is asked about for the first time."""
AGAIN = timedelta(hours=1)
"""Nothing is asked twice within this time."""
AFTER_FAILURE = timedelta(minutes=5)
"""When what could not be asked is tried again, unless the network names a later time."""
JUST_READ = timedelta(minutes=1)
"""What was read so lately need not be asked about."""
MOST_CALLS = 4
"""Calls to one source in one turn, each about as many posts as the network takes at once."""
_MOST_POSTS = 2000
"""Posts of a source that one turn looks at."""
_SHORTEST = 1.0
"""Seconds without which no call is begun: a network would be blamed for our haste."""


@dataclass(frozen=True, kw_only=True)
class Revisited:
    """What asking one source again brought."""

    source: str
    asked: int = 0
    deleted: int = 0
    changed: int = 0
    left: int = 0
    """Posts whose turn has come and that were not asked about: for want of time, or because what
    the network still lets us ask is left for new posts."""
    error: str = ""
    """What ended it, empty where nothing did."""


def revisit(app: App, *, seconds: float, stop: Callable[[], bool] = never) -> tuple[Revisited, ...]:
    """Ask about posts that wait for a mail which is due soon; return what became of them by source.

    It takes no longer than about so many `seconds` in all, shared evenly by the sources. Sources
    without such posts are left out. A failing source is told in `Revisited.error` and stops no
    other. Raises `StoreError`.
    """
    until = monotonic() + seconds
    now = app.clock()
    channels = [
        channel.name
        for channel in app.config.channels
        if isinstance(channel, DigestChannel) and _is_due(app, channel, now)
    ]
    sources = [source for source in app.config.sources if source.enabled and source.asks_again]
    done = []
    for number, source in enumerate(sources):
        share = (until - monotonic()) / (len(sources) - number)
        found = _of_source(app, source, channels, monotonic() + share, stop)
        if found.asked or found.left or found.error:
            done.append(found)
    return tuple(done)


def _is_due(app: App, channel: DigestChannel, now: datetime) -> bool:
    last = app.store.last_slot(channel.name)
    return channel.due(last, now + AHEAD, app.config.timezone) is not None


def _of_source(
    app: App, source: AnySource, channels: list[str], until: float, stop: Callable[[], bool]
) -> Revisited:
    done = Revisited(source=source.name)
    with closing(source.open(app.config.folder, clock=app.clock)) as reader:
        if not isinstance(reader, Revisiting):
            return done
        now = app.clock()
        waiting = app.store.to_revisit(
            source.name, reader.network, channels, now,
            read_before=now - JUST_READ, limit=_MOST_POSTS,
        )  # fmt: skip
        done = replace(done, left=waiting.total)
        posts = waiting.posts
        for _ in range(MOST_CALLS):
            left = until - monotonic()
            if not posts or done.error or stop() or left < _SHORTEST:
                break
            with within(left):
                done, posts = _call(app, reader, done, posts)
    return done


def _call(
    app: App, reader: Revisiting, done: Revisited, posts: tuple[KnownPost, ...]
) -> tuple[Revisited, tuple[KnownPost, ...]]:
    """Ask about the first of some posts; return what is known then, and the posts left to ask."""
    since = app.clock()
    some: tuple[KnownPost, ...] = ()
    try:
        some = posts[: reader.revisits_at_once]
        if not some:
            return done, ()
        page = reader.revisit(some)
    except BackendError as error:
        now = app.clock()
        why = f"whether its posts are still there could not be asked: {error}"
        again = _after(error, now)
        app.store.revisit_failed(done.source, reader.network, some, why, since, now, again=again)
        return replace(done, error=str(error)), ()
    now = app.clock()
    saved = app.store.save_revisit(done.source, reader.network, some, page, now, again=now + AGAIN)
    return replace(
        done,
        asked=done.asked + len(some),
        deleted=done.deleted + saved.deleted,
        changed=done.changed + saved.changed,
        left=done.left - len(some),
    ), posts[len(some) :]


def _after(error: BackendError, now: datetime) -> datetime:
    """Return when to ask again after a failure: what a person has to mend is not tried in vain."""
    if error.kind != "temporary":
        return now + AGAIN
    return now + max(AFTER_FAILURE, timedelta(seconds=min(error.retry_after or 0.0, 3600.0)))
