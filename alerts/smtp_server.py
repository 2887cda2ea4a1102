"""Mail through an SMTP server: the `[mail]` table with `kind = "smtp"`."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alerts.address import AddressError, parse_address
from alerts.model import Sender
from alerts.privacy import domain_problems
from alerts.secret import Secret
from rules.errors import Problem

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """How to reach the server that takes our mail."""

    kind: Literal["smtp"] = "smtp"
    host: str
    """Name or address of the server."""
    port: int = 0
    """0 means the usual one: 587 for `starttls`, 465 for `tls`, 25 for `none`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` sends everything in the clear: only for a server on this machine."""
    from_: str
    """Who sends: `watch@acme.example` or `Acme watch <watch@acme.example>`."""
    username: str = ""
    """Empty means no login."""
    password: Secret | None = None
    """Written `"${NAME}"` or `"${file:...}"`."""
    ca_file: Path | None = None
    """Certificates (PEM) to trust besides the system's: for a server with a private authority."""
    timeout: int = 30
    """Seconds to wait for each answer."""
    private_to: tuple[str, ...] = ()
    """Domains of mail addresses, `acme.example`, that private posts are shown to; all others are
    told how many there were. Empty means nobody."""

    @property
    def sender_address(self) -> str:
        """What to write into `From`."""
        return self.from_

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        try:
            parse_address(self.from_)
        except AddressError as error:
            yield Problem(
                code="bad-address", message=error.message, path=("from",), help=error.help
            )
        if not self.host.strip() or any(character.isspace() for character in self.host):
            yield Problem(code="bad-host", message="a host name is missing", path=("host",))
        if not 0 <= self.port <= 65535:
            yield Problem(
                code="out-of-range", message="a port lies between 1 and 65535", path=("port",)
            )
        if not 1 <= self.timeout <= 600:
            yield Problem(
                code="out-of-range",
                message="the timeout lies between 1 and 600 seconds",
                path=("timeout",),
            )
        yield from domain_problems(self.private_to)
        yield from self._login_problems()
        yield from self._ca_problems()

    def open(self) -> Sender:
        """Make the sender. Nothing is connected before the first mail."""
        from alerts.email import SmtpSender

        return SmtpSender(
            host=self.host,
            port=self.port or _PORTS[self.security],
            security=self.security,
            sender=parse_address(self.from_).address,
            username=self.username,
            password=self.password,
            ca_file=self.ca_file,
            timeout=float(self.timeout),
        )

    def _login_problems(self) -> Iterator[Problem]:
        if bool(self.username) != (self.password is not None):
            missing = "password" if self.username else "username"
            yield Problem(
                code="half-login",
                message=f"a login needs a username and a password; {missing} is missing",
                path=("username",) if self.username else ("password",),
                help=f"add {missing}, or remove the other one",
            )
        elif self.username and self.security == "none" and not self._is_local:
            yield Problem(
                code="password-in-the-clear",
                message='security = "none" would send the password readable for everybody between',
                path=("security",),
                help='use "starttls" or "tls"',
            )

    @property
    def _is_local(self) -> bool:
        return self.host in {"localhost", "127.0.0.1", "::1"}

    def _ca_problems(self) -> Iterator[Problem]:
        if self.ca_file is None:
            return
        try:
            ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError) as error:
            yield Problem(
                code="bad-ca-file",
                message=f"no certificates can be read from {self.ca_file}: {error}",
                path=("ca_file",),
                help="name a file in PEM form",
            )
