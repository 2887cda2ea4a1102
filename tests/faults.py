"""A web server on loopback that answers as it is told to, and misbehaves as it is told to.

It speaks HTTP by hand over plain sockets, since no proper server can be made to send half an
answer. A test gives it a function from `Asked` to `Reply`, and calls `fail` to spoil what follows.
"""

import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qs, urlsplit

from watcher.clock import utc_now

CERTIFICATE = Path(__file__).parent / "loopback.pem"
"""For `localhost` (not for 127.0.0.1); a session trusts it only where it is the `ca_file`."""

DAY = timedelta(days=1)
ELSEWHERE = "elsewhere.example"
PAGE = b"<!DOCTYPE html>\n<html><head><title>502</title></head><body>Bad gateway</body></html>"


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; of several of a name the last."""
        values = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: several[-1] for name, several in values.items()}


@dataclass(frozen=True)
class Reply:
    """A proper answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def octets(self) -> bytes:
        """Return the answer as it goes over the wire."""
        lines = [f"HTTP/1.1 {self.status} Whatever", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True)
class Fault:
    """A way to misbehave, and what a reader must make of it."""

    name: str
    kinds: tuple[str, ...]
    """What `BackendError.kind` may be."""
    send: Callable[[Reply], Iterator[bytes]]
    """What is sent instead of a proper answer, piece by piece."""
    says: str = ""
    """A pattern that the message must contain."""
    waits: tuple[float, float] | None = None
    """Between which `retry_after` must lie, in seconds."""
    hold: bool = False
    """Whether the connection stays open and silent afterwards, rather than being closed."""
    pause: float = 0.0
    """Seconds between two pieces."""
    abort: bool = False
    """Whether the connection is reset rather than closed."""
    slow: bool = False
    """Whether only the deadline ends it: tests shorten that."""

    def __str__(self) -> str:
        return self.name


class Loopback:
    """The server; a context manager. Runs from its making to `close`."""

    def __init__(self, answer: Callable[[Asked], Reply], *, tls: bool = False) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        """Every request so far."""
        self._faults: list[Fault | None] = []
        self._last: Fault | None = None
        self._tls: ssl.SSLContext | None = None
        if tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATE)
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._start(self._accept)

    @property
    def host(self) -> str:
        """`127.0.0.1:port`, or `localhost:port` where it speaks TLS."""
        return f"{'localhost' if self._tls else '127.0.0.1'}:{self.port}"

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"{'https' if self._tls else 'http'}://{self.host}"

    def fail(self, fault: Fault, *, after: int = 0, times: int | None = None) -> None:
        """Answer `after` more requests properly, then misbehave: always, or so many times."""
        with self._lock:
            self._faults = [None] * after + [fault] * (times or 0)
            self._last = fault if times is None else None

    def recover(self) -> None:
        """Answer properly again."""
        with self._lock:
            self._faults, self._last = [], None

    def close(self) -> None:
        """Stop, whatever is going on."""
        self._over.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def __enter__(self) -> "Loopback":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, what: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=what, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # the listening socket is closed
            while not self._over.is_set():
                self._start(self._serve, self._listening.accept()[0])

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with self._lock:
                self._open.add(connection)
            try:
                with connection, connection.makefile("rb") as incoming:
                    while not self._over.is_set() and (asked := _read(incoming)):
                        if not self._reply(connection, asked):
                            break
            finally:
                with self._lock:
                    self._open.discard(connection)

    def _reply(self, connection: socket.socket, asked: Asked) -> bool:
        """Answer one request; return whether the connection can be used again."""
        with self._lock:
            self.asked.append(asked)
            fault = self._faults.pop(0) if self._faults else self._last
        reply = self.answer(asked)
        if fault is None:
            connection.sendall(reply.octets())
            return True
        for piece in fault.send(reply):
            connection.sendall(piece)
            if fault.pause and self._over.wait(fault.pause):
                return False
        if fault.hold:
            self._over.wait(30)
        if fault.abort:
            linger = b"\x01\0\0\0\0\0\0\0"  # closing throws away what was not sent, and resets
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return False


def _read(incoming: BinaryIO) -> Asked | None:
    """Read a request; None where no more comes."""
    first = incoming.readline().decode("latin-1").split()
    if len(first) < 2:
        return None
    headers: dict[str, str] = {}
    while line := incoming.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = incoming.read(int(headers.get("content-length", "0")))
    return Asked(first[0], first[1], headers, body)


def _replies(reply: Reply) -> Callable[[Reply], Iterator[bytes]]:
    return lambda _: iter([reply.octets()])


def _status(status: int, **headers: str) -> Callable[[Reply], Iterator[bytes]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if status >= 500:
        return _replies(Reply(status, PAGE, {"Content-Type": "text/html", **named}))
    body = b'{"error": "whatever"}'
    return _replies(Reply(status, body, {"Content-Type": "application/json", **named}))


def _later(status: int, name: str, tell: Callable[[], str]) -> Callable[[Reply], Iterator[bytes]]:
    """Answer with a header whose value is told when it is sent."""
    return lambda _: iter([Reply(status, b"{}", {name: tell()}).octets()])


def _in(seconds: int) -> int:
    return int(utc_now().timestamp()) + seconds


def _to(status: int, target: str) -> Callable[[Reply], Iterator[bytes]]:
    return _replies(Reply(status, b"", {"Location": target}))


def _chunked(piece: bytes, times: int, *, headers: str = "") -> Iterator[bytes]:
    yield f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{headers}\r\n".encode()
    for _ in range(times):
        yield b"%x\r\n%s\r\n" % (len(piece), piece)


def _endless_body(_: Reply) -> Iterator[bytes]:
    return _chunked(b'["' + b"x" * 65_000, 100_000)


def _endless_headers(_: Reply) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(10**9):
        yield b"X-%d: %s\r\n" % (number % 7, b"y" * 8000)


def _endless_line(_: Reply) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 "
    for _number in range(10**9):
        yield b"O" * 8000


@cache
def _squeezed(times: int) -> bytes:
    """Sixty megabytes of blanks in sixty kilobytes, or in one."""
    octets = b" " * 60_000_000
    for _ in range(times):
        octets = zlib.compress(octets, 6)
    return octets


def _bomb(_: Reply) -> Iterator[bytes]:
    return iter([Reply(200, _squeezed(1), {"Content-Encoding": "deflate"}).octets()])


def _bomb_in_a_bomb(_: Reply) -> Iterator[bytes]:
    return iter([Reply(200, _squeezed(2), {"Content-Encoding": "deflate, deflate"}).octets()])


def _drip(octets: bytes) -> Iterator[bytes]:
    return (octets[at : at + 1] for at in range(len(octets)))


def _half(reply: Reply) -> Iterator[bytes]:
    """Promise the whole and send the half."""
    whole = reply.octets()
    return iter([whole[: len(whole) - len(reply.body) // 2 - 1]])


def _shorter(reply: Reply) -> Iterator[bytes]:
    """Send half of the content as if it was the whole."""
    half = Reply(200, reply.body[: len(reply.body) // 2], reply.headers)
    return iter([half.octets()])


def _deep(reply: Reply) -> Iterator[bytes]:
    """Nest 200,000 times: in JSON, or in XML where that is spoken."""
    body = b"[" * 200_000
    if reply.body.startswith(b"<"):
        body = b'<?xml version="1.0"?><rss><channel>' + b"<item>" * 200_000
    return iter([Reply(200, body, reply.headers).octets()])


OVERLOADED = (
    Fault("429", ("temporary",), _status(429), "no more requests"),
    Fault("429 for 40 seconds", ("temporary",), _status(429, Retry_After="40"), waits=(39, 41)),
    Fault("429 until a date", ("temporary",),
          _later(429, "Retry-After", lambda: format_datetime(utc_now() + DAY / 2, usegmt=True)),
          waits=(43_000, 43_300)),
    Fault("429 until an epoch", ("temporary",),
          _later(429, "X-RateLimit-Reset", lambda: str(_in(90))), waits=(80, 92)),
    Fault("429 for ever", ("temporary",), _status(429, Retry_After="999999999"),
          waits=(86_000, 86_400)),
    Fault("429 in nonsense", ("temporary",), _status(429, Retry_After="soon\u00e9")),
)  # fmt: skip
REFUSALS = (
    Fault("401", ("refused",), _status(401)),
    Fault("403", ("refused",), _status(403)),
    Fault("404", ("gone",), _status(404)),
    Fault("410", ("gone",), _status(410)),
)
FAILURES = (
    Fault("500", ("temporary",), _status(500)),
    Fault("502 with a page", ("temporary",), _status(502)),
    Fault("503 for 40 seconds", ("temporary",), _status(503, Retry_After="40"), waits=(39, 41)),
    Fault("a connection closed at once", ("temporary",), lambda _: iter([])),
    Fault("a connection reset", ("temporary",), _half, abort=True),
)
NONSENSE = (
    Fault("a web page", ("broken",), _replies(Reply(200, PAGE, {"Content-Type": "text/html"}))),
    Fault("nothing", ("broken",), _replies(Reply())),
    Fault("no HTTP", ("broken", "temporary"), lambda _: iter([b"220 mail.example ESMTP\r\n" * 9])),
    Fault("a truncated body", ("temporary",), _half),
    Fault("half the content", ("broken",), _shorter),
    Fault("deep nesting", ("broken",), _deep),
    Fault("damaged compression", ("broken",),
          _replies(Reply(200, b"\x1f\x8b\x08 no gzip", {"Content-Encoding": "gzip"}))),
)  # fmt: skip
FLOODS = (
    Fault("an endless body", ("broken",), _endless_body, "more than"),
    Fault("endless headers", ("broken",), _endless_headers),
    Fault("an endless line", ("broken",), _endless_line),
    Fault("a bomb", ("broken",), _bomb, "more than"),
    Fault("a bomb in a bomb", ("broken",), _bomb_in_a_bomb, "more than"),
)
ELSEWHERES = (
    Fault("another host", ("broken",), _to(302, f"https://{ELSEWHERE}/x?token=s3cret"), ELSEWHERE),
    Fault("another host for good", ("gone",), _to(301, f"https://{ELSEWHERE}/x"), ELSEWHERE),
    Fault("another port", ("broken",), _to(307, "http://127.0.0.1:9/")),
    Fault("a file", ("broken",), _to(302, "file:///etc/passwd")),
    Fault("in circles", ("broken",), _to(302, "?again"), "circles|a change"),
    Fault("no address", ("broken",), _to(302, "http://[")),
)
SLOW = (
    Fault("silence", ("temporary",), lambda _: iter([]), hold=True, slow=True),
    Fault("dripping headers", ("temporary",), lambda reply: _drip(reply.octets()),
          pause=0.02, slow=True),
    Fault("a dripping body", ("temporary",),
          lambda _: _chunked(b" ", 10**9), pause=0.02, slow=True),
)  # fmt: skip
FAULTS = (*OVERLOADED, *REFUSALS, *FAILURES, *NONSENSE, *FLOODS, *ELSEWHERES, *SLOW)
"""Everything a live backend must come through; `tests/contracts/test_live.py` tries each."""
