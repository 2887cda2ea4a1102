"""A server that speaks Mastodon's whole API (`mastodon-mock`), started for the tests."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from alerts.secret import Secret
from watcher.backends import MastodonSource
from watcher.backends.http.budget import SHARED
from watcher.backends.mastodon import features
from watcher.backends.mastodon.network import MastodonNetwork
from watcher.backends.mastodon.stream import MastodonStream

_PATIENCE = 60
"""Seconds until it must answer."""
_PEOPLE = ("acme", "marie", "luc")
_CONFIG = """\
[streaming]
heartbeat_seconds = 0.3
""" + "".join(
    f'[[seed.accounts]]\nusername = "{name}"\naccess_token = "{name}-token"\n'
    f"locked = {'true' if name == 'luc' else 'false'}\n"
    for name in _PEOPLE
)


class Town:
    """The server as its members use it; `acme` is us, `luc` must agree to be followed."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = folder / "town.toml"
        config.write_text(_CONFIG)
        with (folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "mastodon_mock", "serve", "--config", str(config),
                 "--domain", "mock.local", "--in-memory", "--port", str(self.port),
                 "--log-level", "warning"],
                stdout=log, stderr=log, cwd=folder, env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self.ask("GET", "/api/v1/streaming/health", raw=True)
                return
            except (URLError, ConnectionError):
                if time.monotonic() > deadline or self._server.poll() is not None:
                    raise
                time.sleep(0.05)

    def ask(
        self, method: str, path: str, who: str = "", *, raw: bool = False, **values: str
    ) -> Any:
        """Make a request as somebody."""
        headers = {"Authorization": f"Bearer {who}-token"} if who else {}
        body = urlencode(values).encode() if values else None
        request = Request(self.url + path, data=body, headers=headers, method=method)
        with urlopen(request, timeout=10) as answer:
            octets = answer.read()
        return octets if raw else json.loads(octets)

    def reset(self) -> None:
        """Begin anew: nothing said, no faults."""
        self.ask("POST", "/api/v1/_mock/reset")
        SHARED.forget()
        features.forget()

    def say(self, *texts: str, who: str = "marie", **more: str) -> list[str]:
        """Write statuses; return their ids."""
        return [
            self.ask("POST", "/api/v1/statuses", who, status=text, **more)["id"] for text in texts
        ]

    def edit(self, number: str, text: str, who: str = "marie") -> None:
        self.ask("PUT", f"/api/v1/statuses/{number}", who, status=text)

    def delete(self, number: str, who: str = "marie") -> None:
        self.ask("DELETE", f"/api/v1/statuses/{number}", who)

    def number(self, handle: str) -> str:
        """Return an account's local id."""
        found = self.ask("GET", f"/api/v1/accounts/lookup?acct={handle}")
        return str(found["id"])

    def fail(self, path: str, count: int = 1, **effect: Any) -> None:
        """Misbehave at a path (with `*`), so many times."""
        rule = {"match": {"path": path}, "effect": effect, "count": count}
        request = Request(
            f"{self.url}/api/v1/_mock/faults", data=json.dumps(rule).encode(), method="POST",
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        urlopen(request, timeout=10).close()

    def source(self, query: str = "public", who: str = "acme", **more: Any) -> MastodonSource:
        token = Secret(f"{who}-token") if who else None
        contact = "watch@acme.example"
        return MastodonSource(
            name="town", server=self.url, query=query, token=token, contact=contact, **more
        )

    def network(self, query: str = "public", who: str = "acme", **more: Any) -> MastodonNetwork:
        """Return the watcher's view of it."""
        return self.source(query, who, **more).open(Path())

    def stream(self, query: str = "public", who: str = "acme") -> MastodonStream:
        found = self.network(query, who)
        assert isinstance(found, MastodonStream)
        return found

    def stop(self) -> None:
        self._server.kill()
        self._server.wait(10)


@pytest.fixture(scope="session")
def _town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"))
    yield town
    town.stop()


@pytest.fixture
def town(_town: Town) -> Town:
    """The server, empty."""
    _town.reset()
    return _town
