"""`watcher index`: the search index, which is derived from the store and can be made anew."""

from pathlib import Path

import click

from watcher.app import App
from watcher.cli import Settings
from watcher.cli.console import count, print_json, safe, size, stderr, stdout
from watcher.presence import alone


@click.group()
def command() -> None:
    """Look at the search index, or make it anew."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Show how many posts are indexed, how many wait, and how much room the index takes."""
    config = settings.load()
    with App.open(config, clock=settings.clock) as app:
        state = {
            "documents": app.index.documents(),
            "behind": app.index.lag(app.store),
            "bytes": app.index.size_bytes(),
        }
        unused = _unused(app)
    if as_json:
        print_json(state)
        return
    stdout().say(
        f"{count(state['documents'], 'post')} indexed, {state['behind']:,} waiting, "
        f"{size(state['bytes'])} on disk"
    )
    _tell(unused)


@command.command()
@click.pass_obj
def rebuild(settings: Settings) -> None:
    """Make the index anew from the store. Search finds less until it is done."""
    config = settings.load()
    with (
        alone(config.data, config.store_url),
        App.open(config, clock=settings.clock) as app,
        stderr().progress("indexing") as report,
    ):
        done = app.index.rebuild(app.store, report)
        unused = _unused(app)
    stdout().say(f"indexed {count(done, 'post')} anew")
    _tell(unused)


def _unused(app: App) -> Path | None:
    """Return the folder of an index that nobody uses since the store moved to a server."""
    folder = app.config.data / "index"
    return folder if app.store.on_server and folder.is_dir() else None


def _tell(unused: Path | None) -> None:
    if unused:
        stderr().say(
            safe(f"the index is in the database now; the one in {unused} can go: rm -r {unused}")
        )
