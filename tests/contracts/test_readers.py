"""What every backend's reader promises."""

import itertools
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.model import Post
from tests.contracts.conftest import WORLDS, LocalWorld, marked
from tests.contracts.world import FOUNDED, Said, World
from watcher.backends.interface import BackendError, Page

MINUTE = timedelta(minutes=1)

Read = Callable[..., list[Page]]
Some = Callable[[int], list[Said]]


def posts_of(pages: Iterable[Page]) -> list[Post]:
    return [post for page in pages for post in page.posts]


def texts(pages: Iterable[Page]) -> list[str]:
    return [post.text for post in posts_of(pages)]


def test_everything_said_is_read_oldest_first(world: World, read: Read, some: Some) -> None:
    world.say(*some(30))
    assert texts(read(world.reader())) == [said.text for said in some(30)]


def test_an_empty_source_brings_no_posts(world: World, read: Read) -> None:
    assert posts_of(read(world.reader())) == []


def test_pages_are_bounded_and_say_whether_more_follows(
    world: World, read: Read, some: Some, small_pages: None
) -> None:
    world.say(*some(2 * world.page_size + 3))
    pages = read(world.reader())
    assert [len(page.posts) for page in pages[:3]] == [world.page_size, world.page_size, 3]
    assert [page.more for page in pages[:2]] == [True, True]
    assert not pages[-1].more
    assert posts_of(pages[3:]) == []


def test_no_post_comes_twice(world: World, read: Read, some: Some, small_pages: None) -> None:
    world.say(*some(23))
    keys = [post.key for post in posts_of(read(world.reader()))]
    assert len(keys) == len(set(keys)) == 23


def test_a_page_read_again_is_the_same(
    world: World, read: Read, some: Some, small_pages: None
) -> None:
    world.say(*some(9))
    assert read(world.reader()) == read(world.reader())


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    said=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    stops=st.lists(st.integers(1, 3), max_size=8),
)
def test_stopping_after_any_page_loses_and_repeats_nothing(
    new_world: Callable[[], World], read: Read, small_pages: None, said: list[int], stops: list[int]
) -> None:
    """Bursts of posts with readers in between that stop after some pages; then a last one."""
    world, numbers = new_world(), itertools.count()
    got: list[Page] = []
    pause = itertools.chain(stops, itertools.repeat(1))
    for burst in said:
        world.say(
            *(Said(f"post {i}", at=FOUNDED + i * MINUTE) for i in itertools.islice(numbers, burst))
        )
        got += read(world.reader(), got[-1].cursor if got else None, most=next(pause))
    got += read(world.reader(), got[-1].cursor if got else None)
    assert texts(got) == [f"post {i}" for i in range(sum(said))]
    authors = {post.author.handle.partition("@")[0] for post in posts_of(got)}
    assert authors <= {"marie"}, "a resumed reader knows authors by the same name"


def test_what_is_said_after_the_end_was_reached_comes_alone(
    world: World, read: Read, some: Some
) -> None:
    world.say(*some(5))
    cursor = read(world.reader())[-1].cursor
    assert posts_of(read(world.reader(), cursor)) == []
    world.say(Said("one more"))
    assert texts(read(world.reader(), cursor)) == ["one more"]


def test_a_reader_that_stays_open_sees_what_is_new(world: World, read: Read) -> None:
    reader = world.reader()
    world.say(Said("first"))
    cursor = read(reader)[-1].cursor
    world.say(Said("second"))
    assert texts(read(reader, cursor)) == ["second"]


def test_a_post_whose_time_is_older_or_in_the_future_is_read_all_the_same(
    world: World, read: Read
) -> None:
    if not world.any_time:
        far = FOUNDED - timedelta(days=900)
        world.say(Said("long ago", at=far), Said("now"))
        pages = read(world.reader())
        assert texts(pages) == ["now"]
        world.say(Said("then", at=FOUNDED + MINUTE))
        assert texts(read(world.reader(), pages[-1].cursor)) == ["then"]
        return
    times = [FOUNDED, FOUNDED - timedelta(days=900), FOUNDED + timedelta(days=4000), FOUNDED]
    cursor = None
    for number, at in enumerate(times):
        world.say(Said(f"post {number}", at=at))
        pages = read(world.reader(), cursor)
        assert [post.posted_at for post in posts_of(pages)] == [at]
        cursor = pages[-1].cursor


@pytest.mark.parametrize("year", [1, 1969, 3000, 9999])
def test_a_post_of_a_time_that_no_clock_shows_never_comes(
    world: World, read: Read, year: int
) -> None:
    """Its time on the clocks of another zone may lie beyond what can be written."""
    said = Said("before", at=FOUNDED.replace(year=year))
    if not world.any_time:
        world.say(Said("after"), said)
        assert texts(read(world.reader())) == ["after"]
        return
    if isinstance(world, LocalWorld):
        with pytest.raises(BackendError, match="between 1970 and 2999"):
            world.say(said)
        world.say(Said("before"), Said("after"))
        with sqlite3.connect(world.path) as file:  # as if written by another program
            number = (said.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
            file.execute("UPDATE posts SET posted_at = ? WHERE text = 'before'", (number,))
    else:
        world.say(said, Said("after"))
    pages = read(world.reader())
    if world.dated:
        assert [post.posted_at.year for post in posts_of(pages)] == [2026, 2026]
        return
    assert texts(pages) == ["after"]
    assert sum(page.skipped_count for page in pages) == 1
    (skipped,) = [item for page in pages for item in page.skipped]
    assert "between 1970 and 2999" in skipped.why


@pytest.mark.parametrize(
    "text",
    [
        "un été à Noël, 5 < 6 & 7 > 2",
        "\u202eright to left\u202c مرحبا שלום",
        "👩‍👩‍👧 \U0001d4e2 ﬁ ｆｕｌｌ",
        "two\nlines",
        "a\x00b",
        '"quoted", with; separators\tand \\ slashes',
    ],
)
def test_texts_arrive_as_they_were_written(world: World, read: Read, text: str) -> None:
    world.say(Said(text), Said("after"))
    if not world.exact:
        text = text.replace("\0", "")
    assert texts(read(world.reader())) == [text, "after"]


def test_an_empty_post_is_a_post(world: World, read: Read) -> None:
    world.say(Said(""), Said("after"))
    assert texts(read(world.reader())) == ["", "after"]


def test_a_post_of_a_million_letters_is_read_whole(world: World, read: Read) -> None:
    world.say(Said("é" * 600_000 + "e" * 400_000), Said("after"))
    assert [len(text) for text in texts(read(world.reader()))] == [1_000_000, 5]


def test_posts_speak_our_words(world: World, read: Read) -> None:
    world.say(Said("hello", author="Marie_L"))
    (post,) = posts_of(read(world.reader()))
    assert post.network == post.author.network == post.network.lower()
    assert post.author.handle.partition("@")[0] == "Marie_L"
    assert post.posted_at == FOUNDED
    assert post.posted_at.tzinfo is UTC
    assert post.source == "here"


def test_an_author_has_one_id_throughout(world: World, read: Read, some: Some) -> None:
    world.say(*some(9))
    authors = {post.author for post in posts_of(read(world.reader()))}
    assert len(authors) == len({author.id for author in authors}) == 3


def test_a_cursor_of_another_kind_of_source_starts_from_the_beginning(
    world: World, read: Read
) -> None:
    world.say(Said("first"))
    others = ("", "null", "[]", '{"files": 3}', "min_id:12", "🦣", '{"files":{"a":[1]}}')
    numbers = ("7", "-1", "1e400", "9" * 40, '{"local":{"after":7}}', '{"after":"x","of":[]}')
    for foreign in (*others, *numbers):
        assert texts(read(world.reader(), foreign)) == ["first"]


@pytest.mark.parametrize("kind", [marked(kind) for kind in WORLDS])
def test_a_cursor_that_another_network_gave_starts_from_the_beginning(
    world: World,
    kind: type[World],
    read: Read,
    some: Some,
    founding: Callable[[type], World],
) -> None:
    """The source of this name was of another kind, or led to another network of the same kind."""
    elsewhere = founding(kind)
    elsewhere.say(*(Said(f"elsewhere {i}", at=FOUNDED - i * MINUTE) for i in range(29, 0, -1)))
    foreign = read(elsewhere.reader())[-1].cursor
    assert posts_of(read(elsewhere.reader(), foreign)) == []
    world.say(*some(3))
    pages = read(world.reader(), foreign)
    assert texts(pages) == ["post 0", "post 1", "post 2"]
    world.say(Said("one more"))
    assert texts(read(world.reader(), pages[-1].cursor)) == ["one more"]


def test_check_says_in_one_line_what_answers(world: World) -> None:
    world.say(Said("hello"))
    answer = world.reader().check()
    assert answer
    assert "\n" not in answer


def test_closing_twice_is_fine(world: World, read: Read) -> None:
    world.say(Said("hello"))
    reader = world.reader()
    read(reader)
    reader.close()
    reader.close()


def test_opening_touches_nothing_and_what_is_missing_is_gone(kept: World, read: Read) -> None:
    kept.path.unlink()
    reader = kept.reader()
    for ask in (reader.check, lambda: read(reader)):
        with pytest.raises(BackendError) as raised:
            ask()
        assert raised.value.kind == "gone"
        assert kept.path.name in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html><body>503 Service Unavailable</body></html>\n" * 20,
        bytes(range(256)) * 40,
        b"\x00" * 5000,
        "Zürich, ünd söweiter".encode("utf-16") * 50,
    ],
    ids=["a web page", "any octets", "zeros", "utf-16"],
)
def test_a_file_that_is_something_else_is_broken(kept: World, read: Read, content: bytes) -> None:
    if isinstance(kept, LocalWorld):
        for path in kept.path.parent.iterdir():
            path.unlink()
    kept.path.write_bytes(content)
    for ask in (kept.reader().check, lambda: read(kept.reader())):
        with pytest.raises(BackendError) as raised:
            ask()
        assert raised.value.kind == "broken"


def test_a_folder_is_no_file(kept: World, read: Read) -> None:
    kept.path.unlink()
    kept.path.mkdir()
    with pytest.raises(BackendError, match="folder") as raised:
        read(kept.reader())
    assert raised.value.kind == "broken"


def test_a_reader_left_in_the_middle_leaves_no_file_open(
    world: World, some: Some, small_pages: None
) -> None:
    world.say(*some(9))
    pages = world.reader().pages(None)
    next(pages)
    del pages  # an open file would be a ResourceWarning, which is an error here
