"""The fifth step: what was planned leaves, each message noted before and after."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Literal

from alerts import DigestChannel, Outlet
from alerts.model import Delivery, DeliveryError, DeliveryKind, DeliveryState, Sender
from alerts.retry import next_attempt
from watcher.app import App
from watcher.mailing import renew
from watcher.store import ClaimedDelivery, Lane
from watcher.walk import lanes
from watcher.walk.stopping import never

MOST_ANSWERS = 10


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of the deliveries that were due."""

    sent: int = 0
    kinds: Mapping[DeliveryKind, int] = field(default_factory=dict)
    """How many of each kind were sent."""
    later: int = 0
    failed: int = 0
    parked: int = 0
    answers: tuple[str, ...] = ()
    """What the other side said where it did not take a message; the first ten."""


def deliver(app: App, *, stop: Callable[[], bool] = never) -> Delivered:
    """Send every delivery that is due, until `stop()` says so. Raises `StoreError`.

    Mails leave one after the other through `[mail]`; what goes elsewhere has a lane for each
    channel and recipient, in a thread of its own, so that one that fails or hangs stops no other.
    A lane whose other side is in trouble rests until the next call.

    For each delivery:
    1. a conditional update claims it and notes the attempt, in one transaction, which also records
       how the one before it in the lane ended;
    2. the sender connects and names the recipient;
    3. just before the first byte of the message, "handing over" is committed;
    4. the message goes out, byte for byte as it was frozen;
    5. the answer is recorded.
    A crash before 3 costs nothing. A crash between 3 and 5 leaves an uncertain attempt: it is made
    once more with the same bytes and Message-ID, and after a second uncertain one it is parked.
    """
    app.store.abandon_claims(app.clock())  # left by an attempt that could not be recorded
    renew(app)
    tally = _Tally()
    lanes.run(partial(_due, app), partial(_clear, app, tally), stop)
    return tally.delivered()


class _Tally:
    """Counts what the lanes did; they are in threads of their own."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._states: Counter[DeliveryState] = Counter()
        self._sent: Counter[DeliveryKind] = Counter()
        self._answers: list[str] = []

    def note(self, delivery: Delivery, state: DeliveryState, answer: str) -> None:
        with self._lock:
            self._states[state] += 1
            if state is DeliveryState.SENT:
                self._sent[delivery.kind] += 1
            if answer and len(self._answers) < MOST_ANSWERS:
                where = delivery.recipient
                if delivery.kind != "email":
                    where = f"{delivery.channel} ({where})"
                self._answers.append(f"{where}: {answer}")

    def delivered(self) -> Delivered:
        return Delivered(
            sent=self._states[DeliveryState.SENT],
            kinds=dict(self._sent),
            later=self._states[DeliveryState.PENDING],
            failed=self._states[DeliveryState.FAILED],
            parked=self._states[DeliveryState.PARKED],
            answers=tuple(self._answers),
        )


def _due(app: App) -> tuple[Lane, ...]:
    now = app.clock()
    return app.store.due_lanes(now, except_channels=_quiet(app))


def _quiet(app: App) -> list[str]:
    """Name the channels that are in their quiet hours."""
    now = app.clock()
    return [
        channel.name
        for channel in app.config.channels
        if isinstance(channel, DigestChannel)
        and not channel.timetable(app.config.timezone).is_open(now)
    ]


def _clear(app: App, tally: _Tally, lane: Lane, stop: Callable[[], bool]) -> bool:
    """Send what is due in a lane; return whether all of it was taken."""
    well = True
    with closing(_open(app, lane)) as sender:
        claimed = None
        if not stop():
            claimed = app.store.claim_delivery(app.clock(), except_channels=_quiet(app), lane=lane)
        while claimed is not None:
            ended = _attempt(app, sender, claimed)
            # In a lane of another kind the next one would meet the same trouble.
            troubled = ended.again is not None or ended.outcome == "uncertain"
            rests = troubled and lane.kind != "email"
            state, following = _record(app, claimed, ended, None if rests or stop() else lane)
            tally.note(claimed.delivery, state, ended.answer if ended.outcome != "sent" else "")
            well = well and state is DeliveryState.SENT
            claimed = following
    return well


def _open(app: App, lane: Lane) -> Sender:
    """Open the way out of a lane; one that is there no more refuses all."""
    if lane.kind == "email":
        return app.config.mail.open()
    channel = next((one for one in app.config.channels if one.name == lane.channel), None)
    try:
        if isinstance(channel, Outlet) and channel.kind == lane.kind:
            return channel.open(lane.recipient)
    except DeliveryError as error:
        return _Closed(error)
    return _Closed(
        DeliveryError(
            f'there is no channel "{lane.channel}" of the kind {lane.kind} any more',
            kind="permanent",
            help="put it back and send this again with `watcher deliveries retry`, or drop it",
        )
    )


class _Closed:
    """A way out that is there no more."""

    def __init__(self, error: DeliveryError) -> None:
        self._error = error

    def send(self, _delivery: Delivery, _handing_over: Callable[[], None]) -> str:
        raise self._error

    def check(self) -> str:
        raise self._error

    def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True, kw_only=True)
class _Ended:
    """How an attempt ended."""

    outcome: Literal["sent", "permanent", "temporary", "uncertain"]
    answer: str
    again: datetime | None = None
    """When to try once more."""


def _attempt(app: App, sender: Sender, claimed: ClaimedDelivery) -> _Ended:
    delivery, attempt = claimed.delivery, claimed.attempt
    if delivery.kind == "email" and app.config.mail.returns is not None:
        back = app.config.mail.returns.to.of(delivery.token)
        delivery = replace(delivery, envelope_sender=back)
    try:
        answer = sender.send(delivery, lambda: app.store.handing_over(attempt, app.clock()))
    except DeliveryError as error:
        again = None
        if error.kind != "permanent":
            again = next_attempt(
                delivery.attempts + 1,
                delivery.created,
                app.clock(),
                app.random,
                least=error.retry_after,
            )
        return _Ended(outcome=error.kind, answer=str(error), again=again)
    return _Ended(outcome="sent", answer=answer)


def _record(
    app: App, claimed: ClaimedDelivery, ended: _Ended, lane: Lane | None
) -> tuple[DeliveryState, ClaimedDelivery | None]:
    """Record how an attempt ended and, given a lane, claim its next delivery in the same breath.

    With a commit before each message and one behind it a mail costs two waits for the disk.
    """
    if lane is None:
        state = app.store.record_outcome(
            claimed.attempt,
            app.clock(),
            outcome=ended.outcome,
            answer=ended.answer,
            next_attempt=ended.again,
        )
        return state, None
    return app.store.record_and_claim(
        claimed.attempt,
        app.clock(),
        outcome=ended.outcome,
        answer=ended.answer,
        next_attempt=ended.again,
        except_channels=_quiet(app),
        lane=lane,
    )
