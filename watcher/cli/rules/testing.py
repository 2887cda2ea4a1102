"""`watcher rules test`: a rule over stored posts, a file or a pasted post."""

from typing import Any
from zoneinfo import ZoneInfo

import click

from rules import KeywordRule
from watcher.cli import Settings
from watcher.cli.console import NOTHING_STORED, count, print_json, safe_lines, stderr, stdout
from watcher.cli.names import completing, rule_names
from watcher.cli.rules.explaining import print_explanation
from watcher.cli.rules.figures import (
    a_day,
    copies_words,
    mail_words,
    mails_of_rule,
    post_dict,
    print_days,
    print_posts,
    quality_dict,
    quality_lines,
    span_words,
    ways,
)
from watcher.cli.rules.subject import Material, choosing_posts, keyword_rule
from watcher.config import Config
from watcher.routing import router_of
from watcher.tuning.corpus import Corpus, pasted
from watcher.tuning.trial import Trial, Trials, run

WRONG = 5
"""Posts of each kind of mistake that --wrong shows."""


@click.command()
@click.argument("name", required=False, shell_complete=completing(rule_names))
@click.option("--find", metavar="EXPRESSION", help="Look for this instead of what the rule says.")
@choosing_posts()
@click.option("--wrong", is_flag=True, help="Show judged posts that it gets wrong.")
@click.option(
    "--samples",
    type=click.IntRange(0, 10_000),
    default=10,
    show_default=True,
    help="Posts to show.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def test(
    settings: Settings,
    name: str | None,
    find: str | None,
    material: Material,
    wrong: bool,
    samples: int,
    as_json: bool,
) -> None:
    """Try a rule: how much it finds, how right it is.

    It tells posts and mails a day, and shows samples. By itself it reads the stored posts, and
    counts what you said of its matches (`watcher matches`). A file can bring the judgements along:

    \b
      watcher rules test acme --file posts.jsonl.gz --labels labels.related

    Nothing is stored and nobody is told.
    """  # noqa: D301 - click's own mark
    config = settings.load()
    rule = keyword_rule(config, name, find)
    if material.post is not None and not as_json:
        print_explanation(config, rule, pasted(material.post, settings.clock()), None)
        return
    zone, router = ZoneInfo(config.timezone), router_of(config)
    with (
        material.opened(settings, config, rule.name if name else None) as (corpus, suspects),
        stderr().progress("reading posts") as report,
    ):
        trials = run(
            [rule],
            config.definitions,
            corpus,
            zone=zone,
            report=report,
            samples=samples,
            wrong=samples or WRONG if wrong else 0,
            channels=ways(router, [rule]),
        )
    trial = trials.trials[0]
    days = trials.span()
    mails = mails_of_rule(config, router, rule, trial, len(days))
    if as_json:
        print_json(_as_dict(rule, trials, trial, zone, mails))
        return
    _print_counts(config, rule, trials, trial, corpus, mails)
    if wrong:
        _print_wrong(trial, config, suspects)
    else:
        print_posts(trial.samples.newest_first(), config.timezone, suspects)


def _print_counts(
    config: Config,
    rule: KeywordRule,
    trials: Trials,
    trial: Trial,
    corpus: Corpus,
    mails: dict[str, float],
) -> None:
    zone = ZoneInfo(config.timezone)
    share = f" ({trial.found / trials.scanned:.1%})" if trials.scanned else ""
    stdout().say(f"found {trial.found:,} of {count(trials.scanned, corpus.noun)}{share}")
    if not trials.scanned and corpus.noun == "stored post":
        stderr().note(NOTHING_STORED)
    if trial.copies:
        stdout().say(copies_words(rule, trial.copies))
    for remark in corpus.remarks():
        stderr().say(*safe_lines(remark))
    days = trial.per_day(zone)
    if days:
        stdout().say("")
        print_days(days)
        middle = a_day(trials.median_a_day(trial, zone))
        stdout().say(
            "",
            f"median {middle} a day over {span_words(trials.span())}, "
            f"{max(days.values()):,} on the busiest; "
            + mail_words(config, router_of(config), rule, mails),
        )
    if trial.quality.judged:
        stdout().say("", *quality_lines(trial.quality))
        if corpus.noun == "stored post":
            stdout().hint("recall knows only posts that the rule once found, and you judged")


def _print_wrong(trial: Trial, config: Config, suspects: frozenset[str]) -> None:
    for title, kept in (
        ("found, and judged irrelevant:", trial.mistaken.newest_first()),
        ("judged relevant, and not found:", trial.missed.newest_first()),
    ):
        if kept:
            stdout().say("", title)
            print_posts(kept, config.timezone, suspects)
    if not trial.quality.judged:
        stdout().say("", "no post was judged: `watcher matches irrelevant ID` judges, or --labels")


def _as_dict(
    rule: KeywordRule, trials: Trials, trial: Trial, zone: ZoneInfo, mails: dict[str, float]
) -> dict[str, Any]:
    days = trial.per_day(zone)
    return {
        "rule": rule.name,
        "posts_scanned": trials.scanned,
        "posts_matched": trial.found,
        "copies": trial.copies,
        "per_day": {day.isoformat(): number for day, number in sorted(days.items())},
        "days": len(trials.span()),
        "median_per_day": trials.median_a_day(trial, zone),
        "mails_per_day": mails,
        "quality": quality_dict(trial.quality),
        "samples": [post_dict(one) for one in trial.samples.newest_first()],
        "mistaken": [post_dict(one) for one in trial.mistaken.newest_first()],
        "missed": [post_dict(one) for one in trial.missed.newest_first()],
    }
