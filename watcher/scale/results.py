"""Where the hits of a job go: into the store beside its ledger, or into a folder of Parquet files.

A file appears when it is whole and on the disk, and before the ledger says that its shard is done:
after a crash between the two the shard is worked on again, and its file replaced by the same.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from watcher.export import Column, Table, Value, write_file
from watcher.scale.model import Hit, Kind, ScaleError, ShardResult
from watcher.store import Store
from watcher.store.job_records import HitRecord, ShardCounts

TO_STORE: Final = "store"
FOLDER_ENDING: Final = ".parquet"

_FIRST: Final = (
    Column("shard", "integer", "Number of the shard that found it."),
    Column("rule", "text", "Name of the rule."),
)
_OF_POSTS: Final = (
    Column("post", "text", "The post, or the account or domain that a rule took for a brand's."),
    Column("posted_at", "time", "When it was written; empty for accounts and domains."),
    Column("author_key", "text", "Key of its author."),
    Column("author", "text", "Handle of its author, without `@`."),
    Column("text", "text", "What it says, up to 2,000 characters."),
    Column("url", "text", "Its address."),
    Column("matched", "texts", "The words that matched, in the order of the text; at most 20."),
    Column("private", "boolean", "Whether only those may read it whom its author chose."),
)
_OF_SUSPECTS: Final = (
    Column("brand", "text", "The brand that it looks like."),
    Column("name", "text", "Handle or domain that resembles the brand."),
    Column("display_name", "text", "Display name of the account."),
    Column("score", "number", "How alike it is, 0 to 1."),
    Column("band", "text", "The same in a word: `high`, `medium` or `low`."),
    Column("techniques", "texts", "How the name was changed."),
    Column("evidence", "texts", "What speaks for it and against it, a sentence each."),
)
_REASON: Final = Column("reason", "text", "Why the rule found it, in one sentence.")
_SUBJECT: Final = Column("subject", "text", "Key of the account (`network:id`), or the domain.")
_URL: Final = Column("url", "text", "Address of the account.")

COLUMNS: Final[dict[Kind, tuple[Column, ...]]] = {
    "backtest": (*_FIRST, *_OF_POSTS, *_OF_SUSPECTS, _REASON),
    "scan-accounts": (*_FIRST, _SUBJECT, _URL, *_OF_SUSPECTS, _REASON),
}
_PLACES: Final = {"post": "subject", "posted_at": "at"}


class Results(Protocol):
    """Takes what shards found."""

    def begin(self) -> None:
        """Make room for a new job.

        Raises `ScaleError` where something is there already, or what writes it is not installed.
        """
        ...

    def unmake(self) -> None:
        """Take back what `begin` made: no job was begun."""
        ...

    def save(
        self, job: int, turn: int, result: ShardResult, found: Iterable[Hit], now: datetime
    ) -> None:
        """Keep what a shard found, which is read as it is kept, and write down that it is done."""
        ...

    def hits(self, job: int) -> Iterator[HitRecord]:
        """Yield what all shards that are done have found, in their order."""
        ...


def open_results(to: str, kind: Kind, store: Store) -> Results:
    """Return where results go: `store`, or a folder whose name ends with `.parquet`.

    Raises `ScaleError` for anything else, and where the folder cannot be made.
    """
    if to == TO_STORE:
        return _InStore(store)
    if not to.endswith(FOLDER_ENDING) or "://" in to:
        raise ScaleError(
            f"{to[:200]!r} is no place for results",
            help="write store, or a folder of this machine that ends with .parquet",
        )
    return _InFolder(Path(to), kind, store)


class _InStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self) -> None:
        """The ledger itself keeps jobs apart."""

    def unmake(self) -> None:
        """Nothing was made."""

    def save(
        self, job: int, turn: int, result: ShardResult, found: Iterable[Hit], now: datetime
    ) -> None:
        self._store.save_shard(job, turn, result.number, _counts(result), found, now)

    def hits(self, job: int) -> Iterator[HitRecord]:
        return self._store.job_hits(job)


class _InFolder:
    def __init__(self, folder: Path, kind: Kind, store: Store) -> None:
        self._folder, self._kind, self._store = folder, kind, store

    def begin(self) -> None:
        """Make the folder: files of another job would be replaced, or mixed with those of this."""
        from watcher.scale import arrow

        arrow.library()  # else the first shard would find out that there is none
        try:
            self._make()
        except FileExistsError as error:  # of two jobs begun at once, one makes it
            raise ScaleError(
                f"there is {self._folder} already, perhaps with the results of another job",
                help="name another folder, or remove that one",
            ) from error

    def unmake(self) -> None:
        """Remove the folder, which is empty; not what somebody else put there meanwhile."""
        with suppress(OSError):
            self._folder.rmdir()

    def _make(self) -> None:
        """Make the folder. Raises `FileExistsError`, and `ScaleError` where it cannot be made."""
        try:
            self._folder.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            raise
        except OSError as error:
            raise ScaleError(f"{self._folder} cannot be made: {error.strerror}") from error

    def save(
        self, job: int, turn: int, result: ShardResult, found: Iterable[Hit], now: datetime
    ) -> None:
        with suppress(FileExistsError):  # a job may be resumed on another machine
            self._make()
        rows = (_record(result.number, hit) for hit in found)
        write_file(hits_table(self._kind, rows), self._file(result.number), "parquet", force=True)
        _flush(self._folder)
        self._store.save_shard(job, turn, result.number, _counts(result), (), now)

    def _file(self, number: int) -> Path:
        return self._folder / f"shard-{number:06}.parquet"

    def hits(self, job: int) -> Iterator[HitRecord]:
        from watcher.scale import parquet

        columns = [column.name for column in COLUMNS[self._kind]]
        for shard in self._store.job_shards(job):
            if shard.done is None:
                continue
            file = str(self._file(shard.number))
            for _, row in parquet.rows(file, 0, len(parquet.row_groups(file)), columns):
                yield _read(row)


def _flush(folder: Path) -> None:
    """Have the name of a new file on the disk, as the file itself is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _counts(result: ShardResult) -> ShardCounts:
    return ShardCounts(
        records=result.records, skipped=result.skipped, hits=result.hits, notes=result.notes
    )


def _record(shard: int, hit: Hit) -> HitRecord:
    return HitRecord(shard=shard, rule=hit.rule, subject=hit.subject, at=hit.at, detail=hit.detail)


def _read(row: dict[str, Any]) -> HitRecord:
    subject = row.pop("subject", None) or row.pop("post", None)
    shard, rule, at = row.pop("shard"), row.pop("rule"), row.pop("posted_at", None)
    detail = {name: value for name, value in row.items() if value is not None}
    # a list is never None: those of the other kind of finding are taken out
    for column in _OF_SUSPECTS if "score" not in detail else _OF_POSTS:
        if column.type == "texts":
            detail.pop(column.name, None)
    if "score" in detail:
        detail.setdefault("author_key", "" if subject.startswith("domain:") else subject)
    return HitRecord(shard=shard, rule=rule, subject=subject, at=at, detail=detail)


def hits_table(kind: Kind, hits: Iterable[HitRecord]) -> Table:
    """Return hits as a table to be written."""
    columns = COLUMNS[kind]
    make = [_cell(column) for column in columns]
    return Table("hits", columns, (tuple(one(hit) for one in make) for hit in hits))


def _cell(column: Column) -> Callable[[HitRecord], Value]:
    name = _PLACES.get(column.name, column.name)
    if name in ("shard", "rule", "subject", "at"):
        return lambda hit: getattr(hit, name)
    if column.type == "texts":
        return lambda hit: tuple(hit.detail.get(name) or ())
    return lambda hit: hit.detail.get(name)


def merged(hits: Iterable[HitRecord]) -> Iterator[HitRecord]:
    """Yield each finding once: shards know nothing of each other.

    Of a post that several shards hold the first finding of each rule is taken; of an account or a
    domain the form that resembles a brand most, after all posts. In memory are only the keys of
    posts and what resembles a brand.
    """
    seen: set[tuple[str, str]] = set()
    best: dict[str, HitRecord] = {}
    for hit in hits:
        if "score" in hit.detail:
            known = best.get(hit.subject)
            if known is None or hit.detail["score"] > known.detail["score"]:
                best[hit.subject] = hit
        elif (hit.rule, hit.subject) not in seen:
            seen.add((hit.rule, hit.subject))
            yield hit
    yield from best.values()
