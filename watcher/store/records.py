"""What the store hands out beside the shared words. All frozen; all times aware, in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from alerts.model import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    FollowProposal,
    Occasion,
    ProposalState,
)
from alerts.routing.silence import Silence
from rules.model import Account, Match, Post, Reason, Suspect, Verdict
from rules.rates import Alarm, Event


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPost:
    """A post and its `rid`: its number in the order of arrival, given once and for ever."""

    rid: int
    post: Post


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedPage:
    """What saving a page changed: posts that were new, and posts known already."""

    new: int
    known: int
    changed: int = 0
    """Posts known before that their authors have changed since."""
    gone: int = 0
    """Posts that were stored until the page said that they are deleted."""
    kept_out: int = 0
    """Posts that were deleted before, or are by somebody who was forgotten."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Posts that no rule has seen yet: those with `after < rid <= upto`. Empty when none are."""

    after: int
    upto: int
    posts: tuple[Post, ...]
    rids: tuple[int, ...]
    """The `rid` of each post, in the same order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedMatches:
    """What was really new: matches, suspects raised, and entries put in channels' queues."""

    matches: int = 0
    suspects: int = 0
    queued: int = 0
    changed: int = 0
    """Suspects judged before of which something new is to be told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FreshMatches:
    """Matches that no rate has judged yet: rows `after < row <= upto`, of the rules asked for."""

    after: int
    upto: int
    events: dict[str, tuple[Event, ...]]
    """By rule, in the order of writing; without the values that stand in the posts."""
    behind: Mapping[str, int | None] = field(default_factory=dict)
    """Of a rule that is behind the others: the match after which it has to go on, if any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedAlarms:
    """What was really new: alarms, and entries put in channels' queues."""

    alarms: int = 0
    queued: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmRecord:
    """An alarm as it was raised."""

    id: int
    alarm: Alarm
    raised: datetime
    ended: datetime | None = None
    """When it was found to be over; None while it goes on."""
    acknowledged: datetime | None = None
    acknowledged_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenAlarm:
    """An alarm that goes on, as far as is known."""

    id: int
    rule: str
    kind: str
    group: str
    since: datetime
    until: datetime
    going: datetime
    """When it was last seen to go on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingEntry:
    """One thing that waits for a channel: a post that a rule found, a suspect, or an alarm."""

    row: int
    rule: str
    post: Post | None = None
    suspect: Suspect | None = None
    alarm: Alarm | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldPosts:
    """How many posts of a rule wait until an alarm is over."""

    alarm: int
    alarm_rule: str
    rule: str
    posts: int
    is_over: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SilenceRecord:
    """A silence, and what became of it."""

    id: int
    silence: Silence
    ended_by: str
    """Who ended it before its time; empty where nobody did."""
    kept: int
    """How many findings it has kept back, each counted once for each channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceState:
    """How reading a source has gone so far."""

    name: str
    cursor: bool
    """Whether it has been read before and will go on from there."""
    posts: int
    """New posts it has brought, ever."""
    last_pull: datetime | None
    last_success: datetime | None
    """The end of the last pull that reached the newest post."""
    last_error: str
    """The newest failure, empty since a pull went well."""
    last_help: str
    """What to do about it; empty where nobody could say."""
    failures: int
    """Failures in a row."""
    behind: timedelta | None = None
    """How far a stream lay behind the present when it was read last; None for any other source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SkippedItem:
    """Something a source brought that could not be read as a post."""

    source: str
    at: datetime
    where: str
    why: str


Judgement = Literal["relevant", "irrelevant"]
"""What a person said of a match."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MatchRecord:
    """A match, the post it is about, and when it was found."""

    id: int
    match: Match
    post: Post
    found: datetime
    verdict: Judgement | None = None
    """What a person said of it last; None where nobody said anything, or took it back."""
    copy_of: int | None = None
    """The `id` of the match whose post says the same; None where it stands for itself."""
    left_out: str = ""
    """The brand that its post is taken for not about, so that it was not told; empty: it was."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgementRecord:
    """One thing a person said of a match; a verdict of None took back what was said before."""

    verdict: Judgement | None
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestRecord:
    """A digest that was frozen, and how its deliveries stand."""

    id: int
    channel: str
    slot: datetime
    created: datetime
    summary: str
    mentions: int
    suspects: int
    more: int
    deliveries: dict[DeliveryState, int]
    kind: Occasion = "digest"
    urgent: bool = False
    """Whether somebody is to acknowledge it."""
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    escalation: int | None = None
    """The digest that told others that nobody had."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """Urgent news that nobody has acknowledged."""

    id: int
    channel: str
    since: datetime
    created: datetime
    recipients: tuple[str, ...]
    alarms: bool
    """Whether it holds an alarm, or tells of a source that is not read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """A source that a channel was told is not read, and not yet that it is again."""

    source: str
    since: datetime
    """Since when it was not read."""
    told: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class OutdatedDigest:
    """A digest of which something was deleted or changed before all of it was sent."""

    id: int
    channel: str
    slot: datetime
    since: datetime
    created: datetime
    late: bool
    first: bool
    recipients: tuple[str, ...]
    """Those whose mail nobody has begun to hand over."""
    seen: int
    """How often it was marked when this was read."""
    kind: Occasion = "digest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """Deliveries that leave one after the other: all mails, or those to one recipient elsewhere."""

    kind: DeliveryKind
    channel: str = ""
    """Empty for mails: one server takes those of all channels."""
    recipient: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimedDelivery:
    """A delivery that this process, and no other, is to try now."""

    delivery: Delivery
    attempt: int
    """The attempt's number, for `handing_over` and `record_outcome`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryRecord:
    """How a delivery stands, without its bytes."""

    id: int
    digest: int
    channel: str
    recipient: str
    message_id: str
    kind: DeliveryKind
    """What it is: a mail ("email"), or what a channel of another kind hands over."""
    state: DeliveryState
    attempts: int
    uncertain: int
    created: datetime
    next_attempt: datetime | None
    settled: datetime | None
    """When it reached an end: sent, failed or parked."""
    answer: str
    """What the other side said last, in one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptRecord:
    """One attempt to send a mail."""

    started: datetime
    handed_over: datetime | None
    """When the message began to leave; it may have arrived since."""
    ended: datetime | None
    """None while it is under way, or was cut off."""
    outcome: str
    """`sent`, `permanent`, `temporary` or `uncertain`; empty while it has not ended."""
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountForm:
    """How an account presented itself until a moment; `until` is None for its present form."""

    handle: str
    display_name: str
    bio: str
    avatar: str
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictRecord:
    """One decision about a suspect."""

    verdict: Verdict
    note: str
    by: str
    at: datetime


SuspectEventKind = Literal[
    "raised", "rescored", "renamed", "changed", "judged", "noted", "returned"
]
"""What can happen to a suspect. `renamed`, `changed` and `rescored` tell what is new about it and
leave a verdict as it is; `returned` opens one that was judged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SuspectEvent:
    """One line of a suspect's history."""

    at: datetime
    kind: SuspectEventKind
    what: Reason | None = None
    """What was seen, in one sentence; None where a person did something."""
    score: float | None = None
    """The score after it; None where it has none to do with."""
    before: float | None = None
    """The score before it; None for the first one."""
    by: str = ""
    """Who judged or noted; empty where the watcher itself saw something."""
    note: str = ""
    verdict: Verdict | None = None
    """The verdict of a `judged`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SuspectRecord:
    """A suspect as it stands."""

    id: int
    suspect: Suspect
    verdict: Verdict
    first_seen: datetime
    last_seen: datetime
    posts: int
    """How many stored posts are by the account, or link to the domain."""
    account: Account | None
    """The account as it presents itself now; None for a domain."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SuspectDetail:
    """A suspect with all that helps to judge it."""

    record: SuspectRecord
    forms: tuple[AccountForm, ...]
    """The account's forms, newest first, the present one included; empty for a domain."""
    verdicts: tuple[VerdictRecord, ...]
    """Oldest first."""
    posts: tuple[Post, ...]
    """The newest posts by or with it."""
    history: tuple[SuspectEvent, ...] = ()
    """All that became of it, oldest first, the verdicts included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowEvent:
    """One line of the audit trail of a proposed follow."""

    at: datetime
    event: str
    detail: str
    by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposalRecord:
    """A proposed follow as it stands."""

    id: int
    proposal: FollowProposal
    created: datetime
    decided: datetime | None
    by: str
    note: str

    @property
    def state(self) -> ProposalState:
        """Where it stands."""
        return self.proposal.state


@dataclass(frozen=True, kw_only=True, slots=True)
class PassedOver:
    """An account that a channel considered and left alone."""

    account: Account
    channel: str
    clause: str
    reason: Reason
    at: datetime
    """When it did so last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unspoken:
    """An account that was followed long ago and has not spoken of the brand since."""

    record: ProposalRecord
    followed: datetime
    newest: datetime | None
    """When it wrote the newest post that is stored, of whatever; None where none is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The figures of `watcher status`."""

    posts: int
    newest_post: datetime | None
    """When the newest post was saved."""
    unmatched: int
    """Posts that no rule has seen yet."""
    accounts: int
    unexamined: int
    """Accounts whose names the look-alike rules have not seen in their present form."""
    matches: int
    waiting: dict[str, int]
    """Entries in each channel's queue."""
    suspects: dict[Verdict, int]
    deliveries: dict[DeliveryState, int]
    proposals: dict[ProposalState, int]
    forgotten: int = 0
    """People who were forgotten and are kept out."""
