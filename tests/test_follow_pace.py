"""Laws of the pace: whatever is tried and whenever, the bounds of day, hour and distance hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import AutoFollow
from alerts.channels.digest_channel import Quiet
from alerts.follow import Pace, allowance, most_a_day, next_follow, propose
from alerts.model import ProposalState
from tests.alert_samples import BRAND, NOW, account, mention, waiting

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CHANNEL = AutoFollow(name="follow", source="town")
NO_WARM_UP = replace(CHANNEL, warm_up_days=0)


def pace(follows: list[datetime], now: datetime, not_before: datetime | None = None) -> Pace:
    recent = tuple(at for at in follows if at > now - DAY)
    return Pace(recent=recent, first=follows[0] if follows else None, not_before=not_before)


def live(channel: AutoFollow, steps: list[int], seed: int) -> list[datetime]:
    """Try to follow again and again, so many minutes apart; return when it was allowed."""
    now, random = START, Random(seed)
    follows: list[datetime] = []
    wait: datetime | None = None
    for step in steps:
        now += step * MINUTE
        for _ in range(allowance(channel, pace(follows, now, wait), now, "UTC").follows):
            follows.append(now)
            wait = next_follow(channel, now, random)
    return follows


channels = st.builds(
    AutoFollow,
    name=st.just("f"),
    source=st.just("s"),
    per_day=st.integers(1, 30),
    per_hour=st.integers(1, 6),
    minutes_between=st.integers(0, 40),
    jitter=st.integers(0, 20),
    warm_up_days=st.integers(0, 5),
    warm_up_from=st.integers(1, 10),
)


@settings(max_examples=60, deadline=None)
@given(channels, st.lists(st.integers(1, 180), max_size=150), st.integers(0, 9))
def test_no_window_holds_more_than_it_may(channel: AutoFollow, steps: list[int], seed: int) -> None:
    follows = live(channel, steps, seed)
    for at in follows:
        a_day = [one for one in follows if at - DAY < one <= at]
        assert len(a_day) <= most_a_day(channel, follows[0], at) <= channel.per_day
        assert len([one for one in follows if at - HOUR < one <= at]) <= channel.per_hour
    for before, after in pairwise(follows):
        assert after - before >= channel.minutes_between * MINUTE


@given(channels, st.lists(st.floats(0, 400), min_size=2, max_size=8))
def test_the_warm_up_never_goes_back_and_ends_at_the_full_pace(
    channel: AutoFollow, days: list[float]
) -> None:
    allowed = [most_a_day(channel, START, START + day * DAY) for day in sorted(days)]
    assert allowed == sorted(allowed)
    assert most_a_day(channel, START, START + channel.warm_up_days * DAY) == channel.per_day
    if channel.warm_up_days:
        first = min(channel.warm_up_from, channel.per_day)
        assert most_a_day(channel, None, START) == first
        # A clock set back is no reason to go faster.
        assert most_a_day(channel, START, START - DAY) == first


def test_the_warm_up_of_the_defaults() -> None:
    days = [most_a_day(CHANNEL, START, START + day * DAY) for day in (0, 1, 2, 7, 13, 14, 99)]
    assert days == [2, 2, 3, 6, 9, 10, 10]


def test_the_distance_is_drawn_once_and_lies_within_the_jitter() -> None:
    random = Random(1)
    drawn = [next_follow(CHANNEL, START, random) - START for _ in range(200)]
    assert 10 * MINUTE <= min(drawn) < 10.5 * MINUTE
    assert 14.5 * MINUTE < max(drawn) <= 15 * MINUTE
    assert next_follow(replace(CHANNEL, minutes_between=0), START, random) == START


def test_why_nobody_is_followed_is_said() -> None:
    def why(channel: AutoFollow, one: Pace) -> str:
        found = allowance(channel, one, START, "UTC")
        assert found.follows == 0
        return found.why

    ten = tuple(START - n * 2 * HOUR for n in range(10))
    assert why(CHANNEL, Pace(stopped="a block")) == "stopped: a block"
    assert why(CHANNEL, Pace(not_before=START + MINUTE)) == "too soon after the last one"
    assert why(NO_WARM_UP, Pace(recent=ten, first=ten[-1])) == "10 a day are followed already"
    assert why(CHANNEL, Pace(recent=ten[1:3], first=START)) == "2 a day are followed already"
    close = tuple(START - n * 15 * MINUTE for n in range(1, 4))
    assert why(NO_WARM_UP, Pace(recent=close, first=close[-1])) == "3 an hour are followed already"
    night = replace(CHANNEL, quiet=Quiet(from_="10:00", until="07:00"), timezone="Europe/Paris")
    assert why(night, Pace()) == "in quiet hours"
    assert allowance(replace(night, timezone=""), Pace(), START, "UTC").follows == 1


def test_a_follow_of_the_future_counts_too() -> None:
    ahead = Pace(recent=(START + HOUR, START + 2 * HOUR), first=START + HOUR)
    assert allowance(CHANNEL, ahead, START, "UTC").follows == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["ann", "bob", "cy"]), min_size=1, max_size=12), st.integers(1, 3))
def test_nobody_is_proposed_twice_whatever_comes_again(people: list[str], room: int) -> None:
    known: dict[str, ProposalState] = {}
    for number, who in enumerate(people):
        post = mention("plivelo", by=account(who), id=str(number))
        found = propose(CHANNEL, waiting(mentions=(post,)), [BRAND], known, NOW, room=room)
        proposed = [one.account.key for one in found.proposals]
        assert not set(proposed) & set(known)
        known |= dict.fromkeys(proposed, ProposalState.REFUSED)
        # Every account has a proposal, a reason, or its place in the line.
        refused = {one.account.key for one in found.refusals}
        assert {*proposed, *refused, *found.left} == {post.post.author.key}
    assert len(known) == len(set(people))
