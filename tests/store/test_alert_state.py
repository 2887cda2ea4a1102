"""What the store remembers of alerts: silences, holds, answers, outages."""

from datetime import datetime

import pytest

from alerts.routing.silence import Silence, SilenceError
from rules.model import Reason
from rules.rates import Alarm
from tests.store.samples import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    account,
    frozen,
    mails,
    match,
    matched,
    post,
    pulled,
    waiting,
)
from watcher.store import NoSuchRecordError, OutdatedDigest, Place, Store

STILL = Reason(template="It came often.")


def silence(store: Store, *, until: datetime = NOON + HOUR) -> int:
    return store.add_silence(
        Silence(rule="talk", since=NOON, until=until, because="a campaign", by="kim")
    )


def storm(store: Store, *, until: datetime = NOON, group: str = "") -> int:
    """Raise an alarm that the channel `daily` is to be told of; return its number."""
    alarm = Alarm(
        rule="storm", kind="frequency", group=group, since=until - HOUR, until=until, count=3,
        reason=STILL,
    )  # fmt: skip
    store.save_alarms(store.fresh_matches([], 1), [alarm], {}, {"storm": ("daily",)}, until)
    return store.alarms()[0].id


def test_a_place_says_who_brought_it_and_what_silences_it(store: Store) -> None:
    number = silence(store)
    pulled(store, post("p1"), post("p2"))
    batch = store.unmatched(10)
    why = Reason(template="The route {route} brought it.", values={"route": "r"})
    places = {
        ("talk", "town:p1"): [Place("daily", why)],
        ("talk", "town:p2"): [Place("daily", None, number), Place("other")],
    }
    found = [match(one) for one in batch.posts]
    saved = store.save_matches(batch, found, [], {"talk": ("daily",)}, NOON, places=places)
    assert saved.queued == 3
    told = waiting(store)
    assert [one.post.key for one in told.mentions] == ["town:p1"]
    assert told.routed == {"town:p1": (why,)}
    assert (told.silenced, store.status().waiting) == (1, {"daily": 1, "other": 1})
    frozen(store, "a@acme.example")
    assert waiting(store).silenced == 0, "a digest has counted it"
    assert store.silences(NOON)[0].kept == 1


def test_a_silence_is_found_by_its_state_and_ended_once(store: Store) -> None:
    first, second = silence(store), silence(store, until=NOON + DAY)
    assert [one.id for one in store.silences(NOON + 2 * HOUR, active=True)] == [second]
    assert [one.id for one in store.silences(NOON + 2 * HOUR, active=False)] == [first]
    assert store.expire_silence(second, "lou", NOON + 2 * HOUR).ended_by == "lou"
    assert store.expire_silence(second, "kim", NOON + 3 * HOUR).ended_by == "lou"
    assert store.silences_in_effect(NOON + 2 * HOUR) == ()
    with pytest.raises(NoSuchRecordError, match="no silence 99"):
        store.expire_silence(99, "kim", NOON)
    with pytest.raises(SilenceError):
        silence(store, until=NOON + 91 * DAY)
    store.forget_before(NOON + 2 * DAY)
    assert store.silences(NOON + 2 * DAY) == ()


def test_with_a_person_go_the_silences_that_name_them(store: Store) -> None:
    pulled(store, post("p1", author=account("7", "Spammer")))
    for author in ("@spammer", "ann"):
        store.add_silence(
            Silence(author=author, since=NOON, until=NOON + HOUR, because="why", by="kim")
        )
    store.forget_account(store.accounts_called("spammer")[0], NOON)
    assert [one.silence.author for one in store.silences(NOON)] == ["ann"]


def test_what_waits_is_kept_back_held_and_released_entry_by_entry(store: Store) -> None:
    alarm, number = storm(store), silence(store)
    pulled(store, *[post(f"p{n}") for n in range(4)])
    matched(store)
    entries = store.entries_waiting("daily", limit=10)
    assert [one.rule for one in entries] == ["storm", *["talk"] * 4]
    assert store.entries_waiting("daily", after=entries[2].row)[0] == entries[3]
    assert store.keep_back({entries[1].row: number}, NOON) == 1
    assert store.keep_back({entries[1].row: number}, NOON) == 0
    store.hold({entries[2].row: alarm, entries[3].row: alarm})
    told = waiting(store)
    assert (len(told.mentions), told.silenced, told.held) == (1, 1, 2)
    assert [str(why) for why in told.notices] == [
        "The alarm of storm goes on: 2 found by talk wait until it is over.",
        f"Silence {number} kept 1 from being told: a campaign.",
    ]
    assert store.has_found("daily")
    store.note_alarms(going=(), over=[alarm], now=NOON)
    [held] = store.held("daily")
    assert (held.posts, held.is_over) == (2, True)
    store.release("daily", alarm, "talk")
    assert len(waiting(store).mentions) == 3


def test_a_digest_made_while_something_was_silenced_is_not_frozen(store: Store) -> None:
    number = silence(store)
    pulled(store, post("p1"), post("p2"))
    matched(store)
    read = waiting(store)
    store.keep_back({store.entries_waiting("daily")[0].row: number}, NOON)
    assert store.freeze("daily", NOON, read, mails("a@acme.example"), NOON, "two") is None
    assert store.digests() == ()


def test_alarms_alone_may_be_taken_and_an_open_one_is_told_again(store: Store) -> None:
    storm(store)
    pulled(store, post("p1"))
    matched(store)
    read = store.waiting("daily", NOON - DAY, NOON, limit=10, alarms_only=True)
    assert (len(read.alarms), read.mentions) == (1, ())
    outgoing = mails("a@acme.example")
    digest = store.freeze(
        "daily", NOON, read, outgoing, NOON, "alarm", urgent=True, despite_quiet=True
    )
    assert len(waiting(store).mentions) == 1
    assert store.claim_delivery(NOON, except_channels=["daily"]) is not None, (
        "it leaves all the same"
    )
    assert store.repeat_alarms("daily", NOON - MINUTE, NOON) == 0
    assert store.repeat_alarms("daily", NOON, NOON + HOUR) == 1
    assert store.repeat_alarms("daily", NOON, NOON + HOUR) == 0
    assert "goes on, was told before" in str(waiting(store).notices[0])
    frozen(store, "a@acme.example", slot=NOON + HOUR)
    assert digest is not None
    store.acknowledge(store.digests()[0].id, "kim", NOON + HOUR)
    assert store.repeat_alarms("daily", NOON + 2 * HOUR, NOON + 3 * HOUR) == 0


def test_an_answer_is_kept_once_and_ends_the_escalation(store: Store) -> None:
    storm(store)
    read = waiting(store)
    first = store.freeze("daily", NOON, read, mails("a@b.example"), NOON, "alarm", urgent=True)
    assert first is not None
    assert store.to_escalate("daily", NOON - MINUTE) == ()
    [due] = store.to_escalate("daily", NOON)
    assert (due.id, due.recipients, due.alarms) == (first, ("a@b.example",), True)
    told = store.freeze_beside(
        "daily", "escalation", mails("boss@b.example", slot="2"), NOON, "nobody", since=NOON,
        urgent=True, escalates=[first],
    )  # fmt: skip
    again = store.freeze_beside(
        "daily", "escalation", mails("boss@b.example", slot="3"), NOON, "nobody", since=NOON,
        urgent=True, escalates=[first],
    )  # fmt: skip
    assert told is not None
    assert again is None, "another process was first"
    assert store.to_escalate("daily", NOON + DAY) == ()
    assert store.told_until("daily") == NOON
    assert store.acknowledge(first, "kim", NOON)
    assert not store.acknowledge(told, "lou", NOON)
    assert {one.acknowledged_by for one in store.digests()} == {"kim"}
    assert store.alarms()[0].acknowledged_by == "kim"
    with pytest.raises(NoSuchRecordError, match="no digest 99"):
        store.acknowledge(99, "kim", NOON)


def test_an_outage_is_told_once_for_each_channel_until_it_ends(store: Store) -> None:
    def tell(channel: str, slot: str, **what: object) -> int | None:
        return store.freeze_beside(
            channel, "blind", mails("a@b.example", slot=slot), NOON, "", since=NOON, **what
        )  # type: ignore[arg-type]

    assert tell("daily", "1", blind={"town": NOON - DAY}) is not None
    assert tell("daily", "2", blind={"town": NOON - DAY}) is None
    assert tell("now", "3", blind={"town": NOON - DAY}) is not None
    assert [(one.source, one.since) for one in store.outages("daily")] == [("town", NOON - DAY)]
    assert tell("daily", "4", back=["town"]) is not None
    assert tell("daily", "5", back=["town"]) is None
    store.forget_outages("now", ["town"], NOON)
    assert store.outages("now") == ()
    assert len(store.digests()) == 3


def test_a_sign_of_life_is_needless_when_the_channel_spoke_meanwhile(store: Store) -> None:
    assert store.silent_since("daily", NOON) == NOON
    assert store.silent_since("daily", NOON + DAY) == NOON
    storm(store)
    frozen(store, "a@b.example", slot=NOON + HOUR)
    assert store.silent_since("daily", NOON + DAY) == NOON + HOUR
    beside = store.freeze_beside(
        "daily", "heartbeat", mails("a@b.example"), NOON + DAY, "", since=NOON, silent_since=NOON
    )
    assert beside is None


def test_what_was_told_while_the_clock_was_ahead_silences_no_sign_of_life(store: Store) -> None:
    assert store.silent_since("daily", NOON) == NOON
    frozen(store, "a@b.example", slot=NOON + 9 * DAY)
    assert store.silent_since("daily", NOON + DAY) == NOON
    beside = store.freeze_beside(
        "daily", "heartbeat", mails("a@b.example"), NOON + DAY, "", since=NOON, silent_since=NOON
    )
    assert beside is not None


def test_nobody_need_answer_a_digest_that_was_withdrawn_before_it_left(store: Store) -> None:
    storm(store)
    read = waiting(store)
    number = store.freeze("daily", NOON, read, mails("a@b.example"), NOON, "alarm", urgent=True)
    assert number is not None
    old = OutdatedDigest(
        id=number, channel="daily", slot=NOON, since=NOON - DAY, created=NOON, late=False,
        first=False, recipients=("a@b.example",), seen=0,
    )  # fmt: skip
    store.freeze_again(old, read, mails("a@b.example", slot="again"), "alarm")
    assert [one.id for one in store.to_escalate("daily", NOON)] == [number]
    store.freeze_again(old, read, (), "nothing found")
    assert store.to_escalate("daily", NOON) == ()
