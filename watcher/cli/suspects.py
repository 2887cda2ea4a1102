"""`watcher suspects`: accounts and domains that look like a brand, and what we think of them."""

import csv
import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from rules.model import Account, Verdict
from watcher.app import utc_now
from watcher.cli import Settings
from watcher.cli.console import ago, print_json, safe, stdout
from watcher.cli.sidebyside import names_of, side_by_side
from watcher.config import Config
from watcher.store import Store, SuspectDetail, SuspectRecord

VERDICTS = [str(verdict) for verdict in Verdict]


@click.group()
def command() -> None:
    """Review the accounts and domains that look like a brand."""


def filters(function: Any) -> Any:
    """Add the options that choose suspects."""
    for option in (
        click.option("--limit", default=50, show_default=True, help="At most so many."),
        click.option("--min-score", default=0.0, help="Only those at least so alike (0 to 1)."),
        click.option("--brand", help="Only those that look like this brand."),
        click.option(
            "--verdict",
            type=click.Choice([*VERDICTS, "all"]),
            default="open",
            show_default=True,
            help="Only those judged so.",
        ),
    ):
        function = option(function)
    return function


def chosen(
    store: Store, verdict: str, brand: str | None, min_score: float, limit: int
) -> tuple[SuspectRecord, ...]:
    """Return the suspects that the options choose, the most alike first."""
    return store.suspects(
        verdict=None if verdict == "all" else Verdict(verdict),
        brand=brand,
        min_score=min_score,
        limit=limit,
    )


@command.command("list")
@filters
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(
    settings: Settings,
    verdict: str,
    brand: str | None,
    min_score: float,
    limit: int,
    as_json: bool,
) -> None:
    """List suspects, the most alike first."""
    with settings.opened() as (_, store):
        records = chosen(store, verdict, brand, min_score, limit)
    if as_json:
        print_json([as_dict(record) for record in records])
        return
    if not records:
        kind = "" if verdict == "all" else f"{verdict} "
        stdout().say(f"no {kind}suspects")
        return
    now = utc_now()
    stdout().table(
        ["id", "suspect", "brand", "score", "techniques", "posts", "first seen", "verdict"],
        [
            (
                str(record.id),
                called(record),
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
    )


@command.command()
@click.argument("suspect_id", metavar="ID", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(settings: Settings, suspect_id: int, as_json: bool) -> None:
    """Show everything known about one suspect."""
    with settings.opened() as (config, store):
        detail = store.suspect(suspect_id)
    if as_json:
        print_json(detail_dict(detail))
        return
    print_detail(config, detail)


def print_detail(config: Config, detail: SuspectDetail) -> None:
    """Print both names, the reasons, the account's facts, its posts and its history."""
    screen, record = stdout(), detail.record
    suspect = record.suspect
    screen.say(
        f"{called(record)} looks like {safe(suspect.brand)}: score {suspect.score:.2f} "
        f"({', '.join(suspect.techniques) or 'no technique'}), {record.verdict}",
        "",
    )
    for candidate in names_of(suspect):
        screen.say(*side_by_side(config.brands, suspect.brand, candidate), "")
    screen.say(safe(str(suspect.reason)))
    for evidence in suspect.evidence:
        screen.say(f"  - {safe(str(evidence))}")
    if record.account:
        screen.say("", *_account_lines(record.account))
    screen.say("", f"seen {record.first_seen:%Y-%m-%d} to {record.last_seen:%Y-%m-%d} (UTC)")
    for post in detail.posts:
        screen.say(f"  {post.posted_at:%Y-%m-%d %H:%M}  {safe(post.text, 160)}")
    for form in detail.forms:
        if form.until:
            screen.say(
                f"until {form.until:%Y-%m-%d}: @{safe(form.handle, 80)} "
                f'"{safe(form.display_name, 80)}"'
            )
    for decision in detail.verdicts:
        note = f": {safe(decision.note, 200)}" if decision.note else ""
        screen.say(
            f"{decision.at:%Y-%m-%d %H:%M} {decision.verdict} by {safe(decision.by, 40)}{note}"
        )


def _account_lines(account: Account) -> list[str]:
    facts = [f'"{safe(account.display_name, 100)}"', f"on {safe(account.network, 40)}"]
    if account.created:
        facts.append(f"since {account.created:%Y-%m-%d}")
    if account.followers is not None:
        facts.append(f"{account.followers} followers")
    if account.bot:
        facts.append("marked as a bot")
    lines = [", ".join(facts)]
    if account.bio:
        lines.append(safe(account.bio, 300))
    if account.url:
        lines.append(f"address: {defanged(safe(account.url, 200))}")
    return lines


def _judgement(name: str, verdict: Verdict, words: str) -> None:
    @command.command(name, help=words)
    @click.argument("suspect_ids", metavar="ID...", type=int, nargs=-1, required=True)
    @click.option("--note", default="", help="Why, for whoever looks at it later.")
    @click.pass_obj
    def judge(settings: Settings, suspect_ids: tuple[int, ...], note: str) -> None:
        with settings.opened() as (_, store):
            for suspect_id in suspect_ids:
                record = store.judge(suspect_id, verdict, note, who(), utc_now())
                stdout().say(f"{called(record)}: {record.verdict}")


_judgement("confirm", Verdict.CONFIRMED, "It imitates the brand.")
_judgement("dismiss", Verdict.DISMISSED, "It is harmless; it is not raised again.")
_judgement("ours", Verdict.OURS, "It is an account or domain of our own.")
_judgement("reopen", Verdict.OPEN, "Look at it again.")


@command.command()
@filters
@click.pass_obj
def review(
    settings: Settings, verdict: str, brand: str | None, min_score: float, limit: int
) -> None:
    """Judge suspects one after the other, with one key each."""
    from watcher.cli.review import Review

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(
            "the review needs a terminal; elsewhere use `watcher suspects list --json` "
            "and `confirm`, `dismiss`, `ours`"
        )
    with settings.opened() as (config, store):
        records = chosen(store, verdict, brand, min_score, limit)
        Review(config, store, records, who(), utc_now).run(click.getchar)


@command.command()
@filters
@click.option(
    "--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Else to the screen."
)
@click.pass_obj
def export(
    settings: Settings,
    verdict: str,
    brand: str | None,
    min_score: float,
    limit: int,
    form: str,
    output: Path | None,
) -> None:
    """Write suspects for a spreadsheet or another program."""
    with settings.opened() as (_, store):
        rows = [as_dict(record) for record in chosen(store, verdict, brand, min_score, limit)]
    with click.open_file(str(output or "-"), "w", encoding="utf-8") as file:
        if form == "json":
            import json

            json.dump(rows, file, ensure_ascii=False, indent=2, default=str)
            file.write("\n")
        else:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows([_cell(row[column]) for column in COLUMNS] for row in rows)
    if output:
        stdout().say(f"wrote {len(rows)} suspects to {output}")


COLUMNS = (
    "id", "subject", "name", "display_name", "brand", "rule", "score", "techniques", "reason",
    "verdict", "posts", "first_seen", "last_seen", "url",
)  # fmt: skip


def as_dict(record: SuspectRecord) -> dict[str, Any]:
    """Return a suspect as plain values; names are as the network gave them."""
    suspect = record.suspect
    return {
        "id": record.id,
        "subject": suspect.subject,
        "name": suspect.name,
        "display_name": suspect.display_name,
        "brand": suspect.brand,
        "rule": suspect.rule,
        "score": round(suspect.score, 4),
        "techniques": list(suspect.techniques),
        "reason": str(suspect.reason),
        "verdict": str(record.verdict),
        "posts": record.posts,
        "first_seen": _iso(record.first_seen),
        "last_seen": _iso(record.last_seen),
        "url": record.account.url if record.account else "",
    }


def detail_dict(detail: SuspectDetail) -> dict[str, Any]:
    """Return a suspect with its history as plain values."""
    return {
        **as_dict(detail.record),
        "evidence": [str(reason) for reason in detail.record.suspect.evidence],
        "forms": [
            {
                "handle": form.handle,
                "display_name": form.display_name,
                "bio": form.bio,
                "avatar": form.avatar,
                "until": _iso(form.until) if form.until else None,
            }
            for form in detail.forms
        ],
        "verdicts": [
            {
                "verdict": str(one.verdict),
                "note": one.note,
                "by": one.by,
                "at": _iso(one.at),
            }
            for one in detail.verdicts
        ],
        "recent_posts": [
            {"key": post.key, "posted_at": _iso(post.posted_at), "url": post.url, "text": post.text}
            for post in detail.posts
        ],
    }


def called(record: SuspectRecord) -> str:
    """Return what to call a suspect on the screen: `@handle`, or the domain, unclickable."""
    if record.suspect.is_domain:
        return defanged(safe(record.suspect.name, 80))
    return f"@{safe(record.suspect.name, 80)}"


def defanged(address: str) -> str:
    """Return a domain or address that no terminal turns into a link."""
    return address.replace(".", "[.]").replace("://", "[:]//")


def who() -> str:
    """Return who judges: the user's name on this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat()


def _cell(value: Any) -> str:
    """Return a value for a spreadsheet, which must not take a stranger's name for a formula."""
    text = ", ".join(value) if isinstance(value, list) else str(value)
    text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    text = text.encode("utf-8", "replace").decode("utf-8")
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text
