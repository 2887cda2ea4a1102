"""A mail goes to one recipient, once; at most one copy more for each crash, never a third."""

from dataclasses import replace
from datetime import datetime

import pytest

from alerts.model import DeliveryState
from tests.store.samples import HOUR, MINUTE, NOON, frozen, mails, waiting
from watcher.store import ClaimedDelivery, NoSuchRecordError, Store


def claimed(store: Store, now: datetime = NOON) -> ClaimedDelivery:
    claim = store.claim_delivery(now)
    assert claim is not None
    return claim


def state(store: Store) -> DeliveryState:
    (record,) = store.deliveries()
    return record.state


def test_a_claimed_delivery_carries_the_bytes_that_were_frozen(store: Store) -> None:
    frozen(store, "a@acme.example")
    claim = claimed(store)
    (mail,) = mails("a@acme.example", slot=NOON.isoformat())
    delivery = claim.delivery
    assert (delivery.payload, delivery.message_id) == (mail.payload, mail.message_id)
    assert (delivery.recipient, delivery.channel) == ("a@acme.example", "daily")
    assert (delivery.attempts, delivery.uncertain, delivery.created) == (0, 0, NOON)
    assert store.delivery(delivery.id).payload == mail.payload
    assert state(store) is DeliveryState.SENDING


def test_what_is_no_mail_says_what_it_is(store: Store) -> None:
    (mail,) = mails("slack")
    note = replace(mail, kind="notify", html="")
    store.freeze("daily", NOON, waiting(store), [note], NOON, "")
    assert claimed(store).delivery.kind == "notify"
    assert [one.kind for one in store.deliveries()] == ["notify"]


def test_nobody_claims_what_is_claimed_or_not_due(store: Store) -> None:
    assert store.claim_delivery(NOON) is None
    frozen(store, "a@acme.example")
    assert store.claim_delivery(NOON - MINUTE) is None
    claimed(store)
    assert store.claim_delivery(NOON + HOUR) is None


def test_a_channel_in_its_quiet_hours_holds_up_no_other(store: Store) -> None:
    frozen(store, "a@acme.example")
    store.freeze("weekly", NOON, waiting(store, "weekly"), mails("b@acme.example"), NOON, "")
    assert store.claim_delivery(NOON, except_channels=["daily", "weekly"]) is None
    claim = store.claim_delivery(NOON, except_channels={"daily"})
    assert claim is not None
    assert claim.delivery.channel == "weekly"
    assert store.claim_delivery(NOON, except_channels={"daily"}) is None
    assert claimed(store).delivery.channel == "daily"


def test_a_sent_mail_is_done(store: Store) -> None:
    frozen(store, "a@acme.example")
    attempt = claimed(store).attempt
    store.handing_over(attempt, NOON)
    now = NOON + MINUTE
    left = store.record_outcome(attempt, now, outcome="sent", answer="250 ok", next_attempt=None)
    assert left is DeliveryState.SENT
    (record,) = store.deliveries()
    assert (record.answer, record.settled, record.attempts) == ("250 ok", now, 1)
    assert store.claim_delivery(NOON + HOUR) is None


def test_a_temporary_failure_waits_for_its_next_attempt(store: Store) -> None:
    frozen(store, "a@acme.example")
    again = NOON + HOUR
    left = store.record_outcome(
        claimed(store).attempt, NOON, outcome="temporary", answer="451", next_attempt=again
    )
    assert left is DeliveryState.PENDING
    assert store.claim_delivery(again - MINUTE) is None
    assert claimed(store, again).delivery.attempts == 1


@pytest.mark.parametrize("outcome", ["permanent", "temporary"])
def test_a_refusal_or_a_failure_without_time_left_has_failed(store: Store, outcome: str) -> None:
    frozen(store, "a@acme.example")
    attempt = claimed(store).attempt
    left = store.record_outcome(
        attempt,
        NOON,
        outcome=outcome,  # type: ignore[arg-type]
        answer="no",
        next_attempt=None,
    )
    assert (left, state(store)) == (DeliveryState.FAILED, DeliveryState.FAILED)


def test_two_uncertain_attempts_park(store: Store) -> None:
    frozen(store, "a@acme.example")
    lefts = []
    for hour in range(2):
        now = NOON + hour * HOUR
        attempt = claimed(store, now).attempt
        store.handing_over(attempt, now)
        lefts.append(
            store.record_outcome(
                attempt, now, outcome="uncertain", answer="", next_attempt=now + HOUR
            )
        )
    assert lefts == [DeliveryState.PENDING, DeliveryState.PARKED]
    assert store.claim_delivery(NOON + 99 * HOUR) is None


def test_certain_failures_between_do_not_forgive_an_uncertain_one(store: Store) -> None:
    frozen(store, "a@acme.example")
    for outcome in ("uncertain", "temporary", "uncertain"):
        left = store.record_outcome(
            claimed(store).attempt,
            NOON,
            outcome=outcome,  # type: ignore[arg-type]
            answer="",
            next_attempt=NOON,
        )
    assert left is DeliveryState.PARKED


def test_one_bad_recipient_does_not_stop_the_others(store: Store) -> None:
    frozen(store, "a@acme.example", "b@acme.example", "c@acme.example")
    refused = claimed(store).attempt
    store.record_outcome(refused, NOON, outcome="permanent", answer="550", next_attempt=None)
    rest = {claimed(store).delivery.recipient, claimed(store).delivery.recipient}
    assert rest == {"b@acme.example", "c@acme.example"}


def test_a_crash_before_handing_over_costs_nothing(store: Store) -> None:
    frozen(store, "a@acme.example")
    for _ in range(5):
        claimed(store)
        assert store.abandon_claims(NOON) == 1
    (record,) = store.deliveries()
    assert (record.state, record.uncertain, record.attempts) == (DeliveryState.PENDING, 0, 5)


def test_a_crash_while_handing_over_is_tried_once_more_and_then_parked(store: Store) -> None:
    frozen(store, "a@acme.example")
    store.handing_over(claimed(store).attempt, NOON)
    store.abandon_claims(NOON)
    assert claimed(store).delivery.uncertain == 1
    store.handing_over(claimed_attempt(store), NOON)
    store.abandon_claims(NOON)
    assert state(store) is DeliveryState.PARKED
    assert store.abandon_claims(NOON) == 0


def claimed_attempt(store: Store) -> int:
    """The number of the attempt under way: they count up from one."""
    (record,) = store.deliveries()
    return record.attempts


def test_an_attempt_ends_once(store: Store) -> None:
    frozen(store, "a@acme.example")
    attempt = claimed(store).attempt
    store.abandon_claims(NOON)
    with pytest.raises(NoSuchRecordError, match="has ended"):
        store.handing_over(attempt, NOON)
    with pytest.raises(NoSuchRecordError, match="has ended"):
        store.record_outcome(attempt, NOON, outcome="sent", answer="", next_attempt=None)
    assert state(store) is DeliveryState.PENDING


def test_a_person_sends_a_parked_mail_again_with_the_same_bytes(store: Store) -> None:
    frozen(store, "a@acme.example")
    for _ in range(2):
        first = claimed(store)
        store.handing_over(first.attempt, NOON)
        store.abandon_claims(NOON)
    store.retry_delivery(first.delivery.id, NOON + HOUR)
    assert store.claim_delivery(NOON) is None
    again = claimed(store, NOON + HOUR)
    assert (again.delivery.payload, again.delivery.message_id) == (
        first.delivery.payload,
        first.delivery.message_id,
    )
    store.handing_over(again.attempt, NOON)
    store.abandon_claims(NOON)
    assert state(store) is DeliveryState.PENDING


def test_a_person_gives_up_on_a_mail(store: Store) -> None:
    frozen(store, "a@acme.example")
    (record,) = store.deliveries()
    store.drop_delivery(record.id, NOON)
    assert state(store) is DeliveryState.FAILED
    assert store.claim_delivery(NOON + HOUR) is None


def test_what_was_sent_is_neither_sent_again_nor_dropped(store: Store) -> None:
    frozen(store, "a@acme.example")
    claim = claimed(store)
    store.record_outcome(claim.attempt, NOON, outcome="sent", answer="", next_attempt=None)
    with pytest.raises(NoSuchRecordError, match="it is sent"):
        store.retry_delivery(claim.delivery.id, NOON)
    with pytest.raises(NoSuchRecordError, match="it is sent"):
        store.drop_delivery(claim.delivery.id, NOON)
    with pytest.raises(NoSuchRecordError, match="no delivery 99"):
        store.retry_delivery(99, NOON)


def test_deliveries_are_listed_newest_first_and_by_state(store: Store) -> None:
    frozen(store, "a@acme.example", "b@acme.example")
    claimed(store)
    assert [one.recipient for one in store.deliveries(limit=1)] == ["b@acme.example"]
    (sending,) = store.deliveries(state=DeliveryState.SENDING)
    assert sending.recipient == "a@acme.example"


def test_the_next_delivery_is_claimed_in_the_breath_that_ends_the_one_before(store: Store) -> None:
    frozen(store, "a@acme.example", "b@acme.example")
    first = claimed(store)
    store.handing_over(first.attempt, NOON)
    ended, second = store.record_and_claim(
        first.attempt, NOON, outcome="sent", answer="250 fine", next_attempt=None
    )
    assert (ended, first.delivery.recipient) == (DeliveryState.SENT, "a@acme.example")
    assert second is not None
    assert second.delivery.recipient == "b@acme.example"
    ended, third = store.record_and_claim(
        second.attempt, NOON, outcome="temporary", answer="451", next_attempt=NOON + HOUR
    )
    assert (ended, third) == (DeliveryState.PENDING, None)


def test_nothing_is_claimed_where_the_one_before_had_ended_already(store: Store) -> None:
    frozen(store, "a@acme.example", "b@acme.example")
    first = claimed(store)
    store.abandon_claims(NOON)
    with pytest.raises(NoSuchRecordError):
        store.record_and_claim(first.attempt, NOON, outcome="sent", answer="250", next_attempt=None)
    assert {record.state for record in store.deliveries()} == {DeliveryState.PENDING}
