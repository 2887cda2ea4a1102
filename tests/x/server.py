"""X's API v2 on loopback, as its public reference tells it, and strict about it.

What the reference does not name is refused with X's own shape of error; a field that was not asked
for is not given.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults import Asked, Reply
from tests.x.queries import Post, QueryError, compiled, entities

EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
WEEK = timedelta(days=7)
POST_FIELDS = {"edit_controls", "entities", "attachments", "author_id", "created_at"}
POST_FIELDS |= {"in_reply_to_user_id", "lang", "note_tweet", "public_metrics", "referenced_tweets"}
USER_FIELDS = {"created_at", "description", "name", "profile_image_url", "protected"}
USER_FIELDS |= {"public_metrics", "username", "verified", "url"}
MEDIA_FIELDS = {"preview_image_url", "type", "url", "media_key"}
EXPANSIONS = {
    *("author_id", "in_reply_to_user_id", "referenced_tweets.id", "attachments.media_keys"),
    *("referenced_tweets.id.author_id", "entities.mentions.username"),
}
FIELDS = {
    "tweet.fields": POST_FIELDS,
    "user.fields": USER_FIELDS,
    "media.fields": MEDIA_FIELDS,
    "expansions": EXPANSIONS,
}
SEARCH = {"query", "since_id", "until_id", "start_time", "end_time", "max_results", "next_token"}
SEARCH |= {"sort_order", *FIELDS}
TIMELINE = {"since_id", "until_id", "start_time", "end_time", "max_results", "pagination_token"}
TIMELINE |= {"exclude", *FIELDS}


class RefusedError(Exception):
    def __init__(self, status: int, body: dict[str, Any], **headers: str) -> None:
        self.reply = Reply(status, json.dumps(body).encode(), headers)


def invalid(name: str, value: str, message: str) -> RefusedError:
    return RefusedError(
        400,
        {
            "errors": [{"parameters": {name: [value]}, "message": message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.twitter.com/2/problems/invalid-request",
        },
    )


def id_at(when: datetime) -> int:
    """Return the first id of a millisecond."""
    return (when - EPOCH) // timedelta(milliseconds=1) << 22


class FakeX:
    """X. `answer` is for a `Loopback`; `served` may change the items of a page."""

    def __init__(
        self, token: str, now: datetime, served: Callable[[list[Any]], list[Any]] = list
    ) -> None:
        self.token = token
        self.now = now
        self.served = served
        self.posts: list[dict[str, Any]] = []
        """The newest version of each, in the order of writing."""
        self.users: dict[str, dict[str, Any]] = {}
        self.finds_users = True
        """Whether the plan has account search."""
        self.remaining: dict[str, int] = {}
        """How many requests are left at an endpoint, where few are."""
        self.gone: set[str] = set()
        """Ids of posts that others refer to and that are not shown."""
        self.hidden: set[str] = set()
        """Ids of posts that are shown to others."""
        self.billed: list[str] = []
        """The ids of the posts that were read."""

    def user(self, handle: str, **more: Any) -> dict[str, Any]:
        """Return the user of this handle, new where there is none."""
        return self.users.setdefault(
            handle,
            {
                "id": str(1000 + len(self.users)),
                "username": handle,
                "name": handle.title(),
                "created_at": "2020-01-01T00:00:00.000Z",
                "description": "",
                "protected": False,
                "public_metrics": {"followers_count": 5, "following_count": 7},
            }
            | more,
        )

    def say(self, text: str, author: str, at: datetime, **more: Any) -> dict[str, Any]:
        """Write a post: `lang`, `media`, `kinds`, `refers` and `to` may be given."""
        post = {
            "id": self._new_id(at),
            "text": text,
            "author": author,
            "at": at,
            "lang": "en",
            "media": [],
            "kinds": [],
            "refers": [],
            "to": None,
        } | more
        post["history"] = [post["id"]]
        self.user(author)
        self.posts.append(post)
        return post

    def edit(self, text: str, new: str, at: datetime) -> None:
        """Give a post another text, and so another id."""
        post = next(one for one in self.posts if one["text"] == text)
        self.posts.remove(post)
        id_ = self._new_id(at)
        history = [*post["history"], id_]
        was = post.get("was", {}) | {post["id"]: text}
        now = {"text": new, "id": id_, "at": at, "history": history, "was": was}
        self.posts.append(post | now)

    def delete(self, text: str) -> None:
        self.posts = [post for post in self.posts if post["text"] != text]

    def _new_id(self, at: datetime) -> str:
        """Ids rise with the time of writing, whatever time a post says."""
        newest = max((int(post["id"]) for post in self.posts), default=0)
        return str(max(id_at(at), newest + 1))

    # --- answering ---

    def answer(self, asked: Asked) -> Reply:
        try:
            if asked.headers.get("authorization") != f"Bearer {self.token}":
                raise RefusedError(
                    401,
                    {"title": "Unauthorized", "type": "about:blank", "status": 401,
                     "detail": "Unauthorized"},
                )  # fmt: skip
            if asked.method != "GET":
                raise RefusedError(405, {"title": "Method Not Allowed", "status": 405})
            body, endpoint = self._route(asked.path, asked.query)
        except RefusedError as refused:
            return refused.reply
        headers = self._limits(endpoint) | {"Content-Type": "application/json"}
        return Reply(200, json.dumps(body).encode(), headers)

    def _limits(self, endpoint: str) -> dict[str, str]:
        left = self.remaining.get(endpoint, 449)
        reset = int(datetime.now(UTC).timestamp()) + 600
        headers = {"x-rate-limit-limit": "450", "x-rate-limit-reset": str(reset)}
        if left < 0:
            body = {"title": "Too Many Requests", "detail": "Too Many Requests"}
            body |= {"type": "about:blank", "status": 429}  # type: ignore[dict-item]
            raise RefusedError(429, body, **headers, **{"x-rate-limit-remaining": "0"})
        if endpoint in self.remaining:
            self.remaining[endpoint] -= 1
        return headers | {"x-rate-limit-remaining": str(max(left, 0))}

    def _route(self, path: str, query: dict[str, str]) -> tuple[dict[str, Any], str]:
        if self.remaining.get(path, 0) < 0:
            self._limits(path)
        if path == "/2/tweets/search/recent":
            return self._search(query), path
        if path == "/2/users/search":
            return self._search_users(query), path
        if path == "/2/usage/tweets":
            _known(query, {"days", "usage.fields"})
            usage = {"project_cap": "2000000", "project_usage": str(len(set(self.billed)))}
            return {"data": usage | {"project_id": "1", "cap_reset_day": 7}}, path
        if path == "/2/tweets":
            return self._lookup(query), path
        if match := re.fullmatch(r"/2/users/([0-9]{1,19})/tweets", path):
            return self._timeline(match[1], query), "/2/users/:id/tweets"
        if match := re.fullmatch(r"/2/users/by/username/([A-Za-z0-9_]{1,15})", path):
            return self._by_name(match[1], query), "/2/users/by/username/:username"
        raise RefusedError(404, {"title": "Not Found", "type": "about:blank", "status": 404})

    def _search(self, query: dict[str, str]) -> dict[str, Any]:
        _known(query, SEARCH)
        if "query" not in query:
            raise invalid("query", "", "The `query` query parameter can not be empty")
        try:
            test = compiled(query["query"])
        except QueryError as error:
            raise invalid("query", query["query"], str(error)) from None
        bounds = _bounds(query, 10, 100, 10)
        if {"since_id", "until_id"} & query.keys() and {"start_time", "end_time"} & query.keys():
            raise invalid(
                "since_id", query.get("since_id", ""),
                "Invalid use of 'since_id' or 'until_id' in conjunction with 'start_time' or "
                "'end_time'.",
            )  # fmt: skip
        for name in ("since_id", "until_id"):
            if name in query and _time(query[name]) < self.now - WEEK:
                raise invalid(
                    name, query[name],
                    f"'{name}' must be a tweet id created after {self.now - WEEK:%Y-%m-%dT%H:%MZ}.",
                )  # fmt: skip
        found = [post for post in self.posts if _is_post(post) and test(post)]
        found += [post for post in self.posts if not _is_post(post)]
        found = [post for post in found if _id(post) > 0 and post["at"] >= self.now - WEEK]
        return self._page(found, query, bounds, "next_token")

    def _lookup(self, query: dict[str, str]) -> dict[str, Any]:
        _known(query, {"ids", *FIELDS})
        ids = query.get("ids", "").split(",")
        if not 1 <= len(ids) <= 100 or not all(re.fullmatch(r"[0-9]{1,19}", one) for one in ids):
            raise invalid("ids", query.get("ids", ""), "these are no ids of 1 to 100 posts")
        posts, errors = [], []
        for id_ in ids:
            post = next((one for one in self.posts if id_ in one.get("history", ())), None)
            if post is None:
                errors.append(_not_found("ids", id_) | {"resource_type": "tweet"})
            elif self.hidden.intersection(post["history"]):
                errors.append(_protected("ids", id_) | {"resource_type": "tweet"})
            else:  # an old version comes as it was
                text = post.get("was", {}).get(id_, post["text"])
                posts.append(post | {"id": id_, "text": text})
        self.billed += [post["id"] for post in posts]
        answer: dict[str, Any] = {"errors": errors} if errors else {}
        if not posts:
            return answer
        data = [self._shown(post, query) for post in self.served(posts)]
        return {"data": data} | self._beside(posts, query) | answer

    def _timeline(self, id_: str, query: dict[str, str]) -> dict[str, Any]:
        _known(query, TIMELINE)
        bounds = _bounds(query, 5, 100, 10)
        handles = {user["id"]: handle for handle, user in self.users.items()}
        user = self.users.get(handles.get(id_, ""))
        if user is None or user.get("deleted"):
            return {"errors": [_not_found("id", id_)]}
        if user.get("suspended"):
            return {"errors": [_suspended("id", id_)]}
        if user["protected"]:
            return {"errors": [_protected("id", id_)]}
        found = [post for post in self.posts if post["author"] == handles[id_]]
        return self._page(found, query, bounds, "pagination_token")

    def _page(
        self, posts: list[Post], query: dict[str, str], size: int, token_name: str
    ) -> dict[str, Any]:
        since, until = int(query.get("since_id", 0)), int(query.get("until_id", 1 << 63))
        asked = {k: v for k, v in query.items() if k not in (token_name, "max_results")}
        mark = f"{abs(hash(json.dumps(asked, sort_keys=True))):x}"
        if token := query.get(token_name):
            of, _, below = token.partition("z")
            if of != mark or not below.isdigit():
                raise invalid(token_name, token, "the token is not one of this request")
            until = min(until, int(below))
        found = sorted((p for p in posts if since < _id(p) < until), key=_id, reverse=True)
        page, rest = found[:size], found[size:]
        meta: dict[str, Any] = {"result_count": len(page)}
        if not page:
            return {"meta": meta}
        self.billed += [post["id"] for post in page]
        meta |= {"newest_id": page[0]["id"], "oldest_id": page[-1]["id"]}
        if rest:
            meta["next_token"] = f"{mark}z{_id(page[-1])}"
        answer = {"data": [self._shown(post, query) for post in self.served(page)], "meta": meta}
        return answer | self._beside(page, query)

    def _shown(self, post: Post, query: dict[str, str]) -> dict[str, Any]:
        """Return a post with the fields that were asked for."""
        if not _is_post(post):
            return dict(post["raw"])
        found = entities(post)
        whole = {
            "author_id": self.users[post["author"]]["id"],
            "created_at": post["at"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "lang": post["lang"],
            "entities": {
                "hashtags": [{"tag": tag} for tag in found["hashtags"]],
                "mentions": [{"username": name} for name in found["mentions"]],
                "urls": [{"url": "https://t.co/x", "expanded_url": url} for url in found["urls"]],
            },
            "public_metrics": {"like_count": 1, "retweet_count": 2, "reply_count": 3},
            "edit_controls": {"edits_remaining": 5, "is_edit_eligible": True,
                              "editable_until": "2026-03-01T09:00:00.000Z"},
        }  # fmt: skip
        if post["refers"]:
            whole["referenced_tweets"] = [{"type": t, "id": i} for t, i in post["refers"]]
        if post["media"]:
            whole["attachments"] = {"media_keys": [key for key, _ in post["media"]]}
        if post["to"]:
            whole["in_reply_to_user_id"] = self.user(post["to"])["id"]
        fields = query.get("tweet.fields", "").split(",")
        text = post["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        shown = {"id": post["id"], "text": text, "edit_history_tweet_ids": post["history"]}
        return shown | {name: whole[name] for name in fields if name in whole}

    def _beside(self, page: list[Post], query: dict[str, str]) -> dict[str, Any]:
        """Return what was asked to come along, and what of it cannot be shown."""
        wanted = query.get("expansions", "").split(",")
        real = [post for post in page if _is_post(post)]
        by_id = {post["id"]: post for post in self.posts}
        includes: dict[str, list[Any]] = {}
        errors = []
        handles = [post["author"] for post in real] if "author_id" in wanted else []
        if "in_reply_to_user_id" in wanted:
            handles += [post["to"] for post in real if post["to"]]
        if "referenced_tweets.id" in wanted:
            referred = [id_ for post in real for _, id_ in post["refers"]]
            shown = [by_id[id_] for id_ in referred if id_ in by_id and id_ not in self.gone]
            errors = [_not_found("referenced_tweets.id", i) for i in referred if i in self.gone]
            includes["tweets"] = [self._shown(post, query) for post in shown]
            if "referenced_tweets.id.author_id" in wanted:
                handles += [post["author"] for post in shown]
        includes["users"] = [self._user(self.users[h], query) for h in dict.fromkeys(handles)]
        if "attachments.media_keys" in wanted:
            media = [one for post in real for one in post["media"]]
            includes["media"] = [{"media_key": k, "type": "photo", "url": u} for k, u in media]
        found = {name: some for name, some in includes.items() if some}
        return ({"includes": found} if found else {}) | ({"errors": errors} if errors else {})

    def _user(self, user: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        fields = query.get("user.fields", "").split(",")
        shown = {name: user[name] for name in ("id", "name", "username")}
        return shown | {name: user[name] for name in fields if name in user}

    def _by_name(self, handle: str, query: dict[str, str]) -> dict[str, Any]:
        _known(query, {"user.fields", "expansions", "tweet.fields"})
        user = next((u for h, u in self.users.items() if h.lower() == handle.lower()), None)
        if user is None or user.get("deleted"):
            return {"errors": [_not_found("username", handle)]}
        if user.get("suspended"):
            return {"errors": [_suspended("username", handle)]}
        return {"data": self._user(user, query)}

    def _search_users(self, query: dict[str, str]) -> dict[str, Any]:
        _known(query, {"query", "max_results", "next_token", *FIELDS})
        if not self.finds_users:
            raise RefusedError(
                403,
                {"title": "Unsupported Authentication", "status": 403,
                 "detail": "Authenticating with OAuth 2.0 Application-Only is forbidden",
                 "type": "https://api.twitter.com/2/problems/unsupported-authentication"},
            )  # fmt: skip
        text = query.get("query", "")
        if not 1 <= len(text) <= 50:
            raise invalid("query", text, "the length must be between 1 and 50")
        size = _bounds(query, 1, 1000, 100)
        found = [
            self._user(user, query)
            for user in self.users.values()
            if any(text.lower() in user[k].lower() for k in ("username", "name", "description"))
        ]
        meta = {"result_count": len(found[:size])}
        return {"data": found[:size], "meta": meta} if found else {"meta": meta}


def _known(query: dict[str, str], names: Iterable[str]) -> None:
    for name, value in query.items():
        if name not in names:
            raise invalid(name, value, f"The query parameter [{name}] is not known here")
        if name in FIELDS and (wrong := set(value.split(",")) - FIELDS[name]):
            raise invalid(name, value, f"The `{name}` values {sorted(wrong)} are not known")
        if name.endswith("_id") and not re.fullmatch(r"[0-9]{1,19}", value):
            raise invalid(name, value, f"The `{name}` query parameter value is not valid")


def _bounds(query: dict[str, str], least: int, most: int, usual: int) -> int:
    value = query.get("max_results", str(usual))
    if not value.isdigit() or not least <= int(value) <= most:
        raise invalid(
            "max_results", value,
            f"The `max_results` query parameter value [{value}] is not between {least} and {most}",
        )  # fmt: skip
    return int(value)


def _time(id_: str) -> datetime:
    return EPOCH + timedelta(milliseconds=int(id_) >> 22)


def _is_post(post: Post) -> bool:
    return "raw" not in post


def _id(post: Post) -> int:
    return int(post["id"])


def _not_found(name: str, value: str) -> dict[str, Any]:
    return {
        "value": value,
        "detail": f"Could not find {name}: [{value}].",
        "title": "Not Found Error",
        "resource_type": "user",
        "parameter": name,
        "resource_id": value,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }


def _suspended(name: str, value: str) -> dict[str, Any]:
    said = {"title": "Forbidden", "detail": f"User has been suspended: [{value}]."}
    return _not_found(name, value) | said


def _protected(name: str, value: str) -> dict[str, Any]:
    return _not_found(name, value) | {
        "title": "Authorization Error",
        "detail": f"Sorry, you are not authorized to see the user with {name}: [{value}].",
        "type": "https://api.twitter.com/2/problems/not-authorized-for-resource",
    }
