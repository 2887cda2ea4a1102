"""`watcher report`: what was said of the brands, as a page, on paper and as tables."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from alerts.words.render import Templates
from rules.model import Brand
from rules.signals.spoken import Hearing
from watcher import files
from watcher.cli import Settings
from watcher.cli.console import count, stdout
from watcher.cli.names import MistakeError, brand_names, completing, meant
from watcher.cli.periods import days_asked, period_options, up_to, zone_named
from watcher.cli.suspects.writing import write_private
from watcher.config import Config
from watcher.export import Format
from watcher.insights.model import Period
from watcher.reports import (
    Facts,
    Report,
    compose,
    gather,
    page,
    reported,
    speaking,
)

FOLDER = click.Path(path_type=Path, file_okay=False)
ENDINGS = frozenset({".html", ".htm", ".pdf"})
LONGEST = 400
"""Days."""


@click.command()
@click.option(
    "--brand",
    "brands",
    multiple=True,
    shell_complete=completing(brand_names),
    help="About this brand, several times for several.  [default: all but mere competitors]",
)
@period_options(until="yesterday", week="[default]")
@click.option("--zone", help="Whose days: Europe/Paris.  [default: the configuration's]")
@click.option("--language", default="en", show_default=True, help="Of the report: en, fr.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page's file, or the PDF's if it ends so.  [default: report-DAY-DAY.html]",
)
@click.option("--pdf", is_flag=True, help="Write a PDF beside the page; takes Chromium.")
@click.option("--csv", "csv_folder", type=FOLDER, help="Write the tables here as CSV.")
@click.option("--json", "json_folder", type=FOLDER, help="Write the tables here as JSON lines.")
@click.option("--parquet", "parquet_folder", type=FOLDER, help="Write the tables here as Parquet.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@click.pass_obj
def command(
    settings: Settings,
    brands: tuple[str, ...],
    since: date | None,
    until: date | None,
    week: bool,
    month: bool,
    zone: str | None,
    language: str,
    output: Path | None,
    pdf: bool,
    csv_folder: Path | None,
    json_folder: Path | None,
    parquet_folder: Path | None,
    force: bool,
) -> None:
    """Write what was said of the brands in a period as one page of HTML.

    The page needs nothing but itself: it runs no script, asks for nothing from anywhere, and prints
    well. Every number in it says which command finds it again. Private posts are counted, and shown
    nowhere. Files are for you alone to read (mode 0600): pass them on yourself.
    """
    config = settings.load()
    templates = Templates(files.templates(), config.templates)
    language = meant(language, templates.languages, "language")
    if output is not None and output.suffix.lower() not in ENDINGS:
        raise MistakeError(
            f"a report is a page or a PDF, and {output.name!r} does not say which",
            help="end the name in .html or .pdf; --csv, --json and --parquet write tables",
        )
    now, named = settings.clock(), zone_named(zone or config.timezone)
    first, last = days_asked(now, named, since=since, until=until, week=week, month=month)
    period = _period(now, named, first, last)
    chosen = _brands(config, brands)
    with settings.opened() as (_, store):
        facts = gather(
            config,
            store,
            Hearing(config.definitions),
            chosen,
            period,
            settings.clock(),
            _program(),
        )
    report = compose(templates, facts, language)
    say = speaking(templates, facts, language)
    about = f"{count(len(report.chapters), 'brand')}, {_english(templates, facts)}"
    only_pdf = output is not None and output.suffix.lower() == ".pdf"
    path = output or Path(f"{_name(period)}.html")
    if not only_pdf:
        write_private(path, page(templates, report, say).encode(), force=force)
        stdout().say(f"wrote {path}: {about}; open it in a browser")
    folders: tuple[tuple[Path | None, Format], ...] = (
        (csv_folder, "csv"), (json_folder, "jsonl"), (parquet_folder, "parquet"),
    )  # fmt: skip
    for folder, form in folders:
        if folder is not None:
            _write_tables(report, folder, form, force=force)
    if pdf or only_pdf:
        from watcher.reports.pdf import printed

        paper = path.with_suffix(".pdf")
        made = printed(page(templates, report, say, printed=True))
        write_private(paper, made, force=force)
        stdout().say(f"wrote {paper}: {about}" if only_pdf else f"wrote {paper}")


def _write_tables(report: Report, folder: Path, form: Format, *, force: bool) -> None:
    from watcher.reports.tables import write

    written = write(report, folder, form, force=force)
    stdout().say(f"wrote {count(len(written), 'table')} into {folder}")


def _english(templates: Templates, facts: Facts) -> str:
    """Return the period in the language of this program, whatever that of the report is."""
    return speaking(templates, facts, "en").span(facts.period)


def _brands(config: Config, names: tuple[str, ...]) -> tuple[Brand, ...]:
    if not config.brands:
        raise MistakeError(
            "no brand is configured, so there is nothing to report on",
            help='add [[brands]] with name = "Acme" to the configuration',
        )
    if not names:
        return reported(config)
    by_name = {brand.name: brand for brand in config.brands}
    wanted = dict.fromkeys(meant(name, by_name, "brand") for name in names)
    return tuple(by_name[name] for name in wanted)


def _period(now: datetime, zone: ZoneInfo, since: date | None, until: date | None) -> Period:
    """Return the period from one day to another, else the last week. Raises `MistakeError`."""
    if since is None:
        if until is not None:
            raise MistakeError(
                "--until does not say where the report begins", help="add --since, the first day"
            )
        return Period.last_week(now, zone)
    last = until or max(since, now.astimezone(zone).date() - timedelta(days=1))
    if (last - since).days >= LONGEST:
        raise MistakeError(
            f"a report is about {LONGEST} days at most", help="take a shorter period"
        )
    return up_to(now, zone, since, last)


def _name(period: Period) -> str:
    days = list(period.days())
    return re.sub(r"[^0-9A-Za-z-]", "", f"report-{days[0]}-{days[-1]}")


def _program() -> str:
    from importlib.metadata import version

    return f"brand-watcher {version('brand-watcher')}"
