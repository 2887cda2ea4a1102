"""The networks that can be asked: those that sources name, and those that somebody logged in to."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from watcher.backends import BlueskySource, LocalSource, MastodonSource, XSource
from watcher.backends.bluesky.source import HOME
from watcher.config import Config

LOG_INS = {
    "mastodon": "`watcher login mastodon https://YOUR-SERVER` logs in",
    "bluesky": "`watcher login bluesky` logs in",
    "x": "X gives tokens to read with for money: docs/sources.md",
}
"""What gives access to a network, by its name."""

Network = Literal["mastodon", "bluesky", "x", "local"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A network, or one of its servers, and as whom it is asked."""

    network: Network
    name: str
    """As people call it: a server, an account."""
    keys: tuple[tuple[str, Any], ...]
    """What every source there has in its table beside its name and its query."""
    logged_in: bool


def places(config: Config) -> list[Place]:
    """Return every place that is known, those of sources first.

    Files of log-ins that cannot be understood are passed over: `watcher check` tells of them.
    """
    found: dict[tuple[str, str], Place] = {}
    for place in (*_configured(config), *_logged_in(config)):
        known = found.get((place.network, place.name))
        if known is None or (place.logged_in and not known.logged_in):
            found[place.network, place.name] = place
    anonymous = [one for one in found.values() if one.network == "bluesky" and not one.logged_in]
    if any(one.network == "bluesky" and one.logged_in for one in found.values()):
        for one in anonymous:
            del found[one.network, one.name]
    return list(found.values())


def _configured(config: Config) -> Iterator[Place]:
    for source in config.sources:
        match source:
            case MastodonSource():
                yield _mastodon(source.server, logged_in=source.token is not None)
            case BlueskySource():
                known = source.password is not None
                yield _bluesky(source.handle, source.server, logged_in=known)
            case XSource():
                keys = (("kind", "x"), ("token", "${X_BEARER_TOKEN}"))
                yield Place(network="x", name="X", keys=keys, logged_in=True)
            case LocalSource():
                keys = (("kind", "local"), ("file", source.file))
                yield Place(network="local", name=source.file, keys=keys, logged_in=True)


def _logged_in(config: Config) -> Iterator[Place]:
    """Yield the places of the files of log-ins; they are only looked at, no secret leaves them."""
    for path in sorted((config.data / "logins").glob("*.json")):
        try:
            held = json.loads(path.read_bytes()[:100_000])
            server, kind = str(held["server"]), path.name.partition("-")[0]
            if kind == "mastodon":
                yield _mastodon(server, logged_in=True)
            elif kind == "bluesky":
                at = "" if server.rstrip("/") == HOME else server
                yield _bluesky(str(held["handle"]), at, logged_in=True)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue


def _mastodon(server: str, *, logged_in: bool) -> Place:
    server = server.rstrip("/").lower()
    return Place(
        network="mastodon",
        name=server.rpartition("//")[2],
        keys=(("kind", "mastodon"), ("server", server)),
        logged_in=logged_in,
    )


def _bluesky(handle: str, server: str, *, logged_in: bool) -> Place:
    keys: list[tuple[str, Any]] = [("kind", "bluesky")]
    if server:
        keys.append(("server", server))
    if handle:
        keys.append(("account", handle))
    return Place(network="bluesky", name=handle or "Bluesky", keys=tuple(keys), logged_in=logged_in)
