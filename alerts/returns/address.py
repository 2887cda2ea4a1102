"""Addresses at which mails come back, each good for one delivery: `watch+TOKEN@acme.example`. Pure.

The token is a keyed digest (HMAC-SHA-256) of the mail, so that nobody can make one up: what comes
to such an address answers the mail that it was made for. Used as the envelope's sender it tells
which mail a bounce is about, whatever the bounce says (VERP).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

TOKEN_LENGTH = 26
"""Characters of a token, five bits each."""
MOST_TOKENS = 5
"""Tokens looked at in one mail."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnAddress:
    """Where everything comes back to, and what tells the mails apart."""

    address: str
    """In ASCII: `watch@acme.example`."""
    delimiter: str = "+"
    """What the mail server takes for the beginning of a detail that it ignores."""

    def of(self, token: str) -> str:
        """Return the address of one delivery; empty without a token."""
        if not token:
            return ""
        local, _, domain = self.address.rpartition("@")
        return f"{local}{self.delimiter}{token}@{domain}"

    def tokens(self, fields: Iterable[str]) -> tuple[str, ...]:
        """Return the tokens of the addresses in header fields, in their order, each once."""
        local, _, domain = self.address.rpartition("@")
        ours = re.compile(
            rf"(?<![\w.+-]){re.escape(local)}{re.escape(self.delimiter)}"
            rf"([a-z2-7]{{{TOKEN_LENGTH}}})@{re.escape(domain)}(?![\w.-])",
            re.IGNORECASE | re.ASCII,
        )
        found = (token.lower() for text in fields for token in ours.findall(text))
        return tuple(dict.fromkeys(found))[:MOST_TOKENS]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """Makes the tokens."""

    returns: ReturnAddress
    secret: bytes = field(repr=False)

    def token(self, of: str) -> str:
        """Return the token for a text: lower-case letters and digits, the same every time."""
        keyed = hmac.digest(self.secret, of.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return base64.b32encode(keyed).decode("ascii").lower()[:TOKEN_LENGTH]

    @property
    def stand_in(self) -> str:
        """A token of no mail, to be replaced by that of each: nobody else can have written it."""
        return self.token("")
