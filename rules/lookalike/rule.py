"""The rule that finds names made to be taken for a brand's: one `[[rules]]` table."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Final, Literal, Self

from rules.errors import Problem
from rules.lookalike.bands import threshold

FAINTEST: Final = 0.1
"""A name less like a brand's is none, whatever else is known of the account."""


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
    alarms_a_week: float | None = None
    """How many false alarms a week you can look at, in place of `min_score`: the score follows from
    how many new accounts your sources bring. `watcher check` tells which it is."""
    enabled: bool = True
    """Whether the rule is used at all."""
    allow: tuple[str, ...] = ()
    """What `watcher check` finds doubtful and is meant so, by its codes. See `docs/lint.md`."""

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
        yield from self._load_problems()
        if self.allow:
            from rules.lint.allow import unknown_lints  # it reads names by this room's forms

            yield from unknown_lints(self.allow)
        for at, brand in enumerate(self.brands):
            if not brand.strip() or brand in self.brands[:at]:
                yield Problem(
                    code="duplicate-name" if brand.strip() else "empty-name",
                    message=f'brand "{brand}" is listed twice' if brand.strip() else "empty brand",
                    path=("brands", at),
                    help="leave it out",
                )

    def _load_problems(self) -> Iterator[Problem]:
        alarms = self.alarms_a_week
        if alarms is None:
            return
        if not (math.isfinite(alarms) and alarms > 0):
            yield Problem(
                code="alarms-out-of-range",
                message="alarms_a_week must be a number above 0",
                path=("alarms_a_week",),
                help="alarms_a_week = 5",
            )
        usual = next(field.default for field in fields(self) if field.name == "min_score")
        if self.min_score != usual:
            yield Problem(
                code="score-twice",
                message="min_score and alarms_a_week both say how much is raised",
                path=("alarms_a_week",),
                help="keep one of the two",
            )

    def for_load(self, accounts_a_week: float, brands: int) -> Self:
        """Return the rule with the `min_score` that `alarms_a_week` comes to.

        `accounts_a_week` are the accounts that sources bring and that nobody had seen, `brands` how
        many are configured. The score is rounded up to hundredths, so that it rarely changes. A
        rule without `alarms_a_week` comes back as it is.
        """
        if self.alarms_a_week is None:
            return self
        wanted = threshold(self.alarms_a_week, accounts_a_week, len(self.brands) or brands)
        return replace(self, min_score=min(1.0, max(FAINTEST, math.ceil(wanted * 100) / 100)))
