"""The walk of a post: pull, match, index, plan, deliver; beside it follow and forget.

Each step starts from what the store says is left to do, so running it again after a crash is the
whole of recovery. Each returns what it did; none prints. What fails in one source, channel or
recipient is recorded and told, and the rest goes on.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts import AutoFollow, Channel, EmailDigest
from alerts.digest import Digest, compose
from alerts.follow import allowance, carry_out, propose, undo
from alerts.model import (
    DeliveryError,
    DeliveryState,
    FollowError,
    ProposalState,
    Sender,
    Waiting,
)
from alerts.render import Rendered, mails, render
from alerts.retry import next_attempt
from alerts.schedule import Slot
from rules import KeywordRule
from rules.errors import WatcherError
from rules.model import Verdict
from watcher.app import App
from watcher.backends import AnySource
from watcher.backends.interface import BackendError, Network, Relation
from watcher.store import ClaimedDelivery, ProposalRecord

log = logging.getLogger("watcher")

BATCH = 1000
"""Posts matched in one transaction: large enough to be quick, small enough to bound memory."""

MOST_MENTIONS = 20_000
"""Mentions read into memory for one digest; what waits beyond is counted in it as "N more"."""

MOST_SUSPECTED = 100_000


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


def match(app: App, *, stop: Callable[[], bool] = never) -> Matched:
    """Run every rule over the posts not matched yet, and the detector over unexamined accounts.

    Findings, queue entries and "done" are one transaction per batch; `stop()` is asked between two.
    Raises `StoreError`.
    """
    routes = {rule.name: rule.then for rule in app.config.rules if rule.enabled}
    posts = matches = suspects = 0
    while not stop() and (batch := app.store.unmatched(BATCH)).posts:
        saved = app.store.save_matches(
            batch,
            app.matcher.match(batch.posts),
            app.detector.domains(batch.posts),
            routes,
            app.clock(),
        )
        posts += len(batch.posts)
        matches += saved.matches
        suspects += saved.suspects
    while not stop() and (accounts := app.store.unexamined(BATCH)):
        found = app.store.save_suspects(
            accounts, app.detector.accounts(accounts), routes, app.clock()
        )
        suspects += found.suspects
    return Matched(posts=posts, matches=matches, suspects=suspects)


def index(app: App, progress: Callable[[int, int], None] | None = None) -> int:
    """Bring the index up to the store's newest post; return how many posts were added."""
    return app.index.catch_up(app.store, progress=progress)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What planning wrote down: one digest of a channel, or the follows it proposes."""

    channel: str
    mails: int = 0
    proposals: int = 0
    refused: int = 0
    """Accounts considered for a follow that a clause of the policy kept out."""
    error: str = ""


def plan(app: App) -> tuple[Planned, ...]:
    """Ask each channel whether it is due and freeze what waits for it; return those that acted.

    A failing channel is told in its `Planned.error` and stops no other.
    """
    # Follows first, so that a digest written now can tell of them.
    channels = sorted(app.config.channels, key=lambda channel: isinstance(channel, EmailDigest))
    planned = []
    for channel in channels:
        try:
            result = _plan_channel(app, channel)
        except WatcherError as error:
            log.error("channel %s: %s", channel.name, error)  # noqa: TRY400
            result = Planned(channel=channel.name, error=str(error))
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
    if slot is None:
        return None
    waiting, digest = _digest(app, channel, slot, now)
    if digest.is_silent:
        app.store.skip_slot(channel.name, slot.at, now)
        return None
    outgoing = mails(
        app.templates, digest, app.config.mail.sender_address, contact=app.config.contact
    )
    if app.store.freeze(channel.name, slot.at, waiting, outgoing, now, digest.summary) is None:
        return None
    return Planned(channel=channel.name, mails=len(outgoing))


def _digest(app: App, channel: EmailDigest, slot: Slot, now: datetime) -> tuple[Waiting, Digest]:
    told = app.store.told_until(channel.name)
    since = max(slot.since, told) if told and told < now else slot.since
    waiting = app.store.waiting(
        channel.name,
        since,
        now,
        limit=MOST_MENTIONS,
        sources=[source.name for source in app.config.sources if source.enabled],
    )
    # Look-alike rules find names, not posts: what they found is told as suspects.
    finding = {rule.name for rule in app.config.rules if isinstance(rule, KeywordRule)}
    volumes = tuple(one for one in waiting.volumes if one.rule in finding)
    waiting = replace(waiting, volumes=volumes)
    return waiting, compose(channel, waiting, slot, now, app.config.brands, app.config.timezone)


def preview(app: App, channel: EmailDigest) -> Rendered:
    """Return what the channel would mail now; nothing is frozen, sent or marked as told."""
    now = app.clock()
    last = app.store.last_slot(channel.name)
    slot = channel.due(last, now, app.config.timezone) or Slot(
        at=now, since=last or now - timedelta(days=1), late=False
    )
    return render(app.templates, _digest(app, channel, slot, now)[1])


def _plan_follows(app: App, channel: AutoFollow) -> Planned | None:
    now = app.clock()
    waiting = app.store.waiting(channel.name, now - timedelta(days=1), now, limit=MOST_MENTIONS)
    if not waiting.mentions:
        return None
    judged = propose(
        channel,
        waiting,
        app.config.brands,
        app.store.proposed_accounts(),
        now,
        suspects=_suspected(app),
    )
    saved = app.store.save_proposals(channel.name, waiting, judged.proposals, now)
    return Planned(channel=channel.name, proposals=saved, refused=len(judged.refusals))


def _suspected(app: App) -> frozenset[str]:
    """Return the subjects that nobody has cleared: they are never proposed."""
    return frozenset(
        record.suspect.subject
        for verdict in (Verdict.OPEN, Verdict.CONFIRMED)
        for record in app.store.suspects(verdict=verdict, limit=MOST_SUSPECTED)
    )


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
    counts = {"sent": 0, "pending": 0, "failed": 0, "parked": 0}
    answers: list[str] = []
    sender: Sender | None = None
    try:
        while not stop() and (claimed := app.store.claim_delivery(app.clock())):
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


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What carrying out the approved follows did, a line for each."""

    lines: tuple[str, ...] = ()
    error: str = ""
    """Why no further follow was tried, empty where nothing went wrong."""


def follow(app: App, *, dry_run: bool | None = None) -> Followed:
    """Carry out approved follows within each channel's budget; `dry_run` overrides the channels'.

    "Trying" is written to the audit trail before the network is asked, the outcome after. An
    account that turns out to be followed already counts as followed, so a crash in between repeats
    nothing. An error that asks for a pause ends the channel's follows for now.
    """
    lines: list[str] = []
    errors: list[str] = []
    for channel in app.config.channels:
        if isinstance(channel, AutoFollow):
            try:
                lines += _follow_channel(app, channel, dry_run)
            except (BackendError, FollowError) as error:
                errors.append(f"{channel.name}: {error}")
    return Followed(lines=tuple(lines), error="; ".join(errors))


def _follow_channel(app: App, channel: AutoFollow, dry_run: bool | None) -> list[str]:
    now = app.clock()
    approved = app.store.proposals(
        state=ProposalState.APPROVED, channel=channel.name, limit=channel.per_day
    )
    budget = allowance(
        channel,
        app.store.follows_since(channel.name, now - timedelta(days=1)),
        app.store.last_follow(channel.name),
        now,
    )
    if not approved or not budget:
        return []
    dry = channel.dry_run if dry_run is None else dry_run
    with _follower(app, channel) as follower:
        return [_follow_one(app, record, follower, dry=dry) for record in approved[:budget]]


def _follow_one(app: App, record: ProposalRecord, follower: "Followers", *, dry: bool) -> str:
    called = f"@{record.proposal.account.handle}"
    if not dry:
        app.store.record_follow(record.id, "trying", str(record.proposal.reason), app.clock())
    outcome = carry_out(record.proposal, follower, dry_run=dry)
    if dry:
        return f"dry run: {outcome.detail} ({record.proposal.reason})"
    if outcome.state == record.state:
        app.store.record_follow(record.id, outcome.event, outcome.detail, app.clock())
    else:
        app.store.decide(record.id, outcome.state, outcome.detail, "watcher", app.clock())
    if outcome.stop:
        raise FollowError(outcome.detail, stop=True)
    return f"{called}: {outcome.detail}"


def undo_follow(app: App, proposal: int, by: str) -> str:
    """Take back the follow that a proposal led to; return what happened in one line.

    Raises `NoSuchRecordError`, `BackendError`.
    """
    record = app.store.proposal(proposal)
    channel = next(
        (
            one
            for one in app.config.channels
            if isinstance(one, AutoFollow) and one.name == record.proposal.channel
        ),
        None,
    )
    if channel is None:
        raise FollowError(
            f"the channel {record.proposal.channel} that followed is not configured any more",
            help="put it back into the configuration to undo its follows",
        )
    with _follower(app, channel) as follower:
        outcome = undo(record.proposal, follower)
    if outcome.state == record.state:
        app.store.record_follow(record.id, outcome.event, outcome.detail, app.clock())
    else:
        app.store.decide(record.id, outcome.state, outcome.detail, by, app.clock())
    return f"@{record.proposal.account.handle}: {outcome.detail}"


@contextmanager
def _follower(app: App, channel: AutoFollow) -> Iterator["Followers"]:
    """Open the network on which a channel follows."""
    source = next(one for one in app.config.sources if one.name == channel.source)
    with closing(source.open(app.config.folder)) as reader:
        if not isinstance(reader, Network):
            raise FollowError(f"nobody can be followed on {channel.source}")
        yield Followers(reader)


class Followers:
    """A backend as the follow policy sees it (`alerts.model.Follower`): its errors translated."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def relation(self, account_id: str) -> Relation:
        """Ask how our account stands to this one."""
        with self._translated():
            return self._network.relation(account_id)

    def follow(self, account_id: str) -> Relation:
        """Follow, once however often it is asked."""
        with self._translated():
            return self._network.follow(account_id)

    def unfollow(self, account_id: str) -> None:
        """Undo a follow or the request for one."""
        with self._translated():
            self._network.unfollow(account_id)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except BackendError as error:
            stop = error.kind in ("temporary", "refused")
            raise FollowError(error.message, stop=stop, help=error.help) from error


def forget(app: App) -> int:
    """Remove posts older than the configuration keeps them; return how many went."""
    gone = app.store.forget_before(app.clock() - timedelta(days=app.config.store.keep_days))
    if gone:
        app.index.forget(app.store)
    return gone
