"""What only the index in PostgreSQL has: transactions, a lock of its own, tables to replace."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, inspect, text

from rules.language import parse
from rules.model import Post
from tests.search_samples import (
    MINUTE,
    NOON,
    Shelf,
    database_index,
    found,
    index_database,
    post,
    rids_held,
)
from watcher import pipeline
from watcher.app import App
from watcher.backends.interface import Page
from watcher.cli import Settings
from watcher.cli import check as check_command
from watcher.cli import index as index_command
from watcher.cli import search as search_command
from watcher.config import load
from watcher.search import DatabaseIndex, FolderIndex, SearchError, in_database, open_index
from watcher.store import Store
from watcher.store import full_text as module
from watcher.store.full_text import FullText
from watcher.store.full_text_query import EVERYTHING, Condition, beginning, having
from watcher.store.full_text_tables import Entry

__all__ = ["database_index", "index_database"]

pytestmark = pytest.mark.server


def shelf(count: int = 30, first_rid: int = 1) -> Shelf:
    return Shelf([post(f"acme {n}", NOON + n * MINUTE) for n in range(count)], first_rid=first_rid)


def tables_of(store: Store) -> list[str]:
    with store.reading() as connection:
        names = inspect(connection).get_table_names()
    return sorted(name for name in names if name.startswith("search_"))


def rids(text: FullText, condition: Condition) -> list[int]:
    return sorted(rid for _, rid in text.newest_first(condition, 1_000))


def test_the_database_of_the_store_decides_who_serves_the_search(
    index_database: Store, tmp_path: Path
) -> None:
    assert isinstance(open_index(tmp_path / "index", index_database), DatabaseIndex)
    assert not (tmp_path / "index").exists()
    embedded = Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}")
    assert isinstance(open_index(tmp_path / "index", embedded), FolderIndex)
    embedded.close()


def test_more_hits_than_a_page_come_in_one_order(
    database_index: DatabaseIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_database, "_LARGEST_PAGE", 3)
    store = Shelf([post(f"acme {n}", NOON + (n % 5) * MINUTE) for n in range(60)])
    database_index.catch_up(store)
    hits = [hit.rid for hit in database_index.matches(parse("acme"), store, first_read=1)]
    newest_first = sorted(store.posts, key=lambda rid: (store.posts[rid].posted_at, rid))
    assert hits == newest_first[::-1]


def test_a_batch_is_there_as_a_whole_or_not_at_all(
    database_index: DatabaseIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = shelf(25)
    real = in_database.Entry

    def failing(rid: int, *more: object) -> Entry:
        if rid == 18:
            raise MemoryError
        return real(rid, *more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(in_database, "Entry", failing)
        with pytest.raises(MemoryError):
            database_index.catch_up(store, batch=10)
    assert rids_held(database_index) == list(range(1, 11))
    assert database_index.lag(store) == 15
    assert database_index.catch_up(store, batch=10) == 15
    assert rids_held(database_index) == sorted(store.posts)


def test_several_processes_catch_up_at_once_and_index_each_post_once(
    database_index: DatabaseIndex, index_database: Store
) -> None:
    store = shelf(200)
    added: list[int] = []
    others = [DatabaseIndex.open(index_database) for _ in range(3)]
    threads = [
        threading.Thread(target=lambda one=one: added.append(one.catch_up(store, batch=7)))
        for one in others
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(added) == 200
    assert rids_held(database_index) == sorted(store.posts)


def test_who_writes_posts_does_not_wait_for_the_index_nor_it_for_them(
    database_index: DatabaseIndex, index_database: Store
) -> None:
    with index_database.writing():
        assert database_index.catch_up(shelf()) == 30


def test_building_anew_answers_meanwhile_and_leaves_nothing_behind(
    database_index: DatabaseIndex, index_database: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_database, "BATCH", 10)
    store = shelf()
    database_index.catch_up(store)
    tables = tables_of(index_database)
    other = DatabaseIndex.open(index_database)
    answers: list[int] = []
    told = lambda *_: answers.append(len(found(other, store, "acme", limit=99)))  # noqa: E731
    for _ in range(2):
        assert database_index.rebuild(store, told) == 30
    assert answers == [30] * 6
    assert tables_of(index_database) == tables
    store.put(post("acme more", NOON - MINUTE))
    assert other.catch_up(store) == 1
    assert len(found(database_index, store, "acme", limit=99)) == 31


def test_what_another_version_or_a_crash_has_left_is_dropped(
    database_index: DatabaseIndex, index_database: Store
) -> None:
    kept = tables_of(index_database)
    old = FullText(index_database, "0123abcd")
    old.make()
    old.begin_fresh()
    assert len(tables_of(index_database)) == 4
    store = shelf()
    index = DatabaseIndex.open(index_database)
    assert index.catch_up(store) == 30
    assert tables_of(index_database) == kept


def test_another_database_under_the_same_index_is_noticed(
    database_index: DatabaseIndex, index_database: Store
) -> None:
    database_index.catch_up(shelf())
    restored = Shelf([post(f"acme other {n}", NOON - n * MINUTE) for n in range(20)])
    grown = Shelf([post(f"acme new {n}", NOON + timedelta(days=n)) for n in range(50)])
    for store in (restored, grown):
        index = DatabaseIndex.open(index_database)
        assert index.catch_up(store) == len(store.posts)
        assert "of another database" in index.notes[0]
        assert rids_held(index) == sorted(store.posts)


def test_posts_that_left_the_store_leave_with_their_words(
    database_index: DatabaseIndex,
) -> None:
    store = Shelf(
        [
            post("renault stays"),
            post("peugeot goes with @peugeot_fan", handle="peugeot_fan"),
            post("renault goes too"),
        ]
    )
    database_index.catch_up(store)
    store.put(post("far away"), at=250_000)
    database_index.catch_up(store)
    assert len(found(database_index, store, "peugoet~1")) == 1
    del store.posts[2], store.posts[3]
    assert found(database_index, store, "goes") == []
    assert database_index.forget(store) == 2
    assert rids_held(database_index) == [1, 250_000]
    words = database_index._text.words_like("", "", range(200), "", 99)
    assert sorted(words) == ["away", "renault", "stays"]
    assert found(database_index, store, "renualt~1") == ["renault stays"]
    assert database_index.forget(store) == 0


def test_a_post_with_more_words_than_the_database_takes_is_still_found(
    database_index: DatabaseIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.store.full_text_query.MOST_BYTES", 100)
    store = Shelf([post("acme " + " ".join(f"word{n}" for n in range(50))), post("acme")])
    database_index.catch_up(store)
    assert found(database_index, store, "word49") == [store.posts[1].text]
    assert len(found(database_index, store, "acme OR other")) == 2
    assert len(found(database_index, store, "2 OF (word1, word49, acme)")) == 1
    assert found(database_index, store, "nothing") == []


def test_where_the_database_looks_the_wrong_way_it_is_told_the_other_one(
    database_index: DatabaseIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    database_index.catch_up(shelf())
    monkeypatch.setattr(module, "_QUICK_MS", 1)
    slow = Condition("'acme'", func.pg_sleep(0.002).is_not(None))
    assert rids(database_index._text, slow) == list(range(1, 31))


def test_trouble_with_the_database_is_an_error_of_the_search(
    database_index: DatabaseIndex, index_database: Store
) -> None:
    with index_database.writing() as connection:
        for name in tables_of(index_database):
            connection.execute(text(f"DROP TABLE {name}"))
    with pytest.raises(SearchError, match="does not work"):
        database_index.search(parse("acme"), shelf())
    with pytest.raises(SearchError, match="does not work"):
        database_index.catch_up(shelf())
    assert DatabaseIndex.open(index_database).catch_up(shelf()) == 30


_SIGNS = st.text(st.sampled_from("ab'\\:*&|!<->() \t\n\"%$\0\ud800é😀"), min_size=1, max_size=5)
_KEYS = _SIGNS.map(lambda some: some.encode("utf-8", "surrogatepass"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sets(_KEYS, max_size=4), min_size=1, max_size=6), _KEYS)
def test_whatever_a_key_holds_it_is_found_as_it_is_and_by_its_beginning(
    database_index: DatabaseIndex, posts: Sequence[set[bytes]], other: bytes
) -> None:
    full_text = database_index._text
    full_text.empty()
    with full_text.turn() as turn:
        turn.add([Entry(n, NOON, keys, keys) for n, keys in enumerate(posts)])
    assert rids(full_text, EVERYTHING) == list(range(len(posts)))
    for key in {other}.union(*posts):
        having_it = {n for n, keys in enumerate(posts) if key in keys}
        assert having_it <= set(rids(full_text, having(key)))
        begun = {n for n, keys in enumerate(posts) if any(one.startswith(key) for one in keys)}
        assert begun <= set(rids(full_text, beginning(key)))
        plain = key.isascii() and b"\0" not in key
        if plain:
            assert set(rids(full_text, having(key))) - having_it == {
                n
                for n, keys in enumerate(posts)
                if n not in having_it and key in {_shown(one) for one in keys}
            }


def _shown(key: bytes) -> bytes:
    return key.decode("utf-8", "ignore").replace("\0", "").encode()


WORKER = """
import sys
from tests.test_search_database import shelf
from watcher.search import DatabaseIndex
from watcher.store import Store
index = DatabaseIndex.open(Store.open(sys.argv[1]))
def said(done, total):
    print(f"{done} of {total}", flush=True)
    if done == 200:
        sys.stdin.read()  # nothing comes: however late the signal is, it finds work undone
index.catch_up(shelf(900), batch=20, progress=said)
"""


@pytest.mark.drill
def test_a_process_killed_while_it_indexes_loses_nothing(postgres_url: str) -> None:
    """Killed thrice: each time some batches further, while it works on the next one."""
    store = shelf(900)
    opened = Store.open(postgres_url)
    index = DatabaseIndex.open(opened)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    before = 0
    for _ in range(3):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, postgres_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert worker.stdin
        assert worker.stdout
        for _ in range(3):
            assert b" of " in worker.stdout.readline()
        worker.send_signal(signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL, "it was still at work"
        worker.stdin.close()
        worker.stdout.close()
        held = rids_held(index)
        assert before < len(held) < 900
        assert held == list(range(1, len(held) + 1))
        before = len(held)
    index.catch_up(store)
    assert rids_held(index) == sorted(store.posts)
    assert len(found(index, store, "acme", limit=9_999)) == 900
    opened.close()


CONFIG = """
data = "data"

[store]
url = "{url}"

[mail]
kind = "outbox"
folder = "outbox"
from = "w@acme.example"

[[brands]]
name = "Acme"

[[sources]]
name = "square"
kind = "local"
file = "square.db"

[[rules]]
name = "acme"
find = "acme"
then = ["now"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
to = ["ada@acme.example"]
"""


def test_the_watcher_keeps_its_index_beside_its_store(postgres_url: str, tmp_path: Path) -> None:
    configuration = tmp_path / "watcher.toml"
    configuration.write_text(CONFIG.format(url=postgres_url))
    now = NOON + MINUTE

    def page(*posts: Post, **more: object) -> Page:
        return Page(posts=posts, cursor="1", more=False, **more)  # type: ignore[arg-type]

    with App.open(load(configuration), clock=lambda: now) as app:
        app.store.save_page("square", page(post("acme zebra"), post("acme horse")), now)
        pipeline.match(app)
        assert pipeline.index(app) == 2
        app.store.save_page("square", page(deleted=("acme zebra",)), now)
        found = app.index.search(parse("acme"), app.store).hits
        assert [hit.post.text for hit in found] == ["acme horse"]
        now += timedelta(days=8)
        pipeline.index(app)
        assert app.index.documents() == 1
        assert app.store.departures(now) == ()
    assert not (tmp_path / "data" / "index").exists()


def test_the_index_of_before_is_pointed_out(postgres_url: str, tmp_path: Path) -> None:
    configuration = tmp_path / "watcher.toml"
    configuration.write_text(CONFIG.format(url=postgres_url))
    with App.open(load(configuration)) as app:
        app.store.save_page("square", Page(posts=(post("acme"),), cursor="1", more=False), NOON)
    left = tmp_path / "data" / "index"
    for words in ("rebuild", "status"):
        told = CliRunner().invoke(
            index_command.command,
            [words],
            obj=Settings(configuration),
            help_option_names=["-h", "--help"],
        )
        assert told.exit_code == 0
        assert "1 post" in told.stdout
        assert ("rm -r" in told.stderr) == left.exists()
        left.mkdir(exist_ok=True)
    told = CliRunner().invoke(
        search_command.command,
        ["acme"],
        obj=Settings(configuration),
        help_option_names=["-h", "--help"],
    )
    assert "acme" in told.stdout


def test_what_is_common_is_told_by_the_newest_posts(
    database_index: DatabaseIndex, index_database: Store, tmp_path: Path
) -> None:
    store = Shelf([post(f"acme {n}" if n % 4 else f"a {n}") for n in range(999)])
    database_index.catch_up(store)
    assert database_index.document_shares() is None
    store.put(post("acme 1000"))
    database_index.catch_up(store)
    shares = database_index.document_shares()
    assert shares
    assert (shares("acme"), shares("999"), shares("nobody")) == (0.75, 0.0, 0.0)
    configuration = tmp_path / "watcher.toml"
    url = index_database._engine.url.render_as_string(hide_password=False)
    configuration.write_text(CONFIG.format(url=url))
    told = CliRunner().invoke(
        check_command.command, obj=Settings(configuration), help_option_names=["-h", "--help"]
    )
    assert "in about 75% of your own posts: this finds 750 of 1,000" in told.output
