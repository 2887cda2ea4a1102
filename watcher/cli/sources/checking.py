"""`watcher sources check`: try the sources, and nothing else."""

from dataclasses import asdict

import click

from watcher.cli import Settings
from watcher.cli.check import tell
from watcher.cli.console import print_json
from watcher.cli.names import meant


@click.command()
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1, max=600),
    default=20.0,
    show_default=True,
    help="Seconds to wait for each source.",
)
@click.pass_obj
def check(settings: Settings, names: tuple[str, ...], as_json: bool, timeout: float) -> int:
    """Try the enabled sources, or the named ones, as cheaply as possible.

    Exits with 1 where one of them did not answer.
    """
    from watcher import checks  # opens much that the other commands need not

    config = settings.load()
    known = [source.name for source in config.sources]
    wanted = {meant(name, known, "source") for name in names}
    sources = [
        source
        for source in config.sources
        if source.name in wanted or (source.enabled and not wanted)
    ]
    outcomes = checks.of_sources(config, sources, timeout)
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        tell(outcomes, empty="no source is enabled")
    return int(any(outcome.state == "failed" for outcome in outcomes))
