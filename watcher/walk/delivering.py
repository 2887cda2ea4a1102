"""The fifth step: what was planned leaves, each message noted before and after."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from threading import Lock
from time import monotonic
from traceback import format_tb
from typing import Literal

from alerts import AutoFollow, DigestChannel, Outlet, ReportMail
from alerts.model import Delivery, DeliveryError, DeliveryKind, DeliveryState, Sender
from alerts.retry import next_attempt
from watcher.app import App
from watcher.mailing import renew
from watcher.store import ClaimedDelivery, Lane, NoSuchRecordError, StoreError
from watcher.walk import lanes
from watcher.walk.stopping import never

log = logging.getLogger("watcher")

MOST_ANSWERS = 10
MOST_TRIES = 3
"""To record an answer; each waits for half a minute where another process is writing."""
RENEW_EVERY = 5.0
"""Seconds: no lane claims what is outdated, and one that goes on well may take hours."""


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
    A lane whose other side is in trouble rests for a while.

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
    app.store.abandon_claims(
        app.clock(), by=app.worker
    )  # left by an attempt that could not be recorded
    tally = _Tally()
    renewed = float("-inf")

    def due() -> tuple[Lane, ...]:
        nonlocal renewed
        if monotonic() - renewed >= RENEW_EVERY:
            renew(app)
            renewed = monotonic()
        return _due(app)

    lanes.run(due, partial(_clear, app, tally), stop)
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
    return app.store.due_lanes(app.clock(), except_channels=_quiet(app))


def _quiet(app: App) -> list[str]:
    """Name the channels that are in their quiet hours."""
    now = app.clock()
    return [
        channel.name
        for channel in app.config.channels
        if not isinstance(channel, AutoFollow)
        and not _told_by(channel).timetable(app.config.timezone).is_open(now)
    ]


def _told_by(channel: DigestChannel | ReportMail) -> DigestChannel:
    return channel.letter if isinstance(channel, ReportMail) else channel


def _clear(app: App, tally: _Tally, lane: Lane, stop: Callable[[], bool]) -> bool:
    """Send what is due in a lane; return False where its other side is in trouble and it was left.

    Mails are for many: what befalls one says little of the next.
    """
    rests = False
    with _opened(app, lane) as sender:
        claimed = None
        if not stop():
            claimed = app.store.claim_delivery(
                app.clock(), except_channels=_quiet(app), lane=lane, by=app.worker
            )
        while claimed is not None:
            ended = _attempt(app, sender, claimed)
            rests = lane.kind != "email" and ended.outcome in ("temporary", "uncertain")
            state, following = _record(app, claimed, ended, None if rests or stop() else lane)
            tally.note(claimed.delivery, state, ended.answer if ended.outcome != "sent" else "")
            claimed = following
    return not rests


@contextmanager
def _opened(app: App, lane: Lane) -> Iterator[Sender]:
    """Open the way out of a lane; that it does not close well is of no matter any more."""
    sender = _open(app, lane)
    try:
        yield sender
    finally:
        with suppress(Exception):
            sender.close()


def _open(app: App, lane: Lane) -> Sender:
    """Open the way out of a lane; one that is there no more refuses all."""
    channel = next((one for one in app.config.channels if one.name == lane.channel), None)
    try:
        if lane.kind == "email":
            return app.config.mail.open()
        if isinstance(channel, Outlet) and channel.kind == lane.kind:
            return channel.open(lane.recipient)
    except DeliveryError as error:
        return _Closed(error)
    except Exception as error:  # noqa: BLE001 - foreign code: one way out must not close the others
        return _Closed(_unforeseen(error, f"the way to {lane.channel or 'the mail server'}"))
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
    begun = False

    def handing_over() -> None:
        nonlocal begun
        app.store.handing_over(attempt, app.clock())
        begun = True

    try:
        answer = sender.send(delivery, handing_over)
    except DeliveryError as error:
        return _failed(app, delivery, error)
    except StoreError:
        raise  # there is nowhere to record it: the next call finds what was left
    except Exception as error:  # noqa: BLE001 - one that nobody foresaw must not hold up the others
        with suppress(Exception):
            sender.close()  # whatever state it is in: it opens anew
        kind: Literal["uncertain", "temporary"] = "uncertain" if begun else "temporary"
        return _failed(app, delivery, _unforeseen(error, f"delivery {delivery.id}", kind))
    return _Ended(outcome="sent", answer=answer)


def _failed(app: App, delivery: Delivery, error: DeliveryError) -> _Ended:
    """How an attempt ended that failed, and when there is another one."""
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


def _unforeseen(
    error: Exception, what: str, kind: Literal["uncertain", "temporary"] = "temporary"
) -> DeliveryError:
    """Tell where a mistake of ours is; its own words may hold an address that is secret."""
    where = "".join(format_tb(error.__traceback__))
    log.error("%s failed as nobody foresaw: %s\n%s", what, type(error).__name__, where)
    return DeliveryError(f"an error in the watcher ({type(error).__name__})", kind=kind)


def _record(
    app: App, claimed: ClaimedDelivery, ended: _Ended, lane: Lane | None
) -> tuple[DeliveryState, ClaimedDelivery | None]:
    """Record how an attempt ended and, given a lane, claim its next delivery in the same breath.

    With a commit before each message and one behind it a mail costs two waits for the disk. A
    database that is busy, or was away for a moment, is given time: an answer that is not recorded
    makes a copy.
    """
    for _ in range(MOST_TRIES - 1):
        try:
            return _written(app, claimed, ended, lane)
        except NoSuchRecordError:
            raise
        except StoreError as error:
            log.warning("delivery %d: not recorded yet: %s", claimed.delivery.id, error)
    return _written(app, claimed, ended, lane)


def _written(
    app: App, claimed: ClaimedDelivery, ended: _Ended, lane: Lane | None
) -> tuple[DeliveryState, ClaimedDelivery | None]:
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
        by=app.worker,
    )
