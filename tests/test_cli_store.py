"""`watcher store`: moving, saving and restoring the database from the command line."""

import json
import re
from pathlib import Path

import pytest
from filelock import FileLock

from tests.cli_fixtures import acme, terminal
from tests.servers import Postgres
from tests.terminal import Terminal, compare
from watcher.cli.store import TARGET_PASSWORD, _url
from watcher.store import Store, shown_address

__all__ = ["acme", "terminal"]

COPY = "sqlite:///copy.sqlite"


@pytest.fixture
def read(acme: Terminal) -> Terminal:
    """A terminal in a folder whose source was read."""
    assert acme.pipe("once").code == 0
    return acme


def screen(at: Terminal, *words: str) -> str:
    seen = at.type("store", *words, columns=90)
    code = f"[exit code {seen.code}]\n" if seen.code else ""
    said = re.sub(r"[0-9a-f]{16}", "0123456789abcdef", seen.screen)
    said = re.sub(r"\d+\.\d MB|\d+ kB", "SIZE", re.sub(r"\d{8}T\d{6}Z", "TIME", said))
    said = re.sub(r"\s+", " ", said.replace(str(at.folder), "FOLDER")) if code else said
    return f"$ watcher store {' '.join(words)}\n{said.replace(str(at.folder), 'FOLDER')}{code}\n"


def test_the_screens(read: Terminal) -> None:
    told = screen(read, "copy", COPY) + screen(read, "copy", COPY)
    told += screen(read, "backup", "saved") + screen(read, "backup", "saved")
    told += screen(read, "restore", "saved")
    compare("cli-store", told)


def test_a_copy_is_gone_on_with(read: Terminal) -> None:
    before = json.loads(read.pipe("status", "--json").out)
    copied = json.loads(read.pipe("store", "copy", COPY, "--json").out)
    assert copied["to"] == COPY
    assert {one["name"]: one["rows"] for one in copied["tables"]}["posts"] == before["posts"]
    path = read.folder / "watcher.toml"
    path.write_text(path.read_text() + f'\n[store]\nurl = "{COPY}"\n')
    assert json.loads(read.pipe("status", "--json").out) == before
    assert "0 new posts" in read.pipe("once").out


def test_a_copy_onto_itself_is_called_that_however_it_is_named(read: Terminal) -> None:
    refused = read.pipe("store", "copy", "sqlite:///data/../data/watcher.sqlite")
    assert refused.code == 1
    assert "copied onto itself" in refused.err


@pytest.mark.drill
def test_another_configuration_can_be_named(read: Terminal) -> None:
    text = (read.folder / "watcher.toml").read_text()
    there = read.folder / "there.toml"
    there.write_text(text.replace('data = "data"', 'data = "elsewhere"'))
    assert read.pipe("store", "copy", "there.toml").code == 0
    assert read.pipe("-c", "there.toml", "status").code == 0
    assert read.pipe("store", "copy", "--from", "there.toml", COPY).code == 0
    assert (read.folder / "copy.sqlite").exists()


def test_a_password_is_not_typed(read: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    server = "@db.acme.example/watch"
    for typed in (
        f"kim:secret{server}",
        f"kim{server}?password=secret",
        f"{server}?sslpassword=secret",
    ):
        seen = read.pipe("store", "copy", f"postgresql+psycopg://{typed}")
        assert seen.code == 2
        assert TARGET_PASSWORD in seen.err
        assert "secret" not in seen.out + seen.err
    shown = shown_address(f"postgresql://kim:secret{server}?password=secret&sslmode=require")
    assert shown == f"postgresql+psycopg://kim:***{server}?sslmode=require"
    monkeypatch.setenv(TARGET_PASSWORD, "p@ss/word")
    url = _url("postgresql+psycopg://kim@db.acme.example/watch", TARGET_PASSWORD)
    assert url == "postgresql+psycopg://kim:p%40ss%2Fword@db.acme.example/watch"
    assert _url(COPY, TARGET_PASSWORD) == COPY


@pytest.mark.server
def test_to_postgresql_nothing_shows_the_password(
    read: Terminal, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TARGET_PASSWORD, "hidden-word")
    seen = read.pipe("store", "copy", postgres_url)
    assert seen.code == 0, seen.err
    assert "***" not in seen.out  # what stands there is to be pasted
    again = read.pipe("store", "copy", postgres_url)
    assert again.code == 1
    assert "is not empty" in again.err
    assert "hidden-word" not in seen.out + seen.err + again.out + again.err


@pytest.mark.server
def test_a_database_that_does_not_answer_is_told(read: Terminal, postgres: Postgres) -> None:
    seen = read.pipe("store", "copy", postgres.url("missing"))
    assert seen.code == 1
    assert "does not answer as it should" in seen.err


@pytest.mark.drill
def test_nothing_is_moved_or_restored_while_the_watcher_works(read: Terminal) -> None:
    assert read.pipe("store", "backup", "saved").code == 0
    with FileLock(read.folder / "data" / "watcher.sqlite.lock"):
        for words in (("copy", COPY), ("restore", "saved", "--force")):
            seen = read.pipe("store", *words)
            assert seen.code == 1
            assert "is already watching" in seen.err
        assert read.pipe("store", "backup", "saved-2").code == 0
    assert not (read.folder / "copy.sqlite").exists()


def test_nothing_is_restored_under_a_worker(read: Terminal) -> None:
    url = f"sqlite:///{read.folder / 'data' / 'watcher.sqlite'}"
    assert read.pipe("store", "backup", "saved").code == 0
    store = Store.open(url, migrate=False)
    worker = store.sign_in("works", read.now, host="here", pid=12)
    seen = read.pipe("store", "restore", "saved", "--force")
    assert seen.code == 1
    assert "process 12 on here" in seen.err
    store.sign_off(worker, read.now)
    store.close()
    (read.folder / "data" / "watcher.sqlite").write_text("damaged " * 1000)
    assert read.pipe("store", "restore", "saved", "--force").code == 0
    assert read.pipe("store", "restore", "saved", "--force").code == 0


@pytest.mark.drill
def test_what_was_restored_is_searched_anew(read: Terminal) -> None:
    assert read.pipe("store", "backup", "saved").code == 0
    assert read.pipe("local", "post", "@zoe", "Acme later").code == 0
    assert read.pipe("once").code == 0
    restored = json.loads(read.pipe("store", "restore", "saved", "--force", "--json").out)
    aside = Path(restored["aside"])
    assert aside.exists()
    assert (read.folder / "data" / "watcher.sqlite").stat().st_mode & 0o777 == 0o600
    assert json.loads(read.pipe("status", "--json").out)["posts"] == 1
    assert "1 new post" in read.pipe("once").out
    assert "Acme later" in read.pipe("search", "later").out
