"""The rule that finds names made to be taken for a brand's: one `[[rules]]` table."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rules.errors import Problem


@dataclass(frozen=True, kw_only=True)
class LookalikeRule:
    """Raises a suspect for each account or link domain whose name resembles a brand."""

    name: str
    """How mails and commands call the rule; unique in the configuration."""
    kind: Literal["lookalike"] = "lookalike"
    brands: tuple[str, ...] = ()
    """Names of the brands to guard; empty: all of them."""
    then: tuple[str, ...] = ()
    """Names of the channels that are told."""
    min_score: float = 0.6
    """From 0 to 1: what resembles a brand less is not raised. `docs/lookalikes.md` says how many
    ordinary names each level lets through."""
    enabled: bool = True
    """Whether the rule is used at all."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        if not self.name.strip():
            yield Problem(code="empty-name", message="a rule needs a name", path=("name",))
        if not (math.isfinite(self.min_score) and 0 < self.min_score <= 1):
            yield Problem(
                code="score-out-of-range",
                message="min_score must lie above 0 and be at most 1",
                path=("min_score",),
                help="min_score = 0.6",
            )
        for at, brand in enumerate(self.brands):
            if not brand.strip() or brand in self.brands[:at]:
                yield Problem(
                    code="duplicate-name" if brand.strip() else "empty-name",
                    message=f'brand "{brand}" is listed twice' if brand.strip() else "empty brand",
                    path=("brands", at),
                    help="leave it out",
                )
