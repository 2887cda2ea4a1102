"""Mail through an SMTP server: the `[mail]` table with `kind = "smtp"`."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from alerts.mail.address import AddressError, parse_address
from alerts.mail.dkim import Dkim, Signer
from alerts.model import OutgoingMail, Sender
from alerts.privacy import domain_problems
from alerts.returns.mailbox import Mailbox
from alerts.returns.table import Returns
from alerts.secret import Secret
from alerts.smtp import server
from alerts.smtp.access import AccessTokens, OAuth, Post
from alerts.smtp.pace import Pace
from alerts.smtp.server import Auth, Security, Server
from rules.errors import Problem, WatcherError

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _nobody(_url: str, _form: object) -> tuple[int, dict[str, object]]:
    raise WatcherError("nobody here can ask for access tokens")


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """How to reach the server that takes our mail."""

    kind: Literal["smtp"] = "smtp"
    host: str
    """Name or address of the server."""
    port: int = 0
    """0 means the usual one: 587 for `starttls`, 465 for `tls`, 25 for `none`."""
    security: Security = "starttls"
    """`none` sends everything in the clear: only for a server on this machine."""
    from_: str
    """Who sends: `watch@acme.example` or `Acme watch <watch@acme.example>`."""
    username: str = ""
    """Empty means no login."""
    password: Secret | None = None
    """Written `"${NAME}"` or `"${file:...}"`. With `auth = "xoauth2"` an access token."""
    auth: Auth = "auto"
    """How to log in: `auto` takes what the server offers for a password; `plain` and `login` insist
    on one way; `xoauth2` shows an access token, which `[mail.oauth]` gets and renews."""
    oauth: OAuth | None = None
    """Where access tokens come from, for Gmail and Microsoft 365."""
    ca_file: Path | None = None
    """Certificates (PEM) to trust besides the system's: for a server with a private authority."""
    timeout: int = 30
    """Seconds to wait for each answer; whether a mail is taken may take a server ten minutes."""
    mails_per_connection: int = 100
    """After so many a new connection is made; 0 keeps the one there is."""
    per_minute: int = 0
    """The most mails a minute that the server takes from you, spread evenly; 0 sets no limit."""
    dkim: Dkim | None = None
    """A signature of our own."""
    returns: Returns | None = None
    """Where bounces and answers come back to."""
    private_to: tuple[str, ...] = ()
    """Domains of mail addresses, `acme.example`, that private posts are shown to; all others are
    told how many there were. Empty means nobody."""
    post: Post = field(default=_nobody, repr=False, compare=False, metadata={"given": True})
    """How to ask for access tokens over HTTP."""

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
        yield from self._numbers()
        yield from domain_problems(self.private_to)
        yield from self._login_problems()
        yield from self._ca_problems()
        yield from self._dkim_problems()
        yield from self._returns_problems()

    def open(self) -> Sender:
        """Make the sender. Nothing is connected before the first mail."""
        from alerts.smtp.sender import SmtpSender

        return SmtpSender(
            self._server,
            sender=parse_address(self.from_).address,
            pace=self._pace,
            mails_per_connection=self.mails_per_connection,
        )

    def open_returns(self) -> Mailbox | None:
        """Open the mailbox that mails come back to; None where there is none.

        Raises `MailboxError`, or `DeliveryError` where there is no access token.
        """
        if self.returns is None:
            return None
        return self.returns.open(self._tokens.token if self._tokens else None)

    def signed(self, mail: OutgoingMail, at: datetime) -> OutgoingMail:
        """Return the mail with our signature made at `at`, if one is asked for.

        Equal input gives equal bytes. Raises `WatcherError` where it cannot be signed.
        """
        signer = self.signer
        return replace(mail, payload=signer.sign(mail.payload, at)) if signer else mail

    @cached_property
    def signer(self) -> Signer | None:
        """What signs the mails; None where they are not signed here."""
        if self.dkim is None:
            return None
        return Signer(
            selector=self.dkim.selector,
            domain=(self.dkim.domain or self._own_domain).lower(),
            key=self.dkim.key,
        )

    # What must outlive each sender: they are opened for one round of deliveries.

    @cached_property
    def _pace(self) -> Pace:
        return Pace(self.per_minute)

    @cached_property
    def _tokens(self) -> AccessTokens | None:
        return AccessTokens(self.oauth, self.post) if self.oauth else None

    @property
    def _server(self) -> Server:
        password, tokens = self.password, self._tokens
        plain = Server(
            host=self.host,
            port=self.port or _PORTS[self.security],
            security=self.security,
            ca_file=self.ca_file,
            timeout=float(self.timeout),
            verdict=server.VERDICT,
            username=self.username,
            auth=self.auth,
        )
        if tokens is not None:
            return replace(plain, secret=tokens.token, rejected=tokens.forget)
        return replace(plain, secret=lambda: password) if password is not None else plain

    @property
    def _own_domain(self) -> str:
        domain = parse_address(self.from_).address.rpartition("@")[2]
        return domain.encode("idna").decode("ascii")

    def _numbers(self) -> Iterator[Problem]:
        bounds = (
            ("port", 0, 65535, "a port lies between 1 and 65535"),
            ("timeout", 1, 600, "the timeout lies between 1 and 600 seconds"),
            ("mails_per_connection", 0, 1_000_000, "mails_per_connection is 0 or more"),
            ("per_minute", 0, 1_000_000, "per_minute is 0 or more"),
        )
        for name, least, most, message in bounds:
            if not least <= getattr(self, name) <= most:
                yield Problem(code="out-of-range", message=message, path=(name,))

    def _login_problems(self) -> Iterator[Problem]:
        if self.oauth is not None and self.auth != "xoauth2":
            yield Problem(
                code="half-login",
                message='[mail.oauth] is only asked with auth = "xoauth2"',
                path=("auth",),
                help='write auth = "xoauth2", or remove [mail.oauth]',
            )
        if self.oauth is not None and self.password is not None:
            yield Problem(
                code="half-login",
                message="a token comes from [mail.oauth] or from password, not from both",
                path=("password",),
                help="remove the password",
            )
        secret = "password" if self.password is not None else "oauth" if self.oauth else ""
        if self.auth == "xoauth2" and not secret:
            yield Problem(
                code="half-login",
                message='auth = "xoauth2" needs access tokens',
                path=("auth",),
                help="add [mail.oauth], which gets them",
            )
        elif bool(self.username) != bool(secret):
            missing = "username" if secret else "password"
            yield Problem(
                code="half-login",
                message=f"a login needs a username and a password; {missing} is missing",
                path=(secret or "username",),
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

    def _returns_problems(self) -> Iterator[Problem]:
        returns = self.returns
        if returns is not None and returns.imap and (returns.password or self.oauth) is None:
            yield Problem(
                code="half-login",
                message="reading a mailbox needs a password, or [mail.oauth]",
                path=("returns", "imap"),
                help='password = "${IMAP_PASSWORD}"',
            )

    def _dkim_problems(self) -> Iterator[Problem]:
        """A signature counts only where its domain is that of `From` or stands above it (DMARC)."""
        if self.dkim is None or not self.dkim.domain:
            return
        try:
            own = self._own_domain.lower()
        except (AddressError, UnicodeError):
            return  # told already
        domain = self.dkim.domain.lower()
        if own != domain and not own.endswith(f".{domain}"):
            yield Problem(
                code="bad-dkim",
                message=f"a signature of {domain} says nothing of mails from {own}",
                path=("dkim", "domain"),
                help="leave domain out: it is that of `from` then",
            )
