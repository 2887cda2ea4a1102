"""`watcher demo`: the main job on an invented brand. Nothing leaves the machine."""

import shlex
import shutil
from pathlib import Path

import click

from rules.errors import WatcherError
from watcher import pipeline
from watcher.app import App
from watcher.cli import Settings
from watcher.cli.console import safe, stdout
from watcher.cli.suspects.subject import called
from watcher.config import load
from watcher.demo import CONFIG, found_town

MARK = "made-by-watcher-demo"
"""A file in the folder; without it nothing there is overwritten."""


class DemoError(WatcherError):
    """The demo cannot be set up."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="watcher-demo")
@click.pass_obj
def command(settings: Settings, folder: Path) -> None:
    """Show the main job from end to end in FOLDER, made anew each time.

    An invented railway, Nordelia, is talked about in a small invented town: the watcher reads the
    town, finds what concerns the brand and who borrows its name, and writes two mails.
    """
    screen = stdout()
    config = load(_settle(folder), {})
    found_town(config.folder / "town.sqlite", settings.clock())
    with App.open(config, clock=settings.clock) as app:
        pulled = [pipeline.pull(app, source) for source in app.config.sources]
        matched = pipeline.match(app)
        indexed = pipeline.index(app)
        planned = pipeline.plan(app)
        delivered = pipeline.deliver(app)
        suspects = app.store.suspects(limit=100)
        proposals = app.store.proposals(limit=100)
    screen.say(
        f"1. pulled    {sum(one.new for one in pulled)} posts from the invented town",
        f"2. matched   {matched.matches} times, with {len(config.rules)} rules",
        f"3. suspects  {len(suspects)} accounts and domains borrow the brand's name, such as",
    )
    for record in suspects[:5]:
        name = safe(record.suspect.display_name, 24)
        shown = f"{called(record)} “{name}”" if name else called(record)
        screen.say(f"               {shown} ({', '.join(record.suspect.techniques)})")
    screen.say(
        f"4. indexed   {indexed} posts for search",
        f"5. follows   {len(proposals)} proposed, none carried out (a dry run)",
        f"6. mailed    {delivered.sent} digests, into files: nothing leaves this machine",
        "",
    )
    failures = [one.error for one in pulled] + [one.error for one in planned]
    screen.say(*(f"failed: {safe(failure)}" for failure in failures if failure))
    outbox = config.data / "outbox"
    screen.say("Open the mails in a browser:")
    for page in sorted(outbox.glob("*.html")):
        screen.say(f"  {page}")
    start = f"{_program()} -c {shlex.quote(str(folder / 'watcher.toml'))}"
    screen.say(
        "",
        "Then try:",
        f"  {start} suspects review",
        f"  {start} search 'nordelia retard*'",
        f"  {start} rules show plaintes",
        f"  {start} follows list",
        f"  {start} brands Nordelia",
        f"  {start} inbox",
        f"  {start} report",
        f"  {start} status",
        f"and read {folder / 'watcher.toml'}, or begin your own with `{_program()} init`.",
    )


def _settle(folder: Path) -> Path:
    """Make the demo's folder, empty but for the configuration; return the configuration's path."""
    try:
        if folder.exists() and any(folder.iterdir()):
            if not (folder / MARK).exists():
                raise DemoError(
                    f"the folder {folder} holds something that the demo did not make",
                    help="name another: watcher demo FOLDER",
                )
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text("This folder is removed and made anew by `watcher demo`.\n")
        return Path(shutil.copyfile(CONFIG, folder / "watcher.toml"))
    except OSError as error:
        raise DemoError(
            f"the folder {folder} cannot be used: {error.strerror}",
            help="name another: watcher demo FOLDER",
        ) from error


def _program() -> str:
    """Return how to call the watcher from here: bare where it is on the path."""
    found = shutil.which("watcher")
    local = Path(".venv/bin/watcher")
    return "watcher" if found or not local.exists() else str(local)
