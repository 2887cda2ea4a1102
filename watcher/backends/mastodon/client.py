"""Mastodon.py through our bounded session: the only module that knows it.

The library knows the calls; what it makes of the answers is left out. Its types cost 5 ms a status,
its version check asks the server anew for each search, and both turn what they do not know into
None. So JSON stays as the server sent it, and the formats read it.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, NoReturn, cast
from urllib.parse import quote, unquote, urlencode

import mastodon
from requests.structures import CaseInsensitiveDict

from watcher.backends.formats import values
from watcher.backends.http.bounds import Bounds, user_agent
from watcher.backends.http.budget import SHARED, Budget
from watcher.backends.http.errors import explained, host_of, of_status
from watcher.backends.http.session import Session
from watcher.backends.http.sparing import spares
from watcher.backends.interface import BackendError
from watcher.backends.mastodon.query import Query

CODE_ON_SCREEN = "urn:ietf:wg:oauth:2.0:oob"
"""Instead of an address to return to: the server shows the code, and the person copies it."""


class StatusError(BackendError):
    """An answer that is no success, with its status: what it means depends on who asked."""

    def __init__(self, told: BackendError, status: int, wait: float) -> None:
        pause = told.retry_after or (wait if wait > 0 else None)
        super().__init__(told.message, kind=told.kind, help=told.help, retry_after=pause)
        self.status = status


class _Session(Session):
    """Turns what is no success into our words, and hides headers that the library trips over.

    It fails where a reset cannot be read, and warns where a call is deprecated; the budget has read
    them before.
    """

    link = ""
    """The `Link` header of the last answer."""

    def __init__(self, agent: str, budget: Budget) -> None:
        super().__init__(agent, budget=budget)
        self._budget = budget

    def request(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().request(*args, **kwargs)
        host = host_of(answer.url)
        if refused := of_status(answer.status_code, answer.headers, host):
            answer.close()  # of a stream nothing was read yet
            raise StatusError(refused, answer.status_code, self._budget.wait())
        self.link = answer.headers.get("link", "")[:4000]
        kept = {"content-type": answer.headers.get("content-type", "")}
        answer.headers = CaseInsensitiveDict(kept)
        return answer


class _Record(dict[str, Any]):
    """A JSON object on which the library may leave its notes."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


class _List(list[Any]):
    """A JSON array on which the library may leave its notes."""


class _Library(mastodon.Mastodon):
    """The library without its types, and without asking which version the server has."""

    def timeline_is_available(self, *_: Any, **__: Any) -> bool:
        return True

    def oauth_authorization_server_info(self, *_: Any, **__: Any) -> Any:
        return _Record()  # every server has the usual addresses, many do not have this one

    def verify_minimum_version(self, *_: Any, **__: Any) -> bool:
        return True

    def _Mastodon__try_cast_to_type(  # noqa: N802 - the name that Python gives a private method
        self, value: Any, **_: Any
    ) -> tuple[Any, None]:
        if isinstance(value, dict):
            return _Record(value), None
        return _List(value) if isinstance(value, list) else value, None


class Client:
    """One server, asked for one account or for nobody. Every method raises `BackendError`.

    `server` is an address such as `https://town.example`; `agent` the name under which we ask.
    """

    def __init__(self, server: str, token: str, contact: str) -> None:
        self.server = server.rstrip("/")
        self.host = host_of(self.server)
        self.token = token
        self.contact = contact
        self.agent = user_agent(contact)
        who = hashlib.sha256(token.encode()).hexdigest()[:16] if token else ""
        self._budget = SHARED.of(self.host, who)
        self.session = _Session(self.agent, self._budget)
        self._library = _Library(
            api_base_url=self.server,
            session=self.session,
            ratelimit_method="throw",
            mastodon_version="4.0.0",
            user_agent=self.agent,
        )
        # Not by the constructor: it takes what names a file for a file to read the token from.
        self._library.access_token = token or None

    def statuses(
        self, query: Query, account: str = "", *, limit: int, **places: str | None
    ) -> list[Any]:
        """Return a page of a timeline as the server orders it.

        `account` is the local number of the account of an `@account` query; `places` are `min_id`
        and `max_id`.
        """
        library = self._library
        match query.kind:
            case "public" | "local":
                call = library.timeline_local if query.kind == "local" else library.timeline_public
                found = self._asked(call, limit=limit, **places)
            case "home":
                found = self._asked(library.timeline_home, limit=limit, **places)
            case "tag":
                name = quote(query.value, safe="")
                found = self._asked(library.timeline_hashtag, name, limit=limit, **places)
            case "list":
                name = quote(query.value, safe="")
                found = self._asked(library.timeline_list, name, limit=limit, **places)
            case "account":
                number = quote(account, safe="")
                found = self._asked(library.account_statuses, number, limit=limit, **places)
            case "search":
                raise AssertionError("a search has no timeline")
        return _listed(found, self.host)

    def found_statuses(self, words: str, *, limit: int, offset: int) -> list[Any]:
        """Return statuses that the server's search finds, newest first on most servers."""
        found = self._asked(
            self._library.search_v2, words, resolve=False, result_type="statuses",
            exclude_unreviewed=False, limit=limit, offset=offset or None,
        )  # fmt: skip
        return _listed(found.get("statuses") if isinstance(found, dict) else None, self.host)

    def found_accounts(self, words: str, *, limit: int, resolve: bool = False) -> list[Any]:
        """Return accounts that the server's search finds; `resolve` lets it ask other servers."""
        found = self._asked(
            self._library.search_v2, words, resolve=resolve, result_type="accounts",
            exclude_unreviewed=False, limit=limit,
        )  # fmt: skip
        return _listed(found.get("accounts") if isinstance(found, dict) else None, self.host)

    def status(self, number: str) -> dict[str, Any] | None:
        """Return a status, None where the server says that it has none of that number."""
        try:
            found = self._asked(self._library.status, quote(number, safe=""))
        except StatusError as error:
            if error.status in (404, 410):
                return None
            raise
        return _record(found, self.host)

    def has_status(self, number: str) -> bool:
        """Whether the server still shows a status."""
        return self.status(number) is not None

    def statuses_numbered(self, numbers: Sequence[str]) -> list[Any]:
        """Return those of some statuses that the server shows us, 20 at most (Mastodon 4.3)."""
        return _listed(self._asked(self._library.statuses, list(numbers)), self.host)

    def spares(self, requests: int) -> bool:
        """Whether the server lets us ask so much that so many requests can be spared."""
        return spares(self._budget, requests=requests)

    def account_named(self, handle: str) -> dict[str, Any] | None:
        """Return the account with this handle as far as the server knows it, or None."""
        try:
            found = self._asked(self._library.account_lookup, handle)
        except BackendError as error:
            if error.kind == "gone":
                return None
            raise
        return found if isinstance(found, dict) else None

    def account_numbered(self, number: str) -> dict[str, Any] | None:
        """Return the account with this local number, or None."""
        try:
            found = self._asked(self._library.account, quote(number, safe=""))
        except BackendError as error:
            if error.kind == "gone":
                return None
            raise
        return found if isinstance(found, dict) else None

    def ourselves(self) -> dict[str, Any]:
        """Return our own account. Raises `BackendError` (refused) where the token is none."""
        return _record(self._asked(self._library.account_verify_credentials), self.host)

    def warnings(self) -> list[dict[str, Any]]:
        """Return what moderators told our account, the newest first; empty where nothing is told.

        Servers older than 4.3, and other software, know no such notices.
        """
        address = f"{self.server}/api/v1/notifications"
        headers = {"Authorization": f"Bearer {self.token}"}
        asked = {"types[]": "moderation_warning", "limit": "10"}
        try:
            answer = self._asked(self.session.get, address, params=asked, headers=headers)
        except BackendError as error:
            if error.kind == "temporary":
                raise
            return []  # a token that may not read them: nothing is known
        return values.records(answer.json())

    def relation(self, number: str) -> dict[str, Any]:
        """Return how we stand to an account."""
        found = _listed(self._asked(self._library.account_relationships, [number]), self.host)
        return _record(next(iter(found), {}), self.host)

    def follow(self, number: str) -> dict[str, Any]:
        """Follow an account; return how we stand to it then."""
        return _record(self._asked(self._library.account_follow, quote(number, safe="")), self.host)

    def unfollow(self, number: str) -> None:
        """Undo a follow, or the request for one."""
        self._asked(self._library.account_unfollow, quote(number, safe=""))

    def instance(self, version: Literal[1, 2]) -> dict[str, Any]:
        """Return what the server says of itself, by either version of that call.

        The library asks at the path with a slash behind it, where strict servers have nothing.
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        address = f"{self.server}/api/v{version}/instance"
        return _record(self._asked(self.session.get, address, headers=headers).json(), self.host)

    def rules(self) -> list[Any]:
        """Return the server's rules as it lists them; empty where it lists none."""
        for version in (2, 1):
            try:
                rules = self.instance(version).get("rules")
            except BackendError as error:
                if error.kind == "temporary":
                    raise
                continue
            if isinstance(rules, list):
                return rules
        return []

    def register(self, name: str, scopes: tuple[str, ...]) -> tuple[str, str]:
        """Make the watcher known to the server; return its id and secret there."""
        try:
            made = self._asked(
                mastodon.Mastodon.create_app, name, scopes=list(scopes), api_base_url=self.server,
                session=self.session, user_agent=self.agent, redirect_uris=CODE_ON_SCREEN,
            )  # fmt: skip
        except BackendError as error:
            if getattr(error, "status", None) not in (404, 405, 410, 501):
                raise
            raise self._another_kind(error) from None
        return str(made[0]), str(made[1])

    def consent_address(self, app: tuple[str, str], scopes: tuple[str, ...]) -> str:
        """Return the page on which a person allows the watcher to read, and gets a code."""
        asked = {
            "client_id": app[0],
            "response_type": "code",
            "redirect_uri": CODE_ON_SCREEN,
            "scope": " ".join(scopes),
        }
        return f"{self.server}/oauth/authorize?{urlencode(asked)}"

    def token_for(self, app: tuple[str, str], code: str, scopes: tuple[str, ...]) -> str:
        """Return the token that a code stands for."""
        self._library.client_id, self._library.client_secret = app
        try:
            token = self._asked(
                self._library.log_in, code=code, scopes=list(scopes), redirect_uri=CODE_ON_SCREEN,
                allow_http=self.server.startswith("http:"),
            )  # fmt: skip
        except BackendError as error:
            if error.kind == "temporary":
                raise
            raise BackendError(
                f"{self.host} does not take this code", kind="refused",
                help="a code is good once, for some minutes, and only as a whole: try again",
            ) from None  # fmt: skip
        return str(token)

    def revoke(self, app: tuple[str, str]) -> None:
        """Tell the server to forget our token."""
        self._library.client_id, self._library.client_secret = app
        self._asked(self._library.revoke_access_token, allow_http=self.server.startswith("http:"))

    def picture(self, address: str, bounds: Bounds) -> bytes | None:
        """Return what lies at an address, asked for by nobody; None where it is gone or too large.

        The token is not sent along: pictures are for everybody, and may lie on another host.
        """
        with Session(self.agent, bounds=bounds, budget=SHARED.of(host_of(address), "")) as session:
            try:
                answer = session.get(address)
            except BackendError as error:
                if error.kind == "temporary":
                    raise
                return None
            refused = of_status(answer.status_code, answer.headers, host_of(address))
            if refused and refused.kind == "temporary":
                raise refused
            return None if refused else bytes(answer.content)

    def stream(self, address: str, silence: float) -> Any:
        """Open a stream of events; `silence` is how many seconds it may send nothing."""
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return self._asked(
            self.session.get, address, headers=headers, stream=True, timeout=(10, silence)
        )

    def stranger(self) -> "Client":
        """Return the same server, asked for nobody."""
        return Client(self.server, "", self.contact)

    def newest_by_link(self) -> str:
        """Return the `min_id` that the last answer names for reading on, empty where it names none.

        A timeline's own order need not be that of its ids, so the server's word goes before ours.
        """
        for part in self.session.link.split(",")[:10]:
            if re.search(r'rel="?prev', part) and (
                found := re.search(r"[?&]min_id=([^&>]+)", part)
            ):
                return unquote(found[1])
        return ""

    def close(self) -> None:
        """Let go of the connections."""
        self.session.close()

    def _another_kind(self, error: BackendError) -> BackendError:
        return BackendError(
            f"{self.host} does not speak Mastodon's API ({getattr(error, 'status', '?')})",
            kind="gone",
            help="name the server itself: what stands behind the last @ of its members' names, "
            "or in the browser's address when they read there",
        )

    def _asked(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is explained
            self._explain(explained(error, self.host))

    def _explain(self, error: BackendError) -> NoReturn:
        """Raise an error with what this network means by it."""
        status = getattr(error, "status", None)
        if status == 400 and self.token and not self._token_is_good():
            status = 401
        if status == 401 or (status == 403 and not self.token):
            raise _no_entry(self) from None
        if status == 403:
            raise BackendError(
                f"{self.host} does not allow our account to do this (403)", kind="refused",
                help=f"what it may do is chosen at `watcher login mastodon {self.server}`",
            ) from None  # fmt: skip
        raise error from None

    def _token_is_good(self) -> bool:
        """Whether the server knows our token: some answer 400 where it does not."""
        try:
            self._library.account_verify_credentials()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is explained
            return getattr(explained(error, self.host), "status", None) not in (400, 401, 403)
        return True


def _no_entry(client: Client) -> BackendError:
    again = f"`watcher login mastodon {client.server}`"
    if client.token:
        return BackendError(
            f"{client.host} does not know our log-in", kind="refused",
            help=f"it may have been withdrawn: log in again with {again}",
        )  # fmt: skip
    return BackendError(
        f"{client.host} shows this to its members only", kind="refused",
        help=f"whoever has an account there logs in with {again}",
    )  # fmt: skip


def _listed(value: Any, host: str) -> list[Any]:
    if not isinstance(value, list):
        raise BackendError(f"{host} answers with something else than a list", kind="broken")
    return value[:1000]


def _record(value: Any, host: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BackendError(f"{host} answers with something else than was asked for", kind="broken")
    return cast(dict[str, Any], value)
