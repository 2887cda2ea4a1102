"""Posts of another network written into the microblog, each once however often it is asked."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rules.model import Account, Post
from watcher.backends.interface import Page, Skipped
from watcher.backends.local.microblog import LONGEST_TEXT, Change, Microblog, NewPost, Profile

NOBODY = "somebody"
"""Writes what has no author."""


@dataclass(slots=True)
class Imported:
    """What an import did."""

    new: int = 0
    known: int = 0
    """Posts that an earlier import had brought."""
    skipped: int = 0
    first_skipped: tuple[Skipped, ...] = ()


def import_pages(microblog: Microblog, pages: Iterable[Page], now: datetime) -> Imported:
    """Write every post, in the order given, a page at a time; return what was done.

    An answer or repost finds its original where that was imported, too; a repost whose original is
    not there is written as a post. `now` is when accounts appear that do not say since when they
    exist. Raises `BackendError`; pages written before stay.
    """
    done = Imported()
    for page in pages:
        with microblog.change() as change:
            for account in page.accounts:
                _settle(change, account, now)
            for post in page.posts:
                if _write(change, post, now):
                    done.new += 1
                else:
                    done.known += 1
        done.skipped += page.skipped_count
        done.first_skipped = (done.first_skipped + page.skipped)[:10]
    return done


def _settle(change: Change, account: Account, now: datetime) -> str:
    """Make or amend an account; return the handle it has here."""
    handle = re.sub(r"[^\w.@-]", "_", account.handle)[:250].lstrip(".@-")
    handle = handle if handle.strip("_") else NOBODY
    profile = Profile(
        display_name=account.display_name or None,
        bio=account.bio or None,
        avatar=account.avatar or None,
        created=account.created,
        bot=account.bot,
        locked=account.locked,
        discoverable=account.discoverable,
    )
    change.account(handle, now, profile)
    return handle


def _write(change: Change, post: Post, now: datetime) -> bool:
    """Write one post; False where it was known."""
    if change.post_of_ref(post.key) is not None:
        return False
    handle = _settle(change, post.author, now)
    original = _here(change, post, post.repost_of)
    if original is not None:
        change.repost(handle, original, post.posted_at, ref=post.key)
        return True
    new = NewPost(
        author=handle,
        text=post.text[:LONGEST_TEXT],
        posted_at=post.posted_at,
        language=post.language,
        reply_to=_here(change, post, post.reply_to),
        quote_of=_here(change, post, post.quote_of),
        likes=post.likes or 0,
        ref=post.key,
    )
    return change.post(new) is not None


def _here(change: Change, post: Post, other: str | None) -> str | None:
    """Return the id that another post of the same network has here."""
    return change.post_of_ref(f"{post.network}:{other}") if other else None
