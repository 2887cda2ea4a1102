"""`watcher inbox`: customers who wait for an answer, and what was done with them."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from rules.model import Brand, Post
from watcher.cli import Settings
from watcher.cli.console import PRIVATE, ago, count, moment, print_json, safe, shown, stderr, stdout
from watcher.cli.doubts import Doubts
from watcher.cli.names import DAY, MistakeError, brand_names, completing, limit, meant
from watcher.cli.periods import until_option, zone_named
from watcher.cli.silence import LENGTH
from watcher.cli.suspects.subject import who
from watcher.config import Config
from watcher.insights.inbox import OwnPosts, Unanswered, own_posts, worklist
from watcher.insights.model import Period
from watcher.store import HandledRecord

LONGEST_TEXT = 200
_ASTRAY_MARK = " [links to a look-alike]"


@click.group(invoke_without_command=True)
@click.option(
    "--brand",
    "brands",
    multiple=True,
    shell_complete=completing(brand_names),
    help="Of this brand, several times for several.  [default: all but mere competitors]",
)
@click.option(
    "--after", type=LENGTH, default="4h", show_default=True, help="Who waits for so long: 30m, 2d."
)
@click.option(
    "--back", type=LENGTH, default="14d", show_default=True, help="How far to look back: 7d."
)
@until_option("Who waited at the end of this day.  [default: now]")
@click.option("--zone", help="Whose days: Europe/Paris; else the configuration's.")
@limit(20)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_context
def command(
    ctx: click.Context,
    brands: tuple[str, ...],
    after: timedelta,
    back: timedelta,
    until: date | None,
    zone: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List customers who wait for an answer, the most urgent first.

    These are complaints, and unhappy posts and questions to a brand's own accounts, that no own
    account answered in the same thread. One line for each person; what is answered or deleted
    leaves the list by itself. `done` and `later` take a person off it. Accounts held for imitations
    of a brand are left out and counted. With --until, nothing that was written or done after that
    day is looked at.
    """
    if ctx.invoked_subcommand is not None:
        return
    settings: Settings = ctx.obj
    if after >= back:
        raise MistakeError(
            "nobody can wait so long: --after is not below --back", help="take a longer --back"
        )
    with settings.opened() as (config, store):
        chosen = _chosen(config, brands)
        now = _end(until, settings.clock(), zone_named(zone or config.timezone))
        found = worklist(store, chosen, now, after, limit + 1, back=back)
        known = own_posts(store, chosen, now, back=back)
        doubts = Doubts.known(store)
    entries = shown(found.entries, limit)
    if as_json:
        print_json(
            {
                "waiting": [_as_dict(one) for one in entries],
                "look_alikes_left_out": found.look_alikes,
                "answers": [_known_as_dict(one) for one in known],
            }
        )
        return
    for one in known:
        if one.says is not None:
            stderr().say(safe(str(one.says), 400))
    if found.look_alikes:
        stderr().say(_without(found.look_alikes))
    if stdout().is_terminal:
        _tell(entries, doubts, _none(chosen, after, back, until))
    else:
        _print(entries, doubts, _none(chosen, after, back, until))
    if entries:
        stdout().hint(
            "`watcher inbox done NUMBER` takes somebody off the list, `later NUMBER` for a while"
        )


@command.command()
@click.argument("posts", metavar="POST...", nargs=-1, required=True)
@click.option("--note", default="", help="What was done, for whoever looks at it later.")
@click.option("--by", help="Who did it; else your name on this machine.")
@click.pass_obj
def done(settings: Settings, posts: tuple[str, ...], note: str, by: str | None) -> None:
    """Take people off the list: they were answered, or need no answer.

    POST is a number of the list, or a post's key or address. All that the person wrote up to now
    counts as done; who writes again is listed again.
    """
    with settings.opened() as (config, store):
        doubts, now = Doubts.known(store), settings.clock()
        for name in posts:
            post, before = store.handle(name, "done", note, by or who(), now)
            _say(Text.assemble("done: ", doubts.author(post.author)), before, config, now)


@command.command()
@click.argument("post")
@click.option("--until", type=DAY, help="To be listed again from this day on: 2026-03-05.")
@click.option("--for", "span", type=LENGTH, help="To be listed again so much later: 4h, 2d.")
@click.option("--note", default="", help="Why, for whoever looks at it later.")
@click.option("--by", help="Who says so; else your name on this machine.")
@click.pass_obj
def later(
    settings: Settings,
    post: str,
    until: date | None,
    span: timedelta | None,
    note: str,
    by: str | None,
) -> None:
    """Take somebody off the list until a day, or for a while."""
    if (until is None) == (span is None):
        raise MistakeError(
            "until when is not said", help="write --until 2026-03-05, or --for 4h, and not both"
        )
    now = settings.clock()
    with settings.opened() as (config, store):
        if until is not None:
            when = datetime.combine(until, time(), ZoneInfo(config.timezone))
        else:
            when = now + (span or timedelta())
        if when <= now:
            raise MistakeError(f"{until} has begun already", help="take a later day")
        found, before = store.handle(post, "later", note, by or who(), now, when)
        name = Doubts.known(store).author(found.author)
        again = f", listed again {moment(when, config.timezone)}"
        _say(Text.assemble("later: ", name, again), before, config, now)


@command.command()
@click.argument("post")
@click.option("--note", default="", help="Why, for whoever looks at it later.")
@click.option("--by", help="Who says so; else your name on this machine.")
@click.pass_obj
def reopen(settings: Settings, post: str, note: str, by: str | None) -> None:
    """Take back what was said of somebody: listed again, unless the brand answered."""
    now = settings.clock()
    with settings.opened() as (config, store):
        found, before = store.handle(post, "reopened", note, by or who(), now)
        name = Doubts.known(store).author(found.author)
        _say(Text.assemble("open again: ", name), before, config, now)


@command.command()
@limit(20)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def handled(settings: Settings, limit: int, as_json: bool) -> None:
    """List who handled what and when, the newest first."""
    with settings.opened() as (config, store):
        records = shown(store.handled(limit=limit + 1), limit)
        doubts = Doubts.known(store)
    if as_json:
        print_json([_handled_as_dict(one) for one in records])
        return
    stdout().table(
        ["when", "what", "by", "who", "note", "text"],
        [
            (
                moment(one.at, config.timezone),
                _what(one, config),
                safe(one.by, 40),
                doubts.author(one.post.author, 40),
                safe(one.note, 120),
                _text(one.post, doubts, 80),
            )
            for one in records
        ],
        less=("text", "note"),
        empty="nobody has handled anything yet: `watcher inbox done NUMBER` does",
    )


def _chosen(config: Config, names: Sequence[str]) -> tuple[Brand, ...]:
    """Return the brands named; without names all that are not merely compared with another."""
    if not config.brands:
        raise MistakeError(
            "no brand is configured, so nobody waits for one",
            help='add [[brands]] with name = "Acme" to the configuration',
        )
    if names:
        wanted = {meant(name, brand_names(config), "brand") for name in names}
        return tuple(brand for brand in config.brands if brand.name in wanted)
    compared = {other for brand in config.brands for other in brand.competitors}
    return tuple(b for b in config.brands if b.name not in compared or b.competitors)


def _tell(entries: Sequence[Unanswered], doubts: Doubts, none: str) -> None:
    """Show each entry as a few lines, for a person."""
    screen = stdout()
    if not entries:
        screen.say(none)
    for one in entries:
        lead = f"{one.number}  "
        blank = " " * len(lead)
        head = Text.assemble((f"{safe(one.brand, 60)}: {one.says}", "bold"), _whom(one, doubts))
        screen.say(*screen.hung(lead, head))
        text = _text(one.post, doubts, LONGEST_TEXT)
        screen.say(*screen.hung(blank, text))
        if one.signs:
            screen.say(*screen.hung(blank, " ".join(map(str, one.signs))))
        screen.say(Text(blank).append_text(_link(one, doubts)), "")


def _print(entries: Sequence[Unanswered], doubts: Doubts, none: str) -> None:
    stdout().table(
        ["number", "brand", "what", "who", "why", "text", "answer"],
        [
            (
                str(one.number),
                safe(one.brand, 60),
                str(one.says),
                Text.assemble(
                    doubts.author(one.post.author), _ASTRAY_MARK if one.leads_astray else ""
                ),
                " ".join(map(str, one.signs)),
                _text(one.post, doubts, LONGEST_TEXT),
                _link(one, doubts),
            )
            for one in entries
        ],
        empty=none,
    )


def _whom(one: Unanswered, doubts: Doubts) -> Text:
    account = one.post.author
    name = Text.assemble("  ", doubts.author(account))
    told = []
    if account.followers is not None:
        told.append(count(account.followers, "follower"))
    if one.leads_astray:
        told.append("links to a look-alike domain: look before you answer")
    return Text.assemble(name, f" ({', '.join(told)})") if told else name


def _link(one: Unanswered, doubts: Doubts) -> Text:
    """Return where to answer: the newest post, by its address or its key."""
    return doubts.written(one.newest.url or one.newest.key, one.newest.author, 300)


def _text(post: Post, doubts: Doubts, limit: int) -> Text:
    written = doubts.written(post.text, post.author, limit)
    return Text.assemble(f"{PRIVATE} ", written) if post.private else written


def _end(day: date | None, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of a day, or now where it has not come."""
    return now if day is None else min(now, Period.of_days(day, day, zone).until)


def _none(brands: Sequence[Brand], after: timedelta, back: timedelta, until: date | None) -> str:
    names = safe(" or ".join(one.name for one in brands), 200)
    longer = f"for {_long(after)} or longer"
    waits = "waits" if until is None else f"waited at the end of {until}"
    return f"nobody {waits} for an answer of {names} {longer}; looked back {_long(back)}"


def _without(look_alikes: int) -> str:
    """Say how many accounts are no customers, and where to see them."""
    are = "is" if look_alikes == 1 else "are"
    accounts = count(look_alikes, "look-alike account")
    return f"{accounts} {are} left out: `watcher suspects list` shows them"


def _long(length: timedelta) -> str:
    hours, minutes = divmod(int(length.total_seconds() // 60), 60)
    if hours >= 48 and not minutes and hours % 24 == 0:
        return count(hours // 24, "day")
    return f"{hours} h" if hours and not minutes else f"{hours * 60 + minutes} min"


def _say(words: Text, before: HandledRecord | None, config: Config, now: datetime) -> None:
    stdout().say(words)
    if before is not None:
        note = f": {safe(before.note, 200)}" if before.note else ""
        by = safe(before.by, 60)
        stdout().say(f"before: {_what(before, config)}, by {by} {ago(before.at, now)}{note}")


def _what(record: HandledRecord, config: Config) -> str:
    if record.what == "later" and record.until is not None:
        return f"later, until {moment(record.until, config.timezone)}"
    return record.what


def _as_dict(one: Unanswered) -> dict[str, Any]:
    return {
        "number": one.number,
        "brand": one.brand,
        "sort": one.sort,
        "key": one.post.key,
        "posted_at": one.post.posted_at,
        "waiting_seconds": int(one.waiting.total_seconds()),
        "author": one.post.author.handle,
        "followers": one.post.author.followers,
        "leads_astray": one.leads_astray,
        "text": one.post.text,
        "private": one.post.private,
        "posts": one.posts,
        "answer": one.newest.key,
        "answer_url": one.newest.url,
        "answered_by_others": one.answered_by_others,
        "engagement": one.engagement,
        "signs": [str(sign) for sign in one.signs],
        "says": str(one.says),
    }


def _known_as_dict(one: OwnPosts) -> dict[str, Any]:
    return {
        "brand": one.brand,
        "accounts": one.accounts,
        "posts": one.posts,
        "answers": one.answers,
        "newest": one.newest,
        "known": one.says is None,
        "says": str(one.says) if one.says else "",
    }


def _handled_as_dict(one: HandledRecord) -> dict[str, Any]:
    return {
        "key": one.post.key,
        "author": one.post.author.handle,
        "text": one.post.text,
        "private": one.post.private,
        "what": one.what,
        "until": one.until,
        "at": one.at,
        "by": one.by,
        "note": one.note,
    }
