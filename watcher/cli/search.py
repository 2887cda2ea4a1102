"""`watcher search`: stored posts by the rule language, newest first."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click

from rules.model import Post
from watcher import pipeline
from watcher.app import App
from watcher.cli import Settings
from watcher.cli.console import (
    NOTHING_STORED,
    PRIVATE,
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
from watcher.cli.names import DAY, MistakeError, limit
from watcher.presence import BusyError, alone

_EXCLUDED = re.compile(r"""-(?:[^\W\d]{2}\w*|["#@(=].+)""")


class Search(click.Command):
    """The command; a word to exclude begins like an option, so it says what to do about that."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line. Raises `MistakeError` where `-word` was taken for an option."""
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            excluded = next(filter(_EXCLUDED.fullmatch, words), None)
            if excluded is None:
                raise
            raise MistakeError(
                f"{excluded!r} was taken for an option",
                help=f"put it in quotes with what is looked for, 'WORD {excluded}', or behind --",
            ) from error


@click.command(cls=Search)
@click.argument("expression", nargs=-1, required=True)
@click.option("--since", type=DAY, help="Only posts of this day and later: 2026-03-01.")
@click.option("--until", type=DAY, help="Only posts of this day and before.")
@limit(20)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def command(
    settings: Settings,
    expression: tuple[str, ...],
    since: date | None,
    until: date | None,
    limit: int,
    as_json: bool,
) -> None:
    """Search the stored posts, newest first, what matched marked.

    EXPRESSION is what a rule's `find` holds: watcher search 'acme -job lang:fr'

    Days begin at midnight in the configuration's time zone.
    """
    config = settings.load()
    node, reading = understood(" ".join(expression), config).compiled(config.definitions)
    with App.open(config, clock=settings.clock) as app:
        try:
            with (
                alone(config.data, config.store_url),
                stderr().progress("indexing what is new") as report,
            ):
                pipeline.index(app, report)
        except BusyError:
            pass  # the running service keeps the index up to date; how far behind is said below
        results = app.index.search(
            node,
            app.store,
            reading=reading,
            limit=limit,
            since=_midnight(since, config.timezone) if since else None,
            before=_midnight(until + timedelta(days=1), config.timezone) if until else None,
        )
        stored = app.store.newest_rid()
        suspects = suspect_domains(app.store)
    if as_json:
        print_json([_as_dict(hit.post, hit.spans) for hit in results.hits])
    else:
        for hit in results.hits:
            post = hit.post
            head = (
                moment(post.posted_at, config.timezone),
                f"@{safe(post.author.handle, 60)}",
                safe(post.source, 30),
                safe(post.url, 120),
                PRIVATE if post.private else "",
            )
            stdout().note(defused("  ".join(filter(None, head)), suspects).plain)
            stdout().say(defused(marked(post.text, hit.spans), suspects), "")
        stderr().note(_told(len(results.hits), results.more, stored))
    if results.behind:
        behind = count(results.behind, "stored post is", "stored posts are")
        stderr().say(f"{behind} not indexed yet, and not searched")


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def _told(hits: int, more: bool, stored: int) -> str:
    if hits:
        return count(hits, "post") + (", and there are more: --limit shows them" if more else "")
    if not stored:
        return NOTHING_STORED
    return "no stored post matches"


def _as_dict(post: Post, spans: tuple[tuple[int, int], ...]) -> dict[str, object]:
    return {
        "key": post.key,
        "posted_at": post.posted_at,
        "author": post.author.handle,
        "display_name": post.author.display_name,
        "text": post.text,
        "spans": [list(span) for span in spans],
        "url": post.url,
        "language": post.language,
        "source": post.source,
        "private": post.private,
        "links": list(post.links),
        "likes": post.likes,
        "reposts": post.reposts,
    }
