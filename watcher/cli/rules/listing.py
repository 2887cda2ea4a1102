"""`watcher rules list` and `show`: what the rules say."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import click

from rules import KeywordRule, LookalikeRule, Rule
from rules.language import explain, render
from watcher.cli import Settings
from watcher.cli.console import print_json, safe, safe_lines, stderr, stdout
from watcher.cli.names import completing, rule_names
from watcher.cli.rules.subject import findings, named
from watcher.config import Config
from watcher.routing import router_of

MOST_LINES = 200
"""Lines of a tree that are shown; a shared list may have ten thousand items."""
SAID_ELSEWHERE = frozenset({"name", "kind", "find", "any", "all", "none", "then", "enabled"})


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """List the rules."""
    config = settings.load()
    if as_json:
        print_json(
            [
                {
                    "name": rule.name,
                    "kind": rule.kind,
                    "find": rule.find if isinstance(rule, KeywordRule) else None,
                    "then": list(rule.then),
                    "enabled": rule.enabled,
                }
                for rule in config.rules
            ]
        )
        return
    router = router_of(config)
    stdout().table(
        ["rule", "kind", "tells", "looks for"],
        [
            (
                rule.name + ("" if rule.enabled else " (off)"),
                rule.kind,
                ", ".join(router.reachable(rule.name, rule.then)) or "nobody",
                safe(_looks_for(config, rule), 90),
            )
            for rule in config.rules
        ],
        empty=f"{config.path} has no [[rules]] yet",
    )
    if config.rules:
        stdout().hint("", "`watcher rules show NAME` says it in plain words, `test NAME` tries it")


@click.command()
@click.argument("name", shell_complete=completing(rule_names))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(settings: Settings, name: str, as_json: bool) -> None:
    """Show one rule as it was understood, in plain words.

    Brands and shared lists are written out. What is doubtful in the rule is said at the end.
    """
    config = settings.load()
    rule = named(config, name)
    if as_json:
        print_json(_as_dict(config, rule))
        return
    off = "" if rule.enabled else ", off"
    told = ", ".join(router_of(config).reachable(rule.name, rule.then)) or "nobody"
    stdout().say(f"{rule.name} ({rule.kind}{off}), tells {told}", "")
    if not isinstance(rule, KeywordRule):
        stdout().say(f"accounts and link domains that look like {_looks_for(config, rule)}")
        return
    for place, expression in rule.expressions():
        found = "" if place == ("find",) else f"{place[0]}: "
        stdout().say(*safe_lines(found + expression))
    node, _ = rule.compiled(config.definitions)
    lines = safe_lines(explain(node))
    stdout().say("", *lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        stdout().note(f"and {len(lines) - MOST_LINES:,} more lines: --json has them all")
    settings_ = [f"{key} = {_written(value)}" for key, value in _keys(rule)]
    if settings_:
        stdout().say("", *settings_)
    written = render(rule.tree)
    if written != rule.find:
        stdout().say("", "in short:", *safe_lines(written))
    for finding in findings(config, rule):
        stderr().say("", *safe_lines(finding))


def _keys(rule: KeywordRule) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a rule's table, beside what it looks for, that are not as by default."""
    for one in fields(rule):
        value = getattr(rule, one.name)
        if one.name not in SAID_ELSEWHERE and value != one.default:
            yield one.name.rstrip("_"), value


def _written(value: Any) -> str:
    """A value as a person reads it: as TOML would have it, but for what is unset in a table."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    if hasattr(value, "__dataclass_fields__"):
        inner = ((one.name.rstrip("_"), getattr(value, one.name)) for one in fields(value))
        said = (f"{key} = {_written(v)}" for key, v in inner if v not in (None, (), ""))
        return "{ " + ", ".join(said) + " }"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _looks_for(config: Config, rule: Rule) -> str:
    match rule:
        case KeywordRule():
            return rule.find or render(rule.tree)
        case LookalikeRule():
            return ", ".join(rule.brands or [brand.name for brand in config.brands])


def _as_dict(config: Config, rule: Rule) -> dict[str, Any]:
    common = {
        "name": rule.name,
        "kind": rule.kind,
        "enabled": rule.enabled,
        "then": list(rule.then),
    }
    if not isinstance(rule, KeywordRule):
        return common | {"brands": list(rule.brands or [brand.name for brand in config.brands])}
    node, _ = rule.compiled(config.definitions)
    return common | {
        "find": rule.find,
        "any": list(rule.any),
        "all": list(rule.all),
        "none": list(rule.none),
        "expression": render(rule.tree),
        "expanded": render(node),
        "words": explain(node).splitlines(),
        "keys": {key: _written(value) for key, value in _keys(rule)},
        "warnings": findings(config, rule),
    }
