"""Over real posts, a back-test finds what the live watcher finds; a scan does too."""

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.scale.samples import Silent
from watcher.app import App
from watcher.config import Config, load
from watcher.pipeline import match, pull
from watcher.scale.driving import Asked, create, drive
from watcher.scale.local import LocalEngine
from watcher.scale.model import Kind, Work
from watcher.scale.planning import plan
from watcher.scale.rules_file import read_rules
from watcher.scale.sought import pack
from watcher.store import Store
from watcher.store.job_records import HitRecord

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TOML = """\
[[brands]]
name = "Southwest"
accounts = ["SouthwestAir"]

[[brands]]
name = "Virgin America"
accounts = ["VirginAmerica"]

[[lists]]
name = "trouble"
items = ["cancelled", "delayed", "lost", "refund", "rude"]

[[sources]]
name = "airline"
kind = "archive"
file = "airline.jsonl"

[[sources]]
name = "free"
kind = "archive"
file = "freemobile.jsonl"

[[rules]]
name = "brands"
find = 'brand:"Southwest" OR brand:"Virgin America"'
in = ["text", "handles"]
then = []

[[rules]]
name = "trouble"
find = '(flight* NEAR/8 @list(trouble)) OR "customer service" -job'
inflections = ["en"]
then = []

[[rules]]
name = "réseau"
any = ["réseau", '"fibre optique"', "panne*"]
none = ["gratuit*"]
inflections = ["fr"]
then = []

[[rules]]
name = "angry"
find = 'sentiment:negative has:mention -is:repost lang:en'
then = []

[[rules]]
name = "alike"
kind = "lookalike"
min_score = 0.4
then = []
"""


@pytest.fixture(scope="module")
def config(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("real")
    (folder / "watcher.toml").write_text(TOML)
    for name in ("airline", "freemobile"):
        with gzip.open(shared_data / "posts" / f"{name}.jsonl.gz") as file:
            (folder / f"{name}.jsonl").write_bytes(file.read())
    return load(folder / "watcher.toml")


@pytest.fixture(scope="module")
def live(config: Config) -> Iterator[App]:
    """The watcher after it has read, matched and examined everything."""
    with App.open(config, clock=lambda: NOW) as app:
        for source in config.sources:
            pull(app, source)
        match(app)
        yield app


def found(config: Config, kind: Kind, folder: Path, size: int) -> list[HitRecord]:
    """What a job of two processes finds."""
    read = read_rules(config.path)
    rules = [one for one in read.rules if kind == "backtest" or one.kind == "lookalike"]
    archives = tuple(str(config.folder / f"{name}.jsonl") for name in ("airline", "freemobile"))
    with closing(Store.open(f"sqlite:///{folder / 'jobs.sqlite'}")) as store:
        work = Work(kind, pack(rules, read.definitions))
        asked = Asked(work=work, to="store", rules="r", archives=archives)
        job = create(store, asked, plan(archives, size), NOW)
        with closing(LocalEngine(2)) as engine:
            assert drive(store, job, engine, Silent(), lambda: NOW) == "done"
        assert store.job(job).skipped == 0
        return list(store.job_hits(job))


def test_a_backtest_over_real_posts_finds_what_live_matching_finds(
    config: Config, live: App, tmp_path: Path
) -> None:
    told = {
        (one.rule, one.subject, tuple(one.detail["matched"]), one.detail["reason"])
        for one in found(config, "backtest", tmp_path, 2_000)
        if "score" not in one.detail
    }
    names = [rule.name for rule in config.rules if rule.kind == "keyword"]
    matched = [one for name in names for one in live.store.matches(name, limit=100_000)]
    expected = {
        (
            one.match.rule,
            one.match.post,
            tuple(one.post.text[start:end][:100] for start, end in one.match.spans[:20]),
            str(one.match.reason)[:2_000],
        )
        for one in matched
    }
    assert {rule for rule, *_ in expected} == set(names)
    assert told == expected


def test_a_scan_of_real_accounts_finds_what_the_detector_finds(
    config: Config, live: App, tmp_path: Path
) -> None:
    best: dict[str, float] = {}
    for one in found(config, "scan-accounts", tmp_path, 2_000):
        best[one.subject] = max(one.detail["score"], best.get(one.subject, 0.0))
    count = sum(1 for name in ("airline", "freemobile") for _ in _lines(config, name))
    posts = live.store.posts_by_rid(range(1, count + 1))
    expected: dict[str, float] = {}
    for suspect in live.detector.accounts({one.post.author for one in posts}):
        score = round(suspect.score, 4)
        expected[suspect.subject] = max(score, expected.get(suspect.subject, 0.0))
    assert best == expected


def _lines(config: Config, name: str) -> Iterator[dict[str, object]]:
    with (config.folder / f"{name}.jsonl").open() as file:
        yield from map(json.loads, file)
