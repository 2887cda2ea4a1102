"""Batch jobs on a real Dask cluster: workers and the scheduler die, and nothing is lost."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from tests.dask_servers import PATIENCE, Cluster, Host, Process, cluster
from tests.scale.samples import work
from watcher.scale import dask_engine
from watcher.scale.engines import ATTEMPTS, Hands
from watcher.scale.planning import plan

pytestmark = [pytest.mark.server, pytest.mark.drill, pytest.mark.timeout(900)]

RULES = """
[[brands]]
name = "Café Luna"

[[rules]]
name = "luna"
find = 'luna OR "café luna"'
then = []

[[rules]]
name = "complaint"
find = '(luna NEAR/5 (cold OR late OR rude)) -job'
then = []
"""
POSTS = 48_000
SHARD = 6_000
"""Posts in each shard, about."""
ENDED = r"shard (\d+) of \d+ "
CONFIG = 'data = "data"\n'
SAID = (
    "the coffee at Luna was cold again",
    "nothing to see here, move on",
    "Café Luna opens at nine",
    "we had tea and cake by the river",
    "Luna has a job for you, not late",
)


def write_archive(path: Path, posts: int) -> None:
    lines = (
        f'{{"id": "{number}", "user": "u{number % 997}", "created_at": "2026-01-02T03:04:05Z", '
        f'"text": "{SAID[number % len(SAID)]} {number:08d}"}}\n'
        for number in range(posts)
    )
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "posts.jsonl"
    write_archive(path, POSTS)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "watcher.toml").write_text(CONFIG)
    (tmp_path / "rules.toml").write_text(RULES)
    return tmp_path


@pytest.fixture
def dask(folder: Path) -> Iterator[Cluster]:
    with cluster(folder) as made:
        yield made


def begin(dask: Cluster, archive: Path, engine: str | None = None) -> Process:
    size = ("--shard-size", str(SHARD))
    return dask.run(
        "backtest", "rules.toml", str(archive), *size, "--engine", engine or dask.engine
    )


def status(dask: Cluster, job: int = 1) -> dict[str, object]:
    return json.loads(dask.call("jobs", "status", str(job), "--json"))


def done(dask: Cluster, job: int = 1) -> dict[int, str]:
    return {one["number"]: one["done"] for one in status(dask, job)["of_shards"] if one["done"]}


def hits(dask: Cluster, job: int) -> list[str]:
    return dask.call("jobs", "hits", str(job), "--format", "jsonl").splitlines()


@pytest.fixture(scope="module")
def expected(archive: Path) -> list[str]:
    """What one process of this machine finds, without Dask."""
    folder = archive.parent
    (folder / "watcher.toml").write_text(CONFIG)
    (folder / "rules.toml").write_text(RULES)
    alone = Host(folder)
    size = ("--shard-size", str(SHARD))
    alone.call("backtest", "rules.toml", str(archive), *size, "--engine", "local:1")
    found = hits(alone, 1)
    assert len(found) > POSTS / 2
    return found


def test_a_killed_workers_shards_are_done_elsewhere(
    dask: Cluster, archive: Path, expected: list[str]
) -> None:
    run = begin(dask, archive)
    run.wait_for(ENDED)
    wait_until(lambda: busy(dask).get(dask.workers[0].process.pid))
    dask.workers[0].kill()
    run.wait_for(r"died")
    dask.start_workers(1)
    assert run.end() == 0
    told = status(dask)
    assert (told["state"], told["done"], told["records"]) == ("done", told["shards"], POSTS)
    assert hits(dask, 1) == expected


def test_a_result_that_goes_with_its_worker_is_made_anew(
    dask: Cluster, archive: Path, expected: list[str]
) -> None:
    run = begin(dask, archive)
    run.wait_for(ENDED)
    run.process.send_signal(signal.SIGSTOP)  # results wait at the workers, and are not fetched
    wait_until(lambda: executing(dask) == 0)
    for worker in [*dask.workers]:
        worker.kill()
    dask.start_workers(1)
    run.process.send_signal(signal.SIGCONT)
    assert run.end() == 0
    assert status(dask)["state"] == "done"
    assert hits(dask, 1) == expected


def test_workers_that_a_cluster_lets_go_take_no_shard_with_them(
    dask: Cluster, folder: Path
) -> None:
    from distributed import Client

    write_archive(folder / "long.jsonl", 100_000)
    run = dask.run("backtest", "rules.toml", "long.jsonl", "--engine", dask.engine)
    with Client(f"tcp://127.0.0.1:{dask.port}", set_as_default=False) as client:
        for _ in range(ATTEMPTS):
            wait_until(lambda: executing(dask) == 1)
            (at_work,) = (worker for worker, keys in client.processing().items() if keys)
            dask.start_workers(1)
            client.retire_workers([at_work])
            wait_until(lambda gone=at_work: gone not in client.nthreads())
    assert run.end() == 0, run.said()
    assert "died" not in run.said()
    assert status(dask)["state"] == "done"


def test_who_says_to_stop_is_heard_while_a_result_does_not_come(
    dask: Cluster, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_engine, "FETCH_SECONDS", PATIENCE)
    asked: list[float] = []

    def stop() -> bool:
        asked.append(time.monotonic())
        if len(asked) == 2:  # the shard is under way: nobody fetches it before this returns
            wait_until(lambda: is_made(dask))
            for worker in dask.workers:
                worker.process.send_signal(signal.SIGSTOP)
            asked[-1] = time.monotonic()
        return len(asked) > 6

    with closing(dask_engine.DaskEngine(dask.engine)) as engine:
        hands = Hands(stop, lambda _number, _part: None, lambda _number, _what: None)
        shards = plan([str(archive)], POSTS).shards[:1]
        assert list(engine.run(work(), shards, hands)) == []
    assert asked[-1] - asked[1] < PATIENCE / 4


def test_ctrl_c_ends_a_job_and_a_second_one_at_once(dask: Cluster, folder: Path) -> None:
    write_archive(folder / "long.jsonl", 400_000)
    run = dask.run("backtest", "rules.toml", "long.jsonl", "--engine", dask.engine)
    wait_until(lambda: executing(dask) == 1)
    run.process.send_signal(signal.SIGINT)
    time.sleep(0.1)  # into the midst of leaving
    run.process.send_signal(signal.SIGINT)
    assert run.end() in {1, 130, -signal.SIGINT}
    assert "Traceback" not in run.said()
    wait_until(lambda: executing(dask) == 0)
    assert status(dask)["state"] in {"stopped", "broken off"}


@pytest.mark.parametrize("again", [True, False], ids=["on-dask", "on-this-machine"])
def test_after_a_killed_scheduler_only_what_is_left_runs_and_the_hits_are_the_same(
    dask: Cluster, archive: Path, expected: list[str], again: bool
) -> None:
    run = begin(dask, archive)
    run.wait_for(ENDED, 2)
    dask.scheduler.kill()
    assert run.end() == 1
    assert f"the Dask scheduler at tcp://127.0.0.1:{dask.port} is gone" in run.said()
    assert "`watcher jobs resume 1`" in run.said()
    before = done(dask)
    numbers = {one["number"] for one in status(dask)["of_shards"]}
    assert 2 <= len(before) < len(numbers)
    for worker in dask.workers:
        worker.end()  # without a scheduler they end by themselves
    if again:
        dask.restart_scheduler()
        dask.start_workers(2)
    resumed = dask.run("jobs", "resume", "1", "--engine", dask.engine if again else "local:2")
    assert resumed.end() == 0
    ran = {int(found[1]) for found in resumed.wait_for(ENDED) if found}
    assert ran == numbers - before.keys()
    after = done(dask)
    assert {number: after[number] for number in before} == before
    assert hits(dask, 1) == expected


def test_a_cancelled_job_lets_its_workers_go_in_the_midst_of_a_shard(
    dask: Cluster, folder: Path
) -> None:
    # Half a minute of work, in one shard; how soon it ends is measured in benchmarks/batch_dask.py.
    write_archive(folder / "long.jsonl", 400_000)
    run = dask.run("backtest", "rules.toml", "long.jsonl", "--engine", dask.engine)
    wait_until(lambda: executing(dask) == 1)
    dask.call("jobs", "cancel", "1")
    assert run.end() == 1
    wait_until(lambda: executing(dask) == 0)
    told = status(dask)
    assert (told["state"], told["done"]) == ("cancelled", 0)


def test_with_certificates_a_job_runs_and_without_them_it_is_refused(
    folder: Path,
) -> None:
    archive = folder / "short.jsonl"
    write_archive(archive, 1_000)
    env = certificates(folder)
    with cluster(folder, scheme="tls", env=env) as dask:
        assert begin(dask, archive).end() == 0
        plain = begin(dask, archive, dask.engine.replace("tls:", "dask:"))
        assert plain.end() == 1
        assert "does not answer" in plain.said()
        del dask.env["DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"]
        keyless = begin(dask, archive)
        assert keyless.end() == 1
        assert "$DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY is not set" in keyless.said()
        dask.env |= certificates(folder / "stranger", ours=folder)
        stranger = begin(dask, archive)
        assert stranger.end() == 1
        assert "does not answer" in stranger.said()


def certificates(folder: Path, ours: Path | None = None) -> dict[str, str]:
    """Settings for an authority and one certificate for all; `ours`: trust that authority."""
    folder.mkdir(exist_ok=True)
    authority = trustme.CA()
    proof = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    proof.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(one.bytes() for one in proof.cert_chain_pems))
    tls = "DASK_DISTRIBUTED__COMM__TLS__"
    told = {f"{tls}CA_FILE": str((ours or folder) / "ca.pem")}
    for who in ("SCHEDULER", "WORKER", "CLIENT"):
        told[f"{tls}{who}__CERT"] = str(folder / "cert.pem")
        told[f"{tls}{who}__KEY"] = str(folder / "key.pem")
    return told | {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}


def executing(dask: Cluster) -> int:
    """Tasks that the workers' threads are at, cancelled ones too."""
    return sum(busy(dask).values())


def is_made(dask: Cluster) -> bool:
    """Whether the result of a shard waits at a worker."""
    from distributed import Client

    def look(dask_scheduler: object) -> bool:
        made = [key for key, one in dask_scheduler.tasks.items() if one.state == "memory"]
        return any(not key.endswith("-work") for key in made)

    with Client(f"tcp://127.0.0.1:{dask.port}", set_as_default=False) as client:
        return client.run_on_scheduler(look)


def busy(dask: Cluster) -> dict[int, int]:
    """Tasks that each worker is at, by its process."""
    from distributed import Client

    def look(dask_worker: object) -> tuple[int, int]:
        return os.getpid(), len(dask_worker.state.executing)

    with Client(f"tcp://127.0.0.1:{dask.port}", set_as_default=False) as client:
        return dict(client.run(look).values())


def wait_until(reached: object) -> None:
    until = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.05)
