"""The fifth step: what was planned leaves, each message noted before and after."""

from collections.abc import Callable
from dataclasses import dataclass

from alerts import DigestChannel
from alerts.model import DeliveryError, DeliveryState, Sender
from alerts.retry import next_attempt
from watcher.app import App
from watcher.mailing import renew
from watcher.store import ClaimedDelivery
from watcher.walk.stopping import never


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
        if isinstance(channel, DigestChannel)
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
