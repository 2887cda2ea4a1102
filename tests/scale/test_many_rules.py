"""A hundred thousand rules in one file: read, packed, compiled, and run over posts."""

import time
from pathlib import Path

import pytest

from tests.scale.samples import write_lines
from watcher.scale.model import Work
from watcher.scale.planning import plan
from watcher.scale.rules_file import read_rules
from watcher.scale.shard import run_shard
from watcher.scale.sought import pack

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]

RULES = 100_000


def test_a_hundred_thousand_rules_fit_into_one_file(tmp_path: Path) -> None:
    with (tmp_path / "rules.toml").open("w") as file:
        for n in range(RULES):
            find = f"brand{n} (cold OR late OR rude)"
            file.write(f'[[rules]]\nname = "rule {n}"\nfind = "{find}"\nthen = []\n\n')
    began = time.process_time()
    read = read_rules(tmp_path / "rules.toml")
    loaded = time.process_time()
    work = Work("backtest", pack(read.rules, read.definitions))
    texts = ["brand7 is late", "brand7 is fine", f"rude people at brand{RULES - 1}"]
    path = write_lines(tmp_path / "a.jsonl", [{"id": t, "text": t} for t in texts])
    found = run_shard(work, plan([str(path)]).shards[0])
    print(f"{RULES:,} rules: {loaded - began:.1f} s of CPU to read", end=", ")
    print(f"{time.process_time() - loaded:.1f} s to pack, compile and run")
    assert [hit.rule for hit in found.read()] == ["rule 7", f"rule {RULES - 1}"]
