"""Archives: growing, replaced, damaged and mixed files; what is skipped is told with its place."""

import gzip
import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.model import Post
from watcher.backends import ArchiveSource, LocalSource
from watcher.backends.archive import lines as archive_lines
from watcher.backends.archive import reader as archive_reader
from watcher.backends.archive import records as archive_records
from watcher.backends.archive.parsing import file_time
from watcher.backends.formats import FieldMapping
from watcher.backends.interface import BackendError, Page


def read(folder: Path, file: str, cursor: str | None = None, **keys: object) -> list[Page]:
    source = ArchiveSource(name="files", file=file, **keys)
    return list(source.open(folder).pages(cursor))


def posts(pages: Iterable[Page]) -> list[Post]:
    return [post for page in pages for post in page.posts]


def texts(pages: Iterable[Page]) -> list[str]:
    return [post.text for post in posts(pages)]


def skipped(pages: Iterable[Page]) -> list[tuple[str, str]]:
    return [(item.where, item.why) for page in pages for item in page.skipped]


def line(number: int, **more: object) -> str:
    post = {"id": str(number), "text": f"post {number}", "author": "marie", **more}
    return json.dumps(post) + "\n"


def test_a_bad_line_is_told_with_its_number_and_the_rest_is_read(tmp_path: Path) -> None:
    content = [
        line(1),
        "{not json}\n",
        "\n",
        json.dumps({"id": "3"}) + "\n",
        json.dumps({"id": "4", "text": 17}) + "\n",
        line(5, created_at="the day before yesterday"),
        line(6, id={"$oid": "x"}),
        "[1, 2]\n",
        "null\n",
        "[" * 100_000 + "\n",
        '{"id": ' + "9" * 5000 + ', "text": "x"}\n',
        line(7, author=["a"]),
        line(8, id="x" * 600),
        line(9),
    ]
    (tmp_path / "a.jsonl").write_text("".join(content))
    pages = read(tmp_path, "a.jsonl")
    assert texts(pages) == ["post 1", "post 9"]
    told = skipped(pages)
    assert [where for where, _ in told] == [
        *(f"a.jsonl:{n}" for n in (2, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13)),
    ]
    assert told[0][1].startswith("not JSON: ")
    assert told[1][1] == "no text"
    assert "yesterday" in told[3][1]
    assert sum(page.skipped_count for page in pages) == len(told)


def test_octets_that_are_not_utf8_spoil_their_line_only(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(
        b"\xef\xbb\xbf" + line(1).encode() + b'{"text": "\xff"}\n' + line(2).encode()
    )
    pages = read(tmp_path, "a.jsonl")
    assert texts(pages) == ["post 1", "post 2"]
    assert skipped(pages) == [("a.jsonl:2", "not UTF-8 (octet 10)")]


def test_half_a_surrogate_pair_becomes_a_replacement_character(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"text": "a\\ud83d b", "author": {"handle": "x\\uDC00", "bio": "\\ud83d\\ude00"}}\n'
    )
    (post,) = posts(read(tmp_path, "a.jsonl"))
    assert post.text == "a\N{REPLACEMENT CHARACTER} b"
    assert post.author.handle == "x\N{REPLACEMENT CHARACTER}"
    assert post.author.bio == "😀"


def test_an_endless_line_is_counted_and_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_lines, "LONGEST_LINE", 1000)
    content = line(1) + "x" * 2500 + "\n" + line(2) + "y" * 1000 + "\n" + line(3) + "z" * 5000
    (tmp_path / "a.jsonl").write_text(content)
    pages = read(tmp_path, "a.jsonl")
    assert texts(pages) == ["post 1", "post 2", "post 3"]
    assert [where for where, _ in skipped(pages)] == ["a.jsonl:2", "a.jsonl:4", "a.jsonl:6"]
    assert "2,501 octets" in skipped(pages)[0][1]
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write("z" * 300 + "\n" + line(4))
    again = read(tmp_path, "a.jsonl", pages[-1].cursor)
    assert texts(again) == ["post 4"]
    assert "5,301 octets" in skipped(again)[0][1]


def test_a_text_beyond_a_million_characters_is_cut_and_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line(1, text="x" * 1_000_001))
    pages = read(tmp_path, "a.jsonl")
    assert len(posts(pages)[0].text) == 1_000_000
    assert skipped(pages) == [
        ("a.jsonl:1", "cut: the text has 1,000,001 characters, 1,000,000 were kept")
    ]


def test_the_same_post_twice_in_a_page_comes_once_and_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line(1) + line(2) + line(1))
    pages = read(tmp_path, "a.jsonl")
    assert texts(pages) == ["post 1", "post 2"]
    assert [page.repeated for page in pages] == [1]
    assert skipped(pages) == []


def test_a_last_line_being_written_is_read_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(line(1) + line(2)[:15])
    first = read(tmp_path, "a.jsonl")
    assert texts(first) == ["post 1"]
    assert skipped(first)[0][0] == "a.jsonl:2"
    assert "unfinished" in skipped(first)[0][1]
    assert read(tmp_path, "a.jsonl", first[-1].cursor) == [], "told once, not at every pull"
    path.write_text(line(1) + line(2))
    assert texts(read(tmp_path, "a.jsonl", first[-1].cursor)) == ["post 2"]


def test_a_last_line_without_a_line_end_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line(1) + line(2).rstrip())
    pages = read(tmp_path, "a.jsonl")
    assert texts(pages) == ["post 1", "post 2"]
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write("\n" + line(3))
    assert texts(read(tmp_path, "a.jsonl", pages[-1].cursor)) == ["post 3"]


@pytest.mark.parametrize("compress", [False, True])
def test_a_replaced_file_is_noticed_told_and_read_from_the_start(
    tmp_path: Path, compress: bool
) -> None:
    def write(*numbers: int) -> None:
        data = "".join(line(n) for n in numbers).encode()
        (tmp_path / "a.jsonl").write_bytes(gzip.compress(data) if compress else data)

    write(*range(1, 30))
    cursor = read(tmp_path, "a.jsonl")[-1].cursor
    write(*range(50, 90))
    pages = read(tmp_path, "a.jsonl", cursor)
    assert texts(pages) == [f"post {n}" for n in range(50, 90)]
    assert skipped(pages) == [
        ("a.jsonl", "the file was replaced or cut: it is read again from the start")
    ]
    write(50, 51)  # cut
    pages = read(tmp_path, "a.jsonl", pages[-1].cursor)
    assert texts(pages) == ["post 50", "post 51"]
    assert len(skipped(pages)) == 1


def test_a_truncated_gzip_gives_what_is_whole_and_goes_on_when_it_is_complete(
    tmp_path: Path,
) -> None:
    whole = gzip.compress("".join(line(n) for n in range(3000)).encode())
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    pages = read(tmp_path, "a.jsonl.gz")
    got = texts(pages)
    assert 500 < len(got) < 3000
    assert "ends unfinished" in skipped(pages)[-1][1]
    assert skipped(pages)[-1][0] == f"a.jsonl.gz:{len(got) + 1}"
    assert read(tmp_path, "a.jsonl.gz", pages[-1].cursor) == []
    path.write_bytes(whole)
    got += texts(read(tmp_path, "a.jsonl.gz", pages[-1].cursor))
    assert got == [f"post {n}" for n in range(3000)]


def test_a_damaged_gzip_gives_what_precedes_the_damage(tmp_path: Path) -> None:
    whole = gzip.compress("".join(line(n) for n in range(300)).encode())
    header, impossible_block = whole[:10], b"\xff" * 50
    (tmp_path / "a.jsonl.gz").write_bytes(whole + header + impossible_block)
    pages = read(tmp_path, "a.jsonl.gz")
    assert len(texts(pages)) == 300
    assert skipped(pages)[0][0] == "a.jsonl.gz:301"
    assert "damaged from here on" in skipped(pages)[0][1]


def test_what_follows_a_gzip_stream_and_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(line(1).encode()) + b"garbage")
    pages = read(tmp_path, "a.jsonl.gz")
    assert texts(pages) == ["post 1"]
    assert "damaged" in skipped(pages)[-1][1]


def test_gzip_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(gzip.compress(line(1).encode()))
    (tmp_path / "b.gz").write_text(line(2))
    assert texts(read(tmp_path, "a.txt")) == ["post 1"]
    assert texts(read(tmp_path, "b.gz")) == ["post 2"]


def test_a_pattern_reads_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for month, number in (("03", 3), ("01", 1), ("02", 2)):
        (tmp_path / "logs" / month).mkdir(parents=True)
        (tmp_path / "logs" / month / "posts.jsonl").write_text(line(number))
    pages = read(tmp_path, "logs/*/posts.jsonl")
    assert texts(pages) == ["post 1", "post 2", "post 3"]
    assert len(pages) == 1, "small files share a page"
    (tmp_path / "logs" / "00").mkdir()
    (tmp_path / "logs" / "00" / "posts.jsonl").write_text(line(4))
    with (tmp_path / "logs" / "02" / "posts.jsonl").open("a") as file:
        file.write(line(5))
    assert texts(read(tmp_path, "logs/*/posts.jsonl", pages[-1].cursor)) == ["post 4", "post 5"]


def test_a_pattern_that_fits_nothing_is_gone(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="no file fits") as raised:
        read(tmp_path, "*.jsonl")
    assert raised.value.kind == "gone"


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("<html><body>502 Bad Gateway</body></html>")
    (tmp_path / "b.jsonl").write_text(line(1))
    pages = ArchiveSource(name="files", file="*.jsonl").open(tmp_path).pages(None)
    assert texts([next(pages)]) == ["post 1"]
    with pytest.raises(BackendError, match=r"a\.jsonl holds a web page"):
        next(pages)


def test_a_json_array_over_several_lines_says_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"text": "x"}], indent=1))
    with pytest.raises(BackendError, match="one JSON array") as raised:
        read(tmp_path, "a.json")
    assert "jq -c '.[]' a.json" in raised.value.help


def test_an_array_on_one_line_is_read_item_by_item(tmp_path: Path) -> None:
    items = [json.loads(line(1)), {"id": "2"}, json.loads(line(3))]
    (tmp_path / "a.jsonl").write_text(json.dumps(items) + "\n")
    pages = read(tmp_path, "a.jsonl")
    assert texts(pages) == ["post 1", "post 3"]
    assert skipped(pages) == [("a.jsonl:1", "item 2: no text")]


@pytest.mark.parametrize("kind", [ArchiveSource, LocalSource])
def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, kind: type[ArchiveSource | LocalSource], nobody: None
) -> None:
    with pytest.raises(BackendError) as raised:
        kind(name="files", file="a.jsonl").open(tmp_path).check()
    assert raised.value.kind == "refused"


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[None]:
    """A file that may not be read, and, since root may read all, a user who is not root."""
    (tmp_path / "a.jsonl").write_text(line(1))
    (tmp_path / "a.jsonl").chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_pages_of_huge_posts_hold_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "PAGE_CHARACTERS", 1000)
    (tmp_path / "a.jsonl").write_text("".join(line(n, text="x" * 600) for n in range(5)))
    assert [len(page.posts) for page in read(tmp_path, "a.jsonl")] == [2, 2, 1]


def test_pages_of_an_archive_without_posts_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_reader, "PAGE_ITEMS", 100)
    (tmp_path / "a.jsonl").write_text("{}\n" * 250)
    pages = read(tmp_path, "a.jsonl")
    assert [page.skipped_count for page in pages] == [100, 100, 50]
    assert texts(read(tmp_path, "a.jsonl", pages[0].cursor)) == []


def test_at_most_a_hundred_skipped_items_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n" * 250)
    (page,) = read(tmp_path, "a.jsonl")
    assert (len(page.skipped), page.skipped_count) == (100, 250)


def test_posts_without_an_id_are_known_by_where_they_stand(tmp_path: Path) -> None:
    content = '{"text": "same"}\n' * 2 + '{"text": "other"}\n'
    (tmp_path / "a.jsonl").write_text(content)
    first = [post.id for post in posts(read(tmp_path, "a.jsonl"))]
    assert len(set(first)) == 3
    assert first[0].startswith("a.jsonl:1:")
    assert [post.id for post in posts(read(tmp_path, "a.jsonl"))] == first
    (tmp_path / "a.jsonl").write_text('{"text": "new"}\n' * 3)
    assert not {post.id for post in posts(read(tmp_path, "a.jsonl"))} & set(first)


def test_posts_without_a_time_have_that_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n{"text": "y", "created_at": null}\n')
    os.utime(tmp_path / "a.jsonl", (1_700_000_000, 1_700_000_000))
    found = posts(read(tmp_path, "a.jsonl"))
    assert {post.posted_at for post in found} == {datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)}


def test_the_time_of_a_file_is_bounded_like_that_of_a_post(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(line(1))
    os.utime(tmp_path / "p.jsonl", (-2_000_000_000, -2_000_000_000))
    (post,) = posts(read(tmp_path, "p.jsonl"))
    assert post.posted_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert file_time(1e18).year == 2999  # not every file system keeps such a time


def test_a_csv_row_may_span_lines_and_hold_anything(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "id;created_at;author;text;likes\n"
        '1;2026-01-02;marie;"two\nlines; and ""quotes""";7\n'
        "2;2026-01-02T03:04:05Z;luc;plain;\n",
        encoding="utf-8-sig",
    )
    found = posts(read(tmp_path, "a.csv"))
    assert [post.text for post in found] == ['two\nlines; and "quotes"', "plain"]
    assert [post.likes for post in found] == [7, None]
    assert found[0].author.handle == "marie"


def test_a_csv_row_is_flat_whatever_its_columns_are_called(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("did,kind,data,text\n1,commit,x,hello\n")
    assert texts(read(tmp_path, "a.csv")) == ["hello"]


def test_a_bad_csv_row_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(
        b'id,text\n1,one\n2,two,three\n3\n\n4,"never closed\n5,five\n6,\xff\n7,"a"b\n8,eight\n'
    )
    pages = read(tmp_path, "a.csv")
    assert texts(pages) == ["one", "five", "eight"]
    assert [where for where, _ in skipped(pages)] == [f"a.csv:{n}" for n in (3, 4, 6, 8, 9)]


def test_a_quote_that_is_never_closed_costs_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_records, "MOST_ROW_LINES", 50)
    rows = "".join(f"{n},post {n}\n" for n in range(200))
    (tmp_path / "a.csv").write_text('id,text\nx,"open\n' + rows)
    pages = read(tmp_path, "a.csv")
    assert len(texts(pages)) == 200
    assert skipped(pages) == [("a.csv:2", "not CSV: a quote is opened and not closed")]


@pytest.mark.parametrize("content", ["hello\n", "id,text\rx,y\x00\r"])
def test_a_csv_without_column_names_is_broken(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(BackendError, match="column names"):
        read(tmp_path, "a.csv")


def test_a_mapping_finds_things_in_any_shape(tmp_path: Path) -> None:
    record = {
        "full_text": "hello",
        "key": {"n": 12},
        "user": {"screen_name": "@Marie", "name": "Marie L."},
        "created_at": "Wed Oct 10 20:19:24 +0200 2018",
        "entities": {"urls": [{"to": "https://a.example"}, {"to": "https://b.example"}, {}]},
        "tags": ["x", "y"],
        "a.b": 3,
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + '\n{"full_text": "no key"}\n')
    mapping = FieldMapping(
        id="key.n",
        text="full_text",
        author="user.screen_name",
        author_name="user.name",
        posted_at="created_at",
        links="entities.urls.*.to",
        hashtags="tags",
        reply_to="tags.1",
        likes="a.b",
    )
    pages = read(tmp_path, "a.jsonl", mapping=mapping, network="chirp")
    (post,) = posts(pages)
    assert post.key == "chirp:12"
    assert (post.text, post.author.handle, post.author.display_name) == (
        *("hello", "Marie", "Marie L."),
    )
    assert post.posted_at == datetime(2018, 10, 10, 18, 19, 24, tzinfo=UTC)
    assert post.links == ("https://a.example", "https://b.example")
    assert (post.hashtags, post.reply_to, post.likes) == (("x", "y"), "y", 3)
    assert skipped(pages) == [("a.jsonl:2", "nothing at 'key.n', where the id should be")]


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from([line(1).encode(), b"\n", b'"', b"{", b"id,text\n", b"1,a\n", b"\r"]),
        ),
        max_size=12,
    ),
    name=st.sampled_from(["a.jsonl", "a.csv"]),
    compress=st.booleans(),
)
def test_any_octets_give_posts_skips_or_our_error(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], name: str, compress: bool
) -> None:
    data = b"".join(pieces)
    folder = tmp_path_factory.mktemp("any")
    (folder / name).write_bytes(gzip.compress(data) if compress else data)
    try:
        pages = read(folder, name)
    except BackendError:
        return
    if pages:
        assert read(folder, name, pages[-1].cursor) == []


def test_real_posts_are_all_read(shared_data: Path) -> None:
    pages = read(shared_data, "posts/replab.jsonl.gz")
    assert sum(len(page.posts) + page.repeated for page in pages) == 23_374
    assert skipped(pages) == []
    first = posts(pages)[0]
    assert first.posted_at.year == 2012
    assert max(len(page.posts) for page in pages) <= 1000


def test_real_french_posts_are_all_read(shared_data: Path) -> None:
    found = posts(read(shared_data, "posts/freemobile.jsonl.gz"))
    assert len(found) == 2949
    assert {post.language for post in found} == {"fr"}
