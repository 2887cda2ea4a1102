"""A store with a mail in every state, each with what a mail server said."""

from datetime import timedelta
from pathlib import Path

from alerts.model import OutgoingMail
from tests.terminal import NOW
from watcher.store import Store

HOUR = timedelta(hours=1)
PAYLOAD = (
    "From: Acme watch <watcher@acme.example>\r\n"
    "To: dan@acme.example\r\n"
    "Subject: =?utf-8?q?Acm=C3=A9_today?=\r\n"
    "Message-ID: <4@acme.example>\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "\r\n"
    "2 posts speak of Acm\u00e9.\r\n\r\n\x1b[31mred\u202e\r\n"
).encode()


def mails_in_every_state(database: Path) -> None:
    """Write four mails: sent, refused, to be tried again, parked."""
    database.parent.mkdir(parents=True, exist_ok=True)
    store = Store.open(f"sqlite:///{database}")
    slot = NOW - 2 * HOUR
    outgoing = [
        OutgoingMail(recipient=f"{name}@acme.example", message_id=f"<{n}@acme.example>",
                     payload=PAYLOAD)
        for n, name in enumerate(("ada", "bob", "carla", "dan"), 1)
    ]  # fmt: skip
    waiting = store.waiting("daily", slot - 24 * HOUR, slot, limit=10)
    store.freeze("daily", slot, waiting, outgoing, slot, "2 posts")
    for outcome, answer, again in (
        ("sent", "250 2.0.0 Ok: queued as 4ZBg1v", None),
        ("permanent", "550 5.1.1 <bob@acme.example>: no such user here", None),
        ("temporary", "451 4.7.1 greylisted, try again in an hour", NOW + HOUR),
        ("uncertain", "the connection was lost while the mail was handed over", slot),
        ("uncertain", "the connection was lost while the mail was handed over", slot),
    ):
        claim = store.claim_delivery(slot)
        assert claim is not None
        store.handing_over(claim.attempt, slot)
        store.record_outcome(
            claim.attempt, slot, outcome=outcome, answer=answer, next_attempt=again  # type: ignore[arg-type]
        )  # fmt: skip
    store.close()
