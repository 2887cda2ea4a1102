"""`watcher suspects sweep`: ask the networks for the names that an impostor would take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from watcher.backends.interface import parse_interval
from watcher.cli import Settings
from watcher.cli.console import print_json, safe, stderr
from watcher.cli.names import MistakeError, brand_names, completing, meant

if TYPE_CHECKING:
    from watcher.impostors.sweep import NotAsked, Place
    from watcher.impostors.sweep import Progress as Told

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
    # What opens the whole watcher is imported here: the other commands on suspects need it not.
    from watcher.app import App
    from watcher.cli import swept as told
    from watcher.impostors.sweep import Sweep, places, sweep
    from watcher.impostors.swept import ground, is_guarded

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
        print_json(told.as_dict(name, done, not_asked, seen))
        return 0 if done.is_complete else 1
    if free:
        told.tell_free(seen.free, len(seen.free))
    else:
        told.tell(name, done, seen, is_guarded(config, name))
    told.tell_trouble(done, not_asked)
    return 0 if done.is_complete else 1


def _chosen(
    found: "tuple[Place, ...]", not_asked: "tuple[NotAsked, ...]", network: str | None
) -> "tuple[Place, ...]":
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
def _progress() -> "Iterator[Told]":
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
