"""Spikes over days and weeks: by rhythm, by measure, and replayed as they were judged live."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.rates import Event, Spike
from rules.rates.measures import measured
from rules.rates.sliding import STEPS, pieces, step_of, windows, windows_of
from rules.rates.tail import is_large_share
from tests.rates_samples import DAY, HOUR, MINUTE, START, Judge, Remembered, event
from watcher.spikes.reading import read_counts, read_windows
from watcher.spikes.replay import Counts, Past, replay
from watcher.spikes.score import Marked, changed, score

STEP = 5 * MINUTE


def counts(
    hours: Sequence[int], first: int = 0
) -> list[tuple]:  # (moment, posts), spread over each hour
    found = []
    for hour, posts in enumerate(hours, start=first):
        for part in range(12):
            more = posts * (part + 1) // 12 - posts * part // 12
            found.append((START + hour * HOUR + part * STEP, more))
    return found


def told(hours: Sequence[int], **keys: object) -> list[int]:
    """In which hours the alarms came."""
    past = Counts(counts(hours))
    rate = Spike(**keys)  # type: ignore[arg-type]
    alarms = replay(rate, past, START, START + len(hours) * HOUR)
    return [int((one.until - START - STEP) / HOUR) for one in alarms]


DAILY = [2, 1, 1, 1, 2, 4, 8, 15, 22, 25, 24, 26, 30, 28, 24, 22, 24, 28, 30, 26, 18, 12, 6, 3]


def test_a_jump_is_told_and_then_the_rule_stays_silent_for_a_day() -> None:
    hours = DAILY * 20
    hours[19 * 24 + 12 : 19 * 24 + 18] = [300, 400, 350, 300, 200, 120]
    assert told(hours) == [19 * 24 + 12]


def test_a_rise_that_lasts_is_told_at_half_the_height() -> None:
    hours = DAILY * 20
    for hour in range(19 * 24 + 9, 19 * 24 + 19):
        hours[hour] = 2 * hours[hour]
    [found] = told(hours)
    assert 19 * 24 + 12 <= found <= 19 * 24 + 14
    alarms = replay(Spike(), Counts(counts(hours)), START, START + 20 * DAY)
    assert "far more than usual for four times as long" in str(alarms[0].reason)


@pytest.mark.drill
def test_traffic_in_bursts_does_not_alarm_at_every_burst() -> None:
    chance = random.Random(3)
    hours = [chance.randint(2, 6) for _ in range(40 * 24)]
    bursts = [day * 24 + chance.randrange(24) for day in range(40) for _ in range(2)]
    for hour in bursts:
        hours[hour] = chance.randint(150, 250)
    late = [one for one in told(hours) if one >= 12 * 24]
    assert len(late) <= 4  # in four weeks with 56 bursts: about one a week
    hours[39 * 24 + 20] = 2000
    assert 39 * 24 + 20 in told(hours)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 200), st.sampled_from(["1h", "2h"]))
def test_a_constant_series_never_alarms(level: int, within: str) -> None:
    assert told([level] * 24 * 5, within=within) == []


@pytest.mark.drill
@settings(max_examples=4, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=24, max_size=24), st.integers(0, 6))
def test_a_week_that_repeats_itself_never_alarms_once_it_is_known(
    day: list[int], feast: int
) -> None:
    week = (day * 7)[:]
    week[feast * 24 + 20] += 500
    hours = week * 4
    assert [one for one in told(hours) if one >= 14 * 24] == []


@pytest.mark.drill
@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([2, 7, 40]))
def test_scaling_a_calm_series_raises_no_alarm(seed: int, factor: int) -> None:
    chance = random.Random(seed)
    hours = [round(one * chance.uniform(0.8, 1.2)) for one in DAILY * 12]
    assert told(hours) == []
    assert told([factor * one for one in hours]) == []


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_order_of_arrival_makes_no_difference(chance: random.Random, parts: int) -> None:
    calm = [event(n, START + n * 20 * MINUTE, f"x:{n}") for n in range(1, 5 * 72)]
    begin = START + 5 * DAY
    storm = [event(1000 + n, begin + n * MINUTE / 2, f"x:{n % 30}") for n in range(80)]
    whole = Judge(Spike(), stored=list(calm))
    whole.find(storm, begin + HOUR)
    shuffled = storm[:]
    chance.shuffle(shuffled)
    apart = Judge(Spike(), stored=list(calm))
    apart.stored += [one for part in range(1, parts) for one in shuffled[part::parts]]
    apart.find(shuffled[0::parts], begin + HOUR)
    first = {(group, until) for group, until in whole.told()}
    assert first
    assert {group for group, _ in apart.told()} <= {""}
    once = Judge(Spike(), stored=list(calm))
    once.find(shuffled, begin + HOUR)
    assert once.told() == whole.told()


def test_a_replay_is_the_live_walk_over_a_simulated_clock() -> None:
    chance = random.Random(11)
    said: list[Event] = []
    at = START
    while at < START + 12 * DAY:
        burst = START + 9 * DAY + 14 * HOUR <= at < START + 9 * DAY + 17 * HOUR
        at += timedelta(minutes=chance.expovariate(1 / (0.4 if burst else 9)))
        said.append(event(len(said) + 1, at, f"town:{chance.randrange(900)}"))
    rate = Spike()
    live = Judge(rate)
    now, place = START, 0
    while now < START + 12 * DAY:
        now += STEP
        first = place
        while place < len(said) and said[place].at <= now:
            place += 1
        live.find(said[first:place], now)
    replayed = replay(rate, Past(said, rate), START, START + 12 * DAY)
    assert [(one.group, one.until) for one in replayed] == live.told()
    assert live.told()


def test_nothing_later_is_read() -> None:
    hours = DAILY * 16
    hours[15 * 24 + 12] = 400
    whole = replay(Spike(), Counts(counts(hours)), START, START + 16 * DAY)
    cut = hours[: 15 * 24 + 13]
    assert replay(Spike(), Counts(counts(cut)), START, START + 15 * DAY + 13 * HOUR) == whole


drawn = st.lists(
    st.tuples(st.integers(0, 240), st.integers(1, 5), st.booleans()), min_size=1, max_size=40
)


@settings(max_examples=15, deadline=None)
@given(drawn, st.sampled_from(["posts", "authors", "negative", "reposts", "reach"]))
def test_windows_slid_over_are_windows_counted(rows: list[tuple[int, int, bool]], of: str) -> None:
    found = [
        Event(
            at=START + minute * MINUTE,
            rid=n,
            author=f"town:{author}",
            negative=("Acme",) if flag else (),
            repost=flag,
            followers=10**author,
        )
        for n, (minute, author, flag) in enumerate(rows)
    ]
    slid = windows(pieces(found, HOUR / STEPS, of), of)  # type: ignore[arg-type]
    for hours in range(1, 60):
        end = START + hours * STEP
        inside = [one for one in found if end - HOUR < one.at <= end]
        direct = measured(inside, of, None)[""] if inside else 0  # type: ignore[arg-type]
        assert slid.get(step_of(end, HOUR / STEPS), 0) == direct


def sour(hours: int, negative: int, positive: int, storm: tuple[int, int]) -> list[Event]:
    """Posts of `hours`, some of them negative each hour, and more in the last one."""
    found: list[Event] = []
    for hour in range(hours):
        bad, good = storm if hour == hours - 1 else (negative, positive)
        for n in range(bad + good):
            found.append(
                Event(
                    at=START + hour * HOUR + (n + 1) * 50 * MINUTE / (bad + good),
                    rid=len(found) + 1,
                    author=f"town:{len(found)}",
                    toned=("Acme",),
                    negative=("Acme",)
                    if (n + 1) * bad // (bad + good) > n * bad // (bad + good)
                    else (),
                )
            )
    return found


def sour_alarms(found: list[Event]) -> list[str]:
    rate = Spike(of="negative", at_least=10)
    alarms = replay(rate, Past(found, rate), START, found[-1].at + HOUR)
    return [str(one.reason) for one in alarms]


def test_negative_posts_are_told_where_their_share_rises_too() -> None:
    [reason] = sour_alarms(sour(8 * 24, 2, 8, (40, 20)))
    assert "negative posts within 1h" in reason
    assert "% of those whose tone is known" in reason
    assert sour_alarms(sour(8 * 24, 2, 8, (40, 170))) == []


def test_one_huge_account_is_no_reach() -> None:
    found = [
        Event(at=START, rid=n, author=f"x:{n}", followers=f) for n, f in enumerate((5, 9, 10**7))
    ]
    assert measured(found, "reach", None) == {"": 14}


def test_a_share_needs_support() -> None:
    assert not is_large_share(2, 2, 0, 0)
    assert not is_large_share(3, 10, 30, 100)
    assert is_large_share(30, 40, 30, 100)


def test_what_is_marked_is_found_once_and_the_rest_is_false() -> None:
    marked = [Marked(since=START, until=START + DAY, began=START + 12 * HOUR)]
    moments = [START + 13 * HOUR, START + 20 * HOUR, START + 3 * DAY]
    result = score(moments, marked, START, START + 14 * DAY)
    assert (result.found, result.early, result.false) == (1, 1, 1)
    assert (result.delay, result.false_a_week, result.precision) == (HOUR, 0.5, 0.5)
    nothing = score([], marked, START, START + 14 * DAY)
    assert (nothing.recall, nothing.delay, nothing.precision) == (0.0, None, None)


def test_the_change_is_seen_where_the_counts_rise() -> None:
    hours = [5] * 48
    hours[30:40] = [60] * 10
    at = changed(Counts(counts(hours)), START + 31 * HOUR)
    assert abs(at - (START + 30 * HOUR)) <= 15 * MINUTE


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"of": "reach", "distinct": "author"}, "distinct"),
        ({"of": "authors", "by": "author"}, "distinct"),
    ],
)
def test_what_is_counted_is_said_once(keys: dict[str, str], path: str) -> None:
    [problem] = Spike(**keys).problems()  # type: ignore[arg-type]
    assert problem.path == (path,)


def test_groups_are_slid_over_apart() -> None:
    found = [event(n, START + n * MINUTE, brand="AB"[n % 2]) for n in range(1, 7)]
    rate = Spike(by="brand")
    slid = windows_of(found, HOUR, rate.measure, rate.by)
    assert {group: max(one.values()) for group, one in slid.items()} == {"A": 3, "B": 3}
    assert Remembered(found, rate).count(START, START + HOUR) == {"A": 3, "B": 3}


@pytest.mark.drill
@pytest.mark.parametrize("name", ["AMZN", "FB"])
def test_marked_crises_of_a_real_series_are_found_early_and_with_few_false_alarms(
    shared_data: Path, name: str
) -> None:
    folder = shared_data / "posts" / "nab"
    series = read_counts(folder / f"Twitter_volume_{name}.csv.gz")
    marked = [
        replace(one, began=one.since + (one.until - one.since) / 2)
        for one in read_windows(folder / "windows.json.gz", f"Twitter_volume_{name}")
    ]
    since, until = series[0][0], series[-1][0]
    alarms = replay(Spike(), Counts(series), since, until)
    result = score([one.until for one in alarms], marked, since, until)
    assert result.early == result.marked
    assert result.false_a_week is not None
    assert result.false_a_week <= 1
