"""The commands of batch work, as they are typed and seen."""

import json
import re
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli_fixtures import terminal
from tests.scale.samples import Here, post, write_lines
from tests.terminal import Terminal, compare
from watcher.cli import batch
from watcher.store import Store

__all__ = ["terminal"]

TOML = """\
data = "data"
timezone = "Europe/Paris"

[[brands]]
name = "Nordelia"
accounts = ["nordelia"]

[[rules]]
name = "named"
find = "nordelia -job"
then = ["nobody knows it here"]

[[rules]]
name = "alike"
kind = "lookalike"
then = []
"""


@pytest.fixture
def at(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A folder with rules and an archive, and an engine without processes."""
    (terminal.folder / "watcher.toml").write_text('data = "data"\ntimezone = "Europe/Paris"\n')
    (terminal.folder / "rules.toml").write_text(TOML)
    some = [post(number) for number in range(30)]
    write_lines(terminal.folder / "posts" / "one.jsonl", [*some[:20], '{"text": "cut'])
    write_lines(terminal.folder / "posts" / "two.jsonl.gz", some[15:])
    (terminal.folder / "posts" / "README.txt").write_text("about")
    known = batch.open_engine
    monkeypatch.setattr(
        batch, "open_engine", lambda at: Here() if at.startswith("local") else known(at)
    )
    return terminal


def shown(at: Terminal, *words: str) -> str:
    seen = at.type(*words, columns=90)
    code = f"[exit code {seen.code}]\n" if seen.code else ""
    screen = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", seen.screen)
    lines = [line.rstrip() for line in screen.splitlines()]
    return f"$ watcher {' '.join(words)}\n" + "\n".join(lines) + "\n" + code


def test_the_screens_of_a_job(at: Terminal) -> None:
    write_lines(at.folder / "few.jsonl", [post(number) for number in range(4)] + ["{"])
    assert at.pipe("backtest", "rules.toml", "few.jsonl").code == 0
    shot = [
        shown(at, "jobs", "list"),
        shown(at, "jobs", "status", "1"),
        shown(at, "jobs", "hits", "1"),
        shown(at, "jobs", "resume", "1"),
        shown(at, "jobs", "cancel", "1"),
        shown(at, "jobs", "remove", "1"),
        shown(at, "jobs", "list"),
        shown(at, "jobs", "status", "7"),
        shown(at, "backtest", "rules.toml", "nowhere/"),
        shown(at, "backtest", "rules.toml", "few.jsonl", "--engine", "ray://head"),
    ]
    compare("cli-jobs", "\n".join(shot).replace(str(at.folder), "FOLDER"))


@pytest.mark.parametrize("engine", ["dask://x", "dask://", "local:0", "ray://head", ""])
def test_what_names_no_engine_is_wrong_usage_told_before_anything_else(
    at: Terminal, engine: str
) -> None:
    for words in (("backtest", "gone.toml", "nowhere/"), ("scan-accounts", "nowhere/"),
                  ("jobs", "resume", "7"), ("workers", "-n", "1")):  # fmt: skip
        told = at.pipe(*words, "--engine", engine)
        assert (told.code, told.out) == (2, "")
        assert "no engine" in told.err or "names no Dask scheduler" in told.err


def test_a_machine_of_more_processors_than_workers_may_be_has_an_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch.os, "cpu_count", lambda: 384)
    with batch.engine_at(None) as engine:
        assert engine.workers == 256


def test_what_a_job_says_in_a_pipe(at: Terminal) -> None:
    runs = [
        ("backtest", "rules.toml", "posts", "--shard-size", "8"),
        ("scan-accounts", "posts", "--brands", "rules.toml", "--to", "found.parquet"),
        ("jobs", "list"),
        ("backtest", "rules.toml", "posts", "--to", "found.csv"),
        ("scan-accounts", "posts"),
    ]
    shot = []
    for words in runs:
        seen = at.pipe(*words)
        code = f"[exit code {seen.code}]\n" if seen.code else ""
        shot.append(f"$ watcher {' '.join(words)} | cat\n{seen.err}{seen.out}{code}")
    told = re.sub("; about .* left", "", "\n".join(shot))  # a slow machine says it
    compare("cli-jobs-pipe", told.replace(str(at.folder), "FOLDER"))


def test_a_shard_has_one_number_wherever_it_is_told(at: Terminal) -> None:
    write_lines(at.folder / "two" / "a.jsonl", [post(0)])
    damaged = at.folder / "two" / "b.parquet"
    pq.write_table(pa.table({"text": [f"Nordelia {n}" for n in range(5000)]}), damaged)
    octets = bytearray(damaged.read_bytes())
    octets[100:2000] = bytes(1900)
    damaged.write_bytes(octets)
    seen = at.pipe("backtest", "rules.toml", "two")
    assert seen.code == 1
    assert "shard 1 of 2 (a.jsonl): 1 post" in seen.err
    assert "shard 2 of 2 (b.parquet) failed: " in seen.err
    assert "shard 2 (b.parquet): " in seen.err
    assert "failed: shard 2 (b.parquet): " in at.pipe("jobs", "status", "1").out
    told = json.loads(at.pipe("jobs", "status", "1", "--json").out)["of_shards"]
    assert [(one["number"], bool(one["error"])) for one in told] == [(1, False), (2, True)]
    assert at.pipe("jobs", "hits", "1", "-o", "hits.jsonl").code == 0
    hits = (at.folder / "hits.jsonl").read_text().splitlines()
    assert {json.loads(hit)["shard"] for hit in hits} == {1}


def test_a_folder_of_parquet_without_its_library_begins_nothing(
    at: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    seen = at.pipe("backtest", "rules.toml", "posts", "--to", "found.parquet")
    assert seen.code == 1
    assert "pyarrow, which is not installed" in seen.err
    assert not (at.folder / "found.parquet").exists()
    assert at.pipe("jobs", "list", "--json").out.strip() == "[]"


def test_each_finding_is_written_once_unless_every_one_is_asked_for(at: Terminal) -> None:
    assert at.pipe("backtest", "rules.toml", "posts", "--shard-size", "8").code == 0
    for name in ("once.jsonl", "once.csv", "once.parquet"):
        assert at.pipe("jobs", "hits", "1", "-o", name).code == 0
    assert at.pipe("jobs", "hits", "1", "-o", "every.jsonl", "--every").code == 0
    once = [json.loads(line) for line in Path("once.jsonl").read_text().splitlines()]
    every = Path("every.jsonl").read_text().splitlines()
    keys = [(one["rule"], one["post"]) for one in once]
    assert len(keys) == len(set(keys)) < len(every)
    assert at.pipe("jobs", "hits", "1", "-o", "two.jsonl", "-n", "2").code == 0
    assert (
        Path("two.jsonl").read_text().splitlines()
        == Path("once.jsonl").read_text().splitlines()[:2]
    )
    assert at.pipe("jobs", "hits", "1", "-o", "once.csv").code == 1
    assert at.pipe("jobs", "hits", "1", "-o", "once.txt").code == 2


def test_a_job_that_only_lacks_its_end_is_done_when_it_is_resumed(at: Terminal) -> None:
    assert at.pipe("backtest", "rules.toml", "posts").code == 0
    with closing(Store.open(f"sqlite:///{at.folder / 'data' / 'watcher.sqlite'}")) as store:
        store.take_job(1, "elsewhere:17", datetime(2026, 1, 1, tzinfo=UTC))  # and it went
    assert "broken off" in at.pipe("jobs", "status", "1").out
    resumed = at.pipe("jobs", "resume", "1", "--engine", "dask://gone:8786")
    assert (resumed.code, resumed.out) == (0, "nothing is left of job 1: it is done\n")
    assert json.loads(at.pipe("jobs", "status", "1", "--json").out)["state"] == "done"


def test_what_is_found_in_private_posts_is_left_out(at: Terminal) -> None:
    row = {
        "key": "x:1",
        "network": "x",
        "id": "1",
        "author_key": "x:9",
        "author": "zoe",
        "text": "Nordelia",
        "posted_at": "2026-03-01T12:00:00Z",
        "private": True,
    }
    write_lines(at.folder / "private.jsonl", [row])
    assert at.pipe("backtest", "rules.toml", "private.jsonl").code == 0
    seen = at.pipe("jobs", "hits", "1", "--format", "jsonl", "-o", "a.jsonl")
    assert "1 hit in private posts left out" in seen.err
    assert Path("a.jsonl").read_text() == ""
    assert at.pipe("jobs", "hits", "1", "-o", "b.jsonl", "--private").code == 0
    assert json.loads(Path("b.jsonl").read_text())["private"] is True


def test_a_day_begins_in_the_zone_of_the_configuration(at: Terminal) -> None:
    lines = [
        post(1) | {"text": "Nordelia", "posted_at": f"2026-02-28T{hour}:30:00Z"}
        for hour in (22, 23)
    ]
    write_lines(at.folder / "night.jsonl", lines)
    for option, number in (("--since", 1), ("--until", 2)):
        assert at.pipe("backtest", "rules.toml", "night.jsonl", option, "2026-03-01").code == 0
        told = json.loads(at.pipe("jobs", "list", "--json").out)[0]
        assert told["records"] == number


def test_rules_that_cannot_be_understood_begin_nothing(at: Terminal) -> None:
    (at.folder / "bad.toml").write_text('[[rules]]\nname = "a"\nfind = "@list(press)"\n')
    seen = at.pipe("backtest", "bad.toml", "posts")
    assert seen.code == 2
    assert 'there is no list called "press"' in seen.err
    (at.folder / "none.toml").write_text('[[brands]]\nname = "Acme"\n')
    assert at.pipe("backtest", "none.toml", "posts").code == 2
    assert at.pipe("jobs", "list", "--json").out.strip() == "[]"


def test_no_secret_of_a_configuration_is_looked_up(at: Terminal) -> None:
    (at.folder / "whole.toml").write_text(
        TOML + '[store]\nurl = "postgresql+psycopg://h/d"\npassword = "${NOT_SET_ANYWHERE}"\n'
    )
    assert at.pipe("backtest", "whole.toml", "posts").code == 0


def test_what_has_no_effect_on_an_archive_is_told(at: Terminal) -> None:
    (at.folder / "live.toml").write_text(
        TOML.replace('accounts = ["nordelia"]', 'relevance = "context"\ncontext = ["tea"]')
        + '[[rules]]\nname = "many"\nfind = "nordelia late"\nrealert = "1h"\n'
        + 'rate = { kind = "frequency", at_least = 3 }\n'
    )
    seen = at.pipe("backtest", "live.toml", "posts")
    assert seen.code == 0
    assert 'no rate is judged: "many"' in seen.err
    assert 'realert and dedupe keep nothing back: each match of "many" counts' in seen.err
    assert 'relevance leaves no post out that is not about "Nordelia"' in seen.err


def test_more_rules_than_a_configuration_may_have(at: Terminal) -> None:
    long = "# " + "x" * 400 + "\n"
    text = "".join(
        f'{long}[[rules]]\nname = "rule {n}"\nfind = "brand{n} late"\nthen = []\n'
        for n in range(2_500)
    )
    assert len(text) > 1_000_000
    (at.folder / "many.toml").write_text(TOML + text)
    assert at.pipe("backtest", "many.toml", "posts").code == 0
    with (at.folder / "archive.toml").open("wb") as file:
        file.truncate(64_000_001)
    seen = at.pipe("backtest", "archive.toml", "posts")
    assert seen.code == 2
    assert "this is over 64 MB" in seen.err
