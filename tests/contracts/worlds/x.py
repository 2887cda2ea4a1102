"""X on loopback, read by a search that finds every post."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.secret import Secret
from tests.contracts.live import CONTACT, SECRET, LiveWorld
from tests.contracts.world import FOUNDED, NotHadError, Said, Society
from tests.faults import CERTIFICATE, Asked, Loopback, Reply
from tests.x.server import FakeX
from watcher.backends import XSource
from watcher.backends.interface import Network
from watcher.backends.x import network as x_network

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

    def reader(self, secret: str = SECRET) -> Network:
        return self.source(token=Secret(secret)).open(self.path, clock=lambda: self.now)

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


class XSociety(XSearchWorld, Society):
    """Accounts of X, with pictures on a host of their own, whose certificate we trust."""

    locks = False
    shows_suspended = False
    follows = False
    why_not = "X's rules forbid automated following"
    accents = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.shown: dict[str, bytes] = {}
        self.pictures = Loopback(self.picture, tls=True)
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(x_network, "PICTURES", self.pictures.host)
        self.patch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))

    def close(self) -> None:
        self.patch.undo()
        self.pictures.close()
        super().close()

    def picture(self, asked: Asked) -> Reply:
        assert "authorization" not in asked.headers, "pictures are for everybody"
        octets = self.shown.get(asked.path)
        return Reply(404) if octets is None else Reply(200, octets, {"Content-Type": "image/jpeg"})

    def account(self, name: str, *, shown: str = "", locked: bool = False) -> str:
        if locked:
            raise NotHadError("whom an app cannot follow it cannot ask to be let in")
        user: dict[str, Any] = self.x.user(name, name=shown or name)
        return str(user["id"])

    def show(self, name: str, picture: bytes) -> None:
        self.shown[f"/profile_images/1/{name}_normal.jpg"] = picture
        address = f"{self.pictures.url}/profile_images/1/{name}_normal.jpg"
        self.x.users[name]["profile_image_url"] = address

    def rename(self, name: str, new: str) -> None:
        self.x.users[new] = self.x.users.pop(name) | {"username": new}

    def block_us(self, name: str) -> None:
        """An app has no account that could be blocked."""

    def suspend(self, name: str) -> None:
        self.x.users[name]["suspended"] = True

    def delete(self, name: str) -> None:
        self.x.users[name]["deleted"] = True

    def protect(self, name: str) -> None:
        """Have an account show its posts to those only whom it let in."""
        self.x.users[name]["protected"] = True

    def write(self, name: str, text: str) -> None:
        at = FOUNDED + timedelta(minutes=len(self.x.posts))
        self.x.say(text, name, at)

    def timeline(self, name: str) -> Network:
        return self.source(query=f"@{name}").open(self.path, clock=lambda: self.now)


class XSmallPlan(XSociety):
    """A plan, or a kind of token, that account search is not offered to."""

    drill = True
    searches = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.x.finds_users = False
