"""Which suspects a command is about: the options that filter them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import update_wrapper
from typing import Any, Literal
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from rules.lookalike.bands import Band, band
from rules.lookalike.techniques import ORDER
from rules.model import Verdict
from watcher.cli.names import (
    DAY,
    MistakeError,
    Score,
    brand_names,
    completing,
    limit,
    meant,
    rule_names,
)
from watcher.config import Config
from watcher.store import Store, SuspectRecord

VERDICTS = [str(verdict) for verdict in Verdict]
ALL = 10**9
FILTERS = (
    "brand", "rule", "technique", "network", "accounts", "domains", "band", "min_score",
    "max_score", "since", "text",
)  # fmt: skip
"""Options that narrow a choice down, beside the verdict."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which suspects are meant; each condition left out allows all."""

    verdict: str
    """A verdict, or `all`."""
    brand: str | None = None
    rule: str | None = None
    technique: str | None = None
    network: str | None = None
    kind: Literal["account", "domain"] | None = None
    band: str | None = None
    min_score: float = 0.0
    max_score: float = 1.0
    since: date | None = None
    """The day, in the configuration's zone, from which on they were first seen."""
    text: str | None = None
    sort: str = "score"
    limit: int | None = None
    stated: frozenset[str] = frozenset()
    """The names of the options that were typed."""

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter beside verdict, order and limit was typed."""
        return not self.stated.isdisjoint(FILTERS)

    def of(self, config: Config, store: Store) -> tuple[SuspectRecord, ...]:
        """Return the suspects in the order asked for, and one above the limit where there is one.

        Raises `MistakeError` for a brand, rule or technique that is neither known nor that of any
        suspect.
        """
        records = self._read(config, store, self.brand, self.rule, self.technique)
        if records:
            return records
        brand, rule, technique = self.brand, self.rule, self.technique
        if brand is not None and not store.suspects(brand=brand, limit=1):
            brand = meant(brand, brand_names(config), "brand")
        if rule is not None and not store.suspects(rule=rule, limit=1):
            rule = meant(rule, rule_names(config), "rule")
        if technique is not None and not store.suspects(technique=technique, limit=1):
            technique = meant(technique, ORDER, "technique")
        return self._read(config, store, brand, rule, technique)

    def _read(
        self,
        config: Config,
        store: Store,
        brand: str | None,
        rule: str | None,
        technique: str | None,
    ) -> tuple[SuspectRecord, ...]:
        sifted = self.text is not None or self.band is not None
        most = self.limit + 1 if self.limit else ALL
        records = store.suspects(
            verdict=None if self.verdict == "all" else Verdict(self.verdict),
            brand=brand,
            rule=rule,
            technique=technique,
            network=self.network,
            kind=self.kind,
            min_score=self.min_score,
            max_score=self.max_score,
            since=beginning(self.since, config.timezone) if self.since else None,
            newest_first=self.sort == "newest",
            limit=ALL if sifted else most,
        )
        return tuple(record for record in records if self._fits(record))[:most]

    def _fits(self, record: SuspectRecord) -> bool:
        if self.band is not None and band(record.suspect.score) != self.band:
            return False
        return self.text is None or says(record, self.text)

    def none_found(self, store: Store) -> str:
        """Say that no suspect fits, and where there are others."""
        fits = " that fits" if self.is_narrowed else ""
        if self.verdict == "all":
            return f"there is no suspect{fits}"
        others = {v: n for v, n in store.status().suspects.items() if v != self.verdict and n}
        told = ", ".join(f"{number} {verdict}" for verdict, number in others.items())
        hint = f" ({told}: --verdict all shows them)" if told else ""
        return f"no suspect{fits} is {self.verdict}{hint}"


def says(record: SuspectRecord, text: str) -> bool:
    """Return whether a suspect's names or bio hold a text, whatever its case."""
    bio = record.account.bio if record.account else ""
    said = (record.suspect.name, record.suspect.display_name, record.suspect.subject, bio)
    return any(text.casefold() in one.casefold() for one in said)


def beginning(day: date, zone: str) -> datetime:
    """Return the moment at which a day begins on the clocks of a zone."""
    return datetime.combine(day, time.min, ZoneInfo(zone))


def choosing(
    default: int | None = 50, verdict: str = "open"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options that choose suspects; the command receives them as a `Choice`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        names = [*FILTERS, "verdict", "sort", "limit"]

        def chosen(**given: Any) -> Any:
            source = click.get_current_context().get_parameter_source
            typed = (name for name in names if source(name) != ParameterSource.DEFAULT)
            taken = {name: given.pop(name) for name in names}
            kind = _kind(accounts=taken.pop("accounts"), domains=taken.pop("domains"))
            choice = Choice(stated=frozenset(typed), kind=kind, **taken)
            return function(choice=choice, **given)

        update_wrapper(chosen, function)
        decorated: Callable[..., Any] = chosen
        for option in _options(default, verdict):
            decorated = option(decorated)
        return decorated

    return decorate


def _kind(*, accounts: bool, domains: bool) -> Literal["account", "domain"] | None:
    if accounts and domains:
        raise MistakeError(
            "no suspect is both an account and a domain", help="leave both out for all suspects"
        )
    return "account" if accounts else "domain" if domains else None


def _techniques(_config: Config) -> list[str]:
    return list(ORDER)


def _options(default: int | None, verdict: str) -> tuple[Callable[..., Any], ...]:
    """The options, last one first, as decorators are applied."""
    return (
        limit(default),
        click.option(
            "--sort",
            type=click.Choice(["score", "newest"]),
            default="score",
            show_default=True,
            help="The most alike first, or those first seen last.",
        ),
        click.option("--text", metavar="WORDS", help="Only those with this in a name or bio."),
        click.option("--since", type=DAY, help="Only those first seen on this day or later."),
        click.option(
            "--max-score", type=Score(), default=1.0, help="Only those at most so alike: 0 to 1."
        ),
        click.option(
            "--min-score", type=Score(), default=0.0, help="Only those at least so alike: 0 to 1."
        ),
        click.option(
            "--band",
            type=click.Choice([str(one) for one in Band]),
            help="Only those in this band of the score.",
        ),
        click.option("--domains", is_flag=True, help="Only domains."),
        click.option("--accounts", is_flag=True, help="Only accounts."),
        click.option("--network", metavar="NAME", help="Only accounts on this network."),
        click.option(
            "--technique",
            metavar="NAME",
            shell_complete=completing(_techniques),
            help="Only those made so: homoglyph, affix, contains, ...",
        ),
        click.option(
            "--rule", shell_complete=completing(rule_names), help="Only those of this rule."
        ),
        click.option(
            "--brand",
            shell_complete=completing(brand_names),
            help="Only those that look like this brand.",
        ),
        click.option(
            "--verdict",
            type=click.Choice([*VERDICTS, "all"]),
            default=verdict,
            show_default=True,
            help="Only those judged so.",
        ),
    )
