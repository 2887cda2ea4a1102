"""`watcher relevance`: what tells posts about a brand from those that only name it."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

import click

from rules.model import Brand
from rules.signals.relevance import FEWEST, FEWEST_OF_EACH, PRECISION, ByContext, Judged, Learner
from watcher.cli import Settings
from watcher.cli.console import PRIVATE, ago, count, print_json, safe, stdout
from watcher.cli.links import defused, suspect_domains
from watcher.cli.names import MistakeError, brand_names, completing, limit, meant
from watcher.config import Config
from watcher.insights.model import Estimate, share
from watcher.relevance import Relevances
from watcher.store import Store

SHOWN = 20
"""Posts listed by `try`; all are counted."""
LONGEST_TEXT = 120

_BRAND = click.argument("brand", shell_complete=completing(brand_names))


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Tell posts about a brand from those that only name it: Orange, and the fruit.

    Without a command: each brand, whether anything is left out, and why. What to ask of a brand is
    its key `relevance`; it learns from `watcher matches relevant` and `irrelevant`.
    """
    if ctx.invoked_subcommand is not None:
        return
    settings: Settings = ctx.obj
    with settings.opened() as (config, store):
        relevances = Relevances(config.definitions, config.rules)
        learners = [relevances.learner(store, brand) for brand in config.brands]
    if as_json:
        print_json([_as_dict(one) for one in learners])
        return
    screen = stdout()
    screen.table(
        ["brand", "relevance", "judged", "about it", "not", "leaves posts out"],
        [
            (
                safe(one.brand.name, 60),
                one.brand.relevance,
                str(one.judged),
                str(one.relevant),
                str(one.irrelevant),
                _state(one),
            )
            for one in learners
        ],
        right=("judged", "about it", "not"),
        empty="no brand is configured",
    )
    if learners:
        screen.hint("", "`watcher relevance show BRAND` tells more")


@command.command()
@_BRAND
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(settings: Settings, brand: str, as_json: bool) -> None:
    """Show what was learnt of a brand, and how well it does on posts not learnt from."""
    with settings.opened() as (config, store):
        asked = _brand(config, brand)
        relevances = Relevances(config.definitions, config.rules)
        learner = relevances.learner(store, asked)
        judged = relevances.judged(store, asked)
        teachers = relevances.teachers(asked)
    if as_json:
        print_json(_as_dict(learner) | {"by_context": _context_dict(asked, judged)})
        return
    screen = stdout()
    screen.note(safe(asked.name, 60))
    screen.pairs(_pairs(learner, judged, teachers))


def _pairs(
    learner: Learner, judged: Sequence[Judged], teachers: Sequence[str]
) -> list[tuple[str, str]]:
    brand = learner.brand
    by = f" by matches of {', '.join(safe(one, 40) for one in teachers)}" if teachers else ""
    rows = [
        ("relevance", f'"{brand.relevance}"'),
        ("leaves out", _state(learner)),
        (
            "judged",
            f"{count(learner.judged, 'post')}{by}: {learner.relevant} about it, "
            f"{learner.irrelevant} not" if learner.judged or teachers
            else "nothing: no rule is about this brand alone",
        ),
    ]  # fmt: skip
    if learner.passed_over:
        rows.append(("", f"{learner.passed_over:,} older ones are passed over"))
    if quality := learner.quality:
        rows += [
            ("tried", "each judged post by what the others teach"),
            ("precision", _of(quality.rightly, quality.left_out, "left out are not about it")),
            ("recall", _of(quality.rightly, quality.irrelevant, "not about it are left out")),
        ]
    if learner.threshold:
        rows.append(("threshold", f"less than {learner.threshold:.0%} likely about it"))
    for label, words in zip(("speak for it", "and against"), learner.words(), strict=True):
        if words:
            rows.append((label, ", ".join(safe(word, 30) for word in words)))
    if brand.context:
        out, rightly = _by_context(brand, judged)
        said = ", ".join(safe(word, 30) for word in brand.context[:10])
        rows.append(("context", said))
        if judged:
            rows.append(("  alone", _of(rightly, out, "left out by it are not about it")))
    return rows


@command.command("try")
@_BRAND
@click.option(
    "--by",
    type=click.Choice(("context", "learn")),
    help="By the words of its context, or by what was judged.  [default: as configured, or learn]",
)
@limit(500, "Look at so many posts, those written last.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def try_(
    settings: Settings,
    brand: str,
    by: Literal["context", "learn"] | None,
    limit: int,
    as_json: bool,
) -> None:
    """Tell what would be left out of the stored posts that name a brand. It changes nothing."""
    with settings.opened() as (config, store):
        asked = _brand(config, brand)
        how = by or ("context" if asked.relevance == "context" else "learn")
        if how == "context" and not any(re.search(r"\w", word) for word in asked.context):
            raise MistakeError(
                f"there are no words of the context of {asked.name}",
                help='add some to the brand: context = ["forfait", "4g"]',
            )
        teller = _teller(config, store, asked, how)
        recent = [one.post for one in store.tones(asked.name, limit=limit)]
        suspects = suspect_domains(store)
    told = [(post, said) for post in recent if (said := teller.judge(post)) is not None]
    left = [(post, said) for post, said in told if said.left_out]
    if as_json:
        listed = [
            {"key": post.key, "text": post.text, "private": post.private,
             "relevance": said.relevance}
            for post, said in left
        ]  # fmt: skip
        print_json({"brand": asked.name, "by": how, "posts": len(recent), "left_out": listed})
        return
    screen, now = stdout(), settings.clock()
    if not recent:
        screen.say(f"no stored post names {safe(asked.name, 60)}")
        return
    if isinstance(teller, Learner) and not teller.is_on:
        screen.say(f"nothing would be left out: {_state(teller)}")
        return
    posts = count(len(recent), "stored post")
    screen.say(f"{posts} that name {safe(asked.name, 60)}: {len(left)} would be left out")
    screen.table(
        ["likely", "written", "author", "text"],
        [
            (
                f"{said.relevance:.0%}",
                ago(post.posted_at, now),
                f"@{safe(post.author.handle, 40)}",
                (f"{PRIVATE} " if post.private else "")
                + str(defused(safe(post.text, LONGEST_TEXT), suspects)),
            )
            for post, said in left[:SHOWN]
        ],
        right=("likely",),
        less=("written", "author"),
    )
    if len(left) > SHOWN:
        screen.say(f"and {len(left) - SHOWN} more")


def _teller(config: Config, store: Store, brand: Brand, how: str) -> ByContext | Learner:
    if how == "context":
        return ByContext(brand)
    return Relevances(config.definitions, config.rules).learner(store, brand)


def _brand(config: Config, name: str) -> Brand:
    known = meant(name, brand_names(config), "brand")
    return next(one for one in config.brands if one.name == known)


def _state(learner: Learner) -> str:
    """Whether anything is left out, and why not."""
    if learner.brand.relevance == "context":
        return "yes: what has no word of its context"
    if learner.why == "few":
        more = f"{learner.judged} of {FEWEST} posts are judged"
        return f"no: {more}" if learner.brand.relevance == "learn" else f"no: off; {more}"
    why = {
        "one kind": f"it needs {FEWEST_OF_EACH} posts about it and {FEWEST_OF_EACH} that are not",
        "not better": f"tried, it would not be right {PRECISION:.0%} of the time",
        "": "what was judged is enough",
    }[learner.why]
    if learner.brand.relevance == "off":
        return f"no: off; {why}"
    return f"yes: {why}" if learner.is_on else f"no: {why}"


def _of(part: int, whole: int, what: str) -> str:
    found = share(part, whole)
    if found is None:
        return f"0 {what}"
    return f"{part} of {whole} {what}: {_interval(found)}"


def _interval(found: Estimate) -> str:
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%})"


def _by_context(brand: Brand, judged: Sequence[Judged]) -> tuple[int, int]:
    """How many judged posts the context alone leaves out, and how many of these rightly."""
    teller = ByContext(brand)
    out = [one for one in judged if teller.judge(one.post).left_out]
    return len(out), sum(not one.relevant for one in out)


def _context_dict(brand: Brand, judged: Sequence[Judged]) -> dict[str, int]:
    out, rightly = _by_context(brand, judged)
    return {"posts": len(judged), "left_out": out, "rightly": rightly}


def _as_dict(learner: Learner) -> dict[str, Any]:
    quality = learner.quality
    speak_for, against = learner.words()
    return {
        "brand": learner.brand.name,
        "relevance": learner.brand.relevance,
        "relevant": learner.relevant,
        "irrelevant": learner.irrelevant,
        "passed_over": learner.passed_over,
        "enough": learner.is_on,
        "why_not": learner.why,
        "threshold": learner.threshold,
        "for": speak_for,
        "against": against,
        "tried": None
        if quality is None
        else {
            "posts": quality.posts,
            "irrelevant": quality.irrelevant,
            "left_out": quality.left_out,
            "rightly": quality.rightly,
            "precision": _estimate(quality.rightly, quality.left_out),
            "recall": _estimate(quality.rightly, quality.irrelevant),
            "macro_f1": quality.macro_f1,
        },
    }


def _estimate(part: int, whole: int) -> dict[str, Any] | None:
    found = share(part, whole)
    return None if found is None else asdict(found)
