"""What a job finds is what the watcher would have found live: the same code, the same answer."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from rules.lookalike import Detector
from rules.model import Account
from tests.scale.samples import BEGAN, BRAND, RULES, hits, work, write_lines, write_posts
from watcher.app import App
from watcher.config import Config, load
from watcher.export import write_file
from watcher.export.stored import STORED, stored
from watcher.pipeline import match, pull
from watcher.scale.model import Hit
from watcher.scale.planning import plan
from watcher.scale.rules_file import read_rules
from watcher.scale.shapes import ACCOUNT_COLUMNS, POST_COLUMNS
from watcher.scale.shard import run_shard
from watcher.scale.sought import pack, unpack

TOML = """\
[[brands]]
name = "Nordelia"
accounts = ["nordelia"]
domains = ["nordelia.example"]

[[lists]]
name = "money"
items = ["refund", "remboursement"]

[[sources]]
name = "files"
kind = "archive"
file = "posts.jsonl"

[[rules]]
name = "named"
find = "nordelia -job"
then = []

[[rules]]
name = "money"
all = ["@list(money)", "@nordelia"]
in = ["text", "handles"]
fold_accents = false
then = []

[[rules]]
name = "alike"
kind = "lookalike"
then = []
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A watcher that reads an archive of posts."""
    (tmp_path / "watcher.toml").write_text(TOML)
    write_posts(tmp_path / "posts.jsonl", *range(400))
    return load(tmp_path / "watcher.toml")


def live(config: Config) -> App:
    """The watcher, after it has pulled and matched everything."""
    app = App.open(config, clock=lambda: BEGAN + timedelta(days=1))
    for source in config.sources:
        pull(app, source)
    match(app)
    return app


def of_posts(found: list[Hit]) -> set[tuple[object, ...]]:
    return {
        (one.rule, one.subject, tuple(one.detail["matched"]), one.detail["reason"])
        for one in found
        if "score" not in one.detail
    }


def searched(config: Config, *archives: Path, size: int = 60) -> list[Hit]:
    read = read_rules(config.path)
    asked = work()
    asked = type(asked)("backtest", pack(read.rules, read.definitions))
    shards = plan([str(one) for one in archives], size).shards
    return [hit for shard in shards for hit in run_shard(asked, shard).read()]


def test_a_backtest_finds_what_live_matching_found(config: Config) -> None:
    found = searched(config, config.folder / "posts.jsonl")
    with live(config) as app:
        matches = [one for rule in ("named", "money") for one in app.store.matches(rule, limit=999)]
        expected = {
            (
                one.match.rule,
                one.match.post,
                tuple(one.post.text[start:end] for start, end in one.match.spans),
                str(one.match.reason),
            )
            for one in matches
        }
    assert of_posts(found) == expected
    assert len(expected) == 240


def test_look_alikes_are_those_of_the_detector(config: Config) -> None:
    found = [
        one for one in searched(config, config.folder / "posts.jsonl") if "score" in one.detail
    ]
    told = {(one.subject, one.rule, one.detail["score"], one.detail["reason"]) for one in found}
    with live(config) as app:
        posts = [one.post for one in app.store.posts_by_rid(range(1, 401))]
        authors = {post.author for post in posts}
        suspects = [*app.detector.accounts(authors), *app.detector.domains(posts)]
        raised = {one.suspect.subject for one in app.store.suspects()}
    assert told == {
        (one.subject, one.rule, round(one.score, 4), str(one.reason)) for one in suspects
    }
    assert raised == {one.subject for one in found}
    assert "domain:nordelia-refund.example" in raised


def test_our_own_exports_are_read_as_they_were_stored(config: Config, tmp_path: Path) -> None:
    with live(config) as app:
        for form in ("jsonl", "parquet"):
            write_file(stored(app.store, "posts"), tmp_path / f"out.{form}", form)
    expected = of_posts(searched(config, config.folder / "posts.jsonl"))
    for form in ("jsonl", "parquet"):
        assert of_posts(searched(config, tmp_path / f"out.{form}")) == expected


def test_every_column_of_our_own_tables_is_read_but_for_when_it_was_seen() -> None:
    for table, columns in (("posts", POST_COLUMNS), ("accounts", ACCOUNT_COLUMNS)):
        ours = {column.name for column in STORED[table].columns}
        assert ours - set(columns) == {"seen"}


def test_a_worker_loads_no_database() -> None:
    code = "import sys, watcher.scale.local; print('sqlalchemy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"


def test_each_account_is_found_once_in_its_most_alike_form(tmp_path: Path) -> None:
    records = [
        {"network": "x", "id": "1", "handle": "nordelia_support"},
        {"network": "x", "id": "1", "handle": "nordeIia"},
        {"network": "x", "id": "2", "handle": "zoe"},
        {"network": "x", "id": "3", "handle": "nordelia"},
    ]
    found = hits(write_lines(tmp_path / "a.jsonl", records), kind="scan-accounts")
    assert [one.subject for one in found] == ["x:1"]
    accounts = [Account(**one) for one in records]  # type: ignore[arg-type]
    best = max(one.score for one in Detector(RULES[-1:], (BRAND,)).accounts(accounts))  # type: ignore[arg-type]
    assert found[0].detail["score"] == round(best, 4)


def test_lists_of_accounts_are_read_in_every_shape(tmp_path: Path) -> None:
    records = [
        {"id": "7", "username": "n0rdelia", "acct": "n0rdelia@a.example", "note": "<p>x</p>"},
        {"did": "did:plc:7", "handle": "nordelia-help.bsky.social", "displayName": "N"},
        {"id": "8", "username": "nordelia_help", "name": "Nordelia", "public_metrics": {}},
        {"handle": "nordeliia"},
        {"nothing": "here"},
    ]
    (shard,) = plan([str(write_lines(tmp_path / "a.jsonl", records))]).shards
    result = run_shard(work("scan-accounts"), shard)
    assert (result.records, result.skipped) == (4, 1)
    assert result.notes[0].why == "neither an account nor a post"
    assert [one.subject for one in result.read()] == [
        "mastodon:7",
        "bluesky:did:plc:7",
        "x:8",
        "archive:nordeliia",
    ]


def test_a_scan_of_posts_looks_at_their_authors(tmp_path: Path) -> None:
    found = hits(write_posts(tmp_path / "a.jsonl", *range(50)), kind="scan-accounts")
    assert {one.detail["name"] for one in found} == {"nordelia_support", "nordeIia", "n0rdelia"}


def test_a_stretch_of_time_is_chosen(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "a.jsonl", *range(100))
    asked = work(since=BEGAN + timedelta(minutes=10), until=BEGAN + timedelta(minutes=20))
    result = run_shard(asked, plan([str(path)]).shards[0])
    assert result.records == 10
    keys = {hit.subject for hit in result.read() if hit.rule == "named"}
    assert keys <= {f"archive:{n}" for n in range(10, 20)}


def test_rules_are_the_same_after_they_travelled(config: Config) -> None:
    read = read_rules(config.path)
    rules, definitions = unpack(pack(read.rules, read.definitions))
    assert pack(rules, definitions) == pack(read.rules, read.definitions)
    assert [rule.name for rule in rules] == ["named", "money", "alike"]
    assert definitions == read.definitions
