"""The dashboard and the alerts that we ship ask for figures that exist, in a form that loads."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from tests.journeys.alert_world import World
from watcher.metrics.figures import Monitor
from watcher.metrics.health import Health
from watcher.pulse import Pulse

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "watcher.json").read_text(encoding="utf-8"))
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

_TEXT = {"type": "string", "minLength": 1}
_NUMBER = {"type": "integer", "minimum": 0}
SHAPE = {
    "type": "object",
    "required": ["uid", "title", "schemaVersion", "panels", "templating", "time", "tags"],
    "properties": {
        "id": {"type": "null"},  # one that Grafana gives at the import
        "uid": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"},
        "title": _TEXT,
        "schemaVersion": {"type": "integer", "minimum": 36},
        "panels": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["id", "type", "title", "gridPos"],
                "properties": {
                    "id": {"type": "integer", "minimum": 1},
                    "type": {"enum": ["row", "stat", "timeseries"]},
                    "title": _TEXT,
                    "gridPos": {
                        "type": "object",
                        "required": ["x", "y", "w", "h"],
                        "properties": {
                            "x": _NUMBER | {"maximum": 23},
                            "y": _NUMBER,
                            "w": {"type": "integer", "minimum": 1, "maximum": 24},
                            "h": {"type": "integer", "minimum": 1},
                        },
                    },
                },
                "if": {"properties": {"type": {"not": {"const": "row"}}}},
                "then": {
                    "required": ["targets", "datasource", "fieldConfig", "options", "description"],
                    "properties": {
                        "targets": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "object",
                                "required": ["expr", "refId", "datasource", "legendFormat"],
                                "properties": {
                                    "expr": _TEXT,
                                    "refId": {"type": "string", "pattern": "^[A-Z]$"},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
_WORDS = {
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "sum",
    "max",
    "min",
    "count",
    "rate",
    "increase",
    "histogram_quantile",
    "vector",
    "label_values",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """Every name that the watcher tells, and the labels that go with it."""
    world = World(tmp_path_factory.mktemp("world"), TABLES)
    world.walk()
    pulse = Pulse()
    for name in ("match", "pull town"):
        with pulse.step(name):
            pass
    with world.app.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM log_cursors")
        connection.exec_driver_sql("DELETE FROM log_heads")
        connection.exec_driver_sql("INSERT INTO log_heads (partition, number) VALUES (0, 4)")
    health = Health(world.app.config.path, lambda: world.app, pulse)
    page = Monitor(lambda: world.app, pulse, health).page().body
    names = {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    yield names | {"up": set()}
    world.app.close()


TABLES = """
[[rules]]
name = "talk"
find = "Nordelia"
then = ["now"]

[[channels]]
name = "now"
kind = "email"
to = ["ada@acme.example"]
send = "instant"
"""


def expressions() -> Iterator[str]:
    yield from (target["expr"] for panel in PANELS for target in panel["targets"])
    yield from (rule["expr"] for rule in RULES)
    yield from (variable["definition"] for variable in DASHBOARD["templating"]["list"][1:])


def names_in(expression: str) -> set[str]:
    """Return the names of metrics in a PromQL expression."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|without|on) *\([^)]*\)", " ", expression)
    if bare.startswith("label_values("):
        bare = bare.partition(",")[0]
    return set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare)) - _WORDS


def test_every_expression_asks_for_what_is_told(told: dict[str, set[str]]) -> None:
    asked = set[str]()
    for expression in expressions():
        names = names_in(expression)
        assert names, expression
        assert names <= set(told), (expression, names - set(told))
        given = {"job", "instance"}.union(*(told[name] for name in names))
        inside = re.findall(r"([a-z_]+) *(?:=~|!=|!~|=)\"", expression)
        grouped = re.findall(r"\b(?:by|without|on) *\(([^)]*)\)", expression)
        labels = {*inside, *(one.strip() for some in grouped for one in some.split(","))}
        assert labels <= given, (expression, labels - given)
        assert expression.count("(") == expression.count(")")
        asked |= names
    # Nothing is told that nobody looks at, but for times that need no curve.
    ours = {name for name in told if name.startswith("watcher_")}
    quiet = {
        "watcher_source_last_success_timestamp_seconds",
        "watcher_log_lag_seconds",
        "watcher_step_duration_seconds_count",
        "watcher_step_duration_seconds_sum",
    }
    assert ours - asked == quiet


def test_what_only_grows_is_asked_for_its_growth() -> None:
    for expression in expressions():
        for name in names_in(expression):
            if name.endswith(("_total", "_bucket")):
                assert re.search(rf"(rate|increase)\({name}[{{\[]", expression), expression


def test_figures_of_the_store_are_never_added_up_over_processes() -> None:
    shared = (
        r"watcher_(source_(lag|failing|posts)|deliveries|queue|log|alarms_open|suspects_open|workers"
        r"|index)\w*"
    )
    for expression in expressions():
        if re.search(shared, expression) and "(watcher" in expression:
            assert re.search(rf"(max|min)( by \([^)]*\))? ?\((rate\()?{shared}", expression)


def test_the_dashboard_has_the_shape_that_grafana_loads() -> None:
    Draft202012Validator.check_schema(SHAPE)
    assert [error.message for error in Draft202012Validator(SHAPE).iter_errors(DASHBOARD)] == []
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in PANELS:
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)
        assert {json.dumps(target["datasource"]) for target in panel["targets"]} == {
            json.dumps({"type": "prometheus", "uid": "${datasource}"})
        }


def test_no_two_panels_lie_over_each_other() -> None:
    def over(one: dict[str, int], other: dict[str, int]) -> bool:
        return (
            one["x"] < other["x"] + other["w"]
            and other["x"] < one["x"] + one["w"]
            and one["y"] < other["y"] + other["h"]
            and other["y"] < one["y"] + one["h"]
        )

    for one, other in combinations(DASHBOARD["panels"], 2):
        assert not over(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    assert all(one["gridPos"]["x"] + one["gridPos"]["w"] <= 24 for one in DASHBOARD["panels"])


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_says_what_happened_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch("Watcher[A-Za-z]+", rule["alert"])
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert re.fullmatch("[0-9]+[smh]", rule.get("for", "0s"))
    assert set(rule["annotations"]) == {"summary", "description"}
    used = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    grouped = set(re.findall(r"\w+", "".join(re.findall(r"by \(([^)]*)\)", rule["expr"]))))
    assert used <= (grouped or {"job", "instance"})


def test_the_example_of_scraping_names_the_alerts_and_a_target() -> None:
    made = yaml.safe_load((DEPLOY / "prometheus" / "scrape.yml").read_text(encoding="utf-8"))
    assert made["rule_files"] == ["alerts.yml"]
    (job,) = made["scrape_configs"]
    assert job["job_name"] == "watcher"
    assert "127.0.0.1:9464" in job["static_configs"][0]["targets"]
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
