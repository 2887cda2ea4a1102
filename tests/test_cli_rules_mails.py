"""When a channel would have mailed about posts: what the forecast of mails counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import EmailDigest
from alerts.email_digest import Quiet
from alerts.schedule import due
from rules import KeywordRule
from watcher.cli.rules.figures import told
from watcher.tuning.mails import mail_times

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def channel(**more: object) -> EmailDigest:
    return EmailDigest(name="c", to=("ada@acme.example",), **more)  # type: ignore[arg-type]


def test_a_daily_digest_is_one_mail_however_much_there_is() -> None:
    found = [MONDAY + n * HOUR for n in (1, 2, 7, 9, 10, 50)]
    assert mail_times(channel(at="08:00"), found, "UTC") == [
        MONDAY + n * HOUR for n in (8, 32, 56)
    ]  # fmt: skip


def test_what_is_written_at_the_slot_itself_goes_with_it() -> None:
    assert mail_times(channel(at="08:00"), [MONDAY + 8 * HOUR], "UTC") == [MONDAY + 8 * HOUR]


def test_an_instant_channel_gathers_what_comes_within_its_pause() -> None:
    found = [MONDAY + n * MINUTE for n in (0, 1, 2, 4, 20)]
    times = mail_times(channel(send="instant", minutes_between=5), found, "UTC")
    assert times == [MONDAY + n * MINUTE for n in (0, 5, 20)]


def test_an_instant_channel_keeps_its_quiet_hours() -> None:
    quiet = Quiet(from_="22:00", until="07:00")
    found = [MONDAY + 21 * HOUR, MONDAY + 23 * HOUR, MONDAY + 26 * HOUR]
    times = mail_times(channel(send="instant", quiet=quiet), found, "UTC")
    assert times == [MONDAY + 21 * HOUR, MONDAY + 31 * HOUR]


def test_slots_are_those_of_the_channels_own_zone() -> None:
    [time] = mail_times(channel(at="08:00", timezone="Europe/Paris"), [MONDAY], "UTC")
    assert time == MONDAY + 7 * HOUR


@pytest.mark.parametrize("rate", [None, "spike"])
def test_a_rule_keeps_silent_as_it_says(rate: str | None) -> None:
    from rules.rates import Spike

    rule = KeywordRule(name="r", find="a", realert="1h", rate=Spike() if rate else None)
    found = [MONDAY + n * MINUTE for n in (0, 10, 59, 60, 130)]
    expected = [] if rate else [MONDAY + n * MINUTE for n in (0, 60, 130)]
    assert told(rule, found) == expected


@settings(max_examples=40)
@given(
    minutes=st.lists(st.integers(0, 6 * 24 * 60), min_size=1, max_size=30),
    send=st.sampled_from(["instant", "hourly", "daily", "weekly"]),
    pause=st.sampled_from([0, 5, 90]),
)
def test_every_post_is_in_a_mail_and_every_mail_is_due(
    minutes: list[int], send: str, pause: int
) -> None:
    one = channel(send=send, minutes_between=pause, quiet=Quiet(from_="01:00", until="05:30"))
    found = [MONDAY + minute * MINUTE for minute in minutes]
    times = mail_times(one, found, "Europe/Paris")
    assert times == sorted(set(times))
    assert times[-1] >= max(found)
    timetable = one.timetable("Europe/Paris")
    for before, time in zip([None, *times], times, strict=False):
        assert any((before is None or moment > before) and moment <= time for moment in found)
        assert due(timetable, before, time) is not None
