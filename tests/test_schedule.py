"""When a digest is due, by the wall clocks of places whose clocks change."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import EmailDigest
from alerts.channels.digest_channel import Quiet
from alerts.retry import DEADLINE, FEWEST, LONGEST_DELAY, next_attempt
from alerts.schedule import QuietHours, Slot, Timetable, due, next_slot

PARIS = ZoneInfo("Europe/Paris")
ZONES = [PARIS, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]
YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def at(text: str, zone: ZoneInfo = PARIS) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def daily(*times: str, zone: ZoneInfo = PARIS, **more: object) -> Timetable:
    return Timetable(
        send="daily",
        zone=zone,
        at=tuple(time.fromisoformat(t) for t in times or ("08:00",)),
        **more,
    )


def wake(timetable: Timetable, moments: list[datetime], last: datetime | None) -> list[Slot]:
    """What is sent by a watcher that looks at these moments."""
    sent = []
    for now in moments:
        slot = due(timetable, last, now)
        if slot is not None:
            sent.append(slot)
            last = slot.at
    return sent


def test_a_daily_digest_is_due_from_its_minute_on_and_once():
    last = at("2026-03-09T08:00")
    assert due(daily(), last, at("2026-03-10T07:59:59")) is None
    slot = due(daily(), last, at("2026-03-10T08:00"))
    assert slot == Slot(at=at("2026-03-10T08:00"), since=last, late=False)
    assert due(daily(), slot.at, at("2026-03-10T08:00:30")) is None


def test_a_channel_that_never_sent_is_due_at_once_and_not_late():
    slot = due(daily(), None, at("2026-03-10T15:00"))
    assert slot == Slot(
        at=at("2026-03-10T08:00"), since=at("2026-03-09T08:00"), late=False, first=True
    )


def test_several_missed_slots_give_one_late_digest_since_the_last_one():
    slot = due(daily(), at("2026-03-05T08:00"), at("2026-03-10T09:00"))
    assert slot == Slot(at=at("2026-03-10T08:00"), since=at("2026-03-05T08:00"), late=True)


def test_one_slot_much_later_is_late_and_a_little_later_is_not():
    last = at("2026-03-09T08:00")
    assert not due(daily(), last, at("2026-03-10T08:20")).late
    assert due(daily(), last, at("2026-03-10T08:40")).late


def test_a_clock_set_back_repeats_nothing():
    sent = due(daily(), at("2026-03-09T08:00"), at("2026-03-10T08:00"))
    for hours in (1, 25, 24 * 400):
        assert due(daily(), sent.at, at("2026-03-10T08:00") - timedelta(hours=hours)) is None


def test_a_weekly_digest_that_was_missed_does_not_wait_for_the_next_week():
    weekly = Timetable(send="weekly", zone=PARIS, days=frozenset({0}))
    slot = due(weekly, at("2026-03-02T08:00"), at("2026-03-11T12:00"))
    assert (slot.at, slot.late) == (at("2026-03-09T08:00"), True)


def test_a_time_that_the_spring_change_leaves_out_comes_an_hour_later():
    table = daily("02:30")
    assert due(table, at("2026-03-28T02:30"), at("2026-03-29T03:29")) is None
    assert due(table, at("2026-03-28T02:30"), at("2026-03-29T03:30")).at == at("2026-03-29T03:30")


def test_a_time_that_the_autumn_change_repeats_counts_once():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 summer time
    slot = due(daily("02:30"), at("2026-10-24T02:30"), first)
    assert slot.at == first
    assert due(daily("02:30"), slot.at, first + timedelta(hours=1)) is None


def test_the_longest_day_has_twenty_five_full_hours_and_the_shortest_twenty_three():
    hourly = Timetable(send="hourly", zone=PARIS)
    for day, hours in (("2026-10-25", 25), ("2026-03-29", 23), ("2026-06-01", 24)):
        midnight = at(f"{day}T00:00").astimezone(UTC)
        end = (at(f"{day}T00:00") + timedelta(days=1)).astimezone(UTC)
        moments = [midnight + timedelta(minutes=10 * n) for n in range(27 * 6)]
        slots = wake(hourly, [m for m in moments if m < end], midnight - timedelta(hours=1))
        assert len(slots) == hours


def test_nothing_is_due_in_quiet_hours_and_what_was_missed_comes_after_them():
    quiet = QuietHours(start=time(22), end=time(7))
    hourly = Timetable(send="hourly", zone=PARIS, quiet=quiet)
    last = at("2026-03-09T21:00")
    assert due(hourly, last, at("2026-03-09T23:00")) is None
    assert due(hourly, last, at("2026-03-10T06:59")) is None
    slot = due(hourly, last, at("2026-03-10T07:00"))
    assert slot == Slot(at=at("2026-03-10T07:00"), since=last, late=False)
    table = daily("21:30", quiet=quiet)
    assert due(table, at("2026-03-08T21:30"), at("2026-03-09T22:10")) is None
    assert due(table, at("2026-03-08T21:30"), at("2026-03-10T07:00")).late


def test_instant_waits_for_the_pause_and_the_end_of_the_quiet_hours():
    table = Timetable(
        send="instant",
        zone=PARIS,
        quiet=QuietHours(start=time(22), end=time(7)),
        pause=timedelta(minutes=5),
    )
    last = at("2026-03-09T21:56")
    assert due(table, last, at("2026-03-09T21:59")) is None
    assert due(table, at("2026-03-09T21:50"), at("2026-03-09T21:59")).late is False
    assert due(table, last, at("2026-03-09T23:00")) is None
    assert due(table, last, at("2026-03-10T07:00")).since == last
    assert next_slot(table, at("2026-03-09T23:00")) == at("2026-03-10T07:00")


@pytest.mark.parametrize("zone", ZONES, ids=str)
@given(seed=st.integers(0, 2**32), times=st.sets(st.times(), min_size=1, max_size=3))
@settings(max_examples=3, deadline=None)
def test_over_a_year_of_random_wake_ups_every_slot_is_covered_once(zone, seed, times):
    random = Random(seed)
    times = {t.replace(second=0, microsecond=0) for t in times}
    table = Timetable(send="daily", zone=zone, at=tuple(times))
    moments, now = [], YEAR[0]
    while now < YEAR[1]:
        now += timedelta(minutes=random.choice((1, 90, 400, 1500, 5000)) * random.random())
        moments.append(now - timedelta(minutes=random.choice((0, 0, 0, 90))))  # clocks stumble
    sent = wake(table, moments, YEAR[0])
    slots = []
    now = YEAR[0]
    while (now := next_slot(table, now)) and now <= max(moments):
        slots.append(now)
    covered = {slot: sum(s.since < slot <= s.at for s in sent) for slot in slots}
    assert set(covered.values()) <= {1, 0}
    assert all(count == 1 for slot, count in covered.items() if slot <= sent[-1].at)
    assert len({s.at for s in sent}) == len(sent)
    assert all(s.since == before.at for before, s in pairwise(sent))
    for s in sent:
        assert s.late or sum(s.since < slot <= s.at for slot in slots) == 1
    days = (max(moments) - YEAR[0]).days
    assert abs(len(slots) - days * len(times)) <= len(times) + 1


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_every_hour_of_a_year_comes_once(zone):
    table = Timetable(send="hourly", zone=zone)
    now, end, count = YEAR[0], YEAR[1], 0
    while (now := next_slot(table, now)) and now <= end:
        assert now.astimezone(zone).minute == 0
        count += 1
        if now > YEAR[0] + timedelta(days=110):
            break
    assert count in {110 * 24, 110 * 24 + 1, 110 * 24 - 1}


def test_the_config_table_becomes_a_timetable():
    channel = EmailDigest(
        name="w", to=("ada@acme.example",), send="weekly",
        at=("17:30", "8:00"), days=("mon", "thu"),
        quiet=Quiet(from_="22:00", until="06:00"), timezone="America/New_York",
    )  # fmt: skip
    assert not list(channel.problems())
    table = channel.timetable("Europe/Paris")
    assert table.zone.key == "America/New_York"
    assert table.days == {0, 3}
    assert table.at == (time(17, 30), time(8))


def test_every_mistake_in_a_channel_is_told_with_its_place():
    channel = EmailDigest(
        name="w", to=("nobody", "ada@acme.example", "Ada <ADA@acme.example>"),
        at=("25:00", "23:30"),
        days=("monday",), timezone="Mars/Base", language="English please", posts=0,
        quiet=Quiet(from_="22:00", until="06:00"), interval="2d", at_count=1,
    )  # fmt: skip
    assert {(p.code, p.path) for p in channel.problems()} == {
        ("bad-address", ("to", 0)),
        ("duplicate-address", ("to", 2)),
        ("bad-time", ("at", 0)),
        ("never-sent", ("at", 1)),
        ("bad-weekday", ("days", 0)),
        ("bad-timezone", ("timezone",)),
        ("bad-language", ("language",)),
        ("out-of-range", ("posts",)),
        ("out-of-range", ("interval",)),
        ("out-of-range", ("at_count",)),
    }


def test_retries_back_off_and_end_on_the_deadline():
    created = at("2026-03-10T08:00")
    random, now, delays = Random(1), created, []
    attempts = 1
    while (again := next_attempt(attempts, created, now, random)) is not None:
        delays.append(again - now)
        now, attempts = again, attempts + 1
    assert now == created + DEADLINE
    assert timedelta(seconds=48) <= delays[0] <= timedelta(seconds=72)
    assert max(delays) <= timedelta(hours=4.8)
    assert 15 < len(delays) < 30


@pytest.mark.parametrize("asleep", [timedelta(days=2), timedelta(days=300)])
def test_a_machine_that_slept_tries_as_often_as_one_that_was_awake_for_hours(asleep: timedelta):
    created = at("2026-03-10T08:00")
    woken, random = created + asleep, Random(1)
    now, attempts = woken, 1
    while (again := next_attempt(attempts, created, now, random)) is not None:
        assert timedelta(seconds=48) <= again - now <= timedelta(hours=4.8)
        now, attempts = again, attempts + 1
    assert attempts == FEWEST
    assert now - woken > timedelta(hours=1)


def test_past_the_deadline_nobody_asks_for_a_longer_wait_than_the_longest():
    created = at("2026-03-10T08:00")
    now = created + timedelta(days=9)
    assert next_attempt(1, created, now, Random(1), least=timedelta(days=30)) == now + LONGEST_DELAY


def test_the_first_finding_waits_for_company_and_a_clock_put_back_ends_the_wait():
    table = Timetable(send="instant", zone=PARIS, wait=timedelta(minutes=2))
    first = at("2026-03-09T12:00")
    assert due(table, None, first + timedelta(seconds=119), waiting_since=first) is None
    assert due(table, None, first + timedelta(seconds=120), waiting_since=first)
    assert due(table, None, first - timedelta(hours=1), waiting_since=first)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@given(
    found=st.lists(st.integers(0, 90 * 24 * 60), min_size=1, max_size=20),
    looks=st.lists(st.integers(1, 300), min_size=5, max_size=40),
    wait=st.sampled_from([0, 2, 30]),
    pause=st.sampled_from([0, 5, 240]),
)
@settings(max_examples=8, deadline=None)
def test_over_changes_of_the_clock_everything_is_told_once_and_never_too_soon(
    zone, found, looks, wait, pause
):
    table = Timetable(
        send="instant",
        zone=zone,
        wait=timedelta(minutes=wait),
        pause=timedelta(minutes=pause),
        quiet=QuietHours(start=time(1), end=time(5, 30)),
    )
    minute, start = timedelta(minutes=1), datetime(2026, 2, 25, tzinfo=UTC)  # over a change of each
    coming = sorted(start + n * minute for n in found)
    waiting, told, sent, last, now = [], [], [], None, start
    steps = iter(looks * 2000)
    while coming or waiting:
        now += next(steps) * minute
        waiting += [moment for moment in coming if moment <= now]
        coming = [moment for moment in coming if moment > now]
        slot = due(table, last, now, waiting_since=min(waiting, default=None))
        if waiting and slot:
            assert now - waiting[0] >= table.wait
            assert last is None or now - last >= table.pause
            assert table.is_open(now)
            sent, told, last, waiting = [*sent, now], told + waiting, slot.at, []
    assert len(told) == len(found)
    assert sorted(set(sent)) == sent
