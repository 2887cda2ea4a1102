"""What makes a digest: grouped, merged, ranked, cut, and honest about what was not seen."""

from dataclasses import replace
from datetime import timedelta
from time import process_time

import pytest

from alerts.digest.composing import compose
from alerts.digest.cut import cut
from alerts.digest.merge import merge
from alerts.model import Volume, Waiting
from rules.lookalike.reasons import REASONS
from rules.model import Brand, Reason, Suspect
from tests.alert_samples import (
    BRAND,
    NOW,
    SINCE,
    SLOT,
    account,
    email,
    full,
    mention,
    raised,
    voice,
    waiting,
    watched,
)

LOU = account("lou", followers=100)


def digest(**more):
    channel = more.pop("channel", email())
    return compose(channel, waiting(**more), SLOT, NOW, [BRAND], "Europe/Paris")


def test_a_post_found_by_several_rules_is_one_item_under_the_rarest_rule():
    common = [mention(f"plivelo number {n} of many", by=LOU, id=f"c{n}") for n in range(4)]
    both = mention("my plivelo is broken", by=LOU, id="b", rules=("plivelo", "complaints"))
    made = digest(mentions=(*common, both))
    assert made.posts == 5
    [group] = [group for group in made.groups if group.rule == "complaints"]
    assert [(item.post.id, item.also) for item in group.items] == [("b", ("plivelo",))]
    assert sum(group.posts for group in made.groups) == 5


def test_reposts_and_near_identical_texts_are_one_item_with_a_count_of_voices():
    text = "The Plivelo hinge broke after three weeks and nobody answers, what now?"
    mentions = (
        mention(text, by=LOU, id="1", likes=5),
        mention("RT @lou: " + text, by=account("ann"), id="2", repost_of="1"),
        mention("", by=account("bob"), id="3", repost_of="1"),
        mention(text.upper() + " https://a.example/x", by=account("cy"), id="4"),
        mention(text.replace("three", "four"), by=account("dan"), id="5"),
        mention("A different Plivelo story altogether, about a nice trip", by=LOU, id="6"),
    )
    items = digest(mentions=mentions).groups[0].items
    assert {(item.post.id, item.copies, item.voices) for item in items} == {
        ("1", 4, 5),
        ("6", 0, 1),
    }


def test_short_texts_merge_only_when_equal():
    texts = ("thanks plivelo", "Thanks, Plivelo!", "thanks plivela")
    families = merge([mention(t, by=LOU, id=str(n)) for n, t in enumerate(texts)])
    assert [len(family) for family in families] == [2, 1]


def test_what_moves_people_comes_first_and_our_own_posts_last():
    made = digest(
        mentions=(
            mention("plivelo quiet words of one", by=LOU, id="quiet"),
            mention("plivelo spreads and spreads", by=LOU, id="loud", reposts=80),
            mention("plivelo says a famous person", by=account("star", followers=9000), id="star"),
            mention(
                "plivelo announces", by=account("plivelo", followers=10**6), id="own", likes=900
            ),
        )
    )
    assert [item.post.id for item in made.groups[0].items] == ["loud", "star", "quiet", "own"]
    assert not made.urgent


def test_a_cut_counts_what_it_hides_and_leaves_a_quiet_rule_its_place():
    loud = [
        mention(f"plivelo {n} " + "abcdefgh"[n % 8] * (10 + n), by=LOU, id=f"l{n}", likes=100 + n)
        for n in range(30)
    ]
    quiet = mention("a hinge is broken", by=LOU, id="q", rules=("complaints",))
    short = cut(digest(mentions=(*loud, quiet)), 4)
    assert {group.rule: len(group.items) for group in short.groups} == {
        "plivelo": 3,
        "complaints": 1,
    }
    assert sum(group.posts for group in short.groups) + short.more_posts == 31
    none = cut(short, 0)
    assert (none.groups, none.more_posts, none.more_groups) == ((), 31, 2)


def test_places_are_dealt_round_by_round_and_the_rarest_rule_is_asked_first():
    def found(rule, count, likes):
        return [
            mention(
                f"plivelo {rule} {n} " + "abcdefghij"[n % 10] * (9 + n),
                by=account(f"{rule}{n}"),
                id=f"{rule}{n}",
                likes=likes,
                rules=(rule,),
            )
            for n in range(count)
        ]

    made = digest(mentions=(*found("loud", 40, 900), *found("quiet", 8, 1), *found("seldom", 2, 0)))
    shown = {n: {g.rule: len(g.items) for g in cut(made, n).groups} for n in (1, 5, 25)}
    assert shown == {
        1: {"seldom": 1},
        5: {"loud": 1, "quiet": 2, "seldom": 2},
        25: {"loud": 15, "quiet": 8, "seldom": 2},
    }


def test_one_author_does_not_fill_a_rule():
    talker = [mention(f"plivelo {n} " + "abcdefgh"[n] * 30, by=LOU, id=f"l{n}") for n in range(8)]
    other = mention("plivelo, said somebody else", by=account("ann"), id="a")
    [group] = cut(digest(mentions=(*talker, other)), 25).groups
    authors = sorted(item.post.author.handle for item in group.items)
    assert (authors, group.more) == (["ann", "lou", "lou", "lou"], 5)


def test_the_posts_of_a_rule_are_as_many_as_it_found_wherever_they_stand():
    both = mention("my plivelo is broken", by=LOU, id="b", rules=("plivelo", "complaints"))
    plain = [mention(f"plivelo {n} " + "abc"[n] * 30, by=LOU, id=f"p{n}") for n in range(3)]
    groups = {group.rule: group for group in digest(mentions=(both, *plain)).groups}
    counts = {rule: (group.found, group.elsewhere) for rule, group in groups.items()}
    assert counts == {"plivelo": (4, 1), "complaints": (1, 0)}


def test_suspects_that_mean_to_deceive_come_before_those_that_share_a_name():
    def suspect(handle, score, technique, *evidence):
        why = tuple(Reason(template=REASONS[kind], values={"affix": "x"}) for kind in evidence)
        return Suspect(
            subject=f"x:{handle}",
            name=handle,
            brand="Plivélo",
            rule="r",
            score=score,
            techniques=tuple(technique.split()),
            reason=Reason(template="x"),
            evidence=why,
        )

    made = digest(
        suspects=(
            suspect("plivelo", 0.99, "same-name"),
            suspect("plivelo_fans", 0.98, "affix"),
            suspect("plivelo_refund", 0.95, "affix", "claim"),
            suspect("plivero_help", 0.7, "affix", "claim"),
            suspect("pliveI0", 0.94, "leet copied-display-name copied-bio"),
        )
    )
    assert [one.name for one in made.suspects] == [
        "pliveI0", "plivelo_refund", "plivelo_fans", "plivelo", "plivero_help",
    ]  # fmt: skip
    assert "pliveI0" in str(made.urgent[0])


def test_posts_from_before_the_period_are_dated():
    old = NOW - timedelta(days=900)
    early = mention("plivelo, once upon a time", by=LOU, id="1", posted_at=old)
    late = mention("plivelo today", by=LOU, id="2", posted_at=NOW - timedelta(hours=1))
    assert digest(mentions=(early, late)).written == (old, NOW - timedelta(hours=1))
    just = mention("plivelo", by=LOU, id="3", posted_at=SINCE - timedelta(minutes=20))
    assert digest(mentions=(just, late)).written is None


def test_only_a_digest_with_a_promised_time_leaves_on_time():
    made = digest()
    assert made.on_time
    assert not replace(made, slot=replace(SLOT, first=True)).on_time
    assert not replace(made, slot=replace(SLOT, late=True)).on_time
    assert not replace(made, now=NOW + timedelta(minutes=31)).on_time
    assert not digest(channel=email(send="instant")).on_time


def test_mentions_beyond_the_bound_on_memory_are_counted():
    made = digest(mentions=(mention("plivelo", by=LOU, id="1"),), more=500)
    assert (made.posts, made.more_posts) == (501, 500)


def test_nothing_said_and_not_looked_are_told_apart():
    failed = watched("b", last_success=None, failures=3, last_error="no route")
    gap = watched("c", gaps=((SINCE, SINCE + timedelta(hours=2), "down"),))
    assert digest().sight == "watched"
    assert digest(coverage=(watched("a"), gap)).sight == "partly"
    assert digest(coverage=(watched("a"), failed)).sight == "partly"
    assert digest(coverage=(failed,)).sight == "blind"
    assert digest(coverage=()).sight == "blind"
    asked = digest(coverage=(watched("a"), failed))
    assert asked.urgent
    assert not asked.is_urgent, "it is said, and needs no answer each time"
    [blind, *_] = asked.watched
    assert (blind.state, blind.missed) == ("blind", timedelta(days=1))


def test_what_was_read_long_ago_is_not_called_watched():
    hung = watched("a", last_success=NOW - timedelta(hours=23))
    [seen] = digest(coverage=(hung,)).watched
    assert (seen.state, seen.missed) == ("partly", timedelta(hours=23))


def test_a_source_that_is_read_seldom_is_watched_between_two_readings():
    minute = {"since": NOW - timedelta(minutes=1)}
    seldom = watched("a", every=timedelta(hours=6), last_success=NOW - timedelta(hours=5), **minute)
    just = watched("b", last_success=NOW - timedelta(minutes=4), **minute)
    assert digest(coverage=(seldom, just)).sight == "watched"


def test_overlapping_gaps_and_a_failure_that_lasts_count_once():
    early = (SINCE - timedelta(hours=1), SINCE + timedelta(hours=2), "down")
    overlapping = (SINCE + timedelta(hours=1), SINCE + timedelta(hours=3), "slow")
    ill = watched("a", gaps=(early, overlapping), last_error="gone",
                  last_success=NOW - timedelta(hours=4))  # fmt: skip
    [seen] = digest(coverage=(ill,)).watched
    assert (seen.state, seen.missed) == ("partly", timedelta(hours=7))


@pytest.mark.parametrize(
    ("when_empty", "send", "trouble", "silent"),
    [
        ("trouble", "daily", False, True),
        ("trouble", "daily", True, False),
        ("send", "daily", False, False),
        ("skip", "daily", True, True),
        ("send", "instant", True, True),
        ("send", "hourly", True, True),
    ],
)
def test_an_empty_digest_is_sent_as_the_channel_wants(when_empty, send, trouble, silent):
    coverage = (watched("a", last_success=None),) if trouble else (watched("a"),)
    made = digest(channel=email(when_empty=when_empty, send=send), coverage=coverage)
    assert made.is_silent is silent
    assert made.summary == "nothing found"


def test_what_is_urgent_is_said_once_each():
    made = compose(email(), full(), SLOT, NOW, [BRAND], "Europe/Paris")
    said = [str(reason) for reason in made.urgent]
    assert said[0] == "old-forum could not be watched."
    assert "The rule plivelo found 30 posts, after 8 in the period before." in said
    assert len(said) == len(set(said)) == 5


def test_a_few_posts_after_none_are_no_surge():
    assert not digest(volumes=(Volume(rule="plivelo", posts=5, before=0),)).urgent


def test_ten_thousand_mentions_take_seconds_at_most():
    mentions = tuple(
        mention(
            f"plivelo {n * 7919 % 10007} " + " ".join(f"w{n * k % 997}" for k in range(2, 20)),
            by=account(f"a{n}", followers=n % 500),
            id=str(n),
            rules=(f"rule-{n % 30}",),
            likes=n % 90,
        )
        for n in range(10_000)
    )
    began = process_time()
    made = cut(digest(mentions=mentions), 40)
    assert process_time() - began < 5
    assert made.posts == 10_000
    assert sum(g.posts for g in made.groups) + made.more_posts == 10_000


def test_alarms_come_first_newest_first_and_the_rest_is_counted():
    alarms = tuple(raised(posts=n % 3) for n in range(11))
    made = digest(alarms=alarms)
    assert (made.alarms, made.more_alarms) == (alarms[:8], 3)
    assert made.summary == "11 alarms"
    assert not made.is_empty
    assert not digest(alarms=alarms[:1], channel=email(send="instant")).is_silent


def test_copies_that_were_stored_count_with_those_merged_here():
    text = "The Plivelo hinge broke after three weeks and nobody answers, what now?"
    first = replace(mention(text, by=LOU, id="1", likes=5), copies=12, copyists=9)
    second = replace(mention(text + " !", by=account("bob"), id="2"), copies=2, copyists=2)
    [item] = digest(mentions=(first, second)).groups[0].items
    assert (item.post.id, item.copies, item.voices) == ("1", 15, 13)


def test_what_people_say_is_quoted_of_the_brand_it_is_said_of():
    other = Brand(name="Vorlane")
    posts = (
        mention("vorlane is wonderful", by=account("star", followers=90_000), id="1"),
        mention("plivelo bent my fork", by=account("ann"), id="2"),
    )
    waiting = Waiting(channel="daily", since=SINCE, until=NOW, mentions=posts, voices=(voice(),))
    made = compose(email(), waiting, SLOT, NOW, [other, BRAND], "Europe/Paris")
    assert made.brands[0].surge
    assert made.quoted
    assert made.quoted.post.id == "2"
    assert any("star" in str(why) for why in made.urgent), "that it spreads is said by itself"
