"""One account's way to its server: the only module that knows atproto.

Answers are plain JSON, checked by whoever reads them: the library's own models refuse a whole page
for one item. Importing it takes more than a second, so this is imported when something is asked.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import atproto
from atproto.exceptions import AtProtocolError, RequestErrorBase

from alerts.secret import Secret
from watcher.backends.bluesky.login import Login, LoginFile
from watcher.backends.bluesky.source import HOME
from watcher.backends.http.bounds import Bounds, user_agent
from watcher.backends.http.budget import SHARED
from watcher.backends.http.errors import explained, host_of, of_status
from watcher.backends.http.session import session
from watcher.backends.http.sparing import spares
from watcher.backends.http.transport import BoundedTransport
from watcher.backends.interface import BackendError
from watcher.clock import utc_now

T = TypeVar("T")

EARLY = timedelta(minutes=16)
"""Before its end by so much a session is refreshed, a minute before the library does it."""

_ENDED = frozenset({"ExpiredToken", "InvalidToken"})
_ABSENT = frozenset(
    {
        *("NotFound", "RecordNotFound", "UnknownFeed", "UnknownList"),
        *("ActorNotFound", "AccountNotFound"),
    }
)
_BLOCKED = frozenset({"BlockedActor", "BlockedByActor"})
HIDDEN = {
    "AccountTakedown": "was taken down",
    "AccountDeactivated": "has left, perhaps for a while",
    "AccountSuspended": "was suspended",
}
"""Words of a server for an account that was asked for, and that it shows no more."""
_NO_LOGIN = "check the handle, and use an app password: the settings of the account make a new one"


class NoAnswerError(BackendError):
    """The server understood and refused; `name` is its own word for why (`InvalidRequest`)."""

    def __init__(self, message: str, *, name: str, said: str, kind: Any, help: str = "") -> None:
        super().__init__(message, kind=kind, help=help)
        self.name = name
        self.said = said


class Client:
    """Asks one server, as an account or as nobody."""

    def __init__(
        self,
        server: str,
        *,
        contact: str = "",
        handle: str = "",
        password: Secret | None = None,
        file: LoginFile | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        """`file` keeps the session between runs; `handle` is empty for nobody."""
        self._server = server.rstrip("/")
        self._host = host_of(server)
        self._handle = handle
        self._password = password
        self._file = file
        self._held = ""
        """The session that the library holds, as the file has it."""
        self._agent, self._bounds = user_agent(contact), bounds
        self._budget = SHARED.of(self._host, handle)
        asks = session(
            self._agent,
            bounds=bounds,
            budget=self._budget,
            bucket=_bucket,
        )
        self._library = atproto.Client(
            self._server, request=atproto.Request(transport=BoundedTransport(asks))
        )
        self._library.on_session_change(self._session_changed)

    @property
    def did(self) -> str:
        """The account's own DID. Raises `BackendError` where it cannot log in."""
        self._log_in()
        return str(self._library._session.did)  # noqa: SLF001 - known when logged in

    def spares(self, requests: int) -> bool:
        """Whether the server lets us ask so much that so many requests can be spared."""
        return spares(self._budget, requests=requests)

    def query(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask for something. Raises `BackendError`."""
        given = {name: value for name, value in params.items() if value is not None}
        asked = atproto.models.dot_dict.DotDict(given) if given else None
        return self._answer(lambda: self._library.invoke_query(method, params=asked))

    def octets(self, method: str, **params: Any) -> bytes:
        """Ask for something that is no JSON. Raises `BackendError`."""
        asked = atproto.models.dot_dict.DotDict(params)
        content = self._asked(lambda: self._library.invoke_query(method, params=asked)).content
        return content if isinstance(content, bytes) else b""

    def page(self, address: str) -> bytes:
        """Fetch what lies at an address of the network's own, as nobody. Raises `BackendError`."""
        host = host_of(address)
        with session(self._agent, bounds=self._bounds, budget=SHARED.of(host)) as asks:
            answer = asks.get(address)
        if refused := of_status(answer.status_code, answer.headers, host):
            raise refused
        return bytes(answer.content)

    def change(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        """Have something written. Raises `BackendError`."""
        given = atproto.models.dot_dict.DotDict(data)
        return self._answer(
            lambda: self._library.invoke_procedure(
                method, data=given, input_encoding="application/json"
            )
        )

    def log_in_anew(self, password: Secret) -> str:
        """Open a session with a password; return the account's handle. Raises `BackendError`."""
        try:
            self._guarded(lambda: self._create_session(password.reveal()))
        except BackendError as error:
            if error.kind != "gone":
                raise
            raise BackendError(
                f"{self._host} is no server of Bluesky's network (404)",
                kind="gone",
                help="--server names the server that the account is at: https://bsky.social for "
                "most; left out, it is that",
            ) from None
        return str(self._library._session.handle)  # noqa: SLF001

    @property
    def session(self) -> str:
        """The session as a log-in file keeps it; empty where none is open."""
        return self._held

    def log_out(self) -> None:
        """Have the server end the session of the file. Raises `BackendError`."""
        if self._adopt():
            refresh = self._library._get_refresh_auth_headers()  # noqa: SLF001
            end = self._library.com.atproto.server.delete_session
            self._guarded(lambda: end(headers=refresh, ignore_session_check=True))

    def close(self) -> None:
        """Let go of the connections."""
        self._library.request.close()

    @property
    def _how(self) -> str:
        """The command that logs our account in."""
        at = "" if self._server == HOME else f" --server {self._server}"
        return f"`watcher login bluesky {self._handle}{at}`"

    def _answer(self, ask: Callable[[], Any]) -> dict[str, Any]:
        content = self._asked(ask).content
        if not isinstance(content, dict):
            raise BackendError(
                f"{self._host} answered with something else than JSON", kind="broken"
            )
        return content

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """Ask within a session that holds, opened anew once where the server ended it."""
        if not self._handle:
            return self._guarded(ask)
        self._log_in()
        try:
            return self._within_session(ask)
        except NoAnswerError as error:
            if error.name not in _ENDED:
                raise
        self._open_again()
        return self._guarded(ask)

    def _within_session(self, ask: Callable[[], Any]) -> Any:
        ends = self._library._session.access_jwt_payload.exp  # noqa: SLF001
        if self._file is None or (ends or 0) - EARLY.total_seconds() > utc_now().timestamp():
            return self._guarded(ask)
        with self._file.lock:  # the library refreshes it with the request
            self._adopt()
            return self._guarded(ask)

    def _log_in(self) -> None:
        """Take over the session of the file, or open one."""
        if not self._handle:
            raise BackendError(
                f"{self._host} is read as nobody, and this needs an account",
                kind="refused",
                help='add account = "your.handle" to the source; `watcher login bluesky` logs in',
            )
        if self._file is None:
            if self._library._session is None:  # noqa: SLF001
                self._open_again()
            return
        with self._file.lock:
            if not self._adopt():
                self._open_again()

    def _adopt(self) -> bool:
        """Use the file's session where it is newer than ours; return whether there is one."""
        kept = self._file.login() if self._file else None
        if kept is None or not kept.session or not self._mine(kept):
            return False
        if kept.session == self._held:
            return True
        try:
            self._library.login(session_string=kept.session, fetch_bsky_profile=False)
            ends = self._library._session.access_jwt_payload.exp  # noqa: SLF001
        except (ValueError, AtProtocolError, AttributeError):
            return False
        self._held = kept.session
        return ends is not None

    def _mine(self, kept: Login) -> bool:
        same = (kept.server.rstrip("/"), kept.handle.lower()) == (
            self._server,
            self._handle.lower(),
        )
        if same:
            return True
        raise BackendError(
            f"the log-in file is of {kept.handle} at {host_of(kept.server)}, "
            f"and {self._handle} at {self._host} was to log in",
            kind="refused",
            help="`watcher login bluesky` writes one for the account of the source",
        )

    def _open_again(self) -> None:
        """Open a session with the password, where one is known. Raises `BackendError` (refused)."""
        kept = self._file.login() if self._file else None
        password = self._password.reveal() if self._password else kept.password if kept else ""
        if not password:
            raise BackendError(
                f"nobody is logged in as {self._handle} at {self._host}",
                kind="refused",
                help=f"{self._how} logs in",
            )
        self._guarded(lambda: self._create_session(password))

    def _create_session(self, password: str) -> None:
        self._library.update_base_url(self._server)  # another may have been named by a session
        self._library.login(self._handle, password, fetch_bsky_profile=False)

    def _session_changed(self, event: Any, held: Any) -> None:
        """Keep what was opened or refreshed, and stay with a server that is as safe as ours."""
        endpoint = str(held.pds_endpoint or "")
        if not endpoint.startswith("https://") and not self._server.startswith("http://"):
            self._library.update_base_url(self._server)
        if event is atproto.SessionEvent.IMPORT:
            return
        self._held = held.export()
        if self._file is not None:
            self._file.keep_session(self._server, self._handle, self._held)

    def _guarded(self, ask: Callable[[], T]) -> T:
        """Make a request; whatever the library raises leaves as `BackendError`."""
        try:
            return ask()
        except BackendError:
            raise
        except RequestErrorBase as error:
            raise self._told(error) from None
        except Exception as error:  # noqa: BLE001 - the library lets many kinds through
            raise explained(error, self._host) from None

    def _told(self, error: RequestErrorBase) -> BackendError:
        """Return what an answer means that says no. Foreign texts are not taken over."""
        answer = error.response
        if answer is None:
            return explained(error, self._host)
        name = str(getattr(answer.content, "error", "") or "")[:80]
        said = str(getattr(answer.content, "message", "") or "")[:200]
        usual = of_status(answer.status_code, answer.headers, self._host)
        if usual is None or usual.kind == "temporary" or not name:
            return usual or explained(error, self._host)
        kind, message, advice = usual.kind, usual.message, usual.help
        if name in _ENDED:
            kind, message = "refused", f"{self._host} has ended the session of {self._handle}"
            advice = f"{self._how} logs in again"
        elif name == "AuthenticationRequired" or (
            name.startswith("Account") and answer.status_code == 401
        ):
            kind, message = "refused", f"{self._host} does not let {self._handle or 'nobody'} in"
            advice = f"{_NO_LOGIN}; {self._how} takes it"
        elif name in _BLOCKED:
            kind, message = "refused", f"{self._host} shows nothing of an account that is blocked"
        elif name in HIDDEN:
            kind, message = "gone", f"{self._host} shows this account no more: it {HIDDEN[name]}"
        elif name in _ABSENT or "not found" in said.lower() or "could not find" in said.lower():
            kind, message = "gone", f"{self._host} does not have what was asked for"
        return NoAnswerError(message, name=name, said=said, kind=kind, help=advice)


def _bucket(method: str, path: str) -> str:
    """Return what the server counts a request under."""
    if path.endswith("/com.atproto.server.createSession"):
        return "log in"
    if path.endswith("/app.bsky.feed.getFeed"):
        return "feeds"  # others make them: that one fails is no reason to ask nothing else
    return "" if method == "GET" else "write"
