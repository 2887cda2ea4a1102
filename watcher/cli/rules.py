"""`watcher rules`: what the rules say, in plain words, and what they would find."""

from collections import Counter
from zoneinfo import ZoneInfo

import click

from rules import KeywordRule, LookalikeRule, Rule
from rules.language import explain
from rules.matcher import Matcher
from rules.model import Match, Post
from watcher.cli import Settings
from watcher.cli.console import (
    NOTHING_STORED,
    count,
    marked,
    moment,
    print_json,
    safe,
    stderr,
    stdout,
)
from watcher.cli.expression import understood
from watcher.cli.links import defused, suspect_domains
from watcher.cli.names import MistakeError, completing, meant, rule_names
from watcher.config import Config
from watcher.store import Store

SCAN = 2000
"""Posts read from the store at a time."""
DAYS = 14
"""The newest days with matches that are drawn."""


@click.group()
def command() -> None:
    """List, show and try the rules."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """List the rules."""
    config = settings.load()
    if as_json:
        print_json(
            [
                {
                    "name": rule.name,
                    "kind": rule.kind,
                    "find": rule.find if isinstance(rule, KeywordRule) else None,
                    "then": list(rule.then),
                    "enabled": rule.enabled,
                }
                for rule in config.rules
            ]
        )
        return
    stdout().table(
        ["rule", "kind", "tells", "looks for"],
        [
            (
                rule.name + ("" if rule.enabled else " (off)"),
                rule.kind,
                ", ".join(rule.then) or "nobody",
                safe(_looks_for(config, rule), 90),
            )
            for rule in config.rules
        ],
        empty=f"{config.path} has no [[rules]] yet",
    )
    if config.rules:
        stdout().hint("", "`watcher rules show NAME` says it in plain words, `test NAME` tries it")


@command.command()
@click.argument("name", shell_complete=completing(rule_names))
@click.pass_obj
def show(settings: Settings, name: str) -> None:
    """Show one rule as it was understood, in plain words."""
    config = settings.load()
    rule = _named(config, name)
    stdout().say(f"{rule.name} ({rule.kind}), tells {', '.join(rule.then) or 'nobody'}", "")
    if isinstance(rule, KeywordRule):
        stdout().say(rule.find, "", explain(understood(rule.find)))
    else:
        stdout().say(f"accounts and link domains that look like {_looks_for(config, rule)}")


@command.command()
@click.argument("name", shell_complete=completing(rule_names))
@click.option(
    "--samples",
    type=click.IntRange(0, 10_000),
    default=10,
    show_default=True,
    help="Posts to show.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def test(settings: Settings, name: str, samples: int, as_json: bool) -> None:
    """Run one rule over the stored posts: how many a day, and samples of what it finds.

    Nothing is stored and nobody is told.
    """
    with settings.opened() as (config, store):
        rule = _named(config, name)
        if not isinstance(rule, KeywordRule):
            raise MistakeError(
                f"{rule.name} looks for names, not words",
                help="`watcher suspects list` shows what it found",
            )
        understood(rule.find)
        suspects = suspect_domains(store)
        scanned, found = _scan(store, Matcher([rule], config.definitions))
    zone = ZoneInfo(config.timezone)
    days = Counter(post.posted_at.astimezone(zone).date().isoformat() for post, _ in found)
    newest = sorted(found, key=lambda one: one[0].posted_at, reverse=True)[:samples]
    if as_json:
        print_json(
            {
                "rule": rule.name,
                "posts_scanned": scanned,
                "posts_matched": len(found),
                "per_day": dict(sorted(days.items())),
                "samples": [
                    {
                        "key": post.key,
                        "text": post.text,
                        "spans": [list(span) for span in match.spans],
                        "reason": str(match.reason),
                    }
                    for post, match in newest
                ],
            }
        )
        return
    share = f" ({len(found) / scanned:.1%})" if scanned else ""
    stdout().say(f"found {len(found):,} of {count(scanned, 'stored post')}{share}")
    if not scanned:
        stderr().note(NOTHING_STORED)
    if days:
        stdout().say("")
    most = max(days.values(), default=1)
    for day, number in sorted(days.items())[-DAYS:]:
        stdout().say(f"{day}  {'█' * max(1, round(30 * number / most))} {number}")
    if len(days) > DAYS:
        stdout().note(f"and {count(len(days) - DAYS, 'day')} before")
    for post, match in newest:
        stdout().say("")
        posted = moment(post.posted_at, config.timezone)
        stdout().note(f"{posted}  @{safe(post.author.handle, 60)}")
        stdout().say(defused(marked(post.text, match.spans, 400), suspects))


def _scan(store: Store, matcher: Matcher) -> tuple[int, list[tuple[Post, Match]]]:
    found: list[tuple[Post, Match]] = []
    scanned = rid = 0
    total = store.count_posts()
    with stderr().progress("reading posts") as report:
        while stored := store.posts_after(rid, SCAN):
            posts = [one.post for one in stored]
            by_key = {post.key: post for post in posts}
            found += [(by_key[match.post], match) for match in matcher.match(posts)]
            scanned += len(posts)
            rid = stored[-1].rid
            report(scanned, total)
    return scanned, found


def _named(config: Config, name: str) -> Rule:
    found = meant(name, rule_names(config), "rule")
    return next(rule for rule in config.rules if rule.name == found)


def _looks_for(config: Config, rule: Rule) -> str:
    match rule:
        case KeywordRule():
            return rule.find
        case LookalikeRule():
            return ", ".join(rule.brands or [brand.name for brand in config.brands])
