"""Where routes, silences, repeats and answers meet: nothing is lost, and nothing told twice."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.alert_world import World
from tests.journeys.test_alerts import BOSS, DAILY, NOW, STORM, TALK

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

Make = Callable[..., World]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Make]:
    made: list[World] = []

    def make(*tables: str) -> World:
        made.append(World(tmp_path, "".join(tables)))
        return made[-1]

    yield make
    for one in made:
        one.app.close()


REPEATED = NOW + 'repeat = "1h"\nescalate = { channel = "boss", after = "30m" }\n'


def test_an_alarm_that_is_told_again_is_not_escalated_again(world: Make) -> None:
    place = world(STORM, REPEATED, BOSS)
    place.say("nordelia burns", times=3)
    told = place.walk()
    for _ in range(15):  # five hours, in which it goes on and nobody answers
        place.say("nordelia still burns")
        told += place.walk(minutes=20)
    assert [one.channel for one in told].count("now") == 6
    assert [one.channel for one in told].count("boss") == 1


def test_an_escalation_shows_an_alarm_that_was_told_again_meanwhile(world: Make) -> None:
    place = world(STORM, REPEATED.replace("30m", "90m"), BOSS)
    place.say("nordelia burns", times=3)
    told = place.walk()
    for _ in range(6):
        place.say("nordelia still burns")
        told += place.walk(minutes=20)
    [boss] = [one for one in told if one.channel == "boss"]
    assert "! storm: 3 posts within 1 hour." in boss.text


def test_whoever_answers_the_first_message_of_an_alarm_ends_its_repeats(world: Make) -> None:
    place = world(STORM, NOW + 'repeat = "1h"\n')
    place.say("nordelia burns", times=3)
    place.walk()
    for _ in range(4):
        place.say("nordelia still burns")
        place.walk(minutes=20)
    assert len(place.digests()) == 2
    assert place.app.store.acknowledge(1, "kim", place.now)
    assert place.app.store.unacknowledged() == ()
    for _ in range(9):
        place.say("nordelia still burns")
        assert place.walk(minutes=20) == []


def test_an_alarm_that_waits_to_be_told_again_is_not_once_it_is_answered(world: Make) -> None:
    daily = STORM.replace('"now"', '"daily"')
    place = world(daily, DAILY + 'repeat = "2h"\n')
    place.say("nordelia burns", times=3)
    [first] = place.walk()
    assert "alarm of storm" in first.subject
    for _ in range(9):
        place.say("nordelia still burns")
        assert place.walk(minutes=20) == []
    assert place.app.store.acknowledge(1, "kim", place.now)
    place.say("nordelia still burns", times=3)
    told = place.walk(minutes=20 * 60)
    assert not any("goes on" in one.text for one in told)


def test_a_digest_of_what_was_silenced_does_not_say_that_nothing_was_said(world: Make) -> None:
    place = world(TALK.replace('"now"', '"daily"'), DAILY)
    place.walk()
    place.silence(rule="talk", hours=48)
    place.say("nordelia is loud", times=3)
    [mail] = place.walk(minutes=24 * 60)
    assert "Silence 1 kept 3 from being told: a campaign." in mail.text
    assert "othing was said" not in mail.subject + mail.text
    assert "3 silenced" in mail.subject


def test_a_digest_does_not_say_that_nothing_was_said_while_posts_wait(world: Make) -> None:
    hold = '[[inhibitions]]\nwhile = ["storm"]\nhold = ["talk"]\n'
    away = '[[routes]]\nname = "burning"\nfind = "burns"\nthen = ["now"]\ninstead = true\n'
    place = world(TALK.replace('"now"', '"daily"'), STORM, NOW, DAILY, hold, away)
    place.walk(minutes=22 * 60 + 30)  # 07:30
    place.say("nordelia burns", times=3)
    place.walk()
    told = place.walk(minutes=29)
    [mail] = [one for one in told if one.channel == "daily"]
    assert "3 found by talk wait until it is over" in mail.text
    assert "othing was said" not in mail.subject + mail.text


def test_the_notices_of_many_alarms_stay_few(world: Make) -> None:
    by_author = STORM.replace('within = "1h"', 'within = "1h", by = "author"')
    talks = [TALK.replace('"talk"', f'"talk{n}"') for n in range(12)]
    names = ", ".join(f'"talk{n}"' for n in range(12))
    place = world(*talks, by_author, NOW, f'[[inhibitions]]\nwhile = ["storm"]\nhold = [{names}]\n')
    place.say("nordelia burns", "ann", "bob", times=3)
    [mail] = place.walk()
    assert mail.text.count("The alarm of storm goes on: 6 found by") == 10
    assert "12 more wait until other alarms are over." in mail.text


def test_a_route_to_followers_alone_takes_no_alarm_away(world: Make) -> None:
    follow = '[[channels]]\nname = "follow"\nkind = "follow"\nsource = "town"\n'
    away = '[[routes]]\nname = "players"\nthen = ["follow"]\ninstead = true\n'
    place = world(STORM, NOW, follow, away)
    place.say("nordelia burns", times=3)
    [mail] = place.walk()
    assert "alarm of storm" in mail.subject


def test_a_source_that_failed_again_over_night_is_not_called_read_again(world: Make) -> None:
    quiet = 'quiet = { from = "22:00", until = "07:00" }\nurgent_despite_quiet = true\n'
    place = world(TALK, NOW + 'blind_after = "2h"\n' + quiet)
    place.walk()
    place.walk(minutes=10 * 60)  # read at 19:02
    [blind] = place.walk(minutes=2 * 60 + 59, pull=False)  # 22:01
    assert "a source is not read" in blind.subject
    assert place.walk(minutes=60) == []  # read at 23:01, and not since
    morning = place.walk(minutes=8 * 60, pull=False)
    assert morning == []
    [back] = place.walk(minutes=10)
    assert "a source is read again" in back.subject
