"""Which posts are asked about again, when, and what is kept of the answers."""

from dataclasses import replace
from datetime import timedelta

from rules.model import Post
from tests.store.samples import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    account,
    frozen,
    matched,
    page,
    post,
    pulled,
    waiting,
)
from tests.store.test_rates import alarm
from watcher.backends.interface import KnownPost, Page
from watcher.store import Store, ToRevisit

TO_BE_ASKED = {"read_before": NOON + DAY, "limit": 10}


def turn(store: Store, *channels: str, now: object = NOON, **more: object) -> ToRevisit:
    given = TO_BE_ASKED | more
    return store.to_revisit("square", "town", channels or ("daily",), now, **given)  # type: ignore[arg-type]


def ids(found: ToRevisit) -> list[str]:
    return [one.id for one in found.posts]


def known(*some: Post) -> list[KnownPost]:
    return [KnownPost(id=one.id, author=one.author.id) for one in some]


def found_nothing(**more: object) -> Page:
    return Page(posts=(), cursor="", more=False, **more)  # type: ignore[arg-type]


def test_posts_that_wait_for_a_channel_are_asked_about(store: Store) -> None:
    author = account("7", "bea")
    one = post("p1", author=author, alias="here/1", private=True, repost_of="p0")
    pulled(store, one, post("p2"))
    matched(store)
    found = turn(store)
    assert found.posts == (
        KnownPost(id="p1", author="7", aliases=("here/1",), repost_of="p0", private=True),
        KnownPost(id="p2", author="1"),
    )
    assert found.total == 2
    assert ids(turn(store, "weekly")) == []
    assert ids(turn(store, read_before=NOON - MINUTE)) == []
    assert store.to_revisit("other", "town", ["daily"], NOON, **TO_BE_ASKED).total == 0  # type: ignore[arg-type]
    assert store.to_revisit("square", "x", ["daily"], NOON, **TO_BE_ASKED).total == 0  # type: ignore[arg-type]


def test_every_name_of_a_post_is_known(store: Store) -> None:
    pulled(store, post("p1", alias="here/1"), post("p2"))
    pulled(store, post("p1", alias="there/9"), post("p2", alias="there/8"))
    matched(store)
    assert [one.aliases for one in turn(store).posts] == [("here/1", "there/9"), ("there/8",)]


def test_what_no_rule_found_is_not_asked_about(store: Store) -> None:
    pulled(store, post("p1"))
    matched(store, rules=())
    assert turn(store).total == 0


def test_posts_of_a_mail_that_waits_to_be_sent_are_asked_about_and_of_one_sent_are_not(
    store: Store,
) -> None:
    pulled(store, post("p1"))
    matched(store)
    frozen(store, "a@acme.example")
    assert ids(turn(store, "none")) == ["p1"]
    claimed = store.claim_delivery(NOON)
    assert claimed is not None
    store.handing_over(claimed.attempt, NOON)
    store.record_outcome(claimed.attempt, NOON, outcome="sent", answer="", next_attempt=None)
    assert turn(store, "none").total == 0


def test_nothing_is_asked_twice_before_its_time_and_the_oldest_turn_comes_first(
    store: Store,
) -> None:
    posts = [post(f"p{number}") for number in range(4)]
    pulled(store, *posts)
    matched(store)
    assert ids(turn(store, limit=2)) == ["p0", "p1"]
    for one, minutes in ((posts[1], 10), (posts[0], 30), (posts[2], 90)):
        store.save_revisit(
            "square", "town", known(one), found_nothing(), NOON, again=NOON + minutes * MINUTE
        )
    assert ids(turn(store)) == ["p3"]
    later = turn(store, now=NOON + HOUR, limit=2)
    assert ids(later) == ["p3", "p1"]
    assert later.total == 3


def test_what_is_gone_leaves_the_queue_and_stays_away(store: Store) -> None:
    posts = [post("p1"), post("p2")]
    pulled(store, *posts)
    matched(store)
    saved = store.save_revisit(
        "square", "town", known(*posts), found_nothing(deleted=("p1",)), NOON, again=NOON + HOUR
    )
    assert (saved.deleted, saved.changed) == (1, 0)
    assert [one.post.id for one in waiting(store).mentions] == ["p2"]
    pulled(store, posts[0], now=NOON + MINUTE)
    assert store.count_posts() == 1


def test_what_was_edited_is_matched_again(store: Store) -> None:
    one = post("p1")
    pulled(store, one)
    matched(store)
    edited = replace(one, text="I liked it", edited_at=NOON)
    now = NOON + MINUTE
    saved = store.save_revisit("square", "town", known(one), page(edited), now, again=now + HOUR)
    assert (saved.deleted, saved.changed) == (0, 1)
    assert [found.text for found in store.unmatched(10).posts] == ["I liked it"]
    assert turn(store, now=now + 59 * MINUTE).total == 0
    assert ids(turn(store, now=now + HOUR)) == ["p1"]


def test_an_answer_brings_nothing_new_and_takes_away_nothing_else(store: Store) -> None:
    """Not even where a network answers with what nobody asked about."""
    pulled(store, post("p1"), post("p2"))
    matched(store)
    wild = page(post("p9"), replace(post("p8"), network="x"), cursor="99", deleted=("p2", "town"))
    store.save_revisit("square", "town", known(post("p1")), wild, NOON, again=NOON + HOUR)
    store.save_revisit(
        "square", "town", known(post("p9")), page(post("p9")), NOON, again=NOON + HOUR
    )
    assert store.count_posts() == 2
    assert store.cursor("square") == "1"


def test_a_post_that_left_meanwhile_is_not_brought_back(store: Store) -> None:
    one = post("p1")
    pulled(store, one)
    matched(store)
    store.save_page("square", page(deleted=("p1",)), NOON)
    store.save_revisit("square", "town", known(one), page(one), NOON, again=NOON + HOUR)
    assert store.count_posts() == 0


def test_that_a_network_could_not_be_asked_is_a_gap_told_once_an_hour(store: Store) -> None:
    one = post("p1")
    pulled(store, one)
    matched(store)
    for minutes in (0, 10, 20, 70):
        now = NOON + minutes * MINUTE
        store.revisit_failed(
            "square", "town", known(one), "town is down", now - MINUTE, now, again=now + 5 * MINUTE
        )
    (seen,) = store.coverage(["square"], NOON - DAY, NOON + DAY)
    assert [until - NOON for _, until, _ in seen.gaps] == [timedelta(), 70 * MINUTE]
    assert turn(store, now=NOON + 74 * MINUTE).total == 0
    assert turn(store, now=NOON + 75 * MINUTE).total == 1


def test_the_posts_that_an_alarm_shows_are_asked_about(store: Store) -> None:
    pulled(store, post("p1"), post("p2"), post("p3"))
    matched(store, routes={"talk": ()})
    fresh = store.fresh_matches(["talk"], 10)
    store.save_alarms(fresh, [alarm()], {}, {"talk": ("daily",)}, NOON)
    assert ids(turn(store)) == ["p1", "p2"]
    assert turn(store, "weekly").total == 0
