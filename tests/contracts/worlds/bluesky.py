"""A server that speaks Bluesky's XRPC, on loopback: strict about what it is asked."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.contracts.live import CONTACT, SECRET, LiveWorld
from tests.contracts.world import FOUNDED, Said
from tests.faults import Asked, Reply
from watcher.backends import BlueskySource
from watcher.backends.bluesky.login import Login, LoginFile
from watcher.backends.interface import Network
from watcher.clock import utc_now

US = "us.town.example"


def token(purpose: str, hours: float = 2) -> str:
    """Return a token as servers make them; nobody checks its signature."""
    ends = (utc_now() + timedelta(hours=hours)).timestamp()
    parts: list[Any] = [
        {"typ": purpose, "alg": "HS256"},
        {"sub": f"did:plc:{US}", "exp": int(ends)},
    ]
    encoded = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join([*encoded, b"c2ln"]).decode()


class BlueskyWorld(LiveWorld):
    """Search: the newest first by the time that posts claim, with a cursor that counts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.views: list[Any] = []
        """The oldest first, as they were written."""
        self.count = 0
        self.ended = False
        """Whether somebody logged out."""
        tokens = (token("at+jwt"), token("refresh+jwt", 2000))
        session = ":::".join([US, f"did:plc:{US}", *tokens, self.server.url])
        login = Login(server=self.server.url, handle=US, password=SECRET, session=session)
        LoginFile(self.source().login_path()).save(login)  # as `watcher login bluesky` does

    def reader(self) -> Network:
        return self.source().open(self.path)

    def source(self, **more: Any) -> BlueskySource:
        settings = {"query": "search:post", "account": US} | more
        return BlueskySource(
            name="here", server=self.server.url, contact=CONTACT, data=self.path, **settings
        )

    def answer(self, asked: Asked) -> Reply:
        method = asked.path.removeprefix("/xrpc/")
        if method == "com.atproto.server.createSession":
            return self.session(json.loads(asked.body))
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer.count(".") != 2:
            return self.no(401, "AuthenticationRequired")
        if method == "com.atproto.server.deleteSession":
            self.ended = True
            return self.json({})
        if method == "app.bsky.feed.searchPosts" and "q" in asked.query:
            return self.json(self.search(asked.query))
        return self.no(400, "InvalidRequest")

    def session(self, given: dict[str, str]) -> Reply:
        """Let somebody in who knows the password."""
        if (given["identifier"], given["password"]) != (US, SECRET):
            return self.no(401, "AuthenticationRequired")
        return self.json(
            {
                "did": f"did:plc:{US}",
                "handle": US,
                "accessJwt": token("at+jwt"),
                "refreshJwt": token("refresh+jwt", 2000),
                "active": True,
            }
        )

    def search(self, query: dict[str, str]) -> dict[str, Any]:
        """Return a page and where the next one begins."""
        start, limit = int(query.pop("cursor", "0")), int(query.pop("limit", "25"))
        until = query.pop("until", None)
        assert query == {"q": "post", "sort": "latest"}, query
        assert 0 < limit <= 100
        views = self.views[::-1]
        views.sort(key=self.place, reverse=True)
        views = [one for one in views if until is None or self.place(one) < until]
        page: dict[str, Any] = {"posts": self.served(views[start : start + limit])}
        if start + limit < len(views):
            page["cursor"] = str(start + limit)
        return page

    def place(self, view: Any) -> str:
        """Return the time by which a post is ordered."""
        stated = view["record"]["createdAt"]
        return min(stated, view["indexedAt"]) if stated[:1] in "12" else view["indexedAt"]

    def json(self, value: Any, status: int = 200) -> Reply:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "RateLimit-Limit": "3000",
            "RateLimit-Remaining": "2999",
            "RateLimit-Reset": "32000000000",
            "RateLimit-Policy": "3000;w=300",
        }
        return Reply(status, json.dumps(value).encode(), headers)

    def no(self, status: int, name: str) -> Reply:
        return self.json({"error": name, "message": "no"}, status)

    def say(self, *posts: Said) -> None:
        for said in posts:
            self.count += 1
            did = f"did:plc:{said.author}"
            seen = FOUNDED + timedelta(days=200, seconds=self.count)
            self.views.append(
                {
                    "uri": f"at://{did}/app.bsky.feed.post/{self.count:06}",
                    "cid": "bafy",
                    "author": {"did": did, "handle": said.author, "labels": []},
                    "record": {"text": said.text, "createdAt": said.at.isoformat()},
                    "indexedAt": seen.isoformat(),
                    "labels": [],
                }
            )

    def say_broken(self) -> None:
        self.count += 1
        seen = (FOUNDED + timedelta(days=200, seconds=self.count)).isoformat()
        record = {"text": 7, "createdAt": seen}
        author = {"did": "did:plc:marie", "handle": "marie"}
        self.views.append(
            {"uri": "at://did:plc:marie/app.bsky.feed.post/x", "author": author, "record": record,
             "indexedAt": seen}
        )  # fmt: skip

    def edit(self, text: str, new: str) -> None:
        for view in self.views:
            if view["record"]["text"] == text:
                view["record"]["text"] = new

    def delete(self, text: str) -> None:
        self.views = [view for view in self.views if view["record"]["text"] != text]
