"""Where the mail server is and who we are to it: what `connection` and `sender` share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alerts.secret import Secret

Security = Literal["starttls", "tls", "none"]
Auth = Literal["auto", "plain", "login", "xoauth2"]
"""How to log in; `auto` takes the best way that the server offers for a password."""

VERDICT = 600.0
"""Some servers look through a message before they take it, and who gives up on one that takes it
makes a second copy: RFC 5321 (4.5.3.2.6) asks for ten minutes."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server, and how to log in there."""

    host: str
    port: int
    security: Security
    ca_file: Path | None = None
    """Authorities to trust besides the system's, PEM."""
    timeout: float = 30.0
    """Seconds for each of its answers but the last one of a mail."""
    verdict: float = VERDICT
    """Seconds for the answer to a whole message."""
    username: str = ""
    """Empty means no login."""
    auth: Auth = "auto"
    secret: Callable[[], Secret] | None = None
    """Asked at each login: the password, or a token that is still good."""
    rejected: Callable[[], bool] = lambda: False
    """Told when the server did not accept the secret; says whether there is a newer one to try."""

    @property
    def where(self) -> str:
        """How messages name it."""
        return f"{self.host}:{self.port}"
