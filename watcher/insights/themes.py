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
MOST_READ = 2500
"""Wordings of each side that are read; of more, so many are drawn."""
FEWEST_PEOPLE = 3
"""What fewer people say is no theme."""
MOST_OF_ONE = 2
"""So many wordings of one person are read, or a few who sell something would set the tone."""
MOST_WORDS = 40
"""Words that are looked at before those that belong together are put together."""
TOGETHER = 0.5
MOST_BESIDE = 3
FEWEST_TOLD = 10
"""Of fewer people no tone is told."""
MOST_SHOWN = 200
"""Posts of a theme among which the examples are looked for."""
EXAMPLES = 3

_EMPTY = (
    # English
    "also already always another anyone anything back because been before being can't cant come "
    "could couldn't day days did didn't does doesn't doing don't done dont even ever every "
    "everyone getting give gonna gotta haha has haven't hey how i'd i'll i'm i've isn't it's it'll "
    "just know let lets like lmao lol look made make many maybe more much need never nothing now "
    "okay one only other people please really said same say says see seen should since some "
    "someone something soon still such sure take tell than thanks that's their them then there "
    "these they they're thing things think this those though time today tomorrow tonight too "
    "trying two until use very wanna want was wasn't way we're week well went were what when where "
    "which while who why will with won't would wouldn't yeah year years yes yesterday yet you'll "
    "you're you've your yours "
    # French
    "alors apres aussi autre avant avec avoir bien bon bonjour car cela ces cest cette chez comme "
    "comment contre dans deja demain depuis des dire dit donc elle encore entre est etait ete etre "
    "faire fait faut hier ils jamais jour jours juste leur lors mais mdr meme merci moins non nous "
    "ont par parce pas pendant peu peut plus pour pourquoi quand que quel quelle qui quoi sans ses "
    "soir son sont sous sur temps toujours tous tout toute tres trop une vers veut voila vous "
    # Spanish
    "ahora algo antes aqui asi bien cada como con cuando desde dia dias donde ella entre era eres "
    "esta este esto estoy fue gracias hace hacer hasta hay hola hoy mas mejor mucho muy nada nunca "
    "otra otro para pero poco porque puede que quien quiero ser sido siempre sin sobre solo son "
    "tambien tanto tiene todo todos una unos usted vamos"
)
"""Words that stand out and say nothing."""
EMPTY = frozenset("".join(fold_words(word)) for word in _EMPTY.split())


@dataclass(frozen=True, kw_only=True, slots=True)
class Theme:
    """A word, or two that belong together, that sets a brand's posts apart."""

    term: str
    """What posts are compared by: without capitals and accents."""
    written: str
    """As it is written most often."""
    beside: tuple[str, ...]
    """Further such words that mostly stand in the same posts."""
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
        some = [
            _Found(word, against, said, words, beside)
            for word in _words(said, theirs, names, MOST_WORDS)
        ]
        found += _apart([one for one in some if one.is_of_many])[:most]
    shown = store.shown_posts([one.rid for theme in found for one in theme.having[:MOST_SHOWN]])
    return tuple(one.theme(shown) for one in found)


def _read(store: Store, brands: Sequence[str], period: Period) -> list[Saying]:
    """Wordings about brands, of each person but a few: who repeats himself makes no theme."""
    of_author = Counter[int]()
    kept = []
    for one in store.sayings(brands, (period.since, period.until), MOST_READ):
        of_author[one.author] += 1
        if of_author[one.author] <= MOST_OF_ONE:
            kept.append(one)
    return kept


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
        most=most,
    )
    called = {"".join(fold_words(name)) for name in names}
    return [
        word for word in found if not (EMPTY.issuperset(word.terms) or _is_called(word, called))
    ]


def _is_called(word: Word, called: Collection[str]) -> bool:
    """Whether a word only is a name with a letter or two more: `bmws`, `fords`."""
    return any(
        len(name) > 2 and term.startswith(name) and len(term) <= len(name) + 2
        for term in word.terms
        for name in called
    )


def _apart(found: Sequence["_Found"]) -> list["_Found"]:
    """Put words that mostly stand in the same sayings together under the clearest of them."""
    kept: list[_Found] = []
    for one in found:
        with_it = next((other for other in kept if one.is_with(other)), None)
        if with_it is None:
            kept.append(one)
        else:
            with_it.beside.append(one.written)
    return kept


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
        self.written = word.text
        self.beside: list[str] = []
        self.having = [one for one, has in zip(said, words, strict=True) if wanted <= has]
        self._rest = [one for one, has in zip(said, words, strict=True) if not wanted <= has]
        self._others = sum(wanted <= has for has in theirs) * len(said) / len(theirs)
        self._people = Counter(one.author for one in self.having)

    @property
    def is_of_many(self) -> bool:
        """Whether it is more than what a few people repeat."""
        most = max(self._people.values(), default=0)
        return len(self._people) >= FEWEST_PEOPLE and 2 * most <= len(self.having)

    def is_with(self, other: "_Found") -> bool:
        """Whether most sayings that have one of two words have the other."""
        mine, theirs = ({one.rid for one in some.having} for some in (self, other))
        return len(mine & theirs) >= TOGETHER * min(len(mine), len(theirs))

    def theme(self, shown: Mapping[int, ShownPost]) -> Theme:
        """Return it with posts that show it, of those that may be shown."""
        posts = [shown[one.rid] for one in self.having[:MOST_SHOWN] if one.rid in shown]
        posts.sort(key=lambda one: (-one.engagement, one.posted_at, one.key))
        return Theme(
            term=" ".join(self._word.terms),
            written=self.written,
            beside=tuple(self.beside[:MOST_BESIDE]),
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
