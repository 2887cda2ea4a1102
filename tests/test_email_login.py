"""Logging in at a mail server: by password and by token, with secrets that stay secret."""

import json
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from alerts import SmtpServer
from alerts.model import DeliveryError
from alerts.secret import Secret
from alerts.smtp.access import AccessTokens, OAuth
from rules.errors import WatcherError
from tests.mail_servers import Server, delivery, failure, opened, running
from watcher.mail_tokens import posting

PASSWORD = "correct horse"


class Strict(Server):
    """A server that takes mail only after a login, by password or by the token it likes today."""

    def __init__(self, token: str = "") -> None:
        super().__init__()
        self.token = token
        self.ways: list[str] = []

    def login(self, _server: object, _session: object, _envelope: object, way: str, data: object
    ) -> AuthResult:  # fmt: skip
        self.ways.append(way)
        good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False)

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        self.ways.append("XOAUTH2")
        words = b64decode(args[1]).decode()
        if words == f"user=watch@acme.example\1auth=Bearer {self.token}\1\1":
            return AuthResult(success=True)
        why = b64encode(json.dumps({"status": "400", "token": words}).encode()).decode()
        await server.push(f"334 {why}")
        await server._reader.readline()
        await server.push(f"535 5.7.8 not accepted: {args[1]} {words.split()[-1]}")
        return AuthResult(success=False, handled=True)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, path


@contextmanager
def strict(tls: tuple[ssl.SSLContext, Path], *, without: tuple[str, ...] = (), token: str = ""
) -> Iterator[Strict]:  # fmt: skip
    server = Strict(token)
    with running(
        server,
        tls_context=tls[0],
        require_starttls=True,
        authenticator=server.login,
        auth_required=True,
        auth_exclude_mechanism=without,
    ):
        yield server


def secure(tls: tuple[ssl.SSLContext, Path]) -> dict[str, object]:
    return {"security": "starttls", "ca_file": tls[1], "username": "watch@acme.example"}


@pytest.mark.parametrize(
    ("auth", "without", "way"),
    [
        ("auto", (), "PLAIN"),
        ("auto", ("PLAIN",), "LOGIN"),
        ("plain", (), "PLAIN"),
        ("login", (), "LOGIN"),
    ],
)
def test_a_password_is_shown_in_the_way_that_is_asked_for(tls, auth, without, way):
    with (
        strict(tls, without=without) as server,
        opened(server, **secure(tls), auth=auth, password=PASSWORD) as sender,
    ):
        assert sender.send(delivery(), lambda: None) == "250 taken"
        assert "logged in as watch@acme.example" in sender.check()
    assert set(server.ways) == {way}


def test_a_wrong_password_is_temporary_tried_once_and_never_shown(tls):
    wrong = "wr0ng-secret"
    with strict(tls) as server, opened(server, **secure(tls), password=wrong) as sender:
        error, _ = failure(sender, delivery())
    assert error.kind == "temporary"
    assert server.ways == ["PLAIN"]
    shown = f"{error} {error.help} {error!r} {error.__cause__!r} {sender.__dict__}"
    assert wrong not in shown
    assert b64encode(f"\0watch@acme.example\0{wrong}".encode()).decode() not in shown
    assert "username and password" in error.help


def test_a_way_that_the_server_does_not_have_is_told_with_those_it_has(tls):
    with (
        strict(tls, without=("PLAIN", "XOAUTH2")) as server,
        opened(server, **secure(tls), auth="plain", password=PASSWORD) as sender,
    ):
        error, _ = failure(sender, delivery())
    assert error.kind == "temporary"
    assert "does not offer PLAIN, only LOGIN" in error.message
    assert not server.ways


def test_a_server_without_logins_is_told():
    with (
        running(Server()) as server,
        opened(server, username="watch", password=PASSWORD) as sender,
    ):
        error, _ = failure(sender, delivery())
    assert "does not offer a login by password" in error.message


def test_a_token_opens_the_door_and_one_that_fails_is_told_and_never_shown(tls):
    with strict(tls, token="t0ken") as server:
        table = {**secure(tls), "auth": "xoauth2"}
        with opened(server, **table, password="t0ken") as sender:
            assert sender.send(delivery(), lambda: None) == "250 taken"
        with opened(server, **table, password="stale-t0ken") as sender:
            error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)
    assert "refused the login: 535 5.7.8 not accepted" in error.message
    assert "stale-t0ken" not in str(error)
    assert b64encode(b"user=watch@acme.example\1auth=Bearer stale-t0ken\1\1").decode() not in str(
        error
    )


class TokenServer:
    """Answers forms with access tokens, over HTTP on loopback."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.answer: tuple[int, object] = (200, {"access_token": "t0ken-1", "expires_in": 3600})
        asked = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                asked.forms.append({key: value[0] for key, value in parse_qs(body).items()})
                status, told = asked.answer
                content = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def token_server() -> Iterator[TokenServer]:
    server = TokenServer()
    yield server
    server.stop()


def oauth(url: str, **more: object) -> OAuth:
    table = {"client_id": "app", "client_secret": Secret("app-s3cret"),
             "refresh_token": Secret("refresh-s3cret"), **more}  # fmt: skip
    return OAuth(token_url=url, **table)


def test_tokens_are_asked_for_kept_and_renewed_when_the_server_rejects_one(tls, token_server):
    with strict(tls, token="t0ken-1") as server:
        table = SmtpServer(
            host=server.host, port=server.port, from_="watch@acme.example", ca_file=tls[1],
            username="watch@acme.example", auth="xoauth2", oauth=oauth(token_server.url),
            post=posting("ops@acme.example"),
        )  # fmt: skip
        assert not list(table.problems())
        for _ in range(2):  # each round opens a sender of its own
            sender = table.open()
            sender.send(delivery(), lambda: None)
            sender.close()
        assert len(token_server.forms) == 1
        server.token = "t0ken-2"
        token_server.answer = (200, {"access_token": "t0ken-2", "expires_in": 3600})
        sender = table.open()
        sender.send(delivery(), lambda: None)
        sender.close()
        server.token = "t0ken-3"
        sender = table.open()
        error, begun = failure(sender, delivery())
        sender.close()
        assert (error.kind, begun) == ("temporary", False)
        assert "refused the login" in error.message
    assert (
        token_server.forms
        == [
            {
                "grant_type": "refresh_token",
                "client_id": "app",
                "client_secret": "app-s3cret",
                "refresh_token": "refresh-s3cret",
            }
        ]
        * 3
    )


def test_a_service_asks_in_its_own_name(token_server):
    scope = "https://outlook.office365.com/.default"
    table = oauth(token_server.url, refresh_token=None, scope=scope)
    assert AccessTokens(table, posting("")).token().reveal() == "t0ken-1"
    assert token_server.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": "app",
            "client_secret": "app-s3cret",
            "scope": scope,
        }
    ]


def test_a_token_is_renewed_before_it_ends(token_server):
    seconds = [0.0]
    tokens = AccessTokens(oauth(token_server.url), posting(""), now=lambda: seconds[0])
    for moment in (0.0, 3000.0, 3479.0):
        seconds[0] = moment
        tokens.token()
    assert len(token_server.forms) == 1
    seconds[0] = 3481.0
    tokens.token()
    assert len(token_server.forms) == 2


@pytest.mark.parametrize(
    ("answer", "message", "help_"),
    [
        ((400, {"error": "invalid_grant", "error_description": "Token refresh-s3cret revoked."}),
         "400 Token ******** revoked.", "consent once more"),
        ((401, {"error": "invalid_client"}), "401 invalid_client", "client_secret"),
        ((200, {"token_type": "Bearer"}), "names no access token", "token_url"),
        ((200, {"access_token": "a\r\nDATA"}), "names no access token", "token_url"),
        ((200, {"access_token": "x" * 30_000}), "names no access token", "token_url"),
        ((200, ["t0ken"]), "no JSON object", ""),
        ((200, b"<html>Sign in</html>"), "a web page instead of data", ""),
        ((500, b"x" * 300_000), "no access token", ""),
    ],
)  # fmt: skip
def test_what_a_token_server_says_instead_is_told_without_our_secrets(
    token_server, answer, message, help_
):
    token_server.answer = answer
    with pytest.raises(DeliveryError) as error:
        AccessTokens(oauth(token_server.url), posting("")).token()
    assert error.value.kind == "temporary"
    assert message in error.value.message
    assert help_ in error.value.help
    shown = f"{error.value} {error.value.help} {error.value.__cause__!r}"
    assert "refresh-s3cret" not in shown
    assert "app-s3cret" not in shown


def test_a_token_server_that_is_not_there_costs_no_mail(tls):
    def nobody(_url: str, _form: object) -> tuple[int, dict[str, object]]:
        raise WatcherError("tokens.example was not reached", help="later, perhaps")

    tokens = AccessTokens(oauth("https://tokens.example/"), nobody)
    with strict(tls) as server:
        table = {**secure(tls), "auth": "xoauth2", "secret": tokens.token}
        with opened(server, **table) as sender:
            error, begun = failure(sender, delivery())
    assert (error.kind, begun) == ("temporary", False)
    assert "tokens.example was not reached" in error.message


def table(**more: object) -> SmtpServer:
    return SmtpServer(**{"host": "mail.acme.example", "from_": "watch@acme.example", **more})


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"auth": "xoauth2"}, ("auth",)),
        ({"auth": "xoauth2", "username": "watch"}, ("auth",)),
        ({"auth": "xoauth2", "oauth": oauth("https://t.example/")}, ("oauth",)),
        ({"username": "watch", "oauth": oauth("https://t.example/")}, ("auth",)),
        ({"username": "watch", "auth": "xoauth2", "oauth": oauth("https://t.example/"),
          "password": Secret("x")}, ("password",)),
        ({"password": Secret("x")}, ("password",)),
        ({"username": "watch"}, ("username",)),
    ],
)  # fmt: skip
def test_half_a_login_is_told_at_its_key(more, path):
    [problem] = table(**more).problems()
    assert (problem.code, problem.path) == ("half-login", path)


@pytest.mark.parametrize(
    "url", ["http://tokens.example/", "tokens.example", "", "https://", "https://me:pw@t.example/"]
)
def test_tokens_are_only_asked_for_in_private(url):
    assert [problem.code for problem in oauth(url).problems()] == ["bad-token-url"]


def test_an_application_needs_a_secret_or_a_consent():
    bare = oauth("https://t.example/", client_secret=None, refresh_token=None)
    assert [problem.code for problem in bare.problems()] == ["half-login"]
    assert [problem.code for problem in replace(bare, client_id=" ").problems()] == [
        "half-login",
        "half-login",
    ]
    assert not list(oauth("https://t.example/", client_secret=None).problems())


def test_no_table_prints_a_secret(token_server):
    made = table(username="watch", auth="xoauth2", oauth=oauth(token_server.url))
    made.open()
    shown = f"{made} {made!r} {made.oauth!r} {vars(made)}"
    assert "s3cret" not in shown
