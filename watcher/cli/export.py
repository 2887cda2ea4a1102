"""`watcher export`: what is stored, and what is counted of it, for other programs."""

import re
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from watcher.api import Watch
from watcher.cli import Settings
from watcher.cli.console import count, safe, stderr
from watcher.cli.expression import understood
from watcher.cli.names import MistakeError, completing, meant, rule_names
from watcher.cli.periods import days_asked, period_options
from watcher.config import Config
from watcher.export import (
    FORMATS,
    Format,
    Table,
    Value,
    format_of,
    write_file,
    write_stream,
)
from watcher.export.counted import COUNTED
from watcher.export.errors import ExportError
from watcher.export.stored import STORED
from watcher.insights.model import Period
from watcher.store import Store, Wanted

NAMES = (*STORED, *COUNTED)
_BY_RULE = ("matches", "suspects", "alarms", "follows")
"""Where rows say which rule made them."""
_COMMAND = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _brand_names(config: Config) -> list[str]:
    return [brand.name for brand in config.brands]


@click.command()
@click.argument("name", metavar="TABLE", type=click.Choice(NAMES))
@period_options()
@click.option(
    "--brand",
    "brands",
    multiple=True,
    shell_complete=completing(_brand_names),
    help="Only what is about this brand; share_of_voice compares several.",
)
@click.option("--rule", shell_complete=completing(rule_names), help="Only what this rule found.")
@click.option("--find", help="Only what is about posts that this expression matches.")
@click.option("--account", help="Of whom account_statistics are: a handle, or network:handle.")
@click.option("--private", is_flag=True, help="Private posts too, and what comes from them.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A file that ends with .csv, .jsonl or .parquet; - or none: standard output.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="What to write, where the name does not say it.  [default: by the ending, else csv]",
)
@click.option("--raw", is_flag=True, help="CSV for programs: formulas and all, without a mark.")
@click.option("--force", is_flag=True, help="Replace the file that is there already.")
@click.pass_obj
def command(
    settings: Settings,
    name: str,
    since: date | None,
    until: date | None,
    week: bool,
    month: bool,
    brands: tuple[str, ...],
    rule: str | None,
    find: str | None,
    account: str | None,
    private: bool,
    output: Path | None,
    form: Format | None,
    raw: bool,
    force: bool,
) -> None:
    """Write a TABLE for a spreadsheet or another program: CSV, JSON lines or Parquet.

    \b
    Stored:   posts, matches, spoken, suspects, suspect_events, accounts,
              alarms, digests, deliveries, judgements, follows
    Counted:  satisfaction, share_of_voice, account_statistics

    What each column means stands in docs/export.md. Times are in UTC; days begin at midnight in the
    configuration's time zone. Private posts are left out without --private. A cell of CSV that a
    spreadsheet would take for a formula begins with an apostrophe. A file appears when it is whole,
    for you alone to read (mode 0600).
    """  # noqa: D301 - click's own mark
    output = None if output == Path("-") else output
    form = form or _form(output)
    if output is None and form == "parquet" and sys.stdout.isatty():
        raise MistakeError("a terminal cannot show Parquet", help="add --output NAME.parquet")
    with settings.opened() as (config, store):
        brands = tuple(meant(one, _brand_names(config), "brand") for one in brands)
        if find is not None:
            understood(find, config)  # says what is doubtful in it
        watch = Watch(config, store)
        now = settings.clock()
        since, until = days_asked(now, watch.zone, since=since, until=until, week=week, month=month)
        if name in COUNTED:
            for option, value in (("rule", rule), ("find", find), ("private", private or None)):
                if value is not None:
                    raise MistakeError(f"{name} is not chosen by --{option}", help="leave it out")
            period = watch.period(since, until, now)
            table = _counted(watch, name, brands, account, since, until, period)
            hidden = 0
        else:
            if account is not None:
                raise MistakeError("--account is for account_statistics", help="leave it out")
            if len(brands) > 1:
                raise MistakeError(f"{name} takes one --brand", help="export each by itself")
            brand = brands[0] if brands else None
            rule = _rule(config, store, rule) if rule is not None else None
            wanted = watch.wanted(since=since, until=until, brand=brand, rule=rule, private=private)
            table = _chosen(watch, name, wanted, find)
            hidden = store.hidden_rows(name, wanted)
        _write(table, output, form, raw=raw, force=force)
    if hidden:
        stderr().note(f"{count(hidden, 'row')} of private posts left out; --private writes them")


def _form(output: Path | None) -> Format:
    if output is None:
        return "csv"
    form = format_of(output)
    if form is None:
        known = ", ".join(f".{one}" for one in FORMATS)
        raise MistakeError(
            f"{output.suffix!r} says not what to write",
            help=f"end the name with {known}, or say --format",
        )
    return form


def _chosen(watch: Watch, name: str, wanted: Wanted, find: str | None) -> Table:
    """Return a table; what it cannot be chosen by is a mistake of the typist."""
    try:
        return watch.chosen(name, wanted, find)
    except ExportError as error:
        raise MistakeError(error.message, help=error.help) from None


def _rule(config: Config, store: Store, name: str) -> str:
    """Return the rule that was typed: one that is gone counts as long as it left anything."""
    if name not in rule_names(config):
        for kind in _BY_RULE:
            rows = store.export_rows(kind, ("rule",), Wanted(rule=name, private=True))
            if next(rows, None) is not None:
                return name
    return meant(name, rule_names(config), "rule")


def _counted(
    watch: Watch,
    name: str,
    brands: tuple[str, ...],
    account: str | None,
    since: date | None,
    until: date | None,
    period: Period,
) -> Table:
    if name == "account_statistics":
        if account is None or brands:
            raise MistakeError("whose statistics?", help="add --account @HANDLE, and no --brand")
        return watch.account_statistics(account, since=since, until=until)
    if account is not None:
        raise MistakeError("--account is for account_statistics", help="leave it out")
    if name == "satisfaction":
        return watch.satisfaction(*brands, since=period.since, until=period.until)
    return watch.share_of_voice(*brands, since=period.since, until=period.until)


def _write(table: Table, output: Path | None, form: Format, *, raw: bool, force: bool) -> None:
    if output is not None:
        written = write_file(table, output, form, force=force, formulas=raw)
        stderr().say(f"wrote {count(written, 'row')} to {safe(str(output), 400)}")
        return
    if sys.stdout.isatty():
        table = replace(table, rows=map(_harmless, table.rows))
    write_stream(table, sys.stdout.buffer, form, formulas=raw)


def _harmless(row: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return a row without what a terminal would obey."""
    return tuple(_COMMAND.sub("\ufffd", one) if isinstance(one, str) else one for one in row)
