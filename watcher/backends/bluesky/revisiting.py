"""What became of posts that were read before: many at once, and one by one what is not shown.

The network leaves out of an answer what is deleted, and also the posts of who blocks us. Records
can be read by everybody, so those tell: a post is gone where its record is.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from watcher.backends.bluesky.client import NoAnswerError
from watcher.backends.bluesky.timeline import Ask
from watcher.backends.formats import UnreadableError, bluesky_views, values
from watcher.backends.interface import BackendError, KnownPost, Page

_RECORD = re.compile(
    r"at://(did:[A-Za-z0-9._:%-]+)/(app\.bsky\.feed\.(?:re)?post)/([A-Za-z0-9_.~:-]{1,512})"
)
_NOT_THERE = frozenset({"RecordNotFound", "RepoNotFound", "RepoTakendown", "RepoDeactivated"})
_SAID = ("could not locate record", "could not find repo")
"""How older servers begin to say so, under a name that says less."""


def revisit(
    ask: Ask, posts: Sequence[KnownPost], *, newest: Callable[[], Iterable[str]], source: str
) -> Page:
    """Return what became of posts; see `Revisiting.revisit`. Raises `BackendError`.

    `newest` gives the addresses of the newest posts of what the source reads.
    """
    # What a repost shows is the post of another: it goes with that, too.
    originals = {post.id: post.repost_of or post.id for post in posts}
    wanted = [uri for uri in dict.fromkeys(originals.values()) if _is_post(uri)]
    shown = _shown(ask, wanted)
    records = [uri for uri in wanted if uri not in shown]
    records += [uri for uri in originals if originals[uri] != uri and _RECORD.fullmatch(uri)]
    gone = {uri for uri in records if not _has_record(ask, uri)}
    deleted = tuple(id_ for id_, original in originals.items() if gone & {id_, original})
    if deleted and not shown and len(gone) == len(records):
        _prove_itself(ask, newest, gone)
    current = []
    for view in shown.values():
        try:
            current += bluesky_views.post(view, source=source).posts
        except UnreadableError:
            continue  # it is there; how it reads now cannot be told
    return Page(
        posts=tuple(post for post in current if post.id == originals.get(post.id)),
        cursor="",
        more=False,
        deleted=deleted,
    )


def _is_post(uri: str) -> bool:
    found = _RECORD.fullmatch(uri)
    return found is not None and found[2].endswith(".post")


def _shown(ask: Ask, uris: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the posts that the network shows us, by address."""
    if not uris:
        return {}
    answer = ask("app.bsky.feed.getPosts", uris=list(uris))
    if not isinstance(answer.get("posts"), list):
        raise BackendError("the answer holds no list of posts", kind="broken")
    views = {values.words(one.get("uri"), 2000): one for one in values.records(answer["posts"])}
    return {uri: views[uri] for uri in uris if uri in views}


def _has_record(ask: Ask, uri: str) -> bool:
    """Whether a record is where it was written, whoever may see it."""
    found = _RECORD.fullmatch(uri)
    if found is None:
        return True
    repo, collection, key = found.groups()
    try:
        ask("com.atproto.repo.getRecord", repo=repo, collection=collection, rkey=key)
    except NoAnswerError as error:
        if error.name in _NOT_THERE or error.said.lower().startswith(_SAID):
            return False
    return True


def _prove_itself(ask: Ask, newest: Callable[[], Iterable[str]], gone: set[str]) -> None:
    """Have the network show a post that it has, where it has one. Raises `BackendError`."""
    try:
        other = next((uri for uri in newest() if _is_post(uri) and uri not in gone), None)
    except BackendError as error:
        if error.kind != "gone":  # who or what is read may be gone, too
            raise
        return
    if other is not None and not _shown(ask, [other]) and not _has_record(ask, other):
        raise BackendError(
            "the network says that none of its posts is there, not even the newest", kind="broken"
        )
