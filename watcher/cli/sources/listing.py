"""`watcher sources list`: how each source is read, what was missed, and what it may still ask."""

from datetime import datetime, timedelta
from typing import Any

import click

from watcher.cli import Settings
from watcher.cli.console import Screen, ago, count, print_json, safe, stdout
from watcher.cli.standing import left_out_words, span, spent_words, told
from watcher.standing import Spent, Standing, standings

GAPS_SHOWN = 5
"""Of each source; the others are counted."""


@click.command("list")
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=1,
    show_default=True,
    help="How far back to tell what was read and missed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, days: int, as_json: bool) -> None:
    """Show each source: what it asks, how far it was read, what was missed and why.

    Gaps are stretches of time in which posts may have been missed. What a network still allows is
    told as the running watcher, or the last `watcher once`, left it.
    """
    now = settings.clock()
    with settings.opened() as (config, store):
        found = standings(config, store, now, timedelta(days=days))
    if as_json:
        print_json([_as_dict(one, now) for one in found])
        return
    screen = stdout()
    screen.table(
        ["source", "kind", "asks", "posts", "read up to", "state"],
        [
            (
                safe(one.source.name, 100),
                one.source.kind,
                safe(one.source.asks, 200),
                f"{one.coverage.posts:,}",
                ago(one.read_until, now),
                told(one, now),
            )
            for one in found
        ],
        right=("posts",),
        less=("kind",),
        empty="no [[sources]] are configured",
    )
    if found:
        screen.note(f"posts: those that came in the last {'day' if days == 1 else f'{days} days'}")
    for one in found:
        _tell_more(screen, one, now, config.timezone)
    if found:
        screen.hint("", "`watcher sources suggest` proposes sources that the rules need")


def _tell_more(screen: Screen, one: Standing, now: datetime, zone: str) -> None:
    """Tell below the table what needs a line of its own."""
    name = safe(one.source.name, 100)
    lines = []
    if one.source.enabled and one.state and one.state.failures and one.state.last_help:
        lines.append(f"needs a look: {safe(one.state.last_help, 300)}")
    windows = one.windows
    if one.coverage.gaps and windows:
        read = ", ".join(f"{span(since, until, zone)}" for since, until in windows[-GAPS_SHOWN:])
        lines.append(f"read {read}")
    for since, until, why in one.coverage.gaps[-GAPS_SHOWN:]:
        lines.append(f"missed {span(since, until, zone)}: {safe(why, 300)}")
    if (more := len(one.coverage.gaps) - GAPS_SHOWN) > 0:
        lines.append(f"{count(more, 'more gap')} before")
    if one.coverage.skipped:
        items = count(one.coverage.skipped, "item")
        lines.append(f"skipped {items}; `watcher status` tells the last ones")
    if one.coverage.left_out:
        lines.append(left_out_words(one.coverage.left_out))
    lines += [_limit(limit.host, limit.bucket, limit.remaining, limit.limit, limit.resets, now)
              for limit in one.limits if limit.remaining is not None]  # fmt: skip
    if one.spent:
        lines.append(spent_words(one.spent))
    if lines:
        screen.say("", f"{name}:", *(f"  {line}" for line in lines))


def _limit(
    host: str,
    bucket: str,
    remaining: int | None,
    limit: int | None,
    resets: datetime | None,
    now: datetime,
) -> str:
    of = f" of {limit:,}" if limit is not None else ""
    where = f" ({safe(bucket, 80)})" if bucket else ""
    anew = f", anew {ago(resets, now)}" if resets else ""
    return f"{safe(host, 100)}{where} allows {remaining:,}{of} more requests{anew}"


def _as_dict(one: Standing, now: datetime) -> dict[str, Any]:
    state, covered = one.state, one.coverage
    return {
        "name": one.source.name,
        "kind": one.source.kind,
        "asks": one.source.asks,
        "enabled": one.source.enabled,
        "state": told(one, now),
        "posts": state.posts if state else 0,
        "last_pull": state.last_pull if state else None,
        "last_success": state.last_success if state else None,
        "read_until": one.read_until,
        "last_error": state.last_error if state else "",
        "last_help": state.last_help if state else "",
        "failures": state.failures if state else 0,
        "behind_seconds": state.behind.total_seconds() if state and state.behind else None,
        "since": covered.since,
        "until": covered.until,
        "came": covered.posts,
        "skipped": covered.skipped,
        "left_out": covered.left_out,
        "pulls": covered.pulls,
        "failed_pulls": covered.failures,
        "windows": [{"since": since, "until": until} for since, until in one.windows],
        "gaps": [{"since": a, "until": b, "why": why} for a, b, why in covered.gaps],
        "limits": [
            {
                "host": limit.host,
                "bucket": limit.bucket,
                "limit": limit.limit,
                "remaining": limit.remaining,
                "resets": limit.resets,
                "closed_until": limit.closed_until,
            }
            for limit in one.limits
        ],
        "spent": _spent_as_dict(one.spent) if one.spent else None,
    }


def _spent_as_dict(spent: Spent) -> dict[str, Any]:
    return {
        "today": spent.today,
        "of_day": spent.of_day,
        "month": spent.month,
        "of_month": spent.of_month,
        "cost_today": spent.today * spent.cost,
        "cost_month": spent.month * spent.cost,
    }
