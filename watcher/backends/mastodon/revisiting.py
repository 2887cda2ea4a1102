"""What became of statuses that were read before: one call for many where the server has it.

A server that answers 404 does not say why: a status may be deleted, or hidden from us because its
author blocks us or we follow the author no more. So a status is gone only where it is gone for
strangers, too, or where nothing else explains it; and a server that shows none of what it was asked
for has to show another one first, or be there for our account.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from watcher.backends.interface import BackendError, KnownPost, Page, Relation
from watcher.backends.mastodon.client import Client
from watcher.backends.mastodon.cursor import is_made_up
from watcher.backends.mastodon.features import REMEMBERED
from watcher.backends.mastodon.paging import Pages
from watcher.backends.mastodon.pull import local_id
from watcher.clock import utc_now

AT_ONCE = 20
"""Statuses that one call takes at most."""
ONE_BY_ONE = 5
"""Statuses asked about with one call of ours where the server tells of one at a time."""

_one_by_one: dict[str, datetime] = {}
"""Servers that have no call for several statuses, and when that was found out."""
_lock = Lock()


def at_once(client: Client) -> int:
    """Return how many statuses may be asked about now; 0 where nothing can be spared."""
    many = AT_ONCE if _takes_many(client.server) else ONE_BY_ONE
    return many if client.spares(many) else 0


def forget() -> None:
    """Find out anew which servers have a call for several statuses."""
    with _lock:
        _one_by_one.clear()


def _takes_many(server: str) -> bool:
    with _lock:
        found = _one_by_one.get(server)
    return found is None or utc_now() - found > REMEMBERED


class Revisit:
    """Asks one server; `newest` gives the newest statuses of what the source reads.

    `relation` tells how we stand to an account; `closed` says that all posts of the server are
    private because it is a company's own.
    """

    def __init__(
        self,
        client: Client,
        pages: Pages,
        *,
        newest: Callable[[], Sequence[Any]],
        relation: Callable[[str], Relation],
        closed: bool,
    ) -> None:
        self._client = client
        self._pages = pages
        self._newest = newest
        self._relation = relation
        self._closed = closed

    def of(self, posts: Sequence[KnownPost]) -> Page:
        """Return what became of posts; see `Revisiting.revisit`. Raises `BackendError`."""
        asked = {number: post for post in posts if (number := self._number(post))}
        found = self._together(list(asked))
        missing = self._apart([number for number in asked if number not in found], found)
        if missing and not found:
            self._prove_itself(set(missing))
        deleted = [number for number in missing if self._is_gone(asked[number], number)]
        page = self._pages.page(list(found.values()), cursor="", more=False)
        return Page(
            posts=tuple(post for post in page.posts if post.id in {one.id for one in posts}),
            cursor="",
            more=False,
            deleted=tuple(asked[number].id for number in deleted),
        )

    def _number(self, post: KnownPost) -> str:
        """Return the number that a post has on this server, empty where it is not known."""
        ours = f"{self._client.host}/"
        names = (one.removeprefix(ours) for one in (*post.aliases, post.id) if one.startswith(ours))
        return next((name for name in names if name and not is_made_up(name)), "")

    def _together(self, numbers: Sequence[str]) -> dict[str, Any]:
        """Return the statuses that the server shows when asked for all at once."""
        if len(numbers) < 2 or not _takes_many(self._client.server):
            return {}
        try:
            items = self._client.statuses_numbered(numbers)
        except BackendError as error:
            if error.kind in ("temporary", "refused"):
                raise
            with _lock:
                _one_by_one[self._client.server] = utc_now()
            return {}
        return {number: item for item in items if (number := local_id(item)) in set(numbers)}

    def _apart(self, numbers: Sequence[str], found: dict[str, Any]) -> list[str]:
        """Ask for one status after another; add what is there to `found`, return what is not."""
        missing, refused = [], None
        for number in numbers:
            try:
                status = self._client.status(number)
            except BackendError as error:
                if error.kind != "refused":
                    raise
                refused = error  # this one is not for us, the next may be
                continue
            if status is None:
                missing.append(number)
            elif local_id(status) == number:
                found[number] = status
        if refused and not found and not missing:
            raise refused
        return missing

    def _prove_itself(self, missing: set[str]) -> None:
        """Have the server show a status that it has, or at least know us. Raises `BackendError`."""
        try:
            others = [number for one in self._newest() if (number := local_id(one)) not in missing]
        except BackendError as error:
            if error.kind != "gone":  # the account or list that is read may be gone, too
                raise
            others = []
        others = [number for number in others if not is_made_up(number)]
        if others and not self._client.has_status(others[0]):
            raise BackendError(
                f"{self._client.host} says that none of its posts is there, not even the newest",
                kind="broken",
            )
        if not others and self._client.token:
            self._client.ourselves()
        elif not others:
            self._client.instance(1)  # every server has it

    def _is_gone(self, post: KnownPost, number: str) -> bool:
        """Whether a status that we are not shown is hidden from others as well."""
        if not self._client.token:
            return True
        if not post.private and (shown := self._shown_to_strangers(number)) is not None:
            return not shown
        try:
            relation = self._relation(post.author)
        except BackendError as error:
            if error.kind == "gone":
                return True  # its author is gone as well
            raise
        # What was for followers only may have been hidden from us when we ceased to be one.
        for_all = self._closed or not post.private
        return relation == "following" or (for_all and relation != "blocked")

    def _shown_to_strangers(self, number: str) -> bool | None:
        """Whether somebody without an account is shown a status; None where nobody is told."""
        stranger = self._client.stranger()
        try:
            return stranger.has_status(number)
        except BackendError as error:
            if error.kind == "temporary":
                raise
            return None
        finally:
            stranger.close()


__all__ = ["AT_ONCE", "ONE_BY_ONE", "Revisit", "at_once", "forget"]
