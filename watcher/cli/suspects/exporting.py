"""`watcher suspects export`: evidence for a take-down request, or a list for another program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from alerts.words.render import Templates
from rules.model import Brand
from watcher import evidence as shape
from watcher import files
from watcher.cli import Settings
from watcher.cli.console import count, stdout
from watcher.cli.names import NUMBER, MistakeError, meant
from watcher.cli.suspects.choosing import Choice, choosing
from watcher.cli.suspects.writing import NotWrittenError, write_folder, write_private
from watcher.config import Config
from watcher.evidence import Case, Evidence, Own
from watcher.store import Store, SuspectRecord

ENDINGS: Final = {
    ".zip": "zip", ".html": "html", ".htm": "html", ".json": "json", ".csv": "csv", "": "folder",
}  # fmt: skip
FORMATS: Final = tuple(dict.fromkeys(ENDINGS.values()))
BUNDLES: Final = ("folder", "zip")
FOR_PEOPLE: Final = (*BUNDLES, "html")


@click.command()
@click.argument("suspect_ids", metavar="[ID]...", type=NUMBER, nargs=-1)
@choosing(default=None)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A folder, or a file that ends with .zip, .html, .json or .csv; else standard output.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="What to write, where the name does not say it.  [default: by the ending, else csv]",
)
@click.option("--language", default="en", show_default=True, help="Of what people read: en, fr.")
@click.option(
    "--posts",
    type=click.IntRange(0, 100_000),
    default=100,
    show_default=True,
    help="At most so many posts of each suspect are copied, the newest.",
)
@click.option("--force", is_flag=True, help="Replace what is there already.")
@click.pass_obj
def export(
    settings: Settings,
    suspect_ids: tuple[int, ...],
    choice: Choice,
    output: Path | None,
    form: str | None,
    language: str,
    posts: int,
    force: bool,
) -> None:
    """Write evidence of suspects: for a take-down request, a spreadsheet or another program.

    A folder or a .zip holds a page for people, tables, JSON, and a list of SHA-256 by which
    `sha256sum -c` shows that nothing was changed. Suspects are chosen by their numbers or by
    filters. Files are for you alone to read (mode 0600), since they hold personal data.
    """
    if suspect_ids and choice.stated:
        raise MistakeError(
            "numbers and filters choose in different ways",
            help="`watcher suspects list` with these filters shows the numbers",
        )
    output = None if output == Path("-") else output
    form = form or _form(output)
    if output is None and form in BUNDLES:
        raise MistakeError(f"a {form} needs a name", help="add --output NAME")
    templates = Templates(files.templates())
    language = meant(language, templates.languages, "language")
    with settings.opened() as (config, store):
        if suspect_ids:
            records = tuple(store.suspect(one).record for one in dict.fromkeys(suspect_ids))
        else:
            records = choice.of(config, store)[: choice.limit]
        if not records and form in FOR_PEOPLE:
            raise NotWrittenError(choice.none_found(store), help="nothing was written")
        if form == "csv":  # a line of what the list knows: quick for thousands
            cases = tuple(Case(record=one, brand=_brand(config, one)) for one in records)
        else:
            cases = tuple(_case(config, store, one, posts) for one in records)
    made = Evidence(
        made=settings.clock(),
        zone=ZoneInfo(config.timezone),
        program=_program(),
        cases=cases,
    )
    _write(made, templates, language, form, output, force=force)


def _form(output: Path | None) -> str:
    if output is None:
        return "csv"
    ending = "" if output.is_dir() else output.suffix.lower()
    if ending in ENDINGS:
        return ENDINGS[ending]
    known = ", ".join(one for one in ENDINGS if one)
    pdf = "; a browser prints the .html as PDF" if ending == ".pdf" else ""
    raise MistakeError(
        f"{ending!r} says not what to write",
        help=f"end the name with {known}, or say --format{pdf}",
    )


def _program() -> str:
    from importlib.metadata import version

    return f"brand-watcher {version('brand-watcher')}"


def _case(config: Config, store: Store, record: SuspectRecord, posts: int) -> Case:
    detail = store.suspect(record.id)
    suspect, brand = detail.record.suspect, _brand(config, detail.record)
    network = record.account.network if record.account else None
    return Case(
        record=detail.record,
        brand=brand,
        names=shape.beside(suspect, brand),
        own=tuple(_own(store, one, network) for one in brand.accounts),
        former=tuple(form for form in detail.forms if form.until),
        history=detail.history,
        sightings=store.sightings(record.id),
        posts=store.seen_posts(record.id, posts),
        private=store.private_posts(record.id),
    )


def _brand(config: Config, record: SuspectRecord) -> Brand:
    """The brand a suspect looks like; its name alone where the configuration has lost it."""
    name = record.suspect.brand
    return next((brand for brand in config.brands if brand.name == name), Brand(name=name))


def _own(store: Store, written: str, network: str | None) -> Own:
    """Look a brand's own account up on the suspect's network; None: on whichever knows it."""
    on, handle = written.split(":", 1) if ":" in written else (network, written)
    return Own(written=written, account=store.account_by_handle(on, handle))


def _write(
    made: Evidence,
    templates: Templates,
    language: str,
    form: str,
    output: Path | None,
    *,
    force: bool,
) -> None:
    if output is not None and form in BUNDLES:
        _write_bundle(made, templates, language, form, output, force=force)
        return
    text = _text(made, templates, language, form)
    if output is None:
        click.echo(text, nl=False)
        return
    write_private(output, text.encode("utf-8-sig" if form == "csv" else "utf-8"), force=force)
    _say(made.cases, output, posts=form != "csv")


def _write_bundle(
    made: Evidence, templates: Templates, language: str, form: str, output: Path, *, force: bool
) -> None:
    bundle = shape.bundle(templates, made, language)
    if form == "zip":
        write_private(output, shape.zipped(bundle, made), force=force)
    else:
        write_folder(output, bundle.files, force=force)
    _say(made.cases, output)
    stdout().say(f"SHA-256 of its manifest: {bundle.fingerprint}")
    stdout().hint("keep this line elsewhere: it shows later that the whole was not changed")


def _text(made: Evidence, templates: Templates, language: str, form: str) -> str:
    if form == "json":
        return shape.as_json(made)
    return shape.suspects_csv(made) if form == "csv" else shape.page(templates, made, language)


def _say(cases: Sequence[Case], output: Path, *, posts: bool = True) -> None:
    told = count(len(cases), "suspect")
    if posts:
        told += f" and {count(sum(len(case.posts) for case in cases), 'post')}"
    stdout().say(f"wrote {told} to {output}")
