"""A real Bluesky network, started for the tests on free ports and stopped after."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.servers import MissingServerError, Postgres

_HERE = Path(__file__).resolve().parent
_PATIENCE = 120
"""Seconds until the network, once started, must answer."""

PASSWORD = "a-Password-of-nobody"


class RealNetwork:
    """Directory, personal data server and AppView; `appview` and `pds` are their addresses."""

    def __init__(self, postgres: Postgres) -> None:
        modules = _modules()
        name = f"bluesky_{time.monotonic_ns()}"
        postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        self._folder = Path(tempfile.mkdtemp(prefix="watcher-bluesky-"))
        address = f"postgresql://watcher@localhost/{name}?host={postgres.folder}"
        env = os.environ | {
            "WATCHER_BLUESKY_MODULES": str(modules),
            "DB_POSTGRES_URL": address,
            "TMPDIR": str(self._folder),
            "NODE_ENV": "test",
        }
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["node", _HERE / "network.mjs"],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            where = self._line()
        except MissingServerError:
            self.stop()
            raise
        self.pds, self.appview = where["pds"], where["appview"]
        self._people: dict[str, Person] = {}

    def settle(self) -> None:
        """Wait until everything that was written can be found."""
        self._do({"do": "settle"})

    def feed(self, uris: list[str]) -> str:
        """Start a feed generator that gives these posts; return the DID it answers under."""
        return self._do({"do": "feed", "uris": uris})["did"]

    def take_down(self, did: str) -> None:
        """Suspend an account, as its server's moderators do."""
        self._do({"do": "take down", "did": did})

    def delete(self, did: str) -> None:
        """Delete an account for good."""
        self._do({"do": "delete", "did": did})

    def person(self, handle: str) -> "Person":
        """Return an account, made when first asked for; `.test` is added to its handle."""
        if handle not in self._people:
            self._people[handle] = Person(self, handle)
        return self._people[handle]

    def stop(self) -> None:
        """Stop everything and remove what it wrote."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _do(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._line()
        assert "error" not in answer, answer
        return answer

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _PATIENCE)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            said = (self._folder / "log").read_text(errors="replace")
            raise MissingServerError(f"the Bluesky network does not answer: {said[-2000:]}")
        return json.loads(line)


@dataclass
class Person:
    """An account of the network, as its owner uses it."""

    network: RealNetwork
    name: str

    @property
    def handle(self) -> str:
        return f"{self.name}.test"

    @cached_property
    def session(self) -> dict[str, Any]:
        return self._call(
            "com.atproto.server.createAccount",
            {"handle": self.handle, "email": f"{self.name}@mail.test", "password": PASSWORD},
            token="",
        )

    @property
    def did(self) -> str:
        return self.session["did"]

    def app_password(self) -> str:
        made = self._call(
            "com.atproto.server.createAppPassword", {"name": str(time.monotonic_ns())}
        )
        return made["password"]

    def post(self, text: str, *, at: datetime, **more: Any) -> str:
        """Write a post; return its address."""
        record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": _time(at), **more}
        return self.write("app.bsky.feed.post", record)["uri"]

    def write(self, collection: str, record: dict[str, Any], **more: Any) -> dict[str, Any]:
        data = {"repo": self.did, "collection": collection, "record": record, **more}
        return self._call("com.atproto.repo.createRecord", data)

    def delete(self, uri: str) -> None:
        _, _, repo, collection, rkey = uri.split("/")
        data = {"repo": repo, "collection": collection, "rkey": rkey}
        self._call("com.atproto.repo.deleteRecord", data)

    def profile(self, **record: Any) -> None:
        """Say who one is."""
        record = {"$type": "app.bsky.actor.profile", **record}
        data = {"repo": self.did, "collection": "app.bsky.actor.profile", "rkey": "self",
                "record": record}  # fmt: skip
        self._call("com.atproto.repo.putRecord", data)

    def blob(self, octets: bytes, kind: str) -> dict[str, Any]:
        answer = requests.post(
            f"{self.network.pds}/xrpc/com.atproto.repo.uploadBlob",
            data=octets,
            headers={
                "Authorization": f"Bearer {self.session['accessJwt']}",
                "Content-Type": kind,
            },
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()["blob"]

    def rename(self, name: str) -> None:
        self._call("com.atproto.identity.updateHandle", {"handle": f"{name}.test"})
        self.name = name

    def deactivate(self) -> None:
        """Leave for a while."""
        self._call("com.atproto.server.deactivateAccount", {})

    def activate(self) -> None:
        """Come back."""
        self._call("com.atproto.server.activateAccount", None)

    def _call(
        self, method: str, data: dict[str, Any] | None, token: str | None = None
    ) -> dict[str, Any]:
        token = self.session["accessJwt"] if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.post(
            f"{self.network.pds}/xrpc/{method}", json=data, headers=headers, timeout=30
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else {}


def _time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _modules() -> Path:
    """Return where tests/bluesky/install put the network. Raises `MissingServerError`."""
    if shutil.which("node") is None:
        raise MissingServerError(
            "node is not installed: `make test` installs it, or tests/install-servers"
        )
    where = subprocess.run(
        [_HERE / "install", "--where"], capture_output=True, text=True, check=True
    )
    folder = Path(where.stdout.strip())
    if not (folder / "complete").exists():
        raise MissingServerError(
            "no Bluesky network is installed: `make test` installs one, or tests/install-servers"
        )
    return folder


@pytest.fixture(scope="session")
def bluesky(postgres: Postgres) -> Iterator[RealNetwork]:
    """A running network; the test is skipped where there is none, and fails under CI."""
    try:
        network = RealNetwork(postgres)
    except MissingServerError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    yield network
    network.stop()
