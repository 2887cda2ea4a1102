"""Access tokens (OAuth 2, RFC 6749) in the place of a password: the `[mail.oauth]` table."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from alerts.model import DeliveryError
from alerts.secret import Secret
from alerts.smtp.trouble import one_line
from rules.errors import Problem, WatcherError

Post = Callable[[str, Mapping[str, str]], tuple[int, Mapping[str, Any]]]
"""Sends a form to an https address and returns status and JSON object; raises `WatcherError`."""

_EARLY = 120
"""Seconds before its end at which a token counts as spent: a login takes its time."""
_USUAL_LIFE = 600
"""Seconds that a token is taken to live where the server does not say."""
_LONGEST_TOKEN = 20_000


@dataclass(frozen=True, kw_only=True)
class OAuth:
    """Where to ask for access tokens, for servers that take no password (`auth = "xoauth2"`)."""

    token_url: str
    """`https://oauth2.googleapis.com/token`; Microsoft has one for each organisation."""
    client_id: str
    """The application that you registered there."""
    client_secret: Secret | None = None
    """Its secret, written `"${NAME}"` or `"${file:...}"`."""
    refresh_token: Secret | None = None
    """What a person's consent gave. Without it the application asks in its own name (the grant
    `client_credentials`, as Microsoft 365 has it for services)."""
    scope: str = ""
    """What to ask for; Microsoft: `https://outlook.office365.com/.default`."""

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        if not _is_safe(self.token_url):
            yield Problem(
                code="bad-token-url",
                message="tokens are only asked for over https",
                path=("token_url",),
                help='write it like "https://oauth2.googleapis.com/token"',
            )
        if not self.client_id.strip():
            yield Problem(
                code="half-login",
                message="OAuth needs the client_id of an application",
                path=("client_id",),
            )
        if self.refresh_token is None and self.client_secret is None:
            yield Problem(
                code="half-login",
                message="OAuth needs a refresh_token, or the client_secret of a service",
                path=("client_id",),
                help="docs/operations.md shows both, for Gmail and for Microsoft 365",
            )

    def form(self) -> dict[str, str]:
        """Return what to post to `token_url`. It holds secrets."""
        form = {"client_id": self.client_id, "grant_type": "client_credentials"}
        if self.client_secret is not None:
            form["client_secret"] = self.client_secret.reveal()
        if self.refresh_token is not None:
            form["grant_type"] = "refresh_token"
            form["refresh_token"] = self.refresh_token.reveal()
        if self.scope:
            form["scope"] = self.scope
        return form


class AccessTokens:
    """Keeps a token for as long as it is good. Safe to use from several threads."""

    def __init__(
        self, oauth: OAuth, post: Post, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._oauth = oauth
        self._post = post
        self._now = now
        self._token: Secret | None = None
        self._until = 0.0
        self._shown = 0
        self._lock = threading.Lock()

    def token(self) -> Secret:
        """Return a token that is good for a while yet. Raises `DeliveryError`, temporary."""
        with self._lock:
            if self._token is None or self._now() >= self._until:
                self._token, seconds = self._ask()
                self._until = self._now() + seconds - _EARLY
                self._shown = 0
            self._shown += 1
            return self._token

    def forget(self) -> bool:
        """Ask for a new token next time: the mail server did not take this one.

        Returns whether a new one may do better: one that was refused when it was new will not.
        """
        with self._lock:
            self._token = None
            return self._shown > 1

    def _ask(self) -> tuple[Secret, float]:
        host = urlsplit(self._oauth.token_url).netloc
        try:
            status, answer = self._post(self._oauth.token_url, self._oauth.form())
        except WatcherError as error:
            raise DeliveryError(
                f"no access token: {self._said(error.message)}", kind="temporary", help=error.help
            ) from None
        token, life = answer.get("access_token"), answer.get("expires_in")
        if status == 200 and isinstance(token, str) and _is_token(token):
            try:
                seconds = float(life) if life is not None else _USUAL_LIFE
            except (TypeError, ValueError):
                seconds = _USUAL_LIFE
            return Secret(token), min(max(seconds, 0.0), 86_400.0)
        reason = str(answer.get("error") or "")
        told = answer.get("error_description") or reason or "it names no access token"
        raise DeliveryError(
            f"{host} gives no access token: {status} {self._said(told)}",
            kind="temporary",
            help=_HELP.get(reason, "check token_url and the application's settings there"),
        )

    def _said(self, words: object) -> str:
        text = str(words)
        for secret in (self._oauth.client_secret, self._oauth.refresh_token):
            text = one_line(text, secret)
        return text


_HELP = {
    "invalid_grant": "the refresh_token has expired or was withdrawn: consent once more, and put "
    "the new one in its place",
    "invalid_client": "check client_id and client_secret: has the secret expired?",
    "unauthorized_client": "check client_id and client_secret: has the secret expired?",
    "invalid_scope": "check scope in [mail.oauth]",
}


def _is_token(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_TOKEN and all(32 < ord(letter) < 127 for letter in text)


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username or parts.password or any(c.isspace() for c in url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _HERE)


_HERE = {"localhost", "127.0.0.1", "::1"}
