"""What a new user sees with real servers: each from the first configuration to the log-out."""

import json
import re
import webbrowser
from datetime import timedelta

import click
import pytest

from tests.bluesky.real import RealNetwork, bluesky
from tests.cli_fixtures import terminal
from tests.mastodon_town import Town, _town, town
from tests.servers import postgres
from tests.terminal import NOW, Terminal, compare
from watcher.backends.http.budget import SHARED
from watcher.backends.mastodon import tokens

__all__ = ["_town", "bluesky", "postgres", "terminal", "town"]

pytestmark = pytest.mark.drill

NOBODY = "http://127.0.0.1:1"
"""Where nobody listens."""


class User:
    """Somebody at a terminal, and all that was seen there."""

    def __init__(self, at: Terminal, places: dict[str, str]) -> None:
        self.at = at
        self._places = places | {str(at.folder): "FOLDER"}
        self._seen: list[str] = []

    def types(self, *words: str, keys: str = "", columns: int = 400) -> None:
        """Type a command line, in a process of its own as far as networks can tell."""
        SHARED.forget()
        seen = self.at.type(*words, keys=keys, columns=columns)
        code = f"[exit code {seen.code}]\n" if seen.code else ""
        self._seen.append(f"$ watcher {' '.join(words)}\n{seen.screen}{code}")

    def pipes(self, *words: str, text: str) -> None:
        """Hand a secret to a command through its input."""
        SHARED.forget()
        seen = self.at.pipe(*words, text=f"{text}\n")
        code = f"[exit code {seen.code}]\n" if seen.code else ""
        self._seen.append(f"$ pass show it | watcher {' '.join(words)}\n{seen.out}{seen.err}{code}")

    def adds(self, toml: str) -> None:
        """Write something at the end of the configuration."""
        path = self.at.folder / "watcher.toml"
        path.write_text(path.read_text() + toml)

    def rewrites(self, old: str, new: str) -> None:
        """Put something in the place of something else in the configuration."""
        path = self.at.folder / "watcher.toml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def notes(self, what: str) -> None:
        """Say what happens outside of the terminal."""
        self._seen.append(f"# {what}\n")

    @property
    def screen(self) -> str:
        """All that was seen; what differs from run to run taken out."""
        text = "\n".join(self._seen)
        for place, name in self._places.items():
            text = text.replace(place, name)
        text = re.sub(r"[\d,]+ MB free", "1 MB free", text)
        text = re.sub(r"(?m) +$", "", text)
        return re.sub(r"client_id=[\w-]+", "client_id=ID", text)


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody in Paris whose browser opens nothing."""
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    monkeypatch.setenv("TZ", "Europe/Paris")


def test_a_new_user_at_a_mastodon_server(
    terminal: Terminal, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = {f"127.0.0.1{sign}{town.port}": "town.example" for sign in ":_"}
    someone = User(terminal, {town.url: "https://town.example"} | hosts)
    answers = iter(["mockcode_nobody", "mockcode_acme"])
    monkeypatch.setattr(click, "prompt", lambda *_, **__: next(answers))
    town.say("Kervennic is late again #kervennic", "a refund from Kervennic?", "something else")
    init = ("init", "--brand", "Kervennic", "--email", "ada@kervennic.example", "--yes")
    someone.types(*init, "--network", town.url)
    someone.types("check")
    someone.notes("https, where the server speaks http only")
    someone.types("login", "mastodon", f"https://127.0.0.1:{town.port}")
    someone.types("login", "mastodon", NOBODY)
    someone.types("login", "mastodon", "http://town.example")
    someone.types("login", "mastodon", town.url, keys="?")
    someone.types("login", "mastodon", town.url, "--follow", keys="?")
    someone.adds(f"""
[[sources]]
name = "search"
kind = "mastodon"
server = "{town.url}"
query = "search:kervennic"

[[sources]]
name = "home"
kind = "mastodon"
server = "{town.url}"
query = "home"
stream = true
keep_day = 30
""")
    someone.types("sources", "check")
    someone.rewrites("keep_day =", "keep_days =")
    someone.types("sources", "check")
    someone.types("sources", "suggest", columns=100)
    someone.types("once")
    someone.types("status", columns=100)
    someone.types("sources", "list", columns=100)
    someone.types("follows", "list")
    path = tokens.place(someone.at.folder / "watcher-data", town.url)
    someone.notes("the file of the log-in becomes readable by others")
    path.chmod(0o644)
    someone.types("sources", "check", "home")
    path.chmod(0o600)
    someone.notes("the token is withdrawn at the server")
    held = json.loads(path.read_text())
    path.write_text(json.dumps(held | {"token": "withdrawn"}))
    someone.types("check")
    someone.types("once")
    someone.types("status", columns=100)
    path.write_text(json.dumps(held))
    someone.notes("the server asks to be left in peace for ten minutes")
    town.fail("/api/v1/timelines/*", count=1, status=429, headers={"Retry-After": "600"})
    someone.types("once")
    someone.types("once")
    town.reset()
    someone.types("logout", "mastodon", town.url)
    someone.types("logout", "mastodon", town.url)
    compare("network-mastodon", someone.screen)


def test_a_new_user_of_bluesky(terminal: Terminal, bluesky: RealNetwork) -> None:
    appview = bluesky.appview
    places = {bluesky.pds: "https://sky.example", appview: "https://view.example"}
    hosts = {at.rpartition("/")[2]: name.rpartition("/")[2] for at, name in places.items()}
    someone = User(terminal, places | hosts)
    bob, fake = bluesky.person("kervennic-fan"), bluesky.person("kervennic-support")
    bob.post("Kervennic is late again #kervennic", at=NOW - timedelta(hours=2))
    bob.post("something else", at=NOW - timedelta(hours=2))
    fake.post("a refund from Kervennic? write to us", at=NOW - timedelta(hours=1))
    bluesky.settle()
    handle, server = bob.handle, ("--server", bluesky.pds)
    someone.types("init", "--brand", "Kervennic", "--email", "ada@kervennic.example", "--yes",
                  "--network", "bluesky")  # fmt: skip
    login = ("login", "bluesky", handle)
    someone.pipes("login", "bluesky", "fan", *server, "--password-stdin", text="x")
    someone.pipes(*login, "--server", NOBODY, "--password-stdin", text="x")
    someone.pipes(*login, "--server", appview, "--password-stdin", text="x")
    someone.pipes(*login, *server, "--password-stdin", text="wrong")
    password = bob.app_password()
    someone.pipes(*login, *server, "--password-stdin", text=password)
    # The configuration names Bluesky's own stream: here the network's own takes its place.
    someone.rewrites('query = "jetstream"', f'query = "repos"\nurl = "{_socket(bluesky.pds)}"\n'
                     f'server = "{appview}"')  # fmt: skip
    someone.adds(f"""
[[sources]]
name = "search"
kind = "bluesky"
server = "{bluesky.pds}"
account = "{handle}"
query = "search:kervennic"
""")
    someone.types("check")
    someone.types("sources", "suggest", columns=100)
    someone.types("once")
    someone.types("status", columns=100)
    someone.types("sources", "list", columns=100)
    someone.types("suspects", "list", columns=100)
    someone.types("follows", "list")
    path = someone.at.folder / "watcher-data" / "logins" / f"bluesky-{handle}.json"
    someone.notes("the file of the log-in becomes readable by others")
    path.chmod(0o640)
    someone.types("sources", "check", "search")
    path.chmod(0o600)
    held = json.loads(path.read_text())
    someone.notes("the session has ended; the app password opens another one")
    path.write_text(json.dumps(held | {"session": held["session"].replace("eyJ", "eyX")}))
    someone.types("sources", "check", "search")
    someone.notes("the session has ended, and the app password was withdrawn")
    path.write_text(json.dumps(held | {"session": "", "password": "abcd-abcd-abcd-abcd"}))
    someone.types("sources", "check", "search")
    someone.rewrites('query = "repos"', 'query = "repos"\nenabled = false')
    someone.types("once")
    someone.types("status", columns=100)
    path.write_text(json.dumps(held))
    someone.types("logout", "bluesky", handle)
    someone.types("logout", "bluesky", handle)
    someone.types("sources", "check")
    compare("network-bluesky", someone.screen)


def _socket(address: str) -> str:
    return address.replace("http://", "ws://")
