"""Archives in S3: planned, read in shards, and noticed when they change."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from pyarrow import fs

from tests.crash_drill.watched_town import free_port
from tests.scale.samples import found, post, work
from tests.tied import tied
from watcher.scale.model import ScaleError, ShardError
from watcher.scale.planning import plan
from watcher.scale.shard import run_shard

pytestmark = [pytest.mark.drill, pytest.mark.server]

BUCKET = "archive"
INSTALL = Path(__file__).parents[1] / "s3" / "install"
PATIENCE = 60
"""Seconds until the server must answer."""


@pytest.fixture(scope="module")
def objects() -> Iterator[fs.S3FileSystem]:
    """What lies in an S3 server of our own, which is named in the environment as on a worker."""
    where = Path(
        subprocess.run([INSTALL, "--where"], capture_output=True, text=True).stdout.strip()
    )
    if not (where / "complete").exists():
        missing = f"the S3 server is not installed: `make test` installs it, or {INSTALL}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    port = free_port()
    place = f"http://127.0.0.1:{port}"
    command = tied([str(where / "venv/bin/moto_server"), "-H", "127.0.0.1", "-p", str(port)])
    silent = subprocess.DEVNULL
    with (
        pytest.MonkeyPatch.context() as patch,
        subprocess.Popen(command, stdout=silent, stderr=silent) as server,
    ):
        try:
            wait_for(place, server)
            patch.setenv("AWS_ENDPOINT_URL", place)
            patch.setenv("AWS_ACCESS_KEY_ID", "key")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
            files = fs.S3FileSystem(
                endpoint_override=f"127.0.0.1:{port}", scheme="http", allow_bucket_creation=True
            )
            files.create_dir(BUCKET)
            yield files
        finally:
            server.kill()


def wait_for(place: str, server: subprocess.Popen[bytes]) -> None:
    """Return when a server answers at an address; fail when it ends or never does."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(place, timeout=5):
                return
        except (URLError, ConnectionError):
            assert server.poll() is None, "the S3 server has ended"
            assert time.monotonic() < until, "the S3 server does not answer"
            time.sleep(0.05)


def put(objects: fs.S3FileSystem, key: str, body: bytes) -> None:
    with objects.open_output_stream(f"{BUCKET}/{key}") as stream:
        stream.write(body)


def lines(*numbers: int) -> bytes:
    return b"".join(json.dumps(post(number)).encode() + b"\n" for number in numbers)


def test_what_lies_in_a_bucket_is_found_as_on_a_disk(objects: fs.S3FileSystem) -> None:
    for key, numbers in (("2026/a.jsonl", range(100)), ("2026/02/b.jsonl", range(100, 150))):
        put(objects, key, lines(*numbers))
    put(objects, "2026/README.txt", b"about")
    planned = plan([f"s3://{BUCKET}/2026"], 30)
    assert {shard.name for shard in planned.shards} == {"a.jsonl", "02/b.jsonl"}
    assert planned.passed_over == (f"{BUCKET}/2026/README.txt",)
    assert len(planned.shards) > 4
    some = found(planned, work())
    keys = {hit.subject for hit in some if hit.rule == "named"}
    expected = {f"archive:{n}" for n in range(0, 150, 5)}
    assert keys == expected
    one = plan([f"s3://{BUCKET}/2026/a.jsonl"])
    assert [shard.file for shard in one.shards] == [f"s3://{BUCKET}/2026/a.jsonl"]
    assert plan([f"s3://{BUCKET}/2026/*.jsonl"]).shards[-1].name.endswith("a.jsonl")


def test_an_object_written_anew_is_noticed(objects: fs.S3FileSystem) -> None:
    put(objects, "x/a.jsonl", lines(1))
    (shard,) = plan([f"s3://{BUCKET}/x/a.jsonl"]).shards
    put(objects, "x/a.jsonl", lines(2))  # of the same size
    with pytest.raises(ShardError, match="has changed"):
        run_shard(work(), shard)
    objects.delete_file(f"{BUCKET}/x/a.jsonl")
    with pytest.raises(ShardError, match="there is no"):
        run_shard(work(), shard)


def test_a_bucket_without_archives_is_told(objects: fs.S3FileSystem) -> None:
    with pytest.raises(ScaleError, match="there is no archive"):
        plan([f"s3://{BUCKET}/nothing/here"])
    with pytest.raises(ScaleError):
        plan(["s3://no-such-bucket/a"])
