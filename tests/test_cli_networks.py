"""What a new user runs into with networks: each mistake is told with its way out."""

import json
import logging
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli_fixtures import terminal
from tests.faults import Asked, Loopback, Reply
from tests.terminal import Terminal
from watcher.backends.http.errors import explained
from watcher.backends.http.session import session
from watcher.backends.http.transport import BoundedTransport
from watcher.backends.mastodon import tokens
from watcher.backends.mastodon.tokens import Login, TokenError

__all__ = ["terminal"]

HEAD = """
data = "data"

[mail]
kind = "outbox"
folder = "data/outbox"
from = "watcher@acme.example"

[[rules]]
name = "acme"
find = "acme"
then = []
"""
SOURCE = '\n[[sources]]\nname = "%s"\nkind = "mastodon"\nserver = "%s"\nquery = "home"\n'


@pytest.fixture
def elsewhere() -> Iterator[Loopback]:
    """A server that is there, and of no network."""
    with Loopback(lambda _: Reply(404, b"{}", {"Content-Type": "application/json"})) as server:
        yield server


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def user(terminal: Terminal) -> Terminal:
    """Somebody with a configuration, in a folder where nothing was run yet."""
    (terminal.folder / "watcher.toml").write_text(HEAD)
    return terminal


def test_a_log_in_at_a_server_of_another_kind_says_so(user: Terminal, elsewhere: Loopback) -> None:
    seen = user.pipe("login", "mastodon", elsewhere.url, text="code\n")
    assert seen.code == 1
    assert "does not speak Mastodon's API (404)" in words(seen.err)
    assert "help: " in seen.err
    login = ("login", "bluesky", "ada.test", "--server", elsewhere.url, "--password-stdin")
    seen = user.pipe(*login, text="abcd-abcd-abcd-abcd\n")
    assert seen.code == 1
    assert "is no server of Bluesky's network (404)" in words(seen.err)
    assert "help: " in seen.err


def test_a_log_in_where_nobody_listens_tells_what_to_look_at(user: Terminal) -> None:
    seen = user.pipe("login", "mastodon", f"http://127.0.0.1:{closed_port()}", text="code\n")
    assert "takes no connections" in seen.err
    assert "help: is it running, and is its address right?" in seen.err


def test_https_where_http_is_spoken_tells_what_to_look_at() -> None:
    told = explained(ssl.SSLError(1, "wrong version number"), "town.example")
    assert told.message == "town.example does not speak TLS as it should"
    assert "http://" in told.help


def test_a_token_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    here = "https://town.example"
    path = tokens.store(tmp_path, Login(server=here, account="acme", scopes=(), token="secret"))
    path.chmod(0o640)
    with pytest.raises(TokenError, match="others can read it") as refused:
        tokens.stored(tmp_path, here)
    assert refused.value.help == f"chmod 600 {path}"


def test_what_helps_several_sources_is_told_once(user: Terminal) -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    path = user.folder / "watcher.toml"
    path.write_text(HEAD + "".join(SOURCE % (name, dead) for name in ("one", "two", "three")))
    seen = user.pipe("sources", "check")
    assert seen.code == 1
    told = [line for line in seen.out.splitlines() if "logs in" in line]
    assert told == [
        f"source one, source two, source three: `watcher login mastodon {dead}` logs in"
    ]


def test_a_check_makes_no_folder_that_others_may_enter(user: Terminal) -> None:
    assert user.pipe("check").code == 0
    assert not (user.folder / "data").exists()
    user.pipe("status")
    assert stat.S_IMODE((user.folder / "data").stat().st_mode) == 0o700


def test_a_data_folder_that_others_may_enter_is_told(user: Terminal) -> None:
    (user.folder / "data").mkdir(mode=0o755)
    (row,) = [
        one
        for one in json.loads(user.pipe("check", "--json").out)["checks"]
        if one["what"] == "data folder"
    ]
    assert row["state"] == "warning"
    assert row["help"] == f"chmod 700 {user.folder / 'data'}"


def test_a_first_configuration_says_how_to_log_in(terminal: Terminal) -> None:
    init = ("init", "--brand", "Acme", "--email", "ada@acme.example", "--yes", "--network")
    town = terminal.pipe(*init, "https://town.example", "town.toml")
    assert "watcher --config town.toml login mastodon https://town.example" in town.out
    assert "login bluesky" in terminal.pipe(*init, "bluesky", "sky.toml").out
    assert "login" not in terminal.pipe(*init[:-1], "own.toml").out


def test_the_server_of_a_source_is_not_told_to_be_out_of_reach(user: Terminal) -> None:
    path = user.folder / "watcher.toml"
    path.write_text(HEAD + (SOURCE % ("town", "https://town.example")).replace("home", "public"))
    told = words(user.pipe("sources", "suggest").err)
    assert "no access to mastodon" not in told
    assert "nobody is logged in at mastodon: `watcher login mastodon https://town.example`" in told


def test_the_log_of_a_run_holds_no_addresses_of_requests(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(_asked: Asked) -> Reply:
        return Reply(200, b"{}", {"Content-Type": "application/json"})

    caplog.set_level(logging.INFO)
    with (
        Loopback(answer) as server,
        httpx.Client(transport=BoundedTransport(session("us"))) as client,
    ):
        client.get(f"{server.url}/xrpc/search?q=secret")
    assert caplog.text == ""
