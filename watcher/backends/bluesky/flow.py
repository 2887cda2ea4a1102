"""What flows by between two pages: read, sifted, its authors named, and handed over."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta

from rules.model import Account, Post
from watcher.backends.bluesky.keep import Sieve
from watcher.backends.bluesky.streams import Message
from watcher.backends.formats import Jetstream, UnreadableError
from watcher.backends.interface import BackendError, Gap, Page, Skipped

PAGE = 500
"""Posts, deletions and changes of accounts in a page, before sifting: it bounds memory."""
PAGE_CHARACTERS = 4_000_000
"""Characters of their texts."""
MOST_MET = 100_000
"""Authors of kept posts whose changes are told too; the oldest are forgotten first."""

People = Callable[[list[str]], list[tuple[Account, frozenset[str]]]]
"""Who these ids are, and which labels they gave themselves; unknown ones are left out."""


class Flow:
    """Takes messages, gives pages."""

    def __init__(self, source: str, sieve: Sieve | None, people: People | None) -> None:
        """`sieve` is None where everything is kept, `people` where nobody can be asked."""
        self._parser = Jetstream(source=source)
        self._sieve = sieve
        self._people = people
        self._met: dict[str, None] = {}
        self._clear()

    @property
    def items(self) -> int:
        """How much waits for the next page."""
        told = len(self._accounts) + len(self._deleted) + len(self._departed)
        return len(self._posts) + told + self._skipped_count

    @property
    def full(self) -> bool:
        """Whether the next page has to be taken before more is read."""
        return self.items >= PAGE or self._characters >= PAGE_CHARACTERS

    def add(self, message: Message) -> None:
        """Read a message."""
        for event in message.events:
            try:
                parsed = self._parser.parse(event)
            except UnreadableError as error:
                self._skip(f"{event.get('did', 'an event')}"[:200], str(error))
                continue
            for post in parsed.posts:
                self._add(post)
            for uri in parsed.deleted:
                self._posts.pop(uri, None)
                self._deleted[uri] = None
            for account in parsed.accounts:
                self._accounts[account.id] = account
            self._departed |= dict.fromkeys(parsed.departed)
            for note in parsed.notes:
                self._skip(str(event.get("did"))[:200], note)
        if message.unreadable:
            self._skip("the stream", message.unreadable)

    def page(
        self, cursor: str, *, more: bool, gaps: tuple[Gap, ...], behind: timedelta | None
    ) -> Page:
        """Hand over what came since the last page."""
        came = list(self._posts.values())
        kept = came if self._sieve is None else self._sieve.kept(came)
        named = self._named(kept)
        for post in named:
            self._met.pop(post.author.id, None)
            self._met[post.author.id] = None
        while len(self._met) > MOST_MET:
            del self._met[next(iter(self._met))]
        page = Page(
            posts=tuple(named),
            cursor=cursor,
            more=more,
            accounts=tuple(
                account
                for account in self._accounts.values()
                if self._sieve is None or account.id in self._met
            ),
            skipped=tuple(self._skipped),
            skipped_count=self._skipped_count,
            repeated=self._repeated,
            gaps=gaps,
            deleted=tuple(self._deleted),
            departed=tuple(self._departed),
            left_out=len(came) - len(kept),
            behind=behind,
        )
        self._clear()
        return page

    def _add(self, post: Post) -> None:
        if post.id in self._posts and post.edited_at is None:
            self._repeated += 1
            return
        self._posts[post.id] = post
        self._characters += len(post.text)
        self._deleted.pop(post.id, None)

    def _named(self, posts: Collection[Post]) -> list[Post]:
        """Return the posts with the names of their authors, as far as these can be asked for.

        Who could not be asked about may not want to be shown to strangers: such posts are private.
        """
        if self._people is None:
            return list(posts)
        unknown = list(
            dict.fromkeys(p.author.id for p in posts if not self._parser.knows(p.author.id))
        )
        if unknown:
            try:
                for account, labels in self._people(unknown):
                    self._parser.learn(account, labels)
            except BackendError:
                pass  # they are asked about again with their next posts
        return [
            self._parser.told(post)
            if self._parser.knows(post.author.id)
            else replace(post, private=True)
            for post in posts
        ]

    def _skip(self, where: str, why: str) -> None:
        self._skipped_count += 1
        if len(self._skipped) < 100:
            self._skipped.append(Skipped(where=where, why=why))

    def _clear(self) -> None:
        self._posts: dict[str, Post] = {}
        self._accounts: dict[str, Account] = {}
        self._deleted: dict[str, None] = {}
        self._departed: dict[str, None] = {}
        self._skipped: list[Skipped] = []
        self._skipped_count = self._repeated = self._characters = 0
