"""A row of the log: some posts as octets, by our own list of fields; and what a damaged one raises.

Zipped JSON of lists, an author once however much he wrote. Texts come out as the database would
give them back: NUL and lone surrogates as U+FFFD, long identifiers cut to keys. What is read is
checked field by field: octets that do not hold posts raise `DamagedError`, and nothing else.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rules.model import Account, Post
from watcher.store.columns import in_microseconds, storable, storable_count, storable_key
from watcher.store.errors import StoreError

_VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEVEL = 1
"""Of zlib: half as large as they were; a higher level takes twice the time for a tenth less."""
_LARGEST = 64_000_000
"""Octets of a row when unzipped. `packs` stays below: four for each character."""
MOST_WRITTEN = 16_000_000
"""Characters of a row: what does not go into one goes into several."""
_LONGEST_KEY = 255
_LATEST = 10**17


class _TooMuchError(Exception):
    """More than what goes into one row."""


class DamagedError(StoreError):
    """A row of the log, or one of its posts, cannot be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """An account that a page tells of beside its posts, and the moment of which it tells."""

    account: Account
    at: datetime


@dataclass(slots=True)
class Written:
    """A post in a row of the log; `build` makes it, once it is known who wrote it."""

    author: Account
    """As the page told of the author."""
    posted_at: datetime
    fields: list[Any]

    @property
    def is_edited(self) -> bool:
        """Whether its author has changed it."""
        return self.fields[20] is not None

    @property
    def is_private(self) -> bool:
        """Whether only those may read it whom its author chose."""
        return bool(self.fields[21])

    @property
    def has_alias(self) -> bool:
        """Whether a server has a further name for it."""
        return bool(self.fields[22])

    def build(self, author: Account, source: str) -> Post:
        """Return the post, by this author."""
        f = self.fields
        return Post(
            network=f[1],
            id=f[2],
            author=author,
            text=f[3],
            posted_at=self.posted_at,
            url=f[5],
            language=f[6],
            source=source,
            links=tuple(f[7]),
            titles=tuple(f[8]),
            hashtags=tuple(f[9]),
            mentions=tuple(f[10]),
            reply_to=f[11],
            reply_to_handle=f[12],
            repost_of=f[13],
            repost_author=f[14],
            quote_of=f[15],
            media=tuple(f[16]),
            likes=f[17],
            reposts=f[18],
            replies=f[19],
            edited_at=None if f[20] is None else _moment(f[20]),
            private=f[21],
            alias=f[22],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRow:
    """What a row of the log holds."""

    posts: tuple[Written, ...]
    accounts: tuple[Seen, ...]
    damaged: int = 0
    """Posts and accounts of it that cannot be read."""
    size: int = 0
    """Octets of it, unzipped."""


def packs(
    posts: Sequence[Post], accounts: Sequence[Seen], most: int = MOST_WRITTEN
) -> Iterator[tuple[int, bytes]]:
    """Yield rows of at most about so many characters: how many of them all, in order, and octets.

    A single post is a row, however large it is.
    """
    alone = len(posts) + len(accounts) <= 1
    try:
        octets = pack(posts, accounts, None if alone else most)
    except _TooMuchError:
        half, rest = len(posts) // 2, len(accounts) // 2
        if posts and accounts:
            half, rest = len(posts), 0
        yield from packs(posts[:half], accounts[:rest], most)
        yield from packs(posts[half:], accounts[rest:], most)
    else:
        yield len(posts) + len(accounts), octets


def pack(posts: Iterable[Post], accounts: Iterable[Seen], most: int | None = None) -> bytes:
    """Return posts, and accounts beside them, as octets."""
    numbers: dict[int, int] = {}
    authors: list[Account] = []
    written = []
    for post in posts:
        author = post.author
        number = numbers.get(id(author))
        if number is None:
            number = numbers[id(author)] = len(authors)
            authors.append(author)
        written.append(_post_out(post, number))
    return packed(
        [_account_out(one) for one in authors],
        written,
        [[in_microseconds(one.at), _account_out(one.account)] for one in accounts],
        most,
    )


def packed(
    authors: list[Any], posts: list[Any], accounts: list[Any], most: int | None = None
) -> bytes:
    """Return authors, posts and accounts that are lists of fields already, as octets."""
    value = [_VERSION, authors, posts, accounts]
    text = _json(value)
    if most is not None and len(text) > most:
        raise _TooMuchError
    if "\\u0000" in text:
        text = _json(_cleaned(value))
    try:
        octets = text.encode()
    except UnicodeEncodeError:
        octets = _json(_cleaned(value)).encode()
    return zlib.compress(octets, _LEVEL)


def unpack(octets: bytes) -> LogRow:
    """Return what `pack` made octets of. Raises `DamagedError` where nothing of it can be read."""
    text = _unzipped(octets)
    authors, posts, accounts = _lists(text)
    known = _read(_account_in, authors)
    found = _read(_post_in, posts, known)
    beside = _read(_seen_in, accounts)
    return LogRow(
        posts=tuple(one for one in found if one is not None),
        accounts=tuple(one for one in beside if one is not None),
        damaged=found.count(None) + beside.count(None),
        size=len(text),
    )


def opened(octets: bytes) -> tuple[list[Any], list[Any], list[Any]]:
    """Return authors, posts and accounts of a row, as lists. Raises `DamagedError`."""
    return _lists(_unzipped(octets))


def _unzipped(octets: bytes) -> bytes:
    unzip = zlib.decompressobj()
    try:
        text = unzip.decompress(octets, _LARGEST)
    except (zlib.error, TypeError) as error:
        raise DamagedError(f"it holds no posts ({type(error).__name__})") from error
    if unzip.unconsumed_tail or not unzip.eof:
        raise DamagedError("it does not end where it should")
    return text


def _lists(text: bytes) -> tuple[list[Any], list[Any], list[Any]]:
    try:
        version, authors, posts, accounts = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedError(f"it holds no posts ({type(error).__name__})") from error
    if version != _VERSION:
        raise DamagedError("it was written by another version of the watcher")
    if not (isinstance(authors, list) and isinstance(posts, list) and isinstance(accounts, list)):
        raise DamagedError("it holds no posts")
    return authors, posts, accounts


_UNREADABLE = (ValueError, TypeError, LookupError, OverflowError, AttributeError)


def _read(read: Callable[..., Any], some: Sequence[Any], *beside: Any) -> list[Any]:
    """Return what is read of each, None where it cannot be."""
    try:  # nearly always all can be
        return [read(one, *beside) for one in some]
    except _UNREADABLE:
        return [_read_one(read, one, *beside) for one in some]


def _read_one(read: Callable[..., Any], *values: Any) -> Any:
    try:
        return read(*values)
    except _UNREADABLE:
        return None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), check_circular=False)


def _cleaned(value: Any) -> Any:
    """Return the same with every text as the database can hold it."""
    if isinstance(value, str):
        return storable(value)
    return [_cleaned(one) for one in value] if isinstance(value, list | tuple) else value


def _optional(moment: datetime | None) -> int | None:
    return None if moment is None else in_microseconds(moment)


def _key(text: str) -> str:
    return text if len(text) <= _LONGEST_KEY else storable_key(text)


def _optional_key(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST_KEY else storable_key(text)


def _account_out(one: Account) -> list[Any]:
    return [
        _key(one.network),
        _key(one.id),
        one.handle,
        one.display_name,
        one.bio,
        one.url,
        one.avatar,
        _optional(one.created),
        storable_count(one.followers),
        storable_count(one.following),
        one.bot,
        one.locked,
        one.discoverable,
        one.verified,
        one.standing,
        _optional(one.last_post),
    ]


def _post_out(post: Post, author: int) -> list[Any]:
    return [
        author,
        _key(post.network),
        _key(post.id),
        post.text,
        in_microseconds(post.posted_at),
        post.url,
        post.language,
        post.links,
        post.titles,
        post.hashtags,
        post.mentions,
        _optional_key(post.reply_to),
        post.reply_to_handle,
        _optional_key(post.repost_of),
        _key(post.repost_author),
        _optional_key(post.quote_of),
        post.media,
        storable_count(post.likes),
        storable_count(post.reposts),
        storable_count(post.replies),
        _optional(post.edited_at),
        post.private,
        _key(post.alias),
    ]


_NOTHING = type(None)
_TEXT: set[type] = {str}
_MAYBE_TEXT: set[type] = {str, _NOTHING}
_LIST: set[type] = {list}
_WHOLE: set[type] = {int}
_MAYBE_WHOLE: set[type] = {int, _NOTHING}
_TRUTH: set[type] = {bool}
_MAYBE_TRUTH: set[type] = {bool, _NOTHING}
_ACCOUNT: tuple[set[type], ...] = (
    *[_TEXT] * 7, *[_MAYBE_WHOLE] * 3, *[_MAYBE_TRUTH] * 3, _LIST, _TEXT, _MAYBE_WHOLE,
)  # fmt: skip
"""Of which types the fields of an account may be, in their order."""
_POST: tuple[set[type], ...] = (
    _WHOLE, *[_TEXT] * 3, _WHOLE, _TEXT, _MAYBE_TEXT, *[_LIST] * 4, *[_MAYBE_TEXT] * 3,
    _TEXT, _MAYBE_TEXT, _LIST, *[_MAYBE_WHOLE] * 4, _TRUTH, _TEXT,
)  # fmt: skip
_LABELS = (7, 8, 9, 10, 16)
_MOST_SHAPES = 1000
_ACCOUNT_SHAPES: set[tuple[type, ...]] = set()
_POST_SHAPES: set[tuple[type, ...]] = set()
"""The types that fields were found to have, all of them right: few, and quick to compare."""


def _learn(known: set[tuple[type, ...]], wanted: Sequence[set[type]], fields: Any) -> None:
    """Check the types of fields one by one. Raises `ValueError`."""
    if fields.__class__ is not list or len(fields) != len(wanted):
        raise ValueError
    shape = tuple(map(type, fields))
    if not all(one in types for one, types in zip(shape, wanted, strict=True)):
        raise ValueError
    if len(known) < _MOST_SHAPES:
        known.add(shape)


def _account_in(fields: Any) -> Account:
    if tuple(map(type, fields)) not in _ACCOUNT_SHAPES:
        _learn(_ACCOUNT_SHAPES, _ACCOUNT, fields)
    created, last = fields[7], fields[15]
    return Account(
        network=fields[0],
        id=fields[1],
        handle=fields[2],
        display_name=fields[3],
        bio=fields[4],
        url=fields[5],
        avatar=fields[6],
        created=None if created is None else _moment(created),
        followers=fields[8],
        following=fields[9],
        bot=fields[10],
        locked=fields[11],
        discoverable=fields[12],
        verified=_labels(fields[13]),
        standing=fields[14],
        last_post=None if last is None else _moment(last),
    )


def _labels(found: Any) -> tuple[str, ...]:
    if not all(one.__class__ is str for one in found):
        raise ValueError
    return tuple(found)


def _moment(number: Any) -> datetime:
    if number.__class__ is not int or not -_LATEST < number < _LATEST:
        raise ValueError
    return _EPOCH + timedelta(microseconds=number)


def _post_in(fields: Any, authors: Sequence[Account | None]) -> Written:
    if tuple(map(type, fields)) not in _POST_SHAPES:
        _learn(_POST_SHAPES, _POST, fields)
    for at in _LABELS:
        if fields[at]:
            _labels(fields[at])
    if fields[20] is not None:
        _moment(fields[20])
    author = authors[fields[0]] if fields[0] >= 0 else None
    if author is None:
        raise ValueError
    return Written(author, _moment(fields[4]), fields)


def _seen_in(fields: Any) -> Seen:
    at, account = fields
    return Seen(account=_account_in(account), at=_moment(at))
