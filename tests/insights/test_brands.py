"""Brands beside each other: against a recount by hand, against the page that tells how, as laws."""

import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from rules.model import Brand, Post
from rules.signals.spoken import Spoken
from tests.insights.brand_samples import (
    ACME,
    NOW,
    PARIS,
    RIVALO,
    WEEKS,
    Town,
    person,
    speaking,
    town,
)
from tests.store.conftest import empty, opened, postgresql_opened, sqlite_opened, store
from watcher.insights.answering import WITHIN, _places, answering, told_length
from watcher.insights.campaigns import campaigns
from watcher.insights.model import Estimate, Period
from watcher.insights.net import difference, is_sure, net, smoothed
from watcher.insights.satisfaction import FEWEST, satisfaction
from watcher.insights.themes import themes
from watcher.insights.voice import share_of_voice
from watcher.store import Store
from watcher.store.brand_counts import Opinions
from watcher.store.tones import said_in_short

__all__ = ["opened", "postgresql_opened", "sqlite_opened", "store"]

PAGE = Path(__file__).parents[2] / "docs" / "brands.md"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# --- against a recount by hand ------------------------------------------------------------------


def sayings(some) -> dict[str, tuple[str, str]]:
    """The tone and the author of each wording whose tone is known, by who wrote it first."""
    first: dict[str, tuple[str, str]] = {}
    for post, spoken in some:
        if spoken.tone:
            first.setdefault(said_in_short(post), (spoken.tone, post.author.key))
    return first


def by_hand(some) -> tuple[int, int, float | None]:
    said = sayings(some)
    people = {author for _, author in said.values()}
    counted = Counter(tone for tone, _ in said.values())
    value = (counted["positive"] - counted["negative"]) / len(said) if said else None
    return len(said), len(people), value if len(people) >= FEWEST else None


@pytest.mark.drill
@pytest.mark.parametrize("seed", [1, 2])
def test_satisfaction_is_what_a_recount_by_hand_gives(store: Store, seed: int) -> None:
    whole = town(seed).stored(store)
    told = satisfaction(store, "Acme", WEEKS)
    some = speaking(whole, "Acme", WEEKS)
    tones = Counter(spoken.tone for _, spoken in some)
    assert (told.posts, told.negative, told.neutral, told.positive, told.unknown) == (
        len(some),
        *(tones[tone] for tone in ("negative", "neutral", "positive", "")),
    )
    number, people, value = by_hand(some)
    assert (told.sayings, told.authors) == (number, people)
    assert told.whole is not None
    assert told.whole.value == pytest.approx(value)
    usual = Period(since=WEEKS.since - timedelta(days=28), until=WEEKS.since, zone=PARIS)
    assert told.usual is not None
    assert told.usual.value == pytest.approx(by_hand(speaking(whole, "Acme", usual))[2])
    assert len(told.days) == 14
    for one, (day, part) in zip(told.days, WEEKS.by_day(), strict=True):
        counted = by_hand(speaking(whole, "Acme", part))
        assert (one.day, one.sayings, one.authors) == (day, *counted[:2])
        assert one.net is None or one.net.value == pytest.approx(counted[2])
        assert one.posts == one.negative + one.neutral + one.positive + one.unknown


@pytest.mark.parametrize("seed", [1, 2])
def test_shares_are_what_a_recount_by_hand_gives_and_add_up(store: Store, seed: int) -> None:
    whole = town(seed).stored(store)
    told = share_of_voice(store, ["Acme", "Rivalo"], WEEKS)
    of = {name: speaking(whole, name, WEEKS) for name in ("Acme", "Rivalo")}
    every = sum(map(len, of.values()))
    assert told.posts == every
    for one in told.brands:
        some = of[one.brand]
        assert one.posts == len(some) == sum(day.posts for day in one.days)
        assert one.authors == len({post.author.key for post, _ in some})
        assert one.reposts == sum(post.repost_of is not None for post, _ in some)
        assert one.share is not None
        assert one.share.value == pytest.approx(len(some) / every)
        assert one.posts_before == len(speaking(whole, one.brand, WEEKS.before))
    assert sum(one.share.value for one in told.brands if one.share) == pytest.approx(1)
    for n in range(14):
        shares = [one.days[n].share for one in told.brands]
        assert not any(shares) or sum(one.value for one in shares if one) == pytest.approx(1)


def addressed_by_hand(whole: Town, brand: Brand) -> list[tuple[Post, bool, timedelta | None]]:
    handle = brand.accounts[0].rpartition(":")[2]
    complaints = {s.post for s in whole.spoken if s.complaint and s.brand == brand.name}
    found = []
    for post, _ in speaking(whole, brand.name, WEEKS):
        if post.private or post.repost_of or handle not in post.mentions:
            continue
        replies = [
            one.posted_at - post.posted_at
            for one in whole.posts
            if one.reply_to == post.id and one.author.handle == handle
        ]
        quick = [one for one in replies if one <= WITHIN]
        asks = post.text.endswith("?") or post.key in complaints
        found.append((post, asks, min(quick, default=None)))
    return found


@pytest.mark.drill
@pytest.mark.parametrize("brand", [ACME, RIVALO])
def test_answers_are_what_a_recount_by_hand_gives(store: Store, brand: Brand) -> None:
    whole = town(3, 800).stored(store)
    told = answering(store, brand, WEEKS)
    some = addressed_by_hand(whole, brand)
    delays = sorted(delay for _, _, delay in some if delay is not None)
    assert told.addressed == len(some)
    assert told.customers == len({post.author.key for post, _, _ in some})
    assert told.asking == sum(asks for _, asks, _ in some)
    assert told.answered is not None
    assert told.answered.value == pytest.approx(len(delays) / len(some))
    assert told.asking_answered is not None
    assert round(told.asking_answered.value * told.asking) == sum(
        asks and delay is not None for _, asks, delay in some
    )
    assert told.median is not None
    assert told.median.value == delays[-(-len(delays) // 2) - 1]
    assert told.median.low <= told.median.value <= told.median.high
    assert told.p90 is not None
    assert told.p90.value == delays[-(-len(delays) * 9 // 10) - 1]


# --- against the page ---------------------------------------------------------------------------


def queries() -> dict[str, str]:
    """The queries of the page by their first line."""
    blocks = re.findall(r"```sql\n-- (.+?)\n(.+?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return {title.split(":")[0].split(",")[0]: query for title, query in blocks}


def asked(store: Store, query: str, **more: object) -> list[tuple[object, ...]]:
    values = {
        "brand": "Acme",
        "since": (WEEKS.since - _EPOCH) // timedelta(microseconds=1),
        "until": (WEEKS.until - _EPOCH) // timedelta(microseconds=1),
        "handle": "acme",
    }
    used = {name: value for name, value in values.items() if f":{name}" in query}
    with store.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query), used)]


@pytest.mark.drill
def test_the_queries_of_the_page_give_the_numbers_that_are_told(store: Store) -> None:
    town(4, 800).stored(store)
    page = queries()
    assert len(page) == 6
    voice = share_of_voice(store, ["Acme"], WEEKS).brands[0]
    assert asked(store, page.pop("posts")) == [(voice.posts, voice.authors)]
    told = satisfaction(store, "Acme", WEEKS)
    assert dict(asked(store, page.pop("posts by tone"))) == {  # type: ignore[arg-type]
        "negative": told.negative,
        "neutral": told.neutral,
        "positive": told.positive,
        "": told.unknown,
    }
    ((value, number, people),) = asked(store, page.pop("net satisfaction"))
    assert told.whole is not None
    assert (number, people) == (told.sayings, told.authors)
    assert float(value) == pytest.approx(told.whole.value)  # type: ignore[arg-type]
    read = store.sayings(["Acme"], (WEEKS.since, WEEKS.until), 10_000)
    assert asked(store, page.pop("how many sayings of the period there are to read")) == [
        (len(read),)
    ]
    tags = store.tags_beside(ACME, (WEEKS.since, WEEKS.until))
    beside = asked(store, page.pop("posts with hashtags by others who speak of the brand"))
    assert sum(row[2] for row in beside) == sum(one.posts for one in tags)  # type: ignore[misc]
    answers = answering(store, ACME, WEEKS)
    assert answers.answered is not None
    assert asked(store, page.pop("posts to the brand")) == [
        (answers.addressed, round(answers.answered.value * answers.addressed))
    ]
    assert not page


# --- laws ---------------------------------------------------------------------------------------


def test_wordings_are_drawn_alike_from_few_posts_and_from_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    town(6).stored(store)
    asked_for = (["Acme", "Rivalo"], (WEEKS.since, WEEKS.until), 30)
    few = store.sayings(*asked_for)
    assert len(few) == 30
    monkeypatch.setattr("watcher.store.brand_counts.MOST_SORTED", 0)
    assert store.sayings(*asked_for) == few


@pytest.mark.drill
def test_the_order_of_arrival_makes_no_difference(store: Store) -> None:
    whole = town(5)
    told = []
    for n in range(2):
        empty(store)
        whole.stored(store, random.Random(n))
        told.append(
            (
                satisfaction(store, "Acme", WEEKS),
                share_of_voice(store, ["Acme", "Rivalo"], WEEKS),
                answering(store, ACME, WEEKS),
                campaigns(store, ACME, WEEKS),
                themes(store, ACME, [RIVALO], WEEKS),
            )
        )
    assert told[0] == told[1]


counts = st.integers(0, 400)


@given(counts, counts, counts)
def test_net_satisfaction_lies_in_its_interval_and_changes_sign_with_the_tones(
    up: int, down: int, rest: int
) -> None:
    def of(up: int, down: int) -> Estimate | None:
        number = up + down + rest
        return net(
            Opinions(
                span=0,
                positive=up,
                negative=down,
                sayings=number,
                authors=number,
                dd=up + down,
                dn=up - down,
                nn=number,
            )
        )

    one, turned = of(up, down), of(down, up)
    if one is None or turned is None:
        assert up + down + rest == 0
        return
    assert -1 <= one.low <= one.value <= one.high <= 1
    assert (turned.value, turned.low) == (pytest.approx(-one.value), pytest.approx(-one.high))


def test_the_interval_holds_about_as_often_as_it_says() -> None:
    chance = random.Random(1)
    held = 0
    for _ in range(600):
        tones = [(1 if (x := chance.random()) < 0.2 else -1 if x < 0.5 else 0) for _ in range(40)]
        told = net(_alone(tones))
        assert told is not None
        held += told.low <= -0.1 <= told.high
    assert 0.92 <= held / 600 <= 0.985


def test_what_one_person_says_many_times_makes_nothing_surer() -> None:
    alone = net(_alone([1, -1, 0] * 20))
    one = Opinions(
        span=0, positive=20, negative=20, sayings=60, authors=6, dd=2 * 400, dn=0, nn=600
    )
    together = net(one)
    assert alone is not None
    assert together is not None
    assert alone.value == together.value == 0
    assert together.high - together.low > 2 * (alone.high - alone.low)


def _alone(tones: list[int]) -> Opinions:
    return Opinions(
        span=0,
        positive=tones.count(1),
        negative=tones.count(-1),
        sayings=len(tones),
        authors=len(tones),
        dd=sum(t * t for t in tones),
        dn=sum(tones),
        nn=len(tones),
    )


def test_days_that_differ_by_chance_make_a_straight_line_and_others_do_not() -> None:
    def day(value: float) -> Estimate:
        return Estimate(value=value, low=value - 0.2, high=value + 0.2, posts=50)

    calm = smoothed([day(0.02), None, day(-0.03), day(0.01)])
    assert calm[1] is None
    assert calm[0] == pytest.approx(calm[2]) == pytest.approx(calm[3])
    storm = smoothed([day(0.3), day(0.31), day(-0.6), day(0.29)])
    assert storm[2] is not None
    assert -0.6 < storm[2] < -0.4


def test_a_difference_is_sure_only_where_nothing_is_not_in_it() -> None:
    one = Estimate(value=0.5, low=0.4, high=0.6, posts=100)
    other = Estimate(value=0.2, low=0.1, high=0.3, posts=100)
    told = difference(one, other)
    assert told is not None
    assert told.value == pytest.approx(0.3)
    assert told.high - told.value == pytest.approx(0.1 * 2**0.5)
    assert is_sure(told)
    assert not is_sure(difference(one, one))
    assert difference(one, None) is None


bounds = st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(sorted)
estimates = bounds.map(lambda b: Estimate(value=b[1], low=b[0], high=b[2], posts=9))


@given(estimates, estimates)
def test_a_difference_turns_with_its_sides_and_is_no_surer_than_either(
    one: Estimate, other: Estimate
) -> None:
    told, turned = difference(one, other), difference(other, one)
    assert told is not None
    assert turned is not None
    assert (told.low, told.high) == (pytest.approx(-turned.high), pytest.approx(-turned.low))
    assert told.low <= told.value <= told.high
    widest = max(one.high - one.low, other.high - other.low)
    assert told.high - told.low >= widest - 1e-9


@given(st.lists(st.none() | estimates, max_size=20))
def test_a_line_without_chance_keeps_within_what_was_measured(
    points: list[Estimate | None],
) -> None:
    line = smoothed(points)
    known = [one.value for one in points if one is not None]
    assert [one is None for one in line] == [one is None for one in points]
    assert all(min(known) - 1e-9 <= one <= max(known) + 1e-9 for one in line if one is not None)


# --- what may be said ---------------------------------------------------------------------------


def said(n: int, words: str, at: datetime, tone: str = "", **more: object) -> tuple[Post, Spoken]:
    author = more.pop("author", None) or person(f"p{n}")
    one = Post(network="town", id=f"s{n}", author=author, text=words, posted_at=at, **more)  # type: ignore[arg-type]
    return one, Spoken(brand="Acme", post=one.key, tone=tone)


def small(some: Iterator[tuple[Post, Spoken]] | list[tuple[Post, Spoken]], *own: Post) -> Town:
    pairs = list(some)
    return Town(posts=(*(p for p, _ in pairs), *own), spoken=tuple(s for _, s in pairs))


NOON = WEEKS.since + timedelta(hours=12)


def test_nothing_little_and_one_sided_is_said_honestly(store: Store) -> None:
    assert str(satisfaction(store, "Acme", WEEKS).says) == (
        "Posts that speak of Acme are not counted."
    )
    small([said(0, "Acme", NOON - timedelta(days=300), "negative")]).stored(store)
    assert str(satisfaction(store, "Acme", WEEKS).says) == ("Nobody spoke of Acme in this period.")
    assert str(share_of_voice(store, ["Acme", "Rivalo"], WEEKS).says) == (
        "Nobody spoke of any of these brands in this period."
    )
    assert themes(store, ACME, [RIVALO], WEEKS) == ()
    assert campaigns(store, ACME, WEEKS) == ()
    assert str(answering(store, ACME, WEEKS).says) == (
        "No source reads what Acme itself posts: whom it answers cannot be known."
    )
    small([said(n, f"Acme {n}", NOON, "negative") for n in range(1, 8)]).stored(store)
    few = satisfaction(store, "Acme", WEEKS)
    assert str(few.says) == "7 posts are too few to say how people feel about Acme."
    assert (few.whole, few.change, few.days[0].net) == (None, None, None)


def test_one_person_is_one_person(store: Store) -> None:
    small([said(n, f"Acme {n}", NOON, "negative" if n == 0 else "") for n in range(20)]).stored(
        store
    )
    assert str(satisfaction(store, "Acme", WEEKS).says) == (
        "20 posts speak of Acme, but the tone of what only 1 person said of it is known: too few "
        "to say how people feel."
    )


def test_copies_of_one_angry_post_are_not_many_angry_people(store: Store) -> None:
    calm = [said(n, f"Acme is fine {n}", NOON, "positive") for n in range(20)]
    angry = [said(100 + n, "RT @x: Acme is awful!", NOON, "negative") for n in range(200)]
    small([*calm, *angry]).stored(store)
    told = satisfaction(store, "Acme", WEEKS)
    assert (told.negative, told.positive, told.sayings) == (200, 20, 21)
    assert told.whole is not None
    assert told.whole.value == pytest.approx(19 / 21)


def test_a_fall_against_the_four_weeks_before_is_told(store: Store) -> None:
    before = [
        said(n, f"Acme good {n}", WEEKS.since - timedelta(hours=6 * n + 1), "positive")
        for n in range(110)
    ]
    now = [said(200 + n, f"Acme bad {n}", NOON, "negative") for n in range(40)]
    small([*before, *now]).stored(store)
    told = satisfaction(store, "Acme", WEEKS)
    assert str(told.says) == "People feel worse about Acme than in the four weeks before."
    assert told.change is not None
    assert told.change.value == pytest.approx(-2)


def test_a_theme_is_what_many_say_and_no_private_post_shows_it(store: Store) -> None:
    usual = [said(n, f"Acme ride {n} to work", NOON, "neutral") for n in range(60)]
    storm = [
        said(100 + n, f"The hinge of my Acme broke, {n}", NOON, "negative", private=n == 0, likes=n)
        for n in range(20)
    ]
    spam = [
        said(200 + n, f"Acme manual {n} download", NOON, author=person("spammer"))
        for n in range(30)
    ]
    earlier = [
        said(300 + n, f"Acme ride {n} home", WEEKS.since - timedelta(days=2), "neutral")
        for n in range(60)
    ]
    small([*usual, *storm, *spam, *earlier]).stored(store)
    found = themes(store, ACME, [], WEEKS)
    assert {"manual", "download"}.isdisjoint(one.term for one in found)
    hinge = next(
        one for one in found if "hinge" in (one.written, *one.beside) or "hinge" in one.term
    )
    assert (hinge.against, hinge.posts, hinge.authors, hinge.others) == ("before", 19, 19, 0)
    assert hinge.examples[0] == "town:s119"
    assert "town:s100" not in hinge.examples
    assert hinge.tone is not None
    assert hinge.tone.value < 0


def test_hashtags_and_bursts_that_begin_are_told_and_those_known_are_not(store: Store) -> None:
    own = person("acme")

    def post(id: str, at: datetime, *tags: str) -> Post:
        return Post(
            network="town", id=id, author=own, text="We", posted_at=at, hashtags=tags, likes=2
        )

    calm = [
        post(f"c{n}", WEEKS.since - timedelta(days=n, hours=-1), "always") for n in range(1, 29)
    ]
    storm = [post(f"n{n}", NOON + timedelta(minutes=n), "Always", "SpringRide") for n in range(12)]
    others = [
        said(n, f"Acme {n}", NOON + timedelta(hours=1), hashtags=("springride",)) for n in range(6)
    ]
    small(others, *calm, *storm).stored(store)
    found = {one.kind: one for one in campaigns(store, ACME, WEEKS)}
    assert set(found) == {"hashtag", "burst"}
    tag = found["hashtag"]
    assert (tag.name, tag.own_posts, tag.posts, tag.authors) == ("SpringRide", 12, 6, 6)
    assert (tag.since, tag.engagement) == (NOON, 24)
    assert found["burst"].own_posts == 12
    assert found["burst"].usual == pytest.approx(1)
    assert str(found["burst"].says) == "Acme wrote 12 posts on one day, usually 1."


@pytest.mark.parametrize(
    ("own", "others", "told"),
    [
        (2, 0, "in 2 posts of its own; nobody else who speaks of it does."),
        (2, 1, "in 2 posts of its own; 1 other person who speaks of it does."),
        (1, 5, "in 1 post of its own, and in 5 by 5 people who speak of it."),
        (2, 5, "in 2 posts of its own, and in 5 by 5 people who speak of it."),
    ],
)
def test_a_hashtag_is_told_in_the_right_number(
    store: Store, own: int, others: int, told: str
) -> None:
    early = [NOON - timedelta(days=25), *[NOON + timedelta(hours=n) for n in range(own)]]
    mine = [
        Post(network="town", id=f"o{n}", author=person("acme"), text="We", posted_at=at,
             hashtags=("ride",) if n else ())
        for n, at in enumerate(early)
    ]  # fmt: skip
    theirs = [said(n, f"Acme {n}", NOON, hashtags=("ride",)) for n in range(others)]
    small(theirs, *mine).stored(store)
    [found] = campaigns(store, ACME, WEEKS)
    assert str(found.says) == f"Acme began to use #ride: {told}"


def test_a_day_is_a_day_of_the_zone_also_when_the_clocks_change(store: Store) -> None:
    night = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # half past midnight of the short day
    small([said(1, "Acme", night), said(2, "Acme 2", night + timedelta(hours=23))]).stored(store)
    told = share_of_voice(store, ["Acme"], WEEKS).brands[0]
    days = {one.day: one.posts for one in told.days if one.posts}
    assert days == {date(2026, 3, 29): 1, date(2026, 3, 30): 1}


def test_a_period_in_which_nobody_looked_is_not_compared_with(store: Store) -> None:
    small([said(n, f"Acme {n}", NOON + timedelta(hours=n)) for n in range(50)]).stored(store)
    told = share_of_voice(store, ["Acme", "Rivalo"], WEEKS).brands[0]
    assert (told.posts, told.posts_before, told.change) == (50, None, None)
    assert told.counted_since == NOW


def test_of_one_post_without_competitors_one_post_is_said(store: Store) -> None:
    small([said(1, "Acme", NOON)]).stored(store)
    assert str(share_of_voice(store, ["Acme"], WEEKS).says) == (
        "1 post speaks of Acme; it has no competitors to compare with."
    )


@pytest.mark.parametrize("part", [0.5, 0.9])
@pytest.mark.parametrize("number", [5, 6, 9, 20, 37, 100, 400])
def test_a_delay_lies_between_its_bounds_as_often_as_they_say(part: float, number: int) -> None:
    def below(most: int) -> float:
        return sum(math.comb(number, n) * part**n * (1 - part) ** (number - n) for n in range(most))

    low, at, high = _places(part, number)
    assert 0 <= low <= at <= high <= number + 1
    # It lies there if at least `low` answers were quicker, and fewer than `high`.
    assert below(high) - below(low) >= 0.95


def test_few_answers_tell_little_of_the_slowest(store: Store) -> None:
    asked = [said(n, f"@acme Acme {n}?", NOON, mentions=("acme",)) for n in range(5)]
    own = [
        Post(
            network="town",
            id=f"a{n}",
            author=person("acme"),
            text="Soon",
            posted_at=NOON + timedelta(hours=n + 1),
            reply_to=f"s{n}",
        )
        for n in range(5)
    ]
    small(asked, *own).stored(store)
    told = answering(store, ACME, WEEKS)
    assert told.median is not None
    assert told.median.value == timedelta(hours=3)
    assert told.p90 is not None
    assert (told.p90.value, told.p90.high) == (timedelta(hours=5), WITHIN)


def test_lengths_of_time_are_told_as_people_say_them() -> None:
    lengths = [timedelta(seconds=1), timedelta(minutes=9), timedelta(hours=3), timedelta(days=2)]
    assert [told_length(one) for one in lengths] == ["1 second", "9 minutes", "3 hours", "2 days"]
