"""How much one answer may be, and how long it may take; and who asks."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from importlib.metadata import version
from time import monotonic


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a server may cost us with one request, redirects included."""

    seconds: float = 30.0
    """From the first octet sent to the last one read, however slowly they drip."""
    connect: float = 10.0
    """Seconds for each address of the host until a connection stands, TLS included."""
    octets: int = 20_000_000
    """Of a body, both as it is sent and as it is when decompressed."""
    head: int = 65_536
    """Octets of the status line and the headers together."""
    redirects: int = 3
    """Followed within the same host."""


USUAL = Bounds()

_until: ContextVar[float | None] = ContextVar("until", default=None)
_SHORTEST = 0.05
"""Seconds that a request is given at least: none at all would be an error of another kind."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let every request that this thread makes in the block end by its end, so many seconds on."""
    token = _until.set(monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def shortened(bounds: Bounds) -> Bounds:
    """Return the bounds of a request that begins now, no longer than `within` allows."""
    until = _until.get()
    if until is None:
        return bounds
    left = max(_SHORTEST, round(until - monotonic(), 1))
    return replace(bounds, seconds=min(bounds.seconds, left))


def user_agent(contact: str) -> str:
    """Return the name under which the watcher asks; `contact` is a mail address, a page, or none.

    Whoever keeps a server sees who reads it and whom to write to.
    """
    name = f"brand-watcher/{version('brand-watcher')}"
    known = re.sub(r"[^!-~]|[()\\]", "", contact)[:200]
    if not known:
        return name
    return (
        f"{name} (+mailto:{known})" if "@" in known and ":" not in known else f"{name} (+{known})"
    )
