"""The words of the alert half: what waits for a channel, the digest made of it, and its delivery.

Nothing here knows SQL, a network or a clock: the service hands in what it stored and the time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol

from alerts.digest.volume import Voice
from rules.errors import WatcherError
from rules.model import Account, Match, Post, Reason, Suspect
from rules.rates import Alarm

LATE = timedelta(hours=1)
"""An alarm raised so long after its window says when it was noticed."""


DeliveryKind = Literal["email", "notify", "webhook", "feed"]
"""What a delivery's payload is, by the kind of the channel that it was made for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A post and every match of it that waits for one channel."""

    post: Post
    matches: tuple[Match, ...]
    copies: int = 0
    """Further posts that say the same, found by the same rule and not told of by themselves."""
    copyists: int = 0
    """Accounts that made these, the post's own author not counted."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """The number of each match in the store, by its rule: what an answer to a mail speaks of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RaisedAlarm:
    """An alarm that waits for one channel, with posts to show for it."""

    id: int
    alarm: Alarm
    raised: datetime
    posts: tuple[Post, ...] = ()
    """Those of its evidence that are still stored, newest first."""
    story: tuple[Reason, ...] = ()
    """What sets its posts apart, who said it first, and who carries it."""

    @property
    def is_over(self) -> bool:
        """Whether it only says that one told before is over."""
        return self.alarm.kind == "over"

    @property
    def until(self) -> datetime:
        """The end of its window, as far as it was over when the alarm was raised."""
        return min(self.alarm.until, self.raised)

    @property
    def is_late(self) -> bool:
        """Whether it was raised only long after the posts were written."""
        return self.raised - self.alarm.until > LATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """How well one source was watched between two moments; "nothing" and "not looked" differ."""

    source: str
    since: datetime
    until: datetime
    posts: int = 0
    """New posts that the source brought in this time."""
    skipped: int = 0
    """Items that came but could not be read."""
    left_out: int = 0
    """Posts that came and that the source is told not to keep."""
    pulls: int = 0
    failures: int = 0
    last_success: datetime | None = None
    """The end of the last pull that reached the newest post, ever."""
    last_error: str = ""
    """The newest failure since the last success, in one sentence; empty when all is well."""
    every: timedelta = timedelta()
    """How often the source is to be read: what is older than twice that is not fresh."""
    gaps: tuple[tuple[datetime, datetime, str], ...] = ()
    """Stretches (since, until, why) in which posts may have been missed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """How many posts of the period a rule matched, and of the one of the same length before it."""

    rule: str
    posts: int
    before: int | None
    """None when the rule was not yet watching then."""
    usual: float | None = None
    """What the same hours of the week usually bring; None while the rule is too young to say."""


class ProposalState(StrEnum):
    """Where a proposed follow stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    TRYING = "trying"
    """We are asking the network at this moment, or were when the process died."""
    REQUESTED = "requested"
    FOLLOWED = "followed"
    FAILED = "failed"
    UNDONE = "undone"
    EXPIRED = "expired"
    """Nobody decided in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """A clause of the follow policy that an account meets."""

    clause: str
    """Its stable name."""
    reason: Reason
    """What the account did. Its weight is the clause's points; 0 for what is only to be known."""

    @property
    def points(self) -> int:
        """By how much it raises the account among the others."""
        return int(self.reason.weight)


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowProposal:
    """An account that a channel proposes to follow. One per account, for ever: never twice."""

    account: Account
    channel: str
    rule: str
    post: str
    """Key of the post that led to it."""
    clause: str
    """The policy clause that decided, by its stable name (`addressed-us`, `spoke-of-brand`)."""
    reason: Reason
    state: ProposalState = ProposalState.PROPOSED
    private: bool = False
    """Whether it comes from private posts: outside the company it is not spoken of."""
    grounds: tuple[Ground, ...] = ()
    """Every clause that the account meets, the strongest first, then what is only to be known."""

    @property
    def points(self) -> int:
        """What its clauses come to: who has more is proposed first."""
        return sum(ground.points for ground in self.grounds)


Occasion = Literal["digest", "report", "escalation", "heartbeat", "blind"]
"""Why a message is written: for what waits; because nobody acknowledged one, nothing was said for
long, or a source is not read (or is again)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Everything that waits for one channel, with what a digest needs to know around it."""

    channel: str
    since: datetime
    until: datetime
    mentions: tuple[Mention, ...] = ()
    """Newest first."""
    alarms: tuple[RaisedAlarm, ...] = ()
    """The newest window first."""
    suspects: tuple[Suspect, ...] = ()
    """Highest score first."""
    news: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    """Of suspects among these that were judged before, by subject: what changed since, oldest
    first."""
    proposals: tuple[FollowProposal, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    volumes: tuple[Volume, ...] = ()
    voices: tuple[Voice, ...] = ()
    """How much was said of each brand, whatever the rules."""
    earlier: tuple[str, ...] = ()
    """Texts that the channel's rules found before the period: what its words are held against."""
    more: int = 0
    """Mentions that wait beyond those listed here, which a bound on memory kept out."""
    hidden: int = 0
    """What private posts told that is not listed, for whom the digest is not inside."""
    silenced: int = 0
    """Findings that silences kept from being told since the digest before; `notices` say which."""
    left_out: int = 0
    """Posts not told since they name a brand and are not about it; `notices` say which brand."""
    held: int = 0
    """Posts that wait until an alarm is over; `notices` say which."""
    retold: int = 0
    """Of the alarms that wait, how many were told before; `notices` say which."""
    routed: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    """Which routes brought what no rule sends here: by the key of a post, the subject of a suspect,
    or `alarm:` and the number of an alarm."""
    notices: tuple[Reason, ...] = ()
    """What is to be said beside the findings, calmly."""
    pressing: tuple[Reason, ...] = ()
    """What is to be said before them."""
    occasion: Occasion = "digest"
    """Why there is a message at all."""
    alarms_only: bool = False
    """Whether all but the alarms is left waiting."""
    mark: tuple[int, int] = (0, 0)
    """The store's own: its newest entry and their number, so that exactly these are taken later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMail:
    """A message made, mostly a mail, not yet stored: it becomes a `Delivery` in the store."""

    recipient: str
    message_id: str
    payload: bytes = field(repr=False)
    """The whole RFC 5322 message with CR LF line ends."""
    html: str = field(repr=False, default="")
    """The HTML part alone, to be looked at in a browser; empty for what is no mail."""
    kind: DeliveryKind = "email"
    """What the payload is: for other kinds than mail, what that kind of channel hands over."""
    token: str = ""
    """What the address holds at which this mail comes back; empty where nobody reads there."""


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    """To be sent when `next_attempt` has come."""
    SENDING = "sending"
    """Claimed; an attempt is under way."""
    SENT = "sent"
    FAILED = "failed"
    """Refused for good, or out of time."""
    PARKED = "parked"
    """Two attempts ended without an answer: a person decides, so that no third copy goes out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message to one recipient, byte for byte as it will be sent, however often."""

    id: int
    channel: str
    recipient: str
    message_id: str
    payload: bytes = field(repr=False)
    """The whole RFC 5322 message with CR LF line ends; for other kinds what their sender reads."""
    kind: DeliveryKind = "email"
    token: str = ""
    """What the address holds at which this mail comes back; empty where nobody reads there."""
    envelope_sender: str = ""
    """Whom the servers on the way report to; empty: the sender's own address."""
    attempts: int = 0
    uncertain: int = 0
    """Attempts that had begun to hand over the message and never had an answer."""
    created: datetime


class DeliveryError(WatcherError):
    """The other side did not take the message.

    `permanent`: it never will (5xx for this recipient). `temporary`: try again (4xx, not reached).
    `uncertain`: the message was being handed over when the answer went missing. `retry_after`:
    the other side asks to be left in peace for so long.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: Literal["permanent", "temporary", "uncertain"],
        help: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message, help=help)
        self.kind = kind
        self.retry_after = retry_after


class Sender(Protocol):
    """An open way out; made by the `open()` of a `[mail]` table or of a channel that needs none.

    Used by one thread at a time.
    """

    def send(self, delivery: Delivery, handing_over: Callable[[], None]) -> str:
        """Hand the message over and return the other side's answer in one line.

        Calls `handing_over` once, after the recipient was accepted and before the first byte of the
        message: what fails before is certain not to have arrived. Raises `DeliveryError`.
        """
        ...

    def check(self) -> str:
        """Connect, log in, hang up; say in one line what answered. Raises `DeliveryError`."""
        ...

    def close(self) -> None:
        """Let go of the connection. Calling it twice is fine."""
        ...


FollowHalt = Literal["", "pause", "stop"]
"""Whether others may be followed after one was not: yes, not for now, not before a person says."""


class FollowError(WatcherError):
    """A follow was not made.

    `halt`: what that means for further follows (a 429 asks for a pause, a refusal to follow stops).
    `gone`: there is no such account. `uncertain`: the network may have followed and not said so.
    `retry_after`: it asks to be left in peace for so long.
    """

    def __init__(
        self,
        message: str,
        *,
        halt: FollowHalt = "",
        gone: bool = False,
        uncertain: bool = False,
        retry_after: timedelta | None = None,
        help: str = "",
    ) -> None:
        super().__init__(message, help=help)
        self.halt = halt
        self.gone = gone
        self.uncertain = uncertain
        self.retry_after = retry_after


class Follower(Protocol):
    """What the follow policy needs of a network. Each method raises `FollowError`."""

    def relation(self, account_id: str) -> Literal["none", "requested", "following", "blocked"]:
        """How our account stands to this one."""
        ...

    def account(self, account: Account) -> Account | None:
        """The account as it presents itself now; None where its name leads to nobody or another."""
        ...

    def follow(self, account_id: str) -> Literal["none", "requested", "following", "blocked"]:
        """Follow, once however often it is asked."""
        ...

    def unfollow(self, account_id: str) -> None:
        """Undo a follow or the request for one."""
        ...
