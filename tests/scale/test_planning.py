"""Archives are cut so that each record is in one shard, the same way each time."""

import errno
import json
import os
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scale.samples import work, write_lines, write_posts
from watcher.scale import planning
from watcher.scale.model import ScaleError, Shard
from watcher.scale.planning import plan
from watcher.scale.shard import run_shard


def cuts(shards: tuple[Shard, ...]) -> list[tuple[int, int]]:
    return [(shard.start, shard.stop) for shard in shards]


@settings(max_examples=40)
@given(
    lines=st.lists(st.text('a "{é\r', max_size=40), min_size=1),
    size=st.integers(1, 12),
    ended=st.booleans(),
)
def test_every_line_is_in_one_shard(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], size: int, ended: bool
) -> None:
    path = tmp_path_factory.mktemp("cut") / "posts.jsonl"
    octets = ('{"text": "first"}\n' + "\n".join(lines) + "\n" * ended).encode()
    path.write_bytes(octets)
    planned = plan([str(path)], size)
    whole = [octets[start:stop] for start, stop in cuts(planned.shards)]
    assert b"".join(whole) == octets
    assert all(part.endswith(b"\n") for part in whole[:-1])
    assert planned == plan([str(path)], size)


def test_shards_hold_about_as_many_posts_as_asked(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "posts.jsonl", *range(1000))
    shards = plan([str(path)], 100).shards
    assert 9 <= len(shards) <= 11
    assert [shard.number for shard in shards] == list(range(1, len(shards) + 1))


def test_compressed_files_and_streams_are_not_cut(tmp_path: Path) -> None:
    zipped = write_posts(tmp_path / "a.jsonl.gz", *range(100))
    event = {"did": "did:plc:a", "kind": "identity", "identity": {"handle": "a.example"}}
    stream = write_lines(tmp_path / "b.jsonl", [event] * 100)
    shards = plan([str(tmp_path)], 10).shards
    assert [(shard.name, shard.form) for shard in shards] == [
        ("a.jsonl.gz", "gzip"),
        ("b.jsonl", "lines"),
    ]
    assert cuts(shards) == [(0, zipped.stat().st_size), (0, stream.stat().st_size)]


def test_parquet_is_cut_between_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "posts.parquet"
    table = pa.table({"text": [f"post {n}" for n in range(100)]})
    pq.write_table(table, path, row_group_size=10)
    assert cuts(plan([str(path)], 25).shards) == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]
    assert cuts(plan([str(path)], 3).shards) == [(n, n + 1) for n in range(10)]


def test_a_folder_gives_its_archives_and_tells_the_rest(tmp_path: Path) -> None:
    write_posts(tmp_path / "2026" / "b.jsonl", 1)
    write_posts(tmp_path / "2025" / "a.ndjson.gz", 2)
    (tmp_path / "2026" / "README.txt").write_text("about")
    (tmp_path / ".hidden.jsonl").write_text("{}")
    (tmp_path / "2026" / "none.jsonl").touch()
    planned = plan([str(tmp_path)])
    assert [shard.name for shard in planned.shards] == ["2025/a.ndjson.gz", "2026/b.jsonl"]
    assert planned.passed_over == ("2026/README.txt",)
    assert planned.empty == (str(tmp_path / "2026" / "none.jsonl"),)


def test_a_folder_with_the_signs_of_a_pattern_in_its_name_is_a_folder(tmp_path: Path) -> None:
    for name in ("posts [2026]", "all*", "why?"):
        write_posts(tmp_path / name / "a.jsonl", 1)
        (tmp_path / name / "README.txt").write_text("about")
        planned = plan([str(tmp_path / name)])
        assert [shard.name for shard in planned.shards] == ["a.jsonl"]
        assert planned.passed_over == ("README.txt",)
        inside = plan([str(tmp_path / name / "*.jsonl")])
        assert [Path(shard.file).parent.name for shard in inside.shards] == [name]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "a.jsonl", 1)
    planned = plan([str(path), str(tmp_path), str(tmp_path / "*.jsonl")])
    assert [shard.file for shard in planned.shards] == [str(path)]


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    one, other = (write_posts(tmp_path / folder / "a.jsonl", 1) for folder in ("x", "y"))
    names = [shard.name for shard in plan([str(one), str(other)]).shards]
    assert names == [str(one), str(other)]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", "<html>not found</html>", "holds a web page or XML"),
        ("a.json", '[\n{"text": "x"}\n]', "is one JSON array over several lines"),
        ("a.jsonl", "\0\1\2\3" * 100, "is neither text nor gzip"),
        ("a.csv", "id,text\n1,acme\n", "is CSV, which is not read in shards"),
        ("a.parquet", "PAR1 and no more of it", "cannot be read"),
    ],
)
def test_what_is_no_archive_is_told_before_anything_begins(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ScaleError, match=said):
        plan([str(tmp_path / name)])


class Failing(FileIO):
    """A file of a disk, or a bucket, that is gone when it is read on."""

    def readinto(self, buffer: Any) -> int:
        if self.tell() >= 1 << 16:
            raise OSError(errno.ESTALE, "Stale file handle")
        return super().readinto(buffer)


def test_a_fault_of_the_disk_while_the_cuts_are_looked_for_is_told_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_posts(tmp_path / "a.jsonl", *range(2000))
    monkeypatch.setattr(planning, "opened", lambda file: BufferedReader(Failing(file)))
    with pytest.raises(ScaleError, match=r"a\.jsonl cannot be read: Stale file handle"):
        plan([str(path)], 100)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    for archive in ("gone.jsonl", "*.jsonl", "."):
        with pytest.raises(ScaleError):
            plan([str(tmp_path / archive)])


@pytest.mark.parametrize(
    "address",
    [
        "s3://key:hush@bucket/posts",
        "s3://bucket/posts?region=eu-west-1&secret_key=hush",
        "s3://bucket/posts?access_key=hush",
        "s3://bucket/posts?endpoint_override=key%3Ahush%40host",
        "abfs://posts@account.dfs.core.windows.net/2026?client_secret=hush",
        "abfs://posts@account.dfs.core.windows.net/2026?sv=2026&sig=hush",
        "gs://bucket/posts?hush",
        "hdfs://host/posts?kerb_ticket=hush",
        "s3://bucket/posts?region=eu;secret_key=hush",
    ],
)
def test_an_address_with_a_secret_is_refused(address: str) -> None:
    with pytest.raises(ScaleError, match="is read by others") as refused:
        plan([address])
    assert "hush" not in str(refused.value) + refused.value.help
    assert "AWS_SECRET_ACCESS_KEY" in refused.value.help


def test_an_address_may_say_where_a_bucket_lies(tmp_path: Path) -> None:
    write_posts(tmp_path / "a.jsonl", 1)
    (shard,) = plan([f"file://{tmp_path}/a.jsonl?region=eu-west-1&scheme=http"]).shards
    assert run_shard(work(), shard).records == 1


def test_a_shard_is_kept_as_json(tmp_path: Path) -> None:
    shard = plan([str(write_posts(tmp_path / "é.jsonl", 1))]).shards[0]
    assert Shard.load(1, shard.dump()) == shard
    assert json.loads(shard.dump())["name"] == "é.jsonl"


def test_a_file_name_of_any_octets_survives_the_ledger(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jsonl")
    try:
        path = write_posts(tmp_path / name, 1)
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    shard = plan([str(path)]).shards[0]
    assert shard.dump().isascii()
    assert Shard.load(1, shard.dump()) == shard


def test_an_empty_row_group_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with pq.ParquetWriter(path, pa.schema([("text", pa.string())])) as writer:
        writer.write_table(pa.table({"text": pa.array([], pa.string())}))
        writer.write_table(pa.table({"text": ["Nordelia"]}))
        writer.write_table(pa.table({"text": pa.array([], pa.string())}))
    shards = plan([str(path)], 1).shards
    assert sum(run_shard(work(), shard).records for shard in shards) == 1
