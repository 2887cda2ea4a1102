"""What rates count, read out of posts."""

from rules.evaluator import Reading, evaluate
from rules.language import expand
from rules.language.tree import BrandName
from rules.lookalike.hosts import host
from rules.metadata import fold_language
from rules.model import Definitions, Post
from rules.rates.model import Group, Value
from rules.text import Analysis, analyse

MOST_REMEMBERED = 200_000


class Values:
    """Reads the values of posts; made once for a configuration, for its brands."""

    def __init__(self, definitions: Definitions) -> None:
        self._brands = [
            (brand.name, expand(BrandName(name=brand.name), definitions))
            for brand in definitions.brands
        ]
        self._seen: dict[tuple[int, Group | Value], tuple[str, ...]] = {}
        self._reading = Reading(languages=definitions.languages)

    def of(self, post: Post, what: Group | Value) -> tuple[str, ...]:
        """The values of a post of one kind, each once; an author is known without this."""
        return self._read(what, analyse(post))

    def remembered(self, rid: int, what: Group | Value) -> tuple[str, ...] | None:
        """What `remember` was told of a post by its number; None for a post not seen lately.

        A window is looked at again and again while it slides, and a stored post never changes.
        """
        return self._seen.get((rid, what))

    def remember(self, rid: int, what: Group | Value, values: tuple[str, ...]) -> None:
        """Remember values read out of a stored post, for a while."""
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.clear()
        self._seen[rid, what] = values

    def _read(self, what: Group | Value, analysis: Analysis) -> tuple[str, ...]:
        if what == "brand":
            return tuple(
                name
                for name, tree in self._brands
                if evaluate(tree, self._reading, analysis) is not None
            )
        if what == "hashtag":
            return tuple(sorted(term[1:] for term in analysis.terms if term[:1] == "#"))
        if what == "language":
            stated = fold_language(analysis.post.language or "")
            return (stated,) if stated else ()
        hosts = (host(term[7:]) for term in analysis.metadata if term.startswith("domain:"))
        return tuple(sorted({one.registrable for one in hosts if one is not None}))
