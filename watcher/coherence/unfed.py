"""Rules that no source can feed: told early, since a rule that finds nothing looks like peace."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rules import KeywordRule, LookalikeRule
from rules.characters import fold_case
from rules.errors import Problem
from rules.language import expand
from rules.language.tree import And, Field, Hashtag, ListName, Node, Or, Range, Span
from rules.language.walk import leaves, wanted
from rules.lint import unless_allowed, useless_allows
from rules.model import Definitions
from watcher.coherence.feeding import Feed, could, feeds_of

if TYPE_CHECKING:
    from watcher.config import Config

CODE = "unfed-rule"
_SHOWN = 3
_TELLING = frozenset({Field, Range, Hashtag, ListName})
"""Without one of these in a rule nothing is certain of it."""


def problems(config: "Config") -> Iterator[Problem]:
    """Yield a warning for each rule that tells nobody anything for want of a source."""
    feeds = feeds_of(config)
    if not feeds:
        return  # that there is no source is told already
    for i, rule in enumerate(config.rules):
        if isinstance(rule, LookalikeRule):
            said = [*_accounts(feeds)] if rule.enabled else []
            codes = {problem.code for problem in said}
            for problem in (*unless_allowed(said, rule.allow), *useless_allows(rule.allow, codes)):
                yield replace(problem, path=("rules", i, *problem.path))


def of_rule(rule: KeywordRule, feeds: Sequence[Feed], known: Definitions) -> Iterator[Problem]:
    """Yield a warning where no source can bring a post that the rule finds; its path is the rule's.

    `rule` is readable; `feeds` are the sources that are read, `known` is what it may refer to.
    """
    if not (rule.enabled and feeds):
        return
    if all(feed.looks_for and rule.name not in feed.looks_for for feed in feeds):
        every = _listed(f'"{feed.name}"' for feed in feeds)
        others = "looks for other rules" if len(feeds) == 1 else "look for other rules"
        yield _problem(
            f"no source looks for what this rule finds: {every} {others}",
            f'add "{rule.name}" to rules = [...] of a source, or leave that key out',
            (),
            None,
        )
        return
    if rule.kinds.isdisjoint(_TELLING):
        return
    tree = expand(rule.tree, known)
    if not could(tree, None).fit:
        return  # no post at all can fit: that has been told with another reason
    if not any(could(tree, feed).fit for feed in feeds):
        yield _unfed(rule, tree, feeds)
        return
    yield from _language(rule, tree, feeds)


def _unfed(rule: KeywordRule, tree: Node, feeds: Sequence[Feed]) -> Problem:
    """Say why no source feeds a rule, at the leaf without which one would, if one leaf it is."""
    for leaf in dict.fromkeys(leaves(tree)):
        if any(could(tree, feed, leaf).fit for feed in feeds):
            message, help_ = _why(leaf, feeds)
            path, span = _place(rule, leaf)
            return _problem(message, help_, path, span)
    every = _listed(f'"{feed.name}" brings posts {feed.reach.limits}' for feed in feeds
                    if feed.reach.limits)  # fmt: skip
    return _problem(
        "no source can bring a post that this rule finds" + (f": {every}" if every else ""),
        "`watcher sources suggest` proposes sources that can",
        (),
        None,
    )


def _why(leaf: Node, feeds: Sequence[Feed]) -> tuple[str, str]:
    """Why a leaf is never so, or always, and what to do."""
    limits = _listed(dict.fromkeys(feed.reach.limits for feed in feeds if feed.reach.limits))
    if all(feed.could(leaf).fit for feed in feeds):
        only = f": there are only posts {limits}" if limits else ""
        return (
            f"every post of the sources is excluded here{only}",
            "`watcher sources suggest` proposes sources that bring others",
        )
    match leaf:
        case Field(name="network", value=value):
            there = _listed(dict.fromkeys(f'"{feed.reach.network}"' for feed in feeds))
            return (
                f'no source reads the network "{value}", only {there}',
                f"add a source of that network: docs/sources.md tells how to get access to {value}",
            )
        case Field(name="source", value=value):
            if all(fold_case(value) != fold_case(feed.name) for feed in feeds):
                return f'the source "{value}" rests', "enabled = true in its table reads it"
            return (
                f'the source "{value}" cannot bring what else is asked for',
                "leave it out, or name another source",
            )
        case Field(name="from", value=value):
            network, _, handle = value.rpartition(":")
            others = [feed for feed in feeds if feed.reach.network not in ("", network)]
            if network and len(others) == len(feeds):
                return _why(Field(name="network", value=network), feeds)
            return (
                f"no source shows what @{handle} writes: there are only posts {limits}",
                f'add a source with query = "@{handle}"',
            )
        case Field(name=name) | Range(name=name) if any(name in one.reach.unstated
                                                        for one in feeds):  # fmt: skip
            return (
                f"no source states `{name}:`; what is not stated never fits",
                "leave it out, or add a source of a network that states it",
            )
    return (
        f"no source shows what this asks for: there are only posts {limits}",
        "`watcher sources suggest` proposes sources that do",
    )


def _language(rule: KeywordRule, tree: Node, feeds: Sequence[Feed]) -> Iterator[Problem]:
    """Yield a warning where a rule needs a language, and all that could come is by one account.

    A single account mostly writes in one language, and nobody has said that it is this one.
    """
    able = [feed for feed in feeds if could(tree, feed).fit]
    if not all(feed.reach.author for feed in able) or _asks_for_authors(tree):
        return
    for leaf in dict.fromkeys(wanted(tree)):
        if not isinstance(leaf, Field) or leaf.name != "lang":
            continue
        if _fits_without(tree, leaf):
            continue  # the language is one of several ways to fit
        authors = _listed(dict.fromkeys(f"@{feed.reach.author}" for feed in able))
        path, span = _place(rule, leaf)
        yield _problem(
            f'only posts by {authors} can feed this rule, if they are in "{leaf.value}"',
            "add a source that more people write in: a search, a hashtag, a public timeline",
            path,
            span,
        )
        return


def _fits_without(tree: Node, leaf: Node) -> bool:
    """Whether a post could fit of which a leaf is not so."""
    if isinstance(tree, And | Or):
        parts = [_fits_without(part, leaf) for part in tree.parts]
        return all(parts) if isinstance(tree, And) else any(parts)
    return tree != leaf


def _asks_for_authors(tree: Node) -> bool:
    return any(
        isinstance(leaf, Field) and (leaf.name == "from" or leaf.value == "own")
        for leaf in leaves(tree)
    )


def _accounts(feeds: Sequence[Feed]) -> Iterator[Problem]:
    if any(feed.reach.shows_accounts for feed in feeds):
        return
    yield _problem(
        "no source shows accounts: only the names of authors and the domains of links are compared",
        'add a source of a network: kind = "mastodon", "bluesky" or "x"',
        (),
        None,
    )


def _place(rule: KeywordRule, leaf: Node) -> tuple[tuple[str | int, ...], Span | None]:
    """Where in the rule's table a leaf stands; the first expression where it comes from a list."""
    for one in rule.read:
        for there in leaves(one.tree):
            if there == leaf and there.at != (0, 0):
                return one.path, there.at
    return (), None


def _problem(message: str, help_: str, path: tuple[str | int, ...], span: Span | None) -> Problem:
    return Problem(code=CODE, message=message, path=path, span=span, help=help_, severity="warning")


def _listed(words: Iterable[str]) -> str:
    """Some words in a row, the first ones: `a, b and 3 more`."""
    every = list(words)
    shown, more = every[:_SHOWN], len(every) - _SHOWN
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""
