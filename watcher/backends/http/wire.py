"""Connections whose answers are measured while they are read: the only module that knows urllib3.

A socket's timeout begins anew with every octet, so a server that drips one each second holds its
reader for hours. Here each read waits for what is left of the whole request, and what was read is
counted before anything looks at it. It works below HTTP, so headers, redirects, chunk lengths and
trailers are bounded as bodies are.
"""

import http.client
import io
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, cast

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from watcher.backends.http.bounds import Bounds
from watcher.backends.interface import BackendError

# Its warnings, of headers that are none, hold whole addresses, tokens included.
logging.getLogger("urllib3").setLevel(logging.ERROR)

_HEAD_BUFFER = io.DEFAULT_BUFFER_SIZE
"""Octets of a body that may be read together with the last of the headers."""


class Allowance:
    """What is left to one request: time, and octets of the part that is being read."""

    def __init__(self, bounds: Bounds, host: str) -> None:
        self._bounds = bounds
        self._host = host
        self._until = monotonic() + bounds.seconds
        self._patience = bounds.seconds
        self._streaming = False
        self._left = 0
        self._part = ""
        self.next_answer()

    def next_answer(self) -> None:
        """Begin to count the headers of an answer."""
        self._left, self._part = self._bounds.head + _HEAD_BUFFER, "headers"

    def next_body(self) -> None:
        """Begin to count the body of an answer."""
        self._left, self._part = self._bounds.octets + _HEAD_BUFFER, "body"

    def stream(self, patience: float) -> None:
        """From now on the answer has no end: only each silence in it is bounded, in seconds."""
        self._streaming, self._patience = True, patience

    def seconds(self) -> float:
        """Return how long the next read may wait. Raises `BackendError` where no time is left."""
        if self._streaming:
            return self._patience
        left = self._until - monotonic()
        if left <= 0:
            raise self.too_slow()
        return left

    def spend(self, octets: int) -> None:
        """Count what was read. Raises `BackendError` where it is too much."""
        if self._streaming:
            return
        self._left -= octets
        if self._left < 0:
            raise self.too_large()

    def too_slow(self) -> BackendError:
        """Say that the time is over."""
        if self._streaming:
            what = f"{self._host} sent nothing for {self._patience:g} seconds"
        else:
            what = f"{self._host} did not finish its answer in {self._bounds.seconds:g} seconds"
        return BackendError(what, kind="temporary")

    def too_large(self) -> BackendError:
        """Say that an answer is larger than any sensible one."""
        most = self._bounds.head if self._part == "headers" else self._bounds.octets
        size = f"{most / 1e6:,.0f} MB" if most >= 1_000_000 else f"{most:,} octets"
        what = "headers" if self._part == "headers" else "an answer"
        return BackendError(f"{self._host} sent {what} of more than {size}", kind="broken")


_now = threading.local()


@contextmanager
def measured(allowance: Allowance) -> Iterator[None]:
    """Measure every answer that this thread begins to read meanwhile."""
    _now.allowance = allowance
    try:
        yield
    finally:
        _now.allowance = None


class _MeasuredReads(io.RawIOBase):
    """A socket's reading side that spends an allowance."""

    def __init__(self, reads: io.RawIOBase, sock: socket.socket, allowance: Allowance) -> None:
        super().__init__()
        self._reads = reads
        self._sock = sock
        self._allowance = allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            self._sock.settimeout(self._allowance.seconds())
            count = cast(int | None, self._reads.readinto(buffer)) or 0
        except TimeoutError:
            raise self._allowance.too_slow() from None
        self._allowance.spend(count)
        return count

    def close(self) -> None:
        self._reads.close()
        super().close()


class _MeasuredResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._allowance: Allowance | None = getattr(_now, "allowance", None)
        if self._allowance is not None:
            self._allowance.next_answer()
            reads = self.fp.detach()
            self.fp = io.BufferedReader(_MeasuredReads(reads, sock, self._allowance))

    def begin(self) -> None:
        super().begin()
        if self._allowance is not None:
            self._allowance.next_body()


class _Plain(HTTPConnection):
    response_class = _MeasuredResponse


class _Secure(HTTPSConnection):
    response_class = _MeasuredResponse


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


def measure(manager: urllib3.PoolManager) -> None:
    """Make a manager's connections measure what they read."""
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


def body(raw: urllib3.BaseHTTPResponse, allowance: Allowance, most: int) -> bytes:
    """Return the decompressed body of an answer. Raises `BackendError` where it is too large.

    Decompressed in small pieces, so that a bomb is noticed before it goes off.
    """
    parts: list[bytes] = []
    total = 0
    for part in raw.stream(65_536, decode_content=True):
        total += len(part)
        if total > most:
            raw.close()
            raise allowance.too_large()
        parts.append(part)
        allowance.seconds()  # decompressing and dripping both take time
    return b"".join(parts)
