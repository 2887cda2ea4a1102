"""A small web server that nobody can wear out: few requests at once, short ones, GET only."""

import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from rules.errors import WatcherError

log = logging.getLogger("watcher")

AT_ONCE = 8
"""Requests that are answered at the same time."""
KEPT = 4
"""Requests beside them, which are given only the page that must always be had; whoever comes beside
these is turned away."""
KEPT_SECONDS = 2.0
"""How long one of those may take in all."""
SECONDS = 10.0
"""How long a request may take in all, from the first byte to the last."""
SILENCE = 5.0
"""How long a client may say nothing."""
OCTETS = 16_384
"""That a request may have in all."""


class MetricsError(WatcherError):
    """The figures cannot be served at the address that was configured."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a request is answered with."""

    body: str
    kind: str = "application/json"
    status: int = 200


Pages = Mapping[str, Callable[[], Page]]


class Server:
    """Serves a few pages from threads of its own; a context manager that gives the port."""

    def __init__(self, address: tuple[str, int], pages: Pages, always: str = "") -> None:
        """Listen at an address. Raises `MetricsError` where it cannot be had.

        `always` is the page that is given however many other requests are under way.
        """
        host, port = address
        try:
            family = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=1)[0][0]
            self._server = _Bounded((host, port), pages, always, family)
        except OSError as error:
            raise MetricsError(
                f"the figures cannot be served at {host}:{port}: {error.strerror}",
                help="name a free port in [metrics] listen; each process needs its own",
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="metrics", daemon=True
        )

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._server.server_address[1])

    def __exit__(self, *_: object) -> None:
        """Answer what was asked, for a moment, and hang up."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server.finish(2.0)


@dataclass(frozen=True)
class _Place:
    """That a request has, and when it loses it (`time.monotonic`)."""

    of: threading.BoundedSemaphore
    until: float


class _Bounded(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, address: tuple[str, int], pages: Pages, always: str, family: int) -> None:
        self.pages, self.always = pages, always
        self.address_family = family
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._kept = threading.BoundedSemaphore(KEPT)
        self._open: dict[socket.socket, _Place] = {}
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # Without the look-up of our own name, which may take seconds and is told to nobody.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "watcher", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            place = _Place(self._free, time.monotonic() + SECONDS)
        elif self._kept.acquire(blocking=False):  # what is asked for can only be read in a thread
            place = _Place(self._kept, time.monotonic() + KEPT_SECONDS)
        else:
            self.shutdown_request(request)
            return
        with self._lock:
            self._open[request] = place
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be begun
            self._leave(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._leave(request)

    def _leave(self, request: socket.socket) -> None:
        with self._lock:
            place = self._open.pop(request)
        place.of.release()

    def gives(self, path: str, request: socket.socket) -> bool:
        """Whether a request in the place that it has is given a page."""
        with self._lock:
            return path == self.always or self._open[request].of is self._free

    def service_actions(self) -> None:
        """Hang up on who takes too long; called several times a second."""
        self._hang_up(time.monotonic())

    def finish(self, seconds: float) -> None:
        """Wait for what is being answered, then hang up on the rest."""
        until = time.monotonic() + seconds
        while self._open and time.monotonic() < until:
            time.sleep(0.01)
        self._hang_up(math.inf)

    def _hang_up(self, now: float) -> None:
        with self._lock:
            late = [request for request, place in self._open.items() if place.until <= now]
        for request in late:
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has ended meanwhile

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away in the middle."""


class _Handler(BaseHTTPRequestHandler):
    server: _Bounded
    timeout = SILENCE
    server_version, sys_version = "watcher", ""
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(code)d %(message)s\n"

    def setup(self) -> None:
        super().setup()
        self.rfile: Any = _Limited(self.rfile, OCTETS)

    def do_GET(self) -> None:
        if self.request_version == "HTTP/0.9":  # a line without a version, of some other protocol
            return
        path = self.path.partition("?")[0]
        if not self.server.gives(path, self.request):
            self.send_error(503, "too many requests at once")
            return
        page = self.server.pages.get(path)
        if page is None:
            self.send_error(404, "there is /metrics, /healthz and /readyz")
            return
        try:
            answer = page()
        except Exception:  # a monitor must learn that, and the process must go on
            log.exception("the page %s could not be made", path)
            self.send_error(500, "an error in the watcher itself")
            return
        body = answer.body.encode("utf-8")
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def send_error(
        self, code: int, message: str | None = None, _explain: str | None = None
    ) -> None:
        """Answer what cannot be answered, without a word of what was asked."""
        if code == 501:  # the library's word for a method that has no function here
            code, message = 405, "only GET is answered"
        said = message if code in (404, 405, 500, 503) else "this cannot be read"
        body = f"{code} {said}\n".encode()
        self.close_connection = True
        self.send_response(code, "")
        if code == 405:
            self.send_header("Allow", "GET")
        self.send_header("Content-Type", self.error_content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing: a monitor asks several times a minute."""


class _Limited:
    """A stream that nobody may go on reading after so many octets."""

    def __init__(self, stream: Any, octets: int) -> None:
        self._stream, self._left = stream, octets

    def readline(self, size: int = -1) -> bytes:
        most = self._left if size < 0 else min(size, self._left)
        line: bytes = self._stream.readline(most) if most else b""
        self._left -= len(line)
        if not self._left:
            raise TimeoutError  # as the library takes it: hang up without a word
        return line

    def close(self) -> None:
        self._stream.close()

    @property
    def closed(self) -> bool:
        return bool(self._stream.closed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
