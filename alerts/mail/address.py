"""Mail addresses: the only module that knows email-validator."""

from dataclasses import dataclass
from email.utils import parseaddr

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from rules.errors import WatcherError

# The library's own switch: reserved names (`.local`, `localhost`, `.test`) are what people have at
# home and in companies, and the server knows best whom it can reach.
SPECIAL_USE_DOMAIN_NAMES.clear()


class AddressError(WatcherError):
    """What is written is no mail address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A mail address, with the name beside it if there is one."""

    address: str
    """`ada@acme.example`, normalised; the domain in its ASCII form where it has one."""
    name: str = ""

    @property
    def needs_utf8(self) -> bool:
        """Whether only servers with SMTPUTF8 (RFC 6531) can carry it."""
        return not self.address.isascii()


def parse_address(text: str) -> Address:
    """Understand `ada@acme.example` or `Ada <ada@acme.example>`; nothing is looked up.

    Names without a dot (`ada@localhost`) and reserved ones (`.local`) are fine: the mail server
    may well be our own. Raises `AddressError`.
    """
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise AddressError("a mail address holds a control character")
    name, bare = parseaddr(text) if "<" in text else ("", text.strip())
    try:
        valid = validate_email(bare, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise AddressError(
            f'"{text[:100]}" is not a mail address: {str(error)[:200]}',
            help="write it like ada@acme.example",
        ) from None
    return Address(address=valid.ascii_email or valid.normalized, name=name)
