"""The same pages give the same, saved and matched or appended and worked off: on both databases."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from rules.model import Account, Post
from tests.journeys.alert_world import TEMPLATES
from tests.servers import Postgres
from tests.store.conftest import BOTH
from watcher import pipeline
from watcher.app import App
from watcher.backends.interface import Page
from watcher.config import load
from watcher.store.schema import accounts, matches, posts, queue, spoken, suspects
from watcher.walk.working import work

START = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
CONFIG = """
data = "data"
[store]
url = "{url}"
log = {log}
keep = "{keep}"
partitions = 5

[[brands]]
name = "Nordelia"
accounts = ["town:nordelia"]
domains = ["nordelia.example"]

[[brands]]
name = "Voltrame"
context = ["sea", "train"]
relevance = "context"

[[rules]]
name = "often"
find = "late"
realert = "6h"
then = ["daily"]

[[rules]]
name = "cross"
find = "nordelia -sentiment:positive"
then = ["other"]

[[rules]]
name = "talk"
find = "nordelia OR voltrame"
then = ["daily"]

[[rules]]
name = "strike"
find = "strike"
dedupe = "repost"
then = ["daily", "other"]

[[rules]]
name = "from-ann"
find = "from:ann"
then = ["other"]

[[rules]]
name = "look"
kind = "lookalike"
then = ["daily"]

[[channels]]
name = "daily"
kind = "email"
to = ["ada@acme.example"]

[[channels]]
name = "other"
kind = "email"
to = ["ada@acme.example"]
"""
WORDS = ("Nordelia", "strike", "train", "Voltrame!", "late", "again", "lovely", "broken", "sea")
NAMES = ("ann", "bob", "cay", "dee", "nordelia", "nordelia_help", "n0rdelia", "voltrame-fr", "eve")
LEAVE = {4: "fay", 7: "gus", 10: "hal"}
"""Who leaves the network, by the number of the page that tells of it."""


@dataclass
class Way:
    """One store, filled one way."""

    app: App

    def told(self) -> dict[str, Any]:
        """Return what is known by now, without the numbers of rows."""
        with self.app.store.reading() as connection:
            key = select(posts.c.id, posts.c.text, posts.c.private, accounts.c.id)
            found: dict[str, Any] = {
                "posts": key.join(accounts, accounts.c.row == posts.c.author),
                "sources": select(posts.c.id, posts.c.source),
                "matches": select(
                    posts.c.id, matches.c.rule, matches.c.spans, matches.c.left_out
                ).join(posts, posts.c.rid == matches.c.rid),
                "copies": select(matches.c.rule).where(matches.c.copy_of.is_not(None)),
                "spoken": select(
                    posts.c.id, spoken.c.brand, spoken.c.tone, spoken.c.complaint,
                    spoken.c.relevance, spoken.c.left_out,
                ).join(posts, posts.c.rid == spoken.c.rid),
                "suspects": select(
                    suspects.c.subject, suspects.c.brand, suspects.c.score, suspects.c.signs,
                    suspects.c.verdict, suspects.c.techniques,
                ),
                "queued posts": select(
                    queue.c.channel, matches.c.rule, queue.c.left_out
                ).join(
                    matches, matches.c.row == queue.c.match
                ),
                "queued suspects": select(queue.c.channel, suspects.c.subject).join(
                    suspects, suspects.c.id == queue.c.suspect
                ),
                "unexamined": select(accounts.c.id).where(accounts.c.examined.is_(False)),
                "alike": select(accounts.c.id).where(accounts.c.alike.is_(True)),
                "accounts": select(accounts.c.id, accounts.c.handle, accounts.c.bio),
            }  # fmt: skip
            return {
                name: sorted(map(repr, map(tuple, connection.execute(query))))
                for name, query in found.items()
            }


def later() -> datetime:
    """Return when all of it was written."""
    return START + timedelta(hours=2)


def opened(
    folder: Path,
    url: str,
    *,
    log: bool,
    keep: str = "all",
    clock: Callable[[], datetime] = later,
) -> Way:
    folder.mkdir()
    path = folder / "watcher.toml"
    path.write_text(CONFIG.format(url=url, log=str(log).lower(), keep=keep))
    app = App.open(load(path, {}), clock=clock)
    return Way(replace(app, templates=TEMPLATES))


def pages(chance: Random) -> list[tuple[str, Page]]:
    """Return pages of two sources: authors who change or leave, edits, deletions, what came before.

    Who leaves raises no suspect: one that was raised before would stay, and one that waits would
    raise none.
    """
    made: list[tuple[str, Page]] = []
    known: list[Post] = []
    cursors = {"one": 0, "two": 0}
    for number in range(12):
        source = chance.choice(["one", "two"])
        cursors[source] += 1
        some: dict[str, Post] = {}
        for at in range(chance.randint(0, 8)):
            name = chance.choice(NAMES)
            handle = name if chance.random() < 0.8 else f"id-{name}"
            author = Account(
                network="town", id=f"id-{name}", handle=handle,
                bio=chance.choice(["", "", f"bio {number}"]),
            )  # fmt: skip
            text = " ".join(chance.choices(WORDS, k=4))
            links = ("https://nordelia-shop.example/x",) if chance.random() < 0.1 else ()
            post = Post(
                network="town", id=f"p{number}-{at}", author=author, text=text, links=links,
                posted_at=START + timedelta(minutes=number, seconds=at),
                private=chance.random() < 0.05, alias=chance.choice(["", "", f"a{number}-{at}"]),
            )  # fmt: skip
            some[post.id] = post
            known.append(post)
        for old in chance.sample(known, min(len(known), 2)):  # once more, or changed
            edited = START + timedelta(minutes=number + 30)
            changed = replace(
                old, text=" ".join(chance.choices(WORDS, k=3)), edited_at=edited, author=old.author
            )
            some.setdefault(old.id, chance.choice([old, changed]))
        for leaves, name in LEAVE.items():
            if leaves - 3 <= number <= leaves:
                author = Account(network="town", id=f"id-{name}", handle=name, bio=f"of {number}")
                some[f"p{number}-{name}"] = Post(
                    network="town", id=f"p{number}-{name}", author=author,
                    text=f"{WORDS[number % len(WORDS)]} {name}",
                    posted_at=START + timedelta(minutes=number),
                )  # fmt: skip
        beside = Account(
            network="town", id="id-nordelia", handle="nordelia", display_name="Nordelia",
            bio="The real one",
        )  # fmt: skip
        gone = tuple(
            one.id
            for one in chance.sample(known, min(len(known), 1))
            if number % 4 == 3 and one.id not in some
        )
        page = Page(
            posts=tuple(some.values()), cursor=str(cursors[source]), more=True, deleted=gone,
            accounts=(beside,) if number % 5 == 0 else (),
            departed=(f"id-{LEAVE[number]}",) if number in LEAVE else (),
        )  # fmt: skip
        made.append((source, page))
        # What was stored nowhere is not known to be deleted when it comes once more.
        known = [one for one in known if one.id not in gone]
    return made


def fill(way: Way, some: Sequence[tuple[str, Page]], chance: Random) -> None:
    """Bring pages, and work now and then, in claims of any size."""
    app, now = way.app, way.app.clock()
    before: dict[str, str | None] = {}
    for source, page in some:
        if app.config.uses_log:
            app.store.append(source, before.get(source), page, now)
            before[source] = page.cursor
            if chance.random() < 0.5:
                worker = chance.choice(["one", "two"])
                work(app, worker, limit=chance.choice([1, 3, 50]), claims=chance.randint(1, 3))
        else:
            app.store.save_page(source, page, now)
        if chance.random() < 0.2:
            pipeline.match(app)
    for _ in range(2):
        pipeline.match(app)


@pytest.mark.drill
@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_log_gives_what_pages_give(
    kind: str, seed: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    some = pages(Random(seed))
    plain = opened(tmp_path / "plain", f"sqlite:///{tmp_path / 'plain.sqlite'}", log=False)
    fill(plain, some, Random(seed))
    wanted = plain.told()
    plain.app.close()
    for keep in ("all", "matched"):
        url = f"sqlite:///{tmp_path / keep}.sqlite"
        if kind == "postgresql":
            server: Postgres = request.getfixturevalue("postgres")
            name = f"same_{keep}_{seed}"
            server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            url = server.url(name)
        way = opened(tmp_path / keep, url, log=True, keep=keep)
        fill(way, some, Random(seed))
        found = way.told()
        way.app.close()
        if kind == "postgresql":
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        for what in wanted:
            if keep == "all" or what not in ("posts", "accounts", "sources"):
                assert found[what] == wanted[what], (keep, what)
            elif what != "sources":
                assert set(found[what]) <= set(wanted[what]), (keep, what)
