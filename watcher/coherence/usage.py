"""What is set up and never used, or can never work: the quiet kind of mistake."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from alerts import AutoFollow, DigestChannel, EmailDigest, FeedFile, Outlet, ReportMail, Route
from alerts.privacy import is_inside
from alerts.recipient import Recipient
from rules import LookalikeRule
from rules.errors import Problem
from watcher.backends import ArchiveSource
from watcher.files import templates

if TYPE_CHECKING:
    from watcher.config import Config


def problems(config: "Config") -> Iterator[Problem]:
    """Yield what is there in vain."""
    yield from _unfollowable(config)
    yield from _untranslated(config)
    yield from _unreached(config)
    yield from _private_to_nobody(config)
    yield from _same_feed(config)


def _same_feed(config: "Config") -> Iterator[Problem]:
    """Yield each feed that another channel writes over."""
    seen = dict[Path, str]()
    for i, channel in enumerate(config.channels):
        if not isinstance(channel, FeedFile):
            continue
        first = seen.setdefault(channel.file, channel.name)
        if first != channel.name:
            yield Problem(
                code="same-feed-file",
                message=f'the channel "{first}" writes the same feed',
                path=("channels", i, "file"),
                help="give each feed a file of its own",
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
    """Yield a warning for each reader in a language that the mails cannot be written in."""
    for path, language in _languages(config):
        if language in ("", "en"):
            continue
        from alerts.words.render import Templates  # takes a while, and most channels need it not

        known = Templates(templates(), _own(config)).languages
        if language in known or re.split("[_-]", language)[0] in known:
            continue
        yield Problem(
            code="no-translation",
            message=f'mails cannot be written in "{language}": they will be in English',
            path=path,
            help="there are " + ", ".join(f'"{language}"' for language in known),
            severity="warning",
        )


def _own(config: "Config") -> Path | None:
    return config.folder / config.templates if config.templates else None


def _languages(config: "Config") -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each language that somebody reads mails in, and where it stands."""
    for i, channel in enumerate(config.channels):
        if isinstance(channel, DigestChannel | ReportMail):
            yield ("channels", i, "language"), channel.language
        if isinstance(channel, EmailDigest | ReportMail):
            for n, one in enumerate(channel.to):
                if isinstance(one, Recipient):
                    yield ("channels", i, "to", n, "language"), one.language


def _private_to_nobody(config: "Config") -> Iterator[Problem]:
    """Yield a warning where private posts are read that no recipient is shown."""
    to = [one for channel in config.channels if isinstance(channel, EmailDigest)
          for one in channel.recipients]  # fmt: skip
    if not to or any(is_inside(one, config.mail.private_to) for one in to):
        return
    if any(isinstance(channel, Outlet) and channel.inside for channel in config.channels):
        return
    for i, source in enumerate(config.sources):
        if getattr(source, "private", False) is True:
            domain = to[0].rpartition("@")[2].strip("> ")
            yield Problem(
                code="private-to-nobody",
                message=f'the posts of "{source.name}" are private, and nobody is shown them',
                path=("sources", i, "private"),
                help=f'add private_to = ["{domain}"] to [mail], if they may be seen there',
                severity="warning",
            )


def _reports(config: "Config", i: int, channel: ReportMail) -> Iterator[Problem]:
    """Yield what a report has no brand for, and who takes it for a channel of findings."""
    if not config.brands:
        yield Problem(
            code="no-brand",
            message="there is no brand to report on",
            path=("channels", i),
            help='add [[brands]] with name = "Your brand"',
        )
    named: list[tuple[tuple[str | int, ...], tuple[str, ...]]] = [
        (("rules", n, "then"), rule.then) for n, rule in enumerate(config.rules)
    ]
    named += [(("routes", n, "then"), route.then) for n, route in enumerate(config.routes)]
    for path, then in named:
        if channel.name in then:
            yield Problem(
                code="report-told",
                message=f'"{channel.name}" mails reports, and tells of no single finding',
                path=(*path, then.index(channel.name)),
                help="take it out, or name a channel of findings",
            )


def _unreached(config: "Config") -> Iterator[Problem]:
    """Yield what is set up and never used: the quiet kind of mistake."""
    told = {name for rule in config.rules for name in rule.then}
    told |= {name for route in config.routes for name in route.then}
    digests = [one for one in config.channels if isinstance(one, DigestChannel)]
    told |= {one.escalate.channel for one in digests if one.escalate}
    misspelt = told - {channel.name for channel in config.channels}
    for i, channel in enumerate(config.channels):
        if isinstance(channel, ReportMail):
            yield from _reports(config, i, channel)
        elif channel.name not in told and not misspelt:
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


def silent(rules: object, routes: Iterable[Route]) -> Iterator[Problem]:
    """Yield a warning for each rule that nobody hears of; `then = []` says that it is meant so.

    `rules` are the tables as they are written; what a route may take is heard of.
    """
    leading = [route for route in routes if route.then]
    for i, rule in enumerate(rules if isinstance(rules, list) else ()):
        if not isinstance(rule, dict) or "then" in rule:
            continue
        if not any(not route.rules or rule.get("name") in route.rules for route in leading):
            yield Problem(
                code="no-channel",
                message="what this rule finds is stored, and nobody is told",
                path=("rules", i),
                help='then = ["daily"] names the channels; then = [] says that this is meant',
                severity="warning",
            )
