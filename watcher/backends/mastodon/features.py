"""What a server is and has: asked for once, and remembered for an hour by all sources together."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from watcher.backends.formats import values
from watcher.backends.interface import BackendError
from watcher.backends.mastodon.client import Client
from watcher.clock import utc_now

REMEMBERED = timedelta(hours=1)
MOST_SERVERS = 1000

_NAMES = {
    "gotosocial": "GoToSocial", "pleroma": "Pleroma", "akkoma": "Akkoma", "takahe": "Takahē",
    "snac": "snac", "friendica": "Friendica", "sharkey": "Sharkey", "iceshrimp": "Iceshrimp",
    "pixelfed": "Pixelfed", "hollo": "Hollo", "mitra": "Mitra", "glitch": "Mastodon (glitch)",
}  # fmt: skip
_NO_SEARCH = ("GoToSocial", "Takahē", "snac")
"""Software that finds no posts of others, whatever is searched for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """What is known of a server; nothing of it is certain, since servers may leave all out."""

    domain: str
    """What stands behind the `@` of its accounts; not always the host's name."""
    software: str = "Mastodon's API"
    """Its name and version, for people."""
    streaming: str = ""
    """The address (`wss://...`) of its streams; empty where it names none."""
    media: tuple[str, ...] = ()
    """Hosts beside its own on which its pictures lie."""
    closed: bool = False
    """Whether it told nothing to us."""

    @property
    def finds_posts(self) -> bool:
        """Whether its search may find posts of others; False only where it is known not to."""
        return not self.software.startswith(_NO_SEARCH)


_known: dict[tuple[str, bool], tuple[datetime, Features]] = {}
"""By the server, and whether somebody with an account asked: some tell strangers nothing."""
_lock = Lock()


def features(client: Client) -> Features:
    """Return what a server is and has. Raises `BackendError` (temporary) where it is down."""
    now = utc_now()
    who = client.server, bool(client.token)
    with _lock:
        when, found = _known.get(who, (now, None))
    if found is not None and now - when < REMEMBERED:
        return found
    found = _asked(client)
    with _lock:
        if len(_known) >= MOST_SERVERS:
            _known.clear()
        _known[who] = (now, found)
    return found


def forget() -> None:
    """Ask every server anew."""
    with _lock:
        _known.clear()


def _asked(client: Client) -> Features:
    for version in (2, 1):
        try:
            return _read(client.instance(version), client.host)
        except BackendError as error:
            if error.kind == "temporary":
                raise
    return Features(domain=client.host, closed=True)


def _read(told: dict[str, Any], host: str) -> Features:
    urls = values.record(told.get("urls"))
    urls = {**urls, **values.record(values.record(told.get("configuration")).get("urls"))}
    contact = told.get("contact") or {"account": told.get("contact_account")}
    account = values.record(values.record(contact).get("account"))
    thumbnail = told.get("thumbnail")
    picture = values.record(thumbnail).get("url") if isinstance(thumbnail, dict) else thumbnail
    return Features(
        domain=_domain(told, host),
        software=_software(told),
        streaming=_socket(urls.get("streaming") or urls.get("streaming_api")),
        media=tuple(h for address in (picture, account.get("avatar")) if (h := _netloc(address))),
    )


def _domain(told: dict[str, Any], host: str) -> str:
    """Return the domain: version 2 states it as `domain`, 1 as `uri` (some write an address)."""
    for value in (told.get("domain"), told.get("account_domain"), told.get("uri")):
        name = values.words(value, 260).strip().lower()
        name = re.sub(r"^https?://|/.*$", "", name)
        if re.fullmatch(r"[\w-]{1,63}(?:\.[\w-]{1,63})*(?::[0-9]{1,5})?", name):
            return name
    return host


def _software(told: dict[str, Any]) -> str:
    """Return name and version as far as the version tells: `2.7.2 (compatible; Pleroma 2.5)`."""
    version = values.words(told.get("version"), 80)
    source = values.words(told.get("source_url"), 200).lower()
    lower = f"{version.lower()} {source}"
    name = next((shown for word, shown in _NAMES.items() if word in lower), "")
    if not name and "git-" in version:  # GoToSocial names itself by its commit only
        name = "GoToSocial"
    number = re.search(r"[A-Za-z]+ ([0-9][\w.]{0,20})\)?$", version) or re.match(
        r"([0-9][\w.]{0,20})", version
    )
    return f"{name or 'Mastodon'}{f' {number[1]}' if number else ''}"


def _socket(value: Any) -> str:
    address = values.words(value, 500)
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in ("ws", "wss", "http", "https") and parts.hostname else ""


def _netloc(value: Any) -> str:
    try:
        return urlsplit(values.web_link(value)).netloc.lower()
    except ValueError:
        return ""
