"""`watcher login mastodon` and `logout` as a person types them, and what stays behind."""

import re
import stat
import webbrowser
from pathlib import Path

import click
import pytest

from tests.cli_fixtures import CONFIG, terminal
from tests.mastodon_town import Town, _town, town
from tests.terminal import Terminal, compare
from watcher.backends.mastodon import tokens
from watcher.backends.mastodon.tokens import Login, TokenError

__all__ = ["_town", "terminal", "town"]

HERE = "https://town.example"


@pytest.fixture
def at(terminal: Terminal, town: Town, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in a folder with a source of the server, and a browser that nobody looks at."""
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    table = f"""
[[sources]]
name = "masto"
kind = "mastodon"
server = "{town.url}"
query = "home"
"""
    (terminal.folder / "watcher.toml").write_text(CONFIG + table)
    assert terminal.pipe("local", "post", "@zoe", "Bonjour").code == 0
    return terminal


def screen(at: Terminal, town: Town, *words: str, keys: str = "") -> str:
    """Return a command line and what it printed, with the ports and ids of this run taken out."""
    seen = at.type(*words, keys=keys, columns=400)
    code = f"[exit code {seen.code}]\n" if seen.code else ""
    text = f"$ watcher {' '.join(words)}\n{seen.screen}{code}"
    text = text.replace(town.url, HERE).replace(f"127.0.0.1:{town.port}", "town.example")
    text = text.replace(f"127.0.0.1_{town.port}", "town.example").replace(str(at.folder), "FOLDER")
    text = re.sub(r"[\d,]+ MB free", "1 MB free", text)
    return re.sub(r"client_id=[\w-]+", "client_id=ID", text)


@pytest.mark.drill
def test_logging_in_and_out(at: Terminal, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["mockcode_nobody", " mockcode_acme "])
    monkeypatch.setattr(click, "prompt", lambda *_, **__: next(answers))
    town.say("hello")
    login = ("login", "mastodon", town.url)
    shown = [
        screen(at, town, "check"),
        screen(at, town, *login, keys="?"),
        screen(at, town, *login, "--follow", keys="?"),
        screen(at, town, "check"),
        screen(at, town, "once"),
        screen(at, town, "logout", "mastodon", town.url),
        screen(at, town, "logout", "mastodon", town.url),
    ]
    compare("cli-login-mastodon", "\n".join(shown))


def test_a_log_in_is_for_its_owner_s_eyes(at: Terminal, town: Town) -> None:
    seen = at.pipe("login", "mastodon", town.url, "--token-stdin", text="acme-token\n")
    assert seen.code == 0
    assert f"logged in at {town.url} as @acme" in seen.out
    assert "acme-token" not in seen.out + seen.err
    path = tokens.place(at.folder / "data", town.url)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    login = tokens.stored(at.folder / "data", town.url)
    assert login is not None
    assert (login.token, login.account, login.scopes) == ("acme-token", "acme", ())
    assert "acme-token" not in repr(login)


def test_a_pasted_token_is_withdrawn_by_hand(at: Terminal, town: Town) -> None:
    at.pipe("login", "mastodon", town.url, "--token-stdin", text="acme-token\n")
    seen = at.pipe("logout", "mastodon", town.url)
    assert (seen.code, seen.out) == (0, f"logged out of {town.url}\n")
    assert "withdraw the token there" in seen.err
    assert tokens.stored(at.folder / "data", town.url) is None


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("wrong\n", 1, "does not know this token"),
        ("", 2, "the first line of the input is no token"),
        ("\x1b[2J\n", 2, "the first line of the input is no token"),
        ("x" * 9000, 2, "the first line of the input is no token"),
    ],
)
def test_what_is_no_token_is_not_stored(
    at: Terminal, town: Town, text: str, code: int, says: str
) -> None:
    seen = at.pipe("login", "mastodon", town.url, "--token-stdin", text=text)
    assert seen.code == code
    assert says in seen.err
    assert "\x1b" not in seen.err
    assert not (at.folder / "data" / "logins").exists()


def test_what_the_person_allowed_is_what_is_asked_for(at: Terminal, town: Town) -> None:
    for words, scope in (((), "read"), (("--follow",), "read+write%3Afollows")):
        seen = at.pipe("login", "mastodon", town.url, *words, text="mockcode_acme\n")
        assert seen.code == 0
        assert f"&scope={scope}\n" in seen.out


@pytest.mark.parametrize(
    "server", ["http://town.example", "https://town.example/web", "https://", "ftp://x", "a b"]
)
def test_an_address_that_is_none_or_not_safe_is_wrong_usage(at: Terminal, server: str) -> None:
    assert at.pipe("login", "mastodon", server).code == 2


def test_a_log_in_elsewhere_is_none_here(at: Terminal) -> None:
    seen = at.pipe("logout", "mastodon", "elsewhere.example")
    assert seen.code == 1
    assert "there is no log-in at https://elsewhere.example" in seen.err


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"server": "x"}', '{"scopes": 7}', "[" * 50_000, "\x00\xff"]
)
def test_a_damaged_log_in_is_told(tmp_path: Path, content: str) -> None:
    path = tokens.place(tmp_path, HERE)
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(TokenError, match="damaged"):
        tokens.stored(tmp_path, HERE)


def test_a_log_in_replaces_the_one_before(tmp_path: Path) -> None:
    for token in ("one", "two"):
        login = Login(server=HERE, account="acme", scopes=("read",), token=token)
        tokens.store(tmp_path, login)
        assert tokens.stored(tmp_path, HERE) == login
    assert tokens.stored(tmp_path, "https://other.example") is None
    tokens.remove(tmp_path, HERE)
    tokens.remove(tmp_path, HERE)
    assert tokens.stored(tmp_path, HERE) is None
