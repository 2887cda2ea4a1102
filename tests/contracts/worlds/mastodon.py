"""A server that speaks Mastodon's API, on loopback: strict about what it is asked."""

import json
import re
from datetime import UTC, timedelta
from html import escape
from pathlib import Path
from typing import Any

from alerts.secret import Secret
from tests.contracts.live import CONTACT, SECRET, LiveWorld
from tests.contracts.world import FOUNDED, Said, Society
from tests.faults import Asked, Reply
from watcher.backends import MastodonSource
from watcher.backends.interface import Network

LARGEST_PAGE = 40
BORN = 110_000_000_000_000_000


class TownWorld(LiveWorld):
    """Mastodon itself: numbers for ids, the newest first, `min_id` as it is documented."""

    bad_token = 401
    """What a token is answered that is none."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.statuses: list[dict[str, Any]] = []
        """The oldest first."""
        self.count = 0

    def reader(self, secret: str = SECRET) -> Network:
        source = MastodonSource(
            name="here", server=self.server.url, contact=CONTACT, token=Secret(secret)
        )
        return source.open(self.path)

    def number(self, count: int) -> str:
        """Return the id of the n-th status ever."""
        return str(BORN + count)

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {SECRET}":
            return self.json({"error": "The access token is invalid"}, self.bad_token)
        path = asked.path.removeprefix("/api/")
        if path in ("v1/instance", "v2/instance"):
            return self.json({"domain": "", "version": "4.5.0"})
        if path == "v1/accounts/verify_credentials":
            return self.json(self.author("us"))
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

    def author(self, name: str) -> dict[str, Any]:
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
                    "account": self.author(said.author),
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
    """GoToSocial: ids of 26 characters, ISO resets, timelines that repeat a status."""

    drill = True
    DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.repeats = True

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
    """snac: ids of 42 hexadecimal digits, no `min_id` that it would know, 400 for a bad token."""

    drill = True
    bad_token = 400

    def number(self, count: int) -> str:
        return f"{1_772_000_000 + count:010}{count * 2654435761 % 2**128:032x}"

    def place(self, status: dict[str, Any]) -> int:
        return int(status["id"][:10])

    def page(self, query: dict[str, str]) -> list[dict[str, Any]]:
        query.pop("min_id", None)
        if "max_id" in query:
            query["max_id"] = query["max_id"][:10]
        return super().page(query)


class TownSociety(TownWorld, Society):
    """Accounts with addresses that no handle can be read from."""

    deleted = 404
    """What is answered of an account that is no more."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.people: dict[str, dict[str, Any]] = {}
        """By handle."""
        self.standing: dict[str, dict[str, bool]] = {}
        """How we stand to each, by number."""
        self.pictures: dict[str, bytes] = {}
        self.account("us")

    def account(self, name: str, *, shown: str = "", locked: bool = False) -> str:
        number = str(7000 + len(self.people))
        uri = f"https://town.example/ap/{number}"
        self.people[name] = {
            "id": number, "acct": name, "username": name, "uri": uri, "display_name": shown,
            "locked": locked, "followers_count": 0, "avatar": "",
        }  # fmt: skip
        self.standing[number] = {"following": False, "requested": False, "blocked_by": False}
        return uri

    def show(self, name: str, picture: bytes) -> None:
        self.pictures[f"/media/{name}"] = picture
        self.people[name]["avatar"] = f"{self.server.url}/media/{name}"

    def rename(self, name: str, new: str) -> None:
        self.people[new] = self.people.pop(name) | {"acct": new, "username": new}

    def agree(self, name: str) -> None:
        self.stand(self.people[name], following=True)

    def block_us(self, name: str) -> None:
        self.standing[self.people[name]["id"]]["blocked_by"] = True

    def suspend(self, name: str) -> None:
        self.people[name]["suspended"] = True

    def delete(self, name: str) -> None:
        del self.people[name]

    def move(self, name: str, to: str) -> None:
        """Let an account tell that it goes on as another."""
        self.people[name]["moved"] = self.people[to]

    def write(self, name: str, text: str) -> None:
        self.say(Said(text, author=name, at=FOUNDED + timedelta(minutes=self.count)))
        self.statuses[-1]["account"] = self.people[name]

    def timeline(self, name: str) -> Network:
        source = MastodonSource(
            name="here", server=self.server.url, contact=CONTACT, token=Secret(SECRET),
            query=f"@{name}",
        )  # fmt: skip
        return source.open(self.path)

    def stand(self, person: dict[str, Any], *, following: bool = False, requested: bool = False
    ) -> dict[str, Any]:  # fmt: skip
        self.standing[person["id"]].update(following=following, requested=requested)
        person["followers_count"] = int(following)
        return {"id": person["id"], **self.standing[person["id"]]}

    def answer(self, asked: Asked) -> Reply:
        if asked.path in self.pictures:
            assert "authorization" not in asked.headers, "pictures are for everybody"
            return Reply(200, self.pictures[asked.path], {"Content-Type": "image/png"})
        if asked.headers.get("authorization") == f"Bearer {SECRET}":
            found = self.of_accounts(asked)
            if found is not None:
                return found
        return super().answer(asked)

    def of_accounts(self, asked: Asked) -> Reply | None:
        path = asked.path.removeprefix("/api/")
        if path == "v1/accounts/lookup":
            person = self.people.get(asked.query["acct"])
            return self.json(person) if person else self.json({"error": "Record not found"}, 404)
        if path == "v2/search":
            assert asked.query["type"] == "accounts"
            words = asked.query["q"].casefold()
            limit = int(asked.query["limit"])
            some = [one for one in self.people.values() if self.fits(one, words)]
            return self.json({"accounts": some[:limit], "statuses": [], "hashtags": []})
        numbers = {one["id"]: one for one in self.people.values()}
        if named := re.fullmatch(r"v1/accounts/([0-9]+)(/statuses)?", path):
            return self.of_account(numbers.get(named[1]), asked, statuses=bool(named[2]))
        if path == "v1/accounts/relationships":
            number = asked.query["id[]"]
            stand = self.standing.get(number)
            return self.json([{"id": number, **stand}] if stand else [])
        for verb in ("follow", "unfollow"):
            if asked.method == "POST" and path.endswith(f"/{verb}"):
                person = numbers[path.split("/")[2]]
                if verb == "unfollow":
                    return self.json(self.stand(person))
                locked = person["locked"]
                return self.json(self.stand(person, following=not locked, requested=locked))
        return None

    def of_account(self, person: dict[str, Any] | None, asked: Asked, *, statuses: bool) -> Reply:
        if person is None:
            return self.json({"error": "Record not found"}, self.deleted)
        if not statuses:
            return self.json(person)
        if person.get("suspended"):
            return self.json([])
        everybody, self.statuses = self.statuses, [
            one for one in self.statuses if one["account"]["id"] == person["id"]
        ]  # fmt: skip
        try:
            return self.json(self.served(self.page(dict(asked.query))))
        finally:
            self.statuses = everybody

    def fits(self, person: dict[str, Any], words: str) -> bool:
        """Whether a person has the address, or has words in the name but for accents."""
        plain = person["display_name"].casefold().replace("\u00e9", "e")
        return words in (person["uri"], "%") or words in person["acct"] or words in plain


class GoneTown(TownSociety):
    """A server that says for certain that what is deleted never comes back."""

    drill = True
    deleted = 410
