"""What rates make of the matches of a rule: when they alarm, when not, and what they say."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from rules.rates import Cardinality, Event, Flatline, Frequency, NewTerm, Rate, Spike
from rules.rates.length import length, shown
from rules.rates.model import Quiet
from rules.rates.tail import is_high, is_low
from tests.rates_samples import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Judge,
    Remembered,
    event,
    events,
    unsettled,
    watched,
)

WEEK = 7 * DAY


def hourly(per_hour: int, hours: int, *, first: datetime = START) -> list:
    """Events spread evenly, by as many authors."""
    return [
        event(n, first + n * HOUR / per_hour, f"town:{n % max(per_hour, 1)}")
        for n in range(1, per_hour * hours + 1)
    ]


# --- frequency ---


def test_a_frequency_alarms_at_the_post_that_completes_it() -> None:
    judge = Judge(Frequency(at_least=3, within="10m"))
    assert judge.find(events(0, 1), START + 2 * MINUTE) == ()
    [alarm] = judge.find([event(3, START + 9 * MINUTE)], START + 9 * MINUTE)
    assert (alarm.since, alarm.until) == (START - MINUTE, START + 9 * MINUTE)
    assert (alarm.count, alarm.evidence, alarm.kind) == (3, (3, 2, 1), "frequency")
    assert str(alarm.reason) == "3 posts within 10m."


def test_what_lies_further_apart_than_the_window_does_not_add_up() -> None:
    assert Judge(Frequency(at_least=3, within="10m")).find(events(0, 9, 10), START + HOUR) == ()


def test_one_person_who_writes_a_lot_is_one_where_authors_are_counted() -> None:
    rate = Frequency(at_least=3, within="10m", distinct="author")
    loud = events(0, 1, 2, 3, 4, 5)
    assert Judge(rate).find(loud, START + HOUR) == ()
    others = [event(7, START + 5.5 * MINUTE, "town:2"), event(8, START + 6 * MINUTE, "town:3")]
    [alarm] = Judge(rate).find([*loud, *others], START + HOUR)
    assert str(alarm.reason) == "3 accounts within 10m."
    assert len(alarm.evidence) == 5
    assert {7, 8} < set(alarm.evidence)


def test_a_frequency_may_be_counted_for_each_author_brand_or_domain() -> None:
    mixed = [event(n, START + n * MINUTE, "town:1", brand="AB"[n % 2]) for n in range(1, 6)]
    [alarm] = Judge(Frequency(at_least=3, within="10m", by="brand")).find(mixed, START + HOUR)
    assert (alarm.group, alarm.evidence) == ("B", (5, 3, 1))
    assert str(alarm.reason) == "B: 3 posts within 10m."
    [alarm] = Judge(Frequency(at_least=5, within="10m", by="author")).find(mixed, START + HOUR)
    assert (alarm.group, str(alarm.reason)) == ("town:1", "@1: 5 posts within 10m.")
    assert Judge(Frequency(at_least=2, by="domain")).find(mixed, START + HOUR) == ()


def test_after_an_alarm_the_group_stays_silent_for_its_time_and_then_tells_the_whole() -> None:
    judge = Judge(Frequency(at_least=3, within="1h"))
    judge.find(events(*range(100)), START + 2 * HOUR)
    assert [(alarm.until - START, alarm.count) for alarm in judge.alarms] == [
        (2 * MINUTE, 3),
        (62 * MINUTE, 60),
    ]
    judge = Judge(Frequency(at_least=3, within="1h"), silence=timedelta(days=1))
    judge.find(events(*range(100)), START + 2 * HOUR)
    assert len(judge.alarms) == 1


def test_a_late_post_completes_the_window_it_belongs_to() -> None:
    judge = Judge(Frequency(at_least=3, within="10m"))
    assert judge.find(events(0, 8), START + HOUR) == ()
    [alarm] = judge.find([event(9, START + 4 * MINUTE)], START + 3 * HOUR)
    assert alarm.until == START + 8 * MINUTE


def test_nothing_is_told_of_what_is_long_over() -> None:
    judge = Judge(Frequency(at_least=3, within="10m"))
    assert judge.find(events(0, 1, 2), START + DAY + 2 * MINUTE) == ()
    judge = Judge(Frequency(at_least=3, within="7d"))
    assert len(judge.find(events(0, 1, 2), START + 6 * DAY)) == 1


# --- spike ---


def spike_after(before: int, count: int, *, hours: int = 30, **more: object) -> tuple:
    judge = Judge(Spike(**more))  # type: ignore[arg-type]
    judge.find(hourly(before, hours), START + hours * HOUR)
    begin = START + hours * HOUR
    storm = [event(90_000 + n, begin + n * 50 * MINUTE / count, f"x:{n}") for n in range(count)]
    judge.find(storm, begin + 55 * MINUTE)
    return tuple(judge.alarms)


def test_a_spike_is_far_more_than_in_the_stretches_before() -> None:
    [alarm] = spike_after(4, 40)
    assert alarm.kind == "spike"
    assert alarm.reason.values["usual"] == "4"
    assert str(alarm.reason).endswith("within 1h: shortly before it was about 4.")
    assert spike_after(4, 8) == ()


def test_a_spike_is_told_while_it_begins() -> None:
    [alarm] = spike_after(4, 200)
    assert alarm.until <= START + 30 * HOUR + 5 * MINUTE
    assert alarm.count < 40


def test_the_first_few_posts_after_silence_are_no_spike() -> None:
    assert spike_after(0, 9) == ()
    assert spike_after(0, 2, at_least=2) == ()
    assert len(spike_after(0, 12)) == 1


def test_a_spike_waits_until_the_rule_has_learned() -> None:
    assert spike_after(4, 80, hours=20) == ()
    assert len(spike_after(4, 80, hours=20, learn="6h")) == 1


def test_a_rush_hour_is_usual_where_weeks_tell_so() -> None:
    judge = Judge(Spike(learn="1d"))
    number = 0
    for week in range(4):
        for day in range(7):
            busy = [START + week * WEEK + day * DAY + 18 * HOUR + n * MINUTE for n in range(40)]
            found = [event(number := number + 1, at, f"town:{number % 50}") for at in busy]
            judge.find(found, busy[-1] + MINUTE)
    assert [alarm for alarm in judge.alarms if alarm.until > START + 2 * WEEK] == []
    sunday = START + 4 * WEEK - DAY + 3 * HOUR
    storm = [event(number + n, sunday + n * MINUTE / 2, f"x:{n}") for n in range(40)]
    [alarm] = judge.find(storm, sunday + 30 * MINUTE)
    assert str(alarm.reason) == (
        "11 posts within 1h: about 0 is usual at this time of the week, "
        "and 0 came at the same time last week."
    )


def test_a_stretch_that_nobody_watched_says_nothing_about_what_is_usual() -> None:
    begin = START + 31 * HOUR
    judge = Judge(Spike(learn="1h"))
    judge.stored = hourly(5, 24)
    back = [event(90_000 + n, begin + n * 2 * MINUTE, f"x:{n}") for n in range(25)]
    now = begin + 50 * MINUTE
    gap = watched(START, now, (START + 24 * HOUR, begin))
    assert judge.find(back, now, gap) == ()
    blind_to_it = Judge(Spike(learn="1h"), stored=hourly(5, 24))
    assert len(blind_to_it.find(back, now, watched(START, now))) == 1


def test_a_new_source_is_no_spike() -> None:
    begin = START + 30 * HOUR
    judge = Judge(Spike(), stored=hourly(2, 30))
    many = [event(90_000 + n, begin + n * MINUTE / 2, f"x:{n}") for n in range(90)]
    assert judge.find(many, begin + 50 * MINUTE, watched(begin, begin + 50 * MINUTE)) == ()


def test_a_drop_is_told_once_everything_was_read() -> None:
    judge = Judge(Spike(direction="down"), stored=hourly(20, 30))
    now = START + 31 * HOUR + 6 * MINUTE
    assert judge.find((), now, watched(START, START + 30 * HOUR + 20 * MINUTE)) == ()
    record = judge.record((), now, watched(START, now))
    assert judge.rate.judge(unsettled(record)) == ()
    [alarm] = judge.find((), now, watched(START, now))
    assert alarm.count == 0
    assert str(alarm.reason).startswith("Fallen to 0 within 1h: shortly before it was about 20")
    assert judge.find((), now + MINUTE, watched(START, now + MINUTE)) == ()


@pytest.mark.parametrize(
    ("count", "before", "high"),
    [
        (0, (0, 0, 0), False),
        (1, (0, 0, 0, 0), False),
        (3, (0, 0, 0, 0), False),
        (10, (0, 0, 0, 0), True),
        (12, (4, 5, 3, 6), False),
        (20, (4, 5, 3, 6), True),
        (60, (2, 40, 0, 1), False),
        (400, (100, 110, 95, 2000), True),
        (120, (100, 110, 95, 2000), False),
    ],
)
def test_how_surprising_a_count_is(count: int, before: tuple[int, ...], high: bool) -> None:
    assert is_high(count, before) is high


def test_a_low_count_surprises_only_where_there_were_many() -> None:
    assert not is_low(0, (2, 3, 1, 2))
    assert is_low(0, (20, 30, 25, 22))
    assert is_low(300, (1000, 1100, 950))


# --- flatline ---


def test_a_flatline_alarms_only_where_everything_was_read() -> None:
    judge = Judge(Flatline(within="1d"))
    now = START + 3 * DAY
    gap = (now - 3 * HOUR, now - 2 * HOUR)
    assert judge.find((), now) == ()
    assert judge.find((), now, watched(now - HOUR, now)) == ()
    assert judge.find((), now, watched(START, now, gap)) == ()
    assert judge.rate.judge(unsettled(judge.record((), now, watched(START, now)))) == ()
    [alarm] = judge.find((), now, watched(START, now - MINUTE))
    assert (alarm.since, alarm.until) == (now - MINUTE - DAY, now - MINUTE)
    assert str(alarm.reason) == "Nothing within 1d, though every source was read."
    assert judge.find((), now + HOUR, watched(START, now + HOUR)) == ()


def test_a_rule_younger_than_the_window_has_no_flatline() -> None:
    judge = Judge(Flatline(within="1d"), watching_since=START + DAY)
    assert judge.find((), START + 2 * DAY - MINUTE, watched(START, START + 2 * DAY - MINUTE)) == ()
    assert len(judge.find((), START + 2 * DAY, watched(START, START + 2 * DAY))) == 1


def test_too_few_are_told_with_their_number() -> None:
    judge = Judge(Flatline(within="1d", fewer_than=3), stored=events(60, 90))
    [alarm] = judge.find((), START + DAY, watched(START, START + DAY))
    assert str(alarm.reason) == (
        "Only 2 within 1d, though every source was read; at least 3 was expected."
    )


def test_a_brand_that_falls_silent_is_told_and_one_that_never_spoke_is_not() -> None:
    said = events(10, 20, 30, brand="A") + events(40, brand="B")
    judge = Judge(Flatline(within="1h", by="brand", fewer_than=2), stored=said)
    [alarm] = judge.find((), START + 2 * HOUR, watched(START, START + 2 * HOUR))
    assert (alarm.group, alarm.count, alarm.evidence) == ("A", 0, (3, 2, 1))
    assert str(alarm.reason) == "A: Nothing within 1h, though every source was read."


# --- new_term ---


def test_a_new_hashtag_is_told_once_and_again_when_it_was_forgotten() -> None:
    judge = Judge(NewTerm(learn="1d", remember="30d"))
    assert judge.find([event(1, START + HOUR, hashtag="old")], START + HOUR) == ()
    later = START + 2 * DAY
    [alarm] = judge.find(
        [event(2, later, hashtag="old"), event(3, later, hashtag="recall")], later + HOUR
    )
    assert (alarm.group, alarm.evidence) == ("recall", (3,))
    assert str(alarm.reason) == "#recall appears for the first time in 30d."
    assert judge.find([event(4, later + DAY, hashtag="recall")], later + DAY) == ()
    back = later + 40 * DAY
    assert len(judge.find([event(5, back, hashtag="recall")], back)) == 1


def test_a_new_author_is_called_by_name() -> None:
    judge = Judge(NewTerm(field="author", learn="0d"))
    [alarm] = judge.find([event(1, START, "town:kim")], START)
    assert str(alarm.reason) == "@kim appears for the first time in 30d."


def test_an_old_post_makes_its_terms_known_and_raises_nothing() -> None:
    judge = Judge(NewTerm(learn="0d"))
    assert judge.find([event(1, START, hashtag="x")], START + 2 * DAY) == ()
    assert judge.find([event(2, START + 2 * DAY, hashtag="x")], START + 2 * DAY) == ()


# --- cardinality ---


def test_many_different_values_alarm_and_the_same_again_does_not() -> None:
    rate = Cardinality(field="domain", at_least=3, within="10m")
    same = [event(n, START + n * MINUTE, domain="a.example") for n in range(9)]
    assert Judge(rate).find(same, START + HOUR) == ()
    varied = [event(n, START + n * MINUTE, domain=f"{n % 3}.example") for n in range(9)]
    [alarm] = Judge(rate).find(varied, START + HOUR)
    assert str(alarm.reason) == "3 domains within 10m."
    assert alarm.until == START + 2 * MINUTE


def test_too_little_variety_alarms_once_everything_was_read() -> None:
    judge = Judge(Cardinality(field="author", fewer_than=3, within="1d"), stored=events(1, 2, 3))
    assert judge.find((), START + DAY, watched(START + HOUR, START + DAY)) == ()
    [alarm] = judge.find((), START + DAY, watched(START, START + DAY))
    assert str(alarm.reason) == (
        "Only 1 (accounts) within 1d, though every source was read; at least 3 was expected."
    )


# --- tables ---


@pytest.mark.parametrize(
    ("rate", "code", "key"),
    [
        (Frequency(at_least=1), "out-of-range", "at_least"),
        (Frequency(within="1 hour"), "bad-interval", "within"),
        (Frequency(within="30s"), "out-of-range", "within"),
        (Frequency(by="author", distinct="author"), "useless-key", "distinct"),
        (Spike(height=1.0), "out-of-range", "height"),
        (Spike(learn="1m"), "out-of-range", "learn"),
        (Flatline(fewer_than=0), "out-of-range", "fewer_than"),
        (NewTerm(remember="1h"), "out-of-range", "remember"),
        (Cardinality(), "missing-key", None),
        (Cardinality(at_least=3, fewer_than=4), "useless-key", None),
        (Cardinality(at_least=1), "out-of-range", "at_least"),
        (Cardinality(fewer_than=3, by="brand"), "useless-key", "by"),
        (Cardinality(at_least=3, by="author"), "useless-key", "distinct"),
    ],
)
def test_a_mistake_in_a_table_is_told(rate: Rate, code: str, key: str | None) -> None:
    [problem] = rate.problems()
    assert (problem.code, problem.path) == (code, (key,) if key else ())


@pytest.mark.parametrize(
    "rate", [Frequency(), Spike(), Flatline(), NewTerm(), Cardinality(at_least=10)]
)
def test_the_defaults_are_in_order(rate: Rate) -> None:
    assert list(rate.problems()) == []
    assert rate.silence >= timedelta()


@pytest.mark.parametrize("text", ["90s", "30m", "1h", "7d", "90m"])
def test_a_length_of_time_is_read_and_shown(text: str) -> None:
    assert length(shown(length(text))) == length(text)
    assert shown(length(text)) == text


@pytest.mark.parametrize(
    ("rate", "minutes"),
    [
        (Flatline(within="1h", by="author"), 120),
        (Spike(within="1h", by="author", direction="down", learn="1h", at_least=2), 400),
    ],
)
def test_many_that_fall_silent_at_once_are_read_once(rate: Flatline | Spike, minutes: int) -> None:
    class Counted(Remembered):
        reads = 0

        def events(self, since: datetime, until: datetime) -> Sequence[Event]:
            self.reads += 1
            return super().events(since, until)

    judge = Judge(rate)
    said = [
        event(number, START + minute * MINUTE, f"town:{number % 50}")
        for number, minute in enumerate(sorted([*range(1, minutes - 60)] * 50))
    ]
    now = START + minutes * MINUTE
    counted = Counted(said, rate)
    record = replace(judge.record([], now, watched(START, now)), history=counted)
    assert len(rate.judge(record)) == 50
    assert counted.reads < 20


def test_a_silence_counts_from_the_nearest_alarm_before_and_after() -> None:
    told = {"": tuple(START + minute * MINUTE for minute in (90, 0, 30))}
    record = replace(Judge(Flatline(), silence=10 * MINUTE).record([], START, None), told=told)
    quiet = Quiet(record)
    loud = [m for m in range(-15, 110, 5) if not quiet.covers("", START + m * MINUTE)]
    assert loud == [-15, -10, 10, 15, 20, 40, 45, 50, 55, 60, 65, 70, 75, 80, 100, 105]
    quiet.begin("", START + 60 * MINUTE)
    assert quiet.covers("", START + 55 * MINUTE)


def test_what_was_read_at_a_time_that_is_still_to_come_tells_nothing() -> None:
    judge = Judge(Flatline(within="1h"), watching_since=START)
    assert judge.find([], START + 2 * HOUR, watched(START, START + 20 * HOUR)) == ()


def test_a_drop_to_nothing_names_who_fell_silent() -> None:
    rate = Spike(within="1h", by="author", direction="down", learn="1h", at_least=2)
    said = [event(n, START + n * 5 * MINUTE, "town:ann") for n in range(1, 72)]
    judge = Judge(rate, stored=said)
    now = START + 7 * HOUR
    [alarm] = judge.find([], now, watched(START, now))
    assert str(alarm.reason) == "@ann: Fallen to 0 within 1h: shortly before it was about 12."
    assert alarm.evidence != ()
