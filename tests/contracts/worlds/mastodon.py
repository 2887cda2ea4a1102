"""A server that speaks Mastodon's API, on loopback: strict about what it is asked."""

import json
from datetime import UTC
from html import escape
from pathlib import Path
from typing import Any

from alerts.secret import Secret
from tests.contracts.live import CONTACT, SECRET, LiveWorld
from tests.contracts.world import Said
from tests.faults import Asked, Reply
from watcher.backends import MastodonSource
from watcher.backends.interface import Network

LARGEST_PAGE = 40
BORN = 110_000_000_000_000_000


class TownWorld(LiveWorld):
    """Mastodon itself: numbers for ids, the newest first, `min_id` as it is documented."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.statuses: list[dict[str, Any]] = []
        """The oldest first."""
        self.count = 0

    def reader(self) -> Network:
        source = MastodonSource(
            name="here", server=self.server.url, contact=CONTACT, token=Secret(SECRET)
        )
        return source.open(self.path)

    def number(self, count: int) -> str:
        """Return the id of the n-th status ever."""
        return str(BORN + count)

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {SECRET}":
            return self.json({"error": "The access token is invalid"}, 401)
        path = asked.path.removeprefix("/api/")
        if path in ("v1/instance", "v2/instance"):
            return self.json({"domain": "", "version": "4.5.0"})
        if path == "v1/accounts/verify_credentials":
            return self.json(self.account("us"))
        if path == "v1/timelines/public":
            if wrong := asked.query.keys() - {"limit", "min_id", "max_id"}:
                return self.json({"error": f"what should {sorted(wrong)} mean?"}, 422)
            return self.json(self.served(self.page(dict(asked.query))))
        if path.startswith("v1/statuses/"):
            number = path.removeprefix("v1/statuses/")
            found = [status for status in self.statuses if status.get("id") == number]
            return self.json(found[0]) if found else self.json({"error": "Record not found"}, 404)
        return self.json({"error": "no such call"}, 404)

    def page(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return a page, the newest first."""
        limit = int(query.pop("limit", "20"))
        least, most = query.pop("min_id", None), query.pop("max_id", None)
        assert 0 < limit <= LARGEST_PAGE
        assert least is None or most is None
        if least is not None:
            return [s for s in self.statuses if self.place(s) > int(least)][:limit][::-1]
        return [s for s in self.statuses if most is None or self.place(s) < int(most)][::-1][:limit]

    def place(self, status: dict[str, Any]) -> int:
        """Return where a status stands among the others."""
        return int(status["id"])

    def json(self, value: Any, status: int = 200) -> Reply:
        body = json.dumps(value).encode()
        return Reply(status, body, {"Content-Type": "application/json; charset=utf-8"})

    def account(self, name: str) -> dict[str, Any]:
        number = sum(ord(char) << 4 * at for at, char in enumerate(name))
        address = f"https://town.example/users/{name}"
        return {"id": str(number), "acct": name, "username": name, "uri": address}

    def say(self, *posts: Said) -> None:
        for said in posts:
            self.count += 1
            number = self.number(self.count)
            self.statuses.append(
                {
                    "id": number,
                    "uri": f"https://town.example/statuses/{number}",
                    "created_at": said.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
                    if said.at.year > 999
                    else said.at.isoformat(),
                    "content": escape(said.text).replace("\n", "<br>"),
                    "visibility": "public",
                    "edited_at": None,
                    "account": self.account(said.author),
                }
            )

    def say_broken(self) -> None:
        self.count += 1
        self.statuses.append({"id": self.number(self.count), "content": None, "account": "marie"})

    def edit(self, text: str, new: str) -> None:
        for status in self.statuses:
            if status["content"] == escape(text):
                status.update(content=escape(new), edited_at="2026-03-02T00:00:00.000Z")

    def delete(self, text: str) -> None:
        self.statuses = [s for s in self.statuses if s["content"] != escape(text)]


class GoToSocialWorld(TownWorld):
    """GoToSocial: ids of 26 characters, ISO resets, no `id` before which nothing was."""

    DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    def number(self, count: int) -> str:
        digits = ""
        while count:
            count, digit = divmod(count, 32)
            digits = self.DIGITS[digit] + digits
        return "01JGQ7Z3" + digits.rjust(18, "0")

    def place(self, status: dict[str, Any]) -> int:
        return self.rank(status["id"])

    def rank(self, number: str) -> int:
        rank = 0
        for digit in number:
            rank = rank * 32 + self.DIGITS.index(digit)
        return rank

    def page(self, query: dict[str, str]) -> list[dict[str, Any]]:
        places = {
            name: str(self.rank(value)) if name != "limit" else value
            for name, value in query.items()
        }
        return super().page(places)

    def json(self, value: Any, status: int = 200) -> Reply:
        reply = super().json(value, status)
        headers = {
            "X-RateLimit-Limit": "300",
            "X-RateLimit-Remaining": "299",
            "X-RateLimit-Reset": "2999-01-01T00:00:00.000Z",
        }
        return Reply(reply.status, reply.body, {**reply.headers, **headers})


class SnacWorld(TownWorld):
    """snac: ids of 42 hexadecimal digits, and no `min_id` that it would know."""

    def number(self, count: int) -> str:
        return f"{1_772_000_000 + count:010}{count * 2654435761 % 2**128:032x}"

    def place(self, status: dict[str, Any]) -> int:
        return int(status["id"][:10])

    def page(self, query: dict[str, str]) -> list[dict[str, Any]]:
        query.pop("min_id", None)
        if "max_id" in query:
            query["max_id"] = query["max_id"][:10]
        return super().page(query)
