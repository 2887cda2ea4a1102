"""Working off the log: its posts matched, stored and counted, a partition's next ones at a time."""

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from weakref import WeakKeyDictionary

from rules.errors import WatcherError
from rules.garbage import collector_at_rest
from rules.lookalike import Detector
from rules.lookalike.context import Own
from rules.model import Account, Post
from watcher.app import App
from watcher.impostors.suspicion import find_accounts
from watcher.store import (
    Around,
    Claim,
    Examined,
    Look,
    SavedClaim,
    StaleBatchError,
    Store,
    UnreadError,
    linked_domains,
)
from watcher.walk.finding import Finder, Seen
from watcher.walk.stopping import never

log = logging.getLogger("watcher")

LIMIT = 2000
"""Posts worked off in one transaction, where so many wait: each costs some forty statements."""
FIRST_ASIDE = timedelta(seconds=2)
LONGEST_ASIDE = timedelta(minutes=1)
"""For how long a partition is left out whose claim failed: the first time, and at most."""
MOST_FORMS = 50_000
"""Names of accounts of which it is remembered whether they resemble a brand."""


class PartitionError(WatcherError):
    """A part of the log could not be worked off; the others were."""


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
    claims: int = 0
    """In how many transactions."""
    trouble: str = ""
    """What keeps partitions from being worked off, in one line; they are tried again later."""

    def and_also(self, posts: int, saved: SavedClaim) -> "Worked":
        """Return this together with one more claim."""
        return Worked(
            posts=self.posts + posts,
            new=self.new + saved.posts,
            matches=self.matches + saved.found.matches,
            suspects=self.suspects + saved.found.suspects,
            changed=self.changed + saved.found.changed,
            claims=self.claims + 1,
        )


@dataclass(frozen=True, kw_only=True)
class _Failure:
    """What became of the last claim on a partition."""

    at: datetime
    times: int
    """How often it failed, one time after the other."""
    trouble: str

    def is_aside(self, now: datetime) -> bool:
        """Whether the partition is left out still."""
        aside: timedelta = FIRST_ASIDE * 2.0 ** min(self.times, 30)
        return abs(now - self.at) < min(LONGEST_ASIDE, aside)


class _Failures:
    """Partitions of which a claim failed in this process: the others are not to wait for them."""

    def __init__(self) -> None:
        self._of: dict[int, _Failure] = {}

    def aside(self, now: datetime) -> set[int]:
        """Return the partitions that are left out for a while."""
        return {partition for partition, one in [*self._of.items()] if one.is_aside(now)}

    def note(self, partition: int, error: Exception, now: datetime) -> None:
        """Leave a partition out, for longer each time."""
        before = self._of.get(partition)
        what = f"an error in the watcher itself ({type(error).__name__})"
        if isinstance(error, WatcherError):
            what = f"{error}{f' ({error.help})' if error.help else ''}"
        elif before is None or before.trouble != what:
            log.error("partition %d failed as nobody foresaw", partition, exc_info=error)
        times = 0 if before is None else before.times + 1
        self._of[partition] = _Failure(at=now, times=times, trouble=what)

    def forget(self, partition: int) -> None:
        """Note that a partition was worked off."""
        self._of.pop(partition, None)

    def keep(self, some: Collection[int]) -> None:
        """Forget all other partitions: others worked them off, or do."""
        for partition in [*self._of]:
            if partition not in some:
                self.forget(partition)

    @property
    def trouble(self) -> str:
        """What failed last in each, in one line."""
        by_trouble: dict[str, list[int]] = {}
        for partition, one in sorted(self._of.items()):
            by_trouble.setdefault(one.trouble, []).append(partition)
        return "; ".join(
            f"partition {', '.join(map(str, some))} of the log: {trouble}"
            for trouble, some in by_trouble.items()
        )


_FAILED: WeakKeyDictionary[Store, _Failures] = WeakKeyDictionary()


_KNOWN: WeakKeyDictionary[Detector, dict[tuple[str, str, str], bool]] = WeakKeyDictionary()
"""By network, handle and display name, for as long as these brands and rules are in use."""


class Names:
    """Whether names resemble a brand, remembered: a busy author is not looked at for each post."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._known = _KNOWN.setdefault(detector, {})

    def alike(self, account: Account) -> bool:
        """Whether an account's names resemble a brand."""
        form = account.network, account.handle, account.display_name
        known = self._known.get(form)
        if known is None:
            if len(self._known) >= MOST_FORMS:
                self._known.clear()
            known = self._known[form] = bool(self._detector.candidates([account]))
        return known


def work(
    app: App,
    worker: str,
    *,
    stop: Callable[[], bool] = never,
    limit: int = LIMIT,
    claims: int | None = None,
) -> Worked:
    """Work off what waits in the log, until nothing does or `stop()` says so between two claims.

    Posts, findings, queue entries and the cursor of a partition are one transaction per claim.
    `worker` is who works, for `watcher status`; after so many `claims` it ends. A claim that fails
    is told in `trouble`, and its partition left out for two seconds, then four, up to a minute.
    Raises `StoreError` where nothing can be claimed.
    """
    failures = _FAILED.setdefault(app.store, _Failures())
    names = Names(app.detector)
    finder: Finder | None = None
    worked = Worked()
    failed: set[int] = set()
    while not stop() and (claims is None or worked.claims + len(failed) < claims):
        partition: int | None = None
        done: SavedClaim | None = None
        aside = failed | failures.aside(app.clock())
        try:
            with (
                suppress(StaleBatchError),  # another one was quicker: what it left is next
                collector_at_rest(),
                app.store.claim(worker, limit, app.clock(), aside=aside) as claim,
            ):
                if claim is None:
                    failures.keep(aside)
                    break
                partition = claim.partition
                if finder is None:
                    finder = Finder(app)
                    app.store.add_routes(finder.routes, app.clock())
                posts = len(claim.posts)
                done = _work_off(app, claim, finder, names)
        except Exception as error:  # one partition's error must not hold up the others
            why = error
            if isinstance(error, UnreadError):
                partition, why = error.partition, error.why
            if partition is None:
                raise
            failed.add(partition)
            failures.note(partition, why, app.clock())
            continue
        if partition is not None and done is not None:
            failures.forget(partition)
            worked = worked.and_also(posts, done)
    return replace(worked, trouble=failures.trouble)


def _work_off(app: App, claim: Claim, finder: Finder, names: Names) -> SavedClaim:
    own = app.store.own_accounts(app.config.brands)
    seen = finder.look(claim.posts, own)
    for one in claim.met.values():  # what is asked again while others wait is known by then
        names.alike(one.account)
    return claim.save(
        seen.findings,
        finder.routes,
        app.clock,
        keep=app.config.store.keep,
        wanted=_wanted(app, claim.posts, seen) if app.config.store.keep == "matched" else (),
        look=Look(
            fingerprint=app.detector.fingerprint,
            alike=names.alike,
            examine=partial(_examine, app, seen, own),
        ),
        copies=partial(finder.copies, claim.posts, seen.told),
        brands=finder.forms,
        places=seen.places,
    )


def _examine(
    app: App, seen: Seen, own: Sequence[Own], accounts: Sequence[Account], around: Around
) -> Examined:
    found = find_accounts(app, accounts, own, around)
    places = seen.dispatch.suspects((*found.suspects, *found.faint))
    return Examined(found.suspects, found.faint, places)


def _wanted(app: App, posts: Sequence[Post], seen: Seen) -> set[str]:
    """Return the posts by brands' own accounts, and those that link to domains under suspicion."""
    links = seen.findings
    domains = {one.subject.removeprefix("domain:") for one in (*links.suspects, *links.faint)}
    return {
        post.key
        for post in posts
        if app.detector.owns(post.author)
        or (domains and post.links and not domains.isdisjoint(linked_domains(post)))
    }
