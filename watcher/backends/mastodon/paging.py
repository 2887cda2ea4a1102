"""Statuses into a page: what can be read, and what is left out and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from rules.model import Account, Post
from watcher.backends.formats import Mastodon, Parsed, UnreadableError, values
from watcher.backends.interface import Gap, Page, Skipped

FIRST_SKIPPED = 100
NOT_FOUND_BY_SEARCH = "its author asks not to be found by search"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pages:
    """How statuses of one source become posts."""

    format: Mastodon
    private: bool = False
    """Whether all of them are of a closed server."""

    def page(
        self,
        items: Sequence[Any],
        *,
        cursor: str,
        more: bool,
        repeated: int = 0,
        gaps: tuple[Gap, ...] = (),
        deleted: tuple[str, ...] = (),
        behind: timedelta | None = None,
    ) -> Page:
        """Read statuses in their order; `deleted` are local ids."""
        posts: dict[str, Post] = {}
        accounts: dict[str, Account] = {}
        skipped: list[Skipped] = []
        for item in items:
            where = _where(item)
            if asks_for_peace(item):
                skipped.append(Skipped(where=where, why=NOT_FOUND_BY_SEARCH))
                continue
            parsed = Parsed()
            try:
                post = self.format.status(values.record(item), parsed)
            except UnreadableError as error:
                skipped.append(Skipped(where=where, why=str(error)))
                continue
            repeated += post.id in posts
            posts.pop(post.id, None)  # the later form of a post is the newer one
            posts[post.id] = replace(post, private=True) if self.private else post
            accounts.update((account.key, account) for account in parsed.accounts)
            skipped += (Skipped(where=where, why=note) for note in parsed.notes)
        authors = {post.author.key for post in posts.values()}
        return Page(
            posts=tuple(posts.values()),
            cursor=cursor,
            more=more,
            accounts=tuple(a for key, a in accounts.items() if key not in authors),
            skipped=tuple(skipped[:FIRST_SKIPPED]),
            skipped_count=len(skipped),
            repeated=repeated,
            gaps=gaps,
            deleted=tuple(self.format.alias(number) for number in deleted),
            behind=behind,
        )


def asks_for_peace(item: Any) -> bool:
    """Whether the author of a status, or of what it boosts, asks not to be found by search."""
    record = values.record(item)
    boosted = values.record(record.get("reblog"))
    authors = (values.record(one.get("account")) for one in (record, boosted))
    return any(author.get("noindex") is True for author in authors)


def _where(item: Any) -> str:
    number = values.record(item).get("id")
    return f"status {number}"[:80] if isinstance(number, str | int) else "a status without an id"
