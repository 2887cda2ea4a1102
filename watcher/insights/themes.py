"""What people speak of where they speak of a brand, and of others not, or did not before."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rules.lookalike.ownership import split_network
from rules.model import Brand
from rules.signals.distinctive import FEWEST_POSTS, Word, distinctive, terms
from rules.text import fold_words
from watcher.insights.model import Estimate, Period
from watcher.insights.net import difference, net
from watcher.store import Store
from watcher.store.brand_counts import Opinions, Saying, ShownPost

Against = Literal["others", "before"]

MOST = 8
"""Themes of each kind."""
MOST_READ = 4000
"""Wordings of each side that are read; of more, so many are drawn."""
FEWEST_PEOPLE = 3
"""What fewer people say is no theme."""
FEWEST_TOLD = 10
"""Of fewer people no tone is told."""
MOST_SHOWN = 200
"""Posts of a theme among which the examples are looked for."""
EXAMPLES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Theme:
    """A word, or two that belong together, that sets a brand's posts apart."""

    term: str
    """What posts are compared by: without capitals and accents."""
    written: str
    """As it is written most often."""
    against: Against
    """Whether it sets the brand apart from its competitors, or the period from the one before."""
    posts: int
    """How many sayings of the period have it, each wording counted once."""
    of: int
    """Of how many that were read."""
    authors: int
    """Different people who wrote them first."""
    others: int
    """How many sayings have it of those it is compared with, if these were as many."""
    score: float
    """Standard deviations from what chance would do."""
    tone: Estimate | None
    """Net satisfaction of these sayings less that of the other ones; None of too few people."""
    examples: tuple[str, ...]
    """Keys of posts that show it, public ones, the most answered and passed on first."""


def themes(
    store: Store, brand: Brand, others: Sequence[Brand], period: Period, *, most: int = MOST
) -> tuple[Theme, ...]:
    """Return what a brand's posts are about: against the others first, then against before.

    The log-odds of each word with an informative prior (see `rules.signals.distinctive`), each
    wording counted once, in at most `MOST_READ` of them. The names of the brands are no themes, nor
    what but a few people say. Private posts are left out. Raises `StoreError`.
    """
    said = _read(store, [brand.name], period)
    if len(said) < FEWEST_POSTS:
        return ()
    compared: list[tuple[Against, list[Saying]]] = []
    if others:
        own = {one.said for one in said}
        theirs = _read(store, [one.name for one in others], period)
        compared.append(("others", [one for one in theirs if one.said not in own]))
    compared.append(("before", _read(store, [brand.name], period.before)))
    names = _names((brand, *others))
    words = [terms(one.text) for one in said]
    found: list[_Found] = []
    for against, theirs in compared:
        if len(theirs) < FEWEST_POSTS:
            continue
        beside = [terms(one.text) for one in theirs]
        for word in _words(said, theirs, names, most):
            one = _Found(word, against, said, words, beside)
            if one.is_of_many:
                found.append(one)
    shown = store.shown_posts([one.rid for theme in found for one in theme.having[:MOST_SHOWN]])
    return tuple(one.theme(shown) for one in found)


def _read(store: Store, brands: Sequence[str], period: Period) -> list[Saying]:
    return store.sayings(brands, (period.since, period.until), MOST_READ)


def _names(brands: Sequence[Brand]) -> list[str]:
    """What brands are called, which is no theme."""
    return [
        name
        for brand in brands
        for name in (
            brand.name,
            *brand.spellings,
            *(split_network(one)[1].split("@")[0] for one in brand.accounts),
            *(domain.split(".")[0] for domain in brand.domains),
        )
    ]


def _words(
    said: Sequence[Saying], theirs: Sequence[Saying], names: Sequence[str], most: int
) -> list[Word]:
    spoken = Counter(one.language.split("-")[0] for one in said if one.language)
    found = distinctive(
        [one.text for one in said],
        [one.text for one in theirs],
        without=names,
        languages=[language for language, _ in spoken.most_common(3)] or ("en", "fr"),
        most=3 * most,
    )
    called = {"".join(fold_words(name)) for name in names}
    return [word for word in found if not _is_called(word, called)][:most]


def _is_called(word: Word, called: Collection[str]) -> bool:
    """Whether a word only is a name with a letter or two more: `bmws`, `fords`."""
    return any(
        len(name) > 2 and term.startswith(name) and len(term) <= len(name) + 2
        for term in word.terms
        for name in called
    )


class _Found:
    """A word and the sayings that have it."""

    def __init__(
        self,
        word: Word,
        against: Against,
        said: Sequence[Saying],
        words: Sequence[frozenset[str]],
        theirs: Sequence[frozenset[str]],
    ) -> None:
        wanted = frozenset(word.terms)
        self._word, self._against = word, against
        self.having = [one for one, has in zip(said, words, strict=True) if wanted <= has]
        self._rest = [one for one, has in zip(said, words, strict=True) if not wanted <= has]
        self._others = sum(wanted <= has for has in theirs) * len(said) / len(theirs)
        self._people = Counter(one.author for one in self.having)

    @property
    def is_of_many(self) -> bool:
        """Whether it is more than what a few people repeat."""
        most = max(self._people.values(), default=0)
        return len(self._people) >= FEWEST_PEOPLE and 2 * most <= len(self.having)

    def theme(self, shown: Mapping[int, ShownPost]) -> Theme:
        """Return it with posts that show it, of those that may be shown."""
        posts = [shown[one.rid] for one in self.having[:MOST_SHOWN] if one.rid in shown]
        posts.sort(key=lambda one: (-one.engagement, one.posted_at, one.key))
        return Theme(
            term=" ".join(self._word.terms),
            written=self._word.text,
            against=self._against,
            posts=len(self.having),
            of=len(self.having) + len(self._rest),
            authors=len(self._people),
            others=round(self._others),
            score=self._word.score,
            tone=difference(_tone(self.having), _tone(self._rest)),
            examples=tuple(one.key for one in posts[:EXAMPLES]),
        )


def _tone(said: Sequence[Saying]) -> Estimate | None:
    of_author: dict[int, list[int]] = {}
    for one in said:
        if one.tone:
            value = (one.tone == "positive") - (one.tone == "negative")
            of_author.setdefault(one.author, []).append(value)
    if len(of_author) < FEWEST_TOLD:
        return None
    sums = [(sum(values), len(values)) for values in of_author.values()]
    return net(
        Opinions(
            span=0,
            positive=sum(one.tone == "positive" for one in said),
            negative=sum(one.tone == "negative" for one in said),
            sayings=sum(n for _, n in sums),
            authors=len(sums),
            dd=sum(d * d for d, _ in sums),
            dn=sum(d * n for d, n in sums),
            nn=sum(n * n for _, n in sums),
        )
    )
