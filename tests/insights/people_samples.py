"""A small town in which people speak of brands, answer each other and pass things on."""

import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rules.model import Account, Brand, Post
from rules.signals.spoken import Spoken
from tests.store.samples import NOON, ROUTES, page
from watcher.insights.model import Period
from watcher.store import Store

ACME = Brand(name="Acme", accounts=("acme",))
RIVALO = Brand(name="Rivalo", accounts=("town:rivalo",))
HOUR = timedelta(hours=1)
WEEK = Period(since=NOON - timedelta(days=7), until=NOON, zone=ZoneInfo("UTC"))


def person(handle: str, **more: object) -> Account:
    return Account(network="town", id=f"id-{handle}", handle=handle, **more)  # type: ignore[arg-type]


def say(id: str, who: str | Account, text: str = "Acme", **more: object) -> Post:
    """A post of the town, an hour before noon unless said otherwise."""
    author = person(who) if isinstance(who, str) else who
    values: dict[str, object] = {"posted_at": NOON - HOUR, "url": f"https://town.example/{id}"}
    return Post(network="town", id=id, author=author, text=text, **values | more)  # type: ignore[arg-type]


def answer(id: str, who: str | Account, to: str, text: str = "Acme, yes", **more: object) -> Post:
    return say(id, who, text, reply_to=to, **more)


def repost(id: str, who: str | Account, of: str, **more: object) -> Post:
    return say(id, who, repost_of=of, **more)


def told(
    store: Store,
    *posts: Post,
    silent: Iterable[str] = (),
    of: Mapping[str, Iterable[Spoken]] = {},
    brand: str = "Acme",
    now: datetime = NOON,
) -> None:
    """Store posts; each speaks of `brand` without a tone, but for those in `silent` and in `of`."""
    store.save_page("square", page(*posts), now)
    mute = set(silent)
    while (batch := store.unmatched(1000)).posts:
        spoken = [
            one
            for post in batch.posts
            if post.id not in mute
            for one in of.get(post.id, (Spoken(brand=brand, post=post.key),))
        ]
        forms = {"Acme": "a", "Rivalo": "r"}
        store.save_matches(batch, [], [], ROUTES, now, spoken=spoken, brands=forms)


def random_town(seed: int, posts: int = 150) -> tuple[list[Post], list[str]]:
    """Return posts with every way to take up another, and the ids of those that name no brand."""
    chance = random.Random(seed)
    people = [
        person(name, bot=name == "robot", followers=chance.randrange(5000))
        for name in ("ann", "bob", "cleo", "dan", "eve", "robot", "acme", "rivalo")
    ]
    made: list[Post] = []
    for number in range(posts):
        earlier = [one for one in made if one.repost_of is None]
        of = (
            chance.choice(earlier).id if earlier and chance.random() < 0.9 else f"gone-{number % 4}"
        )
        who = chance.choice(people)
        more: dict[str, object] = {
            "posted_at": NOON - timedelta(hours=chance.randrange(240)),
            "private": chance.random() < 0.1,
            "mentions": tuple(chance.sample(["ann", "Bob", "acme", "zoe"], chance.randrange(3))),
            "likes": chance.choice([None, 0, 3, 50]),
            "reposts": chance.choice([None, 1, 2]),
            "replies": chance.choice([None, 0, 1, 4]),
        }
        match chance.randrange(6):
            case 0:
                made.append(answer(f"p{number}", who, of, **more))
            case 1:
                writer = f"id-{chance.choice(['ann', 'bob'])}" if of.startswith("gone") else ""
                made.append(repost(f"p{number}", who, of, repost_author=writer, **more))
            case 2:
                made.append(say(f"p{number}", who, quote_of=of, **more))
            case 3:
                names = {"mentions": ("Bob",)}
                made.append(say(f"p{number}", who, "RT @Bob: Acme", **more | names))
            case _:
                made.append(say(f"p{number}", who, **more))
    silent = [one.id for one in made if one.author.handle == "acme" or chance.random() < 0.3]
    return made, silent
