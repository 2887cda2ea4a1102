"""Reading that is paid for is booked before it is done, and never beyond its budget."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from watcher.store import Store

TODAY = date(2026, 11, 22)
YESTERDAY = date(2026, 11, 21)
LAST_MONTH = date(2026, 10, 31)


def booked(store: Store, wanted: int, day: date = TODAY, **bounds: int | None) -> int:
    given = {"least": 10, "of_day": None, "of_month": None} | bounds
    return store.reserve_reads("x", day, wanted, **given)  # type: ignore[arg-type]


def test_without_a_budget_all_is_booked(store: Store) -> None:
    assert booked(store, 100) == 100
    assert store.reads("x", TODAY, TODAY) == 100


def test_what_is_left_of_the_day_bounds_a_booking(store: Store) -> None:
    assert booked(store, 100, of_day=150) == 100
    assert booked(store, 100, of_day=150) == 50
    assert booked(store, 100, of_day=150) == 0
    assert store.reads("x", TODAY, TODAY) == 150


def test_less_than_the_least_is_not_booked_at_all(store: Store) -> None:
    assert booked(store, 100, of_day=109) == 100
    assert booked(store, 100, of_day=109) == 0
    assert booked(store, 1, least=1, of_day=109) == 1


def test_what_was_not_read_is_given_back(store: Store) -> None:
    assert booked(store, 100, of_day=100) == 100
    store.settle_reads("x", TODAY, 100, 7)
    assert store.reads("x", TODAY, TODAY) == 7
    assert booked(store, 100, of_day=100) == 93


def test_a_month_begins_anew_and_a_day_too(store: Store) -> None:
    for day in (LAST_MONTH, YESTERDAY, TODAY):
        assert booked(store, 40, day, of_day=40, of_month=80) == 40
    assert booked(store, 40, TODAY, least=1, of_month=80) == 0
    assert store.reads("x", LAST_MONTH, TODAY) == 120


def test_sources_are_kept_apart(store: Store) -> None:
    assert booked(store, 100, of_day=100) == 100
    assert store.reads("y", TODAY, TODAY) == 0
    assert store.reserve_reads("y", TODAY, 5, least=1, of_day=100, of_month=None) == 5


def test_bookings_at_the_same_time_do_not_exceed_the_budget(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        granted = list(pool.map(lambda _: booked(store, 30, of_day=100), range(8)))
    assert sum(granted) == store.reads("x", TODAY, TODAY) == 100
