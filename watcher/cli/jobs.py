"""`watcher jobs`: back-tests and scans, how far they are and what they found."""

import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from watcher.cli import Settings
from watcher.cli.batch import ENGINE, engine_at, work_off
from watcher.cli.console import PRIVATE, ago, count, moment, print_json, safe, stderr, stdout
from watcher.cli.links import defused
from watcher.cli.names import NUMBER, MistakeError, limit
from watcher.clock import clock_of
from watcher.export import FORMATS, Format, format_of, write_file, write_stream
from watcher.scale.driving import Asked, finish, is_driven, kind_of
from watcher.scale.model import Shard
from watcher.scale.results import hits_table, merged, open_results
from watcher.store.job_records import HitRecord, JobRecord, ShardRecord

SHOWN = 20
"""Shards and records in trouble that `jobs status` shows."""
LONGEST_TEXT = 120


@click.group()
def command() -> None:
    """Back-tests and scans over archives: how far they are, and what they found."""


@command.command("list")
@limit(20)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, limit: int, as_json: bool) -> None:
    """List the jobs, the newest first."""
    with settings.opened() as (config, store):
        found = store.jobs(limit)
        now = clock_of(store, settings.clock)()
        if as_json:
            print_json([_as_dict(job, now) for job in found])
            return
        stdout().table(
            ["id", "kind", "state", "created", "rules", "shards", "hits", "skipped"],
            [
                [
                    str(job.id),
                    job.kind,
                    _state(job, now),
                    moment(job.created, config.timezone),
                    safe(Asked.load(job.asked).rules, 60),
                    f"{job.done:,} of {job.shards:,}",
                    f"{job.hits:,}",
                    f"{job.skipped:,}",
                ]
                for job in found
            ],
            right=("id", "shards", "hits", "skipped"),
            whole=("kind", "state"),
            empty="there is no job: `watcher backtest` begins one",
        )


@command.command()
@click.argument("id", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def status(settings: Settings, id: int, as_json: bool) -> None:
    """Show how far a job is, what went wrong, and what could not be read."""
    with settings.opened() as (config, store):
        job, shards = store.job(id), store.job_shards(id)
        now = clock_of(store, settings.clock)()
    if as_json:
        print_json({**_as_dict(job, now), "of_shards": [_shard_dict(one) for one in shards]})
        return
    asked = Asked.load(job.asked)
    stdout().say(f"job {job.id}: {job.kind}, {_state(job, now)}")
    driver = f"{safe(job.by)}, {ago(job.beat, now)}" if is_driven(job, now) else "nobody"
    stdout().pairs(
        [
            ("rules", safe(asked.rules, 200)),
            ("archives", safe(", ".join(asked.archives), 400)),
            ("results", safe(asked.to, 200)),
            ("begun", moment(job.created, config.timezone)),
            ("driven by", driver),
            ("shards", f"{job.done:,} of {job.shards:,} done, {job.failed:,} failed"),
            ("records", f"{job.records:,} looked at, {job.skipped:,} skipped"),
            ("hits", f"{job.hits:,}"),
        ]
    )
    failed = [shard for shard in shards if shard.error]
    for shard in failed[:SHOWN]:
        stdout().say(f"  failed: shard {shard.number} ({_name(shard)}): {safe(shard.error, 500)}")
    notes = [note for shard in shards for note in shard.notes]
    for where, why in notes[:SHOWN]:
        stdout().say(f"  skipped {safe(where, 200)}: {safe(why, 300)}")
    if len(failed) > SHOWN or job.skipped > min(len(notes), SHOWN):
        stdout().note(f"these are the first {SHOWN} of each; --json has the first of every shard")
    if job.state != "done" and not is_driven(job, now):
        stdout().hint(f"`watcher jobs resume {job.id}` goes on")


@command.command()
@click.argument("id", type=NUMBER)
@ENGINE
@click.pass_obj
def resume(settings: Settings, id: int, engine: str | None) -> int:
    """Work off what is left of a job; shards that failed are tried again."""
    with settings.opened() as (_, store):
        job = store.job(id)
        if job.left:
            with engine_at(engine) as opened:
                return work_off(settings, store, id, opened)
        ended = ""
        if job.state != "done":
            finish(store, id, clock_of(store, settings.clock)())
            ended = ": it is done"
        stdout().say(f"nothing is left of job {id}{ended}")
        return 0


@command.command()
@click.argument("id", type=NUMBER)
@click.pass_obj
def cancel(settings: Settings, id: int) -> None:
    """End a job, wherever it runs; what it found so far is kept."""
    with settings.opened() as (_, store):
        if store.cancel_job(id, clock_of(store, settings.clock)()):
            stdout().say(f"job {id} is cancelled; `watcher jobs resume {id}` would go on with it")
        else:
            stdout().say(f"job {id} had ended already")


@command.command()
@click.argument("id", type=NUMBER)
@click.pass_obj
def remove(settings: Settings, id: int) -> None:
    """Remove a job and what it found from the store. Parquet files stay."""
    with settings.opened() as (_, store):
        job = store.job(id)
        if is_driven(job, clock_of(store, settings.clock)()):
            raise MistakeError(
                f"job {id} is being worked on by {job.by}",
                help=f"`watcher jobs cancel {id}` ends it first",
            )
        store.remove_job(id)
    stdout().say(f"job {id} is removed with {count(job.hits, 'hit')}")


@command.command()
@click.argument("id", type=NUMBER)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A file that ends with .csv, .jsonl or .parquet; - or none: standard output.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="What to write.")
@click.option("--every", is_flag=True, help="What several shards found, each time.")
@click.option("--private", is_flag=True, help="Hits in private posts too.")
@click.option("--raw", is_flag=True, help="CSV for programs: formulas and all.")
@click.option("--force", is_flag=True, help="Replace the file that is there already.")
@limit(20, "At most so many; files have all, unless it is given.")
@click.pass_context
def hits(
    context: click.Context,
    id: int,
    output: Path | None,
    form: Format | None,
    every: bool,
    private: bool,
    raw: bool,
    force: bool,
    limit: int,
) -> None:
    """Show what a job found so far, or write it for other programs.

    Each finding comes once: of an account or a domain the form that resembles a brand most.
    """
    output = None if output == Path("-") else output
    settings: Settings = context.obj
    with settings.opened() as (config, store):
        job = store.job(id)
        results = open_results(Asked.load(job.asked).to, kind_of(job), store)
        chosen = _Chosen(results.hits(id), private)
        found = iter(chosen) if every else merged(chosen)
        if output is None and form is None and stdout().is_terminal:
            _show(job, found, limit, config.timezone)
        else:
            if context.get_parameter_source("limit") != ParameterSource.DEFAULT:
                found = islice(found, limit)
            _write(job, found, output, form, raw=raw, force=force)
        if chosen.hidden:
            left_out = count(chosen.hidden, "hit")
            stderr().note(f"{left_out} in private posts left out; --private shows them")
        if job.left:
            stderr().note(f"the job is not done: {count(job.left, 'shard')} left")


class _Chosen:
    """Hits, without those in private posts where these are not wanted; counts what it hides."""

    def __init__(self, found: Iterator[HitRecord], private: bool) -> None:
        self._found, self._private = found, private
        self.hidden = 0

    def __iter__(self) -> Iterator[HitRecord]:
        for hit in self._found:
            if hit.detail.get("private") and not self._private:
                self.hidden += 1
            else:
                yield hit


def _write(
    job: JobRecord,
    found: Iterator[HitRecord],
    output: Path | None,
    form: Format | None,
    *,
    raw: bool,
    force: bool,
) -> None:
    form = form or (format_of(output) if output else "csv")
    if form is None:
        raise MistakeError("the name says not what to write", help="add --format csv")
    table = hits_table(kind_of(job), found)
    if output is None:
        if form == "parquet" and sys.stdout.isatty():
            raise MistakeError("a terminal cannot show Parquet", help="add --output NAME.parquet")
        write_stream(table, sys.stdout.buffer, form, formulas=raw)
        return
    written = write_file(table, output, form, force=force, formulas=raw)
    stderr().say(f"wrote {count(written, 'row')} to {safe(str(output), 400)}")


def _show(job: JobRecord, found: Iterator[HitRecord], limit: int, zone: str) -> None:
    number = 0
    for number, hit in enumerate(found, 1):
        if number <= limit:
            _print(hit, zone)
    if number > limit:
        stderr().note(f"the first {limit:,} of {number:,} are shown; --output FILE.csv has all")
    elif number == 0:
        stdout().say(f"job {job.id} found nothing" + " yet" * bool(job.left))


def _print(hit: HitRecord, zone: str) -> None:
    detail, screen = hit.detail, stdout()
    if "score" in detail:
        name = safe(str(detail.get("name")), 100)
        head = f"{safe(hit.rule, 100)}  {detail['score']:.2f}  {name}  {safe(hit.subject, 200)}"
        screen.say(defused(head, all_hosts=True), defused(f"  {safe(detail['reason'], 300)}"))
        return
    when = moment(hit.at, zone) if hit.at else ""
    mark = f"  {PRIVATE}" if detail.get("private") else ""
    screen.say(f"{safe(hit.rule, 100)}  {when}  @{safe(detail['author'], 100)}{mark}")
    screen.say(defused(f"  {safe(detail['text'], LONGEST_TEXT)}", all_links=True))
    if detail.get("url"):
        screen.note(f"  {safe(detail['url'], 300)}")


def _state(job: JobRecord, now: datetime) -> str:
    """Return the state of a job; one whose driver is gone says so."""
    if job.state == "running" and not is_driven(job, now):
        return "broken off"
    return job.state


def _name(shard: ShardRecord) -> str:
    return safe(Shard.load(shard.number, shard.place).name, 200)


def _as_dict(job: JobRecord, now: datetime) -> dict[str, Any]:
    asked = Asked.load(job.asked)
    numbers = ("id", "kind", "shards", "done", "failed", "records", "skipped", "hits")
    return {
        **{name: getattr(job, name) for name in numbers},
        "state": _state(job, now),
        "created": job.created,
        "ended": job.ended,
        "driven_by": job.by if is_driven(job, now) else None,
        "rules": asked.rules,
        "archives": asked.archives,
        "results": asked.to,
    }


def _shard_dict(shard: ShardRecord) -> dict[str, Any]:
    place = Shard.load(shard.number, shard.place)
    return {
        "number": shard.number,
        "file": place.file,
        "start": place.start,
        "stop": place.stop,
        "records": shard.records,
        "skipped": shard.skipped,
        "hits": shard.hits,
        "done": shard.done,
        "failures": shard.failures,
        "error": shard.error,
        "notes": [{"where": where, "why": why} for where, why in shard.notes],
    }
