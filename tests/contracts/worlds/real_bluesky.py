"""The real Bluesky network of tests/bluesky/real.py, which all tests share."""

from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from alerts.secret import Secret
from tests.bluesky.real import PASSWORD, Person, RealNetwork
from tests.contracts.live import CONTACT
from tests.contracts.world import FOUNDED, NotHadError, Society
from watcher.backends import BlueskySource
from watcher.backends.interface import Network

_WORLDS = count(1)
_US = "contract-us"
_WRITTEN = "2026-03-01T08:00:00Z"


class RealBluesky(Society):
    """Its own server and AppView. Its search looks at handles alone, unlike bsky.app's."""

    needs = "bluesky"
    bare = False
    underscores = False
    locks = False
    shows_suspended = False
    finds_names = False
    huge_pictures = False

    def __init__(self, folder: Path, network: RealNetwork) -> None:
        self.path = folder
        self._network = network
        self._prefix = f"x{next(_WORLDS)}"
        self._names: dict[str, Person] = {}
        self._us = network.person(_US)
        self._us.session  # noqa: B018 - makes the account
        self._minutes = 0
        self._readers: list[Network] = []

    def reader(self) -> Network:
        return self._opened("home")

    def timeline(self, name: str) -> Network:
        return self._opened(f"@{self.handle(name)}")

    def _opened(self, query: str) -> Network:
        source = BlueskySource(
            name="here", query=query, server=self._network.pds, account=self._us.handle,
            password=Secret(PASSWORD), contact=CONTACT, data=self.path,
        )  # fmt: skip
        self._readers.append(source.open(self.path))
        return self._readers[-1]

    def close(self) -> None:
        for reader in self._readers:
            reader.close()

    def handle(self, name: str) -> str:
        return f"{self._prefix}{name}.test"

    def name(self, handle: str) -> str:
        return handle.partition(".")[0].removeprefix(self._prefix)

    def word(self, word: str) -> str:
        return f"{self._prefix}{word}"

    def settle(self) -> None:
        self._network.settle()

    def account(self, name: str, *, shown: str = "", locked: bool = False) -> str:
        if locked:
            raise NotHadError("everything on Bluesky is public")
        person = self._names[name] = self._network.person(f"{self._prefix}{name}")
        if shown:
            person.profile(displayName=shown)
        return person.did

    def show(self, name: str, picture: bytes) -> None:
        person = self._names[name]
        try:
            person.profile(avatar=person.blob(picture, "image/png"))
        except (
            OSError,
            AssertionError,
        ) as refused:  # what the server answers to one that is too large
            raise NotHadError(str(refused)) from None

    def rename(self, name: str, new: str) -> None:
        person = self._names[new] = self._names.pop(name)
        person.rename(f"{self._prefix}{new}")

    def block_us(self, name: str) -> None:
        kind = "app.bsky.graph.block"
        record: dict[str, Any] = {"$type": kind, "subject": self._us.did, "createdAt": _WRITTEN}
        self._names[name].write(kind, record)

    def suspend(self, name: str) -> None:
        self._network.take_down(self._names[name].did)

    def delete(self, name: str) -> None:
        self._network.delete(self._names[name].did)

    def write(self, name: str, text: str) -> None:
        self._minutes += 1
        self._names[name].post(text, at=FOUNDED + timedelta(minutes=self._minutes))

    def leave(self, name: str) -> None:
        """Have an account leave for a while."""
        self._names[name].deactivate()

    def come_back(self, name: str) -> None:
        """Have an account come back that left."""
        self._names[name].activate()
