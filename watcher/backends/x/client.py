"""The calls to X's API v2, by tweepy: the only module that knows it.

Each call returns the decoded answer, or raises `BackendError`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import tweepy

from watcher.backends.formats import values
from watcher.backends.http.bounds import user_agent
from watcher.backends.http.budget import SHARED
from watcher.backends.http.errors import host_of, of_status
from watcher.backends.http.session import Answer, session
from watcher.backends.http.sparing import spares
from watcher.backends.interface import BackendError

ADDRESS = "https://api.x.com"

_USER = ["created_at", "description", "name", "profile_image_url", "protected", "public_metrics"]
_USER += ["username"]
_POST = {
    "expansions": [
        "author_id",
        "in_reply_to_user_id",
        "referenced_tweets.id",
        "referenced_tweets.id.author_id",
        "attachments.media_keys",
    ],
    "tweet_fields": [
        *("attachments", "author_id", "created_at", "edit_controls", "entities"),
        *("in_reply_to_user_id", "lang", "note_tweet", "public_metrics", "referenced_tweets"),
    ],
    "user_fields": _USER,
    "media_fields": ["preview_image_url", "type", "url"],
}
_LONGEST_SAID = 200


class XClient:
    """Asks for one app; `token` is its bearer token, `contact` whom X may write to about us."""

    def __init__(self, token: str, *, address: str = ADDRESS, contact: str = "") -> None:
        self.host = host_of(address)
        app = blake2b(token.encode(), digest_size=6).hexdigest()
        self._budget = SHARED.of(self.host, app)  # X counts for each app and endpoint
        self._calls = _Calls(token, address.rstrip("/"))
        self._calls.session = session(
            user_agent(contact),
            budget=self._budget,
            bucket=lambda method, path: f"{method} {endpoint(path)}",
        )

    def search(self, query: str, **more: Any) -> dict[str, Any]:
        """Posts of the last seven days, the newest first (GET /2/tweets/search/recent)."""
        return self._ask(lambda: self._calls.search_recent_tweets(query, **_POST, **more))

    def timeline(self, user: str, **more: Any) -> dict[str, Any]:
        """Posts of the user with this id, the newest first (GET /2/users/:id/tweets)."""
        return self._ask(lambda: self._calls.get_users_tweets(user, **_POST, **more))

    def posts(self, ids: Sequence[str]) -> dict[str, Any]:
        """The posts with these ids, at most 100 (GET /2/tweets)."""
        return self._ask(lambda: self._calls.get_tweets(list(ids), **_POST))

    def spares_lookup(self) -> bool:
        """Whether X lets us look up posts so often that one lookup can be spared."""
        return spares(self._budget, "GET /2/tweets")

    def user(self, handle: str) -> dict[str, Any]:
        """The user with this handle (GET /2/users/by/username/:username)."""
        return self._ask(lambda: self._calls.get_user(username=handle, user_fields=_USER))

    def search_users(self, query: str, limit: int) -> dict[str, Any]:
        """Users that have to do with a text (GET /2/users/search)."""
        return self._ask(lambda: self._calls.search_users(query, limit))

    def usage(self) -> dict[str, Any]:
        """What the app has read this month (GET /2/usage/tweets), which costs nothing."""
        return self._ask(self._calls.usage)

    def close(self) -> None:
        """Let go of the connections."""
        self._calls.session.close()

    def _ask(self, call: Callable[[], Any]) -> dict[str, Any]:
        answer = call()
        if not isinstance(answer, dict):
            raise BackendError(f"what {self.host} answered is no object", kind="broken")
        return answer


class _Calls(tweepy.Client):  # type: ignore[misc]  # tweepy has no types
    """tweepy's calls, made at our address, on our session, with our errors.

    tweepy writes each answer and its token into the debug log, and knows one address only.
    """

    def __init__(self, token: str, address: str) -> None:
        super().__init__(bearer_token=token, return_type=dict)
        self._address = address

    def request(
        self,
        method: str,
        route: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        user_auth: bool = False,
    ) -> Answer:
        """Send one request and return its answer, which is a success."""
        del user_auth
        answer: Answer = self.session.request(
            method,
            self._address + route,
            params=params,
            json=json,
            headers={"Authorization": f"Bearer {self.bearer_token}"},
        )
        host = host_of(self._address)
        error = of_status(answer.status_code, answer.headers, host)
        if error is not None:
            raise _explained(answer, error, host)
        return answer

    def search_users(self, query: str, limit: int) -> Any:
        """Tweepy has no call for it."""
        fields = ",".join(_USER)
        return self._make_request(
            "GET",
            "/2/users/search",
            params={"query": query, "max_results": limit, "user_fields": fields},
            endpoint_parameters=("query", "max_results", "next_token", "user.fields"),
        )

    def usage(self) -> Any:
        """Tweepy has no call for it."""
        return self._make_request("GET", "/2/usage/tweets")


def endpoint(path: str) -> str:
    """Return a path as X counts its requests: whatever user it asks for."""
    path = re.sub(r"/username/[^/]+", "/username/:name", path)
    return re.sub(r"/users/[0-9]+", "/users/:id", path)


def _explained(answer: Answer, error: BackendError, host: str) -> BackendError:
    """Add what X says beside a status: why a query is wrong, which plan would be needed."""
    said = _said(answer)
    status = answer.status_code
    message, kind, help_ = error.message, error.kind, error.help
    if status == 400:
        message = f"{host} did not understand the request"
        help_ = f"it says: {said}" if said else help_
        kind = "refused"
    elif status == 402 or "CreditsDepleted" in said:
        message, kind = f"{host} wants to be paid first: the credits are used up", "refused"
        help_ = "buy credits in X's developer console, or lower the budgets"
    elif status == 429 and "UsageCap" in said:
        message = f"{host} gives no more posts this month: the plan's cap is reached"
    elif status == 403 and said:
        help_ = f"it says: {said}"
    return BackendError(message, kind=kind, help=help_, retry_after=error.retry_after)


def _said(answer: Answer) -> str:
    """Return the words of X's error, bounded and on one line; empty where there are none."""
    try:
        whole = values.record(json.loads(answer.content))
    except (ValueError, RecursionError):
        return ""
    first = next(iter(values.records(whole.get("errors"))), {})
    parts = [whole.get("title"), first.get("message") or whole.get("detail")]
    words = ": ".join(values.words(part) for part in parts if isinstance(part, str) and part)
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:_LONGEST_SAID]
