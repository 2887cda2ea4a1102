"""What Prometheus reads of a watcher at work."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from tests.journeys.alert_world import World
from tests.store.moved import a_world
from tests.store.samples import NOON
from watcher.metrics import figures
from watcher.metrics.figures import Monitor
from watcher.metrics.health import Health
from watcher.pulse import Pulse
from watcher.store.schema import log_cursors, log_heads, queue, workers

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A watcher that has told something, and has more to tell."""
    world = a_world(tmp_path_factory.mktemp("world"))
    yield world
    world.app.close()


@pytest.fixture
def pulse() -> Pulse:
    """The pulse of a process that has done some steps."""
    pulse = Pulse()
    pulse.role = "leads"
    for name in ("match", "pull town", "pull other", "match"):
        with pulse.step(name) as turn:
            turn.failed = name == "pull other"
    pulse.count(posts=7, matches=3, suspects=1, alarms=2, sent=4, later=1)
    return pulse


@pytest.fixture
def monitor(world: World, pulse: Pulse, monkeypatch: pytest.MonkeyPatch) -> Monitor:
    monkeypatch.setattr(figures, "KEPT", 0.0)
    health = Health(world.app.config.path, lambda: world.app, pulse)
    return Monitor(lambda: world.app, pulse, health)


def samples(monitor: Monitor) -> Samples:
    """Read the page as Prometheus does."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(monitor.page().body)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def test_the_figures_of_the_process_and_of_the_store(world: World, monitor: Monitor) -> None:
    world.now += timedelta(seconds=90)
    try:
        found = samples(monitor)
    finally:
        world.now -= timedelta(seconds=90)
    assert value(found, "watcher_source_lag_seconds", source="town") == 90
    success = value(found, "watcher_source_last_success_timestamp_seconds", source="town")
    assert success == world.now.timestamp()
    assert value(found, "watcher_source_posts_total", source="town") == 9
    assert value(found, "watcher_source_failing", source="town") == 0
    assert value(found, "watcher_source_failures_total", source="other") == 1
    assert value(found, "watcher_deliveries", state="sent") == 3
    assert value(found, "watcher_deliveries", state="parked") == 0
    waiting = world.app.store.status().waiting
    assert value(found, "watcher_queue_entries", channel="daily") == waiting["daily"] > 0
    assert value(found, "watcher_queue_entries", channel="now") == waiting.get("now", 0)
    assert value(found, "watcher_matched_posts_total") == 7
    assert value(found, "watcher_matches_total") == 3
    assert value(found, "watcher_delivery_attempts_total", outcome="sent") == 4
    assert value(found, "watcher_alarms_open") == 1
    assert value(found, "watcher_suspects_open") == world.app.store.status().suspects.get("open", 0)
    assert value(found, "watcher_index_posts_behind") == 0
    assert value(found, "watcher_leader") == value(found, "watcher_config_valid") == 1
    assert value(found, "watcher_store_up") == value(found, "watcher_healthy") == 1
    assert value(found, "watcher_step_failures_total", step="pull") == 1
    assert value(found, "watcher_step_failures_total", step="match") == 0
    assert value(found, "watcher_step_duration_seconds_count", step="match") == 2
    assert value(found, "watcher_step_duration_seconds_bucket", step="pull", le="+Inf") == 2
    assert value(found, "watcher_workers", state="works") == 0
    assert ("process_cpu_seconds_total", frozenset()) in found


def test_what_waits_in_the_log_and_who_works_on_it(world: World, monitor: Monitor) -> None:
    store = world.app.store
    who = {"pid": 7, "host": "crow", "started": NOON}
    seen = {"leads": 0, "stands by": 0, "works": 0, "lost": 999}
    with store.writing() as connection:
        connection.execute(insert(log_heads), [{"partition": 3, "number": 12}])
        connection.execute(insert(log_cursors), [{"partition": 3, "number": 5}])
        for role, silent in seen.items():
            beat = world.now - timedelta(seconds=silent)
            known = {"role": role if not silent else "works", "beat": beat}
            connection.execute(insert(workers).values(id=role, **who, **known))
        connection.execute(insert(workers).values(
            id="gone", **who, role="works", beat=world.now, stopped=world.now))  # fmt: skip
        connection.execute(insert(queue).values(channel="unknown\n#", queued=NOON))
    found = samples(monitor)
    assert value(found, "watcher_log_posts_waiting", partition="3") == 7
    states = ("leads", "stands_by", "works", "lost")
    assert [value(found, "watcher_workers", state=state) for state in states] == [1, 1, 1, 1]
    assert value(found, "watcher_queue_entries", channel=figures.ELSEWHERE) == 1
    assert not any("unknown" in text for _, labels in found for _, text in labels)


def test_a_database_that_is_away_leaves_the_other_figures(
    world: World, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(str(world.app.store._file))
    aside = path.with_name("aside")
    world.app.store.close()
    path.rename(aside)
    path.mkdir()
    try:
        found = samples(monitor)
    finally:
        path.rmdir()
        aside.rename(path)
    assert value(found, "watcher_store_up") == 0
    assert value(found, "watcher_matches_total") == 3
    assert not any(name.startswith("watcher_source_lag") for name, _ in found)


def test_names_and_labels_follow_the_conventions(monitor: Monitor) -> None:
    """The rules of `promtool check metrics`, and https://prometheus.io/docs/practices/naming."""
    for family in text_string_to_metric_families(monitor.page().body):
        ours = family.name.startswith("watcher_")
        assert re.fullmatch("[a-z][a-z0-9_]*", family.name)
        assert family.documentation.endswith("."), family.name
        assert not re.search("_(count|sum|bucket|info|total)$", family.name) or not ours or (
            family.name == "watcher_build_info"
        )  # fmt: skip
        assert not re.search("(milliseconds|minutes|hours|days|_ms|kilobytes)", family.name)
        names = {sample.name for sample in family.samples}
        if family.type == "counter":
            assert names == {f"{family.name}_total"}
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        for sample in family.samples:
            assert set(sample.labels) <= {
                "source", "channel", "state", "outcome", "step", "partition", "le",
                "version", "python",
            }  # fmt: skip
            assert "name" not in sample.labels
        assert len({frozenset(one.labels.items()) | {one.name} for one in family.samples}) == len(
            family.samples
        )


def test_the_stricter_parser_takes_it_too(monitor: Monitor) -> None:
    registry: CollectorRegistry = monitor._registry
    text = openmetrics.generate_latest(registry).decode()
    assert len(list(read_openmetrics(text))) > 20


def test_who_asks_often_does_not_burden_the_database(
    world: World, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    health = Health(world.app.config.path, lambda: world.app, pulse)
    monitor = Monitor(lambda: world.app, pulse, health)
    asked: list[str] = []
    for place, name in ((world.app.store, "figures"), (world.app.index, "lag")):
        monkeypatch.setattr(place, name, counting(getattr(place, name), asked))
    for _ in range(5):
        found = samples(monitor)
    assert asked == ["figures", "lag"]
    assert value(found, "watcher_index_posts_behind") == 0


def counting(function: Callable[..., Any], asked: list[str]) -> Callable[..., Any]:
    def counted(*arguments: Any) -> Any:
        asked.append(function.__name__)
        return function(*arguments)

    return counted
