"""Tries what the watcher needs outside of its configuration, each thing with a time limit.

What hangs is left behind in a daemon thread: the process may end without it.
"""

import importlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Literal

from alerts import AutoFollow, Outlet
from alerts.mail.dkim import Signer, UnseenError
from rules import LookalikeRule
from rules.errors import WatcherError
from watcher import allowances, files, own_account
from watcher.backends import AnySource
from watcher.clock import utc_now
from watcher.config import Config
from watcher.impostors.alarm_load import explained, load_of
from watcher.store import Store
from watcher.walk.archiving import check_archive

State = Literal["ok", "warning", "failed"]
PACKAGES = ("rules", "alerts", "watcher")
DISTRIBUTION = "brand-watcher"
SCARCE = 500_000_000
"""Octets free on the data folder's disk below which somebody should look."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of trying one thing."""

    what: str
    """`source town`, `mail`, `store`, ..."""
    state: State
    answer: str
    """What answered, or what went wrong, in one line."""
    help: str = ""


def run(config: Config, seconds: float) -> tuple[Outcome, ...]:
    """Try everything at once, for at most `seconds`; return the outcomes in a fixed order."""
    allowances.take_up(config.data, utc_now())
    tries: list[tuple[str, Callable[[], str]]] = [
        ("installation", installation),
        ("data folder", partial(data_folder, config.data)),
        ("store", partial(store, config)),
        ("mail", partial(mail, config)),
    ]
    if config.store.archive is not None:
        tries.append(("archive", partial(check_archive, config)))
    if config.templates:
        tries.append(("templates", partial(templates, config.templates)))
    if config.mail.returns is not None:
        tries.append(("returns", partial(returns, config)))
    if config.mail.signer is not None:
        tries.append(("dkim", partial(dkim, config.mail.signer)))
    tries += [
        (f"channel {channel.name}", partial(outlet, channel))
        for channel in config.channels
        if isinstance(channel, Outlet)
    ]
    tries += [_of_source(config, source) for source in config.sources if source.enabled]
    tries += [
        (f"channel {channel.name}", partial(follower, config, channel))
        for channel in config.channels
        if isinstance(channel, AutoFollow)
    ]
    tries += [
        (f"rule {rule.name}", partial(alarms, config, rule))
        for rule in config.rules
        if isinstance(rule, LookalikeRule) and rule.enabled and rule.alarms_a_week is not None
    ]
    return _tried(tries, seconds)


def of_sources(config: Config, sources: Iterable[AnySource], seconds: float) -> tuple[Outcome, ...]:
    """Try some sources at once, for at most `seconds`; return the outcomes in their order."""
    allowances.take_up(config.data, utc_now())
    return _tried([_of_source(config, source) for source in sources], seconds)


def _of_source(config: Config, source: AnySource) -> tuple[str, Callable[[], str]]:
    return f"source {source.name}", partial(reader, config, source)


def _tried(tries: Iterable[tuple[str, Callable[[], str]]], seconds: float) -> tuple[Outcome, ...]:
    deadline = time.monotonic() + seconds
    running = [_Attempt(what, attempt) for what, attempt in tries]
    return tuple(attempt.outcome(deadline, seconds) for attempt in running)


class _Attempt:
    """One try in a thread of its own, so that it can be given up."""

    def __init__(self, what: str, attempt: Callable[[], str]) -> None:
        self._what = what
        self._outcome: Outcome | None = None
        self._thread = threading.Thread(target=self._try, args=(attempt,), name=what, daemon=True)
        self._thread.start()

    def _try(self, attempt: Callable[[], str]) -> None:
        state: State = "failed"
        hint = ""
        try:
            answer, state = attempt(), "ok"
        except DoubtError as doubt:
            answer, hint, state = doubt.message, doubt.help, "warning"
        except WatcherError as error:
            answer, hint = error.message, error.help
        except Exception as error:  # noqa: BLE001 - one broken kind must not hide the other answers
            # Only the type: the words of an unforeseen error may hold a password.
            answer = f"an error in the watcher itself: {type(error).__name__}"
        self._outcome = Outcome(what=self._what, state=state, answer=answer, help=hint)

    def outcome(self, deadline: float, seconds: float) -> Outcome:
        """Wait until the deadline (of the monotonic clock) and say what came of it."""
        self._thread.join(max(deadline - time.monotonic(), 0))
        return self._outcome or Outcome(
            what=self._what,
            state="failed",
            answer=f"no answer within {seconds:g} seconds",
            help="is the address right, and may this machine reach it? --timeout waits longer",
        )


class DoubtError(WatcherError):
    """Nothing failed, and still somebody should look."""


def installation() -> str:
    """Look for another distribution that owns the import names of ours. Raises `WatcherError`.

    `rules` and `alerts` are common names: what is installed into the same environment later would
    replace files of ours, and nothing would say so.
    """
    home = Path(__file__).resolve().parent.parent
    owners = packages_distributions()
    for package in PACKAGES:
        place = Path(importlib.import_module(package).__file__ or "").resolve().parent.parent
        others = sorted({*owners.get(package, ())} - {DISTRIBUTION})
        if place == home and not others:
            continue
        name = f"the distribution {others[0]}" if others else f"a package in {place}"
        raise WatcherError(
            f"{name} also installs as `{package}`",
            help="give the watcher an environment of its own: uv tool install, or pipx install",
        )
    try:
        return f"version {version(DISTRIBUTION)}, alone in its environment"
    except PackageNotFoundError:
        return f"run from {home}, not installed"


def data_folder(folder: Path) -> str:
    """See whether the data folder can be written; it need not be there yet."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        raise WatcherError(
            f"{there} cannot be written: {(error.strerror or type(error).__name__).lower()}",
            help="make it writable for this user, or name another folder: data = ...",
        ) from error
    megabytes = f"{free // 1_000_000:,} MB free"
    if free < SCARCE:
        raise DoubtError(f"{folder}: only {megabytes}", help="a full disk stops the watcher")
    if folder.exists() and folder.stat().st_mode & 0o007:
        raise DoubtError(
            f"{folder} is open to other users of this machine, with posts and log-ins in it",
            help=f"chmod 700 {folder}",
        )
    return f"{folder}{'' if folder.exists() else ' will be made'}, {megabytes}"


def store(config: Config) -> str:
    """Open the database as it is, neither making nor upgrading it."""
    path = config.store_url.removeprefix("sqlite:///")
    if path != config.store_url and not Path(path).exists():
        return "will be made by the first run"
    with closing(Store.open(config.store_url, migrate=False)) as opened:
        states = opened.source_states()
    posts = sum(state.posts for state in states)
    return f"{posts:,} posts of {len(states)} source{'s' if len(states) != 1 else ''}"


def alarms(config: Config, rule: LookalikeRule) -> str:
    """Say what a rule's `alarms_a_week` comes to. Raises `DoubtError` where it cannot be kept."""
    path = config.store_url.removeprefix("sqlite:///")
    if path != config.store_url and not Path(path).exists():
        load = load_of(None, utc_now())
    else:
        with closing(Store.open(config.store_url, migrate=False)) as opened:
            load = load_of(opened, utc_now())
    said, kept = explained(rule, load, len(config.brands))
    if not kept:
        raise DoubtError(
            said, help="allow more alarms a week, or guard fewer brands: names alike are too many"
        )
    return said


def templates(folder: Path) -> str:
    """Fill the user's own templates with an invented digest, in every language there is.

    Raises `TemplateError`, `CatalogueError`, and `DoubtError` for translations that are not used.
    """
    from alerts.words.render import Templates, render  # takes a while, and few have their own
    from alerts.words.sample import samples

    own = Templates(files.templates(), folder)
    broken: list[str] = []
    for language in own.languages:
        broken += own.catalogue(language).broken
        for digest in samples():
            render(own, replace(digest, channel=replace(digest.channel, language=language)),
                   answers="ada@acme.example", strict=True)  # fmt: skip
    if broken:
        raise DoubtError(
            f"{len(broken)} translations name other places than the original: “{broken[0]}”",
            help="keep what stands in braces as it is; until then the English is used",
        )
    return f"{folder}, in {', '.join(own.languages)}"


def mail(config: Config) -> str:
    """Reach the mail server and log in, or write into the folder of mails."""
    with closing(config.mail.open()) as sender:
        return sender.check()


def returns(config: Config) -> str:
    """Open the mailbox that mails come back to. Raises `MailboxError`, `DeliveryError`."""
    mailbox = config.mail.open_returns()
    if mailbox is None:
        return "nothing comes back"
    with closing(mailbox):
        return mailbox.check()


def dkim(signer: Signer) -> str:
    """Look whether DNS shows the key that signs the mails. Raises `DoubtError`, `DkimError`."""
    try:
        return signer.check()
    except UnseenError as error:
        raise DoubtError(error.message, help=error.help) from None


def outlet(channel: Outlet) -> str:
    """Try each way out of a channel that is no mail, as far as that goes without a message."""
    said = []
    for recipient in channel.recipients:
        with closing(channel.open(recipient)) as sender:
            said.append(sender.check())
    return "; ".join(said)


def follower(config: Config, channel: AutoFollow) -> str:
    """Look at the account that follows, as others see it. Raises `DoubtError`."""
    looked = own_account.look(config, channel)
    if looked.doubts:
        raise DoubtError(f"{looked.said}; {'; '.join(looked.doubts)}", help=looked.help)
    return looked.said


def reader(config: Config, source: AnySource) -> str:
    """Ask a source for as little as possible."""
    with closing(source.open(config.folder)) as opened:
        return opened.check()
