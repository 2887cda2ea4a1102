"""Connections whose other side is silent, gone, or no WebSocket at all."""

import threading
from collections.abc import Iterator

import pytest
from websockets.sync.client import ClientConnection

from tests.bluesky.jetstream import FakeJetstream, event, jetstream
from tests.faults import FAULTS, Fault, Loopback, Reply
from watcher.backends import websocket
from watcher.backends.interface import BackendError
from watcher.backends.websocket import WebSocket


@pytest.fixture
def server() -> Iterator[FakeJetstream]:
    with jetstream() as one:
        yield one


@pytest.fixture
def line(server: FakeJetstream, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebSocket]:
    """A connection that asks for a sign of life at once."""
    monkeypatch.setattr(websocket, "QUIET_SECONDS", -1.0)
    one = WebSocket(f"{server.url}?cursor=0", agent="me", largest=10_000)
    yield one
    one.close()
    one.close()


def test_a_side_that_answers_when_asked_is_alive(server: FakeJetstream, line: WebSocket) -> None:
    for _ in range(4):
        assert line.receive(0.02) is None
    server.say(event(1))
    assert line.receive(5) is not None


def test_a_side_that_does_not_answer_has_fallen_silent(
    line: WebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(ClientConnection, "ping", lambda _: threading.Event())
    assert line.receive(0.01) is None
    with pytest.raises(BackendError, match="fallen silent") as raised:
        line.receive(0.01)
    assert raised.value.kind == "temporary"


def test_a_side_that_hangs_up_is_told(server: FakeJetstream) -> None:
    server.hang_up_after = 0
    server.say(event(1))
    line = WebSocket(f"{server.url}?cursor=0", agent="me", largest=10_000)
    with pytest.raises(BackendError, match="closed the connection"):
        line.receive(5)
    line.close()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(200, b"<html>"), "broken"),
        (Reply(302, b"", {"Location": "wss://elsewhere.example/"}), "broken"),
        (Reply(429, b"", {"Retry-After": "7"}), "temporary"),
        (Reply(403, b""), "refused"),
    ],
)
def test_a_web_server_is_no_stream(reply: Reply, kind: str) -> None:
    web = Loopback(lambda _: reply)
    with pytest.raises(BackendError) as raised:
        WebSocket(f"ws://{web.host}/", agent="me", largest=1000)
    web.close()
    assert raised.value.kind == kind
    assert "elsewhere" not in str(raised.value)
    if kind == "temporary":
        assert raised.value.retry_after == 7


@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS if fault.name not in ("another host for good", "half the content")],
    ids=str,
)
def test_every_fault_is_told_in_a_sentence(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "HANDSHAKE_SECONDS", 0.25)
    web = Loopback(lambda _: Reply())
    web.fail(fault)
    with pytest.raises(BackendError) as raised:
        WebSocket(f"ws://{web.host}/", agent="me", largest=1000)
    web.close()
    error = raised.value
    assert web.host in str(error)
    assert "s3cret" not in f"{error}{error.help}"


def test_who_hangs_up_during_the_handshake_is_tried_again_later() -> None:
    (hung_up,) = [fault for fault in FAULTS if fault.name == "a connection closed at once"]
    web = Loopback(lambda _: Reply())
    web.fail(hung_up)
    with pytest.raises(BackendError) as raised:
        WebSocket(f"ws://{web.host}/", agent="me", largest=1000)
    web.close()
    assert raised.value.kind == "temporary"


def test_nobody_there_is_tried_again_later() -> None:
    web = Loopback(lambda _: Reply())
    web.close()
    with pytest.raises(BackendError) as raised:
        WebSocket(f"ws://{web.host}/", agent="me", largest=1000)
    assert raised.value.kind == "temporary"
    assert web.host in str(raised.value)
