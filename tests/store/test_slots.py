"""Each turn of the schedule belongs to one, also where its clock was set or its process died."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.store.samples import HOUR, NOON
from watcher.store import Store, Turn, slot_of

SECOND = timedelta(seconds=1)
EVERY = timedelta(minutes=15)


def leader(store: Store, host: str = "one") -> str:
    return store.sign_in("leads", NOON, host=host, pid=7)


def test_a_turn_is_taken_once(store: Store) -> None:
    one, two = leader(store), leader(store, "two")
    assert store.take_turn("pull town", NOON, one, NOON) is Turn.OURS
    assert store.take_turn("pull town", NOON, two, NOON + SECOND) is Turn.OPEN
    store.end_turn("pull town", NOON, one, NOON + SECOND)
    assert store.take_turn("pull town", NOON, two, NOON + 2 * SECOND) is Turn.DONE
    assert store.take_turn("pull town", NOON, one, NOON + 2 * SECOND) is Turn.DONE
    assert store.take_turn("plan", NOON, two, NOON + 2 * SECOND) is Turn.OURS
    assert store.take_turn("pull town", NOON + EVERY, two, NOON + EVERY) is Turn.OURS


def test_a_turn_that_was_cut_off_is_done_by_who_leads_next(store: Store) -> None:
    dead, left, stepped_down = (leader(store, host) for host in ("dead", "left", "down"))
    heir = leader(store, "heir")
    for job, by in (("a", dead), ("b", left), ("c", stepped_down)):
        assert store.take_turn(job, NOON, by, NOON) is Turn.OURS
        assert store.take_turn(job, NOON, heir, NOON + SECOND) is Turn.OPEN
    store.sign_off(left, NOON + SECOND)
    store.beat(stepped_down, NOON + SECOND, role="stands by")
    later = NOON + 2 * SECOND
    assert [store.take_turn(job, NOON, heir, later) for job in "abc"] == [
        Turn.OPEN,
        Turn.OURS,
        Turn.OURS,
    ]
    assert store.take_turn("a", NOON, heir, NOON + 31 * SECOND) is Turn.OURS


def test_who_took_a_turn_and_was_cut_off_may_do_it_again_itself(store: Store) -> None:
    one = leader(store)
    assert store.take_turn("plan", NOON, one, NOON) is Turn.OURS
    assert store.take_turn("plan", NOON, one, NOON + SECOND) is Turn.OURS


def test_a_clock_of_the_server_that_was_set_back_stops_nothing(store: Store) -> None:
    one = leader(store)
    ahead = NOON + HOUR
    store.take_turn("plan", ahead, one, ahead)
    store.end_turn("plan", ahead, one, ahead)
    assert store.take_turn("plan", ahead, one, ahead + SECOND) is Turn.DONE
    assert store.take_turn("plan", ahead, one, ahead - SECOND) is Turn.DONE
    assert store.take_turn("plan", ahead, one, NOON) is Turn.OURS


def test_old_turns_are_forgotten_but_the_last_of_each_step(store: Store) -> None:
    one = leader(store)
    for number in range(5):
        store.take_turn("plan", NOON + number * SECOND, one, NOON + number * SECOND)
    store.take_turn("pull rarely", NOON, one, NOON)
    assert store.drop_slots(NOON + 2 * SECOND) == 2
    assert store.drop_slots(NOON + HOUR) == 2
    assert store.drop_slots(NOON + HOUR) == 0
    store.end_turn("pull rarely", NOON, one, NOON)
    assert store.take_turn("pull rarely", NOON, one, NOON + HOUR) is Turn.DONE


@given(
    st.datetimes(timezones=st.just(NOON.tzinfo)),
    st.timedeltas(min_value=SECOND, max_value=timedelta(days=30)),
)
def test_moments_of_one_slot_have_one_begin(moment, every) -> None:  # type: ignore[no-untyped-def]
    try:
        begin = slot_of(moment, every)
    except OverflowError:
        return
    assert begin <= moment < begin + every
    assert slot_of(begin, every) == begin
