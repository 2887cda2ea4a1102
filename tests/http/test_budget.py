"""What may be asked, and when again."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.backends.http.budget import (
    FAILURES_THAT_CLOSE,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Budget,
    Budgets,
    spoken,
)
from watcher.backends.http.limits import LONGEST_WAIT, read_limits
from watcher.backends.interface import BackendError

NOW = datetime(2026, 3, 10, 7, 30, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
DATE = "Tue, 10 Mar 2026 07:30:00 GMT"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> Budget:
    return Budget("town.example", clock=clock, chance=lambda: 1.0)


@pytest.mark.parametrize(
    ("headers", "remaining", "reset"),
    [
        ({"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": str(EPOCH + 90)}, 7, 90),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": f"{EPOCH + 90}.0"}, 7, 90),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(EPOCH + 900)}, 0, 900),
        ({"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "2026-03-10T07:31:30.000Z"}, 7, 90),
        ({"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "2026-03-10T08:31:30+01:00"}, 7, 90),
        ({"RateLimit-Remaining": "7", "RateLimit-Reset": "90"}, 7, 90),
        ({"RateLimit-Remaining": "7", "RateLimit-Reset": str((EPOCH + 90) * 1000)}, 7, 90),
        ({"RateLimit": '"default";r=50;t=30'}, 50, 30),
        ({"X-RateLimit-Remaining": "7"}, 7, None),
        ({"X-RateLimit-Remaining": "-1", "X-RateLimit-Reset": "never"}, None, None),
        ({"X-RateLimit-Remaining": "1" * 50, "X-RateLimit-Reset": "9" * 50}, None, None),
        ({"X-RateLimit-Reset": str(EPOCH - 90)}, None, 0),
        ({"X-RateLimit-Reset": "2999-01-01T00:00:00Z"}, None, LONGEST_WAIT.total_seconds()),
        ({}, None, None),
    ],
)
def test_limits_are_read_however_a_server_writes_them(
    headers: dict[str, str], remaining: int | None, reset: float | None
) -> None:
    limits = read_limits(headers, NOW)
    assert limits.remaining == remaining
    assert (None if limits.reset_in is None else limits.reset_in.total_seconds()) == reset


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("40", 40),
        ("0", 0),
        ("1.5", 1.5),
        ("Tue, 10 Mar 2026 07:31:00 GMT", 60),
        ("Tuesday, 10-Mar-26 07:31:00 GMT", 60),
        ("Mon, 09 Mar 2026 07:31:00 GMT", 0),
        ("999999999", LONGEST_WAIT.total_seconds()),
        ("soon", None),
        ("-5", None),
        ("\u0664\u0660", None),
        ("", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    wait = read_limits({"Retry-After": value}, NOW).retry_in
    assert (None if wait is None else wait.total_seconds()) == seconds


def test_a_clock_that_is_off_does_not_prolong_the_wait() -> None:
    headers = {"Date": DATE, "X-RateLimit-Reset": str(EPOCH + 60)}
    for ours in (NOW - timedelta(hours=1), NOW + timedelta(hours=1)):
        assert read_limits(headers, ours).reset_in == timedelta(seconds=60)


@given(st.dictionaries(st.sampled_from(
    ["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining", "ratelimit", "date"]
), st.text(max_size=80)))  # fmt: skip
def test_whatever_stands_in_the_headers_no_wait_is_negative_or_endless(
    headers: dict[str, str],
) -> None:
    limits = read_limits(headers, NOW)
    for wait in (limits.reset_in, limits.retry_in):
        assert wait is None or timedelta(0) <= wait <= LONGEST_WAIT


def test_nothing_is_asked_once_the_budget_is_spent_until_it_begins_anew(
    budget: Budget, clock: Clock
) -> None:
    budget.note(200, {"X-RateLimit-Remaining": "2", "X-RateLimit-Reset": str(EPOCH + 60)})
    budget.take()
    budget.take()
    with pytest.raises(BackendError, match=r"town\.example takes no more requests") as raised:
        budget.take()
    assert raised.value.kind == "temporary"
    assert raised.value.retry_after == 60
    assert "60 seconds" in raised.value.help
    clock.tick(61)
    budget.take()
    assert budget.wait() == 0


def test_answers_out_of_order_give_nothing_back(budget: Budget) -> None:
    def said(remaining: int) -> dict[str, str]:
        return {
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(EPOCH + 60),
        }

    budget.note(200, said(5))
    budget.note(200, said(9))
    assert budget.windows()[""].remaining == 5


def test_many_threads_never_spend_more_than_there_is(budget: Budget) -> None:
    budget.note(200, {"X-RateLimit-Remaining": "100", "X-RateLimit-Reset": str(EPOCH + 60)})
    taken: list[int] = []

    def spend() -> None:
        for _ in range(50):
            try:
                budget.take()
            except BackendError:
                return
            taken.append(1)

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 100


def test_too_many_requests_close_the_budget_as_long_as_asked(budget: Budget, clock: Clock) -> None:
    assert budget.note(429, {"Retry-After": "40"}) == 40
    assert budget.wait() == 40
    clock.tick(41)
    assert budget.wait() == 0


def test_an_answer_that_was_under_way_opens_nothing_that_was_closed(
    budget: Budget, clock: Clock
) -> None:
    budget.note(429, {"Retry-After": "300"})
    budget.note(200, {})
    assert budget.wait() == 300
    clock.tick(300)
    assert budget.wait() == 0


def test_too_many_requests_without_a_time_wait_for_the_reset_or_longer_each_time(
    budget: Budget, clock: Clock
) -> None:
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH + 77)}
    assert budget.note(429, reset) == 77
    clock.tick(100)
    pauses = []
    for _ in range(12):
        pauses.append(budget.note(429, {}))
        clock.tick(LONGEST_PAUSE.total_seconds() + 1)
    assert pauses == sorted(pauses)  # type: ignore[type-var]
    assert pauses[-1] == LONGEST_PAUSE.total_seconds()


def test_pauses_differ_so_that_not_all_come_back_at_once(clock: Clock) -> None:
    first = {
        Budget("a", clock=clock, chance=lambda c=chance: c).note(500, {})  # type: ignore[misc]
        for chance in (0.0, 0.5, 1.0)
    }
    whole = FIRST_PAUSE.total_seconds()
    assert first == {whole / 2, whole * 0.75, whole}


def test_a_single_failure_stops_nobody_else_and_several_in_a_row_do(
    budget: Budget, clock: Clock
) -> None:
    for _ in range(FAILURES_THAT_CLOSE - 1):
        budget.failed()
        assert budget.wait() == 0
    budget.failed()
    assert budget.wait() > 0
    with pytest.raises(BackendError, match="failed a moment ago"):
        budget.take()
    clock.tick(LONGEST_PAUSE.total_seconds())
    budget.note(200, {})
    budget.failed()
    assert budget.wait() == 0


def test_what_a_server_counts_apart_is_spent_apart(budget: Budget) -> None:
    budget.note(429, {"Retry-After": "40"}, "search")
    assert budget.wait("search") == 40
    assert budget.wait("timeline") == 0


def test_all_sources_of_an_account_share_one_budget() -> None:
    budgets = Budgets()
    assert budgets.of("town.example", "us") is budgets.of("town.example", "us")
    assert budgets.of("town.example", "us") is not budgets.of("town.example")
    assert budgets.of("other.example", "us") is not budgets.of("town.example", "us")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 second"), (40, "40 seconds"), (121, "3 minutes"), (7201, "3 hours"), (2e5, "3 days")],
)
def test_lengths_of_time_are_rounded_up(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
