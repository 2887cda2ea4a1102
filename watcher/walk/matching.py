"""The second step: every rule over the posts not matched yet, every brand over the accounts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rules.lookalike.context import Own
from watcher.app import App
from watcher.dispatch import Dispatch
from watcher.impostors.suspicion import (
    find_accounts,
    look_at_links_again,
    own_accounts,
)
from watcher.rates import rate
from watcher.store import SavedMatches
from watcher.walk.finding import Finder
from watcher.walk.stopping import never
from watcher.walk.working import work

BATCH = 1000
"""Posts matched in one transaction: large enough to be quick, small enough to bound memory."""

LEADER = "leader"
"""As whom the process that keeps the schedule works off the log."""


@dataclass(frozen=True, kw_only=True)
class Matched:
    """What matching found; `posts` counts the posts looked at."""

    posts: int = 0
    matches: int = 0
    suspects: int = 0
    changed: int = 0
    """Suspects judged before of which something new is to be told."""
    alarms: int = 0
    rates_failed: Mapping[str, str] = field(default_factory=dict)
    """What went wrong with the rate of a rule; it is judged again at the next turn."""
    rates_cut: tuple[str, ...] = ()
    """Rules of which more matches were to be counted than are read at once."""
    trouble: str = ""
    """What keeps parts of the log from being worked off; everything else was done."""


def match(app: App, *, stop: Callable[[], bool] = never, claims: int | None = None) -> Matched:
    """Run every rule over the posts not matched yet, and the detector over unexamined accounts.

    Where posts go through the log, what waits there is worked off first, as any worker does, with
    at most so many `claims`.

    Findings, queue entries and "done" are one transaction per batch; `stop()` is asked between two.
    Accounts that resemble a brand are examined again when they change, post, or when a picture of
    theirs was looked at. No network is asked for anything.
    Then the rates judge how often each rule matched. Raises `StoreError`.
    """
    app.store.reexamine_all(app.detector.fingerprint)
    posts = matches = suspects = changed = 0
    trouble = ""
    own = own_accounts(app)
    finder = Finder(app)
    if app.config.uses_log:
        app.store.take_up(finder.routes, finder.forms, app.clock())
        worked = work(app, app.worker or LEADER, stop=stop, claims=claims)
        posts, matches = worked.posts, worked.matches
        suspects, changed, trouble = worked.suspects, worked.changed, worked.trouble
    while not stop() and (batch := app.store.unmatched(BATCH)).posts:
        seen = finder.look(batch.posts, own)
        found = seen.findings
        saved = app.store.save_matches(
            batch,
            found.found,
            found.suspects,
            finder.routes,
            app.clock(),
            faint=found.faint,
            copies=finder.copies(batch.posts, seen.told, app.store.originals),
            untold=found.untold,
            realert=found.realert,
            spoken=found.spoken,
            brands=finder.forms,
            places=seen.places,
            left_out=found.left_out,
        )
        posts += len(batch.posts)
        matches += saved.matches
        suspects += saved.suspects
        changed += saved.changed
    examined = _examine(app, own, stop)
    suspects += sum(one.suspects for one in examined)
    suspects += look_at_links_again(app, own, BATCH, stop=stop)
    judged = rate(app, stop=stop)
    return Matched(
        posts=posts,
        matches=matches,
        suspects=suspects,
        changed=changed + sum(one.changed for one in examined),
        alarms=judged.alarms,
        rates_failed=judged.failed,
        rates_cut=tuple(sorted(judged.cut)),
        trouble=trouble,
    )


def examine(app: App, *, stop: Callable[[], bool] = never) -> int:
    """Hold the accounts not examined in their present form against all brands, as `match` does.

    Return how many suspects are new. `stop()` is asked between two batches. Raises `StoreError`.
    """
    return sum(one.suspects for one in _examine(app, own_accounts(app), stop))


def _examine(app: App, own: Sequence[Own], stop: Callable[[], bool]) -> list[SavedMatches]:
    """Hold every account not examined yet against all brands; return what each batch brought."""
    done = []
    while not stop() and (accounts := app.store.unexamined(BATCH)):
        found = find_accounts(app, accounts, own)
        dispatch = Dispatch(app)
        done.append(
            app.store.save_suspects(
                accounts,
                found.suspects,
                dispatch.routes,
                app.clock(),
                faint=found.faint,
                upto=found.upto,
                places=dispatch.suspects((*found.suspects, *found.faint)),
            )
        )
    return done
