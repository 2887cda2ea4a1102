"""Full disks, crashes in the middle, a busy database, and two that want the same."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from alerts.model import DeliveryState
from tests.store.samples import (
    HOUR,
    NOON,
    ROUTES,
    account,
    frozen,
    mails,
    match,
    matched,
    page,
    post,
    pulled,
    suspect,
    waiting,
)
from watcher.store import Store, StoreError, database
from watcher.store.copying_in import copy_in
from watcher.store.database import Database
from watcher.store.errors import translate
from watcher.store.schema import progress


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Store]:
    """A store on SQLite whose file may not grow any more."""
    store = Store.open(f"sqlite:///{tmp_path / 'watcher.sqlite'}")
    pulled(store, post("p1"))
    matched(store)

    @event.listens_for(store._engine, "begin")
    def no_room(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    yield store
    store.close()


def test_a_full_disk_is_told_and_nothing_is_half_saved(small_disk: Store) -> None:
    before = small_disk.status()
    big = page(*[post(f"q{n}", "x" * 2000, author=account("9", "new")) for n in range(50)])
    with pytest.raises(StoreError, match="no room is left") as raised:
        small_disk.save_page("square", big, NOON)
    assert "Free some space" in raised.value.help
    assert "xxx" not in str(raised.value)
    assert small_disk.status() == before
    assert small_disk.cursor("square") == "1"


def test_a_full_disk_leaves_what_waits_in_the_queue(small_disk: Store) -> None:
    what = waiting(small_disk)
    (mail,) = mails("a@acme.example")
    huge = [type(mail)(recipient="a@x", message_id="<1>", payload=b"x" * 300_000)]
    with pytest.raises(StoreError, match="no room is left"):
        small_disk.freeze("daily", NOON, what, huge, NOON, "")
    assert small_disk.last_slot("daily") is None
    assert waiting(small_disk).mentions == what.mentions


class Crash(BaseException):
    """Stands for the end of the process: nothing catches it."""


STEPS: dict[str, Callable[[Store], object]] = {
    "save_page": lambda store: pulled(store, post("new", author=account("9", "new"))),
    "save_matches": lambda store: matched(store, suspects=[suspect("town:1")]),
    "save_suspects": lambda store: store.save_suspects(
        store.unexamined(9), [suspect("town:1")], ROUTES, NOON
    ),
    "freeze": lambda store: frozen(store, "x@acme.example", slot=NOON + HOUR),
    "claim": lambda store: store.claim_delivery(NOON),
}


def seen(store: Store) -> object:
    queue = waiting(store)
    return (
        store.status(),
        store.source_states(),
        store.unmatched(9).after,
        store.last_slot("daily"),
        queue.mentions,
        queue.suspects,
        store.deliveries(),
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_step_cut_off_at_any_statement_did_not_happen(store: Store, step: str) -> None:
    pulled(store, post("p1"))
    matched(store)
    frozen(store, "a@acme.example")
    pulled(store, post("p2"))
    matched(store)
    pulled(store, post("p3"))
    before = seen(store)
    left = 0

    def crash(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Crash

    event.listen(store._engine, "before_cursor_execute", crash)
    crashes = 0
    try:
        while crashes < 60:
            left = crashes + 1
            try:
                STEPS[step](store)
            except Crash:
                crashes += 1
                assert seen(store) == before
            else:
                break
    finally:
        event.remove(store._engine, "before_cursor_execute", crash)
    assert 3 <= crashes < 60
    assert seen(store) != before


def at_once(actions: list[Callable[[], Any]]) -> list[Any]:
    """Do things at the same time and return what came of each."""
    ready = threading.Barrier(len(actions))

    def act(action: Callable[[], Any]) -> Any:
        ready.wait()
        try:
            return action()
        except Exception as error:  # noqa: BLE001
            return error

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


def test_of_two_that_save_one_batch_one_wins(store_url: str) -> None:
    stores = [Store.open(store_url) for _ in range(3)]
    pulled(stores[0], post("p1"), post("p2"))
    batches = [one.unmatched(9) for one in stores]

    def save(store: Store, batch: object) -> object:
        found = [match(one) for one in batch.posts]
        return store.save_matches(batch, found, [suspect()], ROUTES, NOON)

    answers = at_once([lambda s=s, b=b: save(s, b) for s, b in zip(stores, batches, strict=True)])
    assert sorted(type(one).__name__ for one in answers) == [
        "SavedMatches",
        "StaleBatchError",
        "StaleBatchError",
    ]
    assert len(waiting(stores[0]).mentions) == 2
    for one in stores:
        one.close()


def test_of_two_that_freeze_one_slot_one_wins(store_url: str) -> None:
    stores = [Store.open(store_url) for _ in range(3)]
    pulled(stores[0], post("p1"))
    matched(stores[0])
    read = [waiting(one) for one in stores]
    answers = at_once(
        [
            lambda s=s, w=w, n=n: s.freeze("daily", NOON, w, mails("a@x", slot=str(n)), NOON, "")
            for n, (s, w) in enumerate(zip(stores, read, strict=True))
        ]
    )
    assert sorted(answers, key=str) == [1, None, None]
    assert len(stores[0].deliveries()) == 1
    for one in stores:
        one.close()


def test_of_many_that_claim_each_gets_another(store_url: str) -> None:
    stores = [Store.open(store_url) for _ in range(4)]
    frozen(stores[0], "a@acme.example", "b@acme.example", "c@acme.example")
    answers = at_once([lambda s=s: s.claim_delivery(NOON) for s in stores])
    claimed = [one.delivery.recipient for one in answers if one is not None]
    assert sorted(claimed) == ["a@acme.example", "b@acme.example", "c@acme.example"]
    assert len(stores[0].deliveries(state=DeliveryState.SENDING)) == 3
    for one in stores:
        one.close()


def test_posts_saved_at_once_are_all_there_and_none_is_passed_by(store_url: str) -> None:
    stores = [Store.open(store_url) for _ in range(3)]

    written = threading.Semaphore(0)

    def write(store: Store, name: int) -> None:
        try:
            for turn in range(8):
                both = page(post(f"{name}-{turn}"), post(f"{turn}"))
                store.save_page(f"source {name}", both, NOON)
        finally:
            written.release()

    def follow() -> list[str]:
        read: list[str] = []
        rid = writers = 0
        while True:
            # Asked before reading: what is read after the last writer ended is all there is.
            writers += written.acquire(blocking=False)
            new = stores[2].posts_after(rid, 5)
            read += [one.post.id for one in new]
            rid = new[-1].rid if new else rid
            if writers == 2 and not new:
                return read

    *wrote, read = at_once([lambda: write(stores[0], 0), lambda: write(stores[1], 1), follow])
    assert wrote == [None, None]
    assert len(read) == len(set(read)) == 24
    for one in stores:
        one.close()


def _claim_all(url: str, answers: "multiprocessing.Queue[list[int]]") -> None:
    store = Store.open(url)
    mine = []
    while claim := store.claim_delivery(NOON):
        mine.append(claim.delivery.id)
    store.close()
    answers.put(mine)


@pytest.mark.drill
def test_two_processes_share_deliveries_without_overlap(store_url: str) -> None:
    store = Store.open(store_url)
    frozen(store, *[f"{n}@acme.example" for n in range(20)])
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[list[int]] = context.Queue()
    both = [context.Process(target=_claim_all, args=(store_url, answers)) for _ in range(2)]
    for process in both:
        process.start()
    claimed = [number for _ in both for number in answers.get(timeout=60)]
    for process in both:
        process.join()
    assert sorted(claimed) == [one.id for one in reversed(store.deliveries())]
    store.close()


def test_a_database_that_stays_busy_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 0)
    path = tmp_path / "watcher.sqlite"
    store = Store.open(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="stayed busy"):
        pulled(store, post("p1"))
    other.rollback()
    other.close()
    pulled(store, post("p1"))
    store.close()


def test_a_reader_sees_one_moment(store_url: str) -> None:
    store, other = Store.open(store_url), Store.open(store_url)
    pulled(store, post("p1"))
    with Database.reading(store) as connection:
        count = "SELECT count(*) FROM posts"
        assert connection.exec_driver_sql(count).scalar() == 1
        pulled(other, post("p2"))
        assert connection.exec_driver_sql(count).scalar() == 1
    assert store.count_posts() == 2
    store.close()
    other.close()


def test_an_error_of_the_database_does_not_tell_what_people_wrote(store: Store) -> None:
    # No name of a temporary folder holds this: it consists of small letters, digits and `_`.
    pulled(store, post("P-1", "a secret of Ann"))
    columns = "seen, network, id, author, text, posted_at, url, source, links, hashtags, mentions"
    again = f"INSERT INTO posts ({columns}, media) SELECT {columns}, media FROM posts"
    with pytest.raises(StoreError) as raised, store.writing() as connection:
        connection.exec_driver_sql(again)
    said = f"{raised.value} {raised.value.help}"
    assert "refused a step" in said
    assert "P-1" not in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "more",
    [
        'CONTEXT:  COPY new_posts, line 7, column text: "the secret disk is full"',
        "DETAIL:  Failing row contains (7, the secret, disk is full).",
        "HINT:  the secret disk is full",
        "LINE 1: INSERT INTO posts VALUES ('the secret disk is full')",
    ],
)
def test_what_a_server_adds_to_an_error_is_neither_told_nor_believed(more: str) -> None:
    said = f"invalid byte sequence for encoding\n{more}"
    told = translate(OperationalError("COPY", {}, Exception(said)), "db")
    assert str(told) == "the database refused a step: db (invalid byte sequence for encoding)"


@pytest.mark.server
def test_an_error_while_rows_are_copied_does_not_tell_what_they_hold(postgres_url: str) -> None:
    rows = [{"name": "a", "rid": 7}, {"name": "b", "rid": "the secret disk full"}]
    with (
        closing(Store.open(postgres_url)) as store,
        pytest.raises(StoreError, match="refused a step") as raised,
        store.writing() as connection,
    ):
        copy_in(connection, progress, rows, clean=True)
    assert "secret" not in str(raised.value)
    assert "line 2" not in str(raised.value)


@pytest.mark.parametrize("said", ["failed to resolve host 'db'", "could not translate host name"])
def test_a_host_without_an_address_is_a_server_that_does_not_answer(said: str) -> None:
    told = translate(OperationalError("SELECT 1", {}, Exception(said)), "db")
    assert "does not answer" in str(told)
    assert "address" in told.help


@pytest.mark.parametrize("missing", ['database "watcher"', 'role "ann"'])
def test_a_database_or_role_that_is_not_there_is_looked_for_in_the_address(missing: str) -> None:
    told = translate(OperationalError("", {}, Exception(f"FATAL:  {missing} does not exist")), "db")
    assert "does not answer" in str(told)
    assert "name and password" in told.help


def test_a_table_that_is_gone_is_told_as_that(empty_url: str) -> None:
    with closing(Store.open(empty_url)) as store:
        with store.writing() as connection:
            connection.exec_driver_sql("DROP TABLE slots")
        with pytest.raises(StoreError, match="lacks a table, or a column of one") as raised:
            store.drop_slots(NOON)
    assert "slots" in str(raised.value)
    assert "backup" in raised.value.help


def test_a_pooler_that_shares_connections_is_not_taken_for_a_table_that_is_gone() -> None:
    said = 'prepared statement "_pg3_0" does not exist'
    told = translate(OperationalError("", {}, Exception(said)), "db")
    assert "refused a step" in str(told)


def test_a_process_that_does_more_at_once_than_it_has_connections_is_told_so(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Store.open(store_url)) as store, ExitStack() as all_at_once:
        monkeypatch.setattr(store._engine.pool, "_timeout", 0)
        for _ in range(15):
            all_at_once.enter_context(store.reading())
        with pytest.raises(StoreError, match="more at once than it has connections") as raised:
            store.status()
    assert "See which" in raised.value.help
