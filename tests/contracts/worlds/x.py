"""X on loopback, read by a search that finds every post."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from alerts.secret import Secret
from tests.contracts.live import CONTACT, SECRET, LiveWorld
from tests.contracts.world import FOUNDED, Said
from tests.faults import Asked, Reply
from tests.x.server import FakeX
from watcher.backends import XSource
from watcher.backends.interface import Reader

EVERYBODY = "search:from:marie OR from:luc OR from:aya OR from:Marie_L OR from:elsewhere"


class Tally:
    """Keeps the bill of one source in memory."""

    def __init__(self) -> None:
        self.days: dict[date, int] = {}

    def reserve_reads(
        self,
        source: str,
        day: date,
        wanted: int,
        *,
        least: int,
        of_day: int | None,
        of_month: int | None,
    ) -> int:
        month = self.reads(source, day.replace(day=1), day)
        left = min(wanted, (of_day or wanted) - self.days.get(day, 0), (of_month or wanted) - month)
        granted = left if left >= least else 0
        self.days[day] = self.days.get(day, 0) + granted
        return granted

    def settle_reads(self, source: str, day: date, reserved: int, used: int) -> None:
        self.days[day] += used - reserved

    def reads(self, source: str, since: date, until: date) -> int:
        return sum(read for day, read in self.days.items() if since <= day <= until)


class XSearchWorld(LiveWorld):
    """Recent search, which knows a week."""

    page_size = 10
    any_time = False
    exact = True

    def __init__(self, folder: Path) -> None:
        self.now = FOUNDED + timedelta(days=2)
        self.x = FakeX(SECRET, self.now, self.served)
        super().__init__(folder)

    def reader(self) -> Reader:
        return self.source().open(self.path, clock=lambda: self.now)

    def source(self, **more: Any) -> XSource:
        """Return the table of a source."""
        given: dict[str, Any] = {
            "name": "here",
            "token": Secret(SECRET),
            "query": EVERYBODY,
            "address": self.server.url,
            "contact": CONTACT,
            "look_back": "7d",
            "budget_day": 100_000,
            "budget_month": 1_000_000,
            "ledger": Tally(),
        }
        return XSource(**(given | more))

    def answer(self, asked: Asked) -> Reply:
        return self.x.answer(asked)

    def say(self, *posts: Said) -> None:
        for said in posts:
            self.x.say(said.text, said.author, said.at)

    def say_broken(self) -> None:
        post = self.x.say("", "marie", FOUNDED + timedelta(minutes=39))
        post["raw"] = {"id": post["id"], "text": 7}

    def edit(self, text: str, new: str) -> None:
        newest = max(post["at"] for post in self.x.posts)
        self.x.edit(text, new, newest + timedelta(seconds=1))

    def delete(self, text: str) -> None:
        self.x.delete(text)
