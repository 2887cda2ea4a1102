"""The seam behind which shards are worked off, and who stands behind it.

An engine is given the work and shards, has `run_shard` run somewhere for each, and says how each
ended, in whatever order. It writes nothing and knows no database: the driver of the job does that.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from watcher.scale.model import ScaleError, Shard, ShardResult, Work

ATTEMPTS: Final = 3
"""How often a shard is tried whose worker dies, before it is given up."""
MOST_LOCAL: Final = 256
"""Processes of one machine."""
_LOCAL: Final = re.compile(r"local:[0-9]{1,9}")
PATIENCE: Final = 1.0
"""Seconds after which an engine asks again whether to stop, at the latest."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A shard that is given up, and why, in words for a person."""

    number: int
    why: str
    failures: int = 1
    """How often it was tried."""


Ended = ShardResult | Failed


@dataclass(frozen=True, slots=True)
class Hands:
    """What the driver lends an engine while it runs."""

    stop: Callable[[], bool]
    """Ask at least every `PATIENCE` seconds; once true, leave everything and return."""
    moved: Callable[[int, float], None]
    """Tell the part of a shard (its number) that is done, 0 to 1, where the engine knows it."""
    died: Callable[[int, str], None]
    """Tell that the worker of a shard died and that the shard is tried again."""


class Engine(Protocol):
    """Has `watcher.scale.shard.run_shard(work, shard)` run for many shards, side by side."""

    @property
    def workers(self) -> int:
        """How many shards are worked on at once."""
        ...

    def run(self, work: Work, shards: Sequence[Shard], hands: Hands) -> Iterator[Ended]:
        """Yield how each shard ended, as soon as it has; nothing of what `stop` cut short.

        A `ShardError` of `run_shard` fails its shard at once; a worker's death has the shard
        tried again, `ATTEMPTS` times in all. Neither stops the others. Raises `ScaleError` where
        there is nobody to do the work.
        """
        ...

    def close(self) -> None:
        """Let go of the workers; what they still do is worth nothing."""
        ...


class AddressError(ScaleError):
    """What was given names no engine."""


def check_address(address: str) -> None:
    """Raise `AddressError` for an address that names no engine, without opening any."""
    kind = address.partition(":")[0]
    if kind in {"dask", "tls"}:
        scheduler_address(address)
    elif not (_LOCAL.fullmatch(address) and 1 <= int(address[6:]) <= MOST_LOCAL):
        raise AddressError(
            f"{address[:80]!r} is no engine",
            help=f"write local:4 for four processes here, up to {MOST_LOCAL}, or dask://host:8786 "
            "for a Dask cluster",
        )


def scheduler_address(engine: str) -> str:
    """Return an address as Dask writes it: `tcp://host:port` or `tls://host:port`.

    Raises `AddressError` where it is neither `dask://` nor `tls://`, with a host and a port.
    """
    try:
        parts = urlsplit(engine)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
        path = parts.path.strip("/")
    except ValueError:
        scheme = path = ""
        host = port = None
    if scheme not in {"dask", "tls"} or not host or not port or path:
        raise AddressError(
            f"{engine[:200]!r} names no Dask scheduler",
            help="write dask://host:8786, or tls://host:8786 for one with certificates",
        )
    return f"{'tls' if scheme == 'tls' else 'tcp'}://{f'[{host}]' if ':' in host else host}:{port}"


def open_engine(address: str) -> Engine:
    """Return the engine that an address names: `local:4`, `dask://host:8786`.

    Raises `AddressError` for any other, `ScaleError` where it cannot be reached.
    """
    check_address(address)
    kind, _, rest = address.partition(":")
    module: Any
    engine: Engine
    if kind == "local":
        module = import_module("watcher.scale.local")
        engine = module.LocalEngine(int(rest))
    else:
        module = import_module("watcher.scale.dask_engine")  # the library is an extra
        engine = module.DaskEngine(address)
    return engine
