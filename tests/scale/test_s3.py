"""Archives in S3: planned, read in shards, and noticed when they change."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.scale.samples import found, post, work
from watcher.scale.model import ScaleError, ShardError
from watcher.scale.planning import plan
from watcher.scale.shard import run_shard

pytestmark = [pytest.mark.drill, pytest.mark.server]

BUCKET = "archive"


@pytest.fixture(scope="module")
def objects() -> Iterator[Any]:
    """A client of an S3 server of our own, which is named in the environment as on a worker."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
    server.stop()


def lines(*numbers: int) -> bytes:
    return b"".join(json.dumps(post(number)).encode() + b"\n" for number in numbers)


def test_what_lies_in_a_bucket_is_found_as_on_a_disk(objects: Any) -> None:
    for key, numbers in (("2026/a.jsonl", range(100)), ("2026/02/b.jsonl", range(100, 150))):
        objects.put_object(Bucket=BUCKET, Key=key, Body=lines(*numbers))
    objects.put_object(Bucket=BUCKET, Key="2026/README.txt", Body=b"about")
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


def test_an_object_written_anew_is_noticed(objects: Any) -> None:
    objects.put_object(Bucket=BUCKET, Key="x/a.jsonl", Body=lines(1))
    (shard,) = plan([f"s3://{BUCKET}/x/a.jsonl"]).shards
    objects.put_object(Bucket=BUCKET, Key="x/a.jsonl", Body=lines(2))  # of the same size
    with pytest.raises(ShardError, match="has changed"):
        run_shard(work(), shard)
    objects.delete_object(Bucket=BUCKET, Key="x/a.jsonl")
    with pytest.raises(ShardError, match="there is no"):
        run_shard(work(), shard)


def test_a_bucket_without_archives_is_told(objects: Any) -> None:
    with pytest.raises(ScaleError, match="there is no archive"):
        plan([f"s3://{BUCKET}/nothing/here"])
    with pytest.raises(ScaleError):
        plan(["s3://no-such-bucket/a"])
