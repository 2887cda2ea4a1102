"""What must agree across the tables of a configuration: names, zones, what is used.

Pure functions over a `Config`; the paths of their problems lead from the root of the file.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from alerts import AutoFollow, EmailDigest
from alerts.address import AddressError, parse_address
from rules import KeywordRule, LookalikeRule, Rule
from rules.errors import Problem
from rules.language import check
from rules.language.tree import And, Field, FieldName, Not, Or
from rules.language.vocabulary import LANGUAGES, nearest
from watcher.backends import ArchiveSource
from watcher.backends.interface import parse_interval
from watcher.files import templates
from watcher.toml import closest

if TYPE_CHECKING:
    from watcher.config import Config

LONGEST_NAME = 100
"""Characters of a brand's, source's, rule's or channel's name."""

Place = tuple[str | int, ...]

_HANDLE = re.compile(r"(?:[\w.-]+:)?[@\uff20]?[\w.-]*\w[\w.-]*(?:@[\w.-]+)?")


def problems(config: "Config") -> Iterator[Problem]:
    """Yield what is wrong across tables, and what only looks so (warnings)."""
    yield from _zone_problems(config)
    yield from _language_problems(config)
    yield from _contact_problems(config)
    yield from _domain_problems(config)
    yield from _handle_problems(config)
    for key, names in _names(config).items():
        yield from _bad_names(key, names)
        yield from _duplicates(key, names)
    yield from _interval_problems(config)
    yield from _file_problems(config)
    yield from _dangling(config)
    yield from _unexpected_languages(config)
    yield from _unfollowable(config)
    yield from _untranslated(config)
    yield from _unreached(config)


def _names(config: "Config") -> dict[str, list[str]]:
    return {
        "brands": [brand.name for brand in config.brands],
        "sources": [source.name for source in config.sources],
        "rules": [rule.name for rule in config.rules],
        "channels": [channel.name for channel in config.channels],
    }


def _zone_problems(config: "Config") -> Iterator[Problem]:
    try:
        ZoneInfo(config.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = closest(config.timezone, available_timezones())
        yield Problem(
            code="bad-timezone",
            message=f'"{config.timezone}" is not a time zone',
            path=("timezone",),
            help=f'did you mean "{near}"?' if near else 'timezone = "Europe/Paris"',
        )


def _language_problems(config: "Config") -> Iterator[Problem]:
    for i, language in enumerate(config.languages):
        if language not in LANGUAGES:
            near = nearest("lang", language.lower())
            yield Problem(
                code="bad-language",
                message=f'"{language}" is not the code of a language',
                path=("languages", i),
                help=f'did you mean "{near}"?' if near else 'two letters: "en", "fr"',
            )
    if not config.languages:
        yield Problem(
            code="no-language",
            message="name at least one language",
            path=("languages",),
            help='languages = ["en"]',
        )


def _contact_problems(config: "Config") -> Iterator[Problem]:
    """Yield a problem unless networks can be told the contact: it goes into a header."""
    if not config.contact or re.fullmatch(r"https?://[!-~]+", config.contact):
        return
    try:
        parse_address(config.contact)
    except AddressError:
        yield Problem(
            code="bad-contact",
            message="a contact is a mail address, or a page that begins with https://",
            path=("contact",),
            help='contact = "social@acme.example"',
        )


def _domain_problems(config: "Config") -> Iterator[Problem]:
    """Yield what stands for a domain and is none: it would protect nothing, silently."""
    for i, brand in enumerate(config.brands):
        for j, domain in enumerate(brand.domains):
            if re.fullmatch(r"[^\s/:@.]+(\.[^\s/:@.]+)+\.?", domain):
                continue
            host = re.sub(r"^[a-z]+://|^.*@|[/:].*$", "", domain.strip())
            yield Problem(
                code="bad-domain",
                message="this is no domain",
                path=("brands", i, "domains", j),
                help=f'did you mean "{host.removeprefix("www.")}"?'
                if "." in host
                else 'a domain is written like "acme.example"',
            )


def _handle_problems(config: "Config") -> Iterator[Problem]:
    """Yield what stands for a handle and is none: that account would be taken for a suspect."""
    for i, brand in enumerate(config.brands):
        for key, entries in (("accounts", brand.accounts), ("friends", brand.friends)):
            for j, entry in enumerate(entries):
                if _HANDLE.fullmatch(entry.strip()):
                    continue
                near = _handle_in(entry)
                yield Problem(
                    code="bad-handle",
                    message="this is no handle" + " and no domain" * (key == "friends"),
                    path=("brands", i, key, j),
                    help=f'did you mean "{near}"?'
                    if near
                    else 'a handle is written like "acme" or "acme@social.example"',
                )


def _handle_in(entry: str) -> str:
    """Return the handle of a profile's address, or words written as one; empty if neither."""
    if address := re.fullmatch(r"(?:https?://)?([\w.-]+\.\w+)(/[^?#]*)?.*", entry.strip()):
        *_, last = (address[2] or "").rstrip("/").split("/")
        near = last.lstrip("@") or address[1].removeprefix("www.")
    else:
        near = "_".join(entry.split())
    return near if _HANDLE.fullmatch(near) else ""


def _interval_problems(config: "Config") -> Iterator[Problem]:
    for i, source in enumerate(config.sources):
        try:
            parse_interval(source.every)
        except ValueError as error:
            yield Problem(
                code="bad-interval",
                message=str(error),
                path=("sources", i, "every"),
                help='write a number and s, m, h or d: "30s", "5m", "2h", "1d"',
            )


def _file_problems(config: "Config") -> Iterator[Problem]:
    """Yield a path in which a backslash and a letter have become something else."""
    for i, source in enumerate(config.sources):
        if any(unicodedata.category(char) == "Cc" for char in source.file):
            yield Problem(
                code="bad-path",
                message="this path holds a control character",
                path=("sources", i, "file"),
                help="between single quotes a backslash is itself; / does as well",
            )


def _dangling(config: "Config") -> Iterator[Problem]:
    """Yield each name that refers to a table that is not there."""
    names = _names(config)
    for kind, name, path in _references(config):
        if name not in names[kind]:
            yield _unknown_name(kind, name, names[kind], path)
    known = {name.casefold() for name in names["sources"]}
    for i, rule in enumerate(config.rules):
        for leaf in _asked(rule, "source"):
            if leaf.value.casefold() not in known:
                at = ("rules", i, "find")
                problem = _unknown_name("sources", leaf.value, names["sources"], at)
                yield replace(problem, span=leaf.at)


def _references(config: "Config") -> Iterator[tuple[str, str, Place]]:
    """Yield every name that must be that of another table: its list, the name, its place."""
    for i, brand in enumerate(config.brands):
        for j, name in enumerate(brand.competitors):
            yield "brands", name, ("brands", i, "competitors", j)
    for i, rule in enumerate(config.rules):
        for j, name in enumerate(rule.then):
            yield "channels", name, ("rules", i, "then", j)
        if isinstance(rule, LookalikeRule):
            for j, name in enumerate(rule.brands):
                yield "brands", name, ("rules", i, "brands", j)
    for i, channel in enumerate(config.channels):
        if isinstance(channel, AutoFollow):
            yield "sources", channel.source, ("channels", i, "source")
            for j, name in enumerate(channel.automatic):
                yield "rules", name, ("channels", i, "automatic", j)


def _unexpected_languages(config: "Config") -> Iterator[Problem]:
    """Yield each language that a rule asks for and the configuration does not expect.

    `-lang:de` is none: what is not expected may well be left out.
    """
    for i, rule in enumerate(config.rules):
        for leaf in _asked(rule, "lang", negated=False):
            if leaf.value in config.languages:
                continue
            every = ", ".join(f'"{language}"' for language in (*config.languages, leaf.value))
            yield Problem(
                code="unexpected-language",
                message=f'"{leaf.value}" is none of the languages that posts are expected in',
                path=("rules", i, "find"),
                help=f"languages = [{every}]",
                severity="warning",
                span=leaf.at,
            )


def _unfollowable(config: "Config") -> Iterator[Problem]:
    archives = {source.name for source in config.sources if isinstance(source, ArchiveSource)}
    for i, channel in enumerate(config.channels):
        if isinstance(channel, AutoFollow) and channel.source in archives:
            yield Problem(
                code="cannot-follow",
                message=f'"{channel.source}" is an archive: nobody can be followed in it',
                path=("channels", i, "source"),
                help="name a source that is a network",
            )


def _untranslated(config: "Config") -> Iterator[Problem]:
    """Yield a warning for each channel in a language that the mails cannot be written in."""
    for i, channel in enumerate(config.channels):
        if not isinstance(channel, EmailDigest) or channel.language == "en":
            continue
        from alerts.render import Templates  # takes a while, and most channels need it not

        known = Templates(templates()).languages
        if channel.language in known or re.split("[_-]", channel.language)[0] in known:
            continue
        yield Problem(
            code="no-translation",
            message=f'mails cannot be written in "{channel.language}": they will be in English',
            path=("channels", i, "language"),
            help="there are " + ", ".join(f'"{language}"' for language in known),
            severity="warning",
        )


def _unreached(config: "Config") -> Iterator[Problem]:
    """Yield what is set up and never used: the quiet kind of mistake."""
    told = {name for rule in config.rules for name in rule.then}
    misspelt = told - {channel.name for channel in config.channels}
    for i, channel in enumerate(config.channels):
        if channel.name not in told and not misspelt:
            yield Problem(
                code="unused-channel",
                message=f'no rule tells the channel "{channel.name}" anything',
                path=("channels", i),
                help=f'add then = ["{channel.name}"] to a rule',
                severity="warning",
            )
    for i, rule in enumerate(config.rules):
        if isinstance(rule, LookalikeRule) and not config.brands:
            yield Problem(
                code="no-brand",
                message="there is no brand that a name could look like",
                path=("rules", i),
                help='[[brands]] with name = "Your brand"',
                severity="warning",
            )
    if not any(source.enabled for source in config.sources):
        yield Problem(
            code="no-source",
            message="nothing is watched: there is no enabled source",
            path=("sources", len(config.sources)),
            help='[[sources]] with name = "town" and kind = "local"',
            severity="warning",
        )


def _bad_names(key: str, names: list[str]) -> Iterator[Problem]:
    """Yield names that could not stand in a mail's subject or on a command line."""
    for i, name in enumerate(names):
        if not name.strip() and key != "rules":  # a rule without a name says so itself
            message = "this name is empty"
        elif any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in name):
            message = "this name holds a control character"
        elif len(name) > LONGEST_NAME:
            message = f"this name has over {LONGEST_NAME} characters"
        else:
            continue
        yield Problem(code="bad-name", message=message, path=(key, i, "name"))


def _duplicates(key: str, names: list[str]) -> Iterator[Problem]:
    counts = Counter(name.casefold() for name in names)
    seen = set()
    for i, name in enumerate(names):
        if name.strip() and counts[name.casefold()] > 1 and name.casefold() in seen:
            yield Problem(
                code="duplicate-name",
                message=f'another of the {key} is already called "{name}"',
                path=(key, i, "name"),
                help="names tell them apart: choose another",
            )
        seen.add(name.casefold())


def _unknown_name(kind: str, name: str, known: list[str], path: Place) -> Problem:
    near = closest(name, known)
    there = ", ".join(f'"{other}"' for other in known[:10] if other)
    if near:
        help_ = f'did you mean "{near}"?'
    elif there:
        help_ = f"there {'are' if ',' in there else 'is only'} {there}"
    else:
        help_ = f'[[{kind}]] with name = "{name}"'
    return Problem(
        code="unknown-name",
        message=f'there is no {kind.removesuffix("s")} called "{name}"',
        path=path,
        help=help_,
    )


def _asked(rule: Rule, name: FieldName, *, negated: bool = True) -> Iterator[Field]:
    """Yield the `name:value` leaves of a rule's expression; those behind a `-` where `negated`."""
    if not isinstance(rule, KeywordRule) or ":" not in rule.find:
        return
    tree, _ = check(rule.find)
    waiting = [tree] if tree else []
    while waiting:
        match waiting.pop():
            case And(parts=parts) | Or(parts=parts):
                waiting.extend(parts)
            case Not(part=part) if negated:
                waiting.append(part)
            case Field() as leaf if leaf.name == name:
                yield leaf


def silent(rules: object) -> Iterator[Problem]:
    """Yield a warning for each rule that nobody hears of; `then = []` says that it is meant so."""
    for i, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict) and "then" not in rule:
            yield Problem(
                code="no-channel",
                message="what this rule finds is stored, and nobody is told",
                path=("rules", i),
                help='then = ["daily"] names the channels; then = [] says that this is meant',
                severity="warning",
            )
