"""Bluesky as the watcher sees it: posts of one query, accounts, and whom we follow."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rules.model import Account
from watcher.backends import pictures, plaintext
from watcher.backends.bluesky.login import login_file
from watcher.backends.bluesky.place import Place
from watcher.backends.bluesky.query import is_did, is_handle, read_query
from watcher.backends.bluesky.source import BlueskySource
from watcher.backends.bluesky.timeline import Timeline
from watcher.backends.formats import UnreadableError, bluesky_views, values
from watcher.backends.formats.bluesky_records import CDN
from watcher.backends.http.bounds import Bounds
from watcher.backends.http.errors import host_of
from watcher.backends.interface import (
    AVATAR_SECONDS,
    LARGEST_AVATAR,
    Author,
    BackendError,
    KnownPost,
    Notice,
    Ourselves,
    Page,
    Relation,
    TakenError,
)
from watcher.clock import utc_now

if TYPE_CHECKING:
    from watcher.backends.bluesky.client import Client

FOLLOWS = "app.bsky.graph.follow"
RECENT = 100
"""Our own newest follows, looked at beside what the network shows: it is some seconds behind."""
MOST_ACTORS = 25
"""Accounts asked about at once: the most that Bluesky takes."""
MOST_POSTS = 25
"""Posts asked about at once, likewise."""
_PICTURES = Bounds(seconds=AVATAR_SECONDS, connect=AVATAR_SECONDS, octets=LARGEST_AVATAR)
_SEARCHED = 100
"""Accounts asked for by one search."""
_LONGEST_SEARCH = 300

_PICTURE = re.compile(
    r"https?://[^/?#]+/img/avatar[a-z_]*/plain/(did:[A-Za-z0-9._:%-]+)/(\w+)((?:@\w+)?)"
)


class BlueskyNetwork:
    """Reads one query; everything is asked of one server, as `handle` or as nobody."""

    network = "bluesky"

    def __init__(self, source: BlueskySource, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Nothing is opened yet."""
        self._source = source
        self._host = host_of(source.address)
        self._clock = clock
        self._pictures: Client | None = None

    @cached_property
    def _client(self) -> "Client":
        return self._new_client(None)

    def _new_client(self, bounds: Bounds | None) -> "Client":
        from watcher.backends.bluesky.client import Client

        source = self._source
        return Client(
            source.address,
            contact=source.contact,
            handle=source.handle,
            password=source.password,
            file=login_file(source.login_path()) if source.account else None,
            bounds=bounds,
        )

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield the posts that came since `cursor`, oldest first."""
        source = self._source
        reading = {"query": source.query, "at": self._host, "as": source.handle}
        timeline = Timeline(
            self._client.query,
            read_query(source.query),
            reading=reading,
            overlap=source.looks_back,
            source=source.name,
            resolve=self._id_of,
        )
        try:
            yield from timeline.pages(cursor)
        except BackendError as error:
            if error.kind != "gone" or not timeline.actor:
                raise
            if not (why := self._why_left(timeline.actor)):
                raise
            left = (timeline.actor,)
            yield Page(posts=(), cursor=Place().dump(reading), more=False, departed=left)
            raise BackendError(
                f"{self._host} shows no posts of {source.query} any more: the account {why}",
                kind="gone",
            ) from None

    def _why_left(self, did: str) -> str:
        """Return why an account is not shown; empty where it is, or where no account is.

        A server that shows nobody at all tells of none.
        """
        from watcher.backends.bluesky.client import NoAnswerError

        try:
            self.profile(did)
        except NoAnswerError as error:
            if error.kind != "gone":
                raise
            if why := hidden(error):
                return why
        else:
            return ""
        if self._source.account:
            self.profile(self._client.did)
        return "is not there"

    def check(self) -> str:
        """Ask for one post, and for the list or feed itself where one is read."""
        query = read_query(self._source.query)
        if "list" in query.params:  # of a list that is none the server shows no posts, and no more
            self._client.query("app.bsky.graph.getList", limit=1, list=query.params["list"])
        self._client.query(query.method, limit=1, **query.params)
        who = self._source.handle
        return f"{self._host} answers {f'@{who}' if who else 'without an account'}"

    @property
    def revisits_at_once(self) -> int:
        """How many posts may be asked about now; 0 where nothing can be spared for it."""
        return MOST_POSTS if self._client.spares(MOST_POSTS) else 0

    def revisit(self, posts: Sequence[KnownPost]) -> Page:
        """Ask what became of posts."""
        from watcher.backends.bluesky.revisiting import revisit

        return revisit(self._client.query, posts, newest=self._newest, source=self._source.name)

    def _newest(self) -> Iterator[str]:
        """Yield the addresses of the newest posts of what is read, of a stream none."""
        if self._source.is_stream:
            return
        query = read_query(self._source.query)
        answer = self._client.query(query.method, limit=MOST_POSTS, **query.params)
        for item in values.records(answer.get("posts", answer.get("feed"))):
            view = values.record(item.get("post")) or item
            yield values.words(view.get("uri"), values.LONGEST_ID)

    def close(self) -> None:
        """Let go of the connections."""
        for client in (self.__dict__.pop("_client", None), self._pictures):
            if client is not None:
                client.close()
        self._pictures = None

    def lookup(self, handle: str) -> Account | None:
        """Return the account with exactly this handle or id, None where there is none.

        Raises `TakenError` where it was taken down, or has left for a while.
        """
        wanted = handle.strip().removeprefix("@")
        wanted = wanted if is_did(wanted) else wanted.lower()
        if not is_did(wanted) and not is_handle(wanted):
            return None
        try:
            view = self.profile(wanted)
            account, _ = bluesky_views.profile(view)
        except UnreadableError:
            raise BackendError(f"what {self._host} answered is no account", kind="broken") from None
        except BackendError as error:
            if error.kind != "gone":
                raise
            if (why := hidden(error)) is None:
                return None
            raise TakenError(
                f"the name {wanted} is taken, by an account that {self._host} does not show: "
                f"it {why}"
            ) from None
        return account if wanted in (account.id, account.handle.lower()) else None

    def author(self, handle: str) -> Author | None:
        """Return the account with exactly this handle or id, and how many posts it has."""
        account = self.lookup(handle)
        if account is None:
            return None
        return Author(
            account=account, posts=values.count(self.profile(account.id).get("postsCount"))
        )

    def history(self, account: Account, place: str, most: int) -> Iterator[Page]:
        """Yield what an account wrote and passed on, back from `place`."""
        from watcher.backends.bluesky.history import history

        if not is_did(account.id):
            raise BackendError(f"{self._host} knows no account {account.id[:100]!r}", kind="gone")
        yield from history(self._client.query, account.id, place, most, source=self._source.name)

    def profile(self, actor: str) -> dict[str, Any]:
        """Return what the network says of an account by its handle or id.

        Raises `BackendError` (gone); `hidden` then tells whether the account is there.
        """
        return self._client.query("app.bsky.actor.getProfile", actor=actor)

    def profiles(self, actors: list[str]) -> list[tuple[Account, frozenset[str]]]:
        """Return the accounts of handles or ids, with their labels; unknown ones are left out."""
        found = []
        for start in range(0, len(actors), MOST_ACTORS):
            some = actors[start : start + MOST_ACTORS]
            answer = self._client.query("app.bsky.actor.getProfiles", actors=some)
            for view in values.records(answer.get("profiles")):
                try:
                    found.append(bluesky_views.profile(view))
                except UnreadableError:
                    continue  # an account without an id is none that could be asked for
        return found

    def search_accounts(self, text: str, limit: int) -> tuple[Account, ...]:
        """Return accounts whose handle or display name contains the text, at most `limit`."""
        wanted = plaintext.fold(text).strip()
        if not wanted or limit <= 0 or len(wanted) > _LONGEST_SEARCH or "\0" in text:
            return ()
        answer = self._client.query(
            "app.bsky.actor.searchActors",
            q=plaintext.storable(text).strip().lower(),
            limit=_SEARCHED,
        )
        found: dict[str, Account] = {}
        for view in values.records(answer.get("actors")):
            try:
                account, _ = bluesky_views.profile(view)
            except UnreadableError:
                continue
            if wanted in plaintext.fold(account.handle) or wanted in plaintext.fold(
                account.display_name
            ):
                found.setdefault(account.id, account)
        return tuple(found.values())[:limit]

    def avatar(self, account: Account) -> bytes | None:
        """Return the account's picture; None where there is none.

        An address names the owner and the picture's checksum. By these it is asked of Bluesky's own
        store of pictures where it lies there, else of our server; never of another host.
        """
        named = _PICTURE.fullmatch(account.avatar[:1000])
        if named is None or named[1] != account.id:
            return None
        if self._pictures is None:
            self._pictures = self._new_client(_PICTURES)
        did, cid, kind = named.groups()
        try:
            if account.avatar.startswith(f"{CDN}/"):
                return pictures.picture(
                    self._pictures.page(f"{CDN}/avatar/plain/{did}/{cid}{kind}")
                )
            return pictures.picture(
                self._pictures.octets("com.atproto.sync.getBlob", did=did, cid=cid)
            )
        except BackendError as error:
            if error.kind in ("gone", "broken"):
                return None
            raise

    def ourselves(self) -> Ourselves:
        """Return our own account. Moderators speak by labels that others put on it."""
        own = self._client.did
        view = self.profile(own)
        account, _ = bluesky_views.profile(view)
        given = [one for one in values.records(view.get("labels")) if one.get("src") != own]
        labels = {values.words(one.get("val"), 128): one for one in given if not one.get("neg")}
        return Ourselves(
            account=account,
            notices=tuple(
                Notice(
                    name=f"{label} {values.words(one.get('cts'), 64)}",
                    said=f"our account was labelled {' '.join(label.split())}",
                )
                for label, one in sorted(labels.items())
            ),
        )

    def relation(self, account_id: str) -> Relation:
        """Return how our account stands to this one; a block on either side is `blocked`."""
        viewer = self._viewer(account_id)
        if _blocked(viewer):
            return "blocked"
        return "following" if self._follow_record(account_id, viewer) else "none"

    def follow(self, account_id: str) -> Relation:
        """Write a record that we follow this account, unless there is one."""
        viewer = self._viewer(account_id)
        if _blocked(viewer):
            raise BackendError(
                f"@{self._source.handle} and {account_id} do not see each other: "
                "one has blocked the other",
                kind="refused",
            )
        if not self._follow_record(account_id, viewer):
            now = self._clock().astimezone(UTC).isoformat(timespec="milliseconds")
            self._client.change(
                "com.atproto.repo.createRecord",
                {
                    "repo": self._client.did,
                    "collection": FOLLOWS,
                    "record": {
                        "$type": FOLLOWS,
                        "subject": account_id,
                        "createdAt": now.replace("+00:00", "Z"),
                    },
                },
            )
        return "following"

    def unfollow(self, account_id: str) -> None:
        """Take back every record that we follow this account."""
        viewer = self._viewer(account_id)
        for _ in range(RECENT):  # another program may have written it twice
            key = self._follow_record(account_id, viewer)
            if not key:
                return
            self._client.change(
                "com.atproto.repo.deleteRecord",
                {"repo": self._client.did, "collection": FOLLOWS, "rkey": key},
            )

    def _id_of(self, handle: str) -> str | None:
        """Return the id of whoever has a handle, None where nobody has."""
        name = handle.removeprefix("@")
        if is_did(name):
            return name
        account = self.lookup(name)
        return account.id if account else None

    def _viewer(self, account_id: str) -> dict[str, Any]:
        """Return how the network says we stand to an account. Raises `BackendError` (gone)."""
        view: dict[str, Any] = {}
        if is_did(account_id):
            self._client.did  # noqa: B018 - whoever is nobody stands to nobody
            answer = self._client.query("app.bsky.actor.getProfiles", actors=[account_id])
            profiles = values.records(answer.get("profiles"))
            view = next((one for one in profiles if one.get("did") == account_id), {})
        if not view:
            raise BackendError(f"{self._host} knows no account {account_id[:100]!r}", kind="gone")
        return values.record(view.get("viewer"))

    def _follow_record(self, account_id: str, viewer: dict[str, Any]) -> str:
        """Return the key of our record of a follow, as our own repository has it; empty for none.

        What the network shows of it is some seconds behind what was written.
        """
        shown = values.words(viewer.get("following")).rpartition("/")[2]
        ours = self._client.did
        if shown:
            try:
                self._client.query(
                    "com.atproto.repo.getRecord", repo=ours, collection=FOLLOWS, rkey=shown
                )
            except BackendError as error:
                if error.kind != "gone":
                    raise
            else:
                return shown
        answer = self._client.query(
            "com.atproto.repo.listRecords", repo=ours, collection=FOLLOWS, limit=RECENT
        )
        for record in values.records(answer.get("records")):
            if values.record(record.get("value")).get("subject") == account_id:
                return values.words(record.get("uri")).rpartition("/")[2]
        return ""


def hidden(error: BackendError) -> str | None:
    """Return why an account that was asked for is not shown; None where there is no such one."""
    from watcher.backends.bluesky.client import HIDDEN

    return HIDDEN.get(getattr(error, "name", ""))


def _blocked(viewer: dict[str, Any]) -> bool:
    """Return whether either has blocked the other, by themselves or through a list."""
    return bool(viewer.get("blockedBy") or viewer.get("blocking") or viewer.get("blockingByList"))
