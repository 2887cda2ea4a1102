"""What comes back does its work once; who is gone or asked for it gets no mail any more."""

from dataclasses import replace
from datetime import datetime

import pytest

from alerts.model import DeliveryState
from alerts.routing.silence import Silence
from tests.store.samples import DAY, HOUR, MINUTE, NOON, mails, matched, post, pulled, waiting
from watcher.store import NoSuchRecordError, Return, ReturnKind, Store

ADA = "Ada <Ada@acme.example>"


def sent(store: Store, *recipients: str, channel: str = "daily", slot: datetime = NOON) -> None:
    """Write a digest, each mail with a token made of its recipient and the moment."""
    outgoing = [
        replace(one, token=f"{one.recipient}|{channel}|{slot.isoformat()}")
        for one in mails(*recipients, slot=f"{channel}{slot.isoformat()}")
    ]
    assert store.freeze(channel, slot, waiting(store, channel, now=slot), outgoing, slot, "")


def delivery(store: Store, recipient: str, channel: str = "daily", slot: datetime = NOON) -> int:
    found = store.addressee([f"{recipient}|{channel}|{slot.isoformat()}"])
    assert found is not None
    assert (found.recipient, found.channel) == (recipient, channel)
    return found.delivery


def came(
    store: Store, kind: ReturnKind, number: int, mark: str = "1", now: datetime = NOON
) -> bool:
    record = store.take_back(mark, number, Return(kind=kind, said=kind, by="x"), now)
    return record is not None and record.suppressed


def out(store: Store, channel: str = "daily") -> dict[str, str]:
    return {
        name: why.why for name, why in store.suppressed(channel, [ADA, "bob@acme.example"]).items()
    }


def test_the_secret_stays_what_it_is(store: Store) -> None:
    secret = store.returns_secret()
    assert store.returns_secret() == secret
    assert len(secret) == 32


def test_only_a_token_of_ours_leads_to_a_delivery(store: Store) -> None:
    sent(store, ADA)
    assert store.addressee(["made up"]) is None
    assert store.addressee([]) is None
    assert store.addressee(["made up", f"{ADA}|daily|{NOON.isoformat()}"]) is not None


def test_a_mail_that_came_back_is_handled_once(store: Store) -> None:
    sent(store, ADA)
    number = delivery(store, ADA)
    assert came(store, "hard", number)
    assert not came(store, "hard", number)
    assert [one.kind for one in store.returned(number)] == ["hard"]
    assert store.has_returned("1") == "hard"
    assert store.has_returned("2") is None
    assert store.returned_since(NOON - HOUR) == {"hard": 1}
    assert store.take_back("9", 99, Return(kind="hard", said=""), NOON) is None


def test_who_is_gone_gets_nothing_of_any_channel(store: Store) -> None:
    sent(store, ADA, "bob@acme.example")
    sent(store, ADA, channel="weekly")
    came(store, "hard", delivery(store, ADA))
    assert out(store) == out(store, "weekly") == {ADA: "bounced"}
    states = {(one.channel, one.recipient): one.state for one in store.deliveries()}
    assert states == {
        ("daily", ADA): DeliveryState.FAILED,
        ("daily", "bob@acme.example"): DeliveryState.PENDING,
        ("weekly", ADA): DeliveryState.FAILED,
    }
    assert "suppressed" in store.deliveries(recipient="ADA@")[0].answer


def test_who_unsubscribes_does_so_from_one_channel(store: Store) -> None:
    sent(store, ADA)
    sent(store, ADA, channel="weekly")
    assert came(store, "unsubscribed", delivery(store, ADA))
    assert (out(store), out(store, "weekly")) == ({ADA: "unsubscribed"}, {})
    pending = [one.channel for one in store.deliveries(state=DeliveryState.PENDING)]
    assert pending == ["weekly"]


@pytest.mark.parametrize("kind", ["delayed", "arrived", "automatic", "letter", "answer"])
def test_nothing_else_keeps_mails_back(store: Store, kind: ReturnKind) -> None:
    sent(store, ADA)
    assert not came(store, kind, delivery(store, ADA))
    assert out(store) == {}


def test_three_mails_within_a_week_that_came_back_for_now_are_enough(store: Store) -> None:
    slots = [NOON + day * DAY for day in range(4)]
    for slot in slots:
        sent(store, ADA, slot=slot)
    first, second, third, fourth = (delivery(store, ADA, slot=slot) for slot in slots)
    assert not came(store, "soft", first, "1", slots[0])
    assert not came(store, "soft", first, "2", slots[0])  # one mail counts once
    assert not came(store, "soft", second, "3", slots[1])
    assert not came(store, "soft", third, "4", slots[0] + 8 * DAY)
    assert came(store, "soft", fourth, "5", slots[1] + 6 * DAY)
    assert out(store) == {ADA: "bounced"}


def test_a_lifted_suppression_forgets_what_came_back_before(store: Store) -> None:
    slots = [NOON + hour * HOUR for hour in range(4)]
    for slot in slots:
        sent(store, ADA, slot=slot)
    numbers = [delivery(store, ADA, slot=slot) for slot in slots]
    for number in numbers[:3]:
        came(store, "soft", number, str(number))
    (lifted,) = store.lift_suppression("ada@ACME.example", "kim", NOON + MINUTE)
    assert (lifted.lifted_by, lifted.recipient) == ("kim", "ada@acme.example")
    assert not came(store, "soft", numbers[3], "9", NOON + HOUR)
    assert out(store) == {}
    assert [one.id for one in store.suppressions(active=False)] == [lifted.id]
    assert store.suppressions() == ()
    with pytest.raises(NoSuchRecordError, match="not suppressed"):
        store.lift_suppression("ada@acme.example", "kim", NOON)


def test_a_server_that_knows_nobody_there_suppresses(store: Store) -> None:
    sent(store, ADA, "bob@acme.example")
    for said in ("550 5.1.1 <ada@acme.example>: no such user", "550 5.7.1 not wanted"):
        claim = store.claim_delivery(NOON)
        assert claim is not None
        store.record_outcome(
            claim.attempt, NOON, outcome="permanent", answer=said, next_attempt=None
        )
    assert out(store) == {ADA: "refused"}
    (one,) = store.suppressions()
    assert (one.delivery, one.detail[:9]) == (delivery(store, ADA), "550 5.1.1")


def test_a_mail_under_way_is_not_tried_again_after_its_reader_left(store: Store) -> None:
    sent(store, ADA)
    claim = store.claim_delivery(NOON)
    assert claim is not None
    came(store, "unsubscribed", claim.delivery.id)
    left = store.record_outcome(
        claim.attempt, NOON, outcome="temporary", answer="451", next_attempt=NOON
    )
    assert left is DeliveryState.FAILED
    with pytest.raises(NoSuchRecordError, match="suppressed"):
        store.retry_delivery(claim.delivery.id, NOON)


def test_an_answer_judges_what_its_channel_was_told_and_nothing_else(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store, routes={"talk": ("daily",)})
    sent(store, ADA)
    sent(store, ADA, channel="weekly")
    (match,) = store.matches()
    judged = Return(kind="answer", said="relevant", judge=(match.id, "relevant"))
    other = store.take_back("1", delivery(store, ADA, "weekly"), judged, NOON)
    assert other is not None
    assert "was told of no match" in other.said
    assert store.match(match.id).verdict is None
    assert store.take_back("2", delivery(store, ADA), judged, NOON)
    assert store.match(match.id).verdict == "relevant"
    (said,) = store.judgements(match.id)
    assert said.by == ADA


def test_an_answer_silences_and_acknowledges(store: Store) -> None:
    sent(store, ADA)
    silence = Silence(
        rule="talk", channel="daily", since=NOON, until=NOON + DAY, because="mail", by=ADA
    )
    both = Return(kind="answer", said="", silence=silence, acknowledge=True)
    assert store.take_back("1", delivery(store, ADA), both, NOON)
    assert [one.silence for one in store.silences(NOON)] == [silence]
    (digest,) = store.digests()
    assert digest.acknowledged_by == ADA


def test_the_cursor_of_the_mailbox_is_kept(store: Store) -> None:
    assert store.returns_cursor() == ""
    store.note_returns_cursor("7:12")
    store.note_returns_cursor("7:13")
    assert store.returns_cursor() == "7:13"


def test_deliveries_are_found_by_channel_and_part_of_the_address(store: Store) -> None:
    sent(store, ADA, "bob@acme.example")
    sent(store, "bob_x@acme.example", channel="weekly")
    assert [one.channel for one in store.deliveries(channel="weekly")] == ["weekly"]
    assert [one.recipient for one in store.deliveries(recipient="BOB_")] == ["bob_x@acme.example"]
