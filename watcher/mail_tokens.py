"""Asks for access tokens over HTTP, within the bounds of every other request; see `alerts.smtp`."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from alerts.smtp.access import Post
from rules.errors import WatcherError


def posting(contact: str) -> Post:
    """Return what sends a form and returns status and JSON object, asking in our name."""
    return partial(_post, contact)


def _post(contact: str, url: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
    from watcher.backends.http.bounds import Bounds, user_agent  # requests loads with the first
    from watcher.backends.http.session import session

    bounds = Bounds(seconds=20, octets=200_000, redirects=0)
    with session(user_agent(contact), bounds=bounds) as asking:
        answer = asking.post(url, data=dict(form), headers={"Accept": "application/json"})
        told = answer.json()
    if not isinstance(told, dict):
        raise WatcherError("the answer of the token server is no JSON object")
    return answer.status_code, told
