"""Posts that name a brand and are about something else: kept, counted, shown, told after all."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.alert_world import World
from tests.journeys.test_crash import Crash, Saboteur

ORANGE = """
[[brands]]
name = "Orange"
accounts = ["orange_help"]
context = ["forfait", "4g"]
relevance = "context"
"""
LEARNING = ORANGE.replace('"context"', '"learn"')
TALK = """
[[rules]]
name = "talk"
find = "orange"
then = ["now"]
"""
NOW = """
[[channels]]
name = "now"
kind = "email"
send = "instant"
interval = "0s"
to = ["ada@acme.example"]
"""
DAILY = """
[[channels]]
name = "now"
kind = "email"
at = "08:00"
to = ["bob@acme.example"]
"""

Make = Callable[..., World]
ABOUT = "le forfait orange numero {} ne marche plus chez moi"
FRUIT = "un jus de orange numero {} bien frais pour le matin"


@pytest.fixture
def world(tmp_path: Path, store_url: str) -> Iterator[Make]:
    made: list[World] = []

    def make(*tables: str, **more: Any) -> World:
        made.append(World(tmp_path, f'[store]\nurl = "{store_url}"\n' + "".join(tables), **more))
        return made[-1]

    yield make
    for one in made:
        one.app.close()


def judge_all(place: World) -> None:
    for record in place.app.store.matches(limit=1000):
        said = "relevant" if "forfait" in record.post.text else "irrelevant"
        place.app.store.judge_match(record.id, said, "", "kim", place.now)


def taught(world: Make, *tables: str) -> World:
    """A world in which thirty posts were told and judged, the half of them not about the brand."""
    place = world(LEARNING, *tables)
    for number in range(15):
        place.say(ABOUT.format(number), f"user{number}")
        place.say(FRUIT.format(number), f"cook{number}")
    place.walk()
    judge_all(place)
    return place


def test_by_context_alone_a_post_without_it_is_stored_counted_and_not_told(world: Make) -> None:
    place = world(ORANGE, TALK, DAILY)
    place.say("my orange forfait is slow", "ann")
    place.say("an orange a day keeps the doctor away", "bob")
    place.say("@orange_help orange does not answer", "cid")
    [mail] = place.walk()
    assert "forfait is slow" in mail.text
    assert "does not answer" in mail.text
    assert "doctor" not in mail.text
    assert "Taken for not about Orange and left out: 1." in mail.text
    [left] = place.app.store.matches(left_out=True)
    assert (left.left_out, left.post.text[:8]) == ("Orange", "an orang")
    assert len(place.app.store.matches(left_out=False)) == 2


def test_what_was_left_out_is_told_once_a_person_calls_it_relevant(world: Make) -> None:
    place = world(ORANGE, TALK, NOW)
    place.say("orange is down again in Lyon", "ann")
    assert place.walk() == []
    [left] = place.app.store.matches(left_out=True)
    record = place.app.store.judge_match(left.id, "relevant", "", "kim", place.now)
    assert record.left_out == ""
    [mail] = place.walk()
    assert "down again in Lyon" in mail.text
    assert place.walk() == []
    place.app.store.judge_match(left.id, "relevant", "", "kim", place.now)
    assert place.walk() == []  # it is told once


def test_nothing_is_left_out_while_too_little_was_judged(world: Make) -> None:
    place = world(LEARNING, TALK, NOW)
    place.say("an orange a day", "ann")
    [mail] = place.walk()
    assert "an orange a day" in mail.text


def test_what_people_judged_leaves_out_what_comes_after_and_nothing_before(world: Make) -> None:
    place = taught(world, TALK, NOW)
    place.say(FRUIT.format(77), "zoe")
    place.say(ABOUT.format(88), "yan")
    [mail] = place.walk()
    assert "numero 88" in mail.text
    assert "numero 77" not in mail.text
    left = place.app.store.matches(left_out=True)
    assert [one.post.text for one in left] == [FRUIT.format(77)]


def test_a_day_of_nothing_but_other_things_says_so(world: Make) -> None:
    place = world(ORANGE, TALK, DAILY)
    place.say("orange juice", "ann", "bob")
    [mail] = place.walk()
    assert "Taken for not about Orange and left out: 2." in mail.text
    place.now += timedelta(days=1)
    for later in place.walk():
        assert "left out" not in later.text  # each is counted once


@pytest.mark.parametrize(
    ("find", "told"),
    [
        ("brand:Orange", False),
        ("orange juice", False),
        ("orange OR juice", True),  # it may have been found for the juice
        ("juice", True),
        ("brand:Orange OR brand:Voltrame", False),
        ("brand:Voltrame OR brand:Nordelia OR juice", True),
        ("-brand:Voltrame juice", True),
    ],
)
def test_only_what_a_rule_found_for_the_name_is_left_out(
    world: Make, find: str, told: bool
) -> None:
    place = world(ORANGE, TALK.replace('"orange"', f"'{find}'"), NOW)
    place.say("orange juice in the sun", "ann")
    assert bool(place.walk()) is told


def test_a_post_about_another_brand_of_the_rule_is_told(world: Make) -> None:
    place = world(ORANGE, TALK.replace('"orange"', '"brand:Orange OR brand:Voltrame"'), NOW)
    place.say("voltrame paints its vans orange", "ann")
    [mail] = place.walk()
    assert "paints its vans" in mail.text


def test_alarms_count_no_post_that_is_left_out(world: Make) -> None:
    rate = 'rate = { kind = "frequency", at_least = 3, within = "1h" }\n'
    place = world(ORANGE, TALK + rate, NOW)
    place.say("orange juice", "ann", "bob", "cid", "dan")
    assert place.walk() == []
    place.say("forfait orange en panne", "ann", "bob", "cid")
    [mail] = place.walk()
    assert "3 posts" in mail.text


@pytest.mark.parametrize("step", range(1, 9))
def test_a_crash_while_matching_leaves_out_the_same(world: Make, step: int) -> None:
    place = world(ORANGE, TALK, NOW)
    place.say("orange juice", "ann")
    place.say("forfait orange", "bob")
    try:
        mails = place.walk(saboteur=Saboteur(step))
    except Crash:
        mails = []
    mails += place.walk()
    assert sum("forfait orange" in mail.text for mail in mails) == 1
    assert [one.post.text for one in place.app.store.matches(left_out=True)] == ["orange juice"]
