"""How a network is asked: at its pace, again where that helps, never for ever."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.backends.interface import BackendError, TakenError
from watcher.impostors.asking import (
    LONGEST_WAIT,
    MOST_TRIES,
    MOST_UNANSWERED,
    PACE,
    Asking,
    SilentError,
    UnansweredError,
)


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.slept: list[float] = []
        self.told: list[str] = []

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def asking(time: Time, network: str = "local", seed: int = 1) -> Asking:
    return Asking(
        network,
        clock=lambda: time.now,
        sleep=time.sleep,
        random=Random(seed),
        tell=time.told.append,
    )


def failing(*errors: BackendError) -> Callable[[], str]:
    """Return a question that fails so many times and is then answered."""
    left = list(errors)

    def question() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return question


def busy(retry_after: float | None = None) -> BackendError:
    return BackendError("too many questions", kind="temporary", retry_after=retry_after)


@pytest.mark.parametrize("network", ["mastodon", "bluesky", "x", "a network of tomorrow"])
def test_a_network_is_left_in_peace_between_two_questions(network: str) -> None:
    time = Time()
    one = asking(time, network)
    for _ in range(3):
        assert one.ask(failing()) == "answer"
    assert time.slept == [PACE, PACE]


def test_a_question_that_took_long_is_followed_at_once() -> None:
    time = Time()
    one = asking(time, "x")
    one.ask(lambda: time.sleep(PACE + 1))
    one.ask(failing())
    assert time.slept == [PACE + 1]


def test_a_clock_that_is_put_back_stops_nothing() -> None:
    time = Time()
    one = asking(time, "x")
    one.ask(failing())
    time.now -= timedelta(days=365)
    one.ask(failing())
    assert time.slept == [PACE]


def test_this_machine_needs_no_rest() -> None:
    time = Time()
    one = asking(time, "local")
    for _ in range(3):
        one.ask(failing())
    assert time.slept == []


def test_the_time_that_the_network_named_is_waited_for_and_told() -> None:
    time = Time()
    assert asking(time).ask(failing(busy(90.0))) == "answer"
    assert time.slept == [90.0]
    assert time.told == ["waiting 90 s: too many questions", ""]


def test_without_a_time_each_wait_is_longer_and_not_all_alike() -> None:
    first, second = Time(), Time()
    for time, seed in ((first, 1), (second, 2)):
        assert asking(time, seed=seed).ask(failing(busy(), busy(), busy())) == "answer"
        assert [1, 2, 4] <= time.slept <= [3, 6, 12]
    assert first.slept != second.slept


def test_a_question_is_given_up_in_the_end() -> None:
    time = Time()
    one = asking(time)
    with pytest.raises(UnansweredError, match="too many questions"):
        one.ask(failing(*[busy(1.0)] * MOST_TRIES))
    assert len(time.slept) == MOST_TRIES - 1
    assert one.ask(failing()) == "answer"


def test_a_network_that_answers_nothing_any_more_is_silent() -> None:
    one = asking(Time())
    for _ in range(MOST_UNANSWERED):
        assert not one.is_silent
        with pytest.raises(UnansweredError):
            one.ask(failing(BackendError("what?", kind="broken")))
    assert one.is_silent


def test_one_answer_makes_up_for_those_before() -> None:
    one = asking(Time())
    for _ in range(MOST_UNANSWERED * 2):
        with pytest.raises(UnansweredError):
            one.ask(failing(BackendError("what?", kind="broken")))
        one.ask(failing())
    assert not one.is_silent


def test_an_answer_without_sense_is_not_asked_for_again() -> None:
    time = Time()
    with pytest.raises(UnansweredError):
        asking(time).ask(failing(BackendError("what?", kind="broken")))
    assert time.slept == []


@pytest.mark.parametrize("kind", ["refused", "gone"])
def test_a_refusal_ends_the_asking_with_what_was_said(kind: str) -> None:
    error = BackendError("the token is invalid", kind=kind, help="make another")  # type: ignore[arg-type]
    with pytest.raises(SilentError, match="the token is invalid"):
        asking(Time()).ask(failing(error))


@settings(max_examples=50)
@given(st.one_of(st.floats(), st.sampled_from([math.inf, math.nan, -1.0, LONGEST_WAIT])))
def test_no_network_makes_us_wait_for_long(seconds: float) -> None:
    time = Time()
    if seconds <= LONGEST_WAIT:
        asking(time).ask(failing(busy(seconds)))
    else:
        with pytest.raises(SilentError, match="asks to wait longer than 15 minutes"):
            asking(time).ask(failing(busy(seconds)))
    assert sum(time.slept) <= LONGEST_WAIT


def test_a_name_whose_owner_is_not_shown_stops_nothing() -> None:
    asked = asking(Time())
    for _ in range(2 * MOST_UNANSWERED):
        with pytest.raises(UnansweredError, match="is not shown"):
            asked.ask(failing(TakenError("the owner of acme is not shown")))
    assert not asked.is_silent
    assert asked.ask(failing()) == "answer"
