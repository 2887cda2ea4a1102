"""What became of posts that were read before. Each that is still there is paid for once more.

X tells of each post that it does not give why not: it is not there, or it is not for us. Each edit
gives a post another id; asked for by an old one it comes as it was, with the ids of all versions.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from rules.model import Post
from watcher.backends.formats.parsed import UnreadableError
from watcher.backends.formats.values import records, words
from watcher.backends.formats.x import X, is_snowflake
from watcher.backends.interface import BackendError, KnownPost, Page
from watcher.backends.x.client import XClient
from watcher.backends.x.spending import Purse, SpentError

AT_ONCE = 100
"""Posts: the most that X gives with one lookup."""
_NOT_THERE = "Not Found Error"


def revisit(client: XClient, purse: Purse, format_: X, posts: Sequence[KnownPost]) -> Page:
    """Return what became of posts; see `Revisiting.revisit`. Raises `BackendError`."""
    asked = {newest: post for post in posts if (newest := _newest((*post.aliases, post.id)))}
    if not asked:
        return Page(posts=(), cursor="", more=False)
    first = _ask(client, purse, list(asked))
    answers = [first]
    if later := _later_versions(first):
        with suppress(SpentError):  # what is known now was paid for: the edits wait
            answers.append(_ask(client, purse, later))
    known = {post.id for post in posts}
    current: dict[str, Post] = {}
    for answer in answers:
        try:
            items, _ = format_.each(answer)
        except UnreadableError:
            raise BackendError(
                f"what {client.host} answered is no list of posts", kind="broken"
            ) from None
        current |= {one.post.id: one.post for one in items if one.post and one.post.id in known}
    gone = [id_ for id_ in _not_there(first) if id_ in asked and asked[id_].id not in current]
    if gone and not current:
        client.usage()  # costs nothing, and fails where the app is not let in any more
    return Page(
        posts=tuple(current.values()),
        cursor="",
        more=False,
        deleted=tuple(asked[id_].id for id_ in gone),
    )


def _ask(client: XClient, purse: Purse, ids: Sequence[str]) -> dict[str, Any]:
    with purse.reading(len(ids), least=len(ids)) as booking:
        answer = client.posts(ids)
        data = answer.get("data", [])
        booking.used = min(len(data), booking.granted) if isinstance(data, list) else 0
    if "data" not in answer and not isinstance(answer.get("errors"), list):
        raise BackendError(f"what {client.host} answered is no list of posts", kind="broken")
    return answer


def _newest(ids: Sequence[str]) -> str:
    """Return the id of the newest version that is known of a post; empty where none is an id."""
    return max(filter(is_snowflake, ids), key=int, default="")


def _later_versions(answer: dict[str, Any]) -> list[str]:
    """Return the ids under which posts of an answer read as they do now, where those are others."""
    later = []
    for item in records(answer.get("data")):
        history = item.get("edit_history_tweet_ids")
        if isinstance(history, list):
            newest = _newest([one for one in history[:50] if isinstance(one, str)])
            if newest and newest != item.get("id"):
                later.append(newest)
    return later[:AT_ONCE]


def _not_there(answer: dict[str, Any]) -> list[str]:
    """Return the ids of which X says that it has no such post; not those that are not for us."""
    return [
        words(error.get("value") or error.get("resource_id"))
        for error in records(answer.get("errors"))
        if words(error.get("title")) == _NOT_THERE
        and words(error.get("parameter")) == "ids"
        and words(error.get("resource_type")) in ("tweet", "")
    ]
