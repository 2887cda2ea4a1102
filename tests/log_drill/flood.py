"""The numbered posts of the drill, made anew in every process: the same number, the same post."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.model import Account, Post
from watcher.backends.interface import Page

SOURCES = ("river", "brook", "canal")
PAGE = 100
"""Posts of its own that a source says on a page, beside some that were said before."""
_AUTHORS = 5_000
_ALIKE = ("nordelia_help", "n0rdelia", "nordelia-team", "voltrame_support", "voitrame")


def rules_of(number: int) -> frozenset[str]:
    """Return the rules that must find a post, by how it was made."""
    found = {"strike"} if number % 200 == 7 else set()
    if number % 10 == 3:
        found.add("talk")
    if number % 25 == 4:
        found.add("power")
    return frozenset(found)


def post(number: int, start: datetime) -> Post:
    """Return a post, written when all of it began."""
    letters = "".join(random.Random(number).choices("abcdefgh ", k=90))
    words = {"strike": "strike", "talk": "Nordelia", "power": "Voltrame"}
    said = " ".join(words[rule] for rule in sorted(rules_of(number)))
    name = f"marie{number * 7919 % _AUTHORS}"
    if number % 500 == 11:
        name = f"{_ALIKE[number // 500 % len(_ALIKE)]}{number // 2500 % 4}"
    return Post(
        network="town",
        id=f"n{number}",
        author=Account(network="town", id=f"id-{name}", handle=name),
        text=f"{said} remark{number}x {letters}",
        posted_at=start + timedelta(microseconds=number),
        links=("https://nordelia-shop.example/x",) if number % 1000 == 13 else (),
    )


@dataclass(frozen=True)
class Flood:
    """What the sources say, in pages."""

    posts: int
    start: datetime
    repeats_all: bool = True
    """Whether posts in which nothing is found are said again, too."""

    @property
    def pages(self) -> int:
        """How many pages each source has."""
        return -(-self.posts // (PAGE * len(SOURCES)))

    def numbers(self, source: str, at: int) -> list[int]:
        """Return what a page says: posts of its own, old ones, and some of another source."""
        place = SOURCES.index(source)
        own = self._own(place, at)
        chance = random.Random(f"{source} {at}")
        before = self._own(place, at - 1) if at else []
        beside = self._own((place + 1) % len(SOURCES), at)
        again = [
            one
            for some in (before, beside)
            for one in chance.sample(some, len(some) // 25)
            if self.repeats_all or rules_of(one)
        ]
        return [*again, *own]

    def _own(self, place: int, at: int) -> list[int]:
        first = at * PAGE
        wanted = (place + len(SOURCES) * one for one in range(first, first + PAGE))
        return [one for one in wanted if one < self.posts]

    def page(self, source: str, at: int) -> Page:
        """Return a page; its cursor is the number of the next one."""
        some = tuple(post(number, self.start) for number in self.numbers(source, at))
        return Page(posts=some, cursor=str(at + 1), more=at + 1 < self.pages)

    def said(self, pages: int) -> int:
        """Return how many posts, repeated ones too, the first pages of all sources say."""
        return sum(len(self.numbers(source, at)) for source, at in self.order(pages))

    def order(self, pages: int | None = None) -> Iterator[tuple[str, int]]:
        """Yield all pages, or the first ones of all sources."""
        for at in range(self.pages if pages is None else pages):
            for source in SOURCES:
                yield source, at

    def alarms(self, pages: int) -> set[int]:
        """Return which posts of the first pages are to be told at once."""
        numbers = (one for source, at in self.order(pages) for one in self.numbers(source, at))
        return {one for one in numbers if "strike" in rules_of(one)}
