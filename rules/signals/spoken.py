"""Which brands a post speaks of, and in which tone: whatever the rules are."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache

from rules.keyword import KeywordRule
from rules.matcher import Matcher
from rules.model import Account, Brand, Definitions, Post
from rules.signals.language import language_of
from rules.signals.sentiment import Correction, Heard, hear, told
from rules.signals.sentiment.correcting import loaded
from rules.text import Analysis

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
    relevance: float | None = None
    """How likely it is about the brand, 0 to 1; None where nobody asked, or nothing can tell."""
    left_out: bool = False
    """Whether that is clearly too little to count it or tell of it."""


class Hearing:
    """Finds the brands that others speak of. It never changes, so threads may share it."""

    def __init__(self, definitions: Definitions) -> None:
        self._brands = definitions.brands
        self._definitions = definitions
        self._learnt: Mapping[str, str] = {}

    def corrected(self, learnt: Mapping[str, str]) -> "Hearing":
        """The same with what was learnt of people's corrections, by the name of the brand.

        As `Correction.dumped` wrote it.
        """
        if learnt == self._learnt:
            return self
        other = Hearing(self._definitions)
        other.__dict__.update(self.__dict__)  # the matcher too, where it was made
        other._learnt = dict(learnt)
        return other

    @cached_property
    def _matcher(self) -> Matcher:
        rules = [KeywordRule(name=brand.name, find=speaks_of(brand.name)) for brand in self._brands]
        return Matcher(rules, self._definitions)

    @cached_property
    def forms(self) -> Mapping[str, str]:
        """What each brand is called, in short: it changes when another post would speak of it."""
        return {brand.name: _form(brand) for brand in self._brands}

    def find(
        self, posts: Sequence[Post], analyses: Sequence[Analysis] | None = None
    ) -> list[Spoken]:
        """Return who is spoken of, in the order of the posts; brands' own posts are left out.

        `analyses` are those of the posts, where they are made already.
        """
        if not self._brands:
            return []
        return [
            self.heard(posts[number], self._brands[place])
            for number, place in self._matcher.decide(posts, analyses)
        ]

    def heard(self, post: Post, brand: Brand) -> Spoken:
        """Tell how a post speaks of a brand; that it does is known."""
        made = self.made_of(post, brand)
        if made is None:
            return Spoken(brand=brand.name, post=post.key)
        learnt = self._learnt.get(brand.name)
        tone = told(made.likely if learnt is None else _loaded(learnt).likely(made))
        return Spoken(
            brand=brand.name,
            post=post.key,
            tone=tone.label,
            confidence=tone.confidence,
            complaint=made.complains,
        )

    def made_of(self, post: Post, brand: Brand) -> Heard | None:
        """What the model that ships makes of a post, before any correction."""
        language = language_of(post, self._definitions.languages)
        return hear(post.text, language, (brand.name, *brand.spellings))

    def named_in(self, text: str) -> frozenset[str]:
        """Return the brands that a text names, such as the expression of a rule."""
        nobody = Account(network="", id="", handle="")
        said = Post(network="", id="", author=nobody, text=text, posted_at=_ANY_TIME)
        return frozenset(one.brand for one in self.find([said]))


@lru_cache(maxsize=256)
def _loaded(learnt: str) -> Correction:
    return loaded(learnt)


def speaks_of(brand: str) -> str:
    """Return the expression that finds the posts in which others speak of a brand."""
    return f"brand:{_quoted(brand)} -is:own"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _form(brand: Brand) -> str:
    said = json.dumps([brand.name, brand.spellings, brand.accounts], ensure_ascii=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
