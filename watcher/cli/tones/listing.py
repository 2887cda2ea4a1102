"""`watcher tones list` and `export`: posts with their tone, and all that people said."""

from typing import Any

import click

from watcher.cli import Settings
from watcher.cli.console import ago, count, print_json, safe, shown, stdout, unique
from watcher.cli.links import defused, suspect_domains
from watcher.cli.names import brand_names, completing, limit, meant
from watcher.config import Config
from watcher.store import ToneRecord

TONES = ("negative", "neutral", "positive", "unknown")
LONGEST_TEXT = 120


@click.command("list")
@click.option("--brand", shell_complete=completing(brand_names), help="Only posts about it.")
@click.option("--tone", type=click.Choice(TONES), help="Only those of this tone.")
@click.option("--judged/--not-judged", default=None, help="Only those that a person judged.")
@limit(20)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(
    settings: Settings,
    brand: str | None,
    tone: str | None,
    judged: bool | None,
    limit: int,
    as_json: bool,
) -> None:
    """List posts and how they speak of the brands, those written last first."""
    with settings.opened() as (config, store):
        records = store.tones(
            called(config, brand),
            tone="" if tone == "unknown" else tone,
            judged=judged,
            limit=limit + 1,
        )
        suspects = suspect_domains(store)
    records = tuple(shown(records, limit))
    if as_json:
        print_json([as_dict(record) for record in records])
        return
    now, screen = settings.clock(), stdout()
    narrowed = bool(brand or tone or judged is not None)
    screen.table(
        ["post", "brand", "written", "tone", "sure", "text"],
        [
            (
                safe(record.post.key, 60),
                record.brand,
                ago(record.post.posted_at, now),
                record.tone or "unknown",
                sureness(record),
                defused(safe(record.post.text, LONGEST_TEXT), suspects),
            )
            for record in records
        ],
        right=("sure",),
        hidden=["brand"] if brand or unique(r.brand for r in records) else [],
        less=("written",),
        empty="no post fits" if narrowed else "no post speaks of a brand yet",
    )
    if any(not record.judged for record in records):
        screen.hint("", "`watcher tones judge TONE POST` corrects one, `watcher tones review` asks")


@click.command()
@click.pass_obj
def export(settings: Settings) -> None:
    """Write all that was ever said of tones as JSON, oldest first; the last one counts."""
    with settings.opened() as (_, store):
        said = store.all_tone_judgements()
    print_json(
        [
            {
                "post": one.post,
                "brand": one.brand,
                "tone": one.tone,
                "note": one.note,
                "by": one.by,
                "at": one.at,
            }
            for one in said
        ]
    )


def called(config: Config, brand: str | None) -> str | None:
    """Return the brand that was typed. Raises `MistakeError`."""
    return None if brand is None else meant(brand, brand_names(config), "brand")


def sureness(record: ToneRecord) -> str:
    """How sure a tone is, in a few letters."""
    if record.judged:
        return "said"
    return "" if record.confidence is None else f"{record.confidence:.0%}"


def as_dict(record: ToneRecord) -> dict[str, Any]:
    """Return a record as plain values."""
    return {
        "post": record.post.key,
        "brand": record.brand,
        "tone": record.tone or None,
        "confidence": record.confidence,
        "told": record.told or None,
        "judged": record.judged,
        "complaint": record.complaint,
        "posted_at": record.post.posted_at,
        "author": record.post.author.handle,
        "text": record.post.text,
        "url": record.post.url,
        "private": record.post.private,
    }


def posts_of(number: int) -> str:
    """`1 post`, `7 posts`."""
    return count(number, "post")
