"""One shard: read, matched, compared. This runs in a worker, wherever that is."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from rules.garbage import collector_at_rest
from rules.lookalike import Detector
from rules.lookalike.bands import band
from rules.model import Account, Match, Post, Suspect
from watcher.scale.model import (
    MOST_NOTES,
    Hit,
    Note,
    Pack,
    Shard,
    ShardError,
    ShardResult,
    StoppedError,
    Work,
)
from watcher.scale.reading import Piece, read
from watcher.scale.shapes import ACCOUNT_COLUMNS, POST_COLUMNS, AccountShapes, PostShapes
from watcher.scale.sought import Compiled, compiled

LONGEST_TEXT: Final = 2_000
"""Characters of a post that are kept with a hit; it is known by its key."""
MOST_WORDS: Final = 20
"""Matched words that are kept with a hit."""
MOST_REMEMBERED: Final = 200_000
"""Accounts remembered as looked at; beyond that all are forgotten, and some looked at again."""
MOST_ALIKE: Final = 250_000
"""Accounts and domains of a shard that resemble a brand: they are held until its end, since a later
form may do so more."""


class _Search(Protocol):
    @property
    def records(self) -> int: ...

    def look(self, piece: Piece) -> None: ...

    def rest(self) -> None: ...


def run_shard(
    work: Work,
    shard: Shard,
    moved: Callable[[float], None] = lambda _part: None,
    stop: Callable[[], bool] = lambda: False,
) -> ShardResult:
    """Return what a shard holds of what is looked for.

    `moved` is told the part that is done, 0 to 1, every few thousand posts; `stop` is asked then.
    The same work and shard give the same result, octet by octet. Raises `ShardError` where the
    file is gone or not the one that was planned, `StoppedError` where `stop` said so.
    """
    pack, skipped = Pack(), 0
    notes: list[Note] = []
    search: _Search
    columns: tuple[str, ...]
    with collector_at_rest():
        sought = compiled(work.sought)
    if work.kind == "backtest":
        search, shapes, columns = _Backtest(sought, work, pack), PostShapes(), POST_COLUMNS
    else:
        search, shapes, columns = _Scan(sought, work, pack), AccountShapes(), _ALL_COLUMNS
    for piece in read(shard, shapes, columns):
        if stop():
            raise StoppedError("the shard was left in its middle")
        search.look(piece)
        skipped += piece.skipped
        notes += piece.notes[: MOST_NOTES - len(notes)]
        moved(piece.part)
    search.rest()
    return ShardResult(
        number=shard.number,
        records=search.records,
        skipped=skipped,
        notes=tuple(notes),
        hits=pack.count,
        found=pack.whole(),
    )


_ALL_COLUMNS: Final[tuple[str, ...]] = (*POST_COLUMNS, *ACCOUNT_COLUMNS)


def _meant(posts: Sequence[Post], work: Work) -> Sequence[Post]:
    """Return the posts of the time that is asked for."""
    if work.since is None and work.until is None:
        return posts
    return [
        post
        for post in posts
        if (work.since is None or post.posted_at >= work.since)
        and (work.until is None or post.posted_at < work.until)
    ]


class _Backtest:
    """Every rule over every post, as they run live."""

    def __init__(self, sought: Compiled, work: Work, pack: Pack) -> None:
        self.records = 0
        self._matcher, self._work, self._pack = sought.matcher, work, pack
        self._alike = _Alike(sought.detector, pack) if sought.detector else None

    def look(self, piece: Piece) -> None:
        posts = _meant(piece.posts, self._work)
        self.records += len(posts)
        by_key = {post.key: post for post in posts}
        if len(by_key) == len(posts):
            self._add(self._matcher.match(posts), by_key)
        else:  # a post in several versions: each is matched for itself
            for post in posts:
                self._add(self._matcher.match([post]), {post.key: post})
        if self._alike:
            self._alike.accounts(_authors(posts, piece.accounts if len(posts) else ()))
            self._alike.links(posts)

    def _add(self, found: Iterable[Match], posts: dict[str, Post]) -> None:
        for match in found:
            post = posts[match.post]
            self._pack.add(Hit(match.rule, post.key, post.posted_at, _about_post(match, post)))

    def rest(self) -> None:
        if self._alike:
            self._alike.rest()


class _Scan:
    """Every account once."""

    def __init__(self, sought: Compiled, work: Work, pack: Pack) -> None:
        if sought.detector is None:
            raise ValueError("a scan without a brand finds nothing")
        self._alike, self._work = _Alike(sought.detector, pack), work

    @property
    def records(self) -> int:
        return self._alike.looked_at

    def look(self, piece: Piece) -> None:
        self._alike.accounts(_authors(_meant(piece.posts, self._work), piece.accounts))

    def rest(self) -> None:
        self._alike.rest()


def _authors(posts: Iterable[Post], others: Iterable[Account]) -> Iterable[Account]:
    yield from (post.author for post in posts)
    yield from others


class _Alike:
    """What resembles a brand: of each account and domain the form that does so most."""

    def __init__(self, detector: Detector, pack: Pack) -> None:
        self.looked_at = 0
        self._detector, self._pack = detector, pack
        self._seen: set[tuple[str, str, str]] = set()
        self._best: dict[str, tuple[float, Hit]] = {}

    def accounts(self, accounts: Iterable[Account]) -> None:
        """Look at those whose names were not looked at yet."""
        new: dict[tuple[str, str, str], Account] = {}
        for account in accounts:
            look = (account.key, account.handle, account.display_name)
            if look not in self._seen:
                new[look] = account
        self._seen |= new.keys()
        self.looked_at += len(new)
        for account in new.values():
            for suspect in self._detector.accounts((account,)):
                self._keep(suspect, account)
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.clear()

    def links(self, posts: Sequence[Post]) -> None:
        """Look at the domains that posts link to."""
        for suspect in self._detector.domains(posts):
            self._keep(suspect, None)

    def _keep(self, suspect: Suspect, account: Account | None) -> None:
        known = self._best.get(suspect.subject)
        if known is not None and suspect.score <= known[0]:
            return
        if known is None and len(self._best) >= MOST_ALIKE:
            raise ShardError(
                f"over {MOST_ALIKE:,} accounts and domains of one shard resemble a brand, such as "
                f"{suspect.brand!r} by the rule {suspect.rule!r}: begin a job in which its score "
                "is higher, or with a smaller --shard-size"
            )
        # What is told of it, not the account: of that only little is, and its text may be long.
        hit = Hit(suspect.rule, suspect.subject, None, _about_suspect(suspect, account))
        self._best[suspect.subject] = (suspect.score, hit)

    def rest(self) -> None:
        """Tell what was found, in the order in which each was met first."""
        for _score, hit in self._best.values():
            self._pack.add(hit)


def _about_post(match: Match, post: Post) -> dict[str, Any]:
    words = [post.text[start:end][:100] for start, end in match.spans[:MOST_WORDS]]
    told: dict[str, Any] = {
        "author": post.author.handle,
        "author_key": post.author.key,
        "text": post.text[:LONGEST_TEXT],
        "matched": words,
        "reason": str(match.reason)[:LONGEST_TEXT],
    }
    if post.url:
        told["url"] = post.url
    if post.private:
        told["private"] = True
    return told


def _about_suspect(suspect: Suspect, account: Account | None) -> dict[str, Any]:
    return {
        "brand": suspect.brand,
        "name": suspect.name,
        "display_name": suspect.display_name,
        "score": round(suspect.score, 4),
        "band": band(suspect.score).value,
        "techniques": list(suspect.techniques),
        "reason": str(suspect.reason),
        "evidence": [str(one) for one in suspect.evidence],
        "url": account.url if account else "",
        "author_key": account.key if account else "",
    }
