"""The second step: every rule over the posts not matched yet, every brand over the accounts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rules import KeywordRule
from rules.copies import COPIES_FOR, MOST_KNOWN, find_copies
from rules.lookalike.context import Own
from rules.model import Match, Post
from watcher.app import App
from watcher.dispatch import Dispatch
from watcher.impostors.suspicion import (
    find_accounts,
    find_links,
    look_at_links_again,
    own_accounts,
)
from watcher.rates import rate
from watcher.store import Batch, SavedMatches
from watcher.walk.stopping import never

BATCH = 1000
"""Posts matched in one transaction: large enough to be quick, small enough to bound memory."""


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


def match(app: App, *, stop: Callable[[], bool] = never) -> Matched:
    """Run every rule over the posts not matched yet, and the detector over unexamined accounts.

    Findings, queue entries and "done" are one transaction per batch; `stop()` is asked between two.
    Accounts that resemble a brand are examined again when they change, post, or when a picture of
    theirs was looked at. No network is asked for anything.
    Then the rates judge how often each rule matched. Raises `StoreError`.
    """
    app.store.reexamine_all(app.detector.fingerprint)
    rules = [rule for rule in app.config.rules if isinstance(rule, KeywordRule)]
    untold = {rule.name for rule in rules if rule.rate}
    realert = {rule.name: rule.silence for rule in rules if rule.silence and not rule.rate}
    posts = matches = suspects = changed = 0
    own = own_accounts(app)
    hearing = app.hearing.corrected(app.store.tone_corrections())
    telling = app.relevances.now(app.store)
    while not stop() and (batch := app.store.unmatched(BATCH)).posts:
        found = app.matcher.match(batch.posts)
        links = find_links(app, batch.posts, own)
        dispatch = Dispatch(app)
        told = [one for one in found if one.rule not in untold]
        spoken = telling.weigh(batch.posts, hearing.find(batch.posts))
        left_out = telling.left_out(found, spoken)
        raised = dispatch.suspects((*links.suspects, *links.faint))
        saved = app.store.save_matches(
            batch,
            found,
            links.suspects,
            dispatch.routes,
            app.clock(),
            faint=links.faint,
            copies=_copies(
                app, batch, [one for one in found if (one.rule, one.post) not in left_out]
            ),
            untold=untold,
            realert=realert,
            spoken=spoken,
            brands=hearing.forms,
            places={**dispatch.posts(batch.posts, told), **raised},
            left_out=left_out,
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


def _copies(app: App, batch: Batch, found: Sequence[Match]) -> dict[tuple[str, str], str]:
    """Which of the matches only repeat what their rule found before, for the rules that ask."""
    how = {
        rule.name: rule.dedupe
        for rule in app.config.rules
        if isinstance(rule, KeywordRule) and rule.dedupe != "none"
    }
    posts = {post.key: post for post in batch.posts}
    of_rule: dict[str, list[Post]] = {}
    for one in found:
        if one.rule in how:
            of_rule.setdefault(one.rule, []).append(posts[one.post])
    since = app.clock() - COPIES_FOR
    copies: dict[tuple[str, str], str] = {}
    for name, new in of_rule.items():
        known = app.store.originals(name, since, MOST_KNOWN)
        for key, original in find_copies(how[name], known, new):
            copies[name, key] = original
    return copies
