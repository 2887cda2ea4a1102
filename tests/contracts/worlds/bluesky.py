"""A server that speaks Bluesky's XRPC, on loopback: strict about what it is asked."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any
from unicodedata import combining, normalize
from urllib.parse import parse_qs, urlsplit

from alerts.secret import Secret
from tests.contracts.live import CONTACT, SECRET, LiveWorld
from tests.contracts.world import FOUNDED, NotHadError, Said, Society
from tests.faults import Asked, Reply
from watcher.backends import BlueskySource
from watcher.backends.bluesky.login import Login, LoginFile
from watcher.backends.interface import Network
from watcher.clock import utc_now

US = "us.town.example"
OURS = f"did:plc:{US}"
FOLLOWS = "app.bsky.graph.follow"


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

    dated = True

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

    def reader(self, secret: str = "") -> Network:
        if secret:
            other = self.path / "other"
            return self.source(data=other, password=Secret(secret)).open(other)
        return self.source().open(self.path)

    def source(self, **more: Any) -> BlueskySource:
        settings = {"query": "search:post", "account": US, "data": self.path} | more
        return BlueskySource(name="here", server=self.server.url, contact=CONTACT, **settings)

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


class BlueskySociety(BlueskyWorld, Society):
    """Accounts as the AppView shows them: some seconds behind what was written."""

    bare = False
    underscores = False
    locks = False
    shows_suspended = False

    def __init__(self, folder: Path) -> None:
        ours = {"did": OURS, "handle": US, "displayName": ""}
        self.people: dict[str, dict[str, Any]] = {OURS: ours}
        """By DID."""
        self.records: dict[str, str] = {}
        """Whom we follow: DIDs by the keys of our records."""
        self.shown: dict[str, str] = {}
        """The same as the AppView knows it."""
        self.blobs: dict[str, bytes] = {}
        self.unknown = {"error": "InvalidRequest", "message": "Profile not found"}
        super().__init__(folder)

    def handle(self, name: str) -> str:
        return f"{name}.town.example"

    def name(self, handle: str) -> str:
        return handle.partition(".")[0]

    def settle(self) -> None:
        self.shown = dict(self.records)

    def account(self, name: str, *, shown: str = "", locked: bool = False) -> str:
        if locked:
            raise NotHadError("everything on Bluesky is public")
        did = f"did:plc:{self.count:04}{name}"
        self.count += 1
        self.people[did] = {"did": did, "handle": self.handle(name), "displayName": shown}
        return did

    def person(self, name: str) -> dict[str, Any]:
        return next(one for one in self.people.values() if one["handle"] == self.handle(name))

    def show(self, name: str, picture: bytes) -> None:
        person, cid = self.person(name), f"bafk{len(self.blobs)}"
        self.blobs[f"{person['did']}/{cid}"] = picture
        person["avatar"] = f"{self.server.url}/img/avatar/plain/{person['did']}/{cid}@jpeg"

    def rename(self, name: str, new: str) -> None:
        self.person(name)["handle"] = self.handle(new)

    def block_us(self, name: str) -> None:
        self.person(name)["blocked_us"] = True

    def suspend(self, name: str) -> None:
        self.person(name)["suspended"] = True

    def delete(self, name: str) -> None:
        del self.people[self.person(name)["did"]]

    def write(self, name: str, text: str) -> None:
        self.say(Said(text, author=name, at=FOUNDED + timedelta(minutes=self.count)))
        view, person = self.views[-1], self.person(name)
        view["author"] = {"did": person["did"], "handle": person["handle"], "labels": []}
        view["uri"] = f"at://{person['did']}/app.bsky.feed.post/{self.count:06}"

    def timeline(self, name: str) -> Network:
        return self.source(query=f"@{self.handle(name)}").open(self.path)

    def answer(self, asked: Asked) -> Reply:
        method = asked.path.removeprefix("/xrpc/")
        call = getattr(self, method.rpartition(".")[2], None)
        if method in CALLS and asked.headers.get("authorization", "").startswith("Bearer "):
            return call(asked) if call else self.no(501, "MethodNotImplemented")
        return super().answer(asked)

    def view(self, person: dict[str, Any]) -> dict[str, Any]:
        """Return an account as it is shown to us."""
        did = person["did"]
        keys = [key for key, subject in self.shown.items() if subject == did]
        viewer = {"blockedBy": person.get("blocked_us", False), "muted": False}
        if keys:
            viewer["following"] = f"at://{OURS}/{FOLLOWS}/{keys[0]}"
        fields = {name: person[name] for name in ("did", "handle", "displayName", "avatar")
                  if person.get(name)}  # fmt: skip
        return {**fields, "followersCount": len(keys), "viewer": viewer, "labels": []}

    def found(self, actor: str) -> dict[str, Any] | None:
        return next(
            (one for one in self.people.values() if actor in (one["did"], one["handle"])), None
        )

    def getProfile(self, asked: Asked) -> Reply:  # noqa: N802 - as the network calls it
        assert asked.query.keys() == {"actor"}
        person = self.found(asked.query["actor"])
        if person is None:
            return self.json(self.unknown, 400)
        if person.get("suspended"):
            said = "Account has been suspended"
            return self.json({"error": "AccountTakedown", "message": said}, 400)
        return self.json(self.view(person))

    def getAuthorFeed(self, asked: Asked) -> Reply:  # noqa: N802
        assert asked.query.keys() <= {"actor", "limit", "cursor"}
        person = self.found(asked.query["actor"])
        if person is None or person.get("suspended"):
            return self.json(self.unknown, 400)
        start = int(asked.query.get("cursor", "0"))
        views = [one for one in self.views[::-1] if one["author"]["did"] == person["did"]]
        page = self.served(views[start : start + int(asked.query["limit"])])
        more = start + len(page) < len(views)
        cursor = {"cursor": str(start + len(page))} if more else {}
        return self.json({"feed": [{"post": view} for view in page], **cursor})

    def getProfiles(self, asked: Asked) -> Reply:  # noqa: N802
        actors = parse_qs(urlsplit(asked.target).query)["actors"]
        assert len(actors) <= 25
        some = filter(None, map(self.found, actors))
        return self.json({"profiles": [self.view(o) for o in some if not o.get("suspended")]})

    def searchActors(self, asked: Asked) -> Reply:  # noqa: N802
        assert asked.query.keys() == {"q", "limit"}
        words = plain(asked.query["q"]).split()
        some = [
            self.view(one)
            for one in self.people.values()
            if any(word in plain(f"{one['handle']} {one['displayName']}") for word in words)
        ]
        return self.json({"actors": some[: int(asked.query["limit"])]})

    def getBlob(self, asked: Asked) -> Reply:  # noqa: N802
        octets = self.blobs.get(f"{asked.query['did']}/{asked.query['cid']}")
        if octets is None:
            return self.no(400, "BlobNotFound")
        return Reply(200, octets, {"Content-Type": "image/png"})

    def createRecord(self, asked: Asked) -> Reply:  # noqa: N802
        given = json.loads(asked.body)
        assert (asked.method, given["repo"], given["collection"]) == ("POST", OURS, FOLLOWS)
        record = given["record"]
        assert record.keys() == {"$type", "subject", "createdAt"}
        assert record["$type"] == FOLLOWS
        assert record["createdAt"].endswith("Z")
        self.count += 1
        key = f"3k{self.count:011}"
        self.records[key] = record["subject"]
        return self.json({"uri": f"at://{OURS}/{FOLLOWS}/{key}", "cid": "bafy"})

    def deleteRecord(self, asked: Asked) -> Reply:  # noqa: N802
        given = json.loads(asked.body)
        assert (asked.method, given["repo"], given["collection"]) == ("POST", OURS, FOLLOWS)
        self.records.pop(given["rkey"], None)
        return self.json({})

    def getRecord(self, asked: Asked) -> Reply:  # noqa: N802
        key = asked.query["rkey"]
        if key not in self.records:
            said = f"Could not locate record: at://{OURS}/{FOLLOWS}/{key}"
            return self.json({"error": "RecordNotFound", "message": said}, 400)
        return self.json(self.record(key))

    def listRecords(self, asked: Asked) -> Reply:  # noqa: N802
        assert (asked.query["repo"], asked.query["collection"]) == (OURS, FOLLOWS)
        newest = [self.record(key) for key in reversed(self.records)]
        return self.json({"records": newest[: int(asked.query["limit"])]})

    def record(self, key: str) -> dict[str, Any]:
        value = {"$type": FOLLOWS, "subject": self.records[key]}
        return {"uri": f"at://{OURS}/{FOLLOWS}/{key}", "cid": "bafy", "value": value}


CALLS = frozenset(
    {
        *("app.bsky.actor.getProfile", "app.bsky.actor.getProfiles", "app.bsky.actor.searchActors"),
        *("com.atproto.repo.createRecord", "com.atproto.repo.deleteRecord"),
        *("com.atproto.repo.getRecord", "com.atproto.repo.listRecords"),
        *("com.atproto.sync.getBlob", "app.bsky.feed.getAuthorFeed"),
    }
)


def plain(text: str) -> str:
    """Return a text without case and accents."""
    apart = normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not combining(char))
