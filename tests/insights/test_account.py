"""What is counted of an account, beside a plain recount in Python of the same posts."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.model import Account, Post
from tests.store.conftest import (
    opened,
    postgresql_opened,
    sqlite_opened,
    store,
)
from tests.store.samples import page
from watcher.insights.account import AccountStatistics, account_statistics
from watcher.insights.account.clock import step_of
from watcher.insights.account.rhythm import Days, shifts
from watcher.insights.model import Period
from watcher.store import NoSuchRecordError, Store, account_rows

__all__ = ["opened", "postgresql_opened", "sqlite_opened", "store"]

US = Account(network="town", id="u1", handle="Acme")
OTHERS = [Account(network="town", id=f"p{n}", handle=f"per_son{n}") for n in range(6)]
ZONES = ("Europe/Paris", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")
NOW = datetime(2026, 3, 10, tzinfo=UTC)


def town(seed: int, size: int = 300) -> list[Post]:
    """Posts by us and others over some clock changes, in order of time."""
    rnd = random.Random(seed)
    begin = datetime(2009, 10, 1, tzinfo=UTC) if seed % 2 else datetime(2025, 3, 20, tzinfo=UTC)
    found: list[Post] = []
    for number in range(size):
        author = US if rnd.random() < 0.5 else rnd.choice(OTHERS)
        at = begin + timedelta(seconds=rnd.randrange(86400 * 60))
        kind = rnd.choice(("plain", "reply", "repost", "quote", "mention", "named"))
        post = Post(
            network="town", id=f"i{number}", author=author, text=f"words {number}", posted_at=at,
            language=rnd.choice(("fr", "en", None)),
            hashtags=tuple(rnd.sample(("Acme", "acme", "Été", "sale"), rnd.randrange(3))),
            links=tuple(f"https://{h}/x" for h in rnd.sample(
                ("www.a.co.uk", "a.co.uk", "b.example", "[::1]"), rnd.randrange(3))),
            likes=rnd.choice((None, 0, 3, 40)), reposts=rnd.choice((None, 2)), replies=None,
        )  # fmt: skip
        if kind == "reply" and found:
            target = rnd.choice(found)
            by_alias = bool(target.alias) and rnd.random() < 0.7
            post = replace(
                post,
                reply_to=target.alias if by_alias else rnd.choice((target.id, "gone")),
                reply_to_handle=rnd.choice((None, target.author.handle.upper())),
            )
            if post.reply_to == "gone":
                post = replace(post, reply_to_handle=target.author.handle)
        elif kind == "repost":
            post = replace(post, repost_of="elsewhere", repost_author="x")
        elif kind == "quote":
            post = replace(post, quote_of="elsewhere")
        elif kind == "mention":
            post = replace(post, mentions=("someone", rnd.choice(("acme", "acme2", "xacme"))))
        elif kind == "named":
            name = rnd.choice(("per_son1", "Acme", "perXson1"))
            post = replace(post, text=f"@{name} hello", mentions=(name,))
        if rnd.random() < 0.4:
            post = replace(post, alias=f"here/{number}")
        found.append(post)
    return found


def saved(store: Store, posts: Sequence[Post]) -> None:
    store.save_page("town", page(*posts), NOW)


class Recount:
    """The same numbers, the slow way."""

    def __init__(self, posts: Iterable[Post], period: Period) -> None:
        self.everything = list(posts)
        self.period = period
        self.names: dict[str, Post] = {}
        for post in self.everything:
            self.names.setdefault(post.id, post)
        for post in self.everything:
            if post.alias:
                self.names.setdefault(post.alias, post)
        inside = [p for p in self.everything if period.since <= p.posted_at < period.until]
        self.own = [post for post in inside if post.author == US]
        self.written = [post for post in self.own if not post.repost_of]
        self.others = [p for p in inside if p.author != US and not p.repost_of]

    def is_reply(self, post: Post) -> bool:
        named = post.text.startswith("@") and bool(post.mentions)
        return bool(post.reply_to or post.reply_to_handle or named)

    def hours(self) -> Counter[tuple[int, int]]:
        local = (post.posted_at.astimezone(self.period.zone) for post in self.own)
        return Counter((at.weekday(), at.hour) for at in local)

    def kinds(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for post in self.own:
            if post.repost_of:
                found["repost"] += 1
            elif self.is_reply(post):
                found["reply"] += 1
            else:
                found["quote" if post.quote_of else "original"] += 1
        return found

    def waits(self) -> list[timedelta]:
        first: dict[str, timedelta] = {}
        for post in self.written:
            target = self.names.get(post.reply_to or "")
            if target and target.author != US:
                wait = post.posted_at - target.posted_at
                first[target.id] = min(first.get(target.id, wait), wait)
        return sorted(wait for wait in first.values() if wait >= timedelta())

    def addressed(self) -> tuple[int, int, int, int]:
        answered_names = {p.reply_to for p in self.everything if p.author == US and not p.repost_of}
        counts = [0, 0, 0, 0]
        for post in self.others:
            parent = self.names.get(post.reply_to or "")
            reply = (post.reply_to_handle or "").lower() == "acme" or bool(
                parent and parent.author == US
            )
            if not reply and "acme" not in {name.lower() for name in post.mentions}:
                continue
            answered = bool({post.id, post.alias or post.id} & answered_names)
            counts[2 * reply] += 1
            counts[2 * reply + 1] += answered
        return counts[0], counts[1], counts[2], counts[3]


def check(found: AccountStatistics, again: Recount) -> None:
    assert found.posts == len(again.own)
    hours = again.hours()
    assert found.hours == tuple(tuple(hours[d, h] for h in range(24)) for d in range(7))
    assert {k: found.kinds.of(k) for k in ("original", "reply", "repost", "quote")} == {
        k: again.kinds()[k] for k in ("original", "reply", "repost", "quote")
    }
    months = Counter(
        post.posted_at.astimezone(again.period.zone).date().replace(day=1) for post in again.own
    )
    assert {m.first: m.posts for m in found.months if m.posts} == months
    waits = again.waits()
    whole = found.delays.whole
    assert (whole.answers if whole else 0) == len(waits)
    if whole:
        assert whole.median in waits
        assert sum(wait <= whole.median for wait in waits) * 2 >= len(waits)
        assert sum(wait < whole.p90 for wait in waits) * 10 < 9 * len(waits)
        assert sum(d.answers for d in found.delays.hours if d) == len(waits)
    a = found.addressed
    told = (a.mentions, a.mentions_answered, a.replies, a.replies_answered)
    assert told == again.addressed()
    tags = Counter(tag.casefold() for post in again.written for tag in post.hashtags)
    assert {c.name.casefold(): c.posts for c in found.hashtags} == tags
    linked = Counter[str]()
    for post in again.written:
        domains = {"a.co.uk" if "a.co.uk" in link else "b.example" for link in post.links
                   if "::" not in link}  # fmt: skip
        linked.update(domains)
    assert {c.name: c.posts for c in found.domains} == linked
    assert {c.name: c.posts for c in found.languages} == Counter(
        post.language or "" for post in again.written
    )
    sums = [(p.likes or 0) + (p.reposts or 0) for p in again.written]
    assert found.engagement.together == sum(sums)
    assert [top.engagement for top in found.engagement.top] == sorted(
        (n for n, p in zip(sums, again.written, strict=True)
         if p.likes is not None or p.reposts is not None),
        reverse=True,
    )[:5]  # fmt: skip


@pytest.mark.parametrize(
    "seed", [1, pytest.param(2, marks=pytest.mark.drill), pytest.param(3, marks=pytest.mark.drill)]
)
def test_every_number_is_that_of_a_plain_recount(store: Store, seed: int) -> None:
    posts = town(seed)
    saved(store, posts)
    for name in ZONES:
        zone = ZoneInfo(name)
        days = sorted(p.posted_at.astimezone(zone).date() for p in posts if p.author == US)
        for first, last in ((days[0], days[-1]), (days[40], days[-40])):
            period = Period.of_days(first, last, zone)
            asked = None if first == days[0] else period
            check(account_statistics(store, US.key, asked, zone), Recount(posts, period))


@pytest.mark.parametrize("part", [1, 1000], ids=["looked up", "gone through"])
def test_posts_counted_a_few_at_a_time_are_all_counted_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(account_rows, "AT_ONCE", 7)
    monkeypatch.setattr(account_rows, "PART", part)
    posts = town(1)
    posts[100:130] = [replace(post, posted_at=posts[100].posted_at) for post in posts[100:130]]
    saved(store, posts)
    zone = ZoneInfo("Europe/Paris")
    days = sorted(p.posted_at.astimezone(zone).date() for p in posts if p.author == US)
    for first, last in ((days[0], days[-1]), (days[30], days[50])):
        period = Period.of_days(first, last, zone)
        check(account_statistics(store, US.key, period, zone), Recount(posts, period))


def test_two_halves_make_the_whole(store: Store) -> None:
    posts = town(2)
    saved(store, posts)
    zone = ZoneInfo("Europe/Paris")
    border = date(2025, 4, 10)
    parts = [
        Period.of_days(date(2025, 3, 1), border, zone),
        Period.of_days(border + timedelta(days=1), date(2025, 6, 30), zone),
    ]
    whole = account_statistics(store, US.key, None, zone)
    halves = [account_statistics(store, US.key, part, zone) for part in parts]
    assert sum(half.posts for half in halves) == whole.posts
    assert sum(half.kinds.reply for half in halves) == whole.kinds.reply
    assert sum(half.addressed.posts for half in halves) >= 1


def test_the_rhythm_before_and_after_a_day_covers_all(store: Store) -> None:
    saved(store, town(2))
    zone = ZoneInfo("Europe/Paris")
    found = account_statistics(store, US.key, None, zone, around=date(2025, 4, 15))
    assert found.around
    assert found.around.before.posts + found.around.after.posts == found.posts
    sums = zip(found.around.before.hours, found.around.after.hours, strict=True)
    assert [sum(two) for two in sums] == [sum(r[h] for r in found.hours) for h in range(24)]
    assert found.around.before.kinds.reply + found.around.after.kinds.reply == found.kinds.reply
    outside = account_statistics(store, US.key, None, zone, around=date(2030, 1, 1))
    assert outside.around is None


def test_an_account_without_posts_has_empty_statistics(store: Store) -> None:
    store.save_page("town", page(accounts=(US,)), NOW)
    found = account_statistics(store, US.key, None, ZoneInfo("UTC"))
    assert (found.posts, found.months, found.delays.whole) == (0, (), None)
    assert found.addressed.unanswered is None
    assert found.engagement.a_post is None


def test_an_account_that_is_not_stored_is_no_account(store: Store) -> None:
    with pytest.raises(NoSuchRecordError):
        account_statistics(store, "town:nobody", None, ZoneInfo("UTC"))


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from([*ZONES, "Africa/Monrovia", "America/Caracas", "Pacific/Apia"]),
    day=st.integers(0, 20_000),
    length=st.integers(1, 500),
    at=st.integers(0, 10**9),
)
def test_each_step_lies_in_one_hour_of_one_day(zone: str, day: int, length: int, at: int) -> None:
    since = datetime(1970, 1, 2, tzinfo=UTC) + timedelta(days=day)
    until = since + timedelta(days=length)
    clocks = ZoneInfo(zone)
    size = step_of(clocks, since, until) // timedelta(seconds=1)
    moment = int(since.timestamp()) + at % (length * 86400)
    start = moment // size * size
    first = datetime.fromtimestamp(max(start, int(since.timestamp())), clocks)
    last = datetime.fromtimestamp(start + size - 1, clocks)
    if last.astimezone(UTC) < until:
        assert (first.date(), first.hour) == (last.date(), last.hour)


def _days(rnd: random.Random, first: date, length: int, pace: float, sticky: float) -> Days:
    days = Days(first=first, last=first + timedelta(days=length - 1))
    level = pace
    for day in days.each():
        level = sticky * level + (1 - sticky) * pace * rnd.expovariate(1)
        for _ in range(min(40, int(rnd.gauss(level, level**0.5) + 0.5))):
            kind = "reply" if rnd.random() < 0.4 else "original"
            days.add(day, int(rnd.triangular(0, 23.99, 15)), {kind: 1})  # type: ignore[dict-item]
    return days


def test_chance_is_seldom_taken_for_a_change() -> None:
    rnd, real = random.Random(5), Counter[str]()
    for _ in range(100):
        sides = [_days(rnd, date(2025, 1, 1), 60, 6, 0.5) for _ in range(2)]
        real.update(shift.what for shift in shifts(*sides) if shift.is_real)
    assert all(times <= 5 for times in real.values()), real


def test_a_change_is_found_and_goes_both_ways() -> None:
    rnd = random.Random(6)
    calm, busy = (_days(rnd, date(2025, 1, 1), 60, pace, 0.2) for pace in (2, 9))
    there = {shift.what: shift for shift in shifts(calm, busy)}
    back = {shift.what: shift for shift in shifts(busy, calm)}
    assert there["posts a day"].is_real
    for what, shift in there.items():
        assert shift.chance == pytest.approx(back[what].chance)
        assert (shift.before, shift.after) == (back[what].after, back[what].before)


def test_of_few_days_nothing_is_said() -> None:
    rnd = random.Random(7)
    few, many = (_days(rnd, date(2025, 1, 1), length, 5, 0) for length in (5, 60))
    assert {shift.chance for shift in shifts(few, many)} <= {None}


def test_months_follow_each_other(store: Store) -> None:
    posts = [replace(p, author=US) for p in town(2)]
    saved(store, posts)
    found = account_statistics(store, US.key, None, ZoneInfo("Asia/Kathmandu"))
    firsts = [month.first for month in found.months]
    assert all((b - a).days in (28, 29, 30, 31) and b.day == 1 for a, b in pairwise(firsts))
