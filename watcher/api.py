"""What is stored and counted, for a program or a notebook: `docs/python.md` shows how.

    from watcher.api import open_watch

    with open_watch("watcher.toml") as watch:
        frame = pandas.DataFrame(watch.posts(brand="Acme"))

Everything is read, nothing is written: no database is made or upgraded, and a watcher that runs
beside it is not held up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from rules.evaluator import Evaluator
from rules.keyword import KeywordRule
from rules.language import ExpressionError
from watcher.clock import utc_now
from watcher.coherence import names
from watcher.config import Config, find, load
from watcher.export.counted import account_table, satisfaction_table, voice_table
from watcher.export.errors import ExportError
from watcher.export.stored import STORED, stored
from watcher.export.table import Column, Table
from watcher.insights.account import account_statistics
from watcher.insights.model import Period
from watcher.insights.satisfaction import satisfaction
from watcher.insights.voice import share_of_voice
from watcher.store import Store, Wanted

__all__ = ["Column", "Table", "Watch", "open_watch"]

When = datetime | date
"""A moment with its zone, or a day in the configuration's time zone."""

RECENT = 28
"""Days that are counted where nobody says which."""


def open_watch(config: str | Path | None = None) -> "Watch":
    """Open what a configuration keeps; None takes the one that the commands would take.

    Raises `ConfigError`, and `StoreError` where the database is not there yet, was made by another
    version, or cannot be reached.
    """
    loaded = load(find(Path(config) if config is not None else None))
    return Watch(loaded, Store.open(loaded.store_url, migrate=False))


@dataclass(frozen=True, slots=True)
class Watch:
    """A watcher's memory, to read from; close it when done, or use it in a `with`.

    Each method returns a `Table`: go through it for a `dict` a row, hand it to
    `pandas.DataFrame`, or to `watcher.export.write_file`. Stored rows are read while you go through
    them, anew each time. Times are aware, in UTC. A day for `until` belongs to what is returned; a
    moment does not. Private posts are left out unless `private` is true.
    """

    config: Config
    store: Store

    def posts(
        self,
        *,
        since: When | None = None,
        until: When | None = None,
        brand: str | None = None,
        rule: str | None = None,
        find: str | None = None,
        private: bool = False,
    ) -> Table:
        """Return stored posts; `find` is an expression as rules hold it.

        Raises `ExpressionError`, and `ExportError` for a brand that is not configured.
        """
        return self.table("posts", since=since, until=until, brand=brand, rule=rule, find=find,
                          private=private)  # fmt: skip

    def matches(
        self,
        *,
        since: When | None = None,
        until: When | None = None,
        brand: str | None = None,
        rule: str | None = None,
        find: str | None = None,
        private: bool = False,
    ) -> Table:
        """Return what rules found, likewise; `since` and `until` are about when it was written."""
        return self.table("matches", since=since, until=until, brand=brand, rule=rule, find=find,
                          private=private)  # fmt: skip

    def spoken(
        self,
        *,
        since: When | None = None,
        until: When | None = None,
        brand: str | None = None,
        find: str | None = None,
        private: bool = False,
    ) -> Table:
        """Return the posts that speak of each brand, with their tone."""
        return self.table("spoken", since=since, until=until, brand=brand, find=find,
                          private=private)  # fmt: skip

    def suspects(
        self,
        *,
        since: When | None = None,
        until: When | None = None,
        brand: str | None = None,
        rule: str | None = None,
        private: bool = False,
    ) -> Table:
        """Return the accounts and domains that look like a brand, by when they were seen last."""
        return self.table("suspects", since=since, until=until, brand=brand, rule=rule,
                          private=private)  # fmt: skip

    def table(
        self,
        name: str,
        *,
        since: When | None = None,
        until: When | None = None,
        brand: str | None = None,
        rule: str | None = None,
        find: str | None = None,
        private: bool = False,
    ) -> Table:
        """Return any table of what is stored, by the name that `watcher export` knows.

        Raises `ExportError` for one that does not exist or cannot be narrowed so.
        """
        wanted = self.wanted(since=since, until=until, brand=brand, rule=rule, private=private)
        return self.chosen(name, wanted, find)

    def chosen(self, name: str, wanted: Wanted, find: str | None = None) -> Table:
        """Return the same for what `wanted` gave."""
        return stored(self.store, name, wanted, self._evaluator(find))

    def wanted(
        self,
        *,
        since: When | None = None,
        until: When | None = None,
        brand: str | None = None,
        rule: str | None = None,
        private: bool = False,
    ) -> Wanted:
        """Return what the store is asked for. Raises `ExportError` as `posts` does."""
        _in_order(since, until)
        return Wanted(
            since=self._moment(since, 0),
            until=self._moment(until, 1),
            brand=self._brand(brand) if brand is not None else None,
            rule=rule,
            private=private,
        )

    def tables(self) -> tuple[str, ...]:
        """Return the names that `table` takes."""
        return tuple(STORED)

    def satisfaction(
        self, *brands: str, since: When | None = None, until: When | None = None
    ) -> Table:
        """Return in which tone people spoke of brands, a row a day; of all brands by default."""
        period = self.period(since, until)
        told = [satisfaction(self.store, one, period) for one in self._brands(brands)]
        return satisfaction_table(*told)

    def share_of_voice(
        self, *brands: str, since: When | None = None, until: When | None = None
    ) -> Table:
        """Return how much was said of each of several brands, a row a day."""
        period = self.period(since, until)
        return voice_table(share_of_voice(self.store, self._brands(brands), period))

    def account_statistics(
        self, handle: str, *, since: When | None = None, until: When | None = None
    ) -> Table:
        """Return what is counted of an account, a number a row.

        `handle` is `@ann`, or `mastodon:ann` where several networks have one. Raises `ExportError`
        where nobody has it.
        """
        network, own = handle.split(":", 1) if ":" in handle else (None, handle)
        account = self.store.account_by_handle(network, own.removeprefix("@"))
        if account is None:
            raise ExportError(f"no stored account has the handle {handle[:60]!r}")
        period = self.period(since, until) if since is not None or until is not None else None
        return account_table(account_statistics(self.store, account.key, period, self.zone))

    @property
    def zone(self) -> ZoneInfo:
        """The configuration's time zone, in which days begin and end."""
        return ZoneInfo(self.config.timezone)

    def period(self, since: When | None, until: When | None, now: datetime | None = None) -> Period:
        """Return a stretch of time; without a beginning, 28 days to its end, else to now."""
        _in_order(since, until)
        end = self._moment(until, 1)
        if end is None:
            today = (now or utc_now()).astimezone(self.zone).date()
            end = _midnight(today + timedelta(days=1), self.zone)
        begin = self._moment(since, 0)
        if begin is None:
            last = (end - timedelta(microseconds=1)).astimezone(self.zone).date()
            begin = _midnight(last - timedelta(days=RECENT - 1), self.zone)
        return Period(since=begin, until=end, zone=self.zone)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _moment(self, when: When | None, days: int) -> datetime | None:
        if when is None:
            return None
        if not isinstance(when, datetime):
            return _midnight(when + timedelta(days=days), self.zone)
        if when.tzinfo is None:
            raise ExportError(
                f"{when} does not say in which zone it is",
                help="add tzinfo=UTC, or give a date for a day of the configuration's time zone",
            )
        return when.astimezone(UTC)

    def _brands(self, brands: Sequence[str]) -> list[str]:
        return [self._brand(one) for one in brands] or [one.name for one in self.config.brands]

    def _brand(self, name: str) -> str:
        known = [one.name for one in self.config.brands]
        same = [one for one in known if one.casefold() == name.casefold()]
        if not same:
            raise ExportError(
                f"there is no brand called {name[:60]!r}",
                help=f"there are: {', '.join(known) or 'none'}",
            )
        return name if name in same else same[0]

    def _evaluator(self, expression: str | None) -> Evaluator | None:
        if expression is None:
            return None
        rule = KeywordRule(name="this expression", find=expression)
        problems = [one for one in rule.problems() if one.path[:1] in ((), ("find",))]
        alone = names.problems(replace(self.config, rules=(rule,)))
        problems += [one for one in alone if one.path[:3] == ("rules", 0, "find")]
        if any(one.severity == "error" for one in problems):
            raise ExpressionError(tuple(problems), expression)
        return Evaluator(*rule.compiled(self.config.definitions))


def _in_order(since: When | None, until: When | None) -> None:
    if isinstance(since, datetime) or isinstance(until, datetime):
        return  # a moment is not of the same zone as a day
    if since is not None and until is not None and until < since:
        raise ExportError(
            f"{until} lies before {since}", help="since is the first day, until the last"
        )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
