"""Archives made up for the tests, and an engine without processes."""

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rules import KeywordRule, LookalikeRule
from rules.model import Brand, Definitions
from watcher.scale.engines import Ended, Failed, Hands
from watcher.scale.model import Hit, Kind, Shard, ShardError, ShardResult, Work
from watcher.scale.planning import Plan, plan
from watcher.scale.shard import run_shard
from watcher.scale.sought import pack
from watcher.store.job_records import HitRecord

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
BRAND = Brand(name="Nordelia", accounts=("nordelia",), domains=("nordelia.example",))
RULES = (
    KeywordRule(name="named", find="nordelia -job"),
    KeywordRule(name="angry", find="(refund OR remboursement) AND @nordelia"),
    KeywordRule(name="off", find="nordelia", enabled=False),
    LookalikeRule(name="alike"),
)
HANDLES = ("zoe", "ada", "nordelia_support", "nordeIia", "bob", "n0rdelia", "carla")
TEXTS = (
    "Nordelia is late again",
    "a job at Nordelia",
    "@nordelia I want a refund: https://nordelia-refund.example/now",
    "nothing to see here",
    "Bonjour @nordelia, remboursement ?",
)


def post(number: int) -> dict[str, Any]:
    """A post in the simple shape."""
    handle = HANDLES[number % len(HANDLES)]
    return {
        "id": str(number),
        "author": {"id": f"u{number % len(HANDLES)}", "handle": handle},
        "text": f"{TEXTS[number % len(TEXTS)]} {number}",
        "posted_at": (BEGAN + timedelta(minutes=number)).isoformat(),
    }


def write_lines(path: Path, records: Sequence[object]) -> Path:
    """Write JSON lines, compressed where the name says so; a text is a line as it is."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in records]
    octets = "".join(f"{line}\n" for line in lines).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(octets, mtime=0) if path.suffix == ".gz" else octets)
    return path


def write_posts(path: Path, *numbers: int) -> Path:
    """Write posts of these numbers."""
    return write_lines(path, [post(number) for number in numbers])


def work(kind: Kind = "backtest", **times: datetime) -> Work:
    """What is looked for."""
    rules = RULES if kind == "backtest" else RULES[-1:]
    return Work(kind, pack(rules, Definitions(brands=(BRAND,))), **times)


def found(planned: Plan, asked: Work) -> list[Hit]:
    """What all shards hold."""
    return [hit for shard in planned.shards for hit in run_shard(asked, shard).read()]


def hits(*archives: Path, size: int = 1000, kind: Kind = "backtest") -> list[Hit]:
    """What archives hold."""
    return found(plan([str(one) for one in archives], size), work(kind))


def as_line(hit: HitRecord) -> str:
    """A finding as one line of JSON with sorted keys: to be compared octet by octet."""
    at = hit.at.isoformat() if hit.at else None
    told = {"rule": hit.rule, "subject": hit.subject, "at": at, "detail": hit.detail}
    return json.dumps(told, sort_keys=True)


class Here:
    """An engine that works shards off one after the other, where it is called."""

    workers = 1

    def __init__(self, *, at_most: int = 1_000_000) -> None:
        self.at_most = at_most
        self.done: list[int] = []

    def run(self, work: Work, shards: Sequence[Shard], hands: Hands) -> Iterator[Ended]:
        for shard in shards:
            if hands.stop() or len(self.done) >= self.at_most:
                return
            try:
                ended: ShardResult | Failed = run_shard(work, shard)
            except ShardError as error:
                ended = Failed(shard.number, error.message)
            self.done.append(shard.number)
            yield ended

    def close(self) -> None: ...


class Silent:
    """Nobody looks on."""

    def begins(self, shards: Sequence[Shard]) -> None: ...

    def moved(self, number: int, part: float) -> None: ...

    def died(self, number: int, what: str) -> None: ...

    def ended(self, ended: ShardResult | Failed) -> None: ...
