"""The pages for a monitor: health, readiness, and a server that nobody wears out."""

import json
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.journeys.alert_world import World
from watcher import metrics
from watcher.metrics import health, one_at_a_time, server
from watcher.metrics.one_at_a_time import OneAtATime
from watcher.metrics.server import MetricsError, Page, Server
from watcher.metrics.table import MetricsTable
from watcher.pulse import Pulse

RULES = """
[[rules]]
name = "talk"
find = "Nordelia"
then = ["now"]

[[channels]]
name = "now"
kind = "email"
to = ["ada@acme.example"]
send = "instant"
"""
Get = Callable[[str], tuple[int, str]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A watcher with a source, a rule and a channel."""
    world = World(tmp_path_factory.mktemp("world"), RULES)
    yield world
    world.app.close()


@pytest.fixture
def pulse() -> Pulse:
    """The pulse of a process that leads."""
    pulse = Pulse()
    pulse.role = "leads"
    return pulse


@contextmanager
def served(world: World, pulse: Pulse) -> Iterator[Get]:
    config = replace(world.app.config, metrics=MetricsTable(listen="127.0.0.1:0"))
    with metrics.serve(config, lambda: world.app, pulse) as port:
        yield lambda path: get(f"http://127.0.0.1:{port}{path}")


def get(url: str) -> tuple[int, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_nothing_is_served_unless_it_is_asked_for(world: World, pulse: Pulse) -> None:
    with metrics.serve(world.app.config, lambda: world.app, pulse) as port:
        assert port is None


def test_the_three_pages(world: World, pulse: Pulse) -> None:
    with served(world, pulse) as get:
        status, figures = get("/metrics")
        assert (status, "watcher_build_info{" in figures) == (200, True)
        assert get("/healthz") == (200, '{"status": "ok"}\n')
        assert get("/readyz?verbose") == (200, '{"status": "ok", "role": "leads"}\n')
        assert get("/") == (404, "404 there is /metrics, /healthz and /readyz\n")


def test_a_step_that_hangs_is_told(
    world: World, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "STUCK", 0.0)
    with served(world, pulse) as get, pulse.step("pull slow"), pulse.step("deliver"):
        assert get("/healthz")[0] == 200  # a source or a mail server may be slow
        with pulse.step("plan"):
            status, said = get("/healthz")
        assert status == 503
        assert json.loads(said)["wrong"][0].startswith("plan is under way for")
        assert get("/healthz")[0] == 200


def test_a_process_that_ends_no_step_any_more_is_told(
    world: World, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SILENT", -1.0)
    with served(world, pulse) as get:
        assert "no step has ended" in get("/healthz")[1]


def test_not_ready_before_it_works_or_with_mistakes(world: World, pulse: Pulse) -> None:
    path = world.app.config.path
    before = path.read_text()
    pulse.role = ""
    with served(world, pulse) as get:
        assert json.loads(get("/readyz")[1])["wrong"] == ["not at work yet"]
        pulse.role = "stands by"
        assert get("/readyz")[0] == 200
        path.write_text(before + "\n[mistake]\n")
        try:
            status, said = get("/readyz")
            assert status == 503
            assert "the configuration has mistakes" in said
            assert "watcher_config_valid 0.0" in get("/metrics")[1]
            path.unlink()
            assert "No such file" in get("/readyz")[1]
        finally:
            path.write_text(before)
        assert get("/readyz")[0] == 200
        assert get("/healthz")[0] == 200


class Hanging:
    """A question to a database that hangs until it is let go."""

    def __init__(self, then: Callable[[], Any]) -> None:
        self.is_asked, self.lets_go, self._then = threading.Event(), threading.Event(), then

    def __call__(self) -> Any:
        self.is_asked.set()
        assert self.lets_go.wait(20)
        return self._then()


def test_a_database_that_hangs_holds_one_request_of_each_page(
    world: World, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_at_a_time, "WAIT", 0.0)
    answers, figures = Hanging(lambda: False), Hanging(world.app.store.figures)
    monkeypatch.setattr(world.app.store, "answers", answers)
    monkeypatch.setattr(world.app.store, "figures", figures)
    with served(world, pulse) as get, ThreadPoolExecutor() as pool:
        try:
            first = pool.submit(get, "/readyz"), pool.submit(get, "/metrics")
            assert answers.is_asked.wait(20)
            assert figures.is_asked.wait(20)
            for _ in range(server.AT_ONCE):
                status, said = get("/readyz")
                assert (status, "the database has not answered for" in said) == (503, True)
                status, said = get("/metrics")
                assert (status, "in the making for" in said) == (503, True)
            assert get("/healthz") == (200, '{"status": "ok"}\n')
        finally:
            answers.lets_go.set()
            figures.lets_go.set()
        assert [one.result()[0] for one in first] == [503, 200]


def test_who_asks_meanwhile_takes_the_answer_before() -> None:
    said = iter("ab")
    hanging = Hanging(lambda: Page(body=next(said)))
    hanging.lets_go.set()
    shared = OneAtATime(hanging, lambda _seconds: Page(body="late", status=503))
    assert shared().body == "a"
    hanging.is_asked.clear()
    hanging.lets_go.clear()
    with ThreadPoolExecutor() as pool:
        second = pool.submit(shared)
        assert hanging.is_asked.wait(20)
        assert shared().body == "a"
        hanging.lets_go.set()
        assert second.result().body == "b"


def test_who_asks_first_of_all_waits_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_at_a_time, "WAIT", 20.0)
    hanging = Hanging(lambda: PAGE)
    shared = OneAtATime(hanging, lambda _seconds: Page(body="late", status=503))
    with ThreadPoolExecutor() as pool:
        first = pool.submit(shared)
        assert hanging.is_asked.wait(20)
        second = pool.submit(shared)
        hanging.lets_go.set()
        assert first.result() is second.result() is PAGE


def test_every_place_may_be_taken_and_the_health_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "AT_ONCE", 1)
    monkeypatch.setattr(server, "KEPT", 50)
    hanging = Hanging(lambda: PAGE)
    pages = {"/": hanging, "/healthz": lambda: PAGE}
    with (
        Server(("127.0.0.1", 0), pages, always="/healthz") as port,
        ThreadPoolExecutor() as pool,
    ):
        try:
            first = pool.submit(spoken, port, b"GET / HTTP/1.0\r\n\r\n")
            assert hanging.is_asked.wait(20)
            for _ in range(5):
                assert b"503 too many requests" in answered(port)
                assert spoken(port, b"GET /healthz?x HTTP/1.0\r\n\r\n").endswith(b"fine")
        finally:
            hanging.lets_go.set()
        assert first.result().endswith(b"fine")


def test_a_thread_that_cannot_begin_costs_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "AT_ONCE", 1)
    monkeypatch.setattr(server, "KEPT", 1)
    begin, failing = socketserver.ThreadingMixIn.process_request, iter(range(3))

    def process(self: Any, request: Any, client: Any) -> None:
        if next(failing, None) is not None:
            raise RuntimeError("can't start new thread")
        begin(self, request, client)

    monkeypatch.setattr(socketserver.ThreadingMixIn, "process_request", process)
    with serving(lambda: PAGE) as port:
        for _ in range(3):
            assert answered(port) == b""
        assert answered(port).endswith(b"fine")


def test_an_address_in_use_is_said(world: World, pulse: Pulse) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        config = replace(world.app.config, metrics=MetricsTable(listen=f"127.0.0.1:{port}"))
        with pytest.raises(MetricsError, match=r"cannot be served at 127\.0") as refused:
            metrics.serve(config, lambda: world.app, pulse).__enter__()
        assert "free port" in refused.value.help


@contextmanager
def serving(page: Callable[[], Page]) -> Iterator[int]:
    with Server(("127.0.0.1", 0), {"/": page}) as port:
        yield port


def spoken(port: int, request: bytes) -> bytes:
    """Send octets as they are; return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request)
        answer = b""
        try:
            while part := client.recv(65536):
                answer += part
        except ConnectionResetError:
            return answer  # it hung up before it had read all
        return answer


PAGE = Page(body="fine", kind="text/plain")


@pytest.mark.parametrize("method", ["POST", "HEAD", "DELETE", "get", "CONNECT"])
def test_only_get_is_answered(method: str) -> None:
    with serving(lambda: PAGE) as port:
        answer = spoken(port, f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.0 405")
    assert b"Allow: GET" in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"GET " + b"/" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(3000)) + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\n\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\n",
        b"GET /\r\n\r\n",
    ],
)
def test_what_is_no_short_request_gets_no_page(request_: bytes) -> None:
    with serving(lambda: PAGE) as port:
        answer = spoken(port, request_)
        assert b" 200 " not in answer
        assert b"fine" not in answer
        assert spoken(port, b"GET / HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\nfine")


def test_what_a_client_wrote_is_never_said_back() -> None:
    with serving(lambda: PAGE) as port:
        answer = spoken(port, b"GET /<script> HTTP/1.1\r\nHost: evil\r\n\r\n")
        assert b"script" not in answer
        assert b"nosniff" in spoken(port, b"GET / HTTP/1.1\r\n\r\n")


def test_silent_clients_hold_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "AT_ONCE", 2)
    monkeypatch.setattr(server, "SECONDS", 0.3)
    with serving(lambda: PAGE) as port:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
        until = time.monotonic() + 20
        while b"fine" not in answered(port):
            assert time.monotonic() < until
        for one in silent:
            one.close()


def answered(port: int) -> bytes:
    try:
        return spoken(port, b"GET / HTTP/1.0\r\n\r\n")
    except OSError:
        return b""


def test_a_page_that_fails_is_said_and_the_next_one_is_made(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pages = iter([1])

    def page() -> Page:
        if next(pages, None):
            raise ZeroDivisionError
        return PAGE

    with serving(page) as port:
        assert b"500 an error in the watcher itself" in spoken(port, b"GET / HTTP/1.0\r\n\r\n")
        assert spoken(port, b"GET / HTTP/1.0\r\n\r\n").endswith(b"fine")
    assert "could not be made" in caplog.text


def test_it_ends_at_once_and_frees_its_port() -> None:
    with serving(lambda: PAGE) as port:
        held = socket.create_connection(("127.0.0.1", port))
        spoken(port, b"GET / HTTP/1.0\r\n\r\n")
        before = time.monotonic()
    assert time.monotonic() - before < 5
    held.close()
    with pytest.raises(ConnectionRefusedError):
        spoken(port, b"GET / HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("", None),
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        (":9464", ("", 9464)),
        ("[::1]:80", ("::1", 80)),
        ("9464", None),
        ("a b:1", None),
        ("http://x:1", None),
    ],
)
def test_an_address(listen: str, address: tuple[str, int] | None) -> None:
    table = MetricsTable(listen=listen)
    assert table.address == address
    assert bool(list(table.problems())) == bool(listen and address is None)
    assert list(MetricsTable(listen="x:65536").problems())


def test_off_costs_no_import() -> None:
    code = "import sys, watcher.cli, watcher.config; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
