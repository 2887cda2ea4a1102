"""`watcher spikes`: try out what a spike would have told, before it tells anybody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from rules import KeywordRule
from rules.matcher import Matcher
from rules.rates import Alarm, Event, Spike, length
from rules.rates.values import Values
from rules.signals.spoken import speaks_of
from watcher.cli import Settings
from watcher.cli.console import moment, print_json, safe, stderr, stdout
from watcher.cli.names import MistakeError, brand_names, completing, meant, rule_names
from watcher.cli.periods import days_asked, period_options
from watcher.cli.rules.subject import keyword_rule
from watcher.config import Config
from watcher.spikes.reading import read_counts, read_windows
from watcher.spikes.replay import Counts, Past, replay
from watcher.spikes.score import Marked, Score, score, unmarked
from watcher.store import Store, Wanted

BATCH = 2000
HEIGHTS = (2.0, 3.0, 5.0)
MOST_SHOWN = 10
_OF = ("posts", "authors", "negative", "reposts", "reach")


@click.group()
def command() -> None:
    """Try out what a spike would have told: how soon, and how often."""


@dataclass(frozen=True, kw_only=True)
class _Setting:
    rate: Spike
    alarms: tuple[Alarm, ...]
    score: Score


@command.command("replay")
@click.option("--rule", shell_complete=completing(rule_names), help="What this rule looks for.")
@click.option(
    "--brand",
    shell_complete=completing(brand_names),
    help="Posts that speak of this brand, as `watcher brands` counts them.",
)
@click.option("--find", metavar="EXPRESSION", help="Posts that this finds.")
@click.option(
    "--counts",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of `time,count` instead of stored posts.",
)
@period_options()
@click.option("--height", "heights", type=float, multiple=True, help="May be given several times.")
@click.option("--within", help="The length of the windows: `1h`.")
@click.option("--at-least", type=click.IntRange(2), help="A spike has so many or more.")
@click.option("--of", type=click.Choice(_OF), help="What is counted.")
@click.option("--realert", help="Stay silent for so long after an alarm.")
@click.option(
    "--windows",
    type=click.Path(path_type=Path, dir_okay=False),
    help="JSON of what happened: [[since, until], ...].",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def replay_(
    settings: Settings,
    rule: str | None,
    brand: str | None,
    find: str | None,
    counts: Path | None,
    since: date | None,
    until: date | None,
    week: bool,
    month: bool,
    heights: tuple[float, ...],
    within: str | None,
    at_least: int | None,
    of: str | None,
    realert: str | None,
    windows: Path | None,
    as_json: bool,
) -> None:
    """Judge the past as a spike would have judged it, a height at a time.

    It tells of each height how many alarms there would have been a week and how late each came: by
    the windows that a file marks, or else by the change in the counts that is seen afterwards. The
    judging is that of the watcher; nothing is stored and nobody is told.

    \b
      watcher spikes replay --brand Acme --height 2 --height 3 --height 5
      watcher spikes replay --counts mentions.csv --windows crises.json
    """  # noqa: D301 - click's own mark
    if sum(one is not None for one in (rule, brand, find, counts)) != 1:
        raise MistakeError(
            "say what to replay, and one thing only",
            help="give --rule, --brand, --find or --counts",
        )
    base = Spike()
    silence: timedelta | None = None
    zone = ZoneInfo("UTC" if counts is not None else settings.load().timezone)
    now = settings.clock()
    since, until = days_asked(now, zone, since=since, until=until, week=week, month=month)
    series: list[tuple[datetime, int]] = []
    found: list[Event] = []
    if counts is not None:
        series = _between(read_counts(counts), since, until, zone)
    else:
        config = settings.load()
        expression = find
        if brand is not None:
            brand = meant(brand, brand_names(config), "brand")
            expression = speaks_of(brand)
        known = keyword_rule(config, rule, expression if rule is None else None)
        if isinstance(known.rate, Spike):
            base, silence = known.rate, known.silence
        found = _found(settings, config, known, brand, since, until, zone)
    chosen = {"within": within, "at_least": at_least, "of": of}
    base = replace(base, direction="up", **{k: v for k, v in chosen.items() if v is not None})  # type: ignore[arg-type]
    if realert is not None:
        silence = _length("--realert", realert)
    rates = [replace(base, height=height) for height in sorted(set(heights)) or HEIGHTS]
    for rate in rates:
        for problem in rate.problems():
            raise MistakeError(f"--{problem.path[0]}: {problem.message}", help=problem.help or "")
    past = Past(found, rates[0]) if counts is None else Counts(series)
    if past.first is None and as_json:
        print_json([])
        return
    if past.first is None:
        stdout().say("There are no posts to replay.")
        return
    marked = read_windows(windows, _stem(counts)) if windows is not None else []
    results = [_setting(rate, past, past.first, past.last, marked, silence) for rate in rates]
    if as_json:
        print_json([_as_dict(one) for one in results])
        return
    _print(results, past, zone.key, marked)


def _setting(
    rate: Spike,
    past: Past | Counts,
    since: datetime,
    until: datetime,
    marked: Sequence[Marked],
    silence: timedelta | None,
) -> _Setting:
    alarms = replay(rate, past, since, until, silence=silence)
    told = (
        score((one.until for one in alarms), marked, since, until)
        if marked
        else unmarked(alarms, past, since, until)
    )
    return _Setting(rate=rate, alarms=alarms, score=told)


def _print(
    results: Sequence[_Setting], past: Past | Counts, zone: str, marked: Sequence[Marked]
) -> None:
    first, last = past.first or past.last, past.last
    screen = stdout()
    weeks = results[0].score.weeks
    screen.say(
        f"{past.total:,} posts from {moment(first, zone)} to {moment(last, zone)}, "
        f"{weeks:.1f} weeks; within {results[0].rate.within}.",
        "",
    )
    columns = ["height", "alarms", "a week"]
    columns += ["found", "false a week"] if marked else []
    screen.table(
        [*columns, "delay"],
        [_row(one, bool(marked)) for one in results],
        right=("height", "alarms", "a week", "found", "false a week", "delay"),
    )
    if weeks < 6:
        screen.say("", "Less than six weeks: what is usual is known only in part.")
    last_one = next((one for one in results if one.rate.height == 3.0), results[-1])
    if last_one.alarms:
        screen.say("", f"With height {last_one.rate.height:g}, the last of them:")
        for one in last_one.alarms[-MOST_SHOWN:]:
            screen.say(f"  {moment(one.until, zone)}  {safe(str(one.reason))}")


def _row(one: _Setting, marked: bool) -> tuple[str, ...]:
    told = one.score
    row = [f"{one.rate.height:g}", str(told.alarms), f"{told.a_week:.2f}"]
    if marked:
        row += [f"{told.found} of {told.marked}", f"{told.false_a_week or 0.0:.2f}"]
    return (*row, _span(told.delay))


def _span(delay: timedelta | None) -> str:
    if delay is None:
        return "-"
    minutes = round(delay.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _as_dict(one: _Setting) -> dict[str, Any]:
    told = one.score
    return {
        "height": one.rate.height,
        "within": one.rate.within,
        "at_least": one.rate.at_least,
        "of": one.rate.measure,
        "alarms": told.alarms,
        "weeks": round(told.weeks, 3),
        "alarms_a_week": round(told.a_week, 3),
        "marked": told.marked,
        "found": told.found,
        "found_early": told.early,
        "false_a_week": None if told.false_a_week is None else round(told.false_a_week, 3),
        "delay_seconds": None if told.delay is None else round(told.delay.total_seconds()),
        "told": [
            {"until": alarm.until, "group": alarm.group, "count": alarm.count,
             "reason": str(alarm.reason)}
            for alarm in one.alarms
        ],
    }  # fmt: skip


def _found(
    settings: Settings,
    config: Config,
    rule: KeywordRule,
    brand: str | None,
    since: date | None,
    until: date | None,
    zone: ZoneInfo,
) -> list[Event]:
    """What the rule finds in the stored posts, enabled or not, as rates look at it.

    With a brand, less what was taken for not about it.
    """
    first, end = _moments(since, until, zone)
    matcher = Matcher([replace(rule, enabled=True)], config.definitions)
    values = Values(config.definitions)
    by = getattr(rule.rate, "by", None)
    found: list[Event] = []
    with settings.opened() as (_, store), stderr().progress("reading posts") as report:
        done, total = 0, store.count_posts()
        not_about = _left_out(store, brand) if brand is not None else frozenset()
        for batch in _batches(store):
            done += len(batch)
            inside = [one for one in batch if first < one.post.posted_at <= end]
            keys = {match.post for match in matcher.match([one.post for one in inside])}
            some = [one for one in inside if one.post.key in keys - not_about]
            marks = store.marks([one.rid for one in some])
            for one in some:
                repost, followers, toned, negative = marks.get(one.rid, (False, 0, (), ()))
                post = one.post
                found.append(
                    Event(
                        at=post.posted_at,
                        rid=one.rid,
                        author=post.author.key,
                        handle=post.author.handle,
                        values={by: values.of(post, by)} if by and by != "author" else {},
                        toned=toned,
                        negative=negative,
                        repost=repost,
                        followers=followers,
                    )
                )
            report(done, total)
    return found


def _left_out(store: Store, brand: str) -> frozenset[str]:
    """Return the keys of the posts that name a brand and were taken for not about it."""
    wanted = Wanted(brand=brand, private=True)
    rows = store.export_rows("spoken", ("post", "left_out"), wanted)
    return frozenset(str(key) for key, left_out in rows if left_out)


def _batches(store: Store) -> Iterable[Sequence[Any]]:
    rid = 0
    while batch := store.posts_after(rid, BATCH):
        rid = batch[-1].rid
        yield batch


def _moments(since: date | None, until: date | None, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first = datetime.min.replace(tzinfo=UTC)
    end = datetime.max.replace(tzinfo=UTC)
    if since is not None:
        first = datetime.combine(since, time(), zone).astimezone(UTC)
    if until is not None:
        end = datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC)
    return first, end


def _between(
    series: Sequence[tuple[datetime, int]], since: date | None, until: date | None, zone: ZoneInfo
) -> list[tuple[datetime, int]]:
    first, end = _moments(since, until, zone)
    return [(at, n) for at, n in series if first <= at <= end]


def _stem(path: Path | None) -> str:
    return "" if path is None else path.name.removesuffix(".gz").rpartition(".")[0]


def _length(option: str, text: str) -> timedelta:
    try:
        return length(text)
    except ValueError:
        raise MistakeError(
            f"{option}: this is no length of time", help='write "90s", "30m", "4h" or "1d"'
        ) from None
