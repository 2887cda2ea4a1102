"""`watcher matches`: what the rules found, and what we think of it."""

from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from rules.errors import WatcherError
from watcher.cli import Settings
from watcher.cli.console import (
    PRIVATE,
    ago,
    count,
    marked,
    moment,
    print_json,
    safe,
    shown,
    stderr,
    stdout,
    unique,
)
from watcher.cli.links import defused, suspect_domains
from watcher.cli.names import DAY, NUMBER, completing, limit, meant, rule_names
from watcher.cli.rules.figures import head_of
from watcher.cli.suspects.subject import who
from watcher.store import Judgement, MatchRecord

VERDICTS = ("relevant", "irrelevant", "none", "any")
LONGEST_TEXT = 120


@click.group()
def command() -> None:
    """List what the rules found, and judge it: the rules learn from that (`rules suggest`)."""


@command.command("list")
@click.option("--rule", shell_complete=completing(rule_names), help="Only those of this rule.")
@click.option(
    "--verdict",
    type=click.Choice(VERDICTS),
    default="any",
    show_default=True,
    help="Only those judged so; none: not judged.",
)
@click.option("--since", type=DAY, help="Only those found on this day and later: 2026-03-01.")
@click.option(
    "--left-out", is_flag=True, help="Only those not told since their posts are not about a brand."
)
@limit(20)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(
    settings: Settings,
    rule: str | None,
    verdict: Literal["relevant", "irrelevant", "none", "any"],
    since: date | None,
    left_out: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List matches, those found last first."""
    with settings.opened() as (config, store):
        records = store.matches(
            _rule_called(rule, rule_names(config), store.matches(rule, limit=1)),
            verdict=verdict,
            since=_begin(since, config.timezone) if since else None,
            left_out=left_out or None,
            limit=limit + 1,
        )
        suspects = suspect_domains(store)
    records = tuple(shown(records, limit))
    if as_json:
        print_json([_as_dict(record) for record in records])
        return
    now, screen = settings.clock(), stdout()
    hidden = ["rule"] * (rule is not None or unique(r.match.rule for r in records))
    hidden += ["verdict"] * (verdict != "any")
    screen.table(
        ["id", "rule", "found", "author", "text", "verdict"],
        [
            (
                str(record.id),
                record.match.rule,
                ago(record.found, now),
                f"@{safe(record.post.author.handle, 40)}",
                _text(record, suspects),
                record.verdict or "",
            )
            for record in records
        ],
        right=("id",),
        hidden=hidden,
        less=("found", "author"),
        empty=_none_found(rule, verdict, since, left_out),
    )
    if left_out and records:
        screen.hint("", "`watcher matches relevant ID` tells one after all, and teaches")
        return
    if any(record.verdict is None for record in records):
        screen.hint("", "`watcher matches irrelevant ID` and `relevant ID` judge them")


@command.command()
@click.argument("match_id", metavar="ID", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(settings: Settings, match_id: int, as_json: bool) -> None:
    """Show one match, and all that was ever said of it."""
    with settings.opened() as (config, store):
        record = store.match(match_id)
        said = store.judgements(match_id)
        suspects = suspect_domains(store)
    if as_json:
        verdicts = [
            {"verdict": one.verdict, "note": one.note, "by": one.by, "at": one.at} for one in said
        ]
        print_json(_as_dict(record) | {"verdicts": verdicts})
        return
    post, screen = record.post, stdout()
    screen.note(f"{record.id}  {record.match.rule}  {head_of(post, config.timezone)}")
    screen.say(defused(marked(post.text, record.match.spans), suspects), "")
    for one in said:
        note = f": {safe(one.note, 400)}" if one.note else ""
        verdict = one.verdict or "taken back"
        screen.say(f"{moment(one.at, config.timezone)}  {verdict}, by {safe(one.by, 60)}{note}")
    if record.left_out:
        screen.say(f"taken for not about {safe(record.left_out, 60)}, so it was not told")
    if not said:
        screen.say("nobody has judged it")


def _text(record: MatchRecord, suspects: frozenset[str]) -> Text:
    text = defused(marked(record.post.text, record.match.spans, LONGEST_TEXT), suspects)
    return Text.assemble(f"{PRIVATE} ", text) if record.post.private else text


def _rule_called(rule: str | None, known: list[str], stored: tuple[MatchRecord, ...]) -> str | None:
    """Return the rule that was typed; one may be gone from the configuration and have matches."""
    return rule if rule is None or stored else meant(rule, known, "rule")


def _begin(day: date, zone: str) -> datetime:
    """The moment before the day begins on the clocks of a zone: what is found after it counts."""
    return datetime.combine(day, time(), ZoneInfo(zone)) - timedelta(microseconds=1)


def _none_found(rule: str | None, verdict: str, since: date | None, left_out: bool) -> str:
    if left_out:
        return "nothing was left out"
    if rule is None and verdict == "any" and since is None:
        return "no rule has found anything yet: `watcher once` reads the sources"
    return "no match fits"


def _judging(name: str, verdict: Judgement | None, words: str) -> None:
    @command.command(name, help=words)
    @click.argument("match_ids", metavar="ID...", type=NUMBER, nargs=-1, required=True)
    @click.option("--note", default="", help="Why, for whoever looks at it later.")
    @click.pass_obj
    def judge(settings: Settings, match_ids: tuple[int, ...], note: str) -> int:
        failed = 0
        rules: dict[str, None] = {}
        with settings.opened() as (_, store):
            for match_id in match_ids:
                try:
                    record = store.judge_match(match_id, verdict, note, who(), settings.clock())
                except WatcherError as error:  # the others are judged all the same
                    stderr().error(error)
                    failed = 1
                    continue
                rules[record.match.rule] = None
                text = safe(record.post.text, 60)
                stdout().say(f"{record.id}: {record.verdict or 'not judged'}: {text}")
            irrelevant = {
                rule: sum(said == "irrelevant" for _, said in store.judged(rule)) for rule in rules
            }
        for rule, number in irrelevant.items():
            if verdict == "irrelevant":
                stdout().hint(
                    f"{rule}: {count(number, 'match', 'matches')} judged irrelevant; "
                    f"`watcher rules suggest '{rule}'` proposes a change"
                )
        return failed


_judging("relevant", "relevant", "Say that a match is what the rule is for.")
_judging("irrelevant", "irrelevant", "Say that the rule should not have found it.")
_judging("unjudged", None, "Take back what was said of a match.")


def _as_dict(record: MatchRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "rule": record.match.rule,
        "key": record.post.key,
        "found": record.found,
        "posted_at": record.post.posted_at,
        "author": record.post.author.handle,
        "text": record.post.text,
        "spans": [list(span) for span in record.match.spans],
        "reason": str(record.match.reason),
        "verdict": record.verdict,
        "copy_of": record.copy_of,
        "left_out": record.left_out or None,
        "url": record.post.url,
        "private": record.post.private,
    }
