"""`watcher local`: the embedded microblog, to try things out without a network."""

import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import update_wrapper
from pathlib import Path
from typing import Any, get_args

import click

from rules.model import Account, Post
from watcher.backends import ArchiveSource, LocalSource
from watcher.backends.archive.parsing import FormatName
from watcher.backends.interface import EARLIEST, LATEST
from watcher.backends.local import LocalNetwork, Microblog, NewPost, Profile, import_pages
from watcher.cli import Settings
from watcher.cli.console import ago, count, print_json, safe, stderr, stdout
from watcher.cli.names import limit


@click.group()
def command() -> None:
    """Post to the embedded microblog and look around in it.

    Its file is that of the configuration's source of kind "local", or the one named with --file;
    the first post makes it. Handles are written with or without @. A post is named by its number
    as the timeline shows it.
    """


@dataclass(frozen=True)
class Town:
    """Which microblog, and who we are in it."""

    path: Path
    clock: Callable[[], datetime]
    us: str = ""

    def found(self) -> Microblog:
        """Return it for writing, made if need be."""
        return Microblog.found(self.path, self.clock())

    def network(self, query: str = "public") -> LocalNetwork:
        """Return it for reading."""
        return LocalNetwork(self.path, query=query, us=self.us)


def in_town(function: Callable[..., None]) -> Callable[..., None]:
    """Add `--file` to a command and hand it the `Town` that is meant."""

    def with_town(settings: Settings, /, file: Path | None, **rest: Any) -> None:
        function(town=_town(settings, file), **rest)

    update_wrapper(with_town, function)
    file = click.option("--file", type=click.Path(path_type=Path), help="The microblog's file.")
    return file(click.pass_obj(with_town))


def _town(settings: Settings, file: Path | None) -> Town:
    if file is not None:
        return Town(file, settings.clock)
    config = settings.load()
    sources = [source for source in config.sources if isinstance(source, LocalSource)]
    towns = {config.folder / source.file: source.account for source in reversed(sources)}
    if len(towns) != 1:
        what = "several sources" if towns else "no source"
        raise click.UsageError(f'{config.path} has {what} of kind "local": name the --file')
    ((path, us),) = towns.items()
    return Town(path, settings.clock, us)


def moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """Read `--at`: ISO 8601, UTC where it names no zone, from 1970 to 2999."""
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter("write a time like 2026-11-20T08:30 (UTC)") from error
    if not EARLIEST <= when <= LATEST:
        raise click.BadParameter(f"write a time between {EARLIEST.year} and {LATEST.year}")
    return when


at_option = click.option(
    "--at", callback=moment, help="When it was posted, ISO 8601 in UTC or with a zone; else now."
)


@command.command()
@click.argument("handle")
@click.argument("text")
@click.option("--reply-to", metavar="NUMBER", help="The post that this one answers.")
@click.option("--quote", metavar="NUMBER", help="The post that this one quotes.")
@click.option("--lang", help="The language that the post states: fr, en.")
@at_option
@in_town
def post(
    town: Town,
    handle: str,
    text: str,
    reply_to: str | None,
    quote: str | None,
    lang: str | None,
    at: datetime | None,
) -> None:
    """Post TEXT as HANDLE; "-" reads the text from standard input.

    watcher local post @marie "Le 6 h 52 est à l'heure" --lang fr
    """
    new = NewPost(
        author=handle,
        text=_standard_input() if text == "-" else text,
        posted_at=at or town.clock(),
        language=lang,
        reply_to=reply_to,
        quote_of=quote,
    )
    with town.found().change() as change:
        written = change.post(new)
    _tell(town, f"@{handle.removeprefix('@')} posted", written)


@command.command()
@click.argument("handle")
@click.argument("number")
@at_option
@in_town
def repost(town: Town, handle: str, number: str, at: datetime | None) -> None:
    """Repost the post NUMBER as HANDLE."""
    with town.found().change() as change:
        written = change.repost(handle, number, at or town.clock())
    _tell(town, f"@{handle.removeprefix('@')} reposted {number}", written)


@command.command()
@click.argument("number")
@in_town
def delete(town: Town, number: str) -> None:
    """Delete the post NUMBER and its reposts."""
    with town.found().change() as change:
        change.delete(number)
    stdout().say(f"post {number} is deleted")


@command.command()
@click.argument("query", default="public")
@limit(20)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@in_town
def timeline(town: Town, query: str, limit: int, as_json: bool) -> None:
    """Show the newest posts, the newest last.

    QUERY is public, home, #tag, @account, or search: and words.
    """
    problems = LocalSource(name="", file="-", query=query, account=town.us).problems()
    if problem := next(iter(problems), None):
        raise click.UsageError(f"{problem.message}; {problem.help}")
    posts = town.network(query).latest(limit)
    first = Microblog(town.path).first_post()
    if as_json:
        print_json([_post_as_dict(post, first) for post in posts])
        return
    now = town.clock()
    for item in posts:
        marks = "".join(
            f"  {word} {_number(other, first)}"
            for word, other in (
                ("answers", item.reply_to),
                ("reposts", item.repost_of),
                ("quotes", item.quote_of),
            )
            if other
        )
        name = f"{safe(item.author.display_name, 40)} @{safe(item.author.handle, 60)}".strip()
        stdout().note(f"{_number(item.id, first)}  {name}  {ago(item.posted_at, now)}{marks}")
        stdout().say(safe(item.text), "")


@command.command()
@click.argument("search", default="")
@limit()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@in_town
def accounts(town: Town, search: str, limit: int, as_json: bool) -> None:
    """List accounts, those whose handle or name contains SEARCH."""
    found = town.network().search_accounts(search, limit)
    if as_json:
        print_json([_account_as_dict(account) for account in found])
        return
    stdout().table(
        ["handle", "name", "followers", "following", "is", "bio"],
        [
            (
                f"@{safe(account.handle, 40)}",
                safe(account.display_name, 40),
                str(account.followers),
                str(account.following),
                " ".join(word for word in ("bot", "locked") if getattr(account, word)),
                safe(account.bio, 60),
            )
            for account in found
        ],
        right=("followers", "following"),
    )


@command.command()
@click.argument("handle")
@click.option("--name", help="The display name.")
@click.option("--bio", help="What the account says of itself.")
@click.option("--bot/--no-bot", default=None, help="Whether a program writes.")
@click.option("--locked/--open", default=None, help="Whether it must agree to be followed.")
@click.option("--rename", metavar="HANDLE", help="Give it another handle.")
@in_town
def account(
    town: Town,
    handle: str,
    name: str | None,
    bio: str | None,
    bot: bool | None,
    locked: bool | None,
    rename: str | None,
) -> None:
    """Open the account HANDLE, or change it."""
    profile = Profile(display_name=name, bio=bio, bot=bot, locked=locked)
    with town.found().change() as change:
        change.account(handle, town.clock(), profile)
        if rename:
            change.rename(handle, rename)
    stdout().say(f"@{(rename or handle).removeprefix('@')} is here")


@command.command()
@click.argument("handle")
@click.argument("other")
@in_town
def follow(town: Town, handle: str, other: str) -> None:
    """Let HANDLE follow OTHER."""
    with town.found().change() as change:
        relation = change.follow(handle, other)
    words = "follows" if relation == "following" else "asks to follow"
    stdout().say(f"{_at(handle)} {words} {_at(other)}")


@command.command()
@click.argument("handle")
@click.argument("other")
@in_town
def unfollow(town: Town, handle: str, other: str) -> None:
    """Let HANDLE no longer follow OTHER."""
    with town.found().change() as change:
        change.unfollow(handle, other)
    stdout().say(f"{_at(handle)} does not follow {_at(other)}")


@command.command()
@click.argument("handle")
@click.argument("other")
@in_town
def accept(town: Town, handle: str, other: str) -> None:
    """Let the locked account HANDLE agree that OTHER follows it."""
    with town.found().change() as change:
        agreed = change.accept(handle, other)
    if not agreed:
        raise click.ClickException(f"{_at(other)} has not asked to follow {_at(handle)}")
    stdout().say(f"{_at(other)} follows {_at(handle)}")


@command.command()
@click.argument("handle")
@click.argument("other")
@in_town
def block(town: Town, handle: str, other: str) -> None:
    """Let HANDLE block OTHER."""
    with town.found().change() as change:
        change.block(handle, other)
    stdout().say(f"{_at(handle)} blocks {_at(other)}")


@command.command("import")
@click.argument("archive", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", type=click.Choice(get_args(FormatName)), default="auto",
    show_default=True, help="The shape of the records.",
)  # fmt: skip
@in_town
def import_(town: Town, archive: Path, format_: FormatName) -> None:
    """Write the posts of FILE: JSON lines or CSV, also gzipped.

    One post a line: {"author": "marie", "text": "...", "created_at": "2026-11-20T08:30:00Z"}.
    Whatever a source of kind "archive" reads is understood. Importing a file again adds only what
    is new in it.
    """
    source = ArchiveSource(name="import", file=str(archive.absolute()), format=format_)
    with closing(source.open(Path())) as reader:
        done = import_pages(town.found(), reader.pages(None), town.clock())
    known = f", {done.known:,} known already" if done.known else ""
    stdout().say(f"{count(done.new, 'post')} imported{known}")
    for item in done.first_skipped:
        stderr().note(f"skipped {safe(item.where, 120)}: {safe(item.why, 200)}")
    if done.skipped > len(done.first_skipped):
        stderr().note(f"skipped {done.skipped - len(done.first_skipped)} more")


def _standard_input() -> str:
    try:
        return sys.stdin.read().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise click.UsageError("what is piped in is no UTF-8 text") from error


def _tell(town: Town, what: str, post_id: str | None) -> None:
    number = _number(post_id or "0", Microblog(town.path).first_post())
    stdout().say(f"{safe(what)}: number {number}")


def _number(post_id: str, first: int) -> str:
    """Return what a person calls a post: the how manieth of this microblog it is."""
    return str(int(post_id) - first + 1)


def _at(handle: str) -> str:
    return "@" + safe(handle.removeprefix("@"), 80)


def _post_as_dict(post: Post, first: int) -> dict[str, object]:
    def number(other: str | None) -> str | None:
        return _number(other, first) if other else None

    return {
        "number": _number(post.id, first),
        "id": post.id,
        "author": post.author.handle,
        "posted_at": post.posted_at,
        "text": post.text,
        "language": post.language,
        "reply_to": number(post.reply_to),
        "repost_of": number(post.repost_of),
        "quote_of": number(post.quote_of),
        "likes": post.likes,
        "reposts": post.reposts,
        "replies": post.replies,
    }


def _account_as_dict(account: Account) -> dict[str, object]:
    names: Iterable[str] = (
        *("id", "handle", "display_name", "bio", "created"),
        *("followers", "following", "bot", "locked", "discoverable"),
    )
    return {name: getattr(account, name) for name in names}
