"""`watcher rules suggest`: from what you called irrelevant to a change of the rule."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from rules import KeywordRule
from rules.language import render
from rules.language.tree import Or
from rules.matcher import Matcher
from rules.model import Post
from rules.suggestion import FEWEST, FEWEST_RELEVANT, Judged, Suggestion, TooFew
from rules.suggestion import suggest as work_out
from rules.text import analyse, fold_words
from watcher.cli import Settings
from watcher.cli.console import count, print_json, safe, safe_lines, stderr, stdout
from watcher.cli.links import suspect_domains
from watcher.cli.names import completing, rule_names
from watcher.cli.rules.figures import percent, post_dict, print_posts, quality_dict
from watcher.cli.rules.subject import keyword_rule, named, verdicts
from watcher.config import Config, load
from watcher.store import Store
from watcher.toml import ConfigError
from watcher.toml.edit import ConfigFile, Insertion, added_to_list, joined_to
from watcher.tuning.corpus import Stored
from watcher.tuning.trial import Found

MOST_CONSIDERED = 5000
"""Matches that nobody judged and that are looked at, the newest ones."""
WHY = {
    "few-irrelevant": "fewer than {fewest} were judged irrelevant",
    "few-relevant": "fewer than {fewest_relevant} were judged relevant, against which to hold it",
    "nothing-in-common": "the irrelevant ones have nothing in common that the others lack",
}


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A suggestion, as a change of the user's file."""

    suggestion: Suggestion
    rule: KeywordRule
    """As it would be."""
    file: ConfigFile
    octets: bytes
    """The file as it would be."""
    lost: list[Found]
    """Posts that it would not find any more, newest first; some may stand for many."""
    lost_relevant: int
    lost_irrelevant: int
    considered: int

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        old, new = (
            octets.decode("utf-8-sig").replace("\r\n", "\n").splitlines(keepends=True)
            for octets in (self.file.octets, self.octets)
        )
        name = self.file.path.name
        return "".join(difflib.unified_diff(old, new, name, f"{name} (proposed)", n=2))


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
        posts, judged = _found(config, store, rule)
        suspects = suspect_domains(store)
    finally:
        store.close()
    taken = [Judged(analysis=analyse(post), relevant=judged.get(post.key)) for post in posts]
    worked_out = work_out(taken, _own(config, rule))
    if isinstance(worked_out, TooFew):
        _say_too_few(rule, worked_out, as_json=as_json)
        return
    proposal = _proposal(config, rule, worked_out, posts, judged)
    if as_json:
        print_json(_as_dict(rule, proposal))
    else:
        _print(rule, proposal, config, suspects, samples)
    if write:
        backup = proposal.file.replace(proposal.octets, lambda path: _agree(path, proposal.rule))
        stderr().say(f"wrote {config.path.name}; as it was, it is {backup.name}")
    elif not as_json:
        stdout().say("", f"nothing is changed: `watcher rules suggest '{rule.name}' --write` does")


def _found(config: Config, store: Store, rule: KeywordRule) -> tuple[list[Post], dict[str, bool]]:
    """Return the posts that the rule finds, judged or among the newest, and the judgements."""
    judged = dict(verdicts(store, rule.name))
    matcher = Matcher([replace(rule, enabled=True)], config.definitions)
    kept: list[Post] = []
    others: list[Post] = []
    with stderr().progress("reading posts") as report:
        for batch in Stored(store=store).batches(report):
            posts = {known.post.key: known.post for known in batch}
            for match in matcher.match(list(posts.values())):
                (kept if match.post in judged else others).append(posts[match.post])
            others = others[-MOST_CONSIDERED:]
    return kept + others, judged


def _own(config: Config, rule: KeywordRule) -> frozenset[str]:
    """The terms that the rule or a brand is about: never excluded by themselves."""
    node, _ = rule.compiled(config.definitions)
    own: set[str] = set()
    waiting: list[Any] = [node]
    while waiting:
        one = waiting.pop()
        waiting += [getattr(one, key) for key in ("part", "left", "right") if hasattr(one, key)]
        waiting += getattr(one, "parts", ())
        own.update(fold_words(getattr(one, "text", "")))
    for brand in config.brands:
        for spelling in (brand.name, *brand.spellings, *brand.accounts):
            own.update(fold_words(spelling))
    return frozenset(own | {sign + term for term in own for sign in "#@"})


def _proposal(
    config: Config,
    rule: KeywordRule,
    suggestion: Suggestion,
    posts: Sequence[Post],
    judged: dict[str, bool],
) -> Proposal:
    """Turn a suggestion into a change of the file. Raises `ConfigError` where it cannot be."""
    file = ConfigFile.read(config.path)
    number = config.rules.index(named(config, rule.name))
    insertions, changed = _change(file, number, rule, suggestion)
    matcher = Matcher([replace(changed, enabled=True)], config.definitions)
    still = {match.post for match in matcher.match(posts)}
    lost = [post for post in posts if post.key not in still]
    lost.sort(key=lambda post: post.posted_at, reverse=True)
    return Proposal(
        suggestion=suggestion,
        rule=changed,
        file=file,
        octets=file.changed(insertions),
        lost=[Found(post=post) for post in lost],
        lost_relevant=sum(judged.get(post.key) is True for post in lost),
        lost_irrelevant=sum(judged.get(post.key) is False for post in lost),
        considered=len(posts),
    )


def _change(
    file: ConfigFile, number: int, rule: KeywordRule, suggestion: Suggestion
) -> tuple[tuple[Insertion, ...], KeywordRule]:
    """The texts to put in, and the rule that they make."""
    terms = [render(term) for term in suggestion.terms]
    joined = terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"
    exclude = suggestion.kind == "exclude"
    if exclude and (rule.none or not rule.find):
        change = added_to_list(file.document, number, "none", terms)
        return (change,), replace(rule, none=(*rule.none, *terms))
    if not rule.find:
        change = added_to_list(file.document, number, "all", [joined])
        return (change,), replace(rule, all=(*rule.all, joined))
    tree = replace(rule, any=(), all=(), none=()).tree
    text = f"-{joined}" if exclude else joined
    bracketed = isinstance(tree, Or)
    find = rule.find.strip()
    return (
        joined_to(file.document, number, text, bracketed=bracketed),
        replace(rule, find=f"({find}) {text}" if bracketed else f"{find} {text}"),
    )


def _agree(path: Path, wanted: KeywordRule) -> None:
    """Raise `ConfigError` unless the file is a configuration in which the rule is as wanted."""
    config = load(path)
    rule = named(config, wanted.name)
    if not isinstance(rule, KeywordRule) or rule.tree != wanted.tree:
        raise ConfigError(
            "the file as changed does not say what was proposed",
            code="uneditable",
            help="change it by hand",
        )


def _say_too_few(rule: KeywordRule, few: TooFew, *, as_json: bool) -> None:
    judged = {"relevant": few.relevant, "irrelevant": few.irrelevant}
    if as_json:
        print_json({"rule": rule.name, "judged": judged, "suggestion": None, "why": few.why})
        return
    why = WHY[few.why].format(fewest=FEWEST, fewest_relevant=FEWEST_RELEVANT)
    stdout().say(
        f"nothing to suggest for {rule.name}: of its matches {few.irrelevant} were judged "
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
    print_posts(proposal.lost[:samples], config.timezone, suspects)


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
        "lost": [post_dict(one) for one in proposal.lost[:100]],
    }
