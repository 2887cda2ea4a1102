"""`watcher suspects export`: suspects for a spreadsheet or another program."""

from pathlib import Path

import click

from watcher.cli import Settings
from watcher.cli.console import as_json, count, stdout, write_file
from watcher.cli.suspects.choosing import Choice, choosing
from watcher.cli.suspects.data import as_csv, as_dict


@click.command()
@choosing(default=None)
@click.option(
    "--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write this file; else to standard output.",
)
@click.pass_obj
def export(settings: Settings, choice: Choice, form: str, output: Path | None) -> None:
    """Write suspects for a spreadsheet or another program.

    No cell of the CSV is taken for a formula, and what a terminal would obey is U+FFFD in it; JSON
    has every name exactly, with escapes. In a file the CSV begins with a mark by which
    spreadsheets know that the accents are UTF-8.
    """
    with settings.opened() as (config, store):
        records = choice.of(config, store)[: choice.limit]
    rows = [as_dict(record) for record in records]
    text = as_json(rows) + "\n" if form == "json" else as_csv(rows)
    if output is None:
        click.echo(text, nl=False)
        return
    write_file(output, text, "utf-8" if form == "json" else "utf-8-sig")
    stdout().say(f"wrote {count(len(rows), 'suspect')} to {output}")
