"""Moving everything from one database to another: nothing is lost, renumbered or told again."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from tests.journeys.alert_world import World
from tests.store.conftest import BOTH
from tests.store.moved import a_world, everything, fill
from tests.store.samples import NOON, page, post, pulled
from watcher import pipeline
from watcher.store import Store, StoreError
from watcher.store.copy_target import is_empty
from watcher.store.copying import Copied, copy
from watcher.store.database import Database
from watcher.store.schema import meta, posts, workers

LATER = NOON + timedelta(days=1)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a watcher at work, with rows in every table."""
    world = a_world(tmp_path_factory.mktemp("filled"))
    fill(world.app.store, world.now)
    world.app.close()
    return world.folder / "data" / "watcher.sqlite"


@pytest.fixture
def source(filled: Path, tmp_path: Path) -> str:
    """The address of a copy of that database."""
    shutil.copyfile(filled, tmp_path / "source.sqlite")
    return f"sqlite:///{tmp_path / 'source.sqlite'}"


@pytest.fixture(params=BOTH)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'target.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


def stored(url: str) -> dict[str, list[tuple[object, ...]]]:
    store = Store.open(url, migrate=False)
    try:
        return everything(store)
    finally:
        store.close()


def numbered_next(url: str) -> int:
    """The number that the next post gets."""
    store = Store.open(url, migrate=False)
    store.save_page("square", page(post("next"), cursor="next"), LATER)
    with store.reading() as connection:
        number = connection.execute(select(func.max(posts.c.rid))).scalar_one()
    store.close()
    return int(number)


def test_every_table_has_rows_in_the_world_that_is_moved(source: str) -> None:
    assert [name for name, found in stored(source).items() if not found] == []


def test_there_and_back_everything_is_the_same(source: str, target: str, tmp_path: Path) -> None:
    before = stored(source)
    there = copy(source, target, LATER)
    assert stored(target) == before
    back = f"sqlite:///{tmp_path / 'back.sqlite'}"
    again = copy(target, back, LATER)
    assert stored(back) == before
    assert [table.checksum for table in there.tables] == [one.checksum for one in again.tables]
    assert there.rows == sum(map(len, before.values()))
    # The last post was deleted: nothing may come under its number.
    newest = max(row[0] for row in before["posts"])
    assert [numbered_next(url) for url in (source, target, back)] == [newest + 101] * 3


@pytest.mark.server
def test_between_two_databases_of_one_server(
    source: str, postgres_url: str, postgres: object, tmp_path: Path
) -> None:
    copy(source, postgres_url, LATER)
    other = f"{postgres_url.partition('?')[0]}_2?{postgres_url.partition('?')[2]}"
    name = other.partition("?")[0].rpartition("/")[2]
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0")  # type: ignore[attr-defined]
    try:
        copy(postgres_url, other, LATER)
        assert stored(other) == stored(source)
    finally:
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[attr-defined]


def test_what_only_grows_only_grows_in_the_copy_too(source: str, target: str) -> None:
    copy(source, target, LATER)
    database = Database(target, migrate=False)
    for table in ("follow_events", "follow_pace"):
        with pytest.raises(StoreError, match="only grows"), database.writing() as connection:
            connection.execute(text(f"UPDATE {table} SET channel = 'x'"))
    database.close()


def test_the_watcher_goes_on_after_the_move_and_tells_nothing_twice(
    target: str, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    world = a_world(tmp_path / "here")
    told = {one.message_id for one in world.app.store.deliveries(limit=1000)}
    cursors = {one.name: one.posts for one in world.app.store.source_states()}
    waiting = world.app.store.status().waiting
    assert waiting["daily"]
    assert cursors["town"]
    copy(f"sqlite:///{tmp_path}/here/data/watcher.sqlite", target, LATER)
    world.app.store.close()
    world.app = replace(world.app, store=Store.open(target, migrate=False))
    store = world.app.store
    assert store.status().waiting == waiting
    assert pipeline.pull(world.app, world.app.config.sources[0]).known == 0
    assert pipeline.match(world.app).posts == 0
    assert [one for one in pipeline.plan(world.app) if one.mails or one.error] == []
    assert pipeline.deliver(world.app).sent == 0
    assert {one.message_id for one in store.deliveries(limit=1000)} == told
    assert {one.name: one.posts for one in store.source_states()} == cursors
    assert world.app.index.lag(store) == 0
    world.say("Nordelia after the move", "yan")
    assert goes_on(world) == 1
    world.app.close()


def goes_on(world: World) -> int:
    """Walk an hour later; return how many new posts were read."""
    world.now += timedelta(hours=2)
    new = pipeline.pull(world.app, world.app.config.sources[0]).new
    pipeline.match(world.app)
    told = [one for one in pipeline.plan(world.app) if one.mails]
    assert [one.channel for one in told] == ["now"]
    assert pipeline.deliver(world.app).sent == 2
    return new


def test_a_database_that_holds_something_is_left_alone(source: str, target: str) -> None:
    store = Store.open(target)
    pulled(store, post("p1"))
    store.close()
    before = stored(target)
    with pytest.raises(StoreError, match="is not empty") as refused:
        copy(source, target, LATER)
    assert "CREATE DATABASE" in refused.value.help
    assert stored(target) == before


def test_a_database_whose_tables_are_empty_will_do(source: str, target: str) -> None:
    Store.open(target).close()
    assert is_empty(target)
    assert not copy(source, target, LATER).begun_anew


def test_a_database_is_not_copied_onto_itself(source: str) -> None:
    with pytest.raises(StoreError, match="onto itself"):
        copy(source, source, LATER)
    with pytest.raises(StoreError, match="onto itself"):
        copy(source, source.replace("/source.sqlite", "/../x/source.sqlite").replace(
            "/x/", f"/{Path(source.removeprefix('sqlite:///')).parent.name}/"), LATER)  # fmt: skip


def test_an_older_database_is_not_copied(source: str, target: str) -> None:
    with closing(sqlite3.connect(source.removeprefix("sqlite:///"))) as old:
        old.execute("UPDATE watcher_version SET version_num = '0006'")
        old.commit()
    with pytest.raises(StoreError, match="another version"):
        copy(source, target, LATER)


class BrokenOffError(Exception):
    """The power went."""


def broken_off(source: str, target: str, after: int) -> None:
    def progress(done: int, _total: int) -> None:
        if done > after:
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        copy(source, target, LATER, progress)


@pytest.mark.parametrize(
    "after",
    [100, pytest.param(0, marks=pytest.mark.drill), pytest.param(220, marks=pytest.mark.drill)],
)
def test_a_half_copy_is_no_database_until_it_is_begun_anew(
    source: str, target: str, after: int
) -> None:
    broken_off(source, target, after)
    for migrate in (True, False):
        with pytest.raises(StoreError, match="half copy") as refused:
            Store.open(target, migrate=migrate)
        assert "store copy" in refused.value.help
    assert not is_empty(target)
    with pytest.raises(StoreError, match="half copy"):
        copy(target, source + ".2", LATER)
    store = Store.open(source)  # which goes on meanwhile
    store.save_page("square", page(post("meanwhile"), cursor="9"), LATER)
    store.close()
    assert copy(source, target, LATER).begun_anew
    assert stored(target) == stored(source)


@pytest.mark.drill
def test_a_copy_that_differs_is_not_given_free(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(done: int, total: int) -> None:
        if done == total // 2:  # all is written, nothing compared yet
            database = sqlite3.connect if target.startswith("sqlite") else None
            if database:
                with closing(database(target.removeprefix("sqlite:///"))) as opened:
                    opened.execute("UPDATE meta SET value = value || '.'")
                    opened.commit()
            else:
                from watcher.store.database import open_engine, parse

                engine = open_engine(parse(target))
                with engine.begin() as connection:
                    connection.execute(meta.update().values(value=meta.c.value + "."))
                engine.dispose()

    with pytest.raises(StoreError, match="table meta differs"):
        copy(source, target, LATER, damaged)
    with pytest.raises(StoreError, match="half copy"):
        Store.open(target)


@pytest.mark.drill
def test_nothing_is_copied_while_a_worker_works(source: str, target: str) -> None:
    store = Store.open(source)
    with store.writing() as connection:
        at_work = {"id": "w", "host": "crow", "pid": 7, "role": "works", "started": NOON}
        connection.execute(insert(workers).values(at_work | {"beat": LATER}))
    store.close()
    with pytest.raises(StoreError, match="process 7 on crow"):
        copy(source, target, LATER + timedelta(seconds=30))
    assert copy(source, target, LATER + timedelta(minutes=2)).rows


@pytest.mark.drill
def test_the_sum_of_a_table_tells_changes_and_knows_no_order(source: str, tmp_path: Path) -> None:
    def copied(number: int) -> Copied:
        return copy(source, f"sqlite:///{tmp_path}/{number}.sqlite", LATER)

    def sums(one: Copied) -> dict[str, str]:
        return {table.name: table.checksum for table in one.tables}

    first = sums(copied(1))
    assert sums(copied(2)) == first
    store = Store.open(source)
    with store.writing() as connection:
        connection.execute(meta.update().values(value="other"))
    store.close()
    assert {name for name, one in sums(copied(3)).items() if one != first[name]} == {"meta"}
    assert len({first[name] for name in ("posts", "accounts", "queue")}) == 3


def test_posts_that_wait_in_the_log_wait_in_the_copy_too(tmp_path: Path) -> None:
    here, there = f"sqlite:///{tmp_path}/here.sqlite", f"sqlite:///{tmp_path}/there.sqlite"
    store = Store.open(here)
    store.append("square", None, page(post("p1"), post("p2")), NOON)
    store.close()
    assert copy(here, there, LATER).waiting == 2
    store = Store.open(there)
    assert store.log_backlog() == 2
    with store.claim("someone", 10, LATER) as claim:
        assert claim is not None
        assert {one.id for one in claim.posts} == {"p1", "p2"}
    store.close()
