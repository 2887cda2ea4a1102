"""`watcher suspects list`."""

import click

from rules.model import Verdict
from watcher.cli import Settings
from watcher.cli.console import ago, print_json, safe, shown, stdout, unique
from watcher.cli.suspects.choosing import ALL, Choice, choosing
from watcher.cli.suspects.data import as_dict
from watcher.cli.suspects.subject import called
from watcher.store import SuspectRecord


@click.command("list")
@choosing()
@click.option("--json", "json_", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, choice: Choice, json_: bool) -> None:
    """List suspects, the most alike first."""
    with settings.opened() as (config, store):
        found = choice.of(config, store)
        empty = "" if found else choice.none_found(store)
    records = shown(found, choice.limit or ALL)
    if json_:
        print_json([as_dict(record) for record in records])
        return
    now, screen = settings.clock(), stdout()
    # To a person, a column that says the same in every row says nothing.
    same_brand = unique(record.suspect.brand for record in records)
    same_verdict = unique(record.verdict for record in records)
    hidden = ["brand"] * same_brand + ["verdict"] * (same_verdict and choice.verdict != "all")
    hidden += ["name"] * screen.is_terminal
    screen.table(
        ["id", "suspect", "name", "brand", "score", "techniques", "posts", "first seen", "verdict"],
        [
            (
                str(record.id),
                _called_and_named(record) if screen.is_terminal else called(record),
                safe(record.suspect.display_name, 40),
                safe(record.suspect.brand, 30),
                f"{record.suspect.score:.2f}",
                ", ".join(record.suspect.techniques),
                str(record.posts),
                ago(record.first_seen, now),
                str(record.verdict),
            )
            for record in records
        ],
        right=("id", "score", "posts"),
        hidden=hidden,
        less=("first seen", "posts", "techniques"),
        empty=empty,
    )
    if any(record.verdict == Verdict.OPEN for record in records):
        screen.hint("", "`watcher suspects review` judges them one by one, `show ID` tells all")


def _called_and_named(record: SuspectRecord) -> str:
    """Return both names in one cell, which leaves more room for them."""
    name = record.suspect.display_name
    if not name or name.casefold() == record.suspect.name.casefold():
        return called(record)
    return f"{called(record)} “{safe(name, 40)}”"
