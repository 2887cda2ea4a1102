"""Posts come in once, in the order of arrival, and go out as they came."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.model import Account, Post
from tests.store.samples import DAY, HOUR, NOON, account, page, post, pulled
from watcher.backends.interface import Page
from watcher.store import SavedPage, Store


def test_a_post_comes_back_as_it_was_saved(store: Store) -> None:
    author = Account(
        network="town",
        id="42",
        handle="Ann@other.example",
        display_name="Ann 🐦",
        bio="bio",
        url="https://town.example/@ann",
        avatar="https://town.example/a.png",
        created=NOON - 400 * DAY,
        followers=7,
        following=0,
        bot=False,
        locked=True,
        discoverable=None,
    )
    whole = Post(
        network="town",
        id="p1",
        author=author,
        text="مرحبا Acme 🐦\nÿ",
        posted_at=NOON + timedelta(microseconds=1),
        url="https://town.example/p1",
        language="pt-BR",
        source="square",
        links=("https://a.example/?q=é",),
        hashtags=("Acme", "été"),
        mentions=("bob",),
        reply_to="p0",
        reply_to_handle="bob",
        repost_of="r",
        quote_of="q",
        media=("https://town.example/m.png",),
        likes=0,
        reposts=1,
        replies=None,
    )
    pulled(store, whole, now=NOON + DAY)
    (stored,) = store.posts_after(0, 10)
    assert stored.post == whole
    assert stored.post.posted_at.tzinfo is UTC


def test_a_time_of_another_zone_comes_back_in_utc(store: Store) -> None:
    tokyo = timezone(timedelta(hours=9))
    pulled(store, post("p1", posted_at=datetime(2026, 3, 2, 6, tzinfo=tokyo)))
    assert store.posts_after(0, 1)[0].post.posted_at.isoformat() == "2026-03-01T21:00:00+00:00"


def test_pulling_twice_changes_nothing(store: Store) -> None:
    one = page(post("p1"), post("p2"), cursor="2")
    assert store.save_page("square", one, NOON) == SavedPage(new=2, known=0)
    before = store.posts_after(0, 10)
    assert store.save_page("square", one, NOON + HOUR) == SavedPage(new=0, known=2)
    assert store.posts_after(0, 10) == before


def test_a_post_that_two_sources_bring_is_known_the_second_time(store: Store) -> None:
    store.save_page("square", page(post("p1")), NOON)
    assert store.save_page("market", page(post("p1", "edited")), NOON) == SavedPage(new=0, known=1)
    (stored,) = store.posts_after(0, 10)
    assert (stored.post.source, stored.post.text) == ("square", "I like Acme")


def test_the_same_id_on_another_network_is_another_post(store: Store) -> None:
    other = replace(account(), network="village")
    pulled(store, post("p1"), post("p1", network="village", author=other))
    assert store.count_posts() == 2


def test_a_post_twice_on_a_page_is_saved_once(store: Store) -> None:
    assert store.save_page("square", page(post("p1"), post("p1")), NOON).new == 1


def test_the_cursor_follows_the_page(store: Store) -> None:
    assert store.cursor("square") is None
    store.save_page("square", page(post("p1"), cursor="a"), NOON)
    store.save_page("square", page(cursor="b"), NOON)
    store.save_page("market", page(cursor="z"), NOON)
    assert (store.cursor("square"), store.cursor("market")) == ("b", "z")


def test_arrival_gives_the_order_whatever_the_posts_say_of_their_time(store: Store) -> None:
    dates = [NOON + 3650 * DAY, NOON - 7300 * DAY, NOON]
    pulled(store, *[post(f"p{n}", posted_at=date) for n, date in enumerate(dates)])
    pulled(store, post("p3", posted_at=NOON - DAY))
    stored = store.posts_after(0, 10)
    assert [one.post.id for one in stored] == ["p0", "p1", "p2", "p3"]
    assert [one.rid for one in stored] == sorted({one.rid for one in stored})


def test_posts_are_read_on_from_a_number_in_steps(store: Store) -> None:
    pulled(store, *[post(f"p{n}") for n in range(5)])
    seen: list[str] = []
    rid = 0
    while step := store.posts_after(rid, 2):
        rid = step[-1].rid
        seen += [one.post.id for one in step]
    assert seen == ["p0", "p1", "p2", "p3", "p4"]
    assert rid == store.newest_rid()


def test_posts_by_number_come_in_the_order_asked_and_without_the_missing(store: Store) -> None:
    pulled(store, *[post(f"p{n}") for n in range(1200)])
    rids = [one.rid for one in store.posts_after(0, 2000)]
    asked = [rids[1100], 10**9, rids[0], rids[3]]
    assert [one.post.id for one in store.posts_by_rid(asked)] == ["p1100", "p0", "p3"]
    assert len(store.posts_by_rid(rids)) == 1200
    assert store.posts_by_rid([]) == ()


def test_counting_includes_both_ends(store: Store) -> None:
    assert (store.count_posts(), store.newest_rid()) == (0, 0)
    pulled(store, *[post(f"p{n}") for n in range(4)])
    rids = [one.rid for one in store.posts_after(0, 9)]
    assert store.count_posts() == 4
    assert store.count_posts(rids[1], rids[2]) == 2
    assert store.count_posts(rids[1]) == 3
    assert store.count_posts(last_rid=rids[1]) == 2


def test_posts_by_one_author_share_one_account(store: Store) -> None:
    pulled(store, post("p1"), post("p2"))
    first, second = store.posts_after(0, 2)
    assert first.post.author is second.post.author


def test_nul_and_lone_surrogates_become_one_character_each(store: Store) -> None:
    bad = account("\0id", "h\ud800", display_name="\0", bio="\udfff")
    pulled(store, post("p\0", "a\0b\ud83dc🐦", author=bad, links=("x\0",), hashtags=("\udc00",)))
    (stored,) = store.posts_after(0, 1)
    assert stored.post.text == "a\ufffdb\ufffdc🐦"
    assert stored.post.links == ("x\ufffd",)
    assert stored.post.hashtags == ("\ufffd",)
    assert stored.post.key == "town:p\ufffd"
    assert stored.post.author.handle == "h\ufffd"
    # The page again: what was mended is not taken for a change.
    assert store.save_page("square", page(post("p\0", author=bad)), NOON).new == 0


def test_a_megabyte_of_text_and_an_endless_id_are_kept(store: Store) -> None:
    endless = "é" * 100_000
    long = post(endless, "ä" * 1_000_000, author=account(endless, endless), reply_to=endless)
    assert store.save_page("square", page(long), NOON).new == 1
    assert store.save_page("square", page(long), NOON).known == 1
    (stored,) = store.posts_after(0, 1)
    assert stored.post.text == long.text
    assert len(stored.post.id) == 255
    assert stored.post.reply_to == stored.post.id
    assert store.account_by_handle("town", endless) is not None


def test_two_endless_ids_that_begin_alike_stay_two(store: Store) -> None:
    assert store.save_page("square", page(post("x" * 999), post("x" * 998)), NOON).new == 2


def test_a_number_beyond_64_bits_is_cut_not_refused(store: Store) -> None:
    pulled(store, post("p1", likes=10**30, author=account(followers=-(10**30))))
    (stored,) = store.posts_after(0, 1)
    assert stored.post.likes == 2**63 - 1


def test_a_time_without_zone_is_refused_and_nothing_saved(store: Store) -> None:
    naive = datetime(2026, 3, 2)  # noqa: DTZ001
    with pytest.raises(TypeError):
        pulled(store, post("p1"), post("p2", posted_at=naive))
    assert store.count_posts() == 0
    assert store.cursor("square") is None


_texts = st.text(max_size=30)
_posts = st.builds(
    Post,
    network=st.just("town"),
    id=st.text(max_size=4),
    author=st.builds(
        Account,
        network=st.just("town"),
        id=st.text(max_size=2),
        handle=_texts,
        display_name=_texts,
        followers=st.none() | st.integers(),
        bot=st.none() | st.booleans(),
    ),
    text=st.text(st.characters(exclude_categories=()), max_size=50),
    posted_at=st.datetimes(timezones=st.just(UTC)),
    links=st.lists(_texts, max_size=3).map(tuple),
    likes=st.none() | st.integers(),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_posts, max_size=6))
def test_whatever_comes_is_saved_once_and_keeps_its_offsets(
    store: Store, posts: list[Post]
) -> None:
    before = store.newest_rid()
    whole = Page(posts=tuple(posts), cursor="c", more=False)
    saved = store.save_page("square", whole, NOON)
    stored = store.posts_after(before, 100)
    assert saved.new == len(stored)
    assert store.save_page("square", whole, NOON) == SavedPage(new=0, known=len(posts))
    by_key = {one.key: one for one in reversed(posts)}
    for one in stored:
        came = by_key.get(one.post.key)
        if came is not None:
            assert len(one.post.text) == len(came.text)
            assert one.post.posted_at == came.posted_at
