"""`watcher rules diff`: the posts gained and lost by a change of a rule."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from rules import KeywordRule
from rules.model import Definitions
from watcher.cli import Settings
from watcher.cli.console import NOTHING_STORED, count, print_json, safe, safe_lines, stderr, stdout
from watcher.cli.names import MistakeError, completing, rule_names
from watcher.cli.rules.figures import (
    a_day,
    percent,
    post_dict,
    print_posts,
    quality_dict,
    span_words,
)
from watcher.cli.rules.subject import (
    Material,
    choosing_posts,
    keyword_rule,
)
from watcher.config import Config, load
from watcher.toml import closest
from watcher.tuning.contrast import Contrast, Difference, contrast
from watcher.tuning.trial import span

MOST_RULES = 20
"""Rules of two configurations that are compared in one go."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two rules to compare, each with what its configuration defines."""

    name: str
    """Whose judgements count; empty for expressions alone."""
    old: tuple[KeywordRule, Definitions]
    new: tuple[KeywordRule, Definitions]
    words: tuple[str, str]
    """What the two are called on the screen."""


@click.command()
@click.argument("old", shell_complete=completing(rule_names))
@click.argument("new", shell_complete=completing(rule_names))
@click.argument("name", required=False, shell_complete=completing(rule_names))
@choosing_posts(paste=False)
@click.option(
    "--samples",
    type=click.IntRange(0, 10_000),
    default=3,
    show_default=True,
    help="Posts to show of those gained, and of those lost.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def diff(
    settings: Settings,
    old: str,
    new: str,
    name: str | None,
    material: Material,
    samples: int,
    as_json: bool,
) -> None:
    """Show which posts a change of a rule gains and loses.

    \b
      watcher rules diff acme 'acme -job'              a rule and another expression for it
      watcher rules diff acme acme-wide                two rules
      watcher rules diff 'acme' 'acme OR "ac me"'      two expressions
      watcher rules diff watcher.toml new.toml         two configurations, or one NAME of them
    """  # noqa: D301 - click's own mark
    config = settings.load()
    pairs, remarks = _pairs(config, old, new, name)
    for remark in remarks:
        stderr().say(*safe_lines(remark))
    results = []
    for at, pair in enumerate(pairs):
        judged_by = pair.name or None
        with (
            material.opened(settings, config, judged_by) as (corpus, suspects),
            stderr().progress("reading posts") as report,
        ):
            compared = contrast(
                pair.old,
                pair.new,
                corpus,
                zone=ZoneInfo(config.timezone),
                samples=samples,
                report=report,
            )
            if not as_json:
                stdout().say(*[""] * (at > 0))
                _print(config, pair, compared, suspects)
            for remark in corpus.remarks() if at == 0 else ():
                stderr().say(*safe_lines(remark))
        results.append(_as_dict(pair, compared))
    if as_json:
        print_json(results)
    elif not pairs:
        stdout().say("no rule differs")


def _pairs(config: Config, old: str, new: str, name: str | None) -> tuple[list[Pair], list[str]]:
    """Return what is to be compared, and what is to be said beside it. Raises `MistakeError`."""
    if _is_config(old) and _is_config(new):
        return _of_configs(load(Path(old)), load(Path(new)), name)
    if _is_config(old) or _is_config(new):
        raise MistakeError(
            "a configuration is compared with another one",
            help=f"watcher rules diff {config.path.name} new.toml",
        )
    if name is not None:
        raise MistakeError(
            f"{name!r} is one too many",
            help="put an expression in quotes: watcher rules diff acme 'acme -job'",
        )
    remarks = []
    known = rule_names(config)
    sides = []
    for text in (old, new):
        is_name = text.casefold() in {one.casefold() for one in known}
        if not is_name and " " not in text and (near := closest(text, known)):
            remarks.append(f"{text!r} is read as an expression; there is a rule {near!r}")
        sides.append(keyword_rule(config, text) if is_name else None)
    before, after = sides
    base = before or after
    rules = [
        rule or keyword_rule(config, base.name if base else None, text)
        for rule, text in ((before, old), (after, new))
    ]
    words = tuple(
        f"the rule {rule.name}" if rule else safe(text, 120)
        for rule, text in ((before, old), (after, new))
    )
    definitions = config.definitions
    pair = Pair(
        name=base.name if base else "",
        old=(rules[0], definitions),
        new=(rules[1], definitions),
        words=(words[0], words[1]),
    )
    return [pair], remarks


def _is_config(text: str) -> bool:
    return text.endswith(".toml")


def _of_configs(old: Config, new: Config, name: str | None) -> tuple[list[Pair], list[str]]:
    if name is not None:
        was, is_ = (keyword_rule(one, name, where=f" in {one.path.name}") for one in (old, new))
        return [_pair(old, new, was, is_)], []
    olds, news = (
        {rule.name: rule for rule in config.rules if isinstance(rule, KeywordRule)}
        for config in (old, new)
    )
    remarks = [f"only in {old.path.name}: {gone}" for gone in olds if gone not in news]
    remarks += [f"only in {new.path.name}: {added}" for added in news if added not in olds]
    changed = [
        _pair(old, new, olds[both], news[both])
        for both in olds
        if both in news
        and olds[both].compiled(old.definitions) != news[both].compiled(new.definitions)
    ]
    if len(changed) > MOST_RULES:
        remarks.append(f"{len(changed)} rules differ; the first {MOST_RULES} are compared")
    return changed[:MOST_RULES], remarks


def _pair(old: Config, new: Config, was: KeywordRule, is_: KeywordRule) -> Pair:
    return Pair(
        name=was.name,
        old=(was, old.definitions),
        new=(is_, new.definitions),
        words=(f"{was.name} in {old.path.name}", f"{is_.name} in {new.path.name}"),
    )


def _print(config: Config, pair: Pair, compared: Contrast, suspects: frozenset[str]) -> None:
    screen = stdout()
    days = span(compared.days)
    screen.say(
        f"old: {pair.words[0]}: {compared.before:,} of {count(compared.scanned, 'post')}",
        f"new: {pair.words[1]}: {compared.after:,}",
    )
    if not compared.scanned:
        stderr().note(NOTHING_STORED)
        return
    if days:
        change = (compared.after - compared.before) / len(days)
        sign = "+" if change > 0 else "-" if change < 0 else ""
        screen.say(f"{sign}{a_day(abs(change))} a day, by {span_words(days)}")
    before, after = compared.qualities
    if before.judged:
        screen.say(
            f"on {count(before.judged, 'judged post')}: precision {percent(before.precision)} "
            f"-> {percent(after.precision)}, recall {percent(before.recall)} -> "
            f"{percent(after.recall)}"
        )
    for verb, side in (("gained", compared.gained), ("lost", compared.lost)):
        screen.say("", f"{verb} {count(side.number, 'post')}{_judged_words(side)}")
        print_posts(side.posts.newest_first(), config.timezone, suspects)


def _judged_words(side: Difference) -> str:
    """Say how many of the posts were judged, and how."""
    told = [
        f"{number:,} judged {word}"
        for number, word in ((side.relevant, "relevant"), (side.irrelevant, "irrelevant"))
        if number
    ]
    return f", of these {' and '.join(told)}" if told else ""


def _as_dict(pair: Pair, compared: Contrast) -> dict[str, Any]:
    before, after = compared.qualities
    return {
        "rule": pair.name or None,
        "old": pair.words[0],
        "new": pair.words[1],
        "posts_scanned": compared.scanned,
        "days": len(span(compared.days)),
        "posts_before": compared.before,
        "posts_after": compared.after,
        "gained": _side_dict(compared.gained),
        "lost": _side_dict(compared.lost),
        "quality_before": quality_dict(before),
        "quality_after": quality_dict(after),
    }


def _side_dict(side: Difference) -> dict[str, Any]:
    return {
        "posts": side.number,
        "relevant": side.relevant,
        "irrelevant": side.irrelevant,
        "per_day": {day.isoformat(): number for day, number in sorted(side.per_day.items())},
        "samples": [post_dict(one) for one in side.posts.newest_first()],
    }
