"""Requests that no server can hold up, fill up, or send elsewhere."""

import gzip
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import requests

from tests.faults import CERTIFICATE, FAULTS, Asked, Fault, Loopback, Reply
from watcher.backends.http.bounds import Bounds, user_agent
from watcher.backends.http.budget import FIRST_PAUSE, Budget
from watcher.backends.http.errors import explained, host_of, of_status, shown
from watcher.backends.http.session import Answer, MovedError, Session, session
from watcher.backends.http.transport import BoundedTransport
from watcher.backends.interface import BackendError

AGENT = user_agent("watch@acme.example")
TOKEN = "s3cret-0123456789"

Serve = Callable[..., Loopback]
FOR_ALL = [fault for fault in FAULTS if fault.name not in {"half the content", "nothing"}]


def ok(asked: Asked) -> Reply:
    return Reply(200, json.dumps({"path": asked.target, **asked.headers}).encode())


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers; all end with the test."""
    with ExitStack() as stack:
        yield lambda answer=ok, **how: stack.enter_context(Loopback(answer, **how))


@pytest.fixture
def opened() -> Iterator[Callable[..., Session]]:
    """Open sessions; all are closed with the test."""
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(session(AGENT, **how))


def ask_by_httpx(client: Session, url: str) -> object:
    """Do as a backend on httpx does."""
    answer = httpx.Client(transport=BoundedTransport(client)).get(url)
    if error := of_status(answer.status_code, answer.headers, host_of(url)):
        raise error
    try:
        return answer.json()
    except (ValueError, RecursionError) as error:
        raise explained(error, host_of(url)) from error


def ask(client: Session, url: str) -> object:
    """Do as a backend does: look at the status, read the JSON."""
    answer = client.get(url, headers={"Authorization": f"Bearer {TOKEN}"})
    if error := of_status(answer.status_code, answer.headers, host_of(url)):
        raise error
    return answer.json()


@pytest.mark.parametrize("fault", FOR_ALL, ids=str)
@pytest.mark.parametrize("library", ["requests", "httpx"])
def test_every_fault_is_told_within_the_bounds_and_without_the_token(
    serve: Serve, opened: Callable[..., Session], fault: Fault, library: str
) -> None:
    server = serve()
    server.fail(fault)
    client = opened(bounds=Bounds(seconds=0.2 if fault.slow else 20, octets=500_000))
    url = f"{server.url}/api?access_token={TOKEN}"
    with pytest.raises(BackendError) as raised:
        (ask if library == "requests" else ask_by_httpx)(client, url)
    assert raised.value.kind in fault.kinds
    told = f"{raised.value} {raised.value.help}"
    assert TOKEN not in told
    assert server.host in told
    if library == "requests":
        assert raised.value.__cause__ is None, "a foreign text may hold the token"


def test_a_session_says_who_asks_whatever_a_library_puts_there(
    serve: Serve, opened: Callable[..., Session]
) -> None:
    server = serve()
    opened().get(server.url, headers={"User-Agent": "tweepy"})
    client = httpx.Client(transport=BoundedTransport(opened()), headers={"User-Agent": "atproto"})
    client.post(f"{server.url}/x", json={"a": 1})
    assert [asked.headers["user-agent"] for asked in server.asked] == [AGENT, AGENT]
    assert server.asked[1].body == b'{"a":1}'


@pytest.mark.parametrize(
    ("contact", "end"),
    [
        ("", ""),
        ("ada@acme.example", " (+mailto:ada@acme.example)"),
        ("https://acme.example/bot", " (+https://acme.example/bot)"),
        ("a\r\nX-Evil: 1@b", " (+aX-Evil:1@b)"),
        ("é(\\)", ""),
    ],
)
def test_the_name_holds_the_contact_and_breaks_no_header(contact: str, end: str) -> None:
    name, _, rest = user_agent(contact).partition("/")
    assert name == "brand-watcher"
    assert rest.partition(" ")[2] == end.strip()


def test_redirects_within_the_host_are_followed_with_the_token(
    serve: Serve, opened: Callable[..., Session]
) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(301, b"", {"Location": "/new?a=1"}) if asked.path == "/old" else ok(asked)

    server = serve(answer)
    found = ask(opened(), f"{server.url}/old")
    assert isinstance(found, dict)
    assert found["path"] == "/new?a=1"
    assert found["authorization"] == f"Bearer {TOKEN}"


def test_a_token_goes_to_no_other_host_and_nothing_is_written_twice(
    serve: Serve, opened: Callable[..., Session]
) -> None:
    other = serve()
    server = serve(lambda _: Reply(308, b"", {"Location": f"{other.url}/x?token={TOKEN}"}))
    with pytest.raises(MovedError) as raised:
        ask(opened(), server.url)
    assert raised.value.kind == "gone"
    assert other.host in str(raised.value)
    assert TOKEN not in str(raised.value)
    circle = serve(lambda _: Reply(307, b"", {"Location": "/again"}))
    with pytest.raises(BackendError, match="answers a change with a redirect"):
        opened().post(circle.url, data="follow")
    assert other.asked == []
    assert len(circle.asked) == 1


def test_a_secure_address_leads_to_no_plain_one(
    serve: Serve, opened: Callable[..., Session]
) -> None:
    server = serve(
        lambda asked: Reply(302, b"", {"Location": f"http://{asked.headers['host']}/x"}), tls=True
    )
    with pytest.raises(MovedError):
        ask(opened(ca_file=CERTIFICATE), server.url)


def test_only_a_valid_certificate_is_trusted(
    serve: Serve, opened: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(tls=True)
    with pytest.raises(BackendError, match=r"certificate of localhost:\d+ is not valid") as raised:
        ask(opened(), server.url)
    assert raised.value.kind == "broken"
    with pytest.raises(BackendError, match="not valid"):
        opened().get(server.url, verify=False)
    wrong_name = server.url.replace("localhost", "127.0.0.1")
    with pytest.raises(BackendError, match="not valid"):
        ask(opened(ca_file=CERTIFICATE), wrong_name)
    assert server.asked == []
    assert ask(opened(ca_file=CERTIFICATE), server.url)


def test_a_server_that_does_not_begin_tls_is_given_up(opened: Callable[..., Session]) -> None:
    client = opened(bounds=Bounds(connect=0.2))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(BackendError, match="did not answer in time") as raised:
            ask(client, f"https://127.0.0.1:{port}/")
    assert raised.value.kind == "temporary"


def test_no_password_of_this_machine_is_sent(
    serve: Serve,
    opened: Callable[..., Session],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {TOKEN}")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve()
    opened().get(server.url)
    assert "authorization" not in server.asked[0].headers


def test_cookies_are_neither_kept_nor_sent_back(
    serve: Serve, opened: Callable[..., Session]
) -> None:
    server = serve(lambda _: Reply(200, b"{}", {"Set-Cookie": "seen=1; Max-Age=9999"}))
    client = opened()
    for _ in range(2):
        ask(client, server.url)
    assert "cookie" not in server.asked[1].headers
    assert len(client.cookies) == 0


def test_nothing_is_logged_of_the_addresses_that_are_asked(
    serve: Serve, opened: Callable[..., Session], caplog: pytest.LogCaptureFixture
) -> None:
    """Not even of an answer whose headers are damaged."""
    head = b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 2\r\n\r\n{}"
    server = serve()
    server.fail(Fault("damaged headers", (), lambda _: iter([head])))
    with caplog.at_level("WARNING"):
        opened().get(f"{server.url}/?token={TOKEN}")
    assert caplog.text == ""


def test_compressed_answers_are_read(serve: Serve, opened: Callable[..., Session]) -> None:
    body = gzip.compress(b'{"a": "' + b"x" * 9000 + b'"}')
    server = serve(lambda _: Reply(200, body, {"Content-Encoding": "gzip"}))
    assert ask(opened(), server.url) == {"a": "x" * 9000}
    client = httpx.Client(transport=BoundedTransport(opened()))
    assert client.get(server.url).json() == {"a": "x" * 9000}


def test_a_connection_is_used_again(serve: Serve, opened: Callable[..., Session]) -> None:
    server = serve()
    client = opened()
    for _ in range(20):
        ask(client, server.url)
    assert len(server._threads) == 2, "one that accepts, one connection"


def test_a_stream_lasts_as_long_as_it_is_not_silent(
    serve: Serve, opened: Callable[..., Session]
) -> None:
    def drip(_: Reply) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for number in range(12):
            yield b"2\r\n%d\n\r\n" % (number % 10)

    server = serve()
    server.fail(Fault("a stream", (), drip, pause=0.03, hold=True))
    client = opened(bounds=Bounds(seconds=0.2))
    lines: list[bytes] = []
    with (
        pytest.raises((BackendError, requests.RequestException)) as raised,
        client.get(server.url, stream=True, timeout=(1, 0.15)) as answer,
    ):
        lines.extend(answer.iter_lines(chunk_size=1))
    assert len(lines) == 12, "longer than the bound of a whole answer"
    assert "sent nothing for 0.15 seconds" in str(explained(raised.value, server.host))


def test_a_session_asks_its_budget_and_tells_it(
    serve: Serve, opened: Callable[..., Session]
) -> None:
    server = serve(
        lambda _: Reply(200, b"{}", {"RateLimit-Remaining": "1", "RateLimit-Reset": "60"})
    )
    budget = Budget(server.host)
    client = opened(budget=budget, bucket=lambda method, path: f"{method} {path}")
    ask(client, f"{server.url}/search?q=1")
    assert budget.windows()["GET /search"].remaining == 1
    ask(client, f"{server.url}/search?q=2")
    server.close()
    with pytest.raises(BackendError, match="takes no connections") as raised:
        ask(client, f"{server.url}/timeline")
    assert raised.value.retry_after


def test_who_is_not_told_how_long_to_wait_waits_as_the_budget_says(
    serve: Serve, opened: Callable[..., Session]
) -> None:
    server = serve(lambda _: Reply(429))
    answer = opened(budget=Budget(server.host, chance=lambda: 0.0)).get(server.url)
    assert isinstance(answer, Answer)
    error = answer.error()
    assert error is not None
    assert (error.kind, error.retry_after) == ("temporary", FIRST_PAUSE.total_seconds() / 2)
    assert "does not say for how long" in str(error)


def test_addresses_are_shown_without_what_must_not_be_seen() -> None:
    assert shown("https://me:pw@a.example:8443/feed?key=1#x") == "https://a.example:8443/feed"
    assert shown("https://a.example/\u202e\x1b[31m") == "https://a.example/%E2%80%AE%1B%5B31m"
    assert host_of("http://[::1]:8080/x") == "[::1]:8080"
    assert host_of("http://[") == "an address that is none"
    assert host_of("https://a\u202e.example/") == "a%E2%80%AE.example"


def test_whatever_a_library_wraps_its_cause_is_told() -> None:
    try:
        try:
            raise ConnectionRefusedError(111, f"https://a.example/?token={TOKEN}")
        except OSError as inner:
            raise requests.ConnectionError(f"token={TOKEN}") from inner
    except requests.RequestException as outer:
        told = explained(outer, "a.example")
    assert str(told) == "a.example takes no connections"
    assert explained(KeyError(TOKEN), "a.example").kind == "broken"
    assert TOKEN not in str(explained(KeyError(TOKEN), "a.example"))
    assert explained(ssl.SSLError("x"), "a.example").kind == "broken"


def test_an_error_of_ours_comes_through_whatever_a_library_makes_of_it() -> None:
    first = BackendError("as it is", kind="gone")
    wrapped = RuntimeError("something happened")
    wrapped.__context__ = first
    assert explained(wrapped, "a.example") is first
