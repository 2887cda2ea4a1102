"""What routes, inhibitions and silences ask of a finding; one way of asking for all three. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rules.characters import fold_case
from rules.evaluator import Evaluator, Reading
from rules.language import check, expand
from rules.language.tree import And, BrandName, Node, Or
from rules.metadata import own_terms
from rules.model import Definitions, Post, Suspect
from rules.rates import Alarm
from rules.text import Analysis, analyse


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A post that a rule found, a suspect that it raised, or an alarm of its rate."""

    rule: str
    kind: Literal["post", "suspect", "alarm"] = "post"
    post: Post | None = None
    brand: str = ""
    """Of a suspect, or of an alarm that is counted by brand; that of a post is read out of it."""
    author: str = ""
    """Of a suspect, or of an alarm that is counted by author: a handle or an account's key."""

    @classmethod
    def of_suspect(cls, suspect: Suspect) -> "Finding":
        """Return a suspect as a finding of its rule."""
        author = "" if suspect.is_domain else suspect.name
        return cls(rule=suspect.rule, kind="suspect", brand=suspect.brand, author=author)

    @classmethod
    def of_alarm(cls, alarm: Alarm, by: str | None) -> "Finding":
        """Return an alarm as a finding; `by` is what its rate counts apart."""
        brand, author = (alarm.group if by == what else "" for what in ("brand", "author"))
        return cls(rule=alarm.rule, kind="alarm", brand=brand, author=author)

    @cached_property
    def analysis(self) -> Analysis | None:
        """The post, read once for all that ask."""
        return None if self.post is None else analyse(self.post)


class Condition:
    """What a finding must be like, made ready to be asked. What is left empty asks for nothing.

    A brand is asked of a post's words, as `brand:"Acme"` in a rule; an author and an expression are
    asked of posts only, an author of suspects and of alarms counted by author too. What nobody can
    know of a finding does not fit.
    """

    def __init__(
        self,
        *,
        rules: Collection[str] = (),
        brands: Collection[str] = (),
        channels: Collection[str] = (),
        author: str = "",
        find: str = "",
        definitions: Definitions,
    ) -> None:
        """Make it ready. An expression that cannot be understood fits nothing."""
        self._rules, self._channels = frozenset(rules), frozenset(channels)
        self._brands = frozenset(fold_case(brand) for brand in brands)
        self._author, self._find = fold_case(author.removeprefix("@")), find
        self._evaluator = _evaluator(brands, author, find, definitions)

    def fits(self, finding: Finding, channel: str = "") -> bool:
        """Whether a finding that is to go to a channel is like this."""
        if self._rules and finding.rule not in self._rules:
            return False
        if self._channels and channel not in self._channels:
            return False
        if finding.post is None:
            return self._fits_names(finding)
        if self._evaluator is None:
            return True  # a post is only read where something is asked of it
        analysis = finding.analysis
        return analysis is not None and self._evaluator.spans(analysis) is not None

    def _fits_names(self, finding: Finding) -> bool:
        if self._find or (self._brands and fold_case(finding.brand) not in self._brands):
            return False
        return not self._author or fold_case(finding.author) == self._author


def _evaluator(
    brands: Collection[str], author: str, find: str, definitions: Definitions
) -> Evaluator | None:
    """Make what is asked of posts into one tree; None where nothing is."""
    parts: list[Node] = []
    if brands:
        names = tuple(BrandName(name=brand) for brand in brands)
        parts.append(Or(parts=names) if len(names) > 1 else names[0])
    for expression in (f"from:{author.removeprefix('@')}" if author else "", find):
        if expression:
            tree, _ = check(expression)
            parts.append(Or(parts=()) if tree is None else tree)
    if not parts:
        return None
    tree = And(parts=tuple(parts)) if len(parts) > 1 else parts[0]
    own = own_terms(definitions.brands)
    return Evaluator(expand(tree, definitions), Reading(own=own, languages=definitions.languages))
