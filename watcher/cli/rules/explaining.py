"""`watcher rules explain` and `why-not`: a rule held against one post, part by part."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import click
from rich.text import Text

from rules import KeywordRule
from rules.language import explain as in_words
from rules.language import render
from rules.language.tree import And, AtLeast, Node, Not, Or
from rules.model import Post
from rules.text import Analysis, analyse
from rules.tuning.whynot import Change, Part, held_against, missing
from watcher.cli import Settings
from watcher.cli.console import marked, print_json, safe, stdout
from watcher.cli.links import defused
from watcher.cli.names import completing, rule_names
from watcher.cli.rules.figures import head_of
from watcher.cli.rules.subject import keyword_rule, one_post
from watcher.config import Config

MOST_PARTS = 12
"""Parts of one list that do not fit and are shown."""
MOST_CHANGES = 30
"""What would have to change, told to a person."""
MOST_WORDS = 4
"""Places named for one part."""
YES, NO = "✓", "✗"


@click.command()
@click.argument("name", required=False, shell_complete=completing(rule_names))
@click.argument("post", required=False)
@click.option("--find", metavar="EXPRESSION", help="Look for this instead of what the rule says.")
@click.option("--post", "text", metavar="TEXT", help="This text; - reads it from a pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def explain(
    settings: Settings,
    name: str | None,
    post: str | None,
    find: str | None,
    text: str | None,
    as_json: bool,
) -> None:
    """Show by which of its parts a rule matches a post.

    Each part has a tick or a cross, and the words found. POST is a stored post's key
    (network:id) or its address.
    """
    config = settings.load()
    rule, meant_post, suspects = _meant(settings, config, (name, post), find, text)
    if as_json:
        node, reading = rule.compiled(config.definitions)
        part = held_against(node, reading, analyse(meant_post))
        print_json(
            {
                "rule": rule.name,
                "key": meant_post.key,
                "matches": part.fits,
                "tree": _part_dict(part, meant_post),
            }
        )
        return
    print_explanation(config, rule, meant_post, suspects)


@click.command("why-not")
@click.argument("name", required=False, shell_complete=completing(rule_names))
@click.argument("post", required=False)
@click.option("--find", metavar="EXPRESSION", help="Look for this instead of what the rule says.")
@click.option("--post", "text", metavar="TEXT", help="This text; - reads it from a pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def why_not(
    settings: Settings,
    name: str | None,
    post: str | None,
    find: str | None,
    text: str | None,
    as_json: bool,
) -> None:
    """Say what a post lacks for a rule to match it.

    It names as few parts as can be, and what came near them. POST is a stored post's
    key (network:id) or its address.
    """
    config = settings.load()
    rule, meant_post, suspects = _meant(settings, config, (name, post), find, text)
    node, reading = rule.compiled(config.definitions)
    changes = missing(node, reading, analyse(meant_post))
    if as_json:
        print_json(
            {
                "rule": rule.name,
                "key": meant_post.key,
                "matches": not changes,
                "enabled": rule.enabled,
                "missing": [_change_dict(change, meant_post) for change in changes],
            }
        )
        return
    screen = stdout()
    _print_post(config, meant_post, (), suspects)
    if not changes:
        told = "" if rule.enabled else ", but the rule is off (enabled = false)"
        screen.say(f"{rule.name} matches this post{told}")
        screen.hint("`watcher rules explain` shows by what")
        return
    screen.say(f"{rule.name} does not match this post. What would have to change:")
    for change in changes[:MOST_CHANGES]:
        screen.say(*_defused(_change_lines(change, meant_post.text), suspects))
    if len(changes) > MOST_CHANGES:
        screen.say(f"  and {len(changes) - MOST_CHANGES:,} more")


def print_explanation(
    config: Config, rule: KeywordRule, post: Post, suspects: frozenset[str] | None
) -> None:
    """Print a post, whether the rule matches it, and each part with a tick or a cross.

    `suspects` are domains that no screen may link to; None for a pasted post, which links nowhere.
    """
    node, reading = rule.compiled(config.definitions)
    analysis: Analysis = analyse(post)
    part = held_against(node, reading, analysis)
    _print_post(config, post, part.spans if part.fits else (), suspects)
    verb = "matches" if part.fits else "does not match"
    told = "" if rule.enabled else " (the rule is off)"
    stdout().say(f"{rule.name} {verb} this post{told}", "")
    stdout().say(*_defused(_lines(part, post.text, 0), suspects))
    if not part.fits:
        stdout().hint("", "`watcher rules why-not` says what is missing")


def _meant(
    settings: Settings,
    config: Config,
    words: tuple[str | None, str | None],
    find: str | None,
    text: str | None,
) -> tuple[KeywordRule, Post, frozenset[str] | None]:
    """Return the rule, the post, and of a stored one which domains are suspects.

    With --find and one word, that word is the post.
    """
    name, key = words
    if find is not None and text is None and key is None:
        name, key = None, name
    rule = keyword_rule(config, name, find)
    return rule, *one_post(settings, config, key, text)


def _print_post(
    config: Config,
    post: Post,
    spans: tuple[tuple[int, int], ...],
    suspects: frozenset[str] | None,
) -> None:
    if suspects is not None:
        stdout().note(head_of(post, config.timezone))
    stdout().say(*_defused([marked(post.text, spans, 400)], suspects), "")


def _defused(lines: Iterable[str | Text], suspects: frozenset[str] | None) -> Iterator[Text]:
    """Yield lines that may quote the post without links that nobody should follow."""
    for line in lines:
        yield defused(line, suspects or (), all_links=suspects is None)


def _lines(part: Part, text: str, depth: int) -> Iterator[str]:
    """Yield a line for each part, deeper ones indented; long lists are cut, and it is said."""
    margin, sign = "  " * depth, YES if part.fits else NO
    negated = isinstance(part.node, Not) and bool(part.parts[0].parts)
    head = in_words(part.parts[0].node if negated else part.node).split("\n", 1)[0].strip()
    head = f"not {head}" if negated else head
    lists = isinstance(part.node, And | Or | AtLeast) or head.endswith(":")
    words = "" if lists or isinstance(part.node, Not) else _found(part, text)
    yield f"{margin}{sign} {safe(head, 200)}{words}"
    if isinstance(part.node, Not) and not lists:
        if not part.fits:
            yield f"{margin}    found: {_quoted(part.parts[0], text)}"
        return
    if not lists and part.fits:
        return
    inner = part.parts[0].parts if negated else part.parts
    shown = _chosen(part, inner)
    for one in shown:
        yield from _lines(one, text, depth + 1)
    if hidden := len(inner) - len(shown):
        yield f"{margin}    and {hidden:,} more that the post does not have"


def _chosen(part: Part, inner: tuple[Part, ...]) -> list[Part]:
    """All parts of a short list; of a long one those that the post has, and the first others."""
    if len(inner) <= MOST_PARTS:
        return list(inner)
    fitting = [one for one in inner if one.fits]
    room = 0 if fitting and part.fits else MOST_PARTS
    others = {id(one) for one in islice((one for one in inner if not one.fits), room)}
    return [one for one in inner if one.fits or id(one) in others]


def _found(part: Part, text: str) -> str:
    words = _quoted(part, text)
    return f": {words}" if words else ""


def _quoted(part: Part, text: str) -> str:
    """The places of a part, each as it is written."""
    places = dict.fromkeys(text[start:end] for start, end in part.spans)
    shown = ", ".join(f"“{safe(place, 60)}”" for place in islice(places, MOST_WORDS))
    return f"{shown}, …" if len(places) > MOST_WORDS else shown


def _change_lines(change: Change, text: str) -> Iterator[str]:
    if change.lacking:
        yield f"  {NO} wanted: {_wanted(change.node)}"
        for hint in change.hints:
            yield f"      near: {safe(hint, 300)}"
        return
    places = dict.fromkeys(text[start:end] for start, end in change.spans)
    found = ", ".join(f"“{safe(place, 60)}”" for place in islice(places, MOST_WORDS))
    said = f": {found}" if found else ""
    yield f"  {NO} excluded, and there: {_wanted(change.node)}{said}"


def _wanted(node: Node) -> str:
    """Say a part in one line."""
    lines = [line.strip() for line in in_words(node).splitlines()]
    head, rest = lines[0], lines[1:]
    if not rest:
        return safe(head, 200)
    shown = "; ".join(rest[:MOST_WORDS])
    more = f"; … ({len(rest) - MOST_WORDS:,} more)" if len(rest) > MOST_WORDS else ""
    return safe(f"{head} {shown}{more}", 400)


def _part_dict(part: Part, post: Post) -> dict[str, Any]:
    return {
        "expression": render(part.node),
        "words": in_words(part.node).split("\n", 1)[0].strip(),
        "fits": part.fits,
        "spans": [list(span) for span in part.spans],
        "parts": [_part_dict(inner, post) for inner in part.parts],
    }


def _change_dict(change: Change, post: Post) -> dict[str, Any]:
    return {
        "expression": render(change.node),
        "lacking": change.lacking,
        "found": [post.text[start:end] for start, end in change.spans],
        "hints": list(change.hints),
    }
