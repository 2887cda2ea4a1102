"""`watcher suspects sweep`: ask the networks for the names that an impostor would take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from rules.model import Account
from watcher.app import App
from watcher.backends.interface import parse_interval
from watcher.cli import Settings
from watcher.cli.console import count, print_json, safe, stderr, stdout
from watcher.cli.names import MistakeError, brand_names, completing, meant
from watcher.store import SweptName
from watcher.sweep import NotAsked, Place, Sweep, Swept, SweptNetwork, places, sweep
from watcher.sweep import Progress as Told
from watcher.swept import FreeName, Ground, ground, is_guarded

BEST = 20
"""Free names shown to a person who did not ask for all."""
SHOWN = 10
"""Harmless accounts named."""
BAR_AFTER = 0.5
"""Seconds; what is over before needs no bar."""


class Interval(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """A length of time: `12h`, `7d`."""

    name = "interval"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the length."""
        try:
            return value if isinstance(value, timedelta) else parse_interval(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}; write it like 12h or 7d", param, ctx)


@click.command("sweep")
@click.argument("brand", shell_complete=completing(brand_names))
@click.option("--network", help="Only this network; else each that a source can ask.")
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(1, 5000),
    default=300,
    show_default=True,
    help="Ask each network for at most so many names, the likeliest.",
)
@click.option(
    "--older-than",
    type=Interval(),
    default="7d",
    show_default=True,
    help="Ask again only for names that were answered longer ago.",
)
@click.option("--free", is_flag=True, help="List every free name, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def command(
    settings: Settings,
    brand: str,
    network: str | None,
    limit: int,
    older_than: timedelta,
    free: bool,
    as_json: bool,
) -> int:
    """Ask the networks who has the names that an impostor of BRAND would take.

    Who has one is judged like any account; a free one can be registered before an impostor does.
    Every answer is kept: stop with Ctrl-C whenever you like, the next sweep goes on from there.
    Exits with 1 when it was stopped or a network did not answer.
    """
    config = settings.load()
    name = meant(brand, brand_names(config), "brand")
    (wanted,) = (one for one in config.brands if one.name == name)
    with App.open(config, clock=settings.clock) as app, places(app) as (found, not_asked):
        asked = _chosen(found, not_asked, network)
        with _progress() as progress:
            done = sweep(
                app,
                Sweep(brand=wanted, limit=limit, older_than=older_than),
                asked,
                sleep=time.sleep,
                progress=progress,
            )
        seen = ground(app, wanted, done.networks)
    if as_json:
        print_json(_as_dict(name, done, not_asked, seen))
    elif free:
        _tell_free(seen.free, len(seen.free))
        _tell_trouble(done, not_asked)
    else:
        _tell(name, done, seen, is_guarded(config, name))
        _tell_trouble(done, not_asked)
    return 1 if done.stopped or any(one.why or one.unanswered for one in done.networks) else 0


def _chosen(
    found: tuple[Place, ...], not_asked: tuple[NotAsked, ...], network: str | None
) -> tuple[Place, ...]:
    """Return the networks to ask. Raises `MistakeError` where there is none."""
    if not found:
        told = "; ".join(f"{one.source}: {one.why}" for one in not_asked)
        raise MistakeError(
            "no source of the configuration can be asked for accounts",
            help=told or 'add a source of kind "local", or of another network; archives know none',
        )
    if network is None:
        return found
    wanted = meant(network, [place.network.network for place in found], "network")
    return tuple(place for place in found if place.network.network == wanted)


@contextmanager
def _progress() -> Iterator[Told]:
    """Draw a bar where a person looks at a terminal, and say below it what is waited for."""
    waited = Column(no_wrap=True, overflow="ellipsis")
    bar = Progress(
        TextColumn("asking"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[waiting]}", markup=False, table_column=waited),
        console=stderr().console,
        transient=True,
    )
    task = bar.add_task("", total=None, waiting="")
    began = time.monotonic()

    def report(done: int, total: int, waiting: str) -> None:
        bar.update(task, completed=done, total=total, waiting=safe(waiting, 100))
        late = waiting or time.monotonic() - began >= BAR_AFTER
        if late and stderr().is_terminal and not bar.live.is_started:
            bar.start()

    try:
        yield report
    finally:
        if bar.live.is_started:
            bar.stop()


def _tell(brand: str, done: Swept, seen: Ground, guarded: bool) -> None:
    screen = stdout()
    for one in done.networks:
        screen.say(_line(one))
        if not one.names:
            screen.say(f"  no handle can spell {safe(brand, 80)}: give it another spelling")
    if seen.suspects:
        new = sum(_is_new(one, done) for one in seen.suspects)
        alike = count(len(seen.suspects), "account")
        screen.say("", f"taken and looking alike: {alike}, {new or 'none'} of them new")
        _table_of_suspects(brand, seen.suspects, done)
        screen.hint("`watcher suspects review` judges them one by one, `show ID` tells all")
    _tell_others("taken and harmless" if guarded else "taken", seen.harmless)
    _tell_others("your own and your friends'", seen.own)
    if not guarded:
        screen.say(f"nobody judges them: no look-alike rule guards {safe(brand, 80)}")
    if seen.free:
        best = f"; the {BEST} likeliest" if len(seen.free) > BEST else ""
        screen.say("", f"free and worth registering: {count(len(seen.free), 'name')}{best}")
        _tell_free(seen.free, BEST)
        if len(seen.free) > BEST:
            screen.hint("`--free` lists them all")


def _line(one: SweptNetwork) -> str:
    """Say how many names a network was asked for, and how many of them now."""
    told = [f"{one.asked:,} asked now"]
    if one.fresh:
        told.append(f"{one.fresh:,} known from before")
    if one.unanswered:
        told.append(f"{one.unanswered:,} not answered")
    if one.left:
        told.append(f"{one.left:,} not asked")
    where = f"{safe(one.network, 40)} (through {safe(one.source, 40)})"
    return f"{where}: {count(len(one.names), 'likely name')}: {', '.join(told)}"


def _table_of_suspects(brand: str, suspects: tuple[SweptName, ...], done: Swept) -> None:
    screen = stdout()
    networks = {one.network for one in suspects}
    brands = {one.suspect.suspect.brand for one in suspects if one.suspect}
    hidden = ["display name"] * screen.is_terminal + ["network"] * (len(networks) == 1)
    hidden += ["brand"] * (brands == {brand})
    hidden += ["new"] * (not any(_is_new(one, done) for one in suspects))
    screen.table(
        [
            *("id", "account", "display name", "network", "brand", "score", "techniques"),
            *("verdict", "new"),
        ],
        [
            (
                str(one.suspect.id),
                _called_and_named(one.account) if screen.is_terminal else _called(one.account),
                safe(one.account.display_name, 40),
                safe(one.network, 40),
                safe(one.suspect.suspect.brand, 40),
                f"{one.suspect.suspect.score:.2f}",
                ", ".join(one.suspect.suspect.techniques),
                str(one.suspect.verdict),
                "new" if _is_new(one, done) else "",
            )
            for one in suspects
            if one.suspect and one.account
        ],
        right=("id", "score"),
        hidden=hidden,
        less=("techniques", "verdict"),
    )


def _called(account: Account) -> str:
    return f"@{safe(account.handle, 80)}"


def _called_and_named(account: Account) -> str:
    """Return both names in one cell, which leaves more room for them."""
    name = account.display_name
    if not name or name.casefold() == account.handle.casefold():
        return _called(account)
    return f"{_called(account)} “{safe(name, 40)}”"


def _is_new(one: SweptName, done: Swept) -> bool:
    return one.suspect is not None and one.suspect.id > done.known


def _tell_others(what: str, others: tuple[SweptName, ...]) -> None:
    if not others:
        return
    names = [_called(one.account) for one in others[:SHOWN] if one.account]
    more = f" and {len(others) - SHOWN:,} more" if len(others) > SHOWN else ""
    stdout().say("", f"{what}: {count(len(others), 'account')}: {', '.join(names)}{more}")


def _tell_free(free: tuple[FreeName, ...], most: int) -> None:
    several = len({one.network for one in free}) > 1
    stdout().table(
        ["rank", "network", "name", "techniques"],
        [
            (str(one.likely.rank), one.network, one.handle, ", ".join(one.likely.techniques))
            for one in free[:most]
        ],
        right=("rank",),
        whole=("name",),
        hidden=() if several else ("network",),
        empty="no name that was asked for is free",
    )


def _tell_trouble(done: Swept, not_asked: tuple[NotAsked, ...]) -> None:
    """Say what was not asked, and why."""
    screen = stderr()
    for one in done.networks:
        if one.left:
            screen.say(f"{safe(one.network, 40)}: {count(one.left, 'name')} not asked: {_why(one)}")
        elif one.why:
            screen.say(f"{safe(one.network, 40)}: {_why(one)}")
        if one.unanswered:
            asked = count(one.unanswered, "name")
            screen.say(f"{safe(one.network, 40)}: {asked} not answered, asked again next time")
        screen.note(*(f"{safe(one.network, 40)}: {safe(note, 300)}" for note in one.notes))
    screen.note(*(f"{safe(one.source, 40)} not asked: {safe(one.why, 300)}" for one in not_asked))


def _why(one: SweptNetwork) -> str:
    return safe(one.why, 300)


def _as_dict(
    brand: str, done: Swept, not_asked: tuple[NotAsked, ...], seen: Ground
) -> dict[str, object]:
    return {
        "brand": brand,
        "stopped": done.stopped,
        "networks": [
            {
                "network": one.network,
                "source": one.source,
                "names": len(one.names),
                "asked": one.asked,
                "known": one.fresh,
                "unanswered": one.unanswered,
                "left": one.left,
                "why": one.why,
                "searched": one.searched,
                "notes": one.notes,
            }
            for one in done.networks
        ],
        "not_asked": [{"source": one.source, "why": one.why} for one in not_asked],
        "suspects": [
            _account(one)
            | {
                "id": one.suspect.id,
                "new": _is_new(one, done),
                "brand": one.suspect.suspect.brand,
                "score": round(one.suspect.suspect.score, 4),
                "techniques": one.suspect.suspect.techniques,
                "verdict": one.suspect.verdict,
            }
            for one in seen.suspects
            if one.suspect
        ],
        "harmless": [_account(one) for one in seen.harmless],
        "own": [_account(one) for one in seen.own],
        "free": [
            {
                "network": one.network,
                "name": one.likely.name,
                "handle": one.handle,
                "rank": one.likely.rank,
                "score": round(one.likely.score, 4),
                "techniques": one.likely.techniques,
                "checked": one.found.checked,
            }
            for one in seen.free
        ],
        "unknown": [
            {"network": one.network, "name": one.name, "said": one.said, "checked": one.checked}
            for one in seen.unknown
        ],
    }


def _account(one: SweptName) -> dict[str, object]:
    account = one.account
    return {
        "network": one.network,
        "account": account.key if account else "",
        "handle": account.handle if account else "",
        "display_name": account.display_name if account else "",
        "found_by": "search" if one.searched else "name",
        "checked": one.checked,
    }
