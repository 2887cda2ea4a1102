"""`watcher stats`: how accounts behave, from their stored posts; `--fetch` asks for older ones."""

from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

import click

from rules.model import Account
from watcher.app import App
from watcher.backends.interface import BackendError
from watcher.cli import Settings
from watcher.cli.account_pages import one_account
from watcher.cli.account_table import side_by_side
from watcher.cli.account_values import as_values
from watcher.cli.charts import paper
from watcher.cli.console import count, print_json, safe, stderr, stdout
from watcher.cli.names import DAY, MistakeError
from watcher.cli.periods import days_asked, period_options, zone_named
from watcher.histories import MOST, fetch, networks
from watcher.insights.account import AccountStatistics, account_statistics
from watcher.insights.model import Period
from watcher.store import Store

_NEAR = 3


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="@ACCOUNT [@OTHER ...]")
@period_options()
@click.option("--zone", help="Whose clocks: Europe/Paris; else the configuration's.")
@click.option("--around", type=DAY, help="Compare its rhythm before this day and from it on.")
@click.option("--fetch", "fetching", is_flag=True, help="Ask its network for older posts first.")
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(1, 1_000_000),
    default=MOST,
    show_default=True,
    help="With --fetch, at most about so many posts of each account.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def command(
    settings: Settings,
    names: tuple[str, ...],
    since: date | None,
    until: date | None,
    week: bool,
    month: bool,
    zone: str | None,
    around: date | None,
    fetching: bool,
    limit: int,
    as_json: bool,
) -> int:
    """How an account posts, answers and is heard; several accounts side by side.

    An account is written @handle, network:handle or network:id. What is counted are its stored
    posts. With --fetch its network is asked for its history, which no rule looks at; a fetch that
    was stopped goes on when it is asked for again. docs/stats.md explains each number.
    """
    config = settings.load()
    whose = f"given with --zone: {zone}" if zone else f"{config.timezone}, the configuration's"
    clocks = zone_named(zone or config.timezone)
    now = settings.clock()
    since, until = days_asked(now, clocks, since=since, until=until, week=week, month=month)
    failed = False
    if fetching:
        with App.open(config, clock=settings.clock) as app:
            for name in names:
                failed |= not _fetch(app, name, _midnight(since, clocks), limit)
    store = Store.open(config.store_url)
    with closing(store):
        accounts = [_named(store, name, fetching=fetching) for name in names]
        found = [
            account_statistics(
                store, one.key, _period(store, one, since, until, clocks), clocks, around=around
            )
            for one in dict.fromkeys(accounts)
        ]
    if as_json:
        values = [as_values(one) for one in found]
        print_json(values[0] if len(values) == 1 else values)
    elif len(found) == 1:
        one_account(found[0], stdout(), paper(stdout()), zone=whose, around=around)
        _hint(found[0], now, fetching=fetching)
    else:
        side_by_side(found, stdout(), paper(stdout()), zone=whose, around=around)
    return int(failed)


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time.min, zone).astimezone(UTC) if day else None


def _period(
    store: Store, account: Account, since: date | None, until: date | None, zone: ZoneInfo
) -> Period | None:
    """Return what was asked for; an end that was not lies at the account's first or last post."""
    if since is None and until is None:
        return None
    span = store.account_span(account.key)
    days = [each.astimezone(zone).date() for each in (span.first, span.last) if each]
    first = since or min([*days, *filter(None, [until])])
    last = until or max([*days, first])
    return Period.of_days(first, max(first, last), zone)


def _named(store: Store, name: str, *, fetching: bool) -> Account:
    """Return the stored account that was meant. Raises `MistakeError`."""
    found = store.accounts_named(name)
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(f"{one.network}:{safe(one.handle, 60)}" for one in found[:10])
        raise MistakeError(f"several accounts are called {name[:60]!r}", help=f"name one: {keys}")
    bare = name.removeprefix("@").rpartition(":")[2]
    handles = store.handles_of_authors()
    near = get_close_matches(bare.casefold(), [one.casefold() for one in handles], n=_NEAR)
    meant = [one for fold in near for one in handles if one.casefold() == fold]
    told = []
    if meant:
        told.append("did you mean " + " or ".join(f"@{safe(one, 60)}" for one in meant) + "?")
    if not fetching:
        told.append("--fetch asks the networks for it")
    raise MistakeError(f"no post by {name[:60]!r} is stored", help="; ".join(told))


def _fetch(app: App, name: str, since: datetime | None, limit: int) -> bool:
    """Fetch the history of an account; return whether that went well."""
    network, colon, rest = name.removeprefix("@").partition(":")
    known = app.store.accounts_named(name)
    wanted = known[0].network if len(known) == 1 else network if colon else None
    handle = known[0].handle if len(known) == 1 else rest if colon else network
    refused: list[str] = []
    for asked in networks(app, refused):
        if wanted and asked.network.network != wanted:
            continue
        try:
            author = asked.network.author(handle)
        except BackendError as error:
            refused.append(error.message)
            continue
        if author is None or (len(known) == 1 and author.account.key != known[0].key):
            continue
        told = f"fetching @{safe(author.account.handle, 40)}"
        with stderr().progress(told) as report:
            done = fetch(app, asked, author, since=since, limit=limit, report=report)
        new = f"{count(done.new, 'new post')} of {done.read:,} read"
        stderr().note(f"@{safe(done.account.handle, 60)} through {safe(done.source, 60)}: {new}")
        if done.skipped:
            stderr().note(f"{count(done.skipped, 'item')} could not be read as posts")
        if done.error:
            again = "what was read is kept; the same command goes on from there"
            stderr().trouble(done.error, "; ".join(filter(None, (done.help, again))))
        elif not done.complete:
            stderr().note("there is more: the same command goes on from there")
        return not done.error
    where = f" of {wanted}" if wanted else ""
    stderr().trouble(
        refused[0] if refused else f"no source{where} shows the history of {name[:60]!r}",
        "histories are asked of mastodon, bluesky, x and local, through a source that is enabled;"
        " what archives and feeds hold, they have brought already",
    )
    return False


def _hint(one: AccountStatistics, now: datetime, *, fetching: bool) -> None:
    if fetching:
        return
    if one.seen.fetched is None:
        stderr().hint("", f"`watcher stats {_asked(one)} --fetch` asks its network for the rest")
    elif now - one.seen.fetched > timedelta(days=7):
        stderr().hint("", "--fetch asks for what it wrote since")


def _asked(one: AccountStatistics) -> str:
    return f"@{safe(one.account.handle, 60)}"
