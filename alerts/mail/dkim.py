"""Signs mails, so that whoever gets them can see they are ours (DKIM, RFC 6376).

The only module that knows dkimpy, and with it dnspython.
"""

import base64
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.secret import Secret
from rules.errors import Problem, WatcherError

_RSA = bytes.fromhex("300d06092a864886f70d0101010500")
"""The AlgorithmIdentifier of rsaEncryption, 1.2.840.113549.1.1.1, in DER."""
SHORTEST_KEY = 1024
"""Bits; RFC 8301 forbids less, and asks for 2048."""
PATIENCE = 5.0
"""Seconds for DNS."""

_NAME = re.compile(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.IGNORECASE
)
# Each once more than it is there: a second one, put in on the way, breaks the signature.
_SIGNED = (
    "From", "To", "Subject", "Date", "Message-ID", "References", "In-Reply-To", "Reply-To",
    "MIME-Version", "Content-Type", "Content-Language", "Content-Transfer-Encoding",
    "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help",
    "Auto-Submitted", "Feedback-ID",
)  # fmt: skip


class DkimError(WatcherError):
    """A key is of no use, or its public half is not where receivers look for it."""


class UnseenError(DkimError):
    """DNS could not be asked."""


@dataclass(frozen=True, kw_only=True)
class Dkim:
    """A signature on each mail (DKIM). Leave it out where the mail server signs by itself."""

    selector: str
    """Which of the domain's keys; the public half lies at `SELECTOR._domainkey.DOMAIN` in DNS."""
    key: Secret
    """The private key, RSA in PEM form, written `"${file:dkim.pem}"`.
    `openssl genrsa -out dkim.pem 2048` makes one."""
    domain: str = ""
    """In whose name; empty means the domain of `from`."""

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        for name, value in (("selector", self.selector), ("domain", self.domain)):
            if (value or name == "selector") and not _NAME.fullmatch(value):
                yield Problem(
                    code="bad-dkim",
                    message=f'"{value[:60]}" is no {name} for DKIM',
                    path=(name,),
                    help="letters, digits and dashes, as in DNS: watch, acme.example",
                )
        if not self.key.reveal():
            return  # told already: the secret could not be read
        try:
            record(self.key)
        except DkimError as error:
            yield Problem(code="bad-dkim", message=error.message, path=("key",), help=error.help)


@dataclass(frozen=True, kw_only=True)
class Signer:
    """What signs in a domain's name."""

    selector: str
    domain: str
    key: Secret

    @property
    def name(self) -> str:
        """Where in DNS the public half of the key has to be."""
        return f"{self.selector}._domainkey.{self.domain}"

    def sign(self, payload: bytes, at: datetime) -> bytes:
        """Return the message with a signature made at `at` before it; equal input, equal bytes.

        Everything of the message is kept as it is. Raises `DkimError`.
        """
        import dkim

        try:
            message = _signing()(payload)
            message.moment = int(at.timestamp())
            signature = message.sign(
                self.selector.encode(),
                self.domain.encode(),
                self.key.reveal().encode(),
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=_headers_of(payload),
            )
        except (dkim.DKIMException, ValueError) as error:
            raise DkimError(f"a mail cannot be signed: {type(error).__name__}") from None
        return bytes(signature) + payload

    def check(self) -> str:
        """Look in DNS for the public half; say that it is there.

        Raises `DkimError` where it is not, or is another one, `UnseenError` where DNS cannot be
        asked; the help is the record to publish.
        """
        mine = record(self.key)
        try:
            found = _texts(self.name)
        except UnseenError as error:
            raise UnseenError(error.message, help=self._to_publish) from None
        keys = [_key_in(text) for text in found]
        if _key_in(mine) in keys:
            return f"{self.name} shows the key that signs"
        what = "shows another key than the one that signs" if any(keys) else "shows no key"
        raise DkimError(f"{self.name} {what}", help=self._to_publish)

    @property
    def _to_publish(self) -> str:
        return f'publish in DNS: {self.name}. IN TXT "{record(self.key)}"'


@functools.cache
def record(key: Secret) -> str:
    """Return the TXT record that shows a private key's public half. Raises `DkimError`."""
    pk = _parsed(key)
    bits = int(pk["modulus"]).bit_length()
    if bits < SHORTEST_KEY:
        raise DkimError(
            f"the key for DKIM has {bits} bits, which receivers do not accept",
            help="make a longer one: openssl genrsa -out dkim.pem 2048",
        )
    numbers = _der(0x30, _integer(pk["modulus"]) + _integer(pk["publicExponent"]))
    public = _der(0x30, _RSA + _der(0x03, b"\0" + numbers))
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def _der(tag: int, content: bytes) -> bytes:
    """Return a value in DER (X.690); dkimpy's own writer fails beyond 127 octets."""
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(octets)]) + octets + content


def _integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))  # a sign bit before it


def _parsed(key: Secret) -> Mapping[str, Any]:
    from dkim.crypto import UnparsableKeyError, parse_pem_private_key

    try:
        parsed: Mapping[str, Any] = parse_pem_private_key(key.reveal().encode())
        if int(parsed["modulus"]) > 0 and int(parsed["publicExponent"]) > 0:
            return parsed
    except (UnparsableKeyError, ValueError, LookupError, TypeError):
        pass  # its words may hold parts of the key
    raise DkimError(
        "the key for DKIM cannot be read: a private RSA key in PEM form is needed, without a "
        "passphrase",
        help="make one: openssl genrsa -out dkim.pem 2048",
    )


@functools.cache
def _signing() -> Any:
    """Return dkimpy's way to sign, but for a moment that is given: it asks the clock by itself."""
    import dkim

    class Dated(dkim.DKIM):  # type: ignore[misc]
        moment = 0

        def gen_header(self, fields: list[tuple[bytes, bytes]], *more: Any, **named: Any) -> bytes:
            moment = str(self.moment).encode()
            fields = [(tag, moment if tag == b"t" else value) for tag, value in fields]
            return bytes(super().gen_header(fields, *more, **named))

    return Dated


def _headers_of(payload: bytes) -> list[bytes]:
    """Return the headers to sign: those we know, as often as they are there and once more."""
    head = payload.partition(b"\r\n\r\n")[0].lower()
    names = [
        line.partition(b":")[0].strip() for line in head.split(b"\r\n") if line[:1] not in b" \t"
    ]
    signed = []
    for name in (one.lower().encode() for one in _SIGNED):
        signed += [name] * (names.count(name) + 1)
    return signed


def _texts(name: str) -> list[str]:
    """Return the TXT records of a name; none where there are none. Raises `UnseenError`."""
    import dns.exception
    import dns.resolver

    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=PATIENCE, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise UnseenError(
            f"DNS cannot be asked for {name} ({type(error).__name__}): whether it shows the key "
            "that signs is not known"
        ) from None
    rows = answer.rrset or ()
    return [b"".join(row.strings).decode("ascii", "replace")[:4096] for row in rows][:20]


def _key_in(text: str) -> str:
    tags = {
        name.strip(): "".join(value.split())
        for name, _, value in (tag.partition("=") for tag in text.split(";"))
    }
    return tags.get("p", "") if tags.get("v", "DKIM1") == "DKIM1" else ""
