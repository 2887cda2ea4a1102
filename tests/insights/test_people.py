"""Who matters, and who talks with whom: against a recount by hand, and as laws."""

import math
from collections import defaultdict
from datetime import timedelta

import pytest

from rules.model import Account, Post, Verdict
from rules.signals.spoken import Spoken
from tests.insights.people_samples import (
    ACME,
    RIVALO,
    WEEK,
    answer,
    person,
    random_town,
    repost,
    say,
    told,
)
from tests.store.conftest import opened, postgresql_opened, sqlite_opened, store
from tests.store.samples import NOON, matched, page, suspect
from watcher.insights.people import Influencer, Talk, circles, influencers, talks
from watcher.store import Store
from watcher.store.people import Looked

__all__ = ["opened", "postgresql_opened", "sqlite_opened", "store"]

OWN = (ACME, RIVALO)
LOOKED = Looked(brands=["Acme"], since=WEEK.since, until=WEEK.until, own=OWN)


def ranked(store: Store, **more: object) -> dict[str, Influencer]:
    found = influencers(store, ["Acme"], WEEK, own=OWN, **more)  # type: ignore[arg-type]
    return {one.account.handle: one for one in found}


def said(store: Store) -> dict[tuple[str, str], Talk]:
    return {(one.who, one.to): one for one in talks(store, ["Acme"], WEEK, own=OWN)}


# --- what people cause --------------------------------------------------------------------------


def test_people_are_ranked_by_how_many_others_they_move_and_not_by_followers(store: Store) -> None:
    famous = person("famous", followers=2_000_000)
    told(
        store,
        say("f", famous),
        say("a", "ann"),
        *[answer(f"r{n}", f"p{n}", "a") for n in range(3)],
        *[repost(f"x{n}", f"q{n}", "a") for n in range(2)],
        answer("rf", "p0", "f"),
    )
    found = ranked(store)
    assert list(found) == ["ann", "famous"]
    ann = found["ann"]
    assert (ann.answered_by, ann.passed_on_by, ann.posts, ann.engagement) == (3, 2, 1, None)
    assert ann.score == pytest.approx(math.log2(4) + math.log2(3))
    assert str(ann.says) == "Answered by 3, passed on by 2 people; 1 post."
    assert (ann.best, ann.best_url) == ("town:a", "https://town.example/a")
    assert found["famous"].account.followers == 2_000_000


def test_the_sentence_says_only_what_happened(store: Store) -> None:
    told(
        store,
        say("a", "ann", likes=5, reposts=1, replies=0),
        say("b", "bob"),
        say("b2", "bob"),
        answer("r1", "cleo", "b2", text="yes"),
        say("c", "dan"),
        repost("x", "cleo", "c"),
        say("e", "eve", likes=1),
        silent=["r1", "x"],
    )
    says = {handle: str(one.says) for handle, one in ranked(store).items()}
    assert says == {
        "ann": "6 likes, reposts and replies on 1 post.",
        "bob": "Answered by 1 person; 2 posts.",
        "dan": "Passed on by 1 person; 1 post.",
        "eve": "1 like, repost or reply on 1 post.",
    }


def test_one_lucky_post_is_not_worth_several_good_ones(store: Store) -> None:
    told(
        store,
        say("lucky", "lucky", likes=10_000),
        *[say(f"s{n}", "steady", likes=200) for n in range(4)],
        *[say(f"w{n}", "weak", likes=1) for n in range(300)],
    )
    assert list(ranked(store)) == ["steady", "lucky", "weak"]


def test_a_ring_of_few_accounts_stays_few_however_often_they_boost_each_other(
    store: Store,
) -> None:
    ring = [f"ring{n}" for n in range(4)]
    posts = [say(f"{who}-{n}", who) for who in ring for n in range(8)]
    boosts = [
        repost(f"{by}-of-{one.id}", by, one.id)
        for one in posts
        for by in ring
        if by != one.author.handle
    ]
    told(
        store,
        *posts,
        *boosts,
        say("a", "ann"),
        *[repost(f"x{n}", f"q{n}", "a") for n in range(3)],
    )
    found = ranked(store)
    assert next(iter(found)) == "ann"  # three strangers, once each
    assert {found[who].passed_on_by for who in ring} == {3}


def test_own_accounts_bots_imitators_and_private_posts_move_nobody(store: Store) -> None:
    bad = person("acme_help")
    told(
        store,
        say("a", "ann"),
        say("o", "acme", likes=500),
        answer("r1", "acme", "a"),
        answer("r2", "rivalo", "a"),
        answer("r3", person("robot", bot=True), "a"),
        answer("r4", bad, "a"),
        answer("r5", "cleo", "a", private=True),
        say("hidden", "eve", private=True, likes=900),
        answer("r6", "bob", "hidden"),
        repost("x1", "acme", "a"),
    )
    matched(store, suspects=[suspect("town:id-acme_help")])
    (record,) = store.suspects(limit=9)
    store.judge(record.id, Verdict.CONFIRMED, "", "ada", NOON)
    assert ranked(store) == {}


def test_bots_and_suspects_are_marked(store: Store) -> None:
    told(
        store,
        say("a", person("robot", bot=True), likes=4),
        say("b", "acme_help", likes=3),
    )
    matched(store, suspects=[suspect("town:id-acme_help")])
    found = ranked(store)
    assert (found["robot"].account.bot, found["robot"].suspect) == (True, False)
    assert found["acme_help"].suspect


def test_who_is_passed_on_counts_though_the_post_itself_is_not_stored(store: Store) -> None:
    page_of_bob = say("b", "bob", "hello", posted_at=NOON - timedelta(days=90))
    told(
        store,
        page_of_bob,
        repost("x1", "ann", "gone", repost_author="id-bob"),
        repost("x2", "cleo", "gone", repost_author="id-bob"),
        say("x3", "dan", "RT @Bob: Acme!", mentions=("Bob",)),
        silent=["b"],
    )
    bob = ranked(store)["bob"]
    assert (bob.passed_on_by, bob.posts, bob.best) == (3, 1, "")


def test_somebody_forgotten_appears_nowhere_not_even_where_others_name_them(store: Store) -> None:
    told(
        store,
        say("a", "ann", likes=9),
        answer("r", "bob", "a"),
        say("m", "cleo", mentions=("ann", "bob")),
    )
    (held,) = store.accounts_called("town:ann")
    store.forget_account(held, NOON)
    assert "ann" not in ranked(store)
    assert set(said(store)) == {("cleo", "bob")}


def test_rules_choose_posts_too(store: Store) -> None:
    told(store, say("a", "ann", "no brand", likes=3), silent=["a"])
    assert ranked(store) == {}
    store.save_page("square", page(say("b", "bob", "no brand", likes=3)), NOON)
    matched(store)
    assert set(ranked(store, rules=["talk"])) == {"bob"}


def test_with_nothing_stored_there_is_nobody(store: Store) -> None:
    assert influencers(store, ["Acme"], WEEK) == ()
    assert influencers(store, [], WEEK) == ()
    assert talks(store, ["Acme"], WEEK) == ()
    assert store.looked_at(LOOKED) == 0


# --- who talks with whom ------------------------------------------------------------------------


def test_a_post_is_for_the_one_it_answers_else_for_those_it_names(store: Store) -> None:
    told(
        store,
        say("a", "ann", mentions=("Bob", "acme")),
        answer("r", "bob", "a", mentions=("ann", "acme", "zoe")),
        answer("u", "cleo", "unknown", reply_to_handle="Ann"),
        repost("x", "dan", "a", mentions=("bob",)),
        say("q", "dan", quote_of="a"),
        say("many", "eve", mentions=tuple(f"p{n}" for n in range(6))),
        answer("self", "ann", "a"),
    )
    found = {
        pair: (one.replies, one.reposts, one.quotes, one.mentions, one.back)
        for pair, one in said(store).items()
    }
    assert found == {
        ("ann", "bob"): (0, 0, 0, 1, 1),
        ("ann", "acme"): (0, 0, 0, 1, 0),
        ("bob", "ann"): (1, 0, 0, 0, 1),
        ("cleo", "ann"): (1, 0, 0, 0, 0),
        ("dan", "ann"): (0, 1, 1, 0, 0),
    }
    assert said(store)["ann", "acme"].to_is_own


def test_talks_tell_their_tone_and_what_answers_without_naming_the_brand(store: Store) -> None:
    told(
        store,
        say("a", "ann", mentions=("acme",)),
        answer("own", "acme", "a", text="sorry"),
        answer("r", "bob", "a", text="same here"),
        silent=["own", "r"],
        of={"a": [Spoken(brand="Acme", post="town:a", tone="negative", confidence=0.9)]},
    )
    found = said(store)
    assert found["ann", "acme"].negative == 1
    assert found["acme", "ann"].who_is_own
    assert (found["bob", "ann"].posts, found["bob", "ann"].negative) == (1, 0)


def test_talks_take_no_tone_from_what_is_not_about_the_brand(store: Store) -> None:
    told(
        store,
        say("a", "ann", mentions=("acme",)),
        answer("b", "bob", "a", text="the acme of taste, alas"),
        of={
            "a": [Spoken(brand="Acme", post="town:a", tone="positive", confidence=0.9)],
            "b": [
                Spoken(brand="Acme", post="town:b", tone="negative", confidence=0.9, left_out=True)
            ],
        },
    )
    found = said(store)
    assert found["ann", "acme"].positive == 1
    assert (found["bob", "ann"].posts, found["bob", "ann"].negative) == (1, 0)


def test_circles_are_those_whom_talks_connect_but_not_through_the_brand(store: Store) -> None:
    told(
        store,
        say("a", "ann", mentions=("bob",)),
        say("b", "bob", mentions=("cleo", "acme")),
        say("d", "dan", mentions=("acme",)),
        say("e", "eve", mentions=("dan",)),
    )
    (circle,) = circles(talks(store, ["Acme"], WEEK, own=OWN))
    assert (set(circle.members), circle.members[0], circle.posts) == (
        {"ann", "bob", "cleo"},
        "bob",
        2,
    )


# --- recounts and laws --------------------------------------------------------------------------


def recount(posts: list[Post], silent: list[str]) -> dict[str, tuple[int, int, int]]:
    """Count by hand who answered whom, who passed on whom, and how many posts each wrote."""
    by_id = {one.id: one for one in posts}
    own, robots = {"acme", "rivalo"}, {"robot"}
    mute = set(silent)

    def counts(one: Post) -> bool:
        in_time = WEEK.since <= one.posted_at < WEEK.until
        return in_time and one.id not in mute and not one.private

    def is_repost(one: Post) -> bool:
        return one.repost_of is not None or one.text.startswith("RT @")

    answered: dict[str, set[str]] = defaultdict(set)
    passed: dict[str, set[str]] = defaultdict(set)
    written: dict[str, int] = defaultdict(int)
    unseen: dict[str, set[str]] = defaultdict(set)
    for one in posts:
        if counts(one) and not is_repost(one):
            written[one.author.handle] += 1
        if one.private:
            continue
        for link, taken in (
            (one.reply_to, answered),
            (one.repost_of, passed),
            (one.quote_of, passed),
        ):
            of = by_id.get(link or "")
            if of is not None and counts(of) and not is_repost(of):
                taken[of.author.handle].add(one.author.handle)
        if counts(one) and one.repost_of is not None and one.repost_of not in by_id:
            target = one.repost_author.removeprefix("id-")
            if target:
                passed[target].add(one.author.handle)
                if target != one.author.handle:
                    unseen[target].add(one.repost_of)
        elif counts(one) and one.repost_of is None and one.text.startswith("RT @"):
            passed["bob"].add(one.author.handle)
    result = {}
    for who in {*answered, *passed}:
        if who in own:
            continue
        by, on = (
            {other for other in taken[who] if other != who and other not in own | robots}
            for taken in (answered, passed)
        )
        if by or on:
            result[who] = (len(by), len(on), written[who] + len(unseen[who]))
    return result


@pytest.mark.parametrize("seed", range(3))
def test_a_recount_by_hand_agrees(store: Store, seed: int) -> None:
    posts, silent = random_town(seed)
    told(store, *posts, silent=silent)
    found = {
        one.account.handle: (one.answered_by, one.passed_on_by, one.posts)
        for one in influencers(store, ["Acme"], WEEK, 100, own=OWN)
        if one.answered_by or one.passed_on_by
    }
    assert found == recount(posts, silent)
    pairs = talks(store, ["Acme"], WEEK, 1000)
    back = {(one.who, one.to): one.posts for one in pairs}
    assert all(one.back == back.get((one.to, one.who), 0) for one in pairs)
    assert all(one.posts == one.replies + one.reposts + one.quotes + one.mentions for one in pairs)


def test_what_has_nothing_to_do_with_it_changes_nothing(store: Store) -> None:
    posts, silent = random_town(7)
    told(store, *posts, silent=silent)
    before = influencers(store, ["Acme"], WEEK, 100, own=OWN), talks(store, ["Acme"], WEEK, 1000)
    told(
        store,
        say("new", "zoe", "weather", likes=900),
        answer("new2", "ann", "new", text="rain"),
        silent=["new", "new2"],
    )
    told(store, say("late", "zoe", posted_at=WEEK.until, likes=5), brand="Acme")
    after = influencers(store, ["Acme"], WEEK, 100, own=OWN), talks(store, ["Acme"], WEEK, 1000)
    assert after == before


def test_what_people_do_for_themselves_never_helps(store: Store) -> None:
    told(store, say("a", "ann", likes=3, reposts=0, replies=0), answer("r", "bob", "a"))
    before = ranked(store)["ann"].score
    told(
        store,
        answer("s1", "ann", "a"),
        repost("s2", "ann", "a"),
        say("s3", "ann", quote_of="a"),
        answer("s4", "ann", "s1", mentions=("ann",)),
    )
    store.save_page("square", page(say("a", "ann", likes=3, reposts=1, replies=2)), NOON)
    assert ranked(store)["ann"].score == before
    assert all(who != to for who, to in said(store))


@pytest.mark.parametrize("seed", [1, 2])
def test_engagement_is_that_of_the_networks_less_the_own_one(store: Store, seed: int) -> None:
    posts, silent = random_town(seed)
    told(store, *posts, silent=silent)
    expected: dict[str, int] = defaultdict(int)
    mute = set(silent)
    for one in posts:
        in_time = WEEK.since <= one.posted_at < WEEK.until
        if (
            one.id in mute
            or one.private
            or one.repost_of
            or one.text.startswith("RT")
            or not in_time
        ):
            continue
        mine = [other for other in posts if other.author == one.author]
        reposts = (one.reposts or 0) - sum(other.repost_of == one.id for other in mine)
        replies = (one.replies or 0) - sum(other.reply_to == one.id for other in mine)
        expected[one.author.handle] += (one.likes or 0) + max(0, reposts) + max(0, replies)
    found = {one.account.handle: one.engagement for one in influencers(store, ["Acme"], WEEK, 99)}
    assert found == {who: number for who, number in expected.items() if who in found}
    assert len(found) >= 5


def test_brands_are_counted_together_and_each_post_once(store: Store) -> None:
    both = [Spoken(brand=name, post="town:a") for name in ("Acme", "Rivalo")]
    told(store, say("a", "ann", likes=3), answer("r", "bob", "a"), of={"a": both})
    (ann,) = influencers(store, ["Acme", "Rivalo"], WEEK, 1, own=OWN)
    assert (ann.posts, ann.engagement, ann.answered_by) == (1, 3, 1)


def test_more_than_asked_for_is_not_returned_and_the_order_is_always_the_same(store: Store) -> None:
    told(store, *[say(f"a{n}", f"p{n}", likes=3) for n in range(9)])
    first = influencers(store, ["Acme"], WEEK, 4)
    assert len(first) == 4
    assert influencers(store, ["Acme"], WEEK, 9)[:4] == first


def test_accounts_without_a_name_are_nobody(store: Store) -> None:
    nobody = Account(network="town", id="?", handle="?")
    told(store, say("a", nobody, likes=30, mentions=("bob",)), answer("r", "bob", "a"))
    assert (ranked(store), said(store)) == ({}, {})
