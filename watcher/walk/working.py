"""Working off the log: its posts matched, stored and counted, a partition's next ones at a time."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

from rules.garbage import collector_at_rest
from rules.lookalike import Detector
from rules.lookalike.context import Own
from rules.model import Account, Post
from watcher.app import App
from watcher.impostors.suspicion import find_accounts
from watcher.store import Around, Claim, Examined, Look, SavedClaim, StaleBatchError, linked_domains
from watcher.walk.finding import Finder, Seen
from watcher.walk.stopping import never

LIMIT = 2000
"""Posts worked off in one transaction, where so many wait: each costs some forty statements."""
MOST_FORMS = 50_000
"""Names of accounts of which it is remembered whether they resemble a brand."""


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
    `worker` is who works, for `watcher status`; after so many `claims` it ends.
    Raises `StoreError`.
    """
    names = Names(app.detector)
    finder: Finder | None = None
    worked = Worked()
    while not stop() and (claims is None or worked.claims < claims):
        with (
            suppress(StaleBatchError),  # another one was quicker: what it left is next
            collector_at_rest(),
            app.store.claim(worker, limit, app.clock()) as claim,
        ):
            if claim is None:
                break
            if finder is None:
                finder = Finder(app)
                app.store.add_routes(finder.routes, app.clock())
            worked = worked.and_also(len(claim.posts), _work_off(app, claim, finder, names))
    return worked


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
