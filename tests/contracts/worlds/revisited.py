"""Worlds whose backend can ask again: each shows single posts, and can hide one from us."""

from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.contracts.live import SECRET, LiveWorld
from tests.contracts.worlds.bluesky import BlueskyWorld
from tests.contracts.worlds.mastodon import GoToSocialWorld, TownWorld
from tests.contracts.worlds.x import XSearchWorld
from tests.faults import Asked, Reply


class RevisitedWorld(LiveWorld):
    """What `test_revisiting.py` asks of a world."""

    edits = True
    """Whether posts can be edited."""
    listing = True
    """Whether posts are read from a list that it can be held to; X says why it shows none."""
    denying = False
    """Whether it says of single posts that none is there, and goes on listing them."""

    def hide(self, text: str) -> None:
        """Let the author of a post show it to others, and not to us."""
        raise NotImplementedError


class Town(TownWorld, RevisitedWorld):
    """Mastodon since 4.3: several statuses with one call."""

    several = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.hidden: set[str] = set()
        self.open = True
        """Whether strangers are shown statuses."""
        self.following = False
        """Whether we follow everybody."""

    def hide(self, text: str) -> None:
        self.hidden |= {s["id"] for s in self.statuses if s["content"] == escape(text)}

    def answer(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/api/v1/")
        stranger = "authorization" not in asked.headers
        if stranger and path.startswith("statuses/") and self.open:
            return self.one(path.removeprefix("statuses/"), set())
        if asked.headers.get("authorization") == f"Bearer {SECRET}":
            if asked.path.rstrip("/") in ("/api/v1/instance", "/api/v2/instance"):
                return self.json({"domain": "town.example", "version": "4.5.0"})
            if path == "statuses" and self.several:
                return self.some(asked)
            if path.startswith("statuses/"):
                return self.one(path.removeprefix("statuses/"), self.hidden)
            if path == "accounts/relationships":
                number = parse_qs(urlsplit(asked.target).query).get("id[]", [""])[0]
                return self.json(
                    [{"id": number, "blocked_by": bool(self.hidden), "following": self.following}]
                )
            if path == "accounts/lookup":
                return self.json(self.author(asked.query.get("acct", "").partition("@")[0]))
        return super().answer(asked)

    def some(self, asked: Asked) -> Reply:
        numbers = parse_qs(urlsplit(asked.target).query).get("id[]", [])
        assert len(numbers) <= 20
        shown = [s for s in self.statuses if s["id"] in numbers and s["id"] not in self.hidden]
        return self.json([] if self.denying else self.served(shown))

    def one(self, number: str, hidden: set[str]) -> Reply:
        found = [s for s in self.statuses if s["id"] == number and number not in hidden]
        if not found or self.denying:
            return self.json({"error": "Record not found"}, 404)
        return self.json(found[0])


class ClosedTown(Town):
    """A server that shows strangers nothing."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.open = False


class OldTown(Town):
    """Mastodon before 4.3: one status with one call."""

    several = False


class GoToSocialTown(GoToSocialWorld, Town):
    several = False


class BlueskyPlace(BlueskyWorld, RevisitedWorld):
    edits = False

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.hidden: set[str] = set()

    def hide(self, text: str) -> None:
        self.hidden |= {view["uri"] for view in self.views if view["record"]["text"] == text}

    def answer(self, asked: Asked) -> Reply:
        method = asked.path.removeprefix("/xrpc/")
        if asked.headers.get("authorization", "").count(".") == 2:
            if method == "app.bsky.feed.getPosts":
                uris = parse_qs(urlsplit(asked.target).query).get("uris", [])
                assert len(uris) <= 25
                seen = [v for v in self.views if v["uri"] in uris and v["uri"] not in self.hidden]
                return self.json({"posts": [] if self.denying else self.served(seen)})
            if method == "com.atproto.repo.getRecord":
                uri = "at://{}/{}/{}".format(
                    *(asked.query.get(name) for name in ("repo", "collection", "rkey"))
                )
                found = [view for view in self.views if view["uri"] == uri]
                if not found or self.denying:
                    return self.no(400, "RecordNotFound")
                return self.json({"uri": uri, "cid": "bafy", "value": found[0]["record"]})
        return super().answer(asked)


class XPlace(XSearchWorld, RevisitedWorld):
    listing = False

    def hide(self, text: str) -> None:
        self.x.hidden |= {post["id"] for post in self.x.posts if post["text"] == text}


REVISITED: list[type[RevisitedWorld]] = [Town, ClosedTown, OldTown, GoToSocialTown, BlueskyPlace]
REVISITED += [XPlace]
