"""What rates count, read out of posts."""

from collections.abc import Collection

from rules.evaluator import Reading, evaluate
from rules.language import expand
from rules.language.tree import BrandName
from rules.lookalike.hosts import host
from rules.metadata import fold_language
from rules.model import Definitions, Post
from rules.rates.model import Group, Value
from rules.text import Analysis, analyse


class Values:
    """Reads the values of posts; made once for a configuration, for its brands."""

    def __init__(self, definitions: Definitions) -> None:
        self._brands = [
            (brand.name, expand(BrandName(name=brand.name), definitions))
            for brand in definitions.brands
        ]
        self._reading = Reading(languages=definitions.languages)

    def of(
        self, post: Post, wanted: Collection[Group | Value]
    ) -> dict[Group | Value, tuple[str, ...]]:
        """The values of a post of the kinds that are wanted, each once; authors have their own."""
        analysis = analyse(post)
        return {what: self._read(what, analysis) for what in wanted if what != "author"}

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
