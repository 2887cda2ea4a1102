"""What went wrong on the way, in words for the person who keeps the watcher.

The client libraries wrap each other's errors in depth, and write whole addresses, tokens included,
into their texts: nothing of a foreign text is taken over. A message names the host, and no more.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from watcher.backends.http.budget import spoken
from watcher.backends.http.limits import read_limits
from watcher.backends.interface import BackendError

MOST_LINKS = 50
"""Errors looked at in a chain of causes."""


def host_of(address: str) -> str:
    """Return the host (and port, where one is written) of an address: all of it that is told."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "an address that is none"
    host = quote(host, safe=".:-_")[:253] or "an address without a host"
    host = f"[{host}]" if ":" in host else host  # IPv6
    return f"{host}:{port}" if port else host


def shown(address: str) -> str:
    """Return an address as it may be shown: without user, password, query and fragment."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "an address that is none"
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~.-_")[:200]
    return f"{quote(parts.scheme, safe='+.-')[:20]}://{host_of(address)}{path}"


def of_status(
    status: int, headers: Mapping[str, str], host: str, *, now: datetime | None = None
) -> BackendError | None:
    """Return what a status means for a reader; None where it means success.

    `headers` tell how long to wait (429, 503). Bodies are not looked at: whoever knows what a
    network writes into them adds to this.
    """
    if 200 <= status < 300:
        return None
    waits = read_limits(headers, now or datetime.now(UTC))
    pause = waits.retry_in
    if pause is None and status == 429:
        pause = waits.reset_in
    seconds = None if pause is None else max(1.0, pause.total_seconds())
    if status == 429:
        wait = "does not say for how long" if seconds is None else f"asks for {spoken(seconds)}"
        return BackendError(
            f"{host} takes no more requests for now, and {wait}",
            kind="temporary",
            retry_after=seconds,
        )
    if status in (401, 407):
        return BackendError(
            f"{host} does not know our credentials ({status})",
            kind="refused",
            help="they may have expired or been withdrawn: get new ones",
        )
    if status in (403, 451):
        return BackendError(f"{host} does not let us see this ({status})", kind="refused")
    if status in (404, 410):
        never = "and will not have it again" if status == 410 else "(404)"
        return BackendError(f"{host} does not have what was asked for {never}", kind="gone")
    if status in (408, 425) or status >= 500:
        return BackendError(f"{host} failed ({status})", kind="temporary", retry_after=seconds)
    if 300 <= status < 400:
        return BackendError(f"{host} answered with a redirect that leads nowhere", kind="broken")
    return BackendError(f"{host} did not understand the request ({status})", kind="broken")


def explained(error: BaseException, host: str) -> BackendError:
    """Return what an error of a client library, or of the ground below it, means.

    The first cause that can be told counts. What is no error of a network at all is `broken`,
    named by its type only.
    """
    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, BackendError):
            return cause
    for tell in (_of_tls, _of_silence, _of_address, _of_http, _of_content, _of_connection):
        for cause in reversed(chain):
            if told := tell(cause, host):
                return told
    return BackendError(
        f"what {host} answered cannot be understood ({type(error).__name__})", kind="broken"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that led to it, each once, nearest first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting and len(seen) < MOST_LINKS:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [getattr(one, "reason", None), one.__cause__, one.__context__, *one.args]


def _of_tls(error: BaseException, host: str) -> BackendError | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message or "it is not trusted"
        return BackendError(
            f"the certificate of {host} is not valid: {why.rstrip('.')}",
            kind="broken",
            help="nothing is read over a connection that others may listen to",
        )
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return BackendError(
            f"{host} does not speak TLS as it should",
            kind="broken",
            help="is its address right? A server on this machine may speak http:// only",
        )
    return None


def _of_silence(error: BaseException, host: str) -> BackendError | None:
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return BackendError(f"{host} did not answer in time", kind="temporary")
    return None


def _of_address(error: BaseException, host: str) -> BackendError | None:
    if isinstance(error, socket.gaierror) or type(error).__name__ == "NameResolutionError":
        return BackendError(
            f"the name {host} leads to no machine",
            kind="temporary",
            help="check how it is written, and that this machine is online",
        )
    if type(error).__name__ in ("InvalidURL", "LocationParseError", "MissingSchema"):
        return BackendError(f"{host} cannot be asked: its address is none", kind="broken")
    return None


def _of_http(error: BaseException, host: str) -> BackendError | None:
    torn = isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected)
    if torn or type(error).__name__ == "IncompleteRead":
        return BackendError(f"{host} broke off in the middle of its answer", kind="temporary")
    if isinstance(error, http.client.HTTPException) or type(error).__name__ == "InvalidChunkLength":
        return BackendError(f"what {host} answers is not HTTP", kind="broken")
    return None


def _of_content(error: BaseException, host: str) -> BackendError | None:
    if type(error).__name__ in ("DecodeError", "ContentDecodingError", "DecodingError"):
        return BackendError(f"what {host} answers is compressed, and damaged", kind="broken")
    if isinstance(error, RecursionError):
        return BackendError(f"what {host} answers is nested too deeply", kind="broken")
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return BackendError(f"what {host} answers is not JSON", kind="broken")
    return None


def _of_connection(error: BaseException, host: str) -> BackendError | None:
    if isinstance(error, ConnectionRefusedError):
        return BackendError(
            f"{host} takes no connections",
            kind="temporary",
            help="is it running, and is its address right?",
        )
    if isinstance(error, ConnectionError | ssl.SSLEOFError):
        return BackendError(f"{host} broke off in the middle of its answer", kind="temporary")
    if isinstance(error, OSError) or type(error).__name__ in ("ProtocolError", "NetworkError"):
        return BackendError(f"{host} cannot be reached", kind="temporary")
    return None
