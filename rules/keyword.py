"""The rule that finds words: one `[[rules]]` table with a `find` expression."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from rules.errors import Problem
from rules.evaluator import Reading
from rules.language import check
from rules.metadata import own_terms
from rules.model import Brand


@dataclass(frozen=True, kw_only=True)
class KeywordRule:
    """Matches the posts that an expression describes."""

    name: str
    """How mails and commands call the rule; unique in the configuration."""
    kind: Literal["keyword"] = "keyword"
    find: str
    """What to look for: `(acme OR "acme corp") -job lang:fr`. See `docs/rules.md`."""
    then: tuple[str, ...] = ()
    """Names of the channels that are told."""
    in_: tuple[Literal["text", "handles"], ...] = ("text",)
    """Where words are looked for: in the text, or also in the handles that it mentions."""
    fold_accents: bool = True
    """Whether accents make no difference: `ete` finds `été`. `=Été` always looks at them."""
    enabled: bool = True
    """Whether the rule is used at all."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        if not self.name.strip():
            yield Problem(code="empty-name", message="a rule needs a name", path=("name",))
        if "text" not in self.in_:
            yield Problem(
                code="text-left-out",
                message="words are always looked for in the text",
                path=("in",),
                help='in = ["text", "handles"]',
            )
        _, found = check(self.find)
        yield from (replace(problem, path=("find",)) for problem in found)

    def reading(self, brands: Iterable[Brand] = ()) -> Reading:
        """How the leaves of `find` are to be read."""
        return Reading(
            fold_accents=self.fold_accents,
            handles="handles" in self.in_,
            own=own_terms(brands),
        )
