"""The ledger of batch jobs: what is to be done, what is done, and what was found.

The hits of a shard come in portions, so that nobody waits long for their turn to write, and count
from the transaction on that brings the last of them: with it the shard is done. Each driver of a
job has a turn of its own; what a former one still brings, after somebody resumed or cancelled the
job, is refused.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    cast,
    delete,
    func,
    insert,
    select,
    update,
)

from watcher.store.columns import storable_key
from watcher.store.database import Database
from watcher.store.errors import NoSuchRecordError, StoreError
from watcher.store.job_records import (
    Found,
    HitRecord,
    JobRecord,
    JobState,
    ShardCounts,
    ShardRecord,
)
from watcher.store.schema import hits, jobs, shards

_AT_ONCE: Final = 1_000
_PORTION: Final = 5_000
"""Hits that a transaction brings, reads or removes: tenths of a second, for which others wait."""
_LOCK: Final = 0x6C6564676572
_UNDONE: Final = {"records": None, "skipped": None, "hits": None, "done": None}


class OvertakenError(StoreError):
    """A job was cancelled, or another driver goes on with it."""


class Jobs(Database):
    """The part of the store that keeps batch jobs."""

    def create_job(self, kind: str, asked: str, places: Sequence[str], now: datetime) -> int:
        """Write down a job and its shards, of which none is done; return its number."""
        with self.writing() as connection:
            made = insert(jobs).values(kind=kind, asked=asked, state="stopped", created=now, by="")
            job: int = connection.execute(made.returning(jobs.c.id)).scalar_one()
            rows = ({"job": job, "number": n, "place": place} for n, place in enumerate(places, 1))
            while some := list(islice(rows, _AT_ONCE)):
                connection.execute(insert(shards), some)
            return job

    def take_job(self, job: int, by: str, now: datetime) -> int:
        """Begin a turn as the driver of a job; return the number of the turn.

        Whoever drove it before is overtaken: ask `job` first whether somebody does. Shards that
        failed are to be tried again. Raises `NoSuchRecordError`.
        """
        with self.writing() as connection:
            taken = (
                update(jobs)
                .where(jobs.c.id == job)
                .values(state="running", by=by, beat=now, ended=None, turn=jobs.c.turn + 1)
            )
            turn: int | None = connection.execute(taken.returning(jobs.c.turn)).scalar()
            if turn is None:
                raise _unknown(job)
            again = update(shards).where(shards.c.job == job, shards.c.done.is_(None))
            connection.execute(again.values(error="", failures=0))
            return turn

    def beat_job(self, job: int, turn: int, now: datetime) -> bool:
        """Give a sign of life; return whether the job is still this driver's to go on with."""
        alive = update(jobs).where(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state == "running")
        with self.writing() as connection:
            return connection.execute(alive.values(beat=now)).rowcount == 1

    def save_shard(
        self,
        job: int,
        turn: int,
        number: int,
        counts: ShardCounts,
        found: Iterable[Found],
        now: datetime,
    ) -> None:
        """Write down that a shard is done together with what it found, in place of what was there.

        Raises `OvertakenError`, and then the shard is not done, unless it was before its turn.
        """
        here = update(shards).where(shards.c.job == job, shards.c.number == number)
        with self.writing() as connection:
            _still_ours(connection, job, turn)
            connection.execute(here.values(_UNDONE))
        self._remove_hits(job, turn, "running", hits.c.shard == number)
        rows = (_hit_row(job, number, *one) for one in found)
        while len(some := list(islice(rows, _PORTION))) == _PORTION:
            with self._adding(job, turn) as connection:
                connection.execute(insert(hits), some)
        with self._adding(job, turn) as connection:
            if some:
                connection.execute(insert(hits), some)
            connection.execute(
                here.values(
                    records=counts.records,
                    skipped=counts.skipped,
                    hits=counts.hits,
                    notes=json.dumps(list(counts.notes)),
                    done=now,
                    error="",
                )
            )

    @contextmanager
    def _adding(self, job: int, turn: int) -> Iterator[Connection]:
        """Open a transaction that brings hits; on a server others write beside it."""
        with self.writing_aside(_LOCK) if self.on_server else self.writing() as connection:
            _still_ours(connection, job, turn)
            yield connection

    def _remove_hits(
        self, job: int, turn: int, state: JobState, *which: ColumnElement[bool]
    ) -> None:
        """Remove hits of a job for as long as it is in this turn and state."""
        some = select(hits.c.row).where(hits.c.job == job, *which).limit(_PORTION)
        gone = _PORTION
        while gone == _PORTION:
            with self.writing() as connection:
                _still_ours(connection, job, turn, state)
                gone = connection.execute(delete(hits).where(hits.c.row.in_(some))).rowcount

    def fail_shard(self, job: int, turn: int, number: int, error: str, failures: int) -> None:
        """Write down that a shard was given up, and why. Raises `OvertakenError`."""
        with self.writing() as connection:
            _still_ours(connection, job, turn)
            failed = update(shards).where(shards.c.job == job, shards.c.number == number)
            connection.execute(failed.values(error=error or "?", failures=failures))

    def end_job(self, job: int, turn: int, state: JobState, now: datetime) -> None:
        """End a turn; somebody who was overtaken changes nothing."""
        ended = update(jobs).where(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state == "running")
        with self.writing() as connection:
            connection.execute(ended.values(state=state, ended=now, beat=None))

    def cancel_job(self, job: int, now: datetime) -> bool:
        """Have a job go no further; its driver hears of it within seconds.

        Return whether there was anything left to cancel. Raises `NoSuchRecordError`.
        """
        with self.writing() as connection:
            state = connection.execute(select(jobs.c.state).where(jobs.c.id == job)).scalar()
            if state is None:
                raise _unknown(job)
            if state in ("done", "cancelled"):
                return False
            change = update(jobs).where(jobs.c.id == job)
            connection.execute(change.values(state="cancelled", ended=now))
            return True

    def remove_job(self, job: int) -> None:
        """Remove a job with all that it found. Raises `NoSuchRecordError`.

        Where that breaks off, it is a cancelled job of which nothing is done. Raises
        `OvertakenError` where somebody goes on with it meanwhile, who then begins anew.
        """
        with self.writing() as connection:
            change = update(jobs).where(jobs.c.id == job)
            mine = change.values(state="cancelled", turn=jobs.c.turn + 1).returning(jobs.c.turn)
            turn: int | None = connection.execute(mine).scalar()
            if turn is None:
                raise _unknown(job)
            connection.execute(update(shards).where(shards.c.job == job).values(_UNDONE))
        self._remove_hits(job, turn, "cancelled")
        with self.writing() as connection:
            _still_ours(connection, job, turn, "cancelled")
            connection.execute(delete(jobs).where(jobs.c.id == job))

    def job(self, job: int) -> JobRecord:
        """Return a job. Raises `NoSuchRecordError`."""
        found = self._jobs(jobs.c.id == job)
        if not found:
            raise _unknown(job)
        return found[0]

    def jobs(self, limit: int = 100) -> tuple[JobRecord, ...]:
        """Return the newest jobs, the newest first."""
        return self._jobs(limit=limit)

    def _jobs(self, *conditions: Any, limit: int | None = None) -> tuple[JobRecord, ...]:
        some = select(jobs.c.id).where(*conditions).order_by(jobs.c.id.desc()).limit(limit)
        # By themselves: what a job was asked, which may be megabytes, is not carried to each shard.
        sums = (
            select(
                shards.c.job,
                func.count().label("shards"),
                func.count(shards.c.done).label("done"),
                func.count().filter(shards.c.error != "", shards.c.done.is_(None)).label("failed"),
                func.sum(shards.c.records).label("records"),
                func.sum(shards.c.skipped).label("skipped"),
                func.sum(shards.c.hits).label("hits"),
            )
            .where(shards.c.job.in_(some))
            .group_by(shards.c.job)
            .subquery()
        )
        query = (
            # PostgreSQL's sums are of a kind that JSON does not know.
            select(
                jobs,
                *(cast(func.coalesce(one, 0), BigInteger).label(one.name) for one in sums.c[1:]),
            )
            .select_from(jobs.outerjoin(sums, sums.c.job == jobs.c.id))
            .where(jobs.c.id.in_(some))
            .order_by(jobs.c.id.desc())
        )
        with self.reading() as connection:
            return tuple(map(_job, connection.execute(query)))

    def job_shards(self, job: int) -> tuple[ShardRecord, ...]:
        """Return the shards of a job in their order."""
        query = select(shards).where(shards.c.job == job).order_by(shards.c.number)
        with self.reading() as connection:
            return tuple(map(_shard, connection.execute(query)))

    def job_hits(self, job: int) -> Iterator[HitRecord]:
        """Yield what a job found, shard by shard; it is read in steps, while others write."""
        query = (
            select(shards.c.number)
            .where(shards.c.job == job, shards.c.hits > 0)
            .order_by(shards.c.number)
        )
        with self.reading() as connection:
            found = connection.execute(query).scalars().all()
        for number in found:
            yield from self._hits_of(job, number)

    def _hits_of(self, job: int, shard: int) -> Iterator[HitRecord]:
        some = select(hits).where(hits.c.job == job, hits.c.shard == shard)
        last = 0
        while True:
            with self.reading() as connection:
                query = some.where(hits.c.row > last).order_by(hits.c.row).limit(_PORTION)
                rows = connection.execute(query).all()
            for row in rows:
                yield HitRecord(
                    shard=row.shard,
                    rule=row.rule,
                    subject=row.subject,
                    at=row.at,
                    detail=json.loads(row.detail),
                )
            if len(rows) < _PORTION:
                return
            last = rows[-1].row


def forget_hits_of(connection: Connection, account: str) -> None:
    """Erase what jobs found of an account, by its key."""
    connection.execute(delete(hits).where(hits.c.author == storable_key(account)))


def _hit_row(
    job: int, shard: int, rule: str, subject: str, at: datetime | None, detail: dict[str, Any]
) -> dict[str, Any]:
    author = detail.get("author_key")
    return {
        "job": job,
        "shard": shard,
        "rule": rule,
        "subject": subject,
        "author": author if isinstance(author, str) else "",
        "at": at,
        "detail": json.dumps(detail, ensure_ascii=True, separators=(",", ":")),
    }


def _still_ours(connection: Connection, job: int, turn: int, state: JobState = "running") -> None:
    query = select(jobs.c.turn, jobs.c.state).where(jobs.c.id == job).with_for_update()
    found = connection.execute(query).first()
    if found is None or found.turn != turn or found.state != state:
        why = "was cancelled" if found and found.state == "cancelled" else "is another's now"
        raise OvertakenError(f"job {job} {why}")


def _unknown(job: int) -> NoSuchRecordError:
    return NoSuchRecordError(f"there is no job {job}", help="`watcher jobs list` lists them")


def _job(row: Row[Any]) -> JobRecord:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's own way to a row by names
    return JobRecord(**{name: values[name] for name in JobRecord.__dataclass_fields__})


def _shard(row: Row[Any]) -> ShardRecord:
    return ShardRecord(
        number=row.number,
        place=row.place,
        records=row.records,
        skipped=row.skipped,
        hits=row.hits,
        done=row.done,
        failures=row.failures,
        error=row.error,
        notes=tuple((where, why) for where, why in json.loads(row.notes)),
    )
