"""`watcher status`: what is watched, what waits, what went wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import click

from alerts import Channel, DigestChannel, EmailDigest, Outlet, ReportMail
from alerts.model import DeliveryState, ProposalState
from rules.model import Verdict
from watcher.cli import Settings
from watcher.cli.console import ago, count, moment, print_json, safe, stdout
from watcher.cli.standing import left_out_words, length, span, spent_words, told
from watcher.cli.suppressed import of_channel
from watcher.cli.workers import as_dict as of_worker
from watcher.clock import clock_of
from watcher.config import Config
from watcher.presence import Heartbeat, is_alive, last_heartbeat
from watcher.standing import Standing, standings
from watcher.store import (
    SkippedItem,
    SourceState,
    Status,
    Store,
    SuppressionRecord,
    WorkerRecord,
    otherwise,
)

SKIPPED_SHOWN = 3
"""Items told of each source that skipped some."""
GAPS_SHOWN = 2
"""Gaps of the last day told of each source that has some."""
LOOK_BACK = timedelta(days=1)
MOST_UNANSWERED = 1000


@dataclass(frozen=True, kw_only=True)
class View:
    """Everything that is told, read at one moment."""

    now: datetime
    """On the clock that the database goes by."""
    here: datetime
    """The same moment on this host's clock, which `beat` goes by."""
    config: Config
    status: Status
    standings: tuple[Standing, ...]
    """How each configured source stands, and was read in the last day."""
    sources: Mapping[str, SourceState]
    skipped: Mapping[str, tuple[SkippedItem, ...]]
    """What each source brought last that could not be read, newest first."""
    told: Mapping[str, datetime | None]
    """When each email channel wrote its last digest."""
    beat: Heartbeat | None
    suppressed: Mapping[str, Mapping[str, SuppressionRecord]]
    """Of each channel that mails, who gets nothing, and why."""
    unanswered: int = 0
    """Urgent digests that nobody has acknowledged, of channels that ask for it."""
    silences: int = 0
    """Silences in effect."""
    workers: tuple[WorkerRecord, ...] = ()
    """Who works on the database, on whatever host, and who was lost; those that left are left out.
    Nobody where a SQLite file serves one process."""
    backlog: Mapping[int, int] = field(default_factory=dict)
    """Posts that wait in each partition of the log."""
    log_lags: Mapping[str, timedelta] = field(default_factory=dict)
    """For how long the oldest post of each source has waited in the log."""

    @property
    def otherwise(self) -> tuple[WorkerRecord, ...]:
        """Who works by another configuration than the leader."""
        return otherwise(self.workers)

    def upcoming(self, channel: Channel) -> datetime | None:
        """Return when a channel mails next, were there something to say."""
        if isinstance(channel, DigestChannel | ReportMail):
            return channel.next_slot(self.now, self.config.timezone)
        return None

    @property
    def orphaned(self) -> dict[str, int]:
        """How many entries wait for each channel that is not configured any more."""
        known = {channel.name for channel in self.config.channels}
        return {name: n for name, n in self.status.waiting.items() if name not in known and n}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """Show what is watched, what waits, and what went wrong."""
    with settings.opened() as (config, store):
        states = {state.name: state for state in store.source_states()}
        now = clock_of(store, settings.clock)()
        view = View(
            now=now,
            here=settings.clock(),
            config=config,
            status=store.status(),
            standings=standings(config, store, now, LOOK_BACK),
            sources=states,
            skipped={name: store.skipped(name, limit=SKIPPED_SHOWN) for name in states},
            told={channel.name: store.told_until(channel.name) for channel in config.channels},
            beat=last_heartbeat(config.data),
            suppressed=_suppressed(config, store),
            unanswered=_unanswered(config, store),
            silences=len(store.silences_in_effect(now)),
            workers=tuple(one for one in store.workers(now) if one.stopped is None),
            backlog=store.figures().backlog,
            log_lags=store.log_lags(now),
        )
    if as_json:
        print_json(_as_dict(view))
        return
    stdout().say(_service_line(view), "")
    _print_workers(view)
    _print_sources(view)
    _print_channels(view)
    _print_totals(view)
    stdout().hint(*_hints(view))


def _suppressed(config: Config, store: Store) -> dict[str, dict[str, SuppressionRecord]]:
    mailing = [one for one in config.channels if isinstance(one, EmailDigest | ReportMail)]
    return {one.name: store.suppressed(one.name, one.recipients) for one in mailing}


def _unanswered(config: Config, store: Store) -> int:
    asking = {
        channel.name
        for channel in config.channels
        if isinstance(channel, DigestChannel) and (channel.escalate or channel.repeat)
    }
    if not asking:
        return 0
    return sum(one.channel in asking for one in store.unacknowledged(limit=MOST_UNANSWERED))


def _service_line(view: View) -> str:
    beat = view.beat
    if beat is None and any(one.is_alive for one in view.workers):
        return "not running in this folder; others work on the database"
    if beat is None:
        return "not running: `watcher run` starts it"
    if is_alive(beat, view.here) and beat.leader:
        since = moment(beat.started, view.config.timezone)
        return f"standing by since {since} (process {beat.pid}): {safe(beat.leader, 100)} leads"
    if is_alive(beat, view.here):
        return f"running since {moment(beat.started, view.config.timezone)} (process {beat.pid})"
    return (
        f"no sign of life for {ago(beat.beat, view.here).removesuffix(' ago')} "
        f"(process {beat.pid}): it was killed or hangs; `watcher run` takes up what was left"
    )


def _print_workers(view: View) -> None:
    """Tell who works on a database that several share, and what waits for them."""
    if view.workers:
        stdout().table(
            ["worker", "does", "since", "seen", "matched", "matches", "trouble"],
            [
                (
                    safe(f"{one.host}:{one.pid}", 80),
                    "lost" if one.is_lost else one.role,
                    ago(one.started, view.now),
                    ago(one.beat, view.now),
                    f"{one.posts:,}",
                    f"{one.matches:,}",
                    safe(one.trouble, 200),
                )
                for one in view.workers
            ],
            right=("matched", "matches"),
            less=("since", "matches"),
        )
    if view.otherwise:
        stdout().say(
            f"another configuration than the leader's: "
            f"{', '.join(safe(f'{one.host}:{one.pid}', 80) for one in view.otherwise)}; "
            "keep the file the same on every host"
        )
    if waiting := sum(view.backlog.values()):
        behind = [number for number in view.backlog.values() if number]
        oldest = max(view.log_lags.values(), default=None)
        stdout().say(
            f"waiting in the log: {count(waiting, 'post')}, in {len(behind):,} of "
            f"{count(len(view.backlog), 'partition')}"
            + (f", the oldest for {length(oldest)}" if oldest is not None else "")
        )
    if view.workers or waiting:
        stdout().say("")


def _print_sources(view: View) -> None:
    rows = [
        (
            one.source.name,
            one.source.kind,
            f"{one.state.posts:,}" if one.state else "0",
            ago(one.read_until, view.now),
            told(one, view.now),
        )
        for one in view.standings
    ]
    columns = ["source", "kind", "posts", "up to date", "state"]
    stdout().table(columns, rows, right=("posts",), empty="no [[sources]] are configured")
    for one in view.standings:
        for note in _notes(one, view):
            stdout().note(f"{one.source.name} {note}")
    stdout().say("")


def _notes(one: Standing, view: View) -> Iterator[str]:
    """Yield what the source skipped, left out, missed in the last day, and spent."""
    for item in view.skipped.get(one.source.name, ()):
        when = ago(item.at, view.now)
        yield f"skipped {safe(item.where, 120)}: {safe(item.why, 200)} ({when})"
    if one.source.enabled and one.state and one.state.failures and one.state.last_help:
        yield f"needs a look: {safe(one.state.last_help, 300)}"
    if one.coverage.left_out:
        yield f"{left_out_words(one.coverage.left_out)} (in the last day)"
    gaps = one.coverage.gaps
    for since, until, why in gaps[-GAPS_SHOWN:]:
        yield f"missed {span(since, until, view.config.timezone)}: {safe(why, 200)}"
    if len(gaps) > GAPS_SHOWN:
        more = count(len(gaps) - GAPS_SHOWN, "more gap")
        yield f"has {more}: `watcher sources list` shows them"
    if one.spent:
        yield spent_words(one.spent)


def _print_channels(view: View) -> None:
    rows = []
    for channel in view.config.channels:
        upcoming = view.upcoming(channel)
        coming = ago(upcoming, view.now) if upcoming else ""
        if (
            isinstance(channel, DigestChannel)
            and channel.send == "instant"
            and upcoming == view.now
        ):
            coming = "when found"
        rows.append(
            (
                channel.name,
                channel.kind,
                f"{view.status.waiting.get(channel.name, 0):,}",
                ago(view.told[channel.name], view.now) if upcoming else "",
                coming,
            )
        )
    columns = ["channel", "kind", "waiting", "last sent", "next"]
    stdout().table(columns, rows, right=("waiting",), empty="no [[channels]] are configured")
    for channel in view.config.channels:
        if isinstance(channel, EmailDigest | ReportMail):
            out = view.suppressed[channel.name]
            stdout().say(*of_channel(channel.name, len(channel.recipients), out))
    for name, number in view.orphaned.items():
        wait, they_are = ("waits", "it is") if number == 1 else ("wait", "they are")
        stdout().say(
            f"{number:,} {wait} for `{safe(name, 100)}`, which is not configured: put it back, "
            f"or {they_are} forgotten after {count(view.config.store.keep_days, 'day')}"
        )
    stdout().say("")


def _print_totals(view: View) -> None:
    screen, status = stdout(), view.status
    line = f"{count(status.posts, 'post')} of {count(status.accounts, 'account')}"
    if status.newest_post:
        line += f", the newest stored {ago(status.newest_post, view.now)}"
    if status.unmatched:
        line += f"; {status.unmatched:,} not matched yet"
    screen.say(line)
    beside = any(isinstance(channel, Outlet) for channel in view.config.channels)
    what = "messages" if beside else "mails"
    screen.say(
        f"{count(status.matches, 'match', 'matches')}; suspects: {_counts(status.suspects)}",
        f"{what}: {_counts(status.deliveries)}; follows: {_counts(status.proposals)}",
    )
    if status.forgotten:
        screen.say(f"{count(status.forgotten, 'person', 'people')} forgotten and kept out")


def _counts(by_state: Mapping[Any, int]) -> str:
    return ", ".join(f"{number:,} {state}" for state, number in by_state.items()) or "none"


def _hints(view: View) -> list[str]:
    """Say which command answers what stands open."""
    status, hints = view.status, []
    if not status.posts and view.beat is None:
        hints.append("`watcher check` tries everything, `watcher once` reads the sources")
    if status.suspects.get(Verdict.OPEN):
        hints.append("`watcher suspects review` judges the open suspects")
    if view.unanswered:
        hints.append(f"`watcher ack` shows {count(view.unanswered, 'urgent message')} to answer")
    if view.silences:
        hints.append(f"`watcher silence list` shows {count(view.silences, 'silence')} in effect")
    if status.proposals.get(ProposalState.PROPOSED):
        hints.append("`watcher follows list` shows the proposed follows")
    if status.deliveries.get(DeliveryState.FAILED) or status.deliveries.get(DeliveryState.PARKED):
        hints.append("`watcher deliveries list` shows the mails that failed or are parked")
    if any(view.suppressed.values()):
        hints.append("`watcher deliveries suppressed` shows the addresses that get no mail")
    return ["", *hints] if hints else []


def _as_dict(view: View) -> dict[str, Any]:
    status, beat = view.status, view.beat
    return {
        "running": is_alive(beat, view.here),
        "pid": beat.pid if beat else None,
        "last_heartbeat": beat.beat if beat else None,
        "posts": status.posts,
        "newest_post": status.newest_post,
        "unmatched": status.unmatched,
        "accounts": status.accounts,
        "matches": status.matches,
        "waiting": status.waiting,
        "not_configured": view.orphaned,
        "suspects": {str(k): v for k, v in status.suspects.items()},
        "deliveries": {str(k): v for k, v in status.deliveries.items()},
        "proposals": {str(k): v for k, v in status.proposals.items()},
        "forgotten": status.forgotten,
        "unanswered": view.unanswered,
        "silences": view.silences,
        "workers": [of_worker(one) for one in view.workers],
        "log": {
            "waiting": sum(view.backlog.values()),
            "partitions": {str(name): number for name, number in view.backlog.items()},
            "lag_seconds": {name: lag.total_seconds() for name, lag in view.log_lags.items()},
        },
        "sources": [
            {
                "name": source.name,
                "posts": source.posts,
                "last_pull": source.last_pull,
                "last_success": source.last_success,
                "last_error": source.last_error,
                "last_help": source.last_help,
                "failures": source.failures,
                "behind_seconds": source.behind.total_seconds() if source.behind else None,
                "skipped": [
                    {"at": item.at, "where": item.where, "why": item.why}
                    for item in view.skipped[source.name]
                ],
            }
            for source in view.sources.values()
        ],
        "channels": [
            {
                "name": channel.name,
                "kind": channel.kind,
                "waiting": status.waiting.get(channel.name, 0),
                "last": view.told[channel.name],
                "next": view.upcoming(channel),
                "suppressed": sorted(view.suppressed.get(channel.name, ())),
            }
            for channel in view.config.channels
        ],
    }
