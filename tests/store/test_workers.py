"""Who works on a database: signs in, gives signs of life, leaves or is lost."""

from datetime import timedelta

from alerts.model import DeliveryState
from tests.store.samples import NOON, frozen
from watcher.store import Store, otherwise

SECOND = timedelta(seconds=1)


def test_who_signs_in_is_told_with_its_host_and_process(store: Store) -> None:
    first = store.sign_in("stands by", NOON, host="one", pid=7)
    second = store.sign_in("leads", NOON, host="two", pid=8)
    assert first != second
    told = store.workers(NOON + SECOND)
    assert [(one.id, one.host, one.pid, one.role, one.is_alive) for one in told] == [
        (second, "two", 8, "leads", True),
        (first, "one", 7, "stands by", True),
    ]


def test_a_sign_of_life_tells_what_was_done_and_what_goes_wrong(store: Store) -> None:
    worker = store.sign_in("works", NOON)
    assert store.beat(worker, NOON + 10 * SECOND, posts=500, matches=3, trouble="no disk")
    assert store.beat(worker, NOON + 20 * SECOND)
    (one,) = store.workers(NOON + 21 * SECOND)
    assert (one.beat, one.posts, one.matches, one.trouble) == (
        NOON + 20 * SECOND,
        500,
        3,
        "no disk",
    )
    assert store.beat(worker, NOON + 30 * SECOND, role="leads", trouble="")
    (one,) = store.workers(NOON + 31 * SECOND)
    assert (one.role, one.posts, one.trouble) == ("leads", 500, "")


def test_who_is_silent_for_half_a_minute_is_lost_until_it_is_heard_again(store: Store) -> None:
    worker = store.sign_in("works", NOON)
    assert not store.workers(NOON + 30 * SECOND)[0].is_lost
    assert store.workers(NOON + 31 * SECOND)[0].is_lost
    store.beat(worker, NOON + 40 * SECOND)
    assert store.workers(NOON + 41 * SECOND)[0].is_alive


def test_who_leaves_in_good_order_is_not_lost(store: Store) -> None:
    worker = store.sign_in("works", NOON)
    store.sign_off(worker, NOON + SECOND)
    (one,) = store.workers(NOON + timedelta(hours=1))
    assert (one.stopped, one.is_lost, one.is_alive) == (NOON + SECOND, False, False)


def test_who_was_silent_for_a_week_is_forgotten_and_signs_in_anew(store: Store) -> None:
    former = store.sign_in("works", NOON)
    later = NOON + timedelta(days=7, seconds=1)
    assert store.workers(later) == ()
    store.sign_in("works", later)
    assert not store.beat(former, later)
    assert len(store.workers(later)) == 1


def test_a_delivery_of_who_lives_is_left_to_it_and_of_who_is_lost_is_not(store: Store) -> None:
    frozen(store, "a@acme.example")
    one, two = (store.sign_in("leads", NOON, host=host) for host in ("one", "two"))
    claimed = store.claim_delivery(NOON, by=one)
    assert claimed is not None
    store.handing_over(claimed.attempt, NOON)
    assert store.abandon_claims(NOON + 20 * SECOND, by=two) == 0
    assert store.delivery_record(claimed.delivery.id).state is DeliveryState.SENDING
    assert store.abandon_claims(NOON + 31 * SECOND, by=two) == 1
    assert store.delivery_record(claimed.delivery.id).uncertain == 1
    again = store.claim_delivery(NOON + 31 * SECOND, by=two)
    assert again is not None
    assert store.abandon_claims(NOON + 32 * SECOND, by=two) == 1  # its own, of an earlier start


def test_who_goes_by_another_configuration_than_the_leader_is_found(store: Store) -> None:
    leader = store.sign_in("leads", NOON, config="aa")
    same, other = (store.sign_in("stands by", NOON, config=one) for one in ("aa", "bb"))
    works = store.sign_in("works", NOON, config="cc")
    store.sign_in("works", NOON)  # tells none
    store.sign_off(store.sign_in("works", NOON, config="dd"), NOON)
    assert {one.id for one in otherwise(store.workers(NOON))} == {other, works}
    store.beat(works, NOON, config="aa")
    assert [one.id for one in otherwise(store.workers(NOON))] == [other]
    store.beat(leader, NOON, role="stands by")
    assert otherwise(store.workers(NOON)) == ()  # nobody leads, so nothing holds
    assert same
