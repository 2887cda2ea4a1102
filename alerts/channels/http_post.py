"""One POST over HTTP that no server can hold up, fill up or send elsewhere: webhooks use it.

Written on the standard library's `http.client`, which alone lets us place every failure before or
after the first byte of the message.
"""

import http.client
import re
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from socket import SHUT_RDWR
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from alerts.model import DeliveryError
from alerts.words.hostile import one_line

CONNECT_SECONDS = 10.0
"""For each address of the host until a connection stands."""
MOST_OCTETS = 65_536
"""Of an answer's body that are read; more is left where it is."""
LONGEST_PAUSE = timedelta(days=1)
"""What a server may ask for with Retry-After."""
_TEMPORARY = frozenset({408, 421, 425, 429})
_FAILURES = (OSError, http.client.HTTPException, ValueError)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to post to, and what may come back."""

    url: str = field(repr=False)
    """`https://`; `http://` is for the caller to allow or not."""
    ca_file: Path | None = None
    """Authorities (PEM) to trust besides the system's."""
    seconds: float = 30.0
    """From the first address tried to the last octet read, however slowly they drip."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What must not be told beside the path and the query, should the other side repeat it."""

    @property
    def parts(self) -> SplitResult:
        """The address in its parts. Raises `ValueError`."""
        return urlsplit(self.url)

    @property
    def host(self) -> str:
        """The host's name alone: what may be told of the address."""
        return self.parts.hostname or ""


def kind_of_status(status: int) -> Literal["sent", "permanent", "temporary"]:
    """What an HTTP status means: only an overload, a clash or a broken server is worth a retry."""
    if 200 <= status < 300:
        return "sent"
    return "temporary" if status >= 500 or status in _TEMPORARY else "permanent"


def reach(target: Target) -> str:
    """Connect, with TLS, and hang up; say what was reached. Raises `DeliveryError`."""
    connection = _Connection(target)
    try:
        connection.open()
    finally:
        connection.close()
    return f"{target.host} answers" + (", certificate verified" if connection.is_tls else "")


def post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    handing_over: Callable[[], None],
    now: Callable[[], float],
) -> str:
    """Post a body and return the answer in one line; redirects are followed nowhere.

    Calls `handing_over` when the connection stands and nothing was sent. `now` gives seconds since
    1970, to read a Retry-After. Raises `DeliveryError`: temporary before that, uncertain where the
    answer is missing after it, and by the status where there is one.
    """
    connection = _Connection(target)
    try:
        connection.open()
        handing_over()
        return connection.send(body, headers, now)
    finally:
        connection.close()


class _Connection:
    """A connection for one request, cut off when its time is over."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._where = target.host
        self._client = _client(target)
        self.is_tls = target.parts.scheme == "https"
        self._over = threading.Event()
        self._alarm = threading.Timer(target.seconds, self._cut)
        self._alarm.daemon = True

    def open(self) -> None:
        self._alarm.start()
        try:
            self._client.connect()
            if self._client.sock is not None:
                self._client.sock.settimeout(self._target.seconds)
        except _FAILURES as error:
            raise DeliveryError(
                f"{self._where} cannot be reached: {self._why(error)}",
                kind="temporary",
                help="is the address right, and may this machine reach it?",
            ) from None
        self._refuse_if_over()

    def send(self, body: bytes, headers: Mapping[str, str], now: Callable[[], float]) -> str:
        self._refuse_if_over()
        parts = self._target.parts
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            self._client.request("POST", path, body=body, headers=dict(headers))
            answer = self._client.getresponse()
        except _FAILURES as error:
            raise DeliveryError(
                f"{self._where} was taking the message when the answer went missing: "
                f"{self._why(error)}",
                kind="uncertain",
                help="the other side may have it already",
            ) from None
        content = b""
        with suppress(*_FAILURES):  # the status has told already
            content = answer.read(MOST_OCTETS)
        said = _said(answer, content, self._target)
        kind = kind_of_status(answer.status)
        if kind == "sent":
            return said
        raise DeliveryError(
            f"{self._where} did not take the message: {said}",
            kind=kind,
            help="" if kind == "temporary" else _HELP.get(answer.status, _REFUSED),
            retry_after=pause_of(answer.getheader("Retry-After"), now()),
        )

    def close(self) -> None:
        self._alarm.cancel()
        with suppress(*_FAILURES):
            self._client.close()

    def _refuse_if_over(self) -> None:
        """Refuse to send what nobody would cut off: the time was over before a connection stood."""
        if self._over.is_set():
            raise DeliveryError(
                f"{self._where} was not reached in {self._target.seconds:g} seconds",
                kind="temporary",
            )

    def _cut(self) -> None:
        self._over.set()
        with suppress(OSError, AttributeError):
            self._client.sock.shutdown(SHUT_RDWR)

    def _why(self, error: Exception) -> str:
        # Foreign words may hold the whole address, which may be a secret: only the kind is told.
        if self._over.is_set() or isinstance(error, TimeoutError):
            return "it took too long"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({error.verify_message})"
        if isinstance(error, OSError) and error.strerror:
            return error.strerror.lower()
        return {"RemoteDisconnected": "it hung up"}.get(type(error).__name__, type(error).__name__)


_REFUSED = "mend it there or here, then `watcher deliveries retry` sends it again"
_HELP = {
    401: "is the secret the right one? `watcher deliveries retry` sends it again",
    410: "nobody takes this any more: remove the channel, or ask for a new address",
}


def pause_of(header: str | None, now: float) -> timedelta | None:
    """How long a server asks to be left in peace, of a Retry-After; a day at most."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 12:
        return min(timedelta(seconds=int(text)), LONGEST_PAUSE)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(timedelta(seconds=max(0.0, seconds)), LONGEST_PAUSE)


def _said(answer: http.client.HTTPResponse, content: bytes, target: Target) -> str:
    """Return what was answered in one line, without what is secret in the address."""
    parts = target.parts
    pieces = {parts.query, *parts.path.split("/"), *re.split("[=&]", parts.query)}
    secrets = {form for one in (*pieces, *target.secrets) for form in (one, unquote(one))}

    def shown(text: str, limit: int) -> str:
        for secret in sorted(secrets, key=len, reverse=True):
            if len(secret) > 5:
                text = text.replace(secret, "***")
        return one_line(text, limit)

    body = "" if content[:1] == b"<" else content.decode("utf-8", "replace")
    line = f"{answer.status} {shown(answer.reason or '', 60)}".strip()
    said = shown(body, 160)
    return f"{line}: {said}" if said else line


def _client(target: Target) -> http.client.HTTPConnection:
    try:
        parts = target.parts
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise DeliveryError("this is no address of a web server", kind="permanent") from None
    connect = min(CONNECT_SECONDS, target.seconds)
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=connect)
    try:
        context = ssl.create_default_context()
        if target.ca_file is not None:
            context.load_verify_locations(cafile=target.ca_file)
    except (OSError, ValueError) as error:
        raise DeliveryError(
            f"the certificates to trust cannot be read: {error}", kind="temporary"
        ) from error
    proxy = None if proxy_bypass(host) else getproxies().get("https")
    if not proxy:
        return http.client.HTTPSConnection(host, port, timeout=connect, context=context)
    return _through(proxy, host, port or 443, connect, context)


def _through(
    proxy: str, host: str, port: int, connect: float, context: ssl.SSLContext
) -> http.client.HTTPSConnection:
    """Return a connection through the proxy that the environment names; TLS ends at the host."""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    client = http.client.HTTPSConnection(
        parts.hostname or "", parts.port or 80, timeout=connect, context=context
    )
    headers = {}
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Proxy-Authorization"] = f"Basic {b64encode(login).decode()}"
    client.set_tunnel(host, port, headers=headers)
    return client
