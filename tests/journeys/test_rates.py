"""Rates over the whole walk: many matches, one alarm, one mail, wherever it was stopped."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from alerts.words.render import Templates
from rules.rates import Cardinality
from tests.journeys.test_crash import AtName, Crash, Saboteur
from tests.smtp import Inbox
from watcher import files, pipeline, rates
from watcher.app import App
from watcher.backends.local.microblog import Microblog, NewPost
from watcher.config import load
from watcher.rates import form

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TEMPLATES = Templates(files.templates())
"""Compiled once for all: that takes longer than most of these walks."""

CONFIG = """
data = "data"

[mail]
kind = "smtp"
host = "{inbox.host}"
port = {inbox.port}
security = "none"
from = "watcher@acme.example"

[[brands]]
name = "Nordelia"

[[sources]]
name = "town"
kind = "local"
file = "town.db"
every = "1m"

[[rules]]
name = "talk"
find = "nordelia"
then = ["now", "circle"]
{keys}

[[channels]]
name = "now"
kind = "email"
send = "instant"
interval = "0s"
to = ["ada@acme.example"]

[[channels]]
name = "circle"
kind = "follow"
source = "town"
"""


class World:
    """A microblog, an app over it, an inbox, and a clock that the test moves."""

    def __init__(self, folder: Path, inbox: Inbox, keys: str) -> None:
        self.inbox = inbox
        self.now = START
        self.folder = folder
        path = folder / "watcher.toml"
        path.write_text(CONFIG.format(inbox=inbox, keys=keys))
        self.town = Microblog.found(folder / "town.db", START)
        app = App.open(load(path, {}), clock=lambda: self.now)
        self.app = replace(app, templates=TEMPLATES)
        self._said = 0

    def say(self, text: str, *authors: str, ago: timedelta = timedelta()) -> None:
        with self.town.change() as town:
            for author in authors:
                with suppress(Exception):
                    town.account(author, START - timedelta(days=90))
                self._said += 1
                town.post(NewPost(author=author, text=text, posted_at=self.now - ago))

    def configure(self, keys: str) -> None:
        path = self.folder / "watcher.toml"
        path.write_text(CONFIG.format(inbox=self.inbox, keys=keys))
        self.app = self.app.reconfigured(load(path, {}))

    def walk(self, saboteur: Saboteur | None = None, *, minutes: int = 1) -> pipeline.Matched:
        """Walk once; nothing is kept from one walk to the next but the database."""
        self.now += minutes * MINUTE
        app = self.app
        if saboteur is not None:
            app = replace(app, store=saboteur.around(app.store, "store"))
        pipeline.pull(app, app.config.sources[0])
        matched = pipeline.match(app)
        pipeline.plan(app)
        pipeline.deliver(app)
        return matched

    def alarms(self) -> list[tuple[str, str, datetime]]:
        """Kind, group and the end of the window of each alarm, in the order of raising."""
        records = self.app.store.alarms()[::-1]
        return [(one.alarm.kind, one.alarm.group, one.alarm.until) for one in records]

    def told(self) -> list[str]:
        """The text of each mail."""
        texts = []
        for _, octets in self.inbox.mails:
            body = message_from_bytes(octets, policy=default).get_body(("plain",))  # type: ignore[attr-defined]
            texts.append(" ".join(body.get_content().split()))
        return texts


@pytest.fixture
def world(tmp_path: Path, inbox: Inbox) -> Iterator[Callable[[str], World]]:
    made: list[World] = []

    def make(keys: str) -> World:
        made.append(World(tmp_path, inbox, keys))
        return made[-1]

    yield make
    for one in made:
        one.app.close()


def test_a_rule_with_a_rate_tells_of_the_alarm_and_not_of_each_match(
    world: Callable[[str], World],
) -> None:
    place = world('rate = { kind = "frequency", at_least = 3, within = "1h", distinct = "author" }')
    place.say("nordelia breaks", "ann", "ann", "bob")
    assert place.walk().alarms == 0
    assert place.told() == []
    place.say("nordelia breaks too", "cy")
    matched = place.walk()
    assert (matched.matches, matched.alarms) == (1, 1)
    [text] = place.told()
    assert "! talk: 3 accounts within 1 hour." in text
    assert "@cy: nordelia breaks too" in text
    place.say("nordelia breaks again", "dan")
    assert place.walk().alarms == 0
    assert len(place.told()) == 1
    assert place.app.store.status().matches == 5
    assert place.app.store.status().waiting == {}, "nobody follows an alarm"


def test_realert_says_how_long_a_rate_stays_silent(world: Callable[[str], World]) -> None:
    place = world('rate = { kind = "frequency", at_least = 2, within = "1h" }\nrealert = "10m"')
    for _ in range(5):
        place.say("nordelia", "ann")
        place.walk(minutes=5)
    assert [until - START for _, _, until in place.alarms()] == [5 * MINUTE, 15 * MINUTE]


def test_an_alarm_about_a_brand_or_a_domain_names_it(world: Callable[[str], World]) -> None:
    place = world('rate = { kind = "frequency", at_least = 2, within = "1h", by = "domain" }')
    for path in ("a", "b?x=1"):
        place.say(f"nordelia https://shop.evil.example/{path}", "ann")
    place.walk()
    assert [group for _, group, _ in place.alarms()] == ["evil.example"]
    assert "evil.example: 2 posts within 1 hour." in place.told()[0].replace("\u200b", "")


def test_silence_is_told_only_when_everything_was_read(world: Callable[[str], World]) -> None:
    place = world('rate = { kind = "flatline", within = "1h" }')
    place.say("nordelia", "ann")
    place.walk()
    for _ in range(5):
        place.walk(minutes=10)
    assert place.alarms() == []
    place.walk(minutes=600)  # nobody looked meanwhile, but then all of it was read
    [(kind, _, _)] = place.alarms()
    assert kind == "flatline"
    assert "! talk: Nothing within 1 hour, though every source was read." in place.told()[0]
    town = place.folder / "town.db"
    town.rename(town.with_suffix(".away"))
    before = len(place.told())
    place.walk(minutes=60 * 30)
    assert len(place.alarms()) == 1
    assert "Nothing within" not in " ".join(place.told()[before:])


def test_a_new_hashtag_is_told_after_the_rule_has_learned(world: Callable[[str], World]) -> None:
    place = world('rate = { kind = "new_term", learn = "1d" }')
    place.say("nordelia #bikes", "ann")
    place.walk()
    place.walk(minutes=60 * 30)
    place.say("nordelia #bikes #Recall", "bob")
    place.walk()
    assert [group for _, group, _ in place.alarms()] == ["recall"]
    place.say("nordelia #recall", "cy")
    assert place.walk().alarms == 0


def test_a_spike_is_told_with_what_came_before(world: Callable[[str], World]) -> None:
    place = world('rate = { kind = "spike", at_least = 5, learn = "1h", within = "10m" }')
    place.walk()
    for hour in range(3):
        place.say(f"nordelia {hour}", "ann")
        place.walk(minutes=60)
    place.say("nordelia breaks", *[f"rider{n}" for n in range(9)])
    place.walk()
    [text] = place.told()
    assert "! talk: 9 posts within 10 minutes: shortly before it was about 0." in text


def test_a_spike_says_what_carries_it_and_that_it_is_over(world: Callable[[str], World]) -> None:
    place = world('rate = { kind = "spike", at_least = 5, learn = "1h", within = "10m" }')
    place.walk()
    for hour in range(3):
        place.say(f"nordelia {hour}", "ann")
        place.walk(minutes=60)
    place.say("nordelia hinges break", *[f"rider{n}" for n in range(9)])
    place.walk()
    [text] = place.told()
    assert "So far 9 posts by 9 accounts, 0 of them reposts." in " ".join(text.split())
    assert "@rider0 said first; 9 posts say the same" in " ".join(text.split())
    for _ in range(3):
        place.walk(minutes=20)
    text = " ".join(place.told()[-1].split())
    assert "! talk: It is over after" in text
    assert "9 posts in all, at most 9 within 10 minutes." in text
    for _ in range(3):
        place.walk(minutes=20)
    assert [kind for kind, *_ in place.alarms()].count("over") == 1


def test_a_post_that_comes_late_is_counted_where_it_belongs(world: Callable[[str], World]) -> None:
    place = world('rate = { kind = "frequency", at_least = 2, within = "10m" }')
    place.say("nordelia", "ann")
    place.walk(minutes=120)
    place.say("nordelia", "bob", ago=timedelta(minutes=119))
    place.walk()
    [text] = place.told()
    assert "noticed on" in text
    place.walk(minutes=60 * 72)
    place.say("nordelia", "cy", "dan", ago=timedelta(days=2))
    assert place.walk().alarms == 0


def test_copies_are_stored_and_told_as_a_number(world: Callable[[str], World]) -> None:
    place = world('dedupe = "near"')
    said = "nordelia hinges break after three weeks and nobody answers"
    place.say(said, "ann")
    place.say(said + " !", "bob", "cy")
    assert place.walk().matches == 3
    [text] = place.told()
    assert "2 more posts alike, by 3 accounts" in text
    place.say(said.upper(), "dan")
    place.walk()
    assert len(place.told()) == 1


def test_a_rule_that_told_something_keeps_silent_for_its_realert(
    world: Callable[[str], World],
) -> None:
    place = world('realert = "1h"')
    place.say("nordelia", "ann")
    place.walk()
    place.say("nordelia and more", "bob")
    place.walk()
    assert len(place.told()) == 1
    place.walk(minutes=60)
    place.say("nordelia once more", "cy")
    place.walk()
    assert len(place.told()) == 2
    assert place.app.store.status().matches == 3


def test_only_what_changes_the_search_begins_anew(world: Callable[[str], World]) -> None:
    place = world('rate = { kind = "flatline" }')
    [rule] = place.app.config.rules
    assert form(rule) == form(replace(rule, then=(), realert="1h", name="other", dedupe="near"))
    assert form(rule) != form(replace(rule, find="nordelia OR acme"))
    assert form(rule) != form(replace(rule, rate=None))


OTHER = """
[[rules]]
name = "other"
find = "nordelia"
then = ["now"]
rate = { kind = "frequency", at_least = 3, within = "1h" }
"""


def test_a_rate_that_fails_stops_no_other_and_is_judged_again(
    world: Callable[[str], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = world('rate = { kind = "cardinality", at_least = 3, within = "1h" }' + OTHER)
    place.say("nordelia breaks", "ann", "bob", "cy")
    with monkeypatch.context() as patch:
        patch.setattr(Cardinality, "judge", lambda *_: 1 / 0)
        matched = place.walk()
        assert place.alarms() == [("frequency", "", START)]
        assert list(matched.rates_failed) == ["talk"]
        assert "ZeroDivisionError in test_rates.py, line" in matched.rates_failed["talk"]
        place.say("nordelia breaks", "dan")
        assert list(place.walk().rates_failed) == ["talk"]
    assert place.walk().rates_failed == {}
    assert place.alarms() == [("frequency", "", START), ("cardinality", "", START)]
    assert place.walk().alarms == 0


def test_a_rule_that_gets_a_rate_is_judged_by_what_it_found_in_the_last_day(
    world: Callable[[str], World],
) -> None:
    place = world(OTHER)
    place.say("nordelia", *"abcdefg")
    place.walk()
    place.walk(minutes=2 * 24 * 60)
    place.say("nordelia", "ann", "bob", "cy")
    place.walk()
    before = place.alarms()
    assert len(before) == 2
    place.configure('rate = { kind = "frequency", at_least = 2, within = "1h" }' + OTHER)
    place.walk()
    assert len(place.alarms()) == 3
    place.configure('rate = { kind = "frequency", at_least = 2, within = "2h" }')
    place.walk()
    assert len(place.alarms()) == 3, "the storm was told"


def test_an_alarm_that_waits_is_told_though_its_rule_is_gone(
    world: Callable[[str], World],
) -> None:
    place = world('rate = { kind = "frequency", at_least = 2, within = "1h" }')
    place.say("nordelia", "ann", "bob")
    place.now += MINUTE
    pipeline.pull(place.app, place.app.config.sources[0])
    pipeline.match(place.app)
    path = place.folder / "watcher.toml"
    path.write_text(path.read_text().replace('name = "talk"', 'name = "chatter"'))
    place.app = place.app.reconfigured(load(path, {}))
    place.walk()
    [text] = place.told()
    assert "! talk: 2 posts within 1 hour." in text
    assert len(place.alarms()) == 1


def test_an_old_archive_raises_nothing_and_absurd_times_stop_nothing(
    world: Callable[[str], World],
) -> None:
    kinds = ("frequency", "spike", "flatline", "new_term")
    rules = [
        OTHER.replace('"other"', f'"{one}"').replace('"frequency"', f'"{one}"') for one in kinds
    ]
    rules[1:] = [one.replace(', at_least = 3, within = "1h"', "") for one in rules[1:]]
    place = world("".join(rules))
    for years in (56, 10, 2, -970):
        for hours in range(20):
            place.say("nordelia #tag", f"a{hours}", ago=timedelta(days=365 * years, minutes=hours))
    matched = place.walk()
    assert matched.rates_failed == {}
    # Those of the year 2996 count when they were found.
    assert place.alarms() == [("frequency", "", place.now)]


def test_a_clock_that_was_wrong_for_a_while_silences_nobody(
    world: Callable[[str], World],
) -> None:
    place = world('realert = "1h"' + OTHER.replace("3,", "2,"))
    place.now += timedelta(days=3650)
    place.say("nordelia", "ann", ago=timedelta(days=3650))
    place.walk()
    place.now = START + 60 * MINUTE
    place.say("nordelia again", "bob", "cy")
    place.walk()
    # One post of the one rule, one alarm of the other; the channel itself waits for its last slot.
    assert place.app.store.status().waiting["now"] == 2
    assert place.app.store.watching_since(
        {rule.name: form(rule) for rule in place.app.config.rules[1:]}, place.now
    ) == {"other": START + 61 * MINUTE}


def test_more_matches_than_are_read_at_once_are_said(
    world: Callable[[str], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "MOST_EVENTS", 4)
    place = world('rate = { kind = "frequency", at_least = 3, within = "1h" }')
    place.say("nordelia", *"abcd")
    assert place.walk().rates_cut == ()
    place.walk(minutes=120)
    place.say("nordelia", *"abcde")
    assert place.walk().rates_cut == ("talk",)
    assert len(place.alarms()) == 2


STORM = 'rate = { kind = "frequency", at_least = 3, within = "1h" }\ndedupe = "near"'
STEPS = ("originals", "save_matches", "watching_since", "fresh_matches", "save_alarms", "freeze")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_crash_around_a_step_loses_no_alarm_and_raises_none_twice(
    world: Callable[[str], World], inbox: Inbox, step: str, side: str
) -> None:
    place = world(STORM)
    place.say("nordelia breaks", "ann", "bob", "cy", "dan")
    with pytest.raises(Crash):
        place.walk(AtName(f"{side} store.{step}"))
    place.walk(minutes=60)
    assert place.alarms() == [("frequency", "", START)]
    assert list(inbox.copies().values()) == [1]
