"""The configuration: what `watcher.toml` may hold, where it is found, and what must agree in it.

Each table is a frozen dataclass that lies where its kind lives; `watcher.toml` (the package) reads
them, `watcher.coherence` compares them. Here are the whole, and the database's table.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from platformdirs import user_config_path

from alerts import Channel, Inhibition, Mail, MailFolder, Route, SmtpServer
from alerts.secret import Secret
from rules import KeywordRule, Rule
from rules.errors import Problem
from rules.garbage import collector_at_rest
from rules.lint import Shares
from rules.model import Brand, Definitions, WordList
from watcher import coherence
from watcher.address_secrets import holds_secret
from watcher.backends import AnySource, XSource
from watcher.mail_tokens import posting
from watcher.metrics.table import MetricsTable
from watcher.toml import ConfigError, Conversion, Document, Finding

__all__ = ["Config", "ConfigError", "StoreTable", "find", "load"]

FILE = "watcher.toml"
_OF_THE_HOST = {"data", "templates", "metrics", "store"}
_OF_ALL = {"keep_days", "log", "keep", "partitions", "log_days"}
"""Of `[store]`; each host may reach the database by an address of its own."""
VARIABLE = "WATCHER_CONFIG"


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
    log: bool | None = None
    """Whether posts go through a log that any number of `watcher work` processes work off. Left
    out: yes on PostgreSQL, no on SQLite."""
    keep: Literal["all", "matched"] = "all"
    """With the log: which posts are stored, `"all"` or those that something was found in."""
    partitions: int = 16
    """Into how many parts the log is split: as many workers can be busy at once. It may grow."""
    log_days: int = 2
    """For how many days posts stay in the log after they came, once they are worked off."""
    archive: Path | None = None
    """A folder in which all that goes through the log is kept as Parquet files, one for each day,
    before it is dropped; relative to this file. Left out: nothing is kept beside the store."""

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
        if not 1 <= self.partitions <= 1024:
            yield Problem(
                code="out-of-range",
                message="a log has 1 to 1024 partitions",
                path=("partitions",),
                help="partitions = 16",
            )
        if not 1 <= self.log_days <= 366:
            yield Problem(
                code="out-of-range",
                message="posts stay in the log for 1 to 366 days",
                path=("log_days",),
                help="log_days = 2",
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
            secret = holds_secret(self.url)
        except ValueError:
            yield Problem(code="bad-store-url", message="this is no URL", path=("url",))
            return
        if secret:
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
    own: Shares | None = field(default=None, metadata={"given": True}, compare=False)
    """Which share of the posts gathered so far has a term; None: not known, a table is used."""
    fingerprint: str = field(default="", metadata={"given": True})
    """Tells apart what two files say, but for what is each host's own. The values of secrets have
    no part in it: a file only names them."""
    data: Path = Path("watcher-data")
    """Where the watcher keeps what it gathers; relative to this file."""
    timezone: str = "UTC"
    """The time zone of every channel that names none, by its IANA name: `Europe/Paris`."""
    languages: tuple[str, ...] = ("en",)
    """The languages you expect posts in, as two-letter codes. A rule that asks for posts in another
    one (`lang:de`) brings a warning; posts are read whatever their language."""
    templates: Path | None = None
    """A folder of your own mail templates and translations, laid out like ours: what it holds comes
    before ours. `watcher check` tries it."""
    contact: str = ""
    """Your mail address or page: networks are told whose watcher reads them."""
    store: StoreTable = StoreTable()
    """The database."""
    metrics: MetricsTable = field(default_factory=MetricsTable)
    """Figures and health for a monitor."""
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
    routes: tuple[Route, ...] = ()
    """What goes to further channels, whatever rule found it."""
    inhibitions: tuple[Inhibition, ...] = ()
    """What is not told post by post while an alarm goes on."""
    lists: tuple[WordList, ...] = ()
    """Words and accounts that rules share: `@list(name)`."""

    @property
    def definitions(self) -> Definitions:
        """What the expressions of rules may refer to."""
        return Definitions(brands=self.brands, lists=self.lists, languages=self.languages)

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

    @property
    def uses_log(self) -> bool:
        """Whether posts go through the log."""
        return self.store_url.startswith("postgresql") if self.store.log is None else self.store.log

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong across tables."""
        yield from coherence.problems(self)


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


def load(path: Path, env: Mapping[str, str] = os.environ, *, own: Shares | None = None) -> Config:
    """Read a configuration; `env` is what secrets such as `${NAME}` are looked up in.

    `own` tells the linter how common words are in the posts gathered so far.

    Raises `ConfigError` with every problem of the file, each at its place. What is only suspicious
    is in the result's `warnings`.
    """
    with collector_at_rest():
        return _read(path.absolute(), env, own)


def _read(path: Path, env: Mapping[str, str], own: Shares | None) -> Config:
    document = Document.read(path, _called(path))
    conversion = Conversion(document, path.parent, env)
    config = conversion.read(Config, path=path, own=own)
    for problem in coherence.silent(document.values.get("rules"), config.routes):
        conversion.add(problem)
    warnings = conversion.finish()
    data = config.folder / config.data
    own_templates = config.folder / config.templates if config.templates else None
    mail = config.mail if "mail" in document.values else MailFolder(folder=data / "outbox")
    if isinstance(mail, SmtpServer):
        mail = replace(mail, post=posting(config.contact))
    sources = tuple(_told(source, config, data) for source in config.sources)
    return replace(
        config,
        warnings=warnings,
        fingerprint=_fingerprint(document.values),
        data=data,
        templates=own_templates,
        mail=mail,
        sources=sources,
    )


def _fingerprint(values: Mapping[str, Any]) -> str:
    common = {name: value for name, value in values.items() if name not in _OF_THE_HOST}
    store = {name: value for name, value in values.get("store", {}).items() if name in _OF_ALL}
    told = json.dumps(common | {"store": store}, default=str, sort_keys=True)
    return blake2b(told.encode(), digest_size=5).hexdigest()


def _told(source: AnySource, config: Config, data: Path) -> AnySource:
    """Return a source that knows of the configuration around it what it needs."""
    source = replace(source, contact=config.contact, data=data)
    if isinstance(source, XSource):
        known = tuple(rule for rule in config.rules if isinstance(rule, KeywordRule))
        return replace(source, known=known, definitions=config.definitions)
    return source


def _called(path: Path) -> str:
    """Return the path as the reader thinks of it: short where it lies below the working folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
