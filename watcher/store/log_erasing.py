"""A row of the log without what some people wrote: by the same list of fields as `log_rows`.

It goes by the fields alone and builds no posts. What has not even the shape of a post, or names an
author whom the row does not hold, goes too where something is taken out: whose it is, cannot be
told.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.store.accounts import Key
from watcher.store.log_rows import DamagedError, opened, packed

Named = tuple[str, str, str]
"""An account as a row names it: its network, its id, and its handle, empty where it has none."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a row."""

    octets: bytes
    gone: int
    """Posts that are not in it any more."""


def authors_in(octets: bytes) -> Iterator[Named]:
    """Yield who is in a row: authors, those whose posts were passed on, accounts beside."""
    try:
        authors, posts, accounts = opened(octets)
    except DamagedError:
        return
    for found in (_author(one) for one in [*authors, *map(_beside, accounts)]):
        if found is not None:
            yield found
    for post in posts:
        if (original := _passed_on(post)) is not None:
            yield original


def without(octets: bytes, is_out: Callable[[Named], bool], originals: set[Key]) -> Left | None:
    """Return a row without what people wrote who are out; None where it holds nothing of theirs.

    `originals` are the posts taken out so far: what passes one of them on goes too. Those of this
    row are added. A row that cannot be read holds nothing that anybody could.
    """
    try:
        authors, posts, accounts = opened(octets)
    except DamagedError:
        return None
    names = [_author(one) for one in authors]
    out = {at for at, name in enumerate(names) if name and is_out(name)}
    found = bool(out)
    kept = []
    for post in posts:
        original, at = _passed_on(post), _at(post, names)
        if at in out:
            originals.add((post[1], post[2]))
        elif (original and is_out(original)) or _copied(post) in originals:
            found = True
        elif at is not None:
            kept.append(post)
    beside = [one for one in accounts if not ((name := _author(_beside(one))) and is_out(name))]
    if not found and len(beside) == len(accounts):
        return None
    used = sorted({post[0] for post in kept})
    places = {at: place for place, at in enumerate(used)}
    written = [[places[post[0]], *post[1:]] for post in kept]
    return Left(packed([authors[at] for at in used], written, beside), len(posts) - len(kept))


def _author(fields: Any) -> Named | None:
    if not isinstance(fields, list) or len(fields) < 3:
        return None
    network, id_, handle = fields[:3]
    if not (isinstance(network, str) and isinstance(id_, str) and isinstance(handle, str)):
        return None
    return network, id_, handle


def _beside(fields: Any) -> Any:
    return fields[1] if isinstance(fields, list) and len(fields) == 2 else None


def _at(post: Any, names: Sequence[Named | None]) -> int | None:
    """Return which of the row's authors wrote a post; None where it does not say, or not which."""
    if not _has_fields(post) or not (isinstance(post[1], str) and isinstance(post[2], str)):
        return None
    at = post[0]
    fine = type(at) is int and 0 <= at < len(names) and names[at] is not None
    return at if fine else None


def _has_fields(post: Any) -> bool:
    return isinstance(post, list) and len(post) > 16


def _passed_on(post: Any) -> Named | None:
    """Return whose post one passes on, where it says so."""
    if not _has_fields(post) or not isinstance(post[14], str) or not post[14]:
        return None
    return (post[1], post[14], "") if isinstance(post[1], str) else None


def _copied(post: Any) -> Key | None:
    """Return which post one passes on."""
    if not _has_fields(post) or not isinstance(post[1], str) or not isinstance(post[13], str):
        return None
    return post[1], post[13]
