"""Two invented brands, six weeks of posts about them, and the report of the last week."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select, update

from rules.model import Account, Post
from rules.signals.spoken import Hearing
from tests.store.samples import page
from watcher import pipeline
from watcher.app import App
from watcher.config import load
from watcher.insights.model import Period
from watcher.reports import Facts, gather
from watcher.store import schema as table

NOW = datetime(2026, 4, 13, 9, 0, tzinfo=UTC)
"""A Monday."""
FIRST = datetime(2026, 3, 2, tzinfo=UTC)
BAD = datetime(2026, 4, 8, tzinfo=UTC)
"""The day on which much was said, and nothing good."""
LEFT_OUT = [str(n) for n in range(900, 925)]
"""Posts that are not about the brand they name."""
HOSTILE = '</style></svg><script>alert(1)</script><img src=x onerror="alert(1)"> \u202egnp.exe'

CONFIG = """
data = "data"
timezone = "Europe/Paris"
languages = ["en", "fr"]

[mail]
kind = "outbox"
from = "watcher@acme.example"
folder = "outbox"

[[brands]]
name = "Acme"
accounts = ["acme"]
competitors = ["Rivalo"]

[[brands]]
name = "Rivalo"
accounts = ["rivalo"]

[[brands]]
name = "Nobodia"
competitors = ["Acme"]

[[sources]]
name = "square"
kind = "local"
file = "town.sqlite"

[[rules]]
name = "acme"
find = "acme"
then = ["daily"]
rate = { kind = "spike", within = "1h", height = 3.0, at_least = 10, learn = "1d" }

[[channels]]
name = "daily"
kind = "email"
to = ["ada@acme.example"]

[[channels]]
name = "weekly report"
kind = "report"
to = ["ada@acme.example", { address = "zoe@acme.example", language = "fr" }]
brands = ["Acme"]
"""

GOOD = ("I love the new Acme kettle", "Acme is great, thank you", "the Acme kettle works well")
PLAIN = ("an Acme shop opens in town", "Acme sells kettles", "saw an Acme van today")
ANGRY = (
    "@acme my kettle is broken, I want a refund",
    "Acme is terrible, still waiting for a refund",
    "the Acme kettle exploded, awful",
)
OTHER = ("Rivalo has a new toaster", "Rivalo toasters are nice", "my Rivalo toaster is fine")


def person(handle: str, name: str = "") -> Account:
    return Account(network="town", id=f"id-{handle}", handle=handle, display_name=name or handle)


def posts() -> Iterator[Post]:
    random = Random(7)
    number = 0
    for day in range(42):
        start = FIRST + timedelta(days=day)
        bad = start == BAD
        said = [(text, 40) for text in ANGRY] if bad else []
        said += [(text, 3) for text in (*GOOD, *PLAIN, *OTHER)] + [(text, 1) for text in ANGRY]
        for text, times in said:
            for _ in range(random.randint(times // 2 + 1, times)):
                number += 1
                yield Post(
                    network="town",
                    id=str(number),
                    author=person(f"p{random.randint(0, 600)}"),
                    text=f"{text} {random.randint(0, 10**6)}",
                    posted_at=start + timedelta(minutes=random.randint(0, 1439)),
                    url=f"https://town.example/{number}",
                    mentions=("acme",) if "@acme" in text else (),
                    likes=random.randint(0, 9),
                    language="en",
                )
    yield Post(
        network="town", id="evil", author=person("evil", HOSTILE), text=f"Acme {HOSTILE}",
        posted_at=BAD, url="javascript:alert(1)", likes=10_000, hashtags=(HOSTILE,),
    )  # fmt: skip
    yield Post(
        network="town", id="secret", author=person("friend"), text="Acme SECRETWORD refund",
        posted_at=BAD, private=True, likes=20_000,
    )  # fmt: skip
    for n in range(30):
        yield Post(
            network="town", id=f"own{n}", author=person("acme"), text="Good morning #kettleday",
            posted_at=NOW - timedelta(days=n % 7, hours=n), hashtags=("kettleday",),
            reply_to=str(number - n) if n % 3 == 0 else None,
        )  # fmt: skip


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder: Path = tmp_path_factory.mktemp("report")
    (folder / "watcher.toml").write_text(CONFIG)
    opened = App.open(load(folder / "watcher.toml", {}), clock=lambda: NOW)
    opened = replace(opened, random=Random(1))
    opened.store.save_page("square", page(*posts()), FIRST)
    opened.store.record_pull("square", FIRST, NOW, reached_newest=True)
    pipeline.match(opened)
    with opened.store.writing() as connection:  # judged clearly not about the brand
        rids = select(table.posts.c.rid).where(table.posts.c.id.in_(LEFT_OUT))
        of_these = update(table.spoken).where(table.spoken.c.rid.in_(rids))
        assert connection.execute(of_these.values(left_out=True)).rowcount
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def week() -> Period:
    from zoneinfo import ZoneInfo

    return Period.last_week(NOW, ZoneInfo("Europe/Paris"))


def facts_of(app: App, period: Period, *names: str) -> Facts:
    brands = [one for one in app.config.brands if one.name in names]
    hearing = Hearing(app.config.definitions)
    return gather(app.config, app.store, hearing, brands, period, NOW, "brand-watcher 1.0")


@pytest.fixture(scope="session")
def facts(app: App, week: Period) -> Facts:
    return facts_of(app, week, "Acme", "Nobodia")
