"""What one account wrote, counted some thousands of posts at a time.

The database joins what is to be counted of so many posts into a few long texts:
a million posts come as some fifty rows, instead of each being made into something in Python.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    and_,
    case,
    cast,
    func,
    select,
    type_coerce,
)

from watcher.store.account_rows import Own, is_reply
from watcher.store.schema import posts

_KINDS = 4
_LISTS = 50_000
"""Different lists of hashtags that are held as such."""
_QUOTES = 2
"""Around a single text in a list in JSON."""
_NOTHING = "[]"
"""A list without items, as it is stored."""
_BETWEEN = "\n"
"""Between joined texts: it stands in no JSON, and in no tag of a language."""
_MICROSECOND = timedelta(microseconds=1)
_HOST = re.compile(r'"https?://(?:[^/?#"@\\]*@)?([^/?#":@\\]+)', re.IGNORECASE)
_NUMBERS = (posts.c.likes, posts.c.reposts, posts.c.replies)


class Step(NamedTuple):
    """The posts of one step of time."""

    number: int
    """It begins so many steps after 1970 in UTC."""
    posts: int
    reposts: int
    replies: int
    """Not reposted ones."""
    quotes: int
    """Neither reposted nor replies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Echo:
    """What others did with the posts that are not reposts."""

    posts: int
    """Of how many a network told at least one number."""
    likes: int
    reposts: int
    replies: int


class Stretch(NamedTuple):
    """Some thousands of an account's posts, of which a network told what others did with them."""

    within: ColumnElement[bool]
    """The condition for them."""
    most: int
    """What others did with the post with which they did most, all together."""


def engagement() -> ColumnElement[int]:
    """Return what others did with a post, all together."""
    likes, reposts, replies = (func.coalesce(number, 0) for number in _NUMBERS)
    return likes + reposts + replies


def is_told() -> ColumnElement[bool]:
    """Return the condition for posts of its own words of which a network told some number."""
    return and_(posts.c.repost_of.is_(None), func.coalesce(*_NUMBERS).is_not(None))


def written(connection: Connection, own: Own, step: timedelta) -> "Written":
    """Count what an account wrote, in steps of time."""
    found = Written()
    query = _query(step)
    for within in own.stretches(connection):
        found.add(within, *connection.execute(query.where(within)).one())
    return found


def _query(step: timedelta) -> Any:
    """Return the query whose only row is what `Written.add` takes."""
    own = posts.c.repost_of.is_(None)
    kind = case((~own, 1), (is_reply(posts), 2), (posts.c.quote_of.is_not(None), 3), else_=0)
    at = type_coerce(posts.c.posted_at, BigInteger) // (step // _MICROSECOND)
    language = func.coalesce(posts.c.language, "")
    hashtags, links = (type_coerce(one, Text) for one in (posts.c.hashtags, posts.c.links))
    return select(
        func.aggregate_strings(cast(at * _KINDS + kind, Text), ","),
        func.aggregate_strings(language, _BETWEEN).filter(own),
        func.aggregate_strings(hashtags, _BETWEEN).filter(own, hashtags != _NOTHING),
        func.aggregate_strings(links, _BETWEEN).filter(own, links != _NOTHING),
        func.max(engagement()).filter(is_told()),
        func.count(func.coalesce(*_NUMBERS)).filter(own),
        *(func.sum(number).filter(own) for number in _NUMBERS),
    )


class Written:
    """What an account wrote. Words, links and tags of what it passed on are left out."""

    def __init__(self) -> None:
        self._codes: Counter[int] = Counter()
        """Step of time and kind, in one number."""
        self._tags: Counter[str] = Counter()
        self._lists: Counter[str] = Counter()
        """Hashtags of a post, in JSON: those not counted as tags yet."""
        self._sums = [0, 0, 0, 0]
        self._several: Counter[frozenset[str]] = Counter()
        self._alone: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.stretches: list[Stretch] = []
        """Those with a post of which a network told what others did with it."""

    def add(
        self,
        within: ColumnElement[bool],
        codes: str | None,
        languages: str | None,
        hashtags: str | None,
        links: str | None,
        most: int | None,
        *sums: Any,
    ) -> None:
        """Count the posts of a stretch, given as joined texts; None where there is none."""
        self._codes.update(json.loads(f"[{codes or ''}]"))
        if languages is not None:
            self.languages.update(languages.split(_BETWEEN))
        if hashtags is not None:
            self._lists.update(hashtags.split(_BETWEEN))
            if len(self._lists) > _LISTS:
                self._count_tags()
        if links is not None:
            self._link(links.split(_BETWEEN))
        if most is not None:
            self.stretches.append(Stretch(within, int(most)))
        self._sums = [one + int(two or 0) for one, two in zip(self._sums, sums, strict=True)]

    def _link(self, links: Sequence[str]) -> None:
        """Count hosts: lists of one link all at once, since no host goes over its quotes."""
        alone = [listed for listed in links if listed.count('"') == _QUOTES]
        self._alone.update(_HOST.findall("".join(alone)))
        if len(alone) < len(links):
            several = (_HOST.findall(one) for one in links if one.count('"') != _QUOTES)
            self._several.update(frozenset(hosts) for hosts in several if hosts)

    @property
    def hashtags(self) -> dict[str, int]:
        """Posts by the hashtags that stand in them, as written."""
        self._count_tags()
        return dict(self._tags)

    def _count_tags(self) -> None:
        for listed, count in self._lists.items():
            for tag in dict.fromkeys(json.loads(listed)):
                self._tags[tag] += count
        self._lists.clear()

    @property
    def hosts(self) -> dict[frozenset[str], int]:
        """Posts by the hosts that they link to."""
        found = self._several.copy()
        for name, count in self._alone.items():
            found[frozenset((name,))] += count
        return dict(found)

    @property
    def echo(self) -> Echo:
        """What others did with the posts."""
        told, likes, reposts, replies = self._sums
        return Echo(posts=told, likes=likes, reposts=reposts, replies=replies)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The posts by step of time, in order."""
        counts: defaultdict[int, list[int]] = defaultdict(lambda: [0] * _KINDS)
        for code, count in self._codes.items():
            counts[code // _KINDS][code % _KINDS] += count
        return tuple(
            Step(number, own + reposts + replies + quotes, reposts, replies, quotes)
            for number, (own, reposts, replies, quotes) in sorted(counts.items())
        )
