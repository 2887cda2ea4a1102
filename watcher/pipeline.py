"""The walk of a post: pull, match (and judge rates), index, plan, deliver; at its end, forget.

Each step starts from what the store says is left to do, so running it again after a crash is the
whole of recovery. Each returns what it did; none prints. What fails in one source, channel or
recipient is recorded and told, and the rest goes on.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from alerts import AutoFollow, Channel, EmailDigest
from alerts.follow import propose
from alerts.model import (
    DeliveryError,
    DeliveryState,
    Sender,
)
from alerts.retry import next_attempt
from rules import KeywordRule
from rules.copies import COPIES_FOR, MOST_KNOWN, find_copies
from rules.errors import WatcherError
from rules.lookalike.context import Own
from rules.model import Match, Post
from watcher.app import App
from watcher.backends import AnySource
from watcher.backends.interface import BackendError
from watcher.impostors.suspicion import (
    find_accounts,
    find_links,
    look_at_links_again,
    look_at_pictures,
    own_accounts,
)
from watcher.mailing import MOST_MENTIONS, digest_of, mails_of, renew
from watcher.rates import rate
from watcher.store import Batch, ClaimedDelivery, SavedMatches, StoreError

log = logging.getLogger("watcher")

BATCH = 1000
"""Posts matched in one transaction: large enough to be quick, small enough to bound memory."""


def never() -> bool:
    """Tell a step that nobody wants it to stop early."""
    return False


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """What one pull of a source brought."""

    source: str
    new: int = 0
    known: int = 0
    skipped: int = 0
    skipped_first: tuple[str, ...] = ()
    """The first skipped items, each as `where: why`."""
    error: str = ""
    """What ended the pull, empty when it reached the newest post."""


def pull(app: App, source: AnySource, *, stop: Callable[[], bool] = never) -> Pulled:
    """Read a source from its cursor on, page by page, until it is up to date or `stop()` says so.

    Each page is saved together with the cursor after it. A failing source is recorded, not raised;
    pages before the failure are kept. Raises `StoreError` where a page cannot be saved.
    """
    started = app.clock()
    new = known = skipped = 0
    first: list[str] = []
    error = ""
    stopped = False
    try:
        with closing(source.open(app.config.folder)) as reader:
            for page in reader.pages(app.store.cursor(source.name)):
                saved = app.store.save_page(source.name, page, app.clock())
                new += saved.new
                known += saved.known
                skipped += page.skipped_count
                first += [f"{item.where}: {item.why}" for item in page.skipped[: 10 - len(first)]]
                if stopped := page.more and stop():
                    break
    except BackendError as failure:
        error = str(failure)
    except StoreError as failure:
        with suppress(StoreError):  # the same full disk may refuse this too; freshness tells then
            app.store.record_pull(
                source.name, started, app.clock(), reached_newest=False, error=str(failure)
            )
        raise
    app.store.record_pull(
        source.name, started, app.clock(), reached_newest=not error and not stopped, error=error
    )
    return Pulled(
        source=source.name,
        new=new,
        known=known,
        skipped=skipped,
        skipped_first=tuple(first),
        error=error,
    )


@dataclass(frozen=True, kw_only=True)
class Matched:
    """What matching found; `posts` counts the posts looked at."""

    posts: int = 0
    matches: int = 0
    suspects: int = 0
    changed: int = 0
    """Suspects judged before of which something new is to be told."""
    pictures_failed: int = 0
    """Pictures of accounts that could not be had, or not be read."""
    alarms: int = 0
    rates_failed: Mapping[str, str] = field(default_factory=dict)
    """What went wrong with the rate of a rule; it is judged again at the next turn."""
    rates_cut: tuple[str, ...] = ()
    """Rules of which more matches were to be counted than are read at once."""


def match(app: App, *, stop: Callable[[], bool] = never) -> Matched:
    """Run every rule over the posts not matched yet, and the detector over unexamined accounts.

    Findings, queue entries and "done" are one transaction per batch; `stop()` is asked between two.
    Accounts that resemble a brand are examined again when they change, post, or show a picture.
    Then the rates judge how often each rule matched. Raises `StoreError`.
    """
    app.store.reexamine_all(app.detector.fingerprint)
    routes = {rule.name: rule.then for rule in app.config.rules if rule.enabled}
    rules = [rule for rule in app.config.rules if isinstance(rule, KeywordRule)]
    untold = {rule.name for rule in rules if rule.rate}
    realert = {rule.name: rule.silence for rule in rules if rule.silence and not rule.rate}
    posts = matches = suspects = changed = 0
    own = own_accounts(app)
    while not stop() and (batch := app.store.unmatched(BATCH)).posts:
        found = app.matcher.match(batch.posts)
        links = find_links(app, batch.posts, own)
        saved = app.store.save_matches(
            batch,
            found,
            links.suspects,
            routes,
            app.clock(),
            faint=links.faint,
            copies=_copies(app, batch, found),
            untold=untold,
            realert=realert,
        )
        posts += len(batch.posts)
        matches += saved.matches
        suspects += saved.suspects
        changed += saved.changed
    examined = _examine(app, own, routes, stop)
    looked = look_at_pictures(app, own, stop=stop)
    if looked.pictures > looked.failed:  # what they show may raise somebody, or more
        examined += _examine(app, own_accounts(app), routes, stop)
    suspects += sum(one.suspects for one in examined)
    suspects += look_at_links_again(app, own, routes, BATCH, stop=stop)
    judged = rate(app, stop=stop)
    return Matched(
        posts=posts,
        matches=matches,
        suspects=suspects,
        changed=changed + sum(one.changed for one in examined),
        pictures_failed=looked.failed,
        alarms=judged.alarms,
        rates_failed=judged.failed,
        rates_cut=tuple(sorted(judged.cut)),
    )


def examine(app: App, *, stop: Callable[[], bool] = never) -> int:
    """Hold the accounts not examined in their present form against all brands, as `match` does.

    Return how many suspects are new. `stop()` is asked between two batches. Raises `StoreError`.
    """
    routes = {rule.name: rule.then for rule in app.config.rules if rule.enabled}
    return sum(one.suspects for one in _examine(app, own_accounts(app), routes, stop))


def _examine(
    app: App, own: Sequence[Own], routes: Mapping[str, Sequence[str]], stop: Callable[[], bool]
) -> list[SavedMatches]:
    """Hold every account not examined yet against all brands; return what each batch brought."""
    done = []
    while not stop() and (accounts := app.store.unexamined(BATCH)):
        found = find_accounts(app, accounts, own)
        done.append(
            app.store.save_suspects(
                accounts, found.suspects, routes, app.clock(), faint=found.faint, upto=found.upto
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


def index(app: App, progress: Callable[[int, int], None] | None = None) -> int:
    """Bring the index up to the store's newest post; return how many posts were added.

    Words of posts that left the store leave the index's files when they are due.
    """
    added = app.index.catch_up(app.store, progress=progress)
    _leave_index(app)
    return added


def _leave_index(app: App) -> None:
    if left := app.store.departures(app.clock()):
        app.index.forget(app.store, left)
        app.store.left_index(left)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What planning wrote down: one digest of a channel, or the follows it proposes."""

    channel: str
    mails: int = 0
    proposals: int = 0
    refused: int = 0
    """Accounts considered for a follow that a clause of the policy kept out."""
    error: str = ""


def plan(app: App, *, only_instant: bool = False) -> tuple[Planned, ...]:
    """Ask each channel whether it is due and freeze what waits for it; return those that acted.

    `only_instant` leaves the digests with a time of their own for later.
    A failing channel is told in its `Planned.error` and stops no other.
    """
    # Follows first, so that a digest written now can tell of them.
    channels = sorted(app.config.channels, key=lambda channel: isinstance(channel, EmailDigest))
    planned = []
    for channel in channels:
        if only_instant and isinstance(channel, EmailDigest) and channel.send != "instant":
            continue
        try:
            result = _plan_channel(app, channel)
        except WatcherError as error:
            result = Planned(channel=channel.name, error=str(error))
        except Exception as error:  # one channel's error must not silence all the others
            log.exception("channel %s failed as nobody foresaw", channel.name)
            result = Planned(
                channel=channel.name, error=f"an error in the watcher ({type(error).__name__})"
            )
        if result:
            planned.append(result)
    return tuple(planned)


def _plan_channel(app: App, channel: Channel) -> Planned | None:
    match channel:
        case EmailDigest():
            return _plan_digest(app, channel)
        case AutoFollow():
            return _plan_follows(app, channel)


def _plan_digest(app: App, channel: EmailDigest) -> Planned | None:
    now = app.clock()
    slot = channel.due(app.store.last_slot(channel.name), now, app.config.timezone)
    if slot is None or (channel.send == "instant" and not app.store.has_waiting(channel.name)):
        return None
    waiting, digest = digest_of(app, channel, slot, now)
    if digest.is_silent:
        # An instant mail tells of all since the one before: its time begins with that, not here.
        if channel.send != "instant":
            app.store.skip_slot(channel.name, slot.at)
        return None
    outgoing = mails_of(app, channel, waiting, slot, now)
    frozen = app.store.freeze(
        channel.name,
        slot.at,
        waiting,
        outgoing,
        now,
        digest.summary,
        late=slot.late,
        first=slot.first,
    )
    if frozen is None:
        return None
    return Planned(channel=channel.name, mails=len(outgoing))


def _plan_follows(app: App, channel: AutoFollow) -> Planned | None:
    now = app.clock()
    waiting = app.store.waiting(channel.name, now - timedelta(days=1), now, limit=MOST_MENTIONS)
    # Names are examined after posts are matched: nobody is judged before it was seen who they are.
    if not waiting.mentions or app.store.unexamined(1):
        return None
    judged = propose(
        channel,
        waiting,
        app.config.brands,
        app.store.proposed_accounts(),
        now,
        suspects=app.store.suspect_accounts(),
    )
    saved = app.store.save_proposals(channel.name, waiting, judged.proposals, now)
    return Planned(channel=channel.name, proposals=saved, refused=len(judged.refusals))


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of the deliveries that were due."""

    sent: int = 0
    later: int = 0
    failed: int = 0
    parked: int = 0
    answers: tuple[str, ...] = ()
    """What the other side said where it did not take a mail; the first ten."""


def deliver(app: App, *, stop: Callable[[], bool] = never) -> Delivered:
    """Send every delivery that is due, until `stop()` says so. Raises `StoreError`.

    For each one:
    1. a conditional update claims it and notes the attempt, in one transaction;
    2. the sender connects and names the recipient;
    3. just before the first byte of the message, "handing over" is committed;
    4. the message goes out, byte for byte as it was frozen;
    5. the answer is recorded.
    A crash before 3 costs nothing. A crash between 3 and 5 leaves an uncertain attempt: it is made
    once more with the same bytes and Message-ID, and after a second uncertain one it is parked.
    """
    app.store.abandon_claims(app.clock())  # left by an attempt that could not be recorded
    renew(app)
    counts = {"sent": 0, "pending": 0, "failed": 0, "parked": 0}
    answers: list[str] = []
    sender: Sender | None = None
    try:
        while not stop() and (claimed := _claim(app)):
            if sender is None:
                sender = app.config.mail.open()
            state, answer = _attempt(app, sender, claimed)
            counts[state] += 1
            if answer and len(answers) < 10:
                answers.append(f"{claimed.delivery.recipient}: {answer}")
    finally:
        if sender is not None:
            sender.close()
    return Delivered(
        sent=counts["sent"],
        later=counts["pending"],
        failed=counts["failed"],
        parked=counts["parked"],
        answers=tuple(answers),
    )


def _claim(app: App) -> ClaimedDelivery | None:
    """Claim the next delivery that is due and whose channel is not in its quiet hours."""
    now = app.clock()
    quiet = [
        channel.name
        for channel in app.config.channels
        if isinstance(channel, EmailDigest)
        and not channel.timetable(app.config.timezone).is_open(now)
    ]
    return app.store.claim_delivery(now, except_channels=quiet)


def _attempt(app: App, sender: Sender, claimed: ClaimedDelivery) -> tuple[DeliveryState, str]:
    """Make one attempt; return the state it left and, where it was not sent, the answer."""
    delivery, attempt = claimed.delivery, claimed.attempt
    try:
        answer = sender.send(delivery, lambda: app.store.handing_over(attempt, app.clock()))
    except DeliveryError as error:
        now = app.clock()
        again = None
        if error.kind != "permanent":
            again = next_attempt(delivery.attempts + 1, delivery.created, now, app.random)
        state = app.store.record_outcome(
            attempt, now, outcome=error.kind, answer=str(error), next_attempt=again
        )
        return state, str(error)
    state = app.store.record_outcome(
        attempt, app.clock(), outcome="sent", answer=answer, next_attempt=None
    )
    return state, ""


def forget(app: App) -> int:
    """Remove posts older than the configuration keeps them; return how many went.

    What is left of people who were forgotten goes too.
    """
    now = app.clock()
    app.store.finish_forgetting(now)
    gone = app.store.forget_before(
        now - timedelta(days=app.config.store.keep_days),
        channels=[channel.name for channel in app.config.channels],
        sources={
            source.name: now - timedelta(days=source.keep_days)
            for source in app.config.sources
            if source.keep_days is not None
        },
    )
    app.index.forget(app.store)
    _leave_index(app)
    return gone
