"""Who is forgotten is in the log no more, nor in its archive; and comes into neither again."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.contracts.test_log import by, store, stored, work_off
from tests.contracts.test_log_same_as_pages import Way, opened
from tests.servers import Postgres
from tests.store.conftest import BOTH, postgresql_opened, sqlite_opened
from tests.store.samples import DAY, NOON, account, page, post
from watcher.config import load
from watcher.search import SearchError
from watcher.store import Store, StoreError, log_steps
from watcher.store.log_erasing import authors_in, without
from watcher.store.log_rows import opened as opened_row
from watcher.store.log_rows import pack, packed, unpack
from watcher.store.schema import log
from watcher.walk import archiving
from watcher.walk.archiving import (
    ArchiveError,
    check_archive,
    clear_archive,
    drop_old_log,
    erase_from_archive,
)
from watcher.walk.forgetting import ForgettingError, forget

__all__ = ["postgresql_opened", "sqlite_opened", "store"]

ANN = account("1", "Ann", display_name="Annabelle", bio="sings")


def octets(store: Store) -> str:
    """Return all that the log holds, as text."""
    with store.reading() as connection:
        rows = connection.execute(select(log.c.posts)).scalars().all()
    return repr([unpack(row) for row in rows])


def numbers(store: Store) -> list[Any]:
    with store.reading() as connection:
        query = select(log.c.partition, log.c.first, log.c.last)
        return sorted(map(tuple, connection.execute(query)))


def filled(store: Store) -> None:
    """Ann is stored; she and others wait in the log, and what others passed on of hers."""
    store.append("town", None, page(post("a", author=ANN), cursor="1"), NOON)
    work_off(store)
    bob = account("2", "bob")
    store.append(
        "town",
        "1",
        page(
            post("b", "more of Acme", author=ANN),
            *by(2, "c", "d"),
            *(one for number in range(3, 9) for one in by(number, f"p{number}")),
            post("e", "more of Acme", author=bob, repost_of="b", repost_author="1"),
            post("f", "more of Acme", author=bob, repost_of="b"),
            cursor="2",
            accounts=(ANN,),
        ),
        NOON,
    )


def test_what_a_forgotten_person_wrote_is_in_no_row_of_the_log(store: Store) -> None:
    filled(store)
    before = numbers(store)
    waiting = store.log_backlog()
    (held,) = store.accounts_called("@ann")
    store.forget_account(held, NOON)
    left = octets(store)
    for word in ("Ann", "Annabelle", "sings", "more of Acme"):
        assert word not in left
    assert numbers(store) == before
    assert store.log_backlog() == waiting
    assert store.forgotten_in("log") is None
    assert work_off(store) == 8
    assert sorted(stored(store)) == ["c", "d", "p3", "p4", "p5", "p6", "p7", "p8"]
    assert store.log_backlog() == 0
    assert store.skipped("town") == ()


def test_somebody_who_only_waits_in_the_log_is_forgotten_by_handle(store: Store) -> None:
    store.append("town", None, page(post("a", author=ANN), *by(2, "b")), NOON)
    store.keep_out("town", "ANN", NOON)
    assert "Annabelle" not in octets(store)
    assert work_off(store) == 1


def test_what_comes_of_them_later_comes_into_no_row(store: Store) -> None:
    filled(store)
    (held,) = store.accounts_called("@ann")
    store.forget_account(held, NOON)
    again = page(post("g", author=ANN), *by(2, "h"), cursor="3", accounts=(ANN,))
    assert store.append("town", "2", again, NOON).posts == 1
    assert "Annabelle" not in octets(store)
    alone = page(post("i", author=ANN), cursor="4")
    assert store.append("town", "3", alone, NOON).posts == 0
    assert store.cursor("town") == "4"


def test_a_crash_in_the_middle_is_made_up_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(store)
    (held,) = store.accounts_called("@ann")

    def crash(*_: object) -> int:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(Store, "_go_through", crash)
        with pytest.raises(ZeroDivisionError):
            store.forget_account(held, NOON)
    assert "Annabelle" in octets(store)
    assert store.forgotten_in("log") is not None
    store.finish_forgetting(NOON)
    assert "Annabelle" not in octets(store)


def test_a_later_mark_is_not_taken_away_with_an_earlier_one(store: Store) -> None:
    store.keep_out("town", "ann", NOON)
    first = store.forgotten_in("archive")
    store.keep_out("town", "bob", NOON)
    assert first is not None
    store.forgotten_gone("archive", first)
    assert store.forgotten_in("archive") not in (None, first)


def test_a_row_that_cannot_be_read_stops_no_forgetting(store: Store) -> None:
    filled(store)
    with store.writing() as connection:
        connection.execute(
            log.insert(),
            {"partition": 0, "first": 900, "last": 901, "at": NOON, "source": "x", "posts": b"no"},
        )
    store.keep_out("town", "ann", NOON)
    assert store.forgotten_in("log") is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (0, 7),
        (0, -1),
        (0, True),
        (0, "1"),
        (0, None),
        (1, []),
        (2, ["b"]),
        (2, {}),
        (13, []),
        (14, 3),
    ],
)
def test_a_damaged_post_stops_no_forgetting_and_goes_with_what_is_taken_out(
    field: int, value: object
) -> None:
    bob = account("2", "bob")
    octets = pack([post("a", author=ANN), post("b", author=ANN), post("c", author=bob)], [])
    authors, posts, accounts = opened_row(octets)
    posts[1][field] = value
    damaged = packed(authors, posts, accounts)
    originals: set[tuple[str, str]] = set()
    left = without(damaged, lambda name: name[1] == "1", originals)
    assert left is not None
    assert left.gone == 2
    assert [one.fields[2] for one in unpack(left.octets).posts] == ["c"]
    assert "Ann" not in repr(opened_row(left.octets))
    assert without(left.octets, lambda name: name[1] == "1", originals) is None


def test_a_damaged_post_stops_no_forgetting_in_the_log(store: Store) -> None:
    store.append("town", None, page(post("a", author=ANN), cursor="1"), NOON)
    store.append("town", "1", page(*by(2, "b"), cursor="2"), NOON)
    with store.reading() as connection:
        rows = connection.execute(select(log.c.posts)).scalars().all()
    (row,) = (one for one in rows if "Annabelle" in repr(unpack(one)))
    with store.writing() as connection:
        authors, posts, accounts = opened_row(row)
        posts.append([7, *posts[0][1:]])
        connection.execute(
            log.update().where(log.c.posts == row).values(posts=packed(authors, posts, accounts))
        )
    store.keep_out("town", "ann", NOON)
    assert store.forgotten_in("log") is None
    assert "Annabelle" not in octets(store)
    assert work_off(store) == 1


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["town", "1", "a", ""]),
    lambda some: st.lists(some, max_size=4) | st.dictionaries(st.just("a"), some, max_size=1),
    max_leaves=6,
)


@given(data=st.data())
def test_whatever_a_row_holds_nothing_of_who_is_forgotten_is_left_in_it(
    data: st.DataObject,
) -> None:
    good = opened_row(pack([post("a", author=ANN), post("b", author=account("2", "bob"))], []))
    pieces = st.lists(st.sampled_from(good[0]) | _ANY, max_size=3)
    authors, accounts = data.draw(pieces), data.draw(pieces)
    posts = data.draw(st.lists(st.sampled_from(good[1]) | _ANY, max_size=3))
    for one in posts:
        if isinstance(one, list) and one and data.draw(st.booleans()):
            one[data.draw(st.integers(0, len(one) - 1))] = data.draw(_ANY)
    octets, originals = packed(authors, posts, accounts), set[tuple[str, str]]()

    def is_out(name: tuple[str, str, str]) -> bool:
        return name[:2] == ("town", "1")

    left = without(octets, is_out, originals)
    assert (left is not None) >= any(is_out(name) for name in authors_in(octets))
    if left is not None:
        assert not any(is_out(name) for name in authors_in(left.octets))
        assert without(left.octets, is_out, originals) is None


@pytest.fixture(params=BOTH)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    """An app whose log is archived."""
    url = f"sqlite:///{tmp_path / 'watcher.sqlite'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = f"archived_{os.getpid()}_{abs(hash(tmp_path))}"
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        url = server.url(name)
    found = opened(tmp_path / "app", url, log=True)
    config = replace(found.app.config, store=replace(found.app.config.store, archive=Path("kept")))
    yield Way(replace(found.app, config=config, clock=lambda: NOON))
    found.app.close()
    if request.param == "postgresql":
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def archived(way: Way) -> list[dict[str, Any]]:
    """Return what the archive holds."""
    folder = way.app.config.folder / "kept"
    return [
        row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


def files(way: Way) -> list[Path]:
    """Return the files of the archive's folder, but the one that writers lock."""
    return sorted(
        path for path in (way.app.config.folder / "kept").iterdir() if path.name != ".lock"
    )


def come(way: Way) -> None:
    """Posts of one day, worked off."""
    filled(way.app.store)
    work_off(way.app.store)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:///x.sqlite", "0 days"),
        (
            "postgresql+psycopg://db.example/watcher",
            "0 days; all hosts that may lead have to share this folder",
        ),
    ],
)
def test_that_hosts_have_to_share_the_archive_is_told(tmp_path: Path, url: str, told: str) -> None:
    path = tmp_path / "watcher.toml"
    path.write_text(f'[store]\nurl = "{url}"\nlog = true\narchive = "archive"\n')
    assert check_archive(load(path, {})) == f"{tmp_path / 'archive'}: {told}"


def test_a_day_is_archived_whole_before_it_is_dropped(way: Way) -> None:
    come(way)
    secret = post("s", "only for friends", author=account("2", "bob"), private=True)
    way.app.store.append("town", "2", page(secret, cursor="3"), NOON)
    assert drop_old_log(way.app, NOON + 9 * DAY) == 0  # not worked off yet
    assert archived(way) == []
    work_off(way.app.store)
    assert drop_old_log(way.app, NOON + 9 * DAY) >= 1
    rows = archived(way)
    assert sorted(one["id"] for one in rows) == sorted(
        ["a", "b", "c", "d", "e", "f", "s", *(f"p{number}" for number in range(3, 9))]
    )
    assert numbers(way.app.store) == []
    assert [one["id"] for one in rows if one["private"]] == ["s"]


def test_a_day_that_is_worked_off_while_another_is_archived_waits_for_its_own_turn(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    come(way)
    store, later = way.app.store, NOON + DAY
    store.append("town", "2", page(*by(1, "next day"), cursor="3"), later)
    keep = archiving._keep

    def meanwhile(*one: Any) -> None:
        keep(*one)
        work_off(store, now=later)

    monkeypatch.setattr(archiving, "_keep", meanwhile)
    drop_old_log(way.app, NOON + 9 * DAY)
    assert "next day" not in [one["id"] for one in archived(way)]
    assert "next day" in octets(store)
    drop_old_log(way.app, NOON + 9 * DAY)
    assert "next day" in [one["id"] for one in archived(way)]
    assert numbers(store) == []


def test_a_crash_between_writing_and_dropping_loses_and_doubles_nothing(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    come(way)

    def crash(*_: object) -> int:
        raise ZeroDivisionError

    for where in ("rename", "drop"):
        with monkeypatch.context() as broken:
            if where == "rename":
                broken.setattr(Path, "replace", crash)
            else:
                broken.setattr(Store, "drop_log", crash)
            with pytest.raises(ZeroDivisionError):
                drop_old_log(way.app, NOON + 9 * DAY)
        assert len(archived(way)) == (0 if where == "rename" else 12)
        assert numbers(way.app.store) != []
    drop_old_log(way.app, NOON + 9 * DAY)
    assert len(archived(way)) == 12
    assert numbers(way.app.store) == []
    assert len(files(way)) == 1


def test_what_a_killed_writer_left_goes_when_the_next_one_writes(way: Way) -> None:
    come(way)
    folder = way.app.config.folder / "kept"
    folder.mkdir()
    for name in ("log-2026-01-01.new", "log-2026-01-01.0a1b.new"):
        (folder / name).write_bytes(b"half")
    drop_old_log(way.app, NOON + 9 * DAY)
    assert [path.suffix for path in files(way)] == [".parquet"]


def test_what_writers_lock_is_a_file_open_for_writing_as_network_drives_need(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    come(way)
    flock, locked = fcntl.flock, list[bool]()

    def seen(file: Any, how: int) -> None:
        writes = fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        locked.append(stat.S_ISREG(os.fstat(file.fileno()).st_mode) and writes)
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", seen)
    drop_old_log(way.app, NOON + 9 * DAY)
    assert set(locked) == {True}


def test_a_day_that_another_leader_is_still_writing_is_not_replaced_by_what_is_left_of_it(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    come(way)
    alone, later = archiving._alone, NOON + 9 * DAY
    monkeypatch.setattr(log_steps, "_OCTETS", 1)  # a row at a time

    @contextmanager
    def after_the_other(folder: Path) -> Iterator[None]:
        monkeypatch.setattr(archiving, "_alone", alone)
        assert drop_old_log(way.app, later) >= 1
        with alone(folder):
            yield

    monkeypatch.setattr(archiving, "_alone", after_the_other)
    drop_old_log(way.app, later)
    assert len(archived(way)) == 12


def test_who_is_forgotten_goes_from_the_archive_too(way: Way) -> None:
    come(way)
    later = NOON + 9 * DAY
    drop_old_log(way.app, later)
    (path,) = files(way)
    (held,) = way.app.store.accounts_called("@ann")
    way.app.store.forget_account(held, later)
    assert way.app.store.forgotten_in("archive") is not None
    clear_archive(way.app)
    assert way.app.store.forgotten_in("archive") is None
    left = archived(way)
    assert "Annabelle" not in repr(left)
    assert sorted(one["id"] for one in left) == ["c", "d", "f", *(f"p{n}" for n in range(3, 9))]
    before = path.stat().st_mtime_ns
    assert erase_from_archive(way.app, path.parent) == 0
    assert path.stat().st_mtime_ns == before
    assert files(way) == [path]


def damaged(way: Way) -> None:
    """Three days are archived and Ann is forgotten; one is cut off, one lacks who wrote."""
    come(way)
    drop_old_log(way.app, NOON + 9 * DAY)
    (path,) = files(way)
    path.with_name("log-2000-01-01.parquet").write_bytes(path.read_bytes()[:-9])
    pq.write_table(pq.read_table(path, columns=["text"]), path.with_name("log-2000-01-02.parquet"))
    (held,) = way.app.store.accounts_called("@ann")
    way.app.store.forget_account(held, NOON + 9 * DAY)


def test_a_damaged_file_of_the_archive_holds_up_no_other(way: Way) -> None:
    damaged(way)
    with pytest.raises(ArchiveError, match=r"2000-01-01.*2000-01-02"):
        clear_archive(way.app)
    assert way.app.store.forgotten_in("archive") is not None
    first, second, path = files(way)
    assert "Annabelle" not in repr(pq.read_table(path).to_pylist())
    for one in (first, second):
        one.unlink()
    clear_archive(way.app)
    assert way.app.store.forgotten_in("archive") is None


def test_the_archive_is_gone_through_again_while_the_log_is_not_cleared(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    come(way)
    (held,) = way.app.store.accounts_called("@ann")
    with monkeypatch.context() as broken:
        broken.setattr(Store, "_go_through", failing(StoreError("locked")))
        with pytest.raises(StoreError):
            way.app.store.forget_account(held, NOON)
        clear_archive(way.app)
        drop_old_log(way.app, NOON + 9 * DAY)
    assert "Annabelle" in repr(archived(way))
    way.app.store.finish_forgetting(NOON)
    clear_archive(way.app)
    assert "Annabelle" not in repr(archived(way))
    assert way.app.store.forgotten_in("archive") is None


def test_batch_work_reads_what_was_archived(way: Way) -> None:
    from watcher.scale.model import Shard
    from watcher.scale.planning import plan
    from watcher.scale.reading import read
    from watcher.scale.shapes import POST_COLUMNS, PostShapes

    come(way)
    drop_old_log(way.app, NOON + 9 * DAY)
    planned = plan([str(way.app.config.folder / "kept")], 1 << 30, lambda *_: None)
    shards: list[Shard] = list(planned.shards)
    pieces = [piece for shard in shards for piece in read(shard, PostShapes(), POST_COLUMNS)]
    found = {one.id: one for piece in pieces for one in piece.posts}
    assert sum(piece.skipped for piece in pieces) == 0
    assert len(found) == 12
    assert (found["b"].author.handle, found["b"].author.id) == ("Ann", "1")
    assert (found["e"].repost_of, found["e"].text) == ("b", "more of Acme")


def test_a_missing_library_is_told_at_the_start_and_when_all_is_checked(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    archiving.need_parquet(way.app.config)
    said = archiving.check_archive(way.app.config)
    shared = "; all hosts that may lead have to share this folder"
    assert said.removesuffix(shared).endswith("kept: 0 days")
    assert said.endswith(shared) == way.app.config.store_url.startswith("postgresql")
    assert not (way.app.config.folder / "kept").exists()
    monkeypatch.setattr(archiving, "find_spec", lambda _: None)
    for check in (archiving.need_parquet, archiving.check_archive):
        with pytest.raises(archiving.ArchiveError, match="pyarrow"):
            check(way.app.config)


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    ("broken", "error", "told"),
    [
        ({"index": SearchError("no room")}, SearchError, "no room"),
        ({"people": StoreError("locked")}, StoreError, "locked"),
        (
            {"index": SearchError("no room"), "people": StoreError("locked")},
            ForgettingError,
            "locked; no room",
        ),
        (
            {"index": SearchError("no room"), "people": IndexError("nobody")},
            ExceptionGroup,
            "parts of forgetting",
        ),
    ],
)
def test_no_part_of_forgetting_holds_up_another(
    way: Way,
    monkeypatch: pytest.MonkeyPatch,
    broken: dict[str, Exception],
    error: type[Exception],
    told: str,
) -> None:
    come(way)
    way.app.store.append("town", "2", page(*by(2, "dull", text="nothing"), cursor="3"), NOON)
    work_off(way.app.store)
    app = replace(way.app, clock=lambda: NOON + 4000 * DAY)
    places = {"index": (type(app.index), "forget"), "people": (Store, "finish_forgetting")}
    for name, raised in broken.items():
        monkeypatch.setattr(*places[name], failing(raised))
    with pytest.raises(error, match=told):
        forget(app)
    assert "dull" not in stored(app.store)
    assert len(archived(way)) == 13
    assert numbers(app.store) == []
