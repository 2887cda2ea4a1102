"""`watcher login bluesky` as a person types it, and what stays behind."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from tests.cli_fixtures import CONFIG, terminal
from tests.contracts.live import SECRET
from tests.contracts.worlds.bluesky import US, BlueskyWorld
from tests.faults import Asked, Reply
from tests.terminal import Terminal, compare
from watcher.backends.bluesky.login import Login, LoginFile, login_file
from watcher.backends.http.budget import SHARED
from watcher.backends.interface import BackendError

__all__ = ["terminal"]


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlueskyWorld]:
    SHARED.forget()
    world = BlueskyWorld(tmp_path_factory.mktemp("network"))
    yield world
    world.close()


@pytest.fixture
def acme(terminal: Terminal, world: BlueskyWorld) -> Terminal:
    """A folder with a source of Bluesky that nobody is logged in for."""
    source = f'''
[[sources]]
name = "bluesky"
kind = "bluesky"
account = "{US}"
server = "{world.server.url}"
query = "search:post"
'''
    (terminal.folder / "watcher.toml").write_text(CONFIG + source)
    assert terminal.pipe("local", "post", "@zoe", "Bonjour").code == 0
    return terminal


def shown(at: Terminal, world: BlueskyWorld, *words: str, keys: str = "") -> str:
    screen = at.type(*words, keys=keys, columns=100).screen
    line = f"$ watcher {' '.join(words)}\n{screen}"
    return line.replace(world.server.url, "https://town.example").replace(
        world.server.host, "town.example"
    )


@pytest.mark.drill
def test_logging_in_and_out(
    acme: Terminal, world: BlueskyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = iter(["wrong", SECRET])
    monkeypatch.setattr(
        click.termui, "hidden_prompt_func", lambda prompt: asked.append(prompt) or next(answers)
    )
    server = ("--server", world.server.url)
    seen = shown(acme, world, "login", "bluesky", *server, keys=f"no handle\n@{US}\n")
    seen += shown(acme, world, "login", "bluesky", US.upper(), *server)
    seen += shown(acme, world, "logout", "bluesky", US)
    seen += shown(acme, world, "logout", "bluesky", US)
    compare("cli-login-bluesky", seen)
    assert len(asked) == 2
    assert SECRET not in seen
    assert world.ended


def test_a_pasted_password_is_kept_for_its_owner_only(acme: Terminal, world: BlueskyWorld) -> None:
    words = ("login", "bluesky", US, "--server", world.server.url, "--password-stdin")
    seen = acme.pipe(*words, text=f"{SECRET}\n")
    assert seen.code == 0, seen.err
    file = acme.folder / "data" / "logins" / f"bluesky-{US}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert SECRET in file.read_text()
    assert SECRET not in seen.out + seen.err
    assert acme.pipe("check").out.count("answers @us.town.example") == 1
    world.say()
    assert acme.pipe("once").code == 0
    log_ins = [asked for asked in world.server.asked if asked.path.endswith("createSession")]
    assert len(log_ins) == 1, "the session is used again"


@pytest.mark.parametrize("text", ["", "\n", "x" * 1000, "a\x07b\n"])
def test_what_is_no_password_is_refused(acme: Terminal, text: str) -> None:
    seen = acme.pipe("login", "bluesky", US, "--password-stdin", text=text)
    assert (seen.code, "is no password" in seen.err) == (2, True)


@pytest.mark.parametrize("server", ["http://town.example", "town.example/x?y", "ftp://a.example"])
def test_a_password_is_sent_nowhere_unsafe(acme: Terminal, server: str) -> None:
    seen = acme.pipe("login", "bluesky", US, "--server", server, "--password-stdin", text="x\n")
    assert seen.code == 2


def test_a_file_that_others_can_read_from_now_on_is_not_used_any_more(world: BlueskyWorld) -> None:
    file = login_file(world.source().login_path())
    assert file.login() is not None
    file.path.chmod(0o640)
    with pytest.raises(BackendError, match="others can read it"):
        file.login()


def test_a_file_that_others_can_read_is_not_used(world: BlueskyWorld) -> None:
    path = world.source().login_path()
    path.chmod(0o644)
    with pytest.raises(BackendError, match="others can read it") as raised:
        world.reader().check()
    assert raised.value.help == f"chmod 600 {path}"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"server": 1}', b"\xff", b"[" * 9999])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(BackendError, match="holds no log-in"):
        LoginFile(path).login()


def test_a_file_that_cannot_be_replaced_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = LoginFile(tmp_path / "x.json")
    file.save(Login(server="https://a.example", handle="a.example", password="old"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BackendError, match="No space left"):
            file.keep_session("https://a.example", "a.example", "new")
    kept = file.login()
    assert kept is not None
    assert (kept.password, kept.session) == ("old", "")
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
    assert "old" not in repr(kept)


@contextmanager
def expired(world: BlueskyWorld) -> Iterator[None]:
    """Answer that a session has ended until a new one is opened; meanwhile, as Bluesky does."""
    usual = world.server.answer
    over = [True]

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("createSession"):
            over[0] = False
        elif over[0]:
            return world.no(400, "ExpiredToken")
        return usual(asked)

    world.server.answer = answer
    try:
        yield
    finally:
        world.server.answer = usual


def test_a_session_that_the_server_ended_is_opened_again(world: BlueskyWorld) -> None:
    file = login_file(world.source().login_path())
    ours = file.login()
    assert ours is not None
    before = ours.session
    with expired(world):
        assert list(world.reader().pages(None))
    kept = file.login()
    assert kept is not None
    assert kept.session != before
    paths = [asked.path.rpartition(".")[2] for asked in world.server.asked]
    assert paths == ["searchPosts", "createSession", "searchPosts"]


def test_another_account_s_file_is_not_used(world: BlueskyWorld) -> None:
    file = login_file(world.source().login_path())
    kept = file.login()
    assert kept is not None
    file.save(Login(server="https://other.example", handle=US, session=kept.session))
    with pytest.raises(BackendError, match=r"other\.example") as raised:
        world.reader().check()
    assert raised.value.kind == "refused"
