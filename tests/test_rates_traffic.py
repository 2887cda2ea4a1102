"""Spikes over weeks of traffic: few alarms where nothing happens, an early one where it does."""

import gzip
import json
import math
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rules.rates import Alarm, Event, Record, Spike
from tests.rates_samples import DAY, HOUR, MINUTE, START, Remembered, event, watched

STEP = 10 * MINUTE


def live(said: Sequence[Event], *, since: datetime, until: datetime) -> list[tuple[datetime, str]]:
    """Judge events as they come in; give when an alarm was raised, and what it said."""
    rate = Spike()
    whole = Remembered(said, rate)
    raised: list[tuple[datetime, str]] = []
    told: list[Alarm] = []
    first, now = 0, since
    while now < until:
        now += STEP
        last = first
        while last < len(said) and said[last].at <= now:
            last += 1
        fresh, first = tuple(said[first:last]), last
        if not fresh:
            continue
        record = Record(
            rule="talk",
            now=now,
            fresh=fresh,
            history=Upto(whole, now),
            watching_since=since,
            told={"": tuple(one.until for one in told[-9:])},
            silence=4 * HOUR,
            sight=watched(since, now),
        )
        new = rate.judge(record)
        told += new
        raised += [(now, str(one.reason)) for one in new]
    return raised


class Upto:
    """What was written by now of a history that is whole."""

    def __init__(self, whole: Remembered, now: datetime) -> None:
        self._all, self._now = whole, now

    def events(self, since: datetime, until: datetime) -> Sequence[Event]:
        return self._all.events(since, min(until, self._now))

    def count(self, since: datetime, until: datetime) -> Mapping[str, int]:
        return {"": len(self.events(since, until))}


def traffic(level: float, days: int, seed: int, burst: tuple[int, float] = (0, 0)) -> list[Event]:
    """Posts as chance brings them, fewer at night and at weekends; more in three hours."""
    chance = random.Random(seed)
    said: list[Event] = []
    at = 0.0
    while (at := at + chance.expovariate(most := 2.5 * level + burst[1])) < days * 24:
        day, hour = divmod(int(at), 24)
        usual = level * (1 + 0.9 * math.sin((hour - 9) / 12 * math.pi))
        usual *= 0.6 if day % 7 >= 5 else 1.16
        if 0 <= at - burst[0] < 3:
            usual += burst[1]
        if chance.random() < usual / most:
            said.append(event(len(said) + 1, START + at * HOUR, f"town:{len(said)}"))
    return said


@pytest.mark.parametrize(("level", "days", "most"), [(0.5, 180, 0), (2, 90, 2), (5, 60, 4)])
def test_what_chance_brings_hardly_alarms(level: float, days: int, most: int) -> None:
    said = traffic(level, days, seed=7)
    assert len(live(said, since=START, until=START + days * DAY)) <= most


@pytest.mark.parametrize("level", [0.5, 2, 5])
def test_a_burst_is_told_within_the_hour(level: float) -> None:
    hour = 30 * 24 + 11
    said = traffic(level, 31, seed=int(level * 10), burst=(hour, max(30, 5 * level)))
    raised = [at for at, _ in live(said, since=START, until=START + 31 * DAY)]
    begin = START + hour * HOUR
    assert any(begin < at <= begin + HOUR for at in raised)


def real(folder: Path, brand: str, since: datetime, until: datetime) -> list[Event]:
    """The times at which real posts about a brand were written."""
    with gzip.open(folder / "posts" / "replab_volume_notext.jsonl.gz", "rt") as lines:
        posts = [json.loads(line) for line in lines if f'"entity": "{brand}"' in line]
    times = sorted(datetime.fromisoformat(post["created_at"]) for post in posts)
    return [event(n, at) for n, at in enumerate(times) if since <= at < until]


def test_the_crises_of_a_bank_are_told_while_they_begin(shared_data: Path) -> None:
    since, until = datetime(2012, 5, 20, tzinfo=UTC), datetime(2012, 7, 5, tzinfo=UTC)
    said = real(shared_data, "Barclays", since, until)
    raised = [at for at, _ in live(said, since=since, until=until)]
    assert len([at for at in raised if at < datetime(2012, 6, 27, tzinfo=UTC)]) <= 2
    for day in (datetime(2012, 6, 28, tzinfo=UTC), datetime(2012, 7, 3, tzinfo=UTC)):
        first = min(at for at in raised if at >= day)
        before = sum(day <= one.at <= first for one in said)
        assert before < 0.2 * sum(day <= one.at < day + DAY for one in said)


@pytest.mark.parametrize("brand", ["Mazda", "Volkswagen", "Volvo"])
def test_a_brand_of_which_nothing_special_is_said_does_not_alarm(
    shared_data: Path, brand: str
) -> None:
    since, until = datetime(2012, 4, 1, tzinfo=UTC), datetime(2012, 8, 1, tzinfo=UTC)
    assert live(real(shared_data, brand, since, until), since=since, until=until) == []
