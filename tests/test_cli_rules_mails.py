"""When a channel would have mailed about posts: what the forecast of mails counts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import EmailDigest, Route
from alerts.channels.digest_channel import Quiet
from alerts.routing.route import Router
from alerts.schedule import due
from rules import KeywordRule
from rules.copies import find_copies
from rules.model import Definitions, Post
from tests.search_samples import post
from watcher.cli.rules.figures import mails_of_rule, told, ways
from watcher.coherence import silent
from watcher.config import Config
from watcher.tuning.corpus import Known, Report
from watcher.tuning.mails import mail_times
from watcher.tuning.trial import Trial, run

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
    times = mail_times(channel(send="instant", interval="5m"), found, "UTC")
    assert times == [MONDAY + n * MINUTE for n in (0, 5, 20)]


def test_the_first_post_waits_for_company() -> None:
    found = [MONDAY + n * MINUTE for n in (0, 1, 2, 20)]
    times = mail_times(channel(send="instant", wait="2m", interval="0s"), found, "UTC")
    assert times == [MONDAY + n * MINUTE for n in (2, 22)]


def test_a_digest_leaves_early_when_enough_posts_wait() -> None:
    found = [MONDAY + n * HOUR for n in (1, 2, 3, 4, 9, 30)]
    times = mail_times(channel(at="08:00", at_count=3), found, "UTC")
    assert times == [MONDAY + n * HOUR for n in (3, 8, 32)]


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
    assert told(rule, Counter(found)) == expected


@settings(max_examples=40)
@given(
    minutes=st.lists(st.integers(0, 6 * 24 * 60), min_size=1, max_size=30),
    send=st.sampled_from(["instant", "hourly", "daily", "weekly"]),
    pause=st.sampled_from([0, 5, 90]),
    wait=st.sampled_from([0, 3]),
)
def test_every_post_is_in_a_mail_and_every_mail_is_due(
    minutes: list[int], send: str, pause: int, wait: int
) -> None:
    quiet = Quiet(from_="01:00", until="05:30")
    one = channel(send=send, interval=f"{pause}m", wait=f"{wait}m", quiet=quiet)
    found = [MONDAY + minute * MINUTE for minute in minutes]
    times = mail_times(one, found, "Europe/Paris")
    assert times == sorted(set(times))
    assert times[-1] >= max(found)
    timetable = one.timetable("Europe/Paris")
    for before, time in zip([None, *times], times, strict=False):
        assert any((before is None or moment > before) and moment <= time for moment in found)
        first = min(moment for moment in found if before is None or moment > before)
        assert due(timetable, before, time, waiting_since=first) is not None


class Listed:
    """Posts to try a rule on, in batches of two."""

    noun = "post"

    def __init__(self, posts: list[Post]) -> None:
        self.posts = posts

    def batches(self, report: Report) -> Iterator[Sequence[Known]]:
        for at in range(0, len(self.posts), 2):
            yield [Known(post=one) for one in self.posts[at : at + 2]]

    def remarks(self) -> list[str]:
        return []


def tried(dedupe: Literal["repost", "near", "none"], posts: list[Post]) -> Trial:
    rule = KeywordRule(name="r", find="acme", dedupe=dedupe)
    utc = ZoneInfo("UTC")
    trials = run([rule], Definitions(), Listed(posts), zone=utc, report=lambda *_: None)
    return trials.trials[0]


SAID = "acme trains are late again this morning in town"


def test_what_only_repeats_brings_no_mail() -> None:
    texts = [SAID, f"{SAID} !", "acme is fine", f"RT @ann: {SAID}"]
    posts = [post(text, id=str(n), at=MONDAY + n * HOUR) for n, text in enumerate(texts, 1)]
    for dedupe, hours in (("none", [1, 2, 3, 4]), ("repost", [1, 2, 3]), ("near", [1, 3])):
        trial = tried(dedupe, posts)  # type: ignore[arg-type]
        assert trial.found == 4
        assert trial.copies == 4 - len(hours)
        rule = KeywordRule(name="r", find="acme")
        assert told(rule, trial.told) == [MONDAY + n * HOUR for n in hours]


def test_after_a_week_the_same_is_news_again() -> None:
    days = (0, 6, 8, 9)
    posts = [post(SAID, id=str(day), at=MONDAY + timedelta(days=day)) for day in days]
    trial = tried("near", posts)
    assert sorted(+trial.told) == [MONDAY, MONDAY + timedelta(days=8)]


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from([SAID, f"{SAID}!", "acme is fine", f"RT @ann: {SAID}"]), max_size=8),
    st.sampled_from(["repost", "near"]),
)
def test_a_trial_knows_the_copies_that_the_service_knows(
    texts: list[str], how: Literal["repost", "near"]
) -> None:
    posts = [post(text, id=str(n), at=MONDAY) for n, text in enumerate(texts)]
    assert tried(how, posts).copies == len(list(find_copies(how, [], posts)))


def test_a_forecast_counts_what_routes_bring_and_take_away() -> None:
    away = Route(name="money", find="refund", then=("urgent",), instead=True)
    router = Router([away], Definitions())
    rule = KeywordRule(name="talk", find="acme", then=("daily",))
    texts = ["acme is fine", "acme is nice", "acme owes a refund", "acme is late"]
    trials = run(
        [rule],
        Definitions(),
        Listed([post(text, id=str(n), at=MONDAY + 24 * n * HOUR) for n, text in enumerate(texts)]),
        zone=ZoneInfo("UTC"),
        report=lambda *_: None,
        channels=ways(router, [rule]),
    )
    channels = tuple(EmailDigest(name=name, to=("a@acme.example",)) for name in ("daily", "urgent"))
    config = Config(path=Path("watcher.toml"), channels=channels)
    mails = mails_of_rule(config, router, rule, trials.trials[0], 4)
    assert mails == {"daily": 0.75, "urgent": 0.25}


def test_a_rule_that_a_route_may_take_is_not_called_unheard() -> None:
    rules = [{"name": "talk"}, {"name": "quiet"}, {"name": "meant", "then": []}]
    some = Route(name="wide", rules=("talk",), find="followers:50000..", then=("daily",))
    nowhere = Route(name="off", rules=("quiet",), instead=True, then=())
    assert [one.path for one in silent(rules, [some, nowhere])] == [("rules", 1)]
    assert [one.path for one in silent(rules, [])] == [("rules", 0), ("rules", 1)]
