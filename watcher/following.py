"""Carries out the follows that were approved, and takes them back: `alerts.follow` put to work.

A proposal is claimed before the network is asked and decided after, so that a person's refusal and
the service never cross, and a crash in between is taken up again.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from alerts import AutoFollow
from alerts.follow import (
    LASTING,
    FollowOutcome,
    Gate,
    Refusal,
    allowance,
    carry_out,
    next_follow,
    undo,
)
from alerts.model import FollowError, FollowHalt, ProposalState
from rules.model import Account
from watcher.app import App
from watcher.backends.interface import BackendError, KnowsItself, Network, Notice, Relation
from watcher.store import ProposalRecord
from watcher.store.follows import WATCHER

PAUSE = timedelta(minutes=15)
"""How long a channel follows nobody, at least, after a network asked for a pause."""
LONGEST_PAUSE = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What carrying out the approved follows did, a line for each."""

    lines: tuple[str, ...] = ()
    error: str = ""
    """Why no further follow was tried, empty where nothing went wrong."""
    held: tuple[str, ...] = ()
    """Which channels follow nobody now though somebody is approved, and why."""


def follow(app: App, *, asked: bool = False, really: bool = False) -> Followed:
    """Carry out approved follows within each channel's budget.

    Channels in a dry run are left alone, unless a person `asked`: then they tell what they would
    do, and do it if the person said `really`. A channel whose network asked for a pause follows
    nobody for a quarter of an hour or as long as the network said; one that was blocked, refused or
    warned by moderators follows nobody before a person says `watcher follows resume`. One failing
    channel stops no other. Raises `StoreError`.
    """
    lines: list[str] = []
    errors: list[str] = []
    held: list[str] = []
    for channel in app.config.channels:
        if not isinstance(channel, AutoFollow) or not (asked or not channel.dry_run):
            continue
        run = _Run(app, channel, dry_run=channel.dry_run and not really)
        try:
            for line in run.lines():
                lines.append(line)  # noqa: PERF402 - what was done before an error is told too
        except (BackendError, FollowError) as error:
            errors.append(f"{channel.name}: {error}")
        if run.held:
            held.append(f"{channel.name}: {run.held}")
    return Followed(lines=tuple(lines), error="; ".join(errors), held=tuple(held))


class _Run:
    """One channel's follows at one moment."""

    def __init__(self, app: App, channel: AutoFollow, *, dry_run: bool) -> None:
        self._app, self._channel, self._dry_run = app, channel, dry_run
        self.held = ""
        """Why nobody is followed though somebody is approved; empty where that is not so."""

    def lines(self) -> Iterator[str]:
        """Follow whom the channel may; yield a line for each."""
        store, now = self._app.store, self._app.clock()
        name = self._channel.name
        due = [
            record
            for state in (ProposalState.TRYING, ProposalState.APPROVED)
            for record in store.proposals(state=state, channel=name, limit=self._channel.per_day)
        ]
        if not due:
            return
        pace = store.pace(name, now)
        allowed = allowance(self._channel, pace, now, self._app.config.timezone)
        if not allowed.follows:
            self.held = allowed.why
            return
        with _follower(self._app, self._channel) as follower:
            if self._dry_run:
                for record in due[: allowed.follows]:
                    outcome = carry_out(record.proposal, follower, dry_run=True)
                    yield f"dry run: {outcome.detail} ({record.proposal.reason})"
                return
            self._heed_moderators(follower)
            gate = self._gate()
            for record in due[: allowed.follows]:
                yield self._follow_one(record, follower, gate)

    def _gate(self) -> Gate:
        return Gate(
            channel=self._channel,
            brands=self._app.config.brands,
            known={},
            suspects=self._app.store.suspect_accounts(),
            now=self._app.clock(),
        )

    def _heed_moderators(self, follower: "Followers") -> None:
        """Stop the channel where moderators told our account something new."""
        store, name = self._app.store, self._channel.name
        seen = store.notices_seen(name)
        news = [one for one in follower.notices() if one.name not in seen]
        if news:
            why = f"moderators say: {news[0].said}"
            store.stop_follows(name, why, self._app.clock(), [one.name for one in news])
            raise FollowError(why, halt="stop", help=_resume(name))

    def _follow_one(self, record: ProposalRecord, follower: "Followers", gate: Gate) -> str:
        """Claim one proposal, ask the network, write down what became of it."""
        store, clock = self._app.store, self._app.clock
        called = f"@{record.proposal.account.handle}"
        if record.proposal.account.key in gate.suspects:
            detail = "is now suspected of borrowing a brand's name"
            store.decide(record.id, ProposalState.REFUSED, detail, WATCHER, clock())
            return f"{called}: {detail}; not followed"
        resumed = record.state == ProposalState.TRYING
        if not resumed:
            why = str(record.proposal.reason)
            store.decide(record.id, ProposalState.TRYING, why, WATCHER, clock())

        def look_again(account: Account) -> Refusal | None:
            refusal = gate.refusal(account, addressed=record.proposal.clause == "addressed-us")
            # Whoever approved it saw the rest, and may well mean it.
            is_lasting = refusal is not None and refusal.clause in LASTING
            return refusal if is_lasting or record.by == WATCHER else None

        outcome = carry_out(
            record.proposal, follower, dry_run=False, resumed=resumed, look_again=look_again
        )
        self._write_down(record, outcome)
        if outcome.halt:
            self._halt(record, outcome)
        return f"{called}: {outcome.detail}"

    def _write_down(self, record: ProposalRecord, outcome: FollowOutcome) -> None:
        now = self._app.clock()
        if outcome.state is ProposalState.TRYING:
            self._app.store.record_follow(record.id, outcome.event, outcome.detail, now)
            return
        until = next_follow(self._channel, now, self._app.random)
        self._app.store.decide(record.id, outcome.state, outcome.detail, WATCHER, now, until=until)

    def _halt(self, record: ProposalRecord, outcome: FollowOutcome) -> None:
        store, now, name = self._app.store, self._app.clock(), self._channel.name
        if outcome.halt == "stop":
            store.record_follow(record.id, "stopped", outcome.detail, now)
            store.stop_follows(name, outcome.detail, now, ())
            raise FollowError(outcome.detail, halt="stop", help=_resume(name))
        pause = min(max(outcome.retry_after or PAUSE, PAUSE), LONGEST_PAUSE)
        store.record_follow(record.id, "paused", outcome.detail, now)
        store.pause_follows(name, outcome.detail, now + pause, now)
        raise FollowError(outcome.detail, halt="pause")


def _resume(channel: str) -> str:
    return f"nobody is followed before somebody says `watcher follows resume {channel}`"


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

    def account(self, account: Account) -> Account | None:
        """Ask how an account presents itself now."""
        with self._translated():
            found = self._network.lookup(account.handle)
        return found if found is not None and found.id == account.id else None

    def notices(self) -> tuple[Notice, ...]:
        """Ask what moderators told our account, where the network tells it."""
        if not isinstance(self._network, KnowsItself):
            return ()
        with self._translated():
            return self._network.ourselves().notices

    def follow(self, account_id: str) -> Relation:
        """Follow, once however often it is asked."""
        with self._translated(follows=True):
            return self._network.follow(account_id)

    def unfollow(self, account_id: str) -> None:
        """Undo a follow or the request for one."""
        with self._translated():
            self._network.unfollow(account_id)

    @contextmanager
    def _translated(self, *, follows: bool = False) -> Iterator[None]:
        """Translate errors. Who is refused a follow itself is told something by the network."""
        try:
            yield
        except BackendError as error:
            seconds = error.retry_after
            halts: dict[str, FollowHalt] = {
                "temporary": "pause",
                "refused": "stop" if follows else "pause",
            }
            raise FollowError(
                error.message,
                halt=halts.get(error.kind, ""),
                gone=error.kind == "gone",
                uncertain=follows and error.kind == "temporary" and seconds is None,
                retry_after=None if seconds is None else timedelta(seconds=min(seconds, 10**6)),
                help=error.help,
            ) from error
