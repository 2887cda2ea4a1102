"""Routes that never take anything, inhibitions that never hold anything, escalations to nobody."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from alerts import AutoFollow, DigestChannel, Inhibition, Route
from rules import KeywordRule, LookalikeRule, Rule
from rules.errors import Problem
from rules.rates import NewTerm

if TYPE_CHECKING:
    from watcher.config import Config


def problems(config: "Config") -> Iterator[Problem]:
    """Yield what would go nowhere, hold nothing or tell nobody."""
    rules = {rule.name: rule for rule in config.rules}
    for i, route in enumerate(config.routes):
        yield from _route(config, route, ("routes", i), rules)
    for i, inhibition in enumerate(config.inhibitions):
        yield from _inhibition(config, inhibition, ("inhibitions", i), rules)
    yield from _escalations(config)


def _route(
    config: "Config", route: Route, path: tuple[str | int, ...], rules: dict[str, Rule]
) -> Iterator[Problem]:
    """Yield why a route can never take anything, or takes it where it goes anyway."""
    mine = [rules[name] for name in route.rules or rules if name in rules]
    if not mine or any(name not in rules for name in route.rules):
        return  # that there are no such rules is told already
    if not any(rule.enabled for rule in mine):
        yield _idle("its rules are not enabled", path, "rules")
    elif route.find and not any(_tells_posts(rule) for rule in mine):
        yield _idle(
            "its rules tell of suspects or alarms, and an expression is about posts", path, "find"
        )
    elif route.brands and not any(_has_brand(rule) for rule in mine):
        yield _idle("the alarms of its rules are not counted by brand", path, "brands")
    elif route.then and all(_changes_nothing(route, rule) for rule in mine):
        yield _idle("its rules name these channels already", path, "then")
    follow = {one.name for one in config.channels if isinstance(one, AutoFollow)}
    if route.then and set(route.then) <= follow and not any(_tells_posts(rule) for rule in mine):
        yield _idle("channels that follow accounts take only posts", path, "then")


def _inhibition(
    config: "Config", one: Inhibition, path: tuple[str | int, ...], rules: dict[str, Rule]
) -> Iterator[Problem]:
    for j, name in enumerate(one.while_):
        rule = rules.get(name)
        rate = rule.rate if isinstance(rule, KeywordRule) else None
        if rule is None:
            continue
        if rate is None or isinstance(rate, NewTerm):
            yield Problem(
                code="no-alarm",
                message=f'no alarm of "{name}" ever goes on',
                path=(*path, "while", j),
                help="name a rule with a rate other than new_term",
            )
        elif one.equal == "brand" and getattr(rate, "by", None) != "brand":
            yield Problem(
                code="no-brand-to-count",
                message=f'the alarms of "{name}" are not about one brand',
                path=(*path, "equal"),
                help=f'add by = "brand" to the rate of "{name}", or leave this out',
            )
    for j, name in enumerate(one.hold):
        rule = rules.get(name)
        if rule is not None and not _tells_posts(rule):
            yield Problem(
                code="nothing-to-hold",
                message=f'"{name}" tells of no posts that could wait',
                path=(*path, "hold", j),
                help="name a rule that finds words and has no rate",
                severity="warning",
            )
    instant = _instant(config)
    for j, name in enumerate(one.channels):
        if name in {channel.name for channel in config.channels} - instant:
            yield Problem(
                code="nothing-to-hold",
                message=f'"{name}" is not instant: nothing is held back there',
                path=(*path, "channels", j),
                help="leave it out",
                severity="warning",
            )


def _escalations(config: "Config") -> Iterator[Problem]:
    """Yield escalations to a channel that cannot be told, or to the very same one."""
    kinds = {channel.name: channel for channel in config.channels}
    for i, channel in enumerate(config.channels):
        if not isinstance(channel, DigestChannel) or not channel.escalate:
            continue
        to = channel.escalate.channel
        if to and (to == channel.name or isinstance(kinds.get(to), AutoFollow)):
            yield Problem(
                code="escalates-to-nobody",
                message="nobody else would hear of it there",
                path=("channels", i, "escalate", "channel"),
                help="name another channel that tells of findings",
            )


def _changes_nothing(route: Route, rule: Rule) -> bool:
    """Whether what a rule found goes where it goes anyway."""
    new, left = set(route.then) - set(rule.then), set(rule.then) - set(route.then)
    return not new and not (route.instead and left)


def _instant(config: "Config") -> set[str]:
    return {
        one.name
        for one in config.channels
        if isinstance(one, DigestChannel) and one.send == "instant"
    }


def _tells_posts(rule: Rule) -> bool:
    return isinstance(rule, KeywordRule) and rule.rate is None


def _has_brand(rule: Rule) -> bool:
    if isinstance(rule, LookalikeRule) or rule.rate is None:
        return True
    return getattr(rule.rate, "by", None) == "brand"


def _idle(why: str, path: tuple[str | int, ...], key: str) -> Problem:
    return Problem(
        code="idle-route",
        message=f"this route never takes anything anywhere: {why}",
        path=(*path, key),
        help="name other rules, or leave the route out",
        severity="warning",
    )
