"""What Prometheus reads: the figures of this process, and those of the store that it works on.

Names follow Prometheus' conventions: `watcher_` in front, the unit behind, `_total` for what only
grows. Labels hold names from the configuration, numbers of partitions, and words of our own:
nothing that a stranger wrote, and no more of them than the configuration has.

Figures of the store are the same from whichever process they are read: take their maximum, not
their sum. They are kept for some seconds, so that who asks often does not burden the database.
"""

import platform
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from rules.errors import WatcherError
from watcher.app import App
from watcher.metrics.health import Health
from watcher.metrics.server import Page
from watcher.pulse import BOUNDS, Pulse, StepFigures
from watcher.store import SourceState, StoreError

KEPT = 5.0
"""Seconds for which figures of the store are told again."""
ELSEWHERE = "(not configured)"
"""Stands for all channels that the store knows and the configuration does not."""


class Monitor:
    """Makes the page that Prometheus reads."""

    def __init__(self, app: Callable[[], App], pulse: Pulse, health: Health) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_OfProcess(pulse, health))
        self._registry.register(_OfStore(app))
        ProcessCollector(registry=self._registry)

    def page(self) -> Page:
        """Return the figures of this moment in Prometheus' text format."""
        return Page(body=generate_latest(self._registry).decode(), kind=CONTENT_TYPE_LATEST)

    def late(self, seconds: float) -> Page:
        """Return what is said while the figures have been in the making for so long."""
        words = f"the figures have been in the making for {seconds:.0f} s\n"
        return Page(body=words, kind="text/plain; charset=utf-8", status=503)


# --- this process -------------------------------------------------------------------------------


class _OfProcess(Collector):
    def __init__(self, pulse: Pulse, health: Health) -> None:
        self._pulse, self._health = pulse, health

    def describe(self) -> Iterator[Metric]:
        """Name nothing in advance: reading would need the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        build = {"version": version("brand-watcher"), "python": platform.python_version()}
        yield InfoMetricFamily("watcher_build", "What runs.", value=build)
        yield _gauge("watcher_leader", "Whether this process leads the schedule.",
                     self._pulse.role == "leads")  # fmt: skip
        yield _gauge("watcher_config_valid", "Whether the configuration on disk can be used.",
                     self._health.config_is_valid())  # fmt: skip
        yield _gauge("watcher_healthy", "Whether the steps go on.", not self._health.stuck())
        yield from _counted(self._pulse.counted())
        yield from _steps(self._pulse.steps())


def _counted(numbers: Mapping[str, int]) -> Iterator[Metric]:
    for name, metric, words in (
        ("posts", "watcher_matched_posts", "Posts that this process looked at with the rules."),
        ("matches", "watcher_matches", "Matches that this process found."),
        ("suspects", "watcher_suspects_raised", "Suspects that this process raised."),
        ("alarms", "watcher_alarms_raised", "Alarms that this process raised."),
    ):
        yield CounterMetricFamily(metric, words, value=numbers.get(name, 0))
    attempts = CounterMetricFamily(
        "watcher_delivery_attempts",
        "Attempts of this process to deliver, by what became of them.",
        labels=["outcome"],
    )
    for outcome in ("sent", "later", "refused", "parked"):
        attempts.add_metric([outcome], numbers.get(outcome, 0))
    yield attempts


def _steps(steps: Mapping[str, StepFigures]) -> Iterator[Metric]:
    """Yield how long steps take; the pulls of all sources are one step, and failures told apart."""
    now = time.monotonic()
    together: dict[str, StepFigures] = {}
    pulls = CounterMetricFamily(
        "watcher_source_failures",
        "Pulls of a source that failed in this process.",
        labels=["source"],
    )
    for name, step in steps.items():
        kind, _, source = name.partition(" ")
        if kind == "pull":
            pulls.add_metric([source], step.failures)
        whole = together.setdefault(kind, StepFigures())
        whole.failures += step.failures
        whole.seconds += step.seconds
        whole.counts = [one + other for one, other in zip(whole.counts, step.counts, strict=True)]
        whole.began = min(filter(None, (whole.began, step.began)), default=None)
    durations = HistogramMetricFamily(
        "watcher_step_duration_seconds", "How long the turns of a step took.", labels=["step"]
    )
    failures = CounterMetricFamily("watcher_step_failures", "Turns that failed.", labels=["step"])
    under_way = GaugeMetricFamily(
        "watcher_step_under_way_seconds",
        "For how long the turn under way goes on; 0 where none is.",
        labels=["step"],
    )
    for kind, whole in sorted(together.items()):
        durations.add_metric([kind], _buckets(whole.counts), whole.seconds)
        failures.add_metric([kind], whole.failures)
        under_way.add_metric([kind], now - whole.began if whole.began else 0)
    yield from (pulls, durations, failures, under_way)


def _buckets(counts: list[int]) -> list[tuple[str, float]]:
    total, buckets = 0, []
    for bound, number in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
        total += number
        buckets.append((bound, float(total)))
    return buckets


# --- the store ----------------------------------------------------------------------------------


class _OfStore(Collector):
    def __init__(self, app: Callable[[], App]) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._read = -KEPT
        self._kept: tuple[Metric, ...] = ()

    def describe(self) -> Iterator[Metric]:
        """Name nothing in advance: reading would need the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if time.monotonic() - self._read >= KEPT:
                self._kept = tuple(self._fresh())
                self._read = time.monotonic()
            yield from self._kept

    def _fresh(self) -> Iterator[Metric]:
        app, up = self._app(), True
        try:
            now = app.clock()
            figures = [*_sources(app, now), *_open(app), *_workers(app, now)]
            figures += _index(app)  # it counts posts
        except StoreError:
            figures, up = [], False
        yield _gauge("watcher_store_up", "Whether the database answers.", up)
        yield from figures


def _sources(app: App, now: datetime) -> Iterator[Metric]:
    known = {source.name for source in app.config.sources}
    states = [state for state in app.store.source_states() if state.name in known]
    lag = GaugeMetricFamily(
        "watcher_source_lag_seconds",
        "How far a source lies behind the present: since it was read to its newest post, or what "
        "a stream says.",
        labels=["source"],
    )
    success = GaugeMetricFamily(
        "watcher_source_last_success_timestamp_seconds",
        "When a source was last read to its newest post.",
        labels=["source"],
    )
    failing = GaugeMetricFamily(
        "watcher_source_failing", "Pulls of a source that failed in a row.", labels=["source"]
    )
    posts = CounterMetricFamily(
        "watcher_source_posts", "Posts that a source has brought.", labels=["source"]
    )
    for state in states:
        if (behind := _behind(state, now)) is not None:
            lag.add_metric([state.name], behind)
        if state.last_success:
            success.add_metric([state.name], state.last_success.timestamp())
        failing.add_metric([state.name], state.failures)
        posts.add_metric([state.name], state.posts)
    yield from (lag, success, failing, posts)


def _behind(state: SourceState, now: datetime) -> float | None:
    if state.behind is not None:
        return state.behind.total_seconds()
    if state.last_success is None:
        return None
    return max(0.0, (now - state.last_success).total_seconds())


def _open(app: App) -> Iterator[Metric]:
    found = app.store.figures()
    deliveries = GaugeMetricFamily(
        "watcher_deliveries", "Deliveries that are stored, by their state.", labels=["state"]
    )
    for state, number in found.deliveries.items():
        deliveries.add_metric([str(state)], number)
    waiting = GaugeMetricFamily(
        "watcher_queue_entries", "Findings that wait for a channel.", labels=["channel"]
    )
    known = [channel.name for channel in app.config.channels]
    entries = Counter(dict.fromkeys(known, 0))
    for name, number in found.waiting.items():
        entries[name if name in known else ELSEWHERE] += number
    for name, number in entries.items():
        waiting.add_metric([name], number)
    backlog = GaugeMetricFamily(
        "watcher_log_posts_waiting", "Posts that wait in the log.", labels=["partition"]
    )
    for partition, number in sorted(found.backlog.items()):
        backlog.add_metric([str(partition)], number)
    yield from (deliveries, waiting, backlog)
    yield _gauge("watcher_alarms_open", "Alarms that go on.", found.alarms)
    yield _gauge("watcher_suspects_open", "Suspects that nobody has judged.", found.suspects)


def _workers(app: App, now: datetime) -> Iterator[Metric]:
    known = {source.name for source in app.config.sources}
    lags = GaugeMetricFamily(
        "watcher_log_lag_seconds",
        "For how long the oldest post of a source has waited in the log; 0 where none waits.",
        labels=["source"],
    )
    waiting = app.store.log_lags(now)
    for name in sorted(known):
        lags.add_metric([name], waiting[name].total_seconds() if name in waiting else 0)
    workers = GaugeMetricFamily(
        "watcher_workers", "Processes on this database, by what they do.", labels=["state"]
    )
    states = Counter({"leads": 0, "stands by": 0, "works": 0, "lost": 0})
    for one in app.store.workers(now):
        if one.stopped is None:
            states["lost" if one.is_lost else one.role] += 1
    for state, number in states.items():
        workers.add_metric([state.replace(" ", "_")], number)
    yield from (lags, workers)


def _index(app: App) -> Iterator[Metric]:
    try:
        behind = app.index.lag(app.store)
    except WatcherError:  # it is told by the step that mends it
        return
    yield _gauge("watcher_index_posts_behind", "Posts that the search does not find yet.", behind)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))
