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
from rules.signals.language import language_of
from rules.signals.sentiment import complaint, tone

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
    confidence: float | None = None
    """How likely the tone is, 0 to 1, as the model takes it; None where nothing could tell."""
    complaint: bool = False
    """Whether somebody complains in it."""


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
            self.heard(posts[number], self._brands[place])
            for number, place in self._matcher.decide(posts)
        ]

    def heard(self, post: Post, brand: Brand) -> Spoken:
        """Tell how a post speaks of a brand; that it does is known."""
        language = language_of(post, self._definitions.languages)
        told = tone(post.text, language, (brand.name, *brand.spellings))
        known = told.label != "unknown"
        return Spoken(
            brand=brand.name,
            post=post.key,
            tone=told.label if known else "",
            confidence=told.confidence if known else None,
            complaint=complaint(post.text, language) is not None,
        )

    def named_in(self, text: str) -> frozenset[str]:
        """Return the brands that a text names, such as the expression of a rule."""
        nobody = Account(network="", id="", handle="")
        said = Post(network="", id="", author=nobody, text=text, posted_at=_ANY_TIME)
        return frozenset(one.brand for one in self.find([said]))


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _form(brand: Brand) -> str:
    said = json.dumps([brand.name, brand.spellings, brand.accounts], ensure_ascii=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
