"""The ledger of batch jobs: what is to be done, what is done, and what was found.

A shard is done in the transaction that brings its hits. Each driver of a job has a turn of its
own; what a former one still brings, after somebody resumed or cancelled the job, is refused.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

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


class OvertakenError(StoreError):
    """A job was cancelled, or another driver goes on with it."""


class Jobs(Database):
    """The part of the store that keeps batch jobs."""

    def create_job(self, kind: str, asked: str, places: Sequence[str], now: datetime) -> int:
        """Write down a job and its shards, of which none is done; return its number."""
        with self.writing() as connection:
            made = insert(jobs).values(kind=kind, asked=asked, state="stopped", created=now, by="")
            job: int = connection.execute(made.returning(jobs.c.id)).scalar_one()
            rows = ({"job": job, "number": n, "place": place} for n, place in enumerate(places))
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

        Raises `OvertakenError`, and then nothing has changed.
        """
        with self.writing() as connection:
            _still_ours(connection, job, turn)
            here = (hits.c.job == job, hits.c.shard == number)
            connection.execute(delete(hits).where(*here))
            rows = (_hit_row(job, number, *one) for one in found)
            while some := list(islice(rows, _AT_ONCE)):
                connection.execute(insert(hits), some)
            done = update(shards).where(shards.c.job == job, shards.c.number == number)
            connection.execute(
                done.values(
                    records=counts.records,
                    skipped=counts.skipped,
                    hits=counts.hits,
                    notes=json.dumps(list(counts.notes)),
                    done=now,
                    error="",
                )
            )

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
        """Remove a job with all that it found. Raises `NoSuchRecordError`."""
        with self.writing() as connection:
            if connection.execute(delete(jobs).where(jobs.c.id == job)).rowcount == 0:
                raise _unknown(job)

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
        some = select(jobs).where(*conditions).order_by(jobs.c.id.desc()).limit(limit).subquery()
        failed = func.count().filter(shards.c.error != "", shards.c.done.is_(None))
        query = (
            select(
                some,
                func.count(shards.c.number).label("shards"),
                func.count(shards.c.done).label("done"),
                failed.label("failed"),
                func.coalesce(func.sum(shards.c.records), 0).label("records"),
                func.coalesce(func.sum(shards.c.skipped), 0).label("skipped"),
                func.coalesce(func.sum(shards.c.hits), 0).label("hits"),
            )
            .select_from(some.outerjoin(shards, shards.c.job == some.c.id))
            .group_by(*some.c)
            .order_by(some.c.id.desc())
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
        last = (-1, 0)
        while True:
            query = (
                select(hits)
                .where(
                    hits.c.job == job,
                    (hits.c.shard > last[0]) | ((hits.c.shard == last[0]) & (hits.c.row > last[1])),
                )
                .order_by(hits.c.shard, hits.c.row)
                .limit(_AT_ONCE)
            )
            with self.reading() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            for row in rows:
                yield HitRecord(
                    shard=row.shard,
                    rule=row.rule,
                    subject=row.subject,
                    at=row.at,
                    detail=json.loads(row.detail),
                )
            last = (rows[-1].shard, rows[-1].row)


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


def _still_ours(connection: Connection, job: int, turn: int) -> None:
    query = select(jobs.c.turn, jobs.c.state).where(jobs.c.id == job).with_for_update()
    found = connection.execute(query).first()
    if found is None or found.turn != turn or found.state != "running":
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
