"""`watcher suspects`: accounts and domains that look like a brand, and what we think of them."""

import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, update_wrapper
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from rules.errors import WatcherError
from rules.model import Account, Verdict
from watcher.cli import Settings
from watcher.cli.console import (
    ago,
    as_json,
    count,
    moment,
    print_json,
    safe,
    shown,
    stderr,
    stdout,
    unique,
    write_file,
)
from watcher.cli.links import defanged, defused
from watcher.cli.names import NUMBER, MistakeError, Score, brand_names, completing, limit, meant
from watcher.cli.sidebyside import compared
from watcher.cli.suspect_data import as_csv, as_dict, detail_dict
from watcher.config import Config
from watcher.store import Store, SuspectDetail, SuspectRecord

VERDICTS = [str(verdict) for verdict in Verdict]
ALL = 10**9


@click.group()
def command() -> None:
    """Review the accounts and domains that look like a brand."""


@dataclass(frozen=True)
class Choice:
    """Which suspects are meant."""

    verdict: str
    brand: str | None
    min_score: float
    limit: int | None

    def of(self, config: Config, store: Store) -> tuple[SuspectRecord, ...]:
        """Return the suspects, the most alike first, and one above the limit where there is one.

        Raises `MistakeError` for a brand that is neither configured nor that of any suspect.
        """
        records = self._read(store, self.brand)
        if records or self.brand is None:
            return records
        return self._read(store, meant(self.brand, brand_names(config), "brand"))

    def _read(self, store: Store, brand: str | None) -> tuple[SuspectRecord, ...]:
        return store.suspects(
            verdict=None if self.verdict == "all" else Verdict(self.verdict),
            brand=brand,
            min_score=self.min_score,
            limit=self.limit + 1 if self.limit else ALL,
        )

    def none_found(self, store: Store) -> str:
        """Say that no suspect fits, and where there are others."""
        fits = " that fits" if self.brand or self.min_score else ""
        if self.verdict == "all":
            return f"there is no suspect{fits}"
        others = {v: n for v, n in store.status().suspects.items() if v != self.verdict and n}
        told = ", ".join(f"{number} {verdict}" for verdict, number in others.items())
        hint = f" ({told}: --verdict all shows them)" if told else ""
        return f"no suspect{fits} is {self.verdict}{hint}"


def choosing(default: int | None = 50) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options that choose suspects; the command receives them as a `Choice`."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        def chosen(
            *, verdict: str, brand: str | None, min_score: float, limit: int | None, **rest: Any
        ) -> None:
            function(choice=Choice(verdict, brand, min_score, limit), **rest)

        update_wrapper(chosen, function)
        options: tuple[Callable[..., Any], ...] = (
            limit(default),
            click.option(
                "--min-score",
                type=Score(),
                default=0.0,
                help="Only those at least so alike: 0 to 1.",
            ),
            click.option(
                "--brand",
                shell_complete=completing(brand_names),
                help="Only those that look like this brand.",
            ),
            click.option(
                "--verdict",
                type=click.Choice([*VERDICTS, "all"]),
                default="open",
                show_default=True,
                help="Only those judged so.",
            ),
        )
        decorated: Callable[..., None] = chosen
        for option in options:
            decorated = option(decorated)
        return decorated

    return decorate


@command.command("list")
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


@command.command()
@click.argument("suspect_id", metavar="ID", type=NUMBER)
@click.option("--json", "json_", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(settings: Settings, suspect_id: int, json_: bool) -> None:
    """Show everything known about one suspect."""
    with settings.opened() as (config, store):
        detail = store.suspect(suspect_id)
    if json_:
        print_json(detail_dict(detail))
        return
    print_detail(config, detail)


def print_detail(config: Config, detail: SuspectDetail) -> None:
    """Print both names, the reasons, the account's facts, its posts and its history."""
    screen, record = stdout(), detail.record
    suspect, at = record.suspect, partial(moment, zone=config.timezone)
    own = (suspect.name.lower(),) if suspect.is_domain else ()
    techniques = f" ({', '.join(suspect.techniques)})" if suspect.techniques else ""
    screen.say(
        f"{called(record)} looks like {safe(suspect.brand, 80)}: "
        f"score {suspect.score:.2f}{techniques}, {record.verdict}",
        "",
        *compared(config.brands, suspect),
        "",
        defused(safe(str(suspect.reason)), own),
        *(defused(f"  - {safe(str(evidence))}", own) for evidence in suspect.evidence),
    )
    if record.account:
        screen.say("", *_account_lines(record.account))
    screen.say("", f"{count(record.posts, 'post')}, first seen {at(record.first_seen)}")
    for post in detail.posts:
        screen.say(defused(f"  {at(post.posted_at)}  {safe(post.text, 160)}", own, all_links=True))
    for form in detail.forms:
        if form.until:
            name = f' "{safe(form.display_name, 80)}"' if form.display_name else ""
            screen.say(f"until {at(form.until)} it was @{safe(form.handle, 80)}{name}")
    if detail.verdicts:
        screen.say("")
    for decision in detail.verdicts:
        note = f": {safe(decision.note, 200)}" if decision.note else ""
        screen.say(f"{at(decision.at)}  {decision.verdict} by {safe(decision.by, 40)}{note}")


def _account_lines(account: Account) -> list[str | Text]:
    facts = [f"on {safe(account.network, 40)}"]
    if account.display_name:
        facts.insert(0, f'"{safe(account.display_name, 100)}"')
    if account.created:
        facts.append(f"since {account.created:%Y-%m-%d}")
    if account.followers is not None:
        facts.append(count(account.followers, "follower"))
    if account.bot:
        facts.append("marked as a bot")
    lines: list[str | Text] = [", ".join(facts)]
    if account.bio:
        lines.append(defused(safe(account.bio, 300), (), all_links=True))
    if account.url:
        lines.append(f"address: {defanged(safe(account.url, 200))}")
    return lines


def _judgement(name: str, verdict: Verdict, words: str) -> None:
    @command.command(name, help=words)
    @click.argument("suspect_ids", metavar="ID...", type=NUMBER, nargs=-1, required=True)
    @click.option("--note", default="", help="Why, for whoever looks at it later.")
    @click.pass_obj
    def judge(settings: Settings, suspect_ids: tuple[int, ...], note: str) -> int:
        failed = 0
        with settings.opened() as (_, store):
            for suspect_id in suspect_ids:
                try:
                    record = store.judge(suspect_id, verdict, note, who(), settings.clock())
                except WatcherError as error:  # the others are judged all the same
                    stderr().error(error)
                    failed = 1
                    continue
                stdout().say(f"{called(record)}: {record.verdict}")
        return failed


_judgement("confirm", Verdict.CONFIRMED, "Say that it imitates the brand.")
_judgement("dismiss", Verdict.DISMISSED, "Say that it is harmless; it is not raised again.")
_judgement("ours", Verdict.OURS, "Say that it is our own.")
_judgement("reopen", Verdict.OPEN, "Take the verdict back, to look at it again.")


@command.command()
@choosing()
@click.pass_obj
def review(settings: Settings, choice: Choice) -> None:
    """Judge suspects one after the other, with one key each.

    Each verdict is stored at once: leave with q or Ctrl-C whenever you like.
    """
    from watcher.cli.review import Review

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise MistakeError(
            "the review needs a terminal",
            help="elsewhere `watcher suspects list --json` shows them, "
            "`confirm`, `dismiss` and `ours` judge",
        )
    with settings.opened() as (config, store):
        records = shown(choice.of(config, store), choice.limit or ALL)
        if not records:
            stdout().say(f"nothing to review: {choice.none_found(store)}")
            return
        Review(config, store, records, who(), settings.clock).run(click.getchar)


@command.command()
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


def called(record: SuspectRecord) -> str:
    """Return what to call a suspect on the screen: `@handle`, or the domain, unclickable."""
    if record.suspect.is_domain:
        return defanged(safe(record.suspect.name, 80))
    return f"@{safe(record.suspect.name, 80)}"


def who() -> str:
    """Return who judges: the user's name on this machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
    return f"user {name}" if name == "watcher" else name  # the bare word is the program itself
