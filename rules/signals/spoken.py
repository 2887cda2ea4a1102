"""Which brands a post speaks of, and in which tone: whatever the rules are."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from rules.keyword import KeywordRule
from rules.matcher import Matcher
from rules.model import Account, Brand, Definitions, Post
from rules.signals.sentiment import tone

__all__ = ["Hearing", "Spoken"]

_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """A post speaks of a brand."""

    brand: str
    post: str
    """The post's key."""
    tone: str = ""
    """`negative`, `neutral` or `positive`; empty where nothing could tell."""


class Hearing:
    """Finds the brands that others speak of. It never changes, so threads may share it."""

    def __init__(self, definitions: Definitions) -> None:
        self._brands = definitions.brands
        self._definitions = definitions

    @cached_property
    def _matcher(self) -> Matcher:
        rules = [
            KeywordRule(name=brand.name, find=f"brand:{_quoted(brand.name)} -is:own")
            for brand in self._brands
        ]
        return Matcher(rules, self._definitions)

    @cached_property
    def forms(self) -> Mapping[str, str]:
        """What each brand is called, in short: it changes when another post would speak of it."""
        return {brand.name: _form(brand) for brand in self._brands}

    def find(self, posts: Sequence[Post]) -> list[Spoken]:
        """Return who is spoken of, in the order of the posts; brands' own posts are left out."""
        if not self._brands:
            return []
        return [
            Spoken(
                brand=self._brands[place].name,
                post=posts[number].key,
                tone=tone_of(posts[number], self._brands[place]),
            )
            for number, place in self._matcher.decide(posts)
        ]

    def named_in(self, text: str) -> frozenset[str]:
        """Return the brands that a text names, such as the expression of a rule."""
        nobody = Account(network="", id="", handle="")
        said = Post(network="", id="", author=nobody, text=text, posted_at=_ANY_TIME)
        return frozenset(one.brand for one in self.find([said]))


def tone_of(post: Post, brand: Brand) -> str:
    """The tone of a post; empty where nothing can tell. The names of the brand have none."""
    label = tone(post.text, post.language, (brand.name, *brand.spellings)).label
    return "" if label == "unknown" else label


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _form(brand: Brand) -> str:
    said = json.dumps([brand.name, brand.spellings, brand.accounts], ensure_ascii=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
