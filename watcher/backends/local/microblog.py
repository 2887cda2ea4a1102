"""Everything that can be done in the microblog: open accounts, post, repost, follow, delete."""

import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from watcher.backends import plaintext
from watcher.backends.interface import BackendError, Relation
from watcher.backends.local import file

LONGEST_TEXT = 1_000_000
_HANDLE = re.compile(r"\w[\w.@-]{0,252}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What an account says of itself. None leaves a thing as it is (or, at first, empty)."""

    display_name: str | None = None
    bio: str | None = None
    avatar: str | None = None
    created: datetime | None = None
    """Aware. At first: the moment the account was made."""
    bot: bool | None = None
    locked: bool | None = None
    """A locked account must agree before it is followed."""
    discoverable: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPost:
    """A post to be written. `author` is a handle; ids are those of the microblog."""

    author: str
    text: str
    posted_at: datetime
    language: str | None = None
    """A BCP 47 tag."""
    reply_to: str | None = None
    quote_of: str | None = None
    likes: int = 0
    ref: str | None = None
    """A name for the post in another system; the same name is written only once."""


class Microblog:
    """One microblog, in one file. Several programs and threads may write to it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def found(cls, path: Path, now: datetime) -> Self:
        """Return the microblog at `path`, made there if there is none. Raises `BackendError`."""
        file.create(path, now)
        return cls(path)

    @contextmanager
    def change(self) -> Iterator["Change"]:
        """Open one transaction: what is done in the block happens wholly, or not at all.

        Raises `BackendError`, as every method of `Change` does.
        """
        with file.opened(self.path) as connection, file.transaction(connection, write=True):
            yield Change(connection)

    def first_post(self) -> int:
        """Return the id of the first post ever; a post's number here counts from it. 0: none."""
        with file.opened(self.path) as connection:
            return int(connection.execute("SELECT min(id) FROM posts").fetchone()[0] or 0)


class Change:
    """What may be done inside one transaction. Handles come with or without `@`, in any case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def account(self, handle: str, now: datetime, profile: Profile | None = None) -> str:
        """Open an account, or amend the one that has this handle; return its id."""
        name = _valid_handle(handle)
        row = self._run("SELECT id FROM accounts WHERE folded_handle = ?", (fold(name),)).fetchone()
        if row is None:
            row = self._run(
                "INSERT INTO accounts (handle, folded_handle, display_name, folded_name, bio,"
                " avatar, created, bot, locked, discoverable)"
                " VALUES (?, ?, '', '', '', '', ?, 0, 0, 1) RETURNING id",
                (name, fold(name), file.as_number(now)),
            ).fetchone()
        if profile is not None:
            self._amend(row["id"], profile)
        return str(row["id"])

    def _amend(self, account: int, profile: Profile) -> None:
        name = profile.display_name
        values: dict[str, str | int | None] = {
            "display_name": None if name is None else plaintext.storable(name),
            "folded_name": None if name is None else fold(name),
            "bio": None if profile.bio is None else plaintext.storable(profile.bio),
            "avatar": None if profile.avatar is None else plaintext.storable(profile.avatar),
            "created": None if profile.created is None else file.as_number(profile.created),
            "bot": profile.bot,
            "locked": profile.locked,
            "discoverable": profile.discoverable,
        }
        for column, value in values.items():
            if value is not None:  # the column names are those above
                self._run(f"UPDATE accounts SET {column} = ? WHERE id = ?", (value, account))  # noqa: S608

    def rename(self, handle: str, new: str) -> None:
        """Give an account another handle; its id, posts and followers stay."""
        account, name = self.account_id(handle), _valid_handle(new)
        try:
            self._run(
                "UPDATE accounts SET handle = ?, folded_handle = ? WHERE id = ?",
                (name, fold(name), account),
            )
        except sqlite3.IntegrityError as error:
            raise BackendError(f"@{name} is taken", kind="refused") from error

    def post(self, new: NewPost) -> str | None:
        """Write a post, opening its author's account if need be; return its id.

        None where a post with this `ref` exists already.
        """
        if len(new.text) > LONGEST_TEXT:
            raise BackendError(f"a post has at most {LONGEST_TEXT:,} characters", kind="refused")
        if new.language is not None and not _LANGUAGE.fullmatch(new.language):
            raise BackendError(
                f"{new.language[:40]!r} is not the code of a language",
                kind="refused",
                help='write "fr", "en" or "pt-BR"',
            )
        author = int(self.account(new.author, new.posted_at))
        text = plaintext.storable(new.text)
        parents = [None if p is None else self.post_id(p) for p in (new.reply_to, new.quote_of)]
        row = self._run(
            "INSERT INTO posts (ref, account, text, folded, posted_at, language, reply_to,"
            " quote_of, likes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (ref) DO NOTHING RETURNING id",
            (
                *(new.ref, author, text, fold(text), file.as_number(new.posted_at)),
                *(new.language, *parents, new.likes),
            ),
        ).fetchone()
        if row is None:
            return None
        for tag in {fold(tag) for tag in plaintext.hashtags(text)}:
            self._run("INSERT INTO tags (tag, post) VALUES (?, ?)", (tag, row["id"]))
        return str(row["id"])

    def repost(self, handle: str, post: str, at: datetime, *, ref: str | None = None) -> str:
        """Repost a post, once however often it is asked; return the repost's id.

        A repost of a repost is one of the original. `ref` is as in `NewPost`.
        """
        account, original = int(self.account(handle, at)), self.post_id(post)
        row = self._run("SELECT repost_of FROM posts WHERE id = ?", (original,)).fetchone()
        original = row["repost_of"] or original
        known = self._run(
            "SELECT id FROM posts WHERE repost_of = ? AND account = ? AND NOT deleted",
            (original, account),
        ).fetchone()
        if known is None:
            known = self._run(
                "INSERT INTO posts (ref, account, text, folded, posted_at, repost_of, likes)"
                " VALUES (?, ?, '', '', ?, ?, 0) RETURNING id",
                (ref, account, file.as_number(at), original),
            ).fetchone()
        return str(known["id"])

    def delete(self, post: str) -> None:
        """Delete a post and every repost of it; replies and quotes stay, as they do elsewhere."""
        number = self.post_id(post)
        self._run("DELETE FROM tags WHERE post = ?", (number,))
        self._run(
            "UPDATE posts SET deleted = 1, text = '', folded = '' WHERE id = ? OR repost_of = ?",
            (number, number),
        )

    def follow(self, follower: str, followed: str) -> Relation:
        """Follow by handle; `requested` where the other account must agree first."""
        return self.follow_ids(self.account_id(follower), self.account_id(followed))

    def follow_ids(self, follower: int, followed: int) -> Relation:
        """Follow by account id, once however often it is asked."""
        if follower == followed:
            raise BackendError("an account cannot follow itself", kind="refused")
        blocked = self._run(
            "SELECT 1 FROM blocks WHERE blocker = ? AND blocked = ?", (followed, follower)
        ).fetchone()
        if blocked:
            raise BackendError("this account has blocked the one that follows", kind="refused")
        self._run(
            "INSERT INTO follows (follower, followed, accepted)"
            " SELECT ?, id, NOT locked FROM accounts WHERE id = ? ON CONFLICT DO NOTHING",
            (follower, followed),
        )
        (accepted,) = self._run(
            "SELECT accepted FROM follows WHERE follower = ? AND followed = ?", (follower, followed)
        ).fetchone()
        return "following" if accepted else "requested"

    def unfollow(self, follower: str, followed: str) -> None:
        """Undo a follow, or the request for one."""
        self.unfollow_ids(self.account_id(follower), self.account_id(followed))

    def unfollow_ids(self, follower: int, followed: int) -> None:
        """Undo a follow by account id."""
        self._run("DELETE FROM follows WHERE follower = ? AND followed = ?", (follower, followed))

    def accept(self, handle: str, follower: str) -> bool:
        """Let a locked account agree to be followed; False where nobody had asked."""
        changed = self._run(
            "UPDATE follows SET accepted = 1 WHERE followed = ? AND follower = ?",
            (self.account_id(handle), self.account_id(follower)),
        )
        return changed.rowcount > 0

    def block(self, handle: str, other: str) -> None:
        """Let an account block another, which ends the other's following."""
        blocker, blocked = self.account_id(handle), self.account_id(other)
        self._run("INSERT INTO blocks VALUES (?, ?) ON CONFLICT DO NOTHING", (blocker, blocked))
        self.unfollow_ids(blocked, blocker)

    def account_id(self, handle: str) -> int:
        """Return the id of the account with this handle."""
        row = self._run(
            "SELECT id FROM accounts WHERE folded_handle = ?", (fold(handle.removeprefix("@")),)
        ).fetchone()
        if row is None:
            raise BackendError(f"there is no account {_at(handle)} here", kind="gone")
        return int(row["id"])

    def post_id(self, post: str) -> int:
        """Return the id of an existing post, given by id, or by its number here (1 = the first)."""
        number = int(post) if post.isascii() and post.isdigit() and len(post) < 19 else 0
        row = self._run(
            "SELECT id FROM posts WHERE NOT deleted AND id IN"
            " (?, ? + (SELECT min(id) FROM posts) - 1)",
            (number, number),
        ).fetchone()
        if row is None:
            raise BackendError(f"there is no post {post[:40]} here", kind="gone")
        return int(row["id"])

    def post_of_ref(self, ref: str) -> str | None:
        """Return the id of the post that was written under this name, if any."""
        row = self._run("SELECT id FROM posts WHERE ref = ? AND NOT deleted", (ref,)).fetchone()
        return None if row is None else str(row["id"])


def fold(text: str) -> str:
    """Return what the microblog compares by: no case, no accents, one form of each letter."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", plaintext.storable(text).casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _valid_handle(handle: str) -> str:
    name = handle.removeprefix("@")
    if not _HANDLE.fullmatch(name):
        raise BackendError(
            f"{_at(handle)!r} cannot be a handle",
            kind="refused",
            help="use letters, digits, `_`, `.` and `-`",
        )
    return name


def _at(handle: str) -> str:
    return "@" + handle.removeprefix("@")[:80]
