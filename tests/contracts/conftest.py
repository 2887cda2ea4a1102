"""Worlds: for each backend a small network that can be written to and read through the backend.

A backend of files joins with one class here, a live one as `tests/contracts/live.py` tells.
"""

import base64
import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.live import LiveWorld
from tests.contracts.world import FOUNDED, SMALL_PAGE, NotHadError, Said, Society, World
from tests.contracts.worlds import LIVE, SOCIETIES
from tests.contracts.worlds.x import XSearchWorld
from watcher.backends import ArchiveSource, LocalSource
from watcher.backends.archive import reader as archive_reader
from watcher.backends.bluesky import timeline as bluesky_timeline
from watcher.backends.feed import reader as feed_reader
from watcher.backends.http.budget import SHARED
from watcher.backends.interface import Network, Page, Reader
from watcher.backends.local import Microblog, NewPost, Profile
from watcher.backends.local import network as local_network
from watcher.backends.mastodon import pull as mastodon_pull
from watcher.backends.x import reader as x_reader


class LocalWorld(Society):
    suspends = False

    def __init__(self, folder: Path) -> None:
        self.path = folder / "town.db"
        self.microblog = Microblog.found(self.path, FOUNDED)
        with self.microblog.change() as change:
            change.account("us", FOUNDED)

    def say(self, *posts: Said) -> None:
        with self.microblog.change() as change:
            for said in posts:
                change.post(NewPost(author=said.author, text=said.text, posted_at=said.at))

    def reader(self) -> Network:
        return LocalSource(name="here", file=self.path.name, account="us").open(self.path.parent)

    def account(self, name: str, *, shown: str = "", locked: bool = False) -> str:
        with self.microblog.change() as change:
            return change.account(name, FOUNDED, Profile(display_name=shown, locked=locked))

    def show(self, name: str, picture: bytes) -> None:
        address = "data:image/png;base64," + base64.b64encode(picture).decode()
        with self.microblog.change() as change:
            change.account(name, FOUNDED, Profile(avatar=address))

    def rename(self, name: str, new: str) -> None:
        with self.microblog.change() as change:
            change.rename(name, new)

    def agree(self, name: str) -> None:
        with self.microblog.change() as change:
            change.accept(name, "us")

    def block_us(self, name: str) -> None:
        with self.microblog.change() as change:
            change.block(name, "us")

    def suspend(self, name: str) -> None:
        raise NotHadError("a microblog of one file has no moderators")

    def delete(self, name: str) -> None:
        raise NotHadError("its accounts stay")

    def write(self, name: str, text: str) -> None:
        self.say(Said(text, author=name))

    def timeline(self, name: str) -> Reader:
        source = LocalSource(name="here", file=self.path.name, account="us", query=f"@{name}")
        return source.open(self.path.parent)


class ArchiveWorld(World):
    """A file that a program appends to."""

    ending = "jsonl"

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"posts.{self.ending}"
        self._numbers = count(1)
        self.path.write_bytes(self.beginning())

    def beginning(self) -> bytes:
        return b""

    def line(self, number: int, said: Said) -> bytes:
        return self.json(
            {
                "id": str(number),
                "created_at": said.at.isoformat(),
                "author": said.author,
                "text": said.text,
            }
        )

    def json(self, value: object) -> bytes:
        return json.dumps(value).encode() + b"\n"

    def say(self, *posts: Said) -> None:
        with self.path.open("ab") as file:
            for said in posts:
                file.write(self.line(next(self._numbers), said))

    def reader(self) -> Reader:
        return ArchiveSource(name="here", file=self.path.name).open(self.path.parent)


class GzipWorld(ArchiveWorld):
    ending = "jsonl.gz"

    def say(self, *posts: Said) -> None:
        lines = [self.line(next(self._numbers), said) for said in posts]
        with gzip.open(self.path, "ab") as file:
            file.write(b"".join(lines))


class CsvWorld(ArchiveWorld):
    ending = "csv"

    def beginning(self) -> bytes:
        return b"id,date,author,text\n"

    def line(self, number: int, said: Said) -> bytes:
        out = io.StringIO()
        csv.writer(out).writerow([number, said.at.isoformat(), said.author, said.text])
        return out.getvalue().encode()


class MastodonWorld(ArchiveWorld):
    def line(self, number: int, said: Said) -> bytes:
        content = said.text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
        return self.json(
            {
                "id": str(number),
                "created_at": said.at.isoformat(),
                "content": content,
                "account": {"id": said.author, "acct": said.author, "username": said.author},
            }
        )


class JetstreamWorld(ArchiveWorld):
    dated = True

    def line(self, number: int, said: Said) -> bytes:
        did = f"did:plc:{said.author}"
        identity = self.json(
            {"did": did, "kind": "identity", "identity": {"did": did, "handle": said.author}}
        )
        record = {"$type": "post", "text": said.text, "createdAt": said.at.isoformat()}
        commit = {
            "operation": "create",
            "collection": "app.bsky.feed.post",
            "rkey": f"{number:08}",
            "record": record,
        }
        event = {"did": did, "time_us": 1_772_000_000_000_000, "kind": "commit", "commit": commit}
        return (identity if number == 1 else b"") + self.json(event)


class XWorld(ArchiveWorld):
    def line(self, number: int, said: Said) -> bytes:
        post = {
            "id": str(number),
            "author_id": f"id-{said.author}",
            "created_at": said.at.isoformat(),
            "text": said.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        }
        user = {"id": f"id-{said.author}", "username": said.author, "name": said.author.title()}
        return self.json({"data": [post], "includes": {"users": [user]}})


FILES: list[type[World]] = [
    LocalWorld,
    ArchiveWorld,
    GzipWorld,
    CsvWorld,
    MastodonWorld,
    JetstreamWorld,
    XWorld,
]
WORLDS: list[type[World]] = [*FILES, *LIVE]
NETWORKS: list[type[Society]] = [LocalWorld, *SOCIETIES]


def marked(kind: type[World]) -> Any:
    """Return a kind of world as a parameter, marked where it takes long or needs other programs."""
    marks = [pytest.mark.server] if kind.needs else []
    marks += [pytest.mark.drill] if kind.drill else []
    return pytest.param(kind, marks=marks, id=kind.__name__)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every backend's pages small, so that few posts make many: see `World.page_size`."""
    monkeypatch.setattr(local_network, "PAGE", SMALL_PAGE)
    monkeypatch.setattr(archive_reader, "PAGE", SMALL_PAGE)
    monkeypatch.setattr(feed_reader, "PAGE", SMALL_PAGE)
    monkeypatch.setattr(mastodon_pull, "PAGE", SMALL_PAGE)
    monkeypatch.setattr(bluesky_timeline, "PAGE", SMALL_PAGE)
    monkeypatch.setattr(x_reader, "PAGE", XSearchWorld.page_size)


@pytest.fixture(autouse=True)
def fresh_budgets() -> None:
    """Let no server that refused be mistaken for the next one at its port."""
    SHARED.forget()


@pytest.fixture
def founding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[type], Any]]:
    """Found a world of a kind, as many as a test wants; all end with the test."""
    founded: list[World] = []

    def found(kind: type[World], *more: Any) -> Any:
        founded.append(kind(tmp_path_factory.mktemp("world"), *more))  # type: ignore[call-arg]
        return founded[-1]

    yield found
    for world in founded:
        world.close()


@pytest.fixture(params=[marked(kind) for kind in WORLDS])
def new_world(
    request: pytest.FixtureRequest, founding: Callable[[type], World]
) -> Callable[[], World]:
    """Make an empty world, as many as a test wants."""
    return lambda: founding(request.param)


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    return new_world()


@pytest.fixture(params=FILES, ids=lambda world: world.__name__)
def kept(request: pytest.FixtureRequest, founding: Callable[[type], World]) -> World:
    """A world that lies in a file."""
    return founding(request.param)


@pytest.fixture(params=LIVE, ids=lambda world: world.__name__)
def live(request: pytest.FixtureRequest, founding: Callable[[type], LiveWorld]) -> LiveWorld:
    """A world behind a server on loopback."""
    return founding(request.param)


@pytest.fixture(params=[marked(kind) for kind in NETWORKS])
def society(request: pytest.FixtureRequest, founding: Callable[..., Society]) -> Society:
    """A world whose backend knows accounts."""
    kind: type[Society] = request.param
    more = [request.getfixturevalue(kind.needs)] if kind.needs else []
    return founding(kind, *more)


@pytest.fixture
def read() -> Callable[..., list[Page]]:
    """Read pages from a cursor on, all or the first few."""

    def pages(reader: Reader, cursor: str | None = None, most: int | None = None) -> list[Page]:
        found = []
        for page in reader.pages(cursor):
            found.append(page)
            if len(found) == most:
                break
        return found

    return pages


@pytest.fixture
def some() -> Callable[[int], list[Said]]:
    """Make so many different posts of a few authors, a minute apart."""

    def posts(amount: int) -> list[Said]:
        return [
            Said(
                f"post {i}",
                author=("marie", "luc", "aya")[i % 3],
                at=FOUNDED + timedelta(minutes=i),
            )
            for i in range(amount)
        ]

    return posts
