"""`watcher alarms`: what the rates of the rules told of."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import click

from rules.model import Post, Reason
from watcher.cli import Settings
from watcher.cli.answered import answered
from watcher.cli.console import ago, moment, print_json, safe, shown, stdout, unique
from watcher.cli.links import defused, suspect_domains
from watcher.cli.names import completing, limit, meant, rule_names
from watcher.store import OVER, AlarmRecord, Store, StoreError

LONGEST_REASON = 160
LONGEST_LINE = 400


@click.group()
def command() -> None:
    """The alarms: that posts came too often, too seldom, or with something new."""


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


@command.command()
@click.argument("alarm_id", metavar="ID", type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(settings: Settings, alarm_id: int, as_json: bool) -> None:
    """Show an alarm: what is unusual, what carries it, and whether it is over."""
    with settings.opened() as (config, store):
        record = store.alarm(alarm_id)
        if record is None:
            raise StoreError(
                f"there is no alarm {alarm_id}", help="`watcher alarms list` shows their numbers"
            )
        story = store.story(alarm_id)
        if as_json:
            [one] = _as_dicts((record,), store)
            print_json(one | {"story": [str(reason) for reason in story]})
            return
        suspects = suspect_domains(store)
        known = {one.rid: one.post for one in store.posts_by_rid(list(record.alarm.evidence))}
    lines = list(_told(record, story, known, config.timezone, suspects))
    stdout().say(*lines)


def _told(
    record: AlarmRecord,
    story: Sequence[Reason],
    posts: Mapping[int, Post],
    zone: str,
    suspects: Collection[str],
) -> Iterator[str]:
    """Yield what there is to say of an alarm, line by line."""
    alarm = record.alarm

    def clean(text: str) -> str:
        return str(defused(safe(text, LONGEST_LINE), suspects, all_links=True))

    yield f"{safe(alarm.rule)}: {clean(str(alarm.reason))}"
    yield from (f"  {clean(str(one))}" for one in story)
    yield f"  {moment(alarm.since, zone)} to {moment(alarm.until, zone)}"
    if alarm.kind != OVER:
        yield f"  over since {moment(record.ended, zone)}" if record.ended else "  goes on"
    if record.acknowledged and record.acknowledged_by:
        yield f"  acknowledged {answered(record)}"
    for rid in alarm.evidence:
        if (post := posts.get(rid)) is not None:
            private = " (private)" if post.private else ""
            yield f"  | @{safe(post.author.handle, 60)}{private}: {clean(post.text) or '(no text)'}"


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
