"""What the linter says of the rules: of each by its words, and of one beside another.

What a rule's table can tell by itself it tells itself (`KeywordRule.doubts`).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from alerts import AutoFollow
from rules import KeywordRule
from rules.errors import Problem
from rules.frequencies import Frequencies
from rules.language import expand
from rules.language.tree import BrandName, Field, ListName
from rules.language.walk import wanted
from rules.lint import cost_problems, lint_words, unless_allowed, useless_allows
from rules.lint.across import across
from watcher.coherence import unfed
from watcher.coherence.feeding import feeds_of

if TYPE_CHECKING:
    from watcher.config import Config


def problems(config: "Config") -> Iterator[Problem]:
    """Yield what is doubtful in the rules and not allowed there; what is allowed for nothing."""
    readable = [
        (i, rule)
        for i, rule in enumerate(config.rules)
        if isinstance(rule, KeywordRule) and rule.readable
    ]
    beside: dict[int, list[Problem]] = defaultdict(list)
    for i, problem in across(readable):
        beside[i].append(problem)
    feeds = feeds_of(config)
    for i, rule in readable:
        said = [
            *_unexpected_languages(rule, config),
            *_words(rule, config),
            *_cost(rule, config),
            *_rate(rule, config),
            *unfed.of_rule(rule, feeds, config.definitions),
            *beside[i],
        ]
        found = list(unless_allowed(said, rule.allow))
        if rule.allow:
            codes = {problem.code for problem in (*rule.doubts, *said)}
            found += useless_allows(rule.allow, codes)
        for problem in found:
            yield replace(problem, path=("rules", i, *problem.path))


def _cost(rule: KeywordRule, config: "Config") -> Iterator[Problem]:
    """Yield a problem where a rule costs too much because of what its brands and lists hold."""
    if not rule.kinds.isdisjoint({BrandName, ListName}):
        tree = expand(rule.inflected, config.definitions)
        if not any(cost_problems(rule.inflected, ())):  # else it has told it itself
            yield from cost_problems(tree, rule.read)


def _rate(rule: KeywordRule, config: "Config") -> Iterator[Problem]:
    """Yield what hinders a rate, or the silence after what was told."""
    follow = {one.name for one in config.channels if isinstance(one, AutoFollow)}
    elsewhere = {
        channel
        for route in config.routes
        if not route.find and (not route.rules or rule.name in route.rules)
        for channel in route.then
    }
    if rule.rate and rule.then and set(rule.then) | elsewhere <= follow:
        yield Problem(
            code="unheard-alarms",
            message="nobody hears of these alarms: the channels only follow accounts",
            path=("then",),
            help='then = ["daily"] with the name of a channel that mails',
            severity="warning",
        )
    if getattr(rule.rate, "by", None) == "brand" and not config.brands:
        yield Problem(
            code="no-brand-to-count",
            message="there is no brand whose posts could be counted",
            path=("rate", "by"),
            help='[[brands]] with name = "Your brand"',
            severity="warning",
        )
    if rule.realert and not rule.then and not rule.rate:
        yield Problem(
            code="without-effect",
            message="`realert` changes nothing: the rule tells nobody",
            path=("realert",),
            help="leave it out, or name channels in `then`",
            severity="warning",
        )


def _words(rule: KeywordRule, config: "Config") -> Iterator[Problem]:
    return lint_words(
        rule.tree,
        rule.read,
        languages=config.languages,
        frequencies=Frequencies.shipped(),
        own=config.own,
    )


def _unexpected_languages(rule: KeywordRule, config: "Config") -> Iterator[Problem]:
    """Yield each language that a rule asks for and the configuration does not expect.

    `-lang:de` is none: what is not expected may well be left out.
    """
    if Field not in rule.kinds:
        return
    for one in rule.read:
        for leaf in wanted(one.tree):
            if not isinstance(leaf, Field) or leaf.name != "lang" or leaf.value in config.languages:
                continue
            every = ", ".join(f'"{language}"' for language in (*config.languages, leaf.value))
            yield Problem(
                code="unexpected-language",
                message=f'"{leaf.value}" is none of the languages that posts are expected in',
                path=one.path,
                help=f"languages = [{every}]",
                severity="warning",
                span=leaf.at,
            )
