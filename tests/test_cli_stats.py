"""`watcher stats`, as a person and as a program see it."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cli_fixtures import acme, terminal
from tests.terminal import Terminal, compare
from watcher.backends.interface import BackendError, Reader, Source
from watcher.histories import networks

__all__ = ["acme", "terminal"]

BEGIN = datetime(2025, 9, 1, tzinfo=UTC)


def written(path: Path) -> None:
    """Half a year of a company, a rival and their customers, the same each time."""
    rnd = random.Random(11)
    lines: list[dict[str, object]] = []

    def say(author: str, at: datetime, text: str, **more: object) -> str:
        id_ = f"p{len(lines)}"
        lines.append({"id": id_, "author": author, "created_at": at.isoformat(), "text": text,
                      "lang": "fr" if rnd.random() < 0.7 else "en", **more})  # fmt: skip
        return id_

    def counts(most: int) -> dict[str, object]:
        return {"likes": rnd.randrange(most), "reposts": rnd.randrange(9)}

    for day in range(180):
        at = BEGIN + timedelta(days=day)
        for author, pace in (("acme_care", 2 if day < 120 else 5), ("rivalo", 1)):
            for _ in range(rnd.randrange(pace + 1)):
                when = at + timedelta(hours=rnd.choice((8, 9, 11, 16)), minutes=rnd.randrange(60))
                text = rnd.choice(("New on the shelf #spring", "Read https://blog.acme.example/a",
                                   "Have a good day"))  # fmt: skip
                say(author, when, text, **counts(80))
        for _ in range(rnd.randrange(3)):
            asker = rnd.choice(("lea", "tom", "ines"))
            asked = at + timedelta(hours=rnd.randrange(7, 22))
            which = rnd.choice(("acme_care", "acme_care", "rivalo"))
            question = say(asker, asked, f"@{which} where is my parcel?")
            if rnd.random() < 0.7:
                late = timedelta(minutes=rnd.choice((4, 9, 30, 95, 700)))
                say(which, asked + late, f"@{asker} We look into it", in_reply_to=question)
    say("tiny_shop", BEGIN, "We open!")
    say("tiny_shop", BEGIN + timedelta(days=40), "We are open on Sunday", **counts(8))
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@pytest.fixture
def shops(acme: Terminal) -> Terminal:
    """Posts of some accounts are stored."""
    config = acme.folder / "watcher.toml"
    source = '[[sources]]\nname = "files"\nkind = "archive"\nfile = "posts.jsonl"\n'
    config.write_text(config.read_text() + source)
    written(acme.folder / "posts.jsonl")
    assert acme.pipe("once").code == 0
    return acme


def shown(at: Terminal, *words: str, columns: int = 80) -> str:
    seen = at.type(*words, columns=columns)
    code = f"[exit code {seen.code}]\n" if seen.code else ""
    return f"$ watcher {' '.join(words)}\n{seen.screen}{code}"


def test_one_account(shops: Terminal) -> None:
    compare("cli-stats", shown(shops, "stats", "@acme_care", "--around", "2025-12-30"))


def test_two_accounts_side_by_side(shops: Terminal) -> None:
    compare("cli-stats-two", shown(shops, "stats", "@acme_care", "@rivalo", "--zone", "UTC",
                                   "--around", "2025-12-30"))  # fmt: skip


def test_an_account_of_which_there_is_little(shops: Terminal) -> None:
    compare(
        "cli-stats-tiny",
        "\n".join(
            [
                shown(shops, "stats", "@tiny_shop"),
                shown(shops, "stats", "tiny_shop", "--since", "2026-01-01"),
                shown(shops, "stats", "@acme_care", "@tiny_shop", columns=60),
            ]
        ),
    )


def test_an_account_that_is_not_there(shops: Terminal) -> None:
    compare(
        "cli-stats-unknown",
        "\n".join(
            [
                shown(shops, "stats", "@acme_car"),
                shown(shops, "stats", "@somebody_else"),
                shown(shops, "stats", "@rivalo", "--zone", "Europe/Pariss"),
                shown(shops, "stats", "@rivalo", "--since", "2026-02-01", "--until", "2026-01-01"),
                shown(shops, "stats", "@acme_care", "--fetch"),
            ]
        ),
    )


def test_a_history_is_fetched(shops: Terminal) -> None:
    for number in range(3):
        day = f"2026-02-0{number + 1}T10:00"
        assert shops.pipe("local", "post", "@zoe", f"Acme {number}", "--at", day).code == 0
    compare("cli-stats-fetch", shown(shops, "stats", "@zoe", "--fetch"))
    assert "0 new posts of 4 read" in shops.pipe("stats", "@zoe", "--fetch").err
    once = shops.pipe("once").out
    assert "0 matches" not in once  # the source brings what the history brought, as news


def test_a_source_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    class Locked(Source):
        def open(self, folder: Path, **_: object) -> Reader:
            raise BackendError(f"no key to {folder.name}", kind="refused")

    config = SimpleNamespace(sources=(Locked(name="sky"),), folder=tmp_path / "house")
    app: Any = SimpleNamespace(config=config, clock=None)
    refused: list[str] = []
    assert list(networks(app, refused)) == []
    assert refused == ["sky: no key to house"]


def test_as_json(shops: Terminal) -> None:
    one = json.loads(shops.pipe("stats", "@acme_care", "--json").out)
    assert one["handle"] == "acme_care"
    assert sum(month["posts"] for month in one["months"]) == one["posts"]
    assert sum(map(sum, one["hours_by_weekday"])) == one["posts"]
    assert one["zone"] == "Europe/Paris"
    two = json.loads(shops.pipe("stats", "@acme_care", "@rivalo", "--json").out)
    assert [each["handle"] for each in two] == ["acme_care", "rivalo"]
    assert two[0] == one
