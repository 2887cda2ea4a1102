"""Bad input and faults, each through the whole walk: told clearly, and nothing is lost or doubled.

What one room does with a fault is in its own tests; what an operator sees of it is here.
"""

import gzip
import json
import os
import random
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from click.testing import CliRunner
from sqlalchemy import Connection, event

from rules.language import parse
from tests.journeys.test_crash import walk, world_text
from tests.smtp import Inbox
from tests.test_email import Server, running
from watcher.app import App
from watcher.backends.local.microblog import Microblog, NewPost, Profile
from watcher.cli import watcher
from watcher.config import load
from watcher.search import FolderIndex
from watcher.store import Store, database

pytestmark = pytest.mark.drill  # each walks the whole way, in a second or more

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

CONFIG = """
data = "data"

[store]
keep_days = 36500

[mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
from = "watcher@acme.example"
timeout = 1

[[brands]]
name = "Nordelia"

{sources}

[[rules]]
name = "talk"
find = "nordelia"
then = ["now"]

[[channels]]
name = "now"
kind = "email"
send = "instant"
interval = "0s"
posts = 200
to = {to}
"""


class World:
    """A configuration in a folder, and a clock that the test moves."""

    def __init__(self, folder: Path, inbox: Inbox, *sources: str, to: Sequence[str] = ("ada",)):
        self.folder = folder
        self.inbox = inbox
        self.now = START
        self.path = folder / "watcher.toml"
        tables = "\n".join(f"[[sources]]\n{source}\n" for source in sources or (SQUARE,))
        recipients = json.dumps([f"{name}@acme.example" for name in to])
        self.path.write_text(CONFIG.format(port=inbox.port, sources=tables, to=recipients))

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def once(self) -> tuple[int, str]:
        """Run `watcher once`; return its exit code and all that it says."""
        result = CliRunner().invoke(watcher, ["-c", str(self.path), "once"], standalone_mode=False)
        if result.exception:
            return 1, f"{result.output}{result.exception} {getattr(result.exception, 'help', '')}"
        return result.return_value, result.output

    def walk(self, later: timedelta = timedelta()) -> None:
        """Walk once, some time later by the world's own clock."""
        self.now += later
        with App.open(load(self.path), clock=self.clock) as app:
            app.store.abandon_claims(app.clock())
            walk(app)

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=10)
        return self.now

    @contextmanager
    def store(self) -> Iterator[Store]:
        with closing(Store.open(f"sqlite:///{self.folder / 'data' / 'watcher.sqlite'}")) as store:
            yield store

    def deliveries(self) -> dict[str, tuple[str, str]]:
        """State and last answer by the recipient's name."""
        with self.store() as store:
            return {
                one.recipient.partition("@")[0]: (str(one.state), one.answer)
                for one in store.deliveries()
            }

    def told(self, recipient: str = "ada") -> list[int]:
        """The numbers of the remarks that a recipient's mails tell of."""
        return sorted(
            int(number)
            for to, octets in self.inbox.mails
            if to.startswith(recipient)
            for number in re.findall(r"remark(\d+)x", world_text(octets))
        )

    def whole(self, count: int) -> None:
        """Hold the store, the index and the queue to having each post once and nothing waiting."""
        with App.open(load(self.path)) as app:
            status = app.store.status()
            assert status.posts == status.matches == app.index.documents() == count
            assert status.unmatched == app.index.lag(app.store) == 0
            assert sum(status.waiting.values()) == 0
            found = app.index.search(parse("nordelia"), app.store, limit=count + 1).hits
            assert len({hit.post.key for hit in found}) == len(found) == count


SQUARE = 'name = "square"\nkind = "archive"\nfile = "square.jsonl"'
TOWN = 'name = "town"\nkind = "local"\nfile = "town.db"'
LETTERS = random.Random(5)


def remark(number: int, **more: Any) -> dict[str, Any]:
    """A post that the rule finds and that resembles no other."""
    noise = "".join(LETTERS.choices("abcdefghijklmnop ", k=60))
    return {
        "id": str(number),
        "author": f"marie{number}",  # a digest shows few posts of one author
        "created_at": (START - timedelta(days=1, minutes=-number)).isoformat(),
        "text": f"nordelia remark{number}x {noise}",
    } | more


def lines(*posts: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(post).encode() + b"\n" for post in posts)


LOUD = "nordelia remark"
STRANGE = {
    1: f"{LOUD}1x " + "a very long story " * 60_000,
    2: f"{LOUD}2x هذا نص من اليمين \u202eإلى اليسار\u202c שלום",
    3: f"{LOUD}3x \x00 zero \x00\x01\x02\x1b[31m",
    4: f"{LOUD}4x half \ud83d of a pair \udc00",
    5: f"{LOUD}5x <script>alert(1)</script> {{{{ 7 * 7 }}}} {{% raw %}}",
    6: f"{LOUD}6x \U0001f469\u200d\U0001f467 e\u0301" + "\u0301" * 500,
    7: f"{LOUD}7x\r\nBcc: everybody@acme.example\r\n\r\n.\r\nMAIL FROM:<x@y>",
}


def strange_archive(world: World) -> None:
    odd = [remark(number, text=text) for number, text in STRANGE.items()]
    world.file(
        "square.jsonl",
        lines(
            remark(8, created_at="2031-01-01T00:00:00Z"),
            *odd,
            {"id": "silent", "author": "marie", "created_at": "2026-03-01", "text": ""},
            remark(10),
            remark(9, created_at="1999-01-01T00:00:00Z"),
            remark(10, text="nordelia remark10x said twice"),
            remark(11, author="n\x00rdelia\u202e", display_name="\x1b[2J\r\nX"),
        )
        + b'{"id": "broken", "text": "nordelia\n[[[[\n\xff\xfe\nnull\n'
        + lines(remark(12)),
    )


def strange_town(world: World) -> None:
    town = Microblog.found(world.folder / "town.db", START - timedelta(days=9))
    with town.change() as change:
        change.account("marie", START - timedelta(days=9))
        change.account("lou", START, Profile(display_name="\x1b[2J\r\n\u202eX\x00"))
        posts = [remark(8, created_at="2031-01-01T00:00:00+00:00")]
        posts += [remark(number, text=text) for number, text in STRANGE.items()]
        posts += [remark(10), remark(9, created_at="1999-01-01T00:00:00+00:00"), remark(12)]
        posts += [remark(10, text="again"), remark(11, author="lou"), {**remark(13), "text": ""}]
        for post in posts:
            post["text"] = post["text"][:1_000_000]  # more is refused to who writes it
            new = NewPost(
                author=post["author"], text=post["text"], ref=post["id"],
                posted_at=datetime.fromisoformat(post["created_at"]),
            )  # fmt: skip
            change.post(new)


@pytest.mark.parametrize(
    ("source", "fill"), [(SQUARE, strange_archive), (TOWN, strange_town)], ids=["archive", "local"]
)
def test_whatever_posts_hold_they_reach_the_mail(
    tmp_path: Path, inbox: Inbox, source: str, fill: Callable[[World], None]
) -> None:
    world = World(tmp_path, inbox, source)
    fill(world)
    code, said = world.once()
    assert code == 0, said
    assert "13 new posts" in said
    if source == SQUARE:
        assert "1 known already, 5 skipped" in said
        assert "square.jsonl:14" in said
    assert "\x1b" not in said
    assert world.told() == list(range(1, 13))
    ((_, octets),) = inbox.mails
    assert b"\x00" not in octets
    (message,) = inbox.messages()
    assert isinstance(message, EmailMessage)
    assert message["Bcc"] is None
    html = message.get_body(("html",))
    assert html is not None
    page = html.get_content()
    assert len(page.encode()) < 90_000
    assert "<script>" not in page
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", page)
    with App.open(load(world.path)) as app:
        found = app.index.search(parse("nordelia"), app.store, limit=99).hits
        assert len(found) == app.store.status().matches == 12
    code, said = world.once()
    assert (code, len(inbox.mails)) == (0, 1), said


def test_sources_that_cannot_be_read_are_told_and_stop_no_other(
    tmp_path: Path, inbox: Inbox
) -> None:
    files = ("pipe.jsonl", "page.jsonl", "cut.jsonl.gz", "good.jsonl", "absent.jsonl")
    tables = [
        f'name = "{file.partition(".")[0]}"\nkind = "archive"\nfile = "{file}"' for file in files
    ]
    garbage = 'name = "garbage"\nkind = "local"\nfile = "garbage.db"'
    channel = 'name = "channel"\nkind = "local"\nfile = "channel.db"'
    world = World(tmp_path, inbox, *tables, garbage, channel)
    os.mkfifo(tmp_path / "pipe.jsonl")
    os.mkfifo(tmp_path / "channel.db")
    world.file("page.jsonl", b"<!DOCTYPE html>\n<html><body>Please log in</body></html>\n")
    packed = gzip.compress(lines(*(remark(number) for number in range(30))), mtime=0)
    world.file("cut.jsonl.gz", packed[: len(packed) // 2])
    world.file("good.jsonl", lines(remark(30)))
    world.file("garbage.db", bytes(range(256)) * 40)

    code, said = world.once()
    assert code == 1
    for words in (
        "pipe.jsonl is no regular file", "page.jsonl holds a web page", "no file",
        "absent.jsonl", "the compressed data ends unfinished", "garbage.db", "channel.db",
        "pulled good: 1 new post",
    ):  # fmt: skip
        assert words in said, said
    assert 30 in world.told()

    (tmp_path / "pipe.jsonl").unlink()
    (tmp_path / "channel.db").unlink()
    for number, name in enumerate(("pipe.jsonl", "page.jsonl", "absent.jsonl"), start=31):
        world.file(name, lines(remark(number)))
    world.file("cut.jsonl.gz", packed)
    for number, name in enumerate(("garbage.db", "channel.db"), start=34):
        (tmp_path / name).unlink(missing_ok=True)
        founded = START + timedelta(seconds=number)
        with Microblog.found(tmp_path / name, founded).change() as town:
            town.post(NewPost(author="marie", text=remark(number)["text"], posted_at=START))
    code, said = world.once()
    assert code == 0, said
    assert world.told() == list(range(36))
    world.whole(36)


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """A function that gives the data folder so many kilobytes of room: on a disk of its own where
    the test may mount one, else by a bound on the database."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k,mode=700", "tmpfs", data]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0:
        yield (
            lambda size: (
                subprocess.run(["mount", "-o", f"remount,size={size}k", data], check=True) and None
            )
        )
        subprocess.run(["umount", "-l", data], check=True)
        return
    room = 0

    def bound(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {room // 4}")

    prepare = database._open_sqlite

    def prepared(*args: Any, **more: Any) -> Any:
        engine = prepare(*args, **more)
        event.listen(engine, "begin", bound)
        return engine

    monkeypatch.setattr(database, "_open_sqlite", prepared)

    def grow(size: int) -> None:
        nonlocal room
        room = size

    yield grow


# What fails leaves Whoosh's files open until they are collected.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_disk_that_is_full_at_every_step_in_turn_loses_nothing(
    tmp_path: Path, inbox: Inbox, small_disk: Callable[[int], None]
) -> None:
    world = World(tmp_path, inbox)
    count = 2_400
    world.file("square.jsonl", lines(*(remark(number) for number in range(count))))
    failures = []
    for size in (100, 300, 500, 800, *range(1_000, 12_000, 300)):
        small_disk(size)
        code, said = world.once()
        if code == 0:
            break
        failures.append(said)
        assert "room" in said or "No space left" in said, said
        assert "Traceback" not in said
    assert len(failures) > 3
    small_disk(40_000)
    code, said = world.once()
    assert code == 0, said
    world.whole(count)
    assert max(inbox.copies().values()) <= 2
    assert inbox.differing() == []
    with world.store() as store:
        assert {str(one.state) for one in store.deliveries()} == {"sent"}


def test_an_index_of_garbage_is_built_again_by_itself_and_that_is_told(
    tmp_path: Path, inbox: Inbox
) -> None:
    world = World(tmp_path, inbox)
    world.file("square.jsonl", lines(*(remark(number) for number in range(20))))
    assert world.once()[0] == 0
    for path in (tmp_path / "data" / "index").rglob("*"):
        if path.is_file():
            path.write_bytes(b"garbage" * 99)
    world.file("square.jsonl", lines(*(remark(number) for number in range(21))))
    code, said = world.once()
    assert code == 0, said
    assert "index" in said
    assert "built again" in said
    assert world.told() == list(range(21))
    world.whole(21)


def test_mails_do_not_wait_for_an_index_that_cannot_be_written(
    tmp_path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.search.folder._PATIENCE", 0.0)
    world = World(tmp_path, inbox)
    world.file("square.jsonl", lines(remark(0)))
    assert world.once()[0] == 0
    world.file("square.jsonl", lines(remark(0), remark(1)))
    with FolderIndex.open(tmp_path / "data" / "index")._folder.writing():
        code, said = world.once()
    assert code == 1
    assert "Another process" in said
    assert world.told() == [0, 1]
    assert world.once()[0] == 0
    world.whole(2)


def test_a_database_newer_than_the_program_is_left_alone(tmp_path: Path, inbox: Inbox) -> None:
    world = World(tmp_path, inbox)
    world.file("square.jsonl", lines(remark(0)))
    assert world.once()[0] == 0
    world.file("square.jsonl", lines(remark(0), remark(1)))
    path = tmp_path / "data" / "watcher.sqlite"

    def version(new: str) -> str:
        with closing(sqlite3.connect(path)) as connection:
            (old,) = connection.execute("SELECT version_num FROM watcher_version").fetchone()
            connection.execute("UPDATE watcher_version SET version_num = ?", (new,))
            connection.commit()
            return str(old)

    ours = version("9999")
    code, said = world.once()
    assert code == 1
    assert "newer than this program" in said
    assert "9999" in said
    assert "Upgrade the watcher" in said
    version(ours)
    assert world.once()[0] == 0
    assert world.told() == [0, 1]
    world.whole(2)


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as server:
        yield server


def test_one_refused_recipient_of_three_leaves_the_others_their_mails(
    tmp_path: Path, server: Server
) -> None:
    world = World(tmp_path, server, to=("ada", "bob", "zoe"))
    world.file("square.jsonl", lines(remark(0)))
    server.refusals = {"bob@acme.example": "550 no such person here"}
    code, said = world.once()
    assert code == 1
    assert "delivered 2 mails, 1 refused" in said
    assert "bob@acme.example: " in said
    assert "550 no such person here" in said
    assert {name: state for name, (state, _) in world.deliveries().items()} == {
        "ada": "sent", "bob": "failed", "zoe": "sent",
    }  # fmt: skip
    listed = CliRunner().invoke(watcher, ["-c", str(world.path), "deliveries", "list"]).output
    assert re.search(r"bob@acme\.example\s.*failed", listed)
    world.walk(timedelta(days=1))
    assert sorted(to for to, _ in server.mails) == ["ada@acme.example", "zoe@acme.example"]


@pytest.mark.parametrize(
    ("manner", "words"),
    [("451 greylisted, try later", "451 greylisted"), ("hang", "said nothing of the recipient")],
)
def test_a_recipient_put_off_is_tried_again_later_and_gets_the_mail_once(
    tmp_path: Path, server: Server, manner: str, words: str
) -> None:
    world = World(tmp_path, server)
    world.file("square.jsonl", lines(remark(0)))
    server.refusals = {"ada@acme.example": manner}
    world.walk()
    state, answer = world.deliveries()["ada"]
    assert state == "pending"
    assert words in answer
    server.refusals = {}
    world.walk(timedelta(seconds=30))
    assert server.mails == [], "too early to try again"
    for _ in range(3):
        world.walk(timedelta(minutes=2))
    assert world.told() == [0]
    assert world.deliveries()["ada"][0] == "sent"


class Forgetful(Server):
    """Takes each message, and then says nothing, or hangs up before it says so."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await Inbox.handle_DATA(self, server, session, envelope)
        return await super().handle_DATA(server, session, envelope)


@pytest.mark.parametrize("manner", ["hang", "drop"])
def test_a_mail_taken_without_an_answer_is_repeated_once_and_then_parked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manner: str
) -> None:
    monkeypatch.setattr("alerts.smtp.server.VERDICT", 1.0)
    with running(Forgetful()) as server:
        server.data_answer = manner
        world = World(tmp_path, server)
        world.file("square.jsonl", lines(remark(0)))
        world.walk()
        state, answer = world.deliveries()["ada"]
        assert state == "pending"
        assert "taking the message when the answer went missing" in answer
        world.walk(timedelta(minutes=10))
        assert world.deliveries()["ada"][0] == "parked"
        world.walk(timedelta(days=1))
        assert list(server.copies().values()) == [2]
        assert server.differing() == []
        listed = CliRunner().invoke(watcher, ["-c", str(world.path), "deliveries", "list"]).output
        assert "parked" in listed


def test_a_mail_taken_without_an_answer_and_then_with_one_is_sent(tmp_path: Path) -> None:
    with running(Forgetful()) as server:
        server.data_answer = "drop"
        world = World(tmp_path, server)
        world.file("square.jsonl", lines(remark(0)))
        world.walk()
        server.data_answer = "451 later"
        world.walk(timedelta(minutes=10))
        assert world.deliveries()["ada"][0] == "pending", "a plain no is not uncertain"
        server.mails.pop()
        server.data_answer = "250 taken"
        world.walk(timedelta(minutes=10))
        assert world.deliveries()["ada"][0] == "sent"
        assert server.differing() == []
