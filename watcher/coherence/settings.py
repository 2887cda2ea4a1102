"""Zone, languages, contact and sources: values that are well written and still mean nothing."""

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from alerts.mail.address import AddressError, parse_address
from rules.errors import Problem
from rules.language.vocabulary import LANGUAGES, nearest
from watcher.backends.interface import parse_interval
from watcher.toml import closest

if TYPE_CHECKING:
    from watcher.config import Config


def problems(config: "Config") -> Iterator[Problem]:
    """Yield each setting that cannot be used."""
    yield from _zone_problems(config)
    yield from _language_problems(config)
    yield from _contact_problems(config)
    yield from _interval_problems(config)
    yield from _keep_problems(config)
    yield from _file_problems(config)
    yield from _template_problems(config)
    yield from _log_problems(config)


def _log_problems(config: "Config") -> Iterator[Problem]:
    """Yield a warning for what is said of a log where posts go through none."""
    store = config.store
    if config.uses_log:
        return
    said = {
        "keep": store.keep != "all",
        "partitions": store.partitions != type(store).partitions,
        "log_days": store.log_days != type(store).log_days,
        "archive": store.archive is not None,
    }
    for key in (key for key, differs in said.items() if differs):
        yield Problem(
            code="useless-key",
            message=f"{key} is for posts that go through the log, and here they go through none",
            path=("store", key),
            help="add log = true to [store], or leave it out; PostgreSQL has the log by itself",
            severity="warning",
        )


def _template_problems(config: "Config") -> Iterator[Problem]:
    if config.templates and not (config.folder / config.templates).is_dir():
        yield Problem(
            code="no-templates",
            message=f"there is no folder {config.templates}",
            path=("templates",),
            help="make it and put your own copies of templates there: ours are taken until then",
            severity="warning",
        )


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


def _keep_problems(config: "Config") -> Iterator[Problem]:
    for i, source in enumerate(config.sources):
        if source.keep_days is not None and not 1 <= source.keep_days <= 36_500:
            yield Problem(
                code="out-of-range",
                message="posts are kept for 1 to 36500 days",
                path=("sources", i, "keep_days"),
                help="leave it out to keep them as long as [store] says",
            )


def _file_problems(config: "Config") -> Iterator[Problem]:
    """Yield a path in which a backslash and a letter have become something else."""
    for i, source in enumerate(config.sources):
        path = getattr(source, "file", "")  # those of networks have none
        if any(unicodedata.category(char) == "Cc" for char in path):
            yield Problem(
                code="bad-path",
                message="this path holds a control character",
                path=("sources", i, "file"),
                help="between single quotes a backslash is itself; / does as well",
            )
