"""Dask against processes of this machine, over the same shards: throughput, start, cancelling.

    python benchmarks/batch_dask.py                  # 200,000 posts, 1,000 rules, two workers
    python benchmarks/batch_dask.py --quick --json   # fewer of them, for machines

Both run `watcher.scale.shard.run_shard` with as many workers, turn about, in the same run; what
they find must be the same, octet by octet. The cluster is a real one on loopback: `dask scheduler`
and `dask worker`, a process and a thread each. The share is of the wall time, which a busy machine
disturbs (the median of the pairs is taken), and of the CPU time of all workers. The start is the
wall time of a fresh driver from its first import to its first result (the median of three), with
its CPU time beside it. Cancelling is the wall time from the word to the moment when no thread of
the cluster is at work any more. `benchmarks/batch.py` shows all of it beside `local:2`.
"""

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
from distributed import Client, Worker

from rules.keyword import KeywordRule
from rules.model import Definitions
from tests.tied import tied
from watcher.scale.engines import Hands, open_engine
from watcher.scale.model import Shard, ShardResult, Work
from watcher.scale.planning import plan
from watcher.scale.shard import run_shard
from watcher.scale.sought import pack

WORKERS = 2
WANTED_SHARE = 0.75
WANTED_START = 5.0
WANTED_CANCEL = 10.0
STARTS = 3
WORDS = "river train cold late rude coffee luna tea harvest market copper window"


def write_posts(path: Path, posts: int) -> None:
    """Write made-up posts as JSON lines."""
    words = WORDS.split()
    with path.open("w", encoding="utf-8") as file:
        for number in range(posts):
            said = " ".join(words[(number * step) % len(words)] for step in (1, 5, 7, 11, 3))
            file.write(
                f'{{"id": "{number}", "user": "u{number % 4999}", "text": "{said} at the '
                f'{number % 1009}th stop, brand{number % 1301}", '
                f'"created_at": "2026-01-02T03:04:05Z"}}\n'
            )


def work() -> Work:
    """Return a thousand rules, of which a post matches one or none."""
    rules = [
        KeywordRule(name=f"rule {number}", find=f"brand{number} (cold OR late OR rude)", then=())
        for number in range(1000)
    ]
    return Work("backtest", pack(rules, Definitions()))


@contextmanager
def cluster() -> Iterator[tuple[str, list[psutil.Process]]]:
    """Give the address and the workers of a Dask cluster on loopback."""
    dask = str(Path(sys.prefix) / "bin" / "dask")
    env = {name: value for name, value in os.environ.items() if not name.startswith("DASK_")}
    env["DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED"] = "False"  # as deploy/ sets it
    processes: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> psutil.Process:
        silent = subprocess.DEVNULL
        processes.append(
            subprocess.Popen(tied([dask, *arguments]), stderr=silent, stdout=silent, env=env)
        )
        return psutil.Process(processes[-1].pid)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        known = ("--scheduler-file", str(file))
        try:
            start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *known)
            options = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
            place = ("--local-directory", folder)
            workers = [start("worker", *known, *options, *place) for _ in range(WORKERS)]
            while not file.exists():
                time.sleep(0.05)
            address = json.loads(file.read_text())["address"].replace("tcp:", "dask:")
            engine = open_engine(address)
            while engine.workers < WORKERS:
                time.sleep(0.05)
            engine.close()
            yield address, workers
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()


def cpu(processes: list[psutil.Process]) -> float:
    """Return the CPU seconds of processes so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def with_dask(address: str, what: Work, shards: tuple[Shard, ...]) -> list[ShardResult]:
    """Work off the shards on the cluster, as a job does."""
    engine = open_engine(address)
    hands = Hands(lambda: False, lambda _number, _part: None, lambda _number, _why: None)
    try:
        ended = [*engine.run(what, shards, hands)]
    finally:
        engine.close()
    return sorted(
        (one for one in ended if isinstance(one, ShardResult)), key=lambda one: one.number
    )


def with_pool(
    pool: ProcessPoolExecutor, what: Work, shards: tuple[Shard, ...]
) -> list[ShardResult]:
    """Work off the shards in a plain process pool."""
    return [*pool.map(run_shard, [what] * len(shards), shards)]


def start_seconds(address: str, folder: Path) -> tuple[float, float]:
    """Return the wall and CPU seconds of a fresh process until its first shard's end on Dask."""
    code = (
        "import sys; from pathlib import Path; from benchmarks import batch_dask as b\n"
        "shards = b.plan([sys.argv[2]], 10).shards\n"
        "assert len(b.with_dask(sys.argv[1], b.work(), shards)) == 1"
    )
    command = [sys.executable, "-c", code, address, str(folder / "one.jsonl")]
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, cwd=Path(__file__).parents[1])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, used


def starts(address: str, folder: Path) -> tuple[float, float]:
    """Return the medians of some starts: wall and CPU seconds."""
    write_posts(folder / "one.jsonl", 1)
    walls, cpus = zip(*(start_seconds(address, folder) for _ in range(STARTS)), strict=True)
    return statistics.median(walls), statistics.median(cpus)


def cancel_seconds(address: str, what: Work, archive: Path) -> float:
    """Return the wall seconds from the word that a job is cancelled until nobody works on it."""
    (shard,) = plan([str(archive)]).shards
    begun: list[float] = []

    def stop() -> bool:
        return bool(begun)

    def moved(_number: int, _part: float) -> None:
        begun.append(time.perf_counter())

    engine = open_engine(address)
    try:
        ended = [*engine.run(what, [shard], Hands(stop, moved, lambda _number, _why: None))]
    finally:
        engine.close()
    assert not ended, "it was done before it could be cancelled"
    with Client(address.replace("dask:", "tcp:"), set_as_default=False) as client:
        while any(client.run(_at_work).values()):
            time.sleep(0.05)
    return time.perf_counter() - begun[0]


def _at_work(dask_worker: Worker) -> int:
    return len(dask_worker.state.executing)


def measure(posts: int, rounds: int) -> dict[str, float]:
    """Run both, turn about; return the figures."""
    what, walls, cpus = work(), [], []
    with tempfile.TemporaryDirectory() as name, cluster() as (address, workers):
        folder = Path(name)
        archive = folder / "posts.jsonl"
        write_posts(archive, posts)
        shards = plan([str(archive)], posts // (4 * WORKERS)).shards
        with ProcessPoolExecutor(WORKERS) as pool:
            with_pool(pool, what, shards[:WORKERS])  # the rules are compiled in both
            with_dask(address, what, shards[:WORKERS])
            others = [psutil.Process(pid) for pid in pool._processes]  # noqa: SLF001 - a benchmark
            for _ in range(rounds):
                took = {}
                for who, hands, run in (
                    ("pool", others, lambda: with_pool(pool, what, shards)),
                    ("dask", workers, lambda: with_dask(address, what, shards)),
                ):
                    before, began = cpu(hands), time.perf_counter()
                    found = run()
                    took[who] = (time.perf_counter() - began, cpu(hands) - before, found)
                assert took["pool"][2] == took["dask"][2], "they find different things"
                walls.append(took["pool"][0] / took["dask"][0])
                cpus.append(took["pool"][1] / took["dask"][1])
            pool_cpu, dask_cpu = took["pool"][1], took["dask"][1]
        wall, used = starts(address, folder)
        cancelled = cancel_seconds(address, what, archive)
        return {
            "posts": posts,
            "workers": WORKERS,
            "shards": len(shards),
            "share_of_pool_by_wall": round(statistics.median(walls), 3),
            "share_of_pool_by_cpu": round(statistics.median(cpus), 3),
            "pool_cpu_us_a_post": round(pool_cpu / posts * 1e6, 1),
            "dask_cpu_us_a_post": round(dask_cpu / posts * 1e6, 1),
            "start_wall_seconds": round(wall, 2),
            "start_cpu_seconds": round(used, 2),
            "cancel_wall_seconds": round(cancelled, 2),
            "load": round(os.getloadavg()[0], 1),
        }


def measured(*, quick: bool) -> dict[str, float]:
    """Return the figures of a shorter or a longer run."""
    return measure(60_000, 2) if quick else measure(200_000, 3)


def main() -> int:
    """Measure, print, and return 1 where a figure falls short of what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="60,000 posts, two pairs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the cluster ends with us
    figures = measured(quick=options.quick)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name.replace('_', ' '):32} {value:>12,}")
        print(*required(figures), sep="\n")
    return int(any(line.startswith("MISSED") for line in required(figures)))


def required(figures: dict[str, float]) -> list[str]:
    """Return what is asked for and what was measured, a line each."""
    share, start = figures["share_of_pool_by_wall"], figures["start_wall_seconds"]
    cancelled = figures["cancel_wall_seconds"]
    lines = [
        (share >= WANTED_SHARE, f"Dask's share of a process pool >= {WANTED_SHARE}: {share}"),
        (start <= WANTED_START, f"Dask's start, wall <= {WANTED_START:.0f} s: {start}"),
        (cancelled <= WANTED_CANCEL, f"cancelled within {WANTED_CANCEL:.0f} s: {cancelled}"),
    ]
    return [f"{'met' if met else 'MISSED'}: {told}" for met, told in lines]


if __name__ == "__main__":
    sys.exit(main())
