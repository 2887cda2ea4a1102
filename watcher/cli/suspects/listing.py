"""`watcher suspects list`, and the table in which other commands show suspects too."""

from collections.abc import Collection, Sequence
from datetime import datetime

import click

from rules.lookalike.bands import band
from rules.model import Verdict
from watcher.cli import Settings
from watcher.cli.console import ago, print_json, safe, shown, stdout, unique
from watcher.cli.suspects.choosing import ALL, Choice, choosing
from watcher.cli.suspects.data import as_dict
from watcher.cli.suspects.subject import called
from watcher.store import SuspectRecord

COLUMNS = (
    "id", "suspect", "name", "brand", "score", "band", "techniques", "network", "posts",
    "first seen", "verdict",
)  # fmt: skip

LONGEST = 1000
"""Characters of a name that are compared."""


@click.command("list")
@choosing()
@click.option("--json", "json_", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, choice: Choice, json_: bool) -> None:
    """List suspects, the most alike first.

    The band says what to expect of a score: high, look at it today; medium, worth a look; low, few
    imitate anything.
    """
    with settings.opened() as (config, store):
        found = choice.of(config, store)
        empty = "" if found else choice.none_found(store)
    records = shown(found, choice.limit or ALL)
    if json_:
        print_json([as_dict(record) for record in records])
        return
    hidden = [] if choice.verdict == "all" else ["verdict"]
    print_table(records, settings.clock(), hidden, empty)
    if any(record.verdict == Verdict.OPEN for record in records):
        stdout().hint("", "`watcher suspects review` judges them one by one, `show ID` tells all")


def print_table(
    records: Sequence[SuspectRecord],
    now: datetime,
    dull: Collection[str] = (),
    empty: str = "",
) -> None:
    """Print suspects as a table.

    `dull` are columns that a person need not see if they say the same in every row; that always
    holds for the brand and the network. `empty` is said where there are none.
    """
    screen = stdout()
    rows = [_row(record, now, whole=screen.is_terminal) for record in records]
    hidden = ["name"] * screen.is_terminal + [
        column
        for at, column in enumerate(COLUMNS)
        if column in {"brand", "network", *dull} and unique(row[at] for row in rows)
    ]
    screen.table(
        COLUMNS,
        rows,
        right=("id", "score", "posts"),
        whole=("band",),
        hidden=hidden,
        less=("network", "first seen", "posts", "techniques"),
        empty=empty,
    )


def _row(record: SuspectRecord, now: datetime, *, whole: bool) -> tuple[str, ...]:
    suspect = record.suspect
    return (
        str(record.id),
        _called_and_named(record) if whole else called(record),
        safe(suspect.display_name, 40),
        safe(suspect.brand, 30),
        f"{suspect.score:.2f}",
        str(band(suspect.score)),
        ", ".join(suspect.techniques),
        "link" if suspect.is_domain else safe(suspect.subject.partition(":")[0], 30),
        str(record.posts),
        ago(record.first_seen, now),
        str(record.verdict),
    )


def _called_and_named(record: SuspectRecord) -> str:
    """Return both names in one cell, which leaves more room for them.

    A display name that only separators and capitals tell from the handle says nothing more.
    """
    name = record.suspect.display_name
    if not name or _letters(name) == _letters(record.suspect.name):
        return called(record)
    return f"{called(record)} “{safe(name, 40)}”"


def _letters(name: str) -> str:
    """Return the letters and digits as they are: a letter that looks like another is another."""
    return "".join(sign for sign in name[:LONGEST].casefold() if sign.isalnum())
