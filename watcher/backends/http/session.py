"""A `requests.Session` that no server can hold up, fill up, or send elsewhere."""

from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from watcher.backends.http import bounds as usual
from watcher.backends.http.bounds import Bounds, shortened
from watcher.backends.http.budget import Budget
from watcher.backends.http.errors import explained, host_of, of_status, shown
from watcher.backends.http.wire import Allowance, body, measure, measured
from watcher.backends.interface import BackendError

Bucket = Callable[[str, str], str]
"""Tells by method and path which of a budget's buckets a request falls into."""

_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)


class MovedError(BackendError):
    """What was asked for lies at another host now, permanently or for the moment."""

    def __init__(self, host: str, target: str, *, permanently: bool) -> None:
        where = shown(target)
        what = "has moved for good to" if permanently else "sends us on to"
        super().__init__(
            f"{host} {what} {where}",
            kind="gone" if permanently else "broken",
            help="nothing is read there: where that is right, put the new address in its place",
        )


class Answer(requests.Response):
    """An answer that is wholly here, unless it was asked for as a stream."""

    pause: float | None = None
    """Seconds for which the budget leaves the host in peace after it."""

    def error(self) -> BackendError | None:
        """Return what its status means (`errors.of_status`); None where that is success."""
        error = of_status(self.status_code, self.headers, host_of(self.url))
        if error is not None and error.retry_after is None:
            error.retry_after = self.pause
        return error

    def json(self, **kwargs: Any) -> Any:
        """Return the body's JSON. Raises `BackendError` where it is none, or nested too deeply."""
        try:
            return super().json(**kwargs)
        except (ValueError, RecursionError) as error:
            host = host_of(self.url)
            if _looks_like_a_page(self.content):
                raise BackendError(
                    f"{host} answers with a web page instead of data", kind="broken",
                    help="is this the address of the right server, and is it in service?",
                ) from None  # fmt: skip
            raise explained(error, host) from None


class Session(requests.Session):
    """Every request is bounded, measured, and made under our name. Raises `BackendError` only.

    Statuses are left to the caller (`errors.of_status`), since networks write more beside them.
    `get(..., stream=True)` returns when the headers are there: then each silence is bounded by the
    read timeout given with it, and the length of what is read is the caller's to bound.
    """

    def __init__(
        self,
        agent: str,
        *,
        bounds: Bounds | None = None,
        budget: Budget | None = None,
        bucket: Bucket = lambda _method, _path: "",
        ca_file: Path | None = None,
    ) -> None:
        super().__init__()
        self.headers["User-Agent"] = agent
        self.headers["Accept-Encoding"] = "gzip, deflate"
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))  # they only grow
        self.auth = _as_it_is  # else requests looks for a password in ~/.netrc
        self._ca_file = ca_file
        adapter = _Bounded(agent, bounds or usual.USUAL, budget, bucket)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def merge_environment_settings(self, *args: Any, **kwargs: Any) -> Any:
        """Verify certificates, whatever a client library asks for; proxies are the machine's."""
        merged = super().merge_environment_settings(*args, **kwargs)
        if self._ca_file is not None:
            merged["verify"] = str(self._ca_file)
        elif merged["verify"] is False:
            merged["verify"] = True
        return merged


def session(
    agent: str,
    *,
    bounds: Bounds | None = None,
    budget: Budget | None = None,
    bucket: Bucket = lambda _method, _path: "",
    ca_file: Path | None = None,
) -> Session:
    """Return a session that asks as `agent` (see `bounds.user_agent`).

    `bounds` default to `bounds.USUAL`; `budget` is asked before each request and told of each
    answer, in the bucket that `bucket` names by method and path; `ca_file` (PEM) holds the only
    authorities to trust, instead of the usual ones.
    """
    return Session(agent, bounds=bounds, budget=budget, bucket=bucket, ca_file=ca_file)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _looks_like_a_page(content: bytes | None) -> bool:
    return (content or b"").lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


class _Bounded(HTTPAdapter):
    """Sends one request and follows its redirects within the host, all on one allowance."""

    def __init__(self, agent: str, bounds: Bounds, budget: Budget | None, bucket: Bucket) -> None:
        super().__init__(max_retries=0)
        self._agent = agent
        self._bounds = bounds
        self._budget = budget
        self._bucket = bucket

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        measure(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        measure(manager)
        return manager

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        answer = Answer()
        answer.__dict__.update(super().build_response(req, resp).__dict__)
        return answer

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str | None = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Answer:
        host = host_of(request.url or "")
        request.headers["User-Agent"] = self._agent  # the libraries would put theirs
        bucket = self._bucket(request.method or "", urlsplit(request.url or "").path)
        if self._budget:
            self._budget.take(bucket)
        try:
            answer = self._ask(request, stream, timeout, verify, cert, proxies)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is explained
            told = explained(error, host)
            if self._budget and told.kind == "temporary":
                told.retry_after = self._budget.failed(bucket)
            raise told from None  # foreign texts hold whole addresses, tokens included
        if self._budget:
            answer.pause = self._budget.note(answer.status_code, answer.headers, bucket)
        return answer

    def _ask(
        self,
        request: requests.PreparedRequest,
        stream: bool,
        timeout: Any,
        verify: bool | str | None,
        cert: Any,
        proxies: Any,
    ) -> Answer:
        allowance = Allowance(shortened(self._bounds), host_of(request.url or ""))
        for hop in range(self._bounds.redirects + 1):
            waits = (min(self._bounds.connect, allowance.seconds()), allowance.seconds())
            with measured(allowance):
                answer = cast(
                    Answer, super().send(request, True, waits, verify or False, cert, proxies)
                )
            raw = cast(urllib3.BaseHTTPResponse, answer.raw)
            if answer.status_code in _REDIRECTS and "location" in answer.headers:
                raw.close()
                if hop < self._bounds.redirects:
                    request = _redirected(request, answer)
                    continue
                raise BackendError(
                    f"{host_of(request.url or '')} sends us in circles", kind="broken"
                )
            if stream:
                allowance.stream(_patience(timeout, self._bounds))
            else:
                answer._content = body(raw, allowance, self._bounds.octets)  # noqa: SLF001
                answer._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
                raw.release_conn()
            return answer
        raise AssertionError("a loop over redirects returns or raises")


def _redirected(
    request: requests.PreparedRequest, answer: requests.Response
) -> requests.PreparedRequest:
    """Return the request for the place that an answer names. Raises `BackendError` if elsewhere.

    A token that is sent to our server is sent nowhere else, and nothing that writes is sent twice.
    """
    here = request.url or ""
    host = host_of(here)
    try:
        target = urljoin(here, answer.headers["location"])
        old, new = urlsplit(here), urlsplit(target)
        same = old.hostname == new.hostname and _port(old) == _port(new)
        upgraded = (
            (old.scheme, new.scheme) == ("http", "https")
            and old.hostname == new.hostname
            and (_port(old), _port(new)) == (80, 443)
        )
        if not upgraded and not (same and old.scheme == new.scheme):
            raise MovedError(host, target, permanently=answer.status_code in _PERMANENT)
    except ValueError:
        raise BackendError(
            f"{host} sends us on to an address that is none", kind="broken"
        ) from None
    if request.method not in ("GET", "HEAD"):
        raise BackendError(f"{host} answers a change with a redirect", kind="broken")
    again = request.copy()
    again.prepare_url(target, None)
    return again


def _port(parts: Any) -> int | None:
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _patience(timeout: Any, bounds: Bounds) -> float:
    """Return the seconds of silence that the caller of a stream allows."""
    read = timeout[1] if isinstance(timeout, tuple) else timeout
    return float(read) if isinstance(read, int | float) and read > 0 else bounds.seconds


__all__ = ["Answer", "MovedError", "Session", "session"]
