"""`watcher scan-accounts`: which of many accounts look like a brand."""

from dataclasses import replace
from pathlib import Path

import click

from rules import LookalikeRule
from rules.model import Definitions
from watcher.cli import Settings
from watcher.cli.batch import Running, begin, behind, moment_of, place_of, running, with_scores
from watcher.cli.names import MistakeError
from watcher.scale.driving import Asked
from watcher.scale.model import Work
from watcher.scale.rules_file import read_rules
from watcher.scale.sought import pack
from watcher.store import Store


@click.command("scan-accounts")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--brands",
    "brands_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file with [[brands]]; else those of the configuration.",
)
@click.option(
    "--min-score",
    type=click.FloatRange(0, 1, min_open=True),
    help="How alike a name must be, 0 to 1, whatever the rules say.",
)
@running
@click.pass_obj
def command(
    settings: Settings,
    files: tuple[str, ...],
    brands_file: Path | None,
    min_score: float | None,
    running: Running,
) -> int:
    """Find the accounts in FILEs whose names look like a brand's.

    A FILE is a list of accounts, or an archive of posts whose authors are meant: a file, a folder,
    a pattern or an address, as for `watcher backtest`. Each account counts once. By the look-alike
    rules of the file with the brands, or by one with a score of 0.6 where there is none. Names
    alone decide: nobody is asked what else is known of an account.

    \b
      watcher scan-accounts accounts.parquet --brands brands.toml --engine local:4
    """  # noqa: D301 - click's own mark
    config = settings.load()
    brands, rules = config.brands, [r for r in config.rules if isinstance(r, LookalikeRule)]
    if brands_file is not None:
        read = read_rules(brands_file)
        brands, rules = read.brands, [r for r in read.rules if isinstance(r, LookalikeRule)]
    if not brands:
        where = brands_file or config.path
        raise MistakeError(f"there is no brand in {where}", help="add [[brands]] to it")
    store = Store.open(config.store_url)
    try:
        meant = [rule for rule in rules if rule.enabled] or [LookalikeRule(name="look-alikes")]
        meant = with_scores(meant, len(brands), store, settings.clock())
        if min_score is not None:
            meant = [replace(rule, min_score=min_score, alarms_a_week=None) for rule in meant]
        asked = Asked(
            work=Work(
                "scan-accounts",
                pack(meant, Definitions(brands=brands)),
                moment_of(running.since, config),
                moment_of(behind(running.until), config),
            ),
            to=place_of(running.to),
            rules=str(brands_file or config.path),
            archives=files,
        )
        return begin(settings, store, asked, files, running)
    finally:
        store.close()
