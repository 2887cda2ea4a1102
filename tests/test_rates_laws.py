"""Laws of rates: order, parts and restarts make no difference; more is never less."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.rates import Cardinality, Event, Frequency, NewTerm, Rate, Spike
from tests.rates_samples import DAY, HOUR, MINUTE, START, Judge, Remembered, event

moments = st.lists(
    st.tuples(st.integers(0, 170), st.integers(1, 4), st.sampled_from("ab")), max_size=40
)


def as_events(drawn: list[tuple[int, int, str]]) -> list[Event]:
    return [
        event(
            rid, START + minute * MINUTE, f"town:{author}", brand=brand, hashtag=f"{brand}{author}"
        )
        for rid, (minute, author, brand) in enumerate(drawn, start=1)
    ]


by = st.sampled_from([None, "author", "brand"])
within = st.sampled_from(["5m", "20m", "1h"])
frequencies = st.builds(
    lambda n, w, b, d: Frequency(
        at_least=n, within=w, by=b, distinct="author" if d and b != "author" else None
    ),
    st.integers(2, 5),
    within,
    by,
    st.booleans(),
)
rates: st.SearchStrategy[Rate] = st.one_of(
    frequencies,
    st.builds(
        lambda n, w: Cardinality(field="hashtag", at_least=n, within=w), st.integers(2, 4), within
    ),
    st.just(NewTerm(learn="0d")),
)
silences = st.sampled_from([None, timedelta(seconds=1), 10 * MINUTE, 3 * HOUR])
END = START + 3 * HOUR


@settings(max_examples=80)
@given(moments, rates, silences, st.data())
def test_parts_and_restarts_make_no_difference(
    drawn: list[tuple[int, int, str]], rate: Rate, silence: timedelta | None, data: st.DataObject
) -> None:
    found = sorted(as_events(drawn), key=lambda e: (e.at, e.rid))
    whole = Judge(rate, silence)
    whole.find(found, END)
    parts = Judge(rate, silence)  # it keeps only what the store keeps: each step is a restart
    cuts = sorted(data.draw(st.lists(st.integers(0, len(found)), max_size=5)))
    for first, last in zip([0, *cuts], [*cuts, len(found)], strict=True):
        parts.find(found[first:last], END)
    assert [replace(a, evidence=()) for a in parts.alarms] == [
        replace(a, evidence=()) for a in whole.alarms
    ]


@settings(max_examples=60)
@given(moments, rates, st.randoms(use_true_random=False))
def test_the_order_within_a_batch_makes_no_difference(
    drawn: list[tuple[int, int, str]], rate: Rate, chance: object
) -> None:
    found = as_events(drawn)
    first, second = Judge(rate), Judge(rate)
    first.find(found, END)
    chance.shuffle(found)  # type: ignore[attr-defined]
    second.find(found, END)
    assert first.alarms == second.alarms


@settings(max_examples=80)
@given(moments, frequencies, st.randoms(use_true_random=False), st.integers(1, 4))
def test_whatever_comes_late_every_alarm_is_true_and_no_storm_goes_untold(
    drawn: list[tuple[int, int, str]], rate: Frequency, chance: object, parts: int
) -> None:
    found = as_events(drawn)
    chance.shuffle(found)  # type: ignore[attr-defined]
    judge = Judge(rate)
    for part in range(parts):
        judge.find(found[part::parts], END)
    history = Remembered(found, rate)
    for alarm in judge.alarms:
        assert history.count(alarm.since, alarm.until)[alarm.group] >= alarm.count
        assert alarm.count >= rate.at_least
    for one in judge.alarms:
        for other in judge.alarms:
            if one is not other and one.group == other.group:
                assert abs(one.until - other.until) >= rate.silence
    for last in found:
        counts = history.count(last.at - rate.window, last.at)
        for group in last.of(rate.by) if rate.by else ("",):
            if counts[group] >= rate.at_least:
                told = [alarm.until for alarm in judge.alarms if alarm.group == group]
                assert any(abs(last.at - until) < rate.silence for until in told)


@settings(max_examples=60)
@given(moments, st.integers(2, 5), within)
def test_authors_are_never_more_than_posts_and_a_lower_bound_alarms_no_later(
    drawn: list[tuple[int, int, str]], at_least: int, length: str
) -> None:
    def first(rate: Frequency) -> object:
        judge = Judge(rate)
        judge.find(as_events(drawn), END)
        return min((alarm.until for alarm in judge.alarms), default=END + DAY)

    posts = first(Frequency(at_least=at_least, within=length))
    authors = first(Frequency(at_least=at_least, within=length, distinct="author"))
    more = first(Frequency(at_least=at_least + 1, within=length))
    longer = first(Frequency(at_least=at_least, within="90m"))
    assert posts <= authors  # type: ignore[operator]
    assert posts <= more  # type: ignore[operator]
    assert longer <= posts  # type: ignore[operator]


@settings(max_examples=25)
@given(st.lists(st.integers(0, 119), min_size=1, max_size=40), st.data())
def test_a_spike_is_found_in_however_many_parts_it_comes(
    minutes: list[int], data: st.DataObject
) -> None:
    begin = START + 30 * HOUR
    calm = [event(n, START + n * 30 * MINUTE, f"town:{n}") for n in range(1, 60)]
    storm = [event(1000 + n, begin + m * MINUTE, f"x:{n}") for n, m in enumerate(sorted(minutes))]
    whole, parts = (Judge(Spike(at_least=5), stored=list(calm)) for _ in range(2))
    whole.find(storm, begin + 2 * HOUR)
    cut = data.draw(st.integers(1, len(storm)))
    parts.find(storm[:cut], storm[cut - 1].at)
    parts.find(storm[cut:], begin + 2 * HOUR)
    assert whole.told() == parts.told()
