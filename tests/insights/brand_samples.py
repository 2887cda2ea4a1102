"""Posts about two brands, as random as a seed makes them, with what a store is told of them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rules.model import Account, Brand, Post
from rules.signals.spoken import Spoken
from tests.store.samples import ROUTES, page
from watcher.insights.model import Period
from watcher.store import Store

PARIS = ZoneInfo("Europe/Paris")
ACME = Brand(name="Acme", accounts=("acme",), competitors=("Rivalo",))
RIVALO = Brand(name="Rivalo", accounts=("town:rivalo",))
BRANDS = (ACME, RIVALO)
START = datetime(2026, 2, 20, tzinfo=UTC)
NOW = datetime(2026, 4, 20, tzinfo=UTC)
WEEKS = Period.of_days(START.date() + timedelta(days=31), START.date() + timedelta(days=44), PARIS)
"""Two weeks over the night on which the clocks of Paris go forward."""
_TONES = ("", "negative", "neutral", "positive")
_SUBJECTS = ("hinge", "battery", "saddle", "brake", "price", "shop", "app", "colour", "helmet")


@dataclass(frozen=True)
class Town:
    """Posts, and which of them speak of which brand."""

    posts: tuple[Post, ...]
    spoken: tuple[Spoken, ...]

    def stored(self, store: Store, order: random.Random | None = None) -> "Town":
        """Store it, in an order that chance may choose; return it."""
        posts = list(self.posts)
        if order:
            order.shuffle(posts)
        store.save_page("square", page(*posts), NOW)
        of = {one.key: [s for s in self.spoken if s.post == one.key] for one in posts}
        while (batch := store.unmatched(1000)).posts:
            said = [one for post in batch.posts for one in of[post.key]]
            forms = {"Acme": "a", "Rivalo": "r"}
            store.save_matches(batch, [], [], ROUTES, NOW, spoken=said, brands=forms)
        return self


def person(handle: str) -> Account:
    return Account(network="town", id=f"id-{handle}", handle=handle)


def town(seed: int, number: int = 400) -> Town:
    """Make a town in which a few write a lot, much is repeated, and brands answer some."""
    chance = random.Random(seed)
    people = [person(f"p{n}") for n in range(40)]
    seconds = iter(chance.sample(range(50 * 86_400), 2 * number))
    posts: list[Post] = []
    spoken: list[Spoken] = []
    for n in range(number):
        brand = chance.choice(BRANDS)
        words = f"{brand.name} {chance.choice(_SUBJECTS)} number {int(30 * chance.random() ** 2)}"
        asks = chance.random() < 0.3
        to = f"@{brand.accounts[0].rpartition(':')[2]}"
        addressed = chance.random() < 0.4
        one = Post(
            network="town",
            id=f"{n}",
            author=people[int(40 * chance.random() ** 2)],
            text=f"{to} {words}?" if addressed and asks else words,
            posted_at=START + timedelta(seconds=next(seconds)),
            mentions=(to[1:],) if addressed else (),
            hashtags=("Spring", "sale") if chance.random() < 0.1 else (),
            repost_of="x" if chance.random() < 0.2 else None,
            private=chance.random() < 0.1,
            likes=chance.choice((None, 0, 3)),
        )
        posts.append(one)
        tone = _TONES[sum(map(ord, words)) % 4]
        complaint = tone == "negative" and chance.random() < 0.5
        spoken.append(Spoken(brand=brand.name, post=one.key, tone=tone, complaint=complaint))
        if chance.random() < 0.1:
            other = next(each for each in BRANDS if each is not brand)
            spoken.append(Spoken(brand=other.name, post=one.key, tone=tone))
        if addressed and chance.random() < 0.5:
            own = person(to[1:])
            late = timedelta(seconds=next(seconds) % (10 * 86_400))
            posts.append(
                Post(
                    network="town",
                    id=f"a{n}",
                    author=own,
                    text="We look into it",
                    posted_at=one.posted_at + late,
                    reply_to=one.id,
                )
            )
    return Town(posts=tuple(posts), spoken=tuple(spoken))


def speaking(of: Town, brand: str, period: Period) -> Sequence[tuple[Post, Spoken]]:
    """The posts of a period that speak of a brand, in the order they were written in."""
    posts = {one.key: one for one in of.posts}
    found = [(posts[one.post], one) for one in of.spoken if one.brand == brand]
    inside = [one for one in found if period.since <= one[0].posted_at < period.until]
    return sorted(inside, key=lambda one: one[0].posted_at)
