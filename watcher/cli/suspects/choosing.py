"""Which suspects a command is about: the options that filter them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

import click

from rules.model import Verdict
from watcher.cli.names import Score, brand_names, completing, limit, meant
from watcher.config import Config
from watcher.store import Store, SuspectRecord

VERDICTS = [str(verdict) for verdict in Verdict]
ALL = 10**9


@dataclass(frozen=True)
class Choice:
    """Which suspects are meant."""

    verdict: str
    brand: str | None
    min_score: float
    limit: int | None

    def of(self, config: Config, store: Store) -> tuple[SuspectRecord, ...]:
        """Return the suspects, the most alike first, and one above the limit where there is one.

        Raises `MistakeError` for a brand that is neither configured nor that of any suspect.
        """
        records = self._read(store, self.brand)
        if records or self.brand is None:
            return records
        return self._read(store, meant(self.brand, brand_names(config), "brand"))

    def _read(self, store: Store, brand: str | None) -> tuple[SuspectRecord, ...]:
        return store.suspects(
            verdict=None if self.verdict == "all" else Verdict(self.verdict),
            brand=brand,
            min_score=self.min_score,
            limit=self.limit + 1 if self.limit else ALL,
        )

    def none_found(self, store: Store) -> str:
        """Say that no suspect fits, and where there are others."""
        fits = " that fits" if self.brand or self.min_score else ""
        if self.verdict == "all":
            return f"there is no suspect{fits}"
        others = {v: n for v, n in store.status().suspects.items() if v != self.verdict and n}
        told = ", ".join(f"{number} {verdict}" for verdict, number in others.items())
        hint = f" ({told}: --verdict all shows them)" if told else ""
        return f"no suspect{fits} is {self.verdict}{hint}"


def choosing(default: int | None = 50) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options that choose suspects; the command receives them as a `Choice`."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        def chosen(
            *, verdict: str, brand: str | None, min_score: float, limit: int | None, **rest: Any
        ) -> None:
            function(choice=Choice(verdict, brand, min_score, limit), **rest)

        update_wrapper(chosen, function)
        options: tuple[Callable[..., Any], ...] = (
            limit(default),
            click.option(
                "--min-score",
                type=Score(),
                default=0.0,
                help="Only those at least so alike: 0 to 1.",
            ),
            click.option(
                "--brand",
                shell_complete=completing(brand_names),
                help="Only those that look like this brand.",
            ),
            click.option(
                "--verdict",
                type=click.Choice([*VERDICTS, "all"]),
                default="open",
                show_default=True,
                help="Only those judged so.",
            ),
        )
        decorated: Callable[..., None] = chosen
        for option in options:
            decorated = option(decorated)
        return decorated

    return decorate
