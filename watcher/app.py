"""Opens what the watcher is made of, and hands it over as one App."""

import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Self

from alerts.routing.route import Router
from alerts.words.render import Templates
from rules import KeywordRule, LookalikeRule
from rules.errors import WatcherError
from rules.lookalike import Detector
from rules.matcher import Matcher
from rules.rates.values import Values
from rules.signals.spoken import Hearing
from watcher import allowances, files
from watcher.backends import XSource
from watcher.clock import utc_now
from watcher.config import Config, ConfigError, load
from watcher.impostors.alarm_load import load_of
from watcher.presence import make_private
from watcher.relevance import Relevances
from watcher.routing import router_of
from watcher.search import Index, open_index
from watcher.store import Store, StoreError

log = logging.getLogger("watcher")


@dataclass(frozen=True, kw_only=True)
class App:
    """Everything opened and compiled; what a step of the pipeline needs to run.

    `clock` tells the time to every step, `random` spreads retries; both are arguments for tests.
    `worker` is the name that this process signed in with, where several work on the database.
    """

    config: Config
    store: Store
    index: Index
    matcher: Matcher
    detector: Detector
    hearing: Hearing
    relevances: Relevances
    values: Values
    router: Router
    templates: Templates
    clock: Callable[[], datetime] = utc_now
    random: Random
    worker: str = ""

    @classmethod
    def open(cls, config: Config, *, clock: Callable[[], datetime] = utc_now) -> Self:
        """Open store and index, compile the rules.

        Raises `StoreError` or `SearchError` where the data folder, the database or the index cannot
        be used.
        """
        make_private(config.data)
        allowances.take_up(config.data, utc_now())  # budgets live on the clock of the servers
        store = Store.open(config.store_url)
        store.partitions = config.store.partitions
        config = _billed(config, store)
        app = cls(
            config=config,
            store=store,
            index=open_index(config.data / "index", store),
            matcher=Matcher(_keyword_rules(config), config.definitions),
            detector=_detector(config, store, clock()),
            hearing=Hearing(config.definitions),
            relevances=Relevances(config.definitions, config.rules),
            values=Values(config.definitions),
            router=router_of(config),
            templates=Templates(files.templates(), config.templates),
            clock=clock,
            random=Random(),  # noqa: S311 - spreads retries, guards nothing
        )
        gc.freeze()  # modules and rules live to the end: the collector need not visit them again
        return app

    def reconfigured(self, config: Config) -> Self:
        """Return an App for a new configuration on the same store and index.

        Raises `StoreError` when the new configuration keeps its data elsewhere.
        """
        if (config.data, config.store_url) != (self.config.data, self.config.store_url):
            raise StoreError(
                "the configuration now keeps its data elsewhere",
                help="stop the watcher and start it again to move to the new place",
            )
        config = _billed(config, self.store)
        return replace(
            self,
            config=config,
            matcher=self.matcher.with_rules(_keyword_rules(config), config.definitions),
            detector=_detector(config, self.store, self.clock()),
            hearing=Hearing(config.definitions),
            relevances=Relevances(config.definitions, config.rules),
            values=Values(config.definitions),
            templates=Templates(files.templates(), config.templates),
            router=router_of(config),
        )

    def close(self) -> None:
        """Let go of store and index, and leave what networks still let us ask."""
        allowances.leave(self.config.data)
        self.index.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def renewed(app: App, seen: tuple[int, int] | None) -> tuple[App, tuple[int, int] | None]:
    """Return the app with its configuration as it is now, and how that file looks.

    It is the same app where the file looks as it did when it was `seen`, says the same, or is
    broken, which is told.
    """
    path = app.config.path
    stamp = file_stamp(path)
    if stamp == seen:
        return app, stamp
    try:
        config = load(path)
        if config == app.config:
            return app, stamp
        return app.reconfigured(config), stamp
    except (ConfigError, WatcherError) as error:
        log.error("the changed configuration is not used:\n%s", error)  # noqa: TRY400
        return app, stamp


def file_stamp(path: Path) -> tuple[int, int] | None:
    """Return what tells a changed file from the one before; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _billed(config: Config, store: Store) -> Config:
    """Return the configuration with sources that keep their bill in the store."""
    return replace(
        config,
        sources=tuple(
            replace(source, ledger=store) if isinstance(source, XSource) else source
            for source in config.sources
        ),
    )


def _keyword_rules(config: Config) -> list[KeywordRule]:
    return [rule for rule in config.rules if isinstance(rule, KeywordRule) and rule.enabled]


def _detector(config: Config, store: Store, now: datetime) -> Detector:
    rules = [rule for rule in config.rules if isinstance(rule, LookalikeRule) and rule.enabled]
    if any(rule.alarms_a_week is not None for rule in rules):
        load = load_of(store, now)
        rules = [rule.for_load(load.accounts_a_week, len(config.brands)) for rule in rules]
    return Detector(rules, config.brands)
