"""Carries out the follows that were approved, and takes them back: `alerts.follow` put to work.

A proposal is claimed before the network is asked and decided after, so that a person's refusal and
the service never cross, and a crash in between is taken up again.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from alerts import AutoFollow
from alerts.follow import FollowOutcome, allowance, carry_out, undo
from alerts.model import FollowError, ProposalState
from watcher.app import App
from watcher.backends.interface import BackendError, Network, Relation
from watcher.store import ProposalRecord

PAUSE = timedelta(minutes=15)
"""How long a channel follows nobody after a network asked for a pause."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What carrying out the approved follows did, a line for each."""

    lines: tuple[str, ...] = ()
    error: str = ""
    """Why no further follow was tried, empty where nothing went wrong."""


def follow(app: App, *, asked: bool = False, really: bool = False) -> Followed:
    """Carry out approved follows within each channel's budget.

    Channels in a dry run are left alone, unless a person `asked`: then they tell what they would
    do, and do it if the person said `really`. A channel whose network asked for a pause follows
    nobody for a quarter of an hour. One failing channel stops no other. Raises `StoreError`.
    """
    lines: list[str] = []
    errors: list[str] = []
    for channel in app.config.channels:
        if isinstance(channel, AutoFollow) and (asked or not channel.dry_run):
            try:
                for line in _follow_channel(app, channel, dry_run=channel.dry_run and not really):
                    lines.append(line)  # noqa: PERF402 - what was done before an error is told too
            except (BackendError, FollowError) as error:
                errors.append(f"{channel.name}: {error}")
    return Followed(lines=tuple(lines), error="; ".join(errors))


def _follow_channel(app: App, channel: AutoFollow, *, dry_run: bool) -> Iterator[str]:
    now = app.clock()
    paused = app.store.paused_since(channel.name)
    if paused is not None and now - paused < PAUSE:
        return
    due = [
        record
        for state in (ProposalState.TRYING, ProposalState.APPROVED)
        for record in app.store.proposals(state=state, channel=channel.name, limit=channel.per_day)
    ]
    budget = allowance(
        channel,
        app.store.follows_since(channel.name, now - timedelta(days=1)),
        app.store.last_follow(channel.name),
        now,
    )
    if not due or not budget:
        return
    suspects = app.store.suspect_accounts()
    with _follower(app, channel) as follower:
        for record in due[:budget]:
            if dry_run:
                outcome = carry_out(record.proposal, follower, dry_run=True)
                yield f"dry run: {outcome.detail} ({record.proposal.reason})"
            else:
                yield _follow_one(app, record, follower, suspects)


def _follow_one(
    app: App, record: ProposalRecord, follower: "Followers", suspects: frozenset[str]
) -> str:
    """Claim one proposal, ask the network, write down what became of it."""
    called = f"@{record.proposal.account.handle}"
    if record.proposal.account.key in suspects:
        detail = "is now suspected of borrowing a brand's name"
        app.store.decide(record.id, ProposalState.REFUSED, detail, "watcher", app.clock())
        return f"{called}: {detail}; not followed"
    resumed = record.state == ProposalState.TRYING
    if not resumed:
        why = str(record.proposal.reason)
        app.store.decide(record.id, ProposalState.TRYING, why, "watcher", app.clock())
    outcome = carry_out(record.proposal, follower, dry_run=False, resumed=resumed)
    if outcome.stop:
        app.store.decide(record.id, ProposalState.APPROVED, outcome.detail, "watcher", app.clock())
        app.store.record_follow(record.id, "paused", outcome.detail, app.clock())
        raise FollowError(outcome.detail, stop=True)
    app.store.decide(record.id, outcome.state, outcome.detail, "watcher", app.clock())
    return f"{called}: {outcome.detail}"


def undo_follow(app: App, proposal: int, by: str) -> str:
    """Take back the follow that a proposal led to; return what happened in one line.

    Raises `NoSuchRecordError`, `FollowError`, `BackendError`.
    """
    record = app.store.proposal(proposal)
    channels = {one.name: one for one in app.config.channels if isinstance(one, AutoFollow)}
    channel = channels.get(record.proposal.channel)
    if channel is None:
        raise FollowError(
            f"the channel {record.proposal.channel} that followed is not configured any more",
            help="put it back into the configuration to undo its follows",
        )
    with _follower(app, channel) as follower:
        outcome = undo(record.proposal, follower)
    _write_down(app, record, outcome, by)
    return f"@{record.proposal.account.handle}: {outcome.detail}"


def _write_down(app: App, record: ProposalRecord, outcome: FollowOutcome, by: str) -> None:
    if outcome.state == record.state:
        app.store.record_follow(record.id, outcome.event, outcome.detail, app.clock())
    else:
        app.store.decide(record.id, outcome.state, outcome.detail, by, app.clock())


@contextmanager
def _follower(app: App, channel: AutoFollow) -> Iterator["Followers"]:
    """Open the network on which a channel follows."""
    source = next(one for one in app.config.sources if one.name == channel.source)
    with closing(source.open(app.config.folder, clock=app.clock)) as reader:
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
