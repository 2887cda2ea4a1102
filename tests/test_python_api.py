"""What a program reads of a watcher, and that it changes and holds up nothing."""

import doctest
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pandas
import pytest

from rules.language import ExpressionError
from rules.model import Account, Post
from tests.cli_fixtures import CONFIG
from watcher import pipeline
from watcher.api import open_watch
from watcher.app import App
from watcher.backends.interface import Page
from watcher.config import load
from watcher.export import ExportError, write_file
from watcher.store import StoreError

PAGE = Path(__file__).resolve().parent.parent / "docs" / "python.md"
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
TEXTS = {
    "ann": "The Acme hinge broke again, and nobody answers",
    "bob": "Acme opens a shop in Lille",
    "zoe": "Nothing to do with hinges",
}


def post(name: str, text: str, number: int, **more: bool) -> Post:
    return Post(
        network="local",
        id=f"p{number}",
        author=Account(network="local", id=name, handle=name, followers=10 * number),
        text=text,
        posted_at=NOON.replace(hour=8 + number),
        language="en",
        **more,
    )


def read(app: App, *posts: Post) -> None:
    """Take posts in, and have the rules see them."""
    app.store.save_page("town", Page(posts=posts, cursor="1", more=False), app.clock())
    pipeline.match(app)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, and posts that the rules have seen."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "watcher.toml").write_text(CONFIG)
    with App.open(load(folder / "watcher.toml"), clock=lambda: NOON) as app:
        texts = enumerate(TEXTS.items())
        read(app, *(post(*one, n, private=one[0] == "zoe") for n, one in texts))
    return folder


@pytest.fixture
def watched(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, where the program stands."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_does_what_it_says(watched: Path) -> None:
    told = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert told.attempted > 10
    assert told.failed == 0


def test_rows_are_chosen_by_time_brand_rule_and_expression(watched: Path) -> None:
    with open_watch() as watch:

        def authors(**how: object) -> list[object]:
            return [row["author"] for row in watch.posts(**how)]  # type: ignore[arg-type]

        assert authors() == ["ann", "bob"]
        assert authors(private=True) == ["ann", "bob", "zoe"]
        assert authors(brand="acme") == ["ann", "bob"]
        assert authors(rule="acme") == ["ann", "bob"]
        assert authors(find="hinge*", private=True) == ["ann", "zoe"]
        assert authors(since=NOON.replace(hour=9)) == ["bob"]
        assert authors(until=NOON.replace(hour=9)) == ["ann"]
        assert authors(since=date(2026, 3, 9), until=date(2026, 3, 9)) == ["ann", "bob"]
        assert authors(until=date(2026, 3, 8)) == []


def test_a_table_can_be_gone_through_again_and_becomes_a_frame(watched: Path) -> None:
    with open_watch() as watch:
        posts = watch.posts()
        assert list(posts) == list(posts)
        frame = pandas.DataFrame(posts)
        assert list(frame.columns) == posts.names
        assert str(frame.posted_at.dt.tz) == "UTC"
        empty = watch.posts(rule="nothing")
        assert list(pandas.DataFrame(empty, columns=empty.names)) == posts.names


def test_a_file_of_an_export_is_read_by_pandas(watched: Path) -> None:
    with open_watch() as watch:
        for form, reads in (("csv", pandas.read_csv), ("parquet", pandas.read_parquet)):
            path = watched / f"posts.{form}"
            write_file(watch.posts(), path, form)  # type: ignore[arg-type]
            assert list(reads(path).author) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"brand": "nobody"}, ExportError),
        ({"find": "(acme"}, ExpressionError),
        ({"find": "@list(none)"}, ExpressionError),
        ({"since": datetime(2026, 3, 9)}, ExportError),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_asked_is_said(
    watched: Path, how: dict[str, object], error: type[Exception]
) -> None:
    with open_watch() as watch, pytest.raises(error):
        watch.posts(**how)  # type: ignore[arg-type]


def test_nothing_is_made_where_there_is_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("watcher.toml").write_text(CONFIG)
    with pytest.raises(StoreError, match="there is no database"):
        open_watch("watcher.toml")
    assert not Path("data").exists()


def test_a_reader_holds_up_no_watcher(watched: Path) -> None:
    with (
        open_watch() as watch,
        App.open(load(watched / "watcher.toml"), clock=lambda: NOON) as app,
    ):
        rows = iter(watch.posts())
        assert next(rows)["author"] == "ann"
        read(app, post("eve", "Acme again", 3))
        assert [row["author"] for row in rows] == ["bob"]  # what arrived meanwhile comes next time
        assert [row["author"] for row in watch.posts()] == ["ann", "bob", "eve"]
        assert [row["author"] for row in watch.matches()] == ["ann", "bob", "eve"]
