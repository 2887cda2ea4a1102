"""`watcher rules suggest`: from what you called irrelevant to a change of the rule."""

from typing import Any

import click

from rules import KeywordRule
from rules.language import render
from rules.tuning.suggestion import FEWEST, FEWEST_RELEVANT, TooFew
from watcher.cli import Settings
from watcher.cli.console import count, print_json, safe, safe_lines, stderr, stdout
from watcher.cli.links import suspect_domains
from watcher.cli.names import completing, rule_names
from watcher.cli.rules.figures import percent, post_dict, print_posts, quality_dict
from watcher.cli.rules.subject import keyword_rule, verdicts
from watcher.config import Config
from watcher.store import Store
from watcher.tuning.proposal import Proposal, found_by, propose
from watcher.tuning.trial import Found

WHY = {
    "few-irrelevant": "fewer than {fewest} were judged irrelevant",
    "few-relevant": "fewer than {fewest_relevant} were judged relevant, against which to hold it",
    "nothing-in-common": "the irrelevant ones have nothing in common that the others lack",
}


@click.command()
@click.argument("name", shell_complete=completing(rule_names))
@click.option("--write", is_flag=True, help="Change the file, after showing how.")
@click.option(
    "--samples",
    type=click.IntRange(0, 10_000),
    default=5,
    show_default=True,
    help="Posts to show of those it would lose.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def suggest(settings: Settings, name: str, write: bool, samples: int, as_json: bool) -> None:
    """Propose a change of a rule from what you said of its matches.

    Judge some first: `watcher matches irrelevant ID...` and `relevant ID...`. Nothing is changed
    without --write, which keeps the file as it was beside it, as .bak.
    """
    config = settings.load()
    rule = keyword_rule(config, name)
    store = Store.open(config.store_url)
    try:
        judged = verdicts(store, rule.name)
        with stderr().progress("reading posts") as report:
            posts = found_by(config, rule, store, judged, report)
        suspects = suspect_domains(store)
    finally:
        store.close()
    proposal = propose(config, rule, posts, judged)
    if isinstance(proposal, TooFew):
        _say_too_few(rule, proposal, as_json=as_json)
        return
    if as_json:
        print_json(_as_dict(rule, proposal))
    else:
        _print(rule, proposal, config, suspects, samples)
    if write:
        backup = proposal.write()
        stderr().say(f"wrote {config.path.name}; as it was, it is {backup.name}")
    elif not as_json:
        stdout().say("", f"nothing is changed: `watcher rules suggest '{rule.name}' --write` does")


def _say_too_few(rule: KeywordRule, few: TooFew, *, as_json: bool) -> None:
    judged = {"relevant": few.relevant, "irrelevant": few.irrelevant}
    if as_json:
        print_json({"rule": rule.name, "judged": judged, "suggestion": None, "why": few.why})
        return
    why = WHY[few.why].format(fewest=FEWEST, fewest_relevant=FEWEST_RELEVANT)
    stdout().say(
        f"nothing to suggest for {rule.name}: of what it finds now {few.irrelevant} were judged "
        f"irrelevant and {few.relevant} relevant; {why}"
    )
    more_irrelevant = max(0, FEWEST - few.irrelevant)
    more_relevant = max(0, FEWEST_RELEVANT - few.relevant)
    if more_irrelevant or more_relevant:
        wanted = [
            f"{number} more {word}"
            for number, word in ((more_irrelevant, "irrelevant"), (more_relevant, "relevant"))
            if number
        ]
        stdout().say(f"it takes {' and '.join(wanted)}; 30 judged in all are a good start")
    else:
        total = few.irrelevant + few.relevant
        stdout().say(f"{count(total, 'more judgement')} would show smaller patterns")
    stdout().say(f"`watcher matches list --rule '{rule.name}' --verdict none` shows what to judge")


def _print(
    rule: KeywordRule,
    proposal: Proposal,
    config: Config,
    suspects: frozenset[str],
    samples: int,
) -> None:
    screen, made = stdout(), proposal.suggestion
    judged = made.before.judged
    screen.say(
        f"{rule.name}: of {count(judged, 'judged match', 'judged matches')} "
        f"{made.before.fp:,} are irrelevant",
        "",
        "exclude what has any of these:" if made.kind == "exclude" else "ask for any of these:",
    )
    screen.table(
        ["term", "irrelevant", "relevant", "not judged"],
        [
            (safe(render(one.trait), 80), *map(str, (one.irrelevant, one.relevant, one.unjudged)))
            for one in made.evidence
        ],
        right=("irrelevant", "relevant", "not judged"),
    )
    screen.say("", *safe_lines(proposal.diff))
    before, after = made.before, made.after
    screen.say(
        "",
        f"on the judged ones: precision {percent(before.precision)} -> {percent(after.precision)}, "
        f"recall {percent(before.recall)} -> {percent(after.recall)}, "
        f"F1 {percent(before.f1)} -> {percent(after.f1)}",
        f"held against judgements that were left out in making it: F1 "
        f"{percent(made.foreseen[0])} -> {percent(made.foreseen[1])}",
        "",
        f"it would lose {len(proposal.lost):,} of the {proposal.considered:,} stored matches "
        f"looked at: {proposal.lost_irrelevant:,} judged irrelevant, "
        f"{proposal.lost_relevant:,} judged relevant; it gains none",
    )
    print_posts([Found(post=post) for post in proposal.lost[:samples]], config.timezone, suspects)


def _as_dict(rule: KeywordRule, proposal: Proposal) -> dict[str, Any]:
    made = proposal.suggestion
    return {
        "rule": rule.name,
        "judged": {"relevant": made.before.tp, "irrelevant": made.before.fp},
        "suggestion": made.kind,
        "terms": [
            {
                "term": render(one.trait),
                "irrelevant": one.irrelevant,
                "relevant": one.relevant,
                "not_judged": one.unjudged,
            }
            for one in made.evidence
        ],
        "find": proposal.rule.find,
        "none": list(proposal.rule.none),
        "all": list(proposal.rule.all),
        "diff": proposal.diff,
        "quality_before": quality_dict(made.before),
        "quality_after": quality_dict(made.after),
        "f1_foreseen": list(made.foreseen),
        "posts_considered": proposal.considered,
        "posts_gained": 0,
        "posts_lost": len(proposal.lost),
        "lost_relevant": proposal.lost_relevant,
        "lost_irrelevant": proposal.lost_irrelevant,
        "lost": [post_dict(Found(post=post)) for post in proposal.lost[:100]],
    }
