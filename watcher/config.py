"""The configuration: what `watcher.toml` may hold, where it is found, and what must agree in it.

Each table is a frozen dataclass that lies where its kind lives; `watcher.toml` (the package) reads
them. Here is what concerns the whole: names that refer to each other, zones, the store.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from platformdirs import user_config_path

from alerts import AutoFollow, Channel, Mail, MailFolder
from alerts.address import AddressError, parse_address
from alerts.secret import Secret
from rules import KeywordRule, LookalikeRule, Rule
from rules.errors import Problem
from rules.language import check
from rules.language.tree import And, Field, Not, Or
from rules.language.vocabulary import LANGUAGES, nearest
from rules.model import Brand
from watcher.backends import AnySource, ArchiveSource
from watcher.backends.interface import parse_interval
from watcher.toml import ConfigError, Conversion, Document, Finding, closest

__all__ = ["Config", "ConfigError", "StoreTable", "find", "load"]

FILE = "watcher.toml"
VARIABLE = "WATCHER_CONFIG"

LONGEST_NAME = 100
"""Characters of a brand's, source's, rule's or channel's name."""

Place = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class StoreTable:
    """The `[store]` table: the database."""

    url: str = ""
    """SQLAlchemy's form: `sqlite:///posts.sqlite` or `postgresql+psycopg://user@host/name`.
    Empty: the SQLite file `watcher.sqlite` in the data folder."""
    password: Secret | None = None
    """The database's password, kept out of the URL: `"${NAME}"` or `"${file:...}"`."""
    keep_days: int = 400
    """Posts older than this are forgotten, in the database and the index."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the URL and the days."""
        yield from self._url_problems()
        if not 1 <= self.keep_days <= 36_500:
            yield Problem(
                code="out-of-range",
                message="posts are kept for 1 to 36500 days",
                path=("keep_days",),
                help="keep_days = 400",
            )

    def _url_problems(self) -> Iterator[Problem]:
        if not self.url:
            return
        known = ("sqlite:///", "postgresql+psycopg://")
        if not self.url.startswith(known):
            yield Problem(
                code="bad-store-url",
                message="this is no database that the watcher knows",
                path=("url",),
                help=f'url = "{known[0]}posts.sqlite" or "{known[1]}user@host/name"',
            )
            return
        try:
            password = urlsplit(self.url).password
        except ValueError:
            yield Problem(code="bad-store-url", message="this is no URL", path=("url",))
            return
        if password:
            yield Problem(
                code="plain-secret",
                message="the URL holds a password, which others may read here",
                path=("url",),
                help='take it out of the URL and add password = "${NAME}" to [store]',
            )
        elif self.password and self.url.startswith("sqlite:"):
            yield Problem(
                code="useless-key",
                message="a SQLite file has no password",
                path=("password",),
                help="leave it out",
            )


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything the configuration says; `load` makes it."""

    path: Path = field(metadata={"given": True})
    """The file it was read from, absolute."""
    warnings: tuple[Finding, ...] = field(default=(), metadata={"given": True})
    """What is probably a mistake, and stops nothing."""
    data: Path = Path("watcher-data")
    """Where the watcher keeps what it gathers; relative to this file."""
    timezone: str = "UTC"
    """The time zone of every channel that names none, by its IANA name: `Europe/Paris`."""
    languages: tuple[str, ...] = ("en",)
    """The languages you expect posts in, as two-letter codes."""
    contact: str = ""
    """Your mail address or page: networks are told whose watcher reads them."""
    store: StoreTable = StoreTable()
    """The database."""
    mail: Mail = field(default_factory=lambda: MailFolder(folder=Path("watcher-data/outbox")))
    """How mails leave; without it they are written into the data folder's `outbox`."""
    brands: tuple[Brand, ...] = ()
    """The names to watch over."""
    sources: tuple[AnySource, ...] = ()
    """Where posts come from."""
    rules: tuple[Rule, ...] = field(default=(), metadata={"default_kind": "keyword"})
    """What to look for, and whom to tell."""
    channels: tuple[Channel, ...] = ()
    """Where findings go, and when."""

    @property
    def folder(self) -> Path:
        """The configuration's folder, where relative paths start."""
        return self.path.parent

    @property
    def store_url(self) -> str:
        """The database's URL, absolute and with its password: not to be printed."""
        url = self.store.url or f"sqlite:///{self.data / 'watcher.sqlite'}"
        if url.startswith("sqlite:///"):
            return f"sqlite:///{self.folder / url.removeprefix('sqlite:///')}"
        if self.store.password is None:
            return url
        parts = urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
        login = f"{user}:{quote(self.store.password.reveal(), safe='')}{at or '@'}"
        return urlunsplit(parts._replace(netloc=f"{login}{host}"))

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong across tables."""
        yield from self._zone_problems()
        yield from self._language_problems()
        yield from self._contact_problems()
        yield from self._domain_problems()
        for key, names in self._names().items():
            yield from _bad_names(key, names)
            yield from _duplicates(key, names)
        yield from self._interval_problems()
        yield from self._dangling()
        yield from self._unfollowable()
        yield from self._unreached()

    def _names(self) -> dict[str, list[str]]:
        return {
            "brands": [brand.name for brand in self.brands],
            "sources": [source.name for source in self.sources],
            "rules": [rule.name for rule in self.rules],
            "channels": [channel.name for channel in self.channels],
        }

    def _zone_problems(self) -> Iterator[Problem]:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            near = closest(self.timezone, available_timezones())
            yield Problem(
                code="bad-timezone",
                message=f'"{self.timezone}" is not a time zone',
                path=("timezone",),
                help=f'did you mean "{near}"?' if near else 'timezone = "Europe/Paris"',
            )

    def _language_problems(self) -> Iterator[Problem]:
        for i, language in enumerate(self.languages):
            if language not in LANGUAGES:
                near = nearest("lang", language.lower())
                yield Problem(
                    code="bad-language",
                    message=f'"{language}" is not the code of a language',
                    path=("languages", i),
                    help=f'did you mean "{near}"?' if near else 'two letters: "en", "fr"',
                )
        if not self.languages:
            yield Problem(
                code="no-language",
                message="name at least one language",
                path=("languages",),
                help='languages = ["en"]',
            )

    def _contact_problems(self) -> Iterator[Problem]:
        """Yield a problem unless networks can be told the contact: it goes into a header."""
        if not self.contact or re.fullmatch(r"https?://[!-~]+", self.contact):
            return
        try:
            parse_address(self.contact)
        except AddressError:
            yield Problem(
                code="bad-contact",
                message="a contact is a mail address, or a page that begins with https://",
                path=("contact",),
                help='contact = "social@acme.example"',
            )

    def _domain_problems(self) -> Iterator[Problem]:
        """Yield what stands for a domain and is none: it would protect nothing, silently."""
        for i, brand in enumerate(self.brands):
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

    def _interval_problems(self) -> Iterator[Problem]:
        for i, source in enumerate(self.sources):
            try:
                parse_interval(source.every)
            except ValueError as error:
                yield Problem(
                    code="bad-interval",
                    message=str(error),
                    path=("sources", i, "every"),
                    help='write a number and s, m, h or d: "30s", "5m", "2h", "1d"',
                )

    def _dangling(self) -> Iterator[Problem]:
        """Yield each name that refers to a table that is not there."""
        names = self._names()
        for kind, name, path in self._references():
            if name not in names[kind]:
                yield _unknown_name(kind, name, names[kind], path)
        known = {name.casefold() for name in names["sources"]}
        for i, rule in enumerate(self.rules):
            for leaf in _sources_asked(rule):
                if leaf.value.casefold() not in known:
                    at = ("rules", i, "find")
                    problem = _unknown_name("sources", leaf.value, names["sources"], at)
                    yield replace(problem, span=leaf.at)

    def _references(self) -> Iterator[tuple[str, str, Place]]:
        """Yield every name that must be that of another table: its list, the name, its place."""
        for i, brand in enumerate(self.brands):
            for j, name in enumerate(brand.competitors):
                yield "brands", name, ("brands", i, "competitors", j)
        for i, rule in enumerate(self.rules):
            for j, name in enumerate(rule.then):
                yield "channels", name, ("rules", i, "then", j)
            if isinstance(rule, LookalikeRule):
                for j, name in enumerate(rule.brands):
                    yield "brands", name, ("rules", i, "brands", j)
        for i, channel in enumerate(self.channels):
            if isinstance(channel, AutoFollow):
                yield "sources", channel.source, ("channels", i, "source")
                for j, name in enumerate(channel.automatic):
                    yield "rules", name, ("channels", i, "automatic", j)

    def _unfollowable(self) -> Iterator[Problem]:
        archives = {source.name for source in self.sources if isinstance(source, ArchiveSource)}
        for i, channel in enumerate(self.channels):
            if isinstance(channel, AutoFollow) and channel.source in archives:
                yield Problem(
                    code="cannot-follow",
                    message=f'"{channel.source}" is an archive: nobody can be followed in it',
                    path=("channels", i, "source"),
                    help="name a source that is a network",
                )

    def _unreached(self) -> Iterator[Problem]:
        """Yield what is set up and never used: the quiet kind of mistake."""
        told = {name for rule in self.rules for name in rule.then}
        misspelt = told - {channel.name for channel in self.channels}
        for i, channel in enumerate(self.channels):
            if channel.name not in told and not misspelt:
                yield Problem(
                    code="unused-channel",
                    message=f'no rule tells the channel "{channel.name}" anything',
                    path=("channels", i),
                    help=f'add then = ["{channel.name}"] to a rule',
                    severity="warning",
                )
        for i, rule in enumerate(self.rules):
            if isinstance(rule, LookalikeRule) and not self.brands:
                yield Problem(
                    code="no-brand",
                    message="there is no brand that a name could look like",
                    path=("rules", i),
                    help='[[brands]] with name = "Your brand"',
                    severity="warning",
                )
        if not any(source.enabled for source in self.sources):
            yield Problem(
                code="no-source",
                message="nothing is watched: there is no enabled source",
                path=("sources", len(self.sources)),
                help='[[sources]] with name = "town" and kind = "local"',
                severity="warning",
            )


def find(
    option: Path | None, env: Mapping[str, str] = os.environ, folder: Path | None = None
) -> Path:
    """Return the configuration's path: the option, $WATCHER_CONFIG, here, or the user's own.

    The first two are taken as they are. Raises `ConfigError` where none is given and none is found.
    """
    if option is not None:
        return option
    if env.get(VARIABLE):
        return Path(env[VARIABLE]).expanduser()
    own = user_config_path("watcher", appauthor=False) / FILE
    for path in ((folder or Path.cwd()) / FILE, own):
        if path.is_file():
            return path
    raise ConfigError(
        f"there is no configuration: neither {FILE} here nor {own}",
        code="no-config",
        help="`watcher init` writes one to start from; --config or $WATCHER_CONFIG name another",
    )


def load(path: Path, env: Mapping[str, str] = os.environ) -> Config:
    """Read a configuration; `env` is what secrets such as `${NAME}` are looked up in.

    Raises `ConfigError` with every problem of the file, each at its place. What is only suspicious
    is in the result's `warnings`.
    """
    path = path.absolute()
    document = Document.read(path, _called(path))
    conversion = Conversion(document, path.parent, env)
    config = conversion.read(Config, path=path)
    for problem in _silent(document.values.get("rules")):
        conversion.add(problem)
    warnings = conversion.finish()
    data = config.folder / config.data
    mail = config.mail if "mail" in document.values else MailFolder(folder=data / "outbox")
    return replace(config, warnings=warnings, data=data, mail=mail)


def _called(path: Path) -> str:
    """Return the path as the reader thinks of it: short where it lies below the working folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


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
    else:
        help_ = f"there are {there}" if there else f'[[{kind}]] with name = "{name}"'
    return Problem(
        code="unknown-name",
        message=f'there is no {kind.removesuffix("s")} called "{name}"',
        path=path,
        help=help_,
    )


def _sources_asked(rule: Rule) -> Iterator[Field]:
    """Yield the `source:name` leaves of a rule's expression."""
    if not isinstance(rule, KeywordRule) or "source:" not in rule.find:
        return
    tree, _ = check(rule.find)
    waiting = [tree] if tree else []
    while waiting:
        match waiting.pop():
            case And(parts=parts) | Or(parts=parts):
                waiting.extend(parts)
            case Not(part=part):
                waiting.append(part)
            case Field(name="source") as leaf:
                yield leaf


def _silent(rules: object) -> Iterator[Problem]:
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
