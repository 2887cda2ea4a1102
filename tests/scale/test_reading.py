"""What cannot be read is counted and told with its place; a file that changed is an error."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model import Post
from tests.scale.samples import found, hits, post, work, write_lines, write_posts
from watcher.backends.archive import lines
from watcher.scale import model, parquet
from watcher.scale.model import MOST_NOTES, Kind, ShardError, StoppedError
from watcher.scale.planning import plan
from watcher.scale.reading import Piece, read
from watcher.scale.shapes import POST_COLUMNS, PostShapes
from watcher.scale.shard import run_shard


def posts(path: Path, size: int = 1000) -> list[Post]:
    return [
        one
        for shard in plan([str(path)], size).shards
        for piece in read(shard, PostShapes(), POST_COLUMNS)
        for one in piece.posts
    ]


def test_the_same_posts_come_out_of_every_form(tmp_path: Path) -> None:
    some = [post(n) for n in range(30)]
    plain = write_lines(tmp_path / "a.jsonl", some)
    zipped = write_lines(tmp_path / "b.jsonl.gz", some)
    table = pa.Table.from_pylist(some)
    pq.write_table(table, tmp_path / "c.parquet", row_group_size=7)
    assert len(posts(plain)) == 30
    assert posts(plain, 4) == posts(plain) == posts(zipped) == posts(tmp_path / "c.parquet", 10)


def test_broken_lines_are_skipped_counted_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 1000)
    path = write_lines(
        tmp_path / "a.jsonl",
        [post(0), '{"text": "cut', "", json.dumps(post(2) | {"text": "x" * 5000}), post(10), "[]"],
    )
    (shard,) = plan([str(path)]).shards
    result = run_shard(work(), shard)
    assert (result.records, result.skipped) == (2, 2)
    assert [note.where for note in result.notes] == ["a.jsonl:2", "a.jsonl:4"]
    assert "not JSON" in result.notes[0].why
    assert "octets; at most 1,000" in result.notes[1].why


def test_in_the_middle_of_a_file_the_octet_tells_the_place(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [post(n) for n in range(50)] + ["{broken"])
    last = run_shard(work(), plan([str(path)], 10).shards[-1])
    (note,) = last.notes
    name, _, octet = note.where.partition("@")
    assert name == "a.jsonl"
    assert path.read_bytes()[int(octet) :] == b"{broken\n"


def test_only_the_first_of_many_broken_lines_are_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [post(0), *["{"] * 5000])
    result = run_shard(work(), plan([str(path)]).shards[0])
    assert (result.skipped, len(result.notes)) == (5000, MOST_NOTES)


def test_what_a_damaged_gzip_lost_is_told(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "a.jsonl.gz", *range(2000))
    path.write_bytes(path.read_bytes()[:-1000])
    result = run_shard(work(), plan([str(path)]).shards[0])
    assert 0 < result.records < 2000
    assert "ends unfinished" in result.notes[-1].why


def test_rows_that_are_no_posts_are_skipped(tmp_path: Path) -> None:
    rows = [{"id": "1", "text": "Nordelia"}, {"id": "2", "text": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    result = run_shard(work(), plan([str(tmp_path)]).shards[0])
    assert (result.records, result.skipped, result.notes) == (
        1,
        1,
        (("a.parquet: row 2", "no text"),),
    )


@pytest.mark.parametrize("how", ["touched", "longer", "gone"])
def test_a_file_that_changed_since_the_plan_is_an_error(tmp_path: Path, how: str) -> None:
    path = write_posts(tmp_path / "a.jsonl", *range(10))
    (shard,) = plan([str(path)]).shards
    if how == "touched":
        os.utime(path, ns=(1, 1))
    elif how == "longer":
        path.write_bytes(path.read_bytes() * 2)
    else:
        path.unlink()
    with pytest.raises(ShardError, match="cannot be read" if how == "gone" else "has changed"):
        run_shard(work(), shard)


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = write_posts(tmp_path / "a.jsonl", *range(5000))
    (shard,) = plan([str(path)]).shards
    with pytest.raises(ShardError, match="has changed"):
        run_shard(work(), shard, moved=lambda _part: os.utime(path, ns=(1, 1)))


def test_a_damaged_row_group_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"Nordelia {n}" for n in range(5000)]}), path)
    octets = bytearray(path.read_bytes())
    octets[100:2000] = bytes(1900)
    path.write_bytes(octets)
    with pytest.raises(ShardError, match="cannot be read"):
        run_shard(work(), plan([str(path)]).shards[0])


def pieces(path: Path) -> Iterator[Piece]:
    (shard,) = plan([str(path)], 10_000_000).shards
    return read(shard, PostShapes(), POST_COLUMNS)


def test_lines_with_many_long_links_make_small_pieces(tmp_path: Path) -> None:
    many = [f"https://nordelia.example/{n}?{'x' * 2000}" for n in range(900)]
    row = {"key": "x:1", "network": "x", "id": "1", "author_key": "x:9", "author": "zoe"}
    row |= {"text": "", "posted_at": "2026-03-01T12:00:00Z"}
    path = write_lines(tmp_path / "a.jsonl", [row | {"links": many}] * 12)
    assert [len(piece.posts) for piece in pieces(path)] == [3, 3, 3, 3, 0]


@pytest.mark.parametrize("lines_in_it", ["\n" * 50_000, ("x" * 5_000_000 + "\n") * 3])
def test_a_file_without_posts_is_left_when_somebody_says_so(
    tmp_path: Path, lines_in_it: str
) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(lines_in_it.encode()))
    assert sum(1 for _ in pieces(path)) > 3


@pytest.mark.parametrize("form", ["dictionary", "lists in a dictionary", "deltas"])
def test_a_small_file_that_stands_for_gigabytes_takes_little_memory(
    tmp_path: Path, form: str
) -> None:
    text, rows = "x" * 150_000, 2000
    table = {
        "text": pa.array(["Nordelia" if form == "lists in a dictionary" else text] * rows),
        "links": pa.array([[text] if form == "lists in a dictionary" else []] * rows),
    }
    deltas = {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}}
    path = tmp_path / "a.parquet"
    options = deltas if form == "deltas" else {}
    pq.write_table(pa.table(table), path, compression="zstd", **options)
    assert path.stat().st_size < 10_000
    del table
    read_, before = 0, pa.total_allocated_bytes()
    for piece in pieces(path):
        assert sum(len(one.text) + sum(map(len, one.links)) for one in piece.posts) < 8_000_000
        assert pa.total_allocated_bytes() - before < 150_000_000
        read_ += len(piece.posts)
    assert read_ == rows


ORDINARY: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": (pa.string(), {"use_dictionary": False}),
    "lengths": (
        pa.string(),
        {"use_dictionary": False, "column_encoding": "DELTA_LENGTH_BYTE_ARRAY"},
    ),
    "lengths of binary": (
        pa.binary(),
        {"use_dictionary": False, "column_encoding": "DELTA_LENGTH_BYTE_ARRAY"},
    ),
    "json": (pa.json_(), {}),
    "plain json": (pa.json_(), {"use_dictionary": False}),
}
"""Ordinary forms of text: none shares octets but through a dictionary that pyarrow can keep."""


def sizes(path: Path, columns: list[str]) -> list[tuple[int, int]]:
    """Return the rows and the octets of each batch in which a file is unpacked."""
    seen: list[tuple[int, int]] = []
    real = parquet._rows

    def noted(batch: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        seen.append((batch.num_rows, batch.nbytes))
        return real(batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "_rows", noted)
        list(parquet.rows(str(path), 0, len(parquet.row_groups(str(path))), columns))
    return seen


@pytest.mark.parametrize("form", ORDINARY)
def test_lists_of_text_are_read_in_every_ordinary_form(tmp_path: Path, form: str) -> None:
    kind, options = ORDINARY[form]
    rows = 20_000
    tags = pa.array([f"sale{n}" for n in range(rows)]).cast(pa.binary())
    stored = tags if kind == pa.binary() else tags.cast(pa.string()).cast(kind)
    lists = pa.ListArray.from_arrays(pa.array(range(rows + 1), pa.int32()), stored)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"hashtags": lists}), path, **options)
    found = [row["hashtags"] for _, row in parquet.rows(str(path), 0, 1, ["hashtags"])]
    assert found == lists.to_pylist()
    assert {rows for rows, _ in sizes(path, ["hashtags"])} == {parquet._BATCH}


@pytest.mark.parametrize("form", ORDINARY)
def test_ordinary_text_is_read_thousands_of_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    kind, options = ORDINARY[form]
    texts = pa.array([f"{n} {'x' * 1000}" for n in range(20_000)]).cast(pa.binary())
    stored = texts if kind == pa.binary() else texts.cast(pa.string()).cast(kind)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": stored}), path, **options)
    monkeypatch.setattr(parquet, "_UNPACKED", 8 << 20)
    assert {rows for rows, _ in sizes(path, ["text"])} == {parquet._BATCH}


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY"])
def test_long_texts_stored_in_full_are_unpacked_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(parquet, "_UNPACKED", 1 << 20)
    options = {"use_dictionary": False, "column_encoding": encoding, "compression": "zstd"}
    short, long = ["Nordelia"] * 2000, ["x" * 100_000] * 90
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": long}), path, **options)
    seen = sizes(path, ["text"])
    assert sum(rows for rows, _ in seen) == 90
    assert max(octets for _, octets in seen) <= parquet._UNPACKED
    pq.write_table(pa.table({"text": short + long}), path, **options)
    whole = pq.read_metadata(path).row_group(0).total_byte_size
    seen = sizes(path, ["text"])
    assert sum(rows for rows, _ in seen) == 2090
    assert max(octets for _, octets in seen) <= whole
    monkeypatch.setattr(parquet, "_LARGE", whole - 1)
    with pytest.raises(ShardError, match="more than posts come to"):
        sizes(path, ["text"])


def test_rows_of_over_four_megabytes_are_skipped_and_told(tmp_path: Path) -> None:
    long = "x" * 3_000_000
    some = [post(0), post(1) | {"links": [long, long]}, post(2) | {"text": long * 2}, post(3)]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([one | {"links": one.get("links")} for one in some]), path)
    result = run_shard(work(), plan([str(path)]).shards[0])
    assert (result.records, result.skipped) == (2, 2)
    assert [note.where for note in result.notes] == ["a.parquet: row 2", "a.parquet: row 3"]
    assert "octets; at most 4,194,304" in result.notes[0].why


@pytest.mark.parametrize("bound", ["_LARGE", "_MOST_IN_LISTS", "_UNPACKED"])
def test_a_row_group_out_of_all_measure_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    texts = ["x" * 1000] * 2000
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"text": texts, "links": [["a", "b"]] * 2000}),
        path,
        compression="zstd",
        use_dictionary=False,
        column_encoding={"links.list.element": "DELTA_BYTE_ARRAY"},
    )
    assert sum(len(piece.posts) for piece in pieces(path)) == 2000
    monkeypatch.setattr(parquet, bound, 1000)
    with pytest.raises(ShardError, match="more than posts come to"):
        list(pieces(path))


_CELLS = st.text(max_size=20) | st.none()
_ROWS = st.fixed_dictionaries(
    {
        "text": _CELLS,
        "links": st.lists(_CELLS, max_size=5) | st.none(),
        "user": st.fixed_dictionaries({"handle": _CELLS, "data": st.lists(_CELLS, max_size=2)}),
        "likes": st.integers(0, 9),
    }
)
_TYPES = pa.schema(
    {
        "text": pa.string(),
        "links": pa.list_(pa.string()),
        "user": pa.struct({"handle": pa.large_string(), "data": pa.list_(pa.string())}),
        "likes": pa.int64(),
    }
)


@given(
    some=st.lists(_ROWS, min_size=1, max_size=30),
    size=st.integers(1, 9),
    coded=st.booleans(),
    unpacked=st.integers(1, 200),
    longest=st.integers(200, 400),
)
def test_whatever_the_bounds_the_rows_are_those_of_the_file(
    tmp_path_factory: pytest.TempPathFactory,
    some: list[dict[str, Any]],
    size: int,
    coded: bool,
    unpacked: int,
    longest: int,
) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.parquet"
    pq.write_table(
        pa.Table.from_pylist(some, _TYPES), path, row_group_size=size, use_dictionary=coded
    )
    groups = parquet.row_groups(str(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "_UNPACKED", unpacked)
        patch.setattr(parquet, "LONGEST_LINE", longest)
        found = [*parquet.rows(str(path), 0, len(groups), ["text", "links", "user", "likes"])]
    assert sum(groups) == len(found) == len(some)
    for (octets, row), whole in zip(found, some, strict=True):
        assert row == (whole if octets <= longest else {})


def test_a_shard_stops_when_it_is_told_to(tmp_path: Path) -> None:
    (shard,) = plan([str(write_posts(tmp_path / "a.jsonl", *range(3000)))]).shards
    with pytest.raises(StoppedError):
        run_shard(work(), shard, stop=lambda: True)


def test_a_shard_tells_how_far_it_is(tmp_path: Path) -> None:
    parts: list[float] = []
    for name in ("a.jsonl", "a.jsonl.gz"):
        (shard,) = plan([str(write_posts(tmp_path / name, *range(5000)))]).shards
        run_shard(work(), shard, parts.append)
        assert parts == sorted(parts)
        assert (len(parts), parts.pop()) == (3, 1.0)
        parts.clear()


def test_the_same_shard_gives_the_same_octets(tmp_path: Path) -> None:
    (shard,) = plan([str(write_posts(tmp_path / "a.jsonl", *range(3000)))]).shards
    assert run_shard(work(), shard) == run_shard(work(), shard)


def test_compressed_or_not_the_same_is_found(tmp_path: Path) -> None:
    some = hits(write_posts(tmp_path / "a.jsonl", *range(3000)), size=10_000)
    path = write_posts(tmp_path / "a.jsonl.gz", *range(3000))
    assert len(some) > 1000
    assert found(plan([str(path)]), work()) == some


def test_a_gzip_of_several_parts_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    parts = [gzip.compress(json.dumps(post(n)).encode() + b"\n") for n in range(5)]
    path.write_bytes(b"".join(parts))
    assert [one.id for one in posts(path)] == list("01234")


def test_hits_that_cannot_be_held_fail_their_shard_and_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "MOST_FOUND", 10_000)
    (shard,) = plan([str(write_posts(tmp_path / "a.jsonl", *range(5000)))]).shards
    with pytest.raises(ShardError, match=r"too many hits for one shard.*narrower rules, such as"):
        run_shard(work(), shard)


@pytest.mark.parametrize("kind", ["backtest", "scan-accounts"])
def test_look_alikes_that_cannot_be_held_fail_their_shard_and_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    records = [post(n) | {"author": {"id": f"{n % 9}", "handle": "nordeIia"}} for n in range(50)]
    (shard,) = plan([str(write_lines(tmp_path / "a.jsonl", records))]).shards
    monkeypatch.setattr("watcher.scale.shard.MOST_ALIKE", 10)  # nine accounts and a domain
    assert run_shard(work(kind), shard).hits >= 9
    monkeypatch.setattr("watcher.scale.shard.MOST_ALIKE", 8)
    with pytest.raises(ShardError, match=r"'Nordelia' by the rule 'alike': .* score.*--shard-size"):
        run_shard(work(kind), shard)
