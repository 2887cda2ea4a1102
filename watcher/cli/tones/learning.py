"""`watcher tones quality` and `learn`: what judged posts teach, and using it."""

from collections.abc import Sequence
from typing import Any

import click

from rules.model import Brand
from rules.signals.sentiment.correcting import FEWEST
from rules.signals.spoken import Hearing
from watcher.cli import Settings
from watcher.cli.console import count, print_json, stdout
from watcher.cli.names import brand_names, completing
from watcher.cli.tones.listing import called
from watcher.config import Config
from watcher.tones import AGAIN_FOR, Lesson, lesson
from watcher.tones import learn as learn_from


@click.command()
@click.option("--brand", shell_complete=completing(brand_names), help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def quality(settings: Settings, brand: str | None, as_json: bool) -> None:
    """Say how well tones are told, by the posts that were judged, and what these teach."""
    with settings.opened() as (config, store):
        hearing = Hearing(config.definitions)
        lessons = [lesson(store, hearing, one) for one in _brands(config, brand)]
    if as_json:
        print_json([_as_dict(one) for one in lessons])
        return
    for one in lessons:
        stdout().say(*_words(one))
        if one.quality.adopted and not one.in_use:
            stdout().hint("  `watcher tones learn` uses it")
    if not lessons:
        stdout().say("no brand is configured")


@click.command()
@click.option("--brand", shell_complete=completing(brand_names), help="Only this one.")
@click.pass_obj
def learn(settings: Settings, brand: str | None) -> None:
    """Use what judged posts teach of each brand, where that tells tones better; else nothing.

    It changes the tone of posts from now on, and of those of the last 30 days.
    """
    with settings.opened() as (config, store):
        hearing = Hearing(config.definitions)
        for one in _brands(config, brand):
            found, again = learn_from(store, hearing, one, settings.clock())
            stdout().say(*_words(found))
            used = "is used" if found.quality.adopted else "is not used"
            told = count(again, "post") + f" of the last {AGAIN_FOR.days} days told anew"
            stdout().say(f"  what was learnt {used}; {told}")


def _brands(config: Config, brand: str | None) -> Sequence[Brand]:
    wanted = called(config, brand)
    return [one for one in config.brands if wanted in (None, one.name)]


def _words(one: Lesson) -> list[str]:
    found = one.quality
    if found.judged < FEWEST:
        few = "nobody has judged a tone yet" if not found.judged else f"{found.judged} judged"
        return [f"{one.brand}: {few}; {FEWEST} judged posts are needed to learn from"]
    said = ", ".join(f"{number} {tone}" for tone, number in one.said.items())
    unread = f"; {count(one.unread, 'more')} in no language with a model" if one.unread else ""
    difference = f"({found.low:+.2f} to {found.high:+.2f})"
    taught = f"{found.after:.2f} with what they teach {difference}"
    lines = [
        f"{one.brand}: {found.judged} judged posts ({said}){unread}",
        f"  macro-F1 {found.before:.2f} as it ships, {taught}",
        f"  told as people did: {found.right_before:.0%} as it ships, {found.right_after:.0%}",
    ]
    if found.adopted:
        lines.append("  better in cross-validation: each post was told by what the others teach")
    else:
        lines.append("  not surely better in cross-validation: judge more posts")
    return lines


def _as_dict(one: Lesson) -> dict[str, Any]:
    found = one.quality
    return {
        "brand": one.brand,
        "judged": found.judged,
        "said": one.said,
        "unread": one.unread,
        "macro_f1_before": found.before,
        "macro_f1_after": found.after,
        "difference": [found.low, found.high],
        "told_right_before": found.right_before,
        "told_right_after": found.right_after,
        "likelier_in": found.better,
        "adopted": found.adopted,
        "in_use": one.in_use,
    }
