"""Routes, inhibitions, silences, answers: who hears of what, and when, over the whole walk."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.alert_world import HOUR, START, World
from tests.journeys.test_crash import Crash, Saboteur
from watcher import pipeline
from watcher.backends.interface import Page
from watcher.config import load
from watcher.mailing import renew
from watcher.store import StoreError

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

NOW = """
[[channels]]
name = "now"
kind = "email"
send = "instant"
interval = "0s"
to = ["ada@acme.example"]
"""
BOSS = """
[[channels]]
name = "boss"
kind = "email"
send = "instant"
interval = "0s"
to = ["boss@acme.example"]
"""
DAILY = """
[[channels]]
name = "daily"
kind = "email"
at = "08:00"
to = ["bob@acme.example"]
"""
TALK = """
[[rules]]
name = "talk"
find = "nordelia OR voltrame"
then = ["now"]
"""
STORM = """
[[rules]]
name = "storm"
find = "nordelia OR voltrame"
rate = { kind = "frequency", at_least = 3, within = "1h" }
realert = "1d"
then = ["now"]
"""

Make = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Make]:
    made: list[World] = []

    def make(*tables: str, **more: Any) -> World:
        made.append(World(tmp_path, "".join(tables), **more))
        return made[-1]

    yield make
    for one in made:
        one.app.close()


def test_a_digest_counts_all_brands_that_it_does_not_name(world: Make) -> None:
    many = "".join(f'[[brands]]\nname = "Marque{n}ix"\n' for n in range(30))
    place = world(many, TALK.replace("nordelia OR voltrame", "from:ann").replace("now", "daily"),
                  DAILY)  # fmt: skip
    place.now += timedelta(days=1)
    place.say("hello", "ann")
    [mail] = place.walk()
    assert "and 26 more brands" in mail.text


# Routes


def test_a_route_brings_a_post_to_a_further_channel_and_says_so(world: Make) -> None:
    place = world(TALK, NOW, BOSS, '[[routes]]\nname = "money"\nfind = "refund"\nthen = ["boss"]\n')
    place.say("nordelia is late")
    assert [one.channel for one in place.walk()] == ["now"]
    place.say("nordelia owes me a refund")
    told = {one.channel: one.text for one in place.walk()}
    assert "The route money brought it here, for refund." in told["boss"]
    assert "route" not in told["now"]


def test_a_route_instead_keeps_a_post_from_where_its_rule_sends_it(world: Make) -> None:
    place = world(
        TALK, NOW, BOSS,
        '[[routes]]\nname = "v"\nbrands = ["Voltrame"]\nthen = ["boss"]\ninstead = true\n',
    )  # fmt: skip
    place.say("voltrame burns")
    assert [one.channel for one in place.walk()] == ["boss"]
    place.say("nordelia burns")
    assert [one.channel for one in place.walk()] == ["now"]
    [volume] = place.app.store.waiting("boss", START, place.now, limit=1).volumes
    assert volume.rule == "talk"


def test_a_route_takes_alarms_and_suspects_by_rule_and_brand(world: Make) -> None:
    names = '[[rules]]\nname = "names"\nkind = "lookalike"\nthen = ["now"]\n'
    by_brand = STORM.replace('within = "1h"', 'within = "1h", by = "brand"')
    place = world(
        by_brand, names, NOW, BOSS,
        '[[routes]]\nname = "v"\nbrands = ["Voltrame"]\nthen = ["boss"]\n',
    )  # fmt: skip
    place.say("hello", "voltrame_support")
    place.say("nordelia burns", times=3)
    place.say("voltrame burns", times=3)
    place.walk()
    place.walk()
    boss = " ".join(one.text for one in place.messages()) or " ".join(
        place._message(one.id, one.channel, one.recipient).text
        for one in place.app.store.deliveries()
        if one.channel == "boss"
    )
    assert "voltrame_support" in boss
    assert "The route v brought it here." in boss
    assert "storm: Voltrame: 3 posts within 1 hour." in boss
    assert "Nordelia: 3 posts" not in boss


# Grouping


def test_the_first_finding_waits_for_company_and_the_next_for_the_interval(world: Make) -> None:
    slow = NOW.replace('"0s"', '"10m"\nwait = "2m"')
    place = world(TALK, slow)
    place.say("nordelia one")
    assert place.walk() == []
    place.say("nordelia two")
    assert place.walk() == []
    [mail] = place.walk()
    assert "nordelia one" in mail.text
    assert "nordelia two" in mail.text
    place.say("nordelia three")
    assert [len(place.walk()) for _ in range(11)] == [0] * 9 + [1, 0]


def test_an_alarm_that_goes_on_unanswered_is_told_again(world: Make) -> None:
    place = world(STORM, NOW + 'repeat = "2h"\n')
    place.say("nordelia burns", times=3)
    [first] = place.walk()
    assert "goes on" not in first.text
    again = []
    for _ in range(9):  # three hours, in which it goes on
        place.say("nordelia still burns")
        again += place.walk(minutes=20)
    assert len(again) == 1
    assert "The alarm of storm goes on, was told before" in again[0].text
    place.app.store.acknowledge(place.digests()[-1], "kim", place.now)
    for _ in range(9):
        place.say("nordelia still burns")
        assert place.walk(minutes=20) == []


def test_an_alarm_that_is_over_is_not_told_again(world: Make) -> None:
    place = world(STORM, NOW + 'repeat = "2h"\n')
    place.say("nordelia burns", times=3)
    assert len(place.walk()) == 1
    for _ in range(12):
        assert place.walk(minutes=20) == []
    [alarm] = place.app.store.alarms()
    assert alarm.ended is not None
    assert alarm.ended - alarm.alarm.until <= timedelta(hours=2)


# Inhibitions


HOLD = '[[inhibitions]]\nwhile = ["storm"]\nhold = ["talk"]\n'


def test_while_an_alarm_goes_on_posts_wait_are_counted_and_told_at_its_end(world: Make) -> None:
    place = world(TALK, STORM, NOW, DAILY, HOLD)
    place.say("nordelia burns", times=3)
    [alarm] = [one for one in place.walk() if one.channel == "now"]
    assert "alarm of storm" in alarm.subject
    assert "The alarm of storm goes on: 3 found by talk wait until it is over." in alarm.text
    place.say("nordelia burns more", times=2)
    assert place.walk() == []
    after = []
    for _ in range(10):
        after += [one for one in place.walk(minutes=15) if one.channel == "now"]
    [rest] = after
    assert "5 posts" in rest.subject
    assert place.app.store.status().waiting == {}


def test_an_inhibition_may_hold_only_the_brand_of_the_alarm(world: Make) -> None:
    by_brand = STORM.replace('within = "1h"', 'within = "1h", by = "brand"')
    place = world(TALK, by_brand, NOW, HOLD + 'equal = "brand"\n')
    place.say("nordelia burns", times=3)
    place.say("voltrame is fine")
    [mail] = place.walk()
    assert "voltrame is fine" in mail.text
    assert "nordelia burns" not in mail.text.split("The posts that matter")[1]
    assert "3 found by talk wait" in mail.text


def test_a_scheduled_digest_lists_what_instant_channels_hold_back(world: Make) -> None:
    both = TALK.replace('["now"]', '["now", "daily"]')
    place = world(both, STORM, NOW, DAILY.replace("08:00", "10:00"), HOLD)
    place.walk()
    place.now = START.replace(hour=9, minute=58)
    place.say("nordelia burns", times=3)
    place.walk()
    [daily] = [one for one in place.walk(minutes=2) if one.channel == "daily"]
    assert "3 posts" in daily.subject
    assert "3 found by talk wait until it is over" in daily.text


def test_what_is_held_is_let_go_when_the_inhibition_is_taken_out(world: Make) -> None:
    place = world(TALK, STORM, NOW, HOLD)
    place.say("nordelia burns", times=3)
    place.walk()
    place.configure(TALK + STORM + NOW)
    [mail] = place.walk()
    assert "3 posts" in mail.subject


# Silences


def test_what_is_silenced_is_stored_counted_and_never_told(world: Make) -> None:
    place = world(TALK, NOW)
    number = place.silence(author="@spammer")
    place.say("nordelia cheap", "spammer", times=2)
    assert place.walk() == []
    place.say("nordelia is late", "ann")
    [mail] = place.walk()
    assert "cheap" not in mail.text
    assert f"Silence {number} kept 2 from being told: a campaign." in mail.text
    assert place.app.store.status().matches == 3
    place.say("nordelia is late again", "ann")
    [next_one] = place.walk()
    assert "Silence" not in next_one.text, "each is counted once"
    place.now += 5 * HOUR
    place.say("nordelia cheap", "spammer")
    assert len(place.walk()) == 1, "it has expired"
    [record] = place.app.store.silences(place.now)
    assert (record.kept, record.silence.is_active(place.now)) == (2, False)


def test_a_silence_also_keeps_back_what_waits_already(world: Make) -> None:
    place = world(TALK.replace("now", "daily"), DAILY)
    place.walk()
    place.say("nordelia launches", times=3)
    place.walk()
    place.now = START + timedelta(hours=22)
    place.silence(find="launches")
    [mail] = place.walk(minutes=60)
    assert "kept 3 from being told" in mail.text
    assert "launches" not in mail.text


def test_alarms_and_suspects_can_be_silenced(world: Make) -> None:
    names = '[[rules]]\nname = "names"\nkind = "lookalike"\nthen = ["now"]\n'
    place = world(STORM, names, NOW)
    place.silence(rule="storm")
    place.silence(brand="Voltrame", channel="now")
    place.say("nordelia burns", times=3)
    place.say("hello", "voltrame_support")
    assert place.walk() + place.walk() == []
    assert len(place.app.store.alarms()) == 1
    assert {one.kept for one in place.app.store.silences(place.now)} == {1}


def test_a_silence_that_is_ended_ends_at_once(world: Make) -> None:
    place = world(TALK, NOW)
    number = place.silence(rule="talk")
    place.say("nordelia one")
    assert place.walk() == []
    place.app.store.expire_silence(number, "kim", place.now)
    place.say("nordelia two")
    [mail] = place.walk()
    assert "nordelia two" in mail.text
    assert "nordelia one" not in mail.text


# Answers


def test_what_nobody_acknowledges_is_escalated_once_and_names_the_digest(world: Make) -> None:
    place = world(STORM, NOW + 'escalate = { to = ["boss@acme.example"], after = "30m" }\n')
    place.say("nordelia burns", times=3)
    place.walk()
    assert place.walk(minutes=29) == []
    [boss] = place.walk(minutes=2)
    assert (boss.to, "not acknowledged" in boss.subject) == ("boss@acme.example", True)
    assert "Nobody has acknowledged digest 1 of the channel now, written on Mon, Mar 2" in boss.text
    assert "It went to ada@acme.example." in boss.text
    assert "! storm: 3 posts within 1 hour." in boss.text
    assert "nordelia burns" not in boss.text, "posts may be deleted before it leaves"
    for _ in range(5):
        assert place.walk(minutes=60) == []
    store = place.app.store
    assert [one.id for one in store.unacknowledged()] == [2, 1]
    assert store.acknowledge(2, "boss", place.now)
    assert store.unacknowledged() == ()
    assert not store.acknowledge(1, "ada", place.now)
    assert store.digests()[-1].acknowledged_by == "boss"


def test_what_is_acknowledged_in_time_is_not_escalated(world: Make) -> None:
    place = world(STORM, NOW + 'escalate = { channel = "boss", after = "30m" }\n', BOSS)
    place.say("nordelia burns", times=3)
    place.walk()
    place.app.store.acknowledge(1, "ada", place.now)
    assert place.walk(minutes=60) == []


def test_an_escalation_may_go_to_a_channel_that_is_no_mail(world: Make) -> None:
    page = '[[channels]]\nname = "page"\nkind = "feed"\nfile = "page/acme"\nsend = "instant"\n'
    place = world(STORM, NOW + 'escalate = { channel = "page", after = "30m" }\n', page)
    place.say("nordelia burns", times=3)
    place.walk()
    place.now += timedelta(minutes=31)
    [planned] = pipeline.plan(place.app)
    assert (planned.channel, planned.error) == ("page", "")
    told = place.app.store.deliveries()[0]
    assert (told.channel, told.kind) == ("page", "feed")
    pipeline.deliver(place.app)
    assert "Nobody has acknowledged" in (place.folder / "page/acme.json").read_text()


def test_several_unanswered_digests_are_escalated_in_one_message(world: Make) -> None:
    short = STORM.replace("1d", "5m")
    place = world(short, NOW + 'escalate = { channel = "boss", after = "30m" }\n', BOSS)
    for _ in range(3):
        place.say("nordelia burns", times=3)
        place.walk(minutes=6)
    [boss] = place.walk(minutes=24 * 60)  # the watcher was down
    assert boss.channel == "boss"
    for number in (1, 2, 3):
        assert f"Nobody has acknowledged digest {number} " in boss.text
    assert place.walk(minutes=60) == []


def test_news_that_is_not_urgent_asks_for_no_answer(world: Make) -> None:
    place = world(TALK, NOW + 'escalate = { to = ["boss@acme.example"], after = "30m" }\n')
    place.say("nordelia is fine")
    place.walk()
    assert place.walk(minutes=60) == []
    assert place.app.store.unacknowledged() == ()


# By count, signs of life, blind sources


def test_a_digest_leaves_before_its_time_when_enough_posts_wait(world: Make) -> None:
    place = world(TALK.replace("now", "daily"), DAILY + "at_count = 3\n")
    place.walk()
    place.say("nordelia", times=2)
    assert place.walk() == []
    place.say("nordelia")
    [early] = place.walk()
    assert "This mail leaves before its time: 3 posts wait." in early.text
    assert "left on time" not in early.text
    place.say("nordelia")
    later = []
    for _ in range(8):
        later += place.walk(minutes=180)
    assert ["1 post" in one.subject for one in later] == [True]


def test_a_channel_that_said_nothing_gives_a_sign_of_life(world: Make) -> None:
    place = world(TALK.replace("now", "daily"), DAILY + 'heartbeat = "2d"\nwhen_empty = "skip"\n')
    told = []
    for _ in range(5 * 6 + 2):
        told += place.walk(minutes=240)
    assert ["the watcher is alive" in one.subject for one in told] == [True, True]
    assert "The watcher is alive. It has found nothing for this channel since" in told[0].text
    place.now += timedelta(days=30)
    assert len(place.walk()) == 1, "one after a downtime, however long"


def test_a_sign_of_life_does_not_say_that_nothing_was_found_while_posts_wait(world: Make) -> None:
    weekly = DAILY.replace("at =", 'send = "weekly"\nat =') + 'heartbeat = "1d"\n'
    place = world(TALK.replace("now", "daily"), weekly)
    place.walk()
    place.say("nordelia")
    told = place.walk(minutes=25 * 60)
    assert "It has sent nothing here since" in told[0].text
    assert "what was found since waits for the next message" in told[0].text


def test_a_blind_source_is_told_once_and_once_when_it_is_back(world: Make) -> None:
    place = world(TALK, NOW + 'blind_after = "6h"\n')
    place.walk()
    told = []
    for _ in range(10):
        told += place.walk(minutes=60, pull=False)
    [blind] = told
    assert "a source is not read" in blind.subject
    assert "! town has not been read since Mon, Mar 2, 09:01." in blind.text
    assert [one.urgent for one in place.app.store.digests()] == [True]
    [back] = place.walk()
    assert "a source is read again" in back.subject
    assert "town is read again. It had not been since Mon, Mar 2, 09:01." in back.text
    assert place.walk(minutes=60) == []


def test_a_stream_that_keeps_up_is_no_blind_source_and_one_that_stops_is(world: Make) -> None:
    place = world(TALK, NOW + 'blind_after = "6h"\n')

    def hour(*, behind: timedelta = timedelta(), well: bool = True) -> int:
        place.now += HOUR
        place.app.store.record_stream("town", START, place.now, behind, reached_newest=well)
        return len(place.walk(minutes=0, pull=False))

    assert [hour() for _ in range(10)] == [0] * 10
    assert sum(hour(behind=2 * HOUR, well=False) for _ in range(10)) == 1
    assert hour() == 1


def test_a_source_that_is_taken_out_while_it_is_blind_is_not_told_again(world: Make) -> None:
    place = world(TALK, NOW + 'blind_after = "6h"\n')
    place.walk()
    assert len(place.walk(minutes=7 * 60, pull=False)) == 1
    path = place.folder / "watcher.toml"
    path.write_text(path.read_text().replace('every = "1m"', 'every = "1m"\nenabled = false'))
    place.app = place.app.reconfigured(load(path, {}))
    assert place.walk(pull=False) == []
    assert place.app.store.outages("now") == ()


def test_who_is_silenced_is_not_proposed_to_follow(world: Make) -> None:
    follow = '[[channels]]\nname = "circle"\nkind = "follow"\nsource = "town"\nmin_age_days = 0\n'
    place = world(TALK.replace('["now"]', '["now", "circle"]'), NOW, follow)
    place.silence(author="bob")
    place.say("nordelia and friends", "ann", "bob")
    place.walk()
    place.walk()
    assert [one.proposal.account.handle for one in place.app.store.proposals(limit=9)] == ["ann"]


def test_a_digest_made_again_keeps_what_it_said_beside(world: Make) -> None:
    place = world(TALK, NOW, '[[routes]]\nname = "money"\nfind = "refund"\nthen = ["now"]\n')
    place.silence(author="spam")
    place.say("nordelia cheap", "spam")
    place.say("nordelia is late")
    place.say("nordelia owes a refund")
    place.walk()
    [late] = [one.post for one in place.app.store.matches() if "late" in one.post.text]
    page = Page(posts=(), cursor="x", more=False, deleted=(late.id,))
    place.app.store.save_page("town", page, place.now)
    assert renew(place.app) == 1
    [mail] = [place._message(one.id, one.channel, one.recipient)
              for one in place.app.store.deliveries()]  # fmt: skip
    assert "late" not in mail.text
    assert "kept 1 from being told" in mail.text


def test_a_watcher_that_was_down_itself_calls_no_source_blind(world: Make) -> None:
    place = world(TALK, NOW + 'blind_after = "6h"\n')
    place.walk()
    place.now += timedelta(days=2)
    assert pipeline.plan(place.app, only_instant=True) == (), "nobody has looked yet"
    assert place.walk() == []


def test_quiet_hours_hold_everything_but_alarms_where_a_channel_says_so(world: Make) -> None:
    quiet = 'quiet = { from = "22:00", until = "07:00" }\n'
    loud = NOW + quiet + "urgent_despite_quiet = true\n"
    place = world(TALK, STORM.replace('["now"]', '["now", "boss"]'), loud, BOSS + quiet)
    place.now = START.replace(hour=23)
    place.say("nordelia burns", times=3)
    [alarm] = place.walk()
    assert (alarm.channel, "alarm of storm" in alarm.subject) == ("now", True)
    assert pipeline.deliver(place.app).sent == 1, "it leaves at once"
    place.say("nordelia is fine")
    assert place.walk() == []
    place.now = START.replace(day=3, hour=7)
    morning = {one.channel: one.subject for one in place.walk()}
    assert "alarm of storm" in morning["boss"]
    assert "4 posts" in morning["now"]


# Crashes


def test_killed_at_any_boundary_the_same_is_told_once(tmp_path: Path) -> None:
    tables = (
        TALK + STORM + HOLD + BOSS
        + NOW + 'repeat = "2h"\nescalate = { channel = "boss", after = "30m" }\n'
        + 'blind_after = "6h"\nheartbeat = "12h"\n'
        + '[[routes]]\nname = "money"\nfind = "refund"\nthen = ["boss"]\n'
    )  # fmt: skip

    def story(folder: Path, at: int | None) -> tuple[list[tuple[str, str]], int]:
        folder.mkdir()
        place = World(folder, tables)
        saboteur = Saboteur(at=at)

        def walk(**more: Any) -> None:
            place.now += more.pop("after", timedelta())
            with suppress(Crash):
                place.walk(minutes=0, saboteur=saboteur, **more)
            with suppress(StoreError):  # it is started again at once
                place.walk(minutes=0, **more)

        try:
            place.silence(author="spam", hours=1)
            place.say("nordelia cheap", "spam")
            place.say("nordelia owes a refund", times=3)
            walk(after=timedelta(minutes=1))
            walk(after=timedelta(minutes=40))
            walk(after=timedelta(hours=3))
            walk(after=timedelta(hours=7), pull=False)
            walk(after=timedelta(minutes=1))
            walk(after=timedelta(hours=14))
            told = [(one.channel, one.summary) for one in place.app.store.digests(limit=100)[::-1]]
            return told, len(saboteur.passed)
        finally:
            place.app.close()

    expected, boundaries = story(tmp_path / "whole", None)
    assert len(expected) >= 5
    step = max(1, boundaries // 12)
    for at in range(1, boundaries, step):
        assert story(tmp_path / f"at{at}", at)[0] == expected, at
