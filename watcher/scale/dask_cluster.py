"""A Dask cluster: reaching it, proving who we are, and whether it runs what we run.

The files whose name begins with `dask_` are the only ones that know `distributed`. Certificates and
timeouts are Dask's own settings (`DASK_...` variables or ~/.config/dask/*.yaml), the same that its
scheduler and workers go by.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from watcher.scale.engines import scheduler_address
from watcher.scale.model import ScaleError

try:
    import dask.config
    from distributed import (
        Client,
        Future,
        KilledWorker,
        Reschedule,
        Security,
        Status,
        Worker,
        get_worker,
        secede,
    )
    from distributed.client import ClosedClientError
except ImportError as missing:
    raise ScaleError(
        "Dask is not installed",
        help="install the extra `dask`: uv tool install '.[dask]', or pip install distributed",
    ) from missing

# What the other two need of Dask comes from here, so that its absence is told in words.
__all__ = [
    "OURS",
    "Client",
    "ClusterError",
    "Future",
    "KilledWorker",
    "Reschedule",
    "VersionsError",
    "Worker",
    "check_versions",
    "close",
    "connect",
    "get_worker",
    "lost",
    "scheduler_address",
    "secede",
    "unwanted",
]

OURS: Final = "brand-watcher"
"""The distribution that every worker must have in the very same version."""
CONNECT_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 2.0
_TLS: Final = "distributed.comm.tls"
_FILES: Final = {
    f"{_TLS}.ca-file": "DASK_DISTRIBUTED__COMM__TLS__CA_FILE",
    f"{_TLS}.client.cert": "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT",
    f"{_TLS}.client.key": "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY",
}


class ClusterError(ScaleError):
    """A Dask cluster cannot be reached, or is no longer there."""


class VersionsError(ScaleError):
    """The cluster runs something else than we do."""


def connect(engine: str) -> Client:
    """Return a client of the cluster that `dask://host:port` or `tls://host:port` names.

    The second one is encrypted, and both sides show certificates. Raises `ClusterError` where
    nobody answers or the certificates are missing, `VersionsError` where it runs other versions,
    `AddressError` where the address is none.
    """
    address = scheduler_address(engine)
    _be_quiet()
    security = _certificates() if address.startswith("tls:") else None
    try:
        with warnings.catch_warnings():
            # Other versions are told by ourselves, as an error and in words.
            warnings.simplefilter("ignore")
            client = Client(
                address, timeout=CONNECT_SECONDS, security=security, set_as_default=False
            )
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise ClusterError(
            f"the Dask scheduler at {address} does not answer ({_said(error)})",
            help="is it running, and reachable from here? `tls://` and `dask://` must be as it "
            "was started",
        ) from error
    try:
        with lost(engine):
            answers: Any = client.get_versions(packages=[OURS])
            check_versions(answers)
    except BaseException:
        close(client)
        raise
    return client


def close(client: Client) -> None:
    """Let go of the cluster; what was asked of it and is not done is given up there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client.close(timeout=CLOSE_SECONDS)


@contextmanager
def lost(engine: str) -> Iterator[None]:
    """Turn what a vanishing scheduler does to our calls into a `ClusterError`."""
    try:
        yield
    except (OSError, TimeoutError, RuntimeError, ClosedClientError) as error:
        raise ClusterError(
            f"the Dask scheduler at {scheduler_address(engine)} is gone ({_said(error)})"
        ) from error


def check_versions(answers: Mapping[str, Any]) -> None:
    """Raise `VersionsError` where the scheduler or a worker differs in what must be the same.

    `answers` is what `Client.get_versions` returns. Python counts to its second number; Dask and
    the watcher must be the very same, for they share their inner objects.
    """
    here = _versions(answers["client"])
    others = {f"the worker {name}": one for name, one in answers["workers"].items()}
    differing = [
        f"{who} has {what} {there or 'not at all'}, here it is {here[what]}"
        for who, one in {"the scheduler": answers["scheduler"], **others}.items()
        for what, there in _versions(one).items()
        # The scheduler only hands on; it needs no watcher of its own.
        if there != here[what] and not (what == OURS and who == "the scheduler")
    ]
    if differing:
        more = f" (and {len(differing) - 3} more)" if len(differing) > 3 else ""
        raise VersionsError(
            "the Dask cluster runs other versions: " + "; ".join(differing[:3]) + more,
            help=f"install {OURS} {version(OURS)} with its extra `dask` on every host of the "
            "cluster",
        )


def unwanted(worker: Worker, key: str) -> bool:
    """Whether the result of a task on this worker would be thrown away.

    It would when its future was cancelled or its client is gone, and when the worker itself ends.
    """
    task = worker.state.tasks.get(key)
    at_work = task is not None and task.state in {"executing", "long-running"}
    return not at_work or worker.status not in {Status.running, Status.paused}


def _versions(answer: Mapping[str, Any] | None) -> dict[str, str | None]:
    packages = (answer or {}).get("packages") or {}
    python = str(packages.get("python") or "")
    return {
        "Python": ".".join(python.split(".")[:2]) or None,
        "distributed": packages.get("distributed"),
        OURS: packages.get(OURS),
    }


def _certificates() -> Security:
    """Return what Dask's settings say of certificates, after a look at the files."""
    for setting, variable in _FILES.items():
        file = dask.config.get(setting, None)
        if not file:
            raise ClusterError(
                f"`tls://` needs certificates, and ${variable} is not set",
                help="set " + ", ".join(_FILES.values()),
            )
        try:
            Path(file).open("rb").close()
        except OSError as error:
            raise ClusterError(f"{file} (${variable}) cannot be read: {error.strerror}") from error
    return Security(require_encryption=True)


def _be_quiet() -> None:
    """Let Dask's log of its own connections not mix with what we say of them."""
    for name in [*logging.root.manager.loggerDict]:
        if name == "distributed" or name.startswith("distributed."):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _said(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error) or type(error).__name__).splitlines()[0][:200]
