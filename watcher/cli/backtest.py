"""`watcher backtest`: the rules of a file over years of archives, on one machine or many."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from rules import KeywordRule, LookalikeRule, Rule
from rules.model import Brand
from watcher.cli import Settings
from watcher.cli.batch import Running, begin, behind, moment_of, place_of, running, with_scores
from watcher.cli.console import safe, stderr
from watcher.cli.names import MistakeError
from watcher.scale.driving import Asked
from watcher.scale.model import Work
from watcher.scale.rules_file import RulesFile, read_rules
from watcher.scale.sought import pack
from watcher.store import Store


@click.command()
@click.argument("rules", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("archives", nargs=-1, required=True, metavar="ARCHIVE...")
@running
@click.pass_obj
def command(settings: Settings, rules: Path, archives: tuple[str, ...], running: Running) -> int:
    """Tell what the rules of a file would have found in ARCHIVEs.

    RULES is a TOML file with [[rules]], [[brands]] and [[lists]], or a whole watcher.toml. An
    ARCHIVE is a file, a folder, a pattern, or an address such as s3://bucket/2026/, with JSON lines
    (also gzip) or Parquet: what `watcher export posts` writes, or what Mastodon, Bluesky and X do.

    \b
      watcher backtest ideas.toml archive/ --engine local:8
      watcher backtest watcher.toml s3://bucket/posts/ --engine dask://host:8786

    Nobody is told of what is found, and nothing of it enters the stored posts. What is done is kept
    shard by shard: `watcher jobs resume` goes on after a crash. See docs/batch.md.
    """  # noqa: D301 - click's own mark
    read = read_rules(rules)
    config = settings.load()
    if not any(rule.enabled for rule in read.rules):
        raise MistakeError(f"{rules} has no enabled rule", help="add [[rules]] to it")
    for word in _unlike_live(read):
        stderr().note(word)
    store = Store.open(config.store_url)
    try:
        sought = pack(_meant(read, store, settings), read.definitions)
        asked = Asked(
            work=Work(
                "backtest",
                sought,
                moment_of(running.since, config),
                moment_of(behind(running.until), config),
            ),
            to=place_of(running.to),
            rules=str(rules),
            archives=archives,
        )
        return begin(settings, store, asked, archives, running)
    finally:
        store.close()


def _unlike_live(read: RulesFile) -> Iterator[str]:
    """Yield in words what the rules ask for that is of no effect on an archive."""
    rules = [rule for rule in read.rules if isinstance(rule, KeywordRule) and rule.enabled]
    if rated := [rule for rule in rules if rule.rate]:
        yield f"no rate is judged: {_named(rated)} would tell of rates, here each match counts"
    if less := [rule for rule in rules if rule.realert or rule.dedupe != "none"]:
        yield f"realert and dedupe keep nothing back: each match of {_named(less)} counts"
    if learnt := [brand for brand in read.brands if brand.relevance != "off"]:
        yield f"relevance leaves no post out that is not about {_named(learnt)}"


def _named(them: Sequence[KeywordRule | Brand]) -> str:
    more = f" and {len(them) - 1:,} more" if len(them) > 1 else ""
    return f'"{safe(them[0].name, 100)}"{more}'


def _meant(read: RulesFile, store: Store, settings: Settings) -> list[Rule]:
    words = [rule for rule in read.rules if isinstance(rule, KeywordRule)]
    names = [rule for rule in read.rules if isinstance(rule, LookalikeRule)]
    return [*words, *with_scores(names, len(read.brands), store, settings.clock())]
