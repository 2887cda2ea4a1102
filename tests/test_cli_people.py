"""`watcher people` and `watcher inbox`, as a person and as a program see them."""

import json
from datetime import UTC, datetime, timedelta

from rules.model import Verdict
from rules.signals.spoken import Spoken
from tests.cli_fixtures import acme, terminal
from tests.insights.people_samples import answer, person, repost, say, told
from tests.store.samples import matched, suspect
from tests.terminal import Terminal, compare
from tests.test_cli_screens import screens
from watcher.store import Store

__all__ = ["acme", "terminal"]


def test_who_matters_and_who_waits_are_shown(acme: Terminal) -> None:
    path = acme.folder / "watcher.toml"
    path.write_text(
        path.read_text().replace('name = "Acme"\n', 'name = "Acme"\naccounts = ["acme"]\n')
    )
    before = screens(acme, ("people",), ("inbox",), ("inbox", "handled"))
    acme.pipe("local", "post", "@ann", "@acme still waiting for my refund, Acme!")
    acme.pipe("local", "post", "@bob", "@ann @acme me too")
    acme.pipe("once")
    acme.now = acme.now.replace(hour=19)
    listed = screens(acme, ("people", "acme"), ("inbox", "--after", "1h"))
    (entry, *_) = json.loads(acme.pipe("inbox", "--after", "1h", "--json").out)["waiting"]
    number = str(entry["number"])
    after = screens(
        acme,
        ("inbox", "reopen", number),
        ("inbox", "later", number),
        ("inbox", "done", number, "--note", "called"),
        ("inbox", "reopen", number),
        ("inbox", "handled"),
        ("inbox", "done", "999"),
        ("people", "acne"),
    )
    compare("cli-people", "\n".join((before, listed, after)))
    found = json.loads(acme.pipe("people", "--json").out)
    assert found["brands"] == ["Acme"]


IMITATION = "acme-help.example"
ESCAPES = "\x1b[2J\u202eeve [red]bold[/red]"


def busy(at: Terminal) -> None:
    """Store a day in which customers, a bot, an imitator and somebody hostile speak of Acme."""
    path = at.folder / "watcher.toml"
    path.write_text(
        path.read_text().replace('name = "Acme"\n', 'name = "Acme"\naccounts = ["acme"]\n')
    )
    assert at.pipe("once").code == 0

    def ago(hours: float) -> dict[str, object]:
        return {"posted_at": at.now - timedelta(hours=hours)}

    hostile = person(ESCAPES, followers=12)
    posts = [
        say("a", person("ann", followers=31_000), "Acme, my train?", likes=30, **ago(40)),
        say("a2", person("ann", followers=31_000), "@acme hello?", mentions=("acme",), **ago(30)),
        *[
            answer(f"r{n}", f"p{n}.social.example", "a", "Same here, Acme", **ago(29))
            for n in (1, 2, 3)
        ],
        answer("again", "p1.social.example", "r2", "Acme never answers", **ago(28)),
        repost("x", "p2.social.example", "a", **ago(27)),
        say("news", person("newsbot", bot=True), "Acme opens a shop", likes=4, **ago(26)),
        say(
            "bait",
            person(IMITATION, followers=9),
            "Acme refunds: https://pay.example/acme - why wait?",
            likes=2,
            **ago(25),
        ),
        answer("ask", "p3.social.example", "bait", "Is that really Acme?", **ago(24)),
        answer("ask2", "p3.social.example", "bait", "@acme is it?", mentions=("acme",), **ago(23)),
        answer("lure", IMITATION, "ask2", "Yes, Acme: https://pay.example", **ago(22)),
        say(
            "h",
            hostile,
            "Acme\x1b]8;;https://evil.example\x07 ruined \u202e me",
            likes=1,
            **ago(20),
        ),
        say("s", "mute", "Acme lost my parcel", private=True, **ago(19)),
        say("own", "acme", "Spring at Acme", **ago(18)),
        answer("sorry", "acme", "again", "We are sorry", **ago(17)),
    ]
    sad = {one: _sad(one) for one in ("a", "h", "s", "bait", "again")}
    store = Store.open(f"sqlite:///{at.folder / 'data' / 'watcher.sqlite'}")
    told(store, *posts, silent=("own", "sorry"), of=sad, now=at.now)
    shop = suspect(f"town:id-{IMITATION}", name=IMITATION)
    matched(store, suspects=[shop, suspect("domain:pay.example", name="pay.example")])
    store.close()


def _sad(id: str) -> list[Spoken]:
    return [Spoken(brand="Acme", post=f"town:{id}", tone="negative", complaint=True)]


def test_a_busy_day_is_shown_as_it_was_and_nothing_in_it_does_harm(acme: Terminal) -> None:
    busy(acme)
    people = screens(acme, ("people",), ("people", "--limit", "2"))
    listed = screens(acme, ("inbox",), ("inbox", "--limit", "1"))
    number = "town:bait"
    done = screens(
        acme,
        ("inbox", "done", number, "--note", "an imitation"),
        ("inbox", "later", number, "--for", "4h"),
        ("inbox", "reopen", number),
        ("inbox", "handled"),
    )
    screen = "\n".join((people, listed, done))
    compare("cli-people-busy", screen)
    assert IMITATION not in screen
    assert "pay.example" not in screen
    assert "\x1b" not in screen
    assert "\u202e" not in screen


def test_what_a_pipe_reads_is_defused_too_and_marked(acme: Terminal) -> None:
    busy(acme)
    assert "@acme-help[.]example [suspect]" in acme.pipe("people").out
    for words in (("people",), ("inbox",)):
        out = acme.pipe(*words).out
        assert not [one for one in (IMITATION, "pay.example", "\x1b", "\u202e") if one in out]


def test_the_days_of_people_begin_in_the_zone_asked_for(acme: Terminal) -> None:
    busy(acme)
    words = ("people", "--since", "2026-03-09", "--until", "2026-03-09", "--json")
    here, there = (
        json.loads(acme.pipe(*words, *zone).out) for zone in ((), ("--zone", "Pacific/Auckland"))
    )
    assert here["since"] == "2026-03-08T23:00:00+00:00"  # the configuration says Europe/Paris
    assert there["since"] == "2026-03-08T11:00:00+00:00"
    refused = acme.pipe("people", "--zone", "Nowhere/Land")
    assert (refused.code, "there is no time zone" in refused.err) == (2, True)


def test_who_waited_at_the_end_of_a_past_day_is_told_as_on_that_evening(acme: Terminal) -> None:
    busy(acme)
    acme.now = datetime(2026, 3, 10, 23, tzinfo=UTC)  # midnight in Paris
    then = json.loads(acme.pipe("inbox", "--json").out)
    assert then["waiting"]
    acme.now += timedelta(days=5)
    assert acme.pipe("inbox", "done", str(then["waiting"][0]["number"])).code == 0
    assert json.loads(acme.pipe("inbox", "--until", "2026-03-10", "--json").out) == then
    assert json.loads(acme.pipe("inbox", "--json").out)["waiting"] != then["waiting"]
    elsewhere = ("--until", "2026-03-11", "--zone", "Pacific/Auckland")
    assert len(json.loads(acme.pipe("inbox", *elsewhere, "--json").out)["waiting"]) >= 1
    none = acme.pipe("inbox", "--until", "2020-01-01")
    assert "nobody waited at the end of 2020-01-01 for an answer of Acme" in none.err


def test_an_imitator_is_no_customer_and_is_counted(acme: Terminal) -> None:
    busy(acme)
    found = json.loads(acme.pipe("inbox", "--json").out)
    assert IMITATION not in [one["author"] for one in found["waiting"]]
    assert found["look_alikes_left_out"] == 1
    ran = acme.pipe("inbox")
    assert "1 look-alike account is left out: `watcher suspects list` shows them" in ran.err
    assert "acme-help" not in ran.out


def test_who_was_found_harmless_is_shown_as_everybody(acme: Terminal) -> None:
    busy(acme)
    store = Store.open(f"sqlite:///{acme.folder / 'data' / 'watcher.sqlite'}")
    for record in store.suspects(limit=9):
        store.judge(record.id, Verdict.DISMISSED, "", "ada", acme.now)
    store.close()
    assert f"@{IMITATION}" in acme.pipe("people").out
    assert "[suspect]" not in acme.pipe("people").out
    assert f"@{IMITATION}" in acme.pipe("inbox").out


def test_people_leave_out_what_is_private_and_the_inbox_marks_it(acme: Terminal) -> None:
    busy(acme)
    assert "mute" not in acme.pipe("people").out
    (entry,) = [
        one
        for one in json.loads(acme.pipe("inbox", "--json").out)["waiting"]
        if one["author"] == "mute"
    ]
    assert entry["private"]
    (line,) = [line for line in acme.pipe("inbox").out.splitlines() if "@mute" in line]
    assert "[private]" in line
