"""`watcher alarms`: what the rates of the rules told of."""

from typing import Any

import click

from watcher.cli import Settings
from watcher.cli.answered import answered
from watcher.cli.console import ago, moment, print_json, safe, shown, stdout, unique
from watcher.cli.links import defused, suspect_domains
from watcher.cli.names import completing, limit, meant, rule_names
from watcher.store import AlarmRecord, Store

LONGEST_REASON = 160


@click.group()
def command() -> None:
    """List the alarms: that posts came too often, too seldom, or with something new."""


@command.command("list")
@click.option("--rule", shell_complete=completing(rule_names), help="Only those of this rule.")
@limit(20)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, rule: str | None, limit: int, as_json: bool) -> None:
    """List alarms, those raised last first."""
    with settings.opened() as (config, store):
        # A rule may be gone from the configuration and have alarms.
        if rule is not None and not store.alarms(rule, limit=1):
            rule = meant(rule, rule_names(config), "rule")
        records = tuple(shown(store.alarms(rule, limit=limit + 1), limit))
        if as_json:
            print_json(_as_dicts(records, store))
            return
        suspects = suspect_domains(store)
    now = settings.clock()
    stdout().table(
        ["id", "rule", "raised", "window ends", "answered", "what"],
        [
            (
                str(record.id),
                record.alarm.rule,
                ago(record.raised, now),
                moment(record.alarm.until, config.timezone),
                answered(record),
                defused(safe(str(record.alarm.reason), LONGEST_REASON), suspects, all_links=True),
            )
            for record in records
        ],
        right=("id",),
        hidden=["rule"] * (rule is not None or unique(one.alarm.rule for one in records)),
        less=("raised",),
        empty=f"no alarm of {rule} yet" if rule else "no rule has raised an alarm yet",
    )


def _as_dicts(records: tuple[AlarmRecord, ...], store: Store) -> list[dict[str, Any]]:
    rids = sorted({rid for one in records for rid in one.alarm.evidence})
    keys = {one.rid: one.post.key for one in store.posts_by_rid(rids)}
    return [
        {
            "id": one.id,
            "rule": one.alarm.rule,
            "kind": one.alarm.kind,
            "group": one.alarm.group,
            "raised": one.raised,
            "since": one.alarm.since,
            "until": one.alarm.until,
            "count": one.alarm.count,
            "reason": str(one.alarm.reason),
            "ended": one.ended,
            "acknowledged": one.acknowledged,
            "acknowledged_by": one.acknowledged_by,
            "posts": [keys[rid] for rid in one.alarm.evidence if rid in keys],
        }
        for one in records
    ]
