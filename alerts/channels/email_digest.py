"""A channel that mails digests: at once, hourly, at times of the day, on days of the week."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from alerts.channels.digest_channel import DigestChannel
from alerts.mail.address import AddressError, parse_address
from alerts.recipient import Recipient
from rules.errors import Problem


@dataclass(frozen=True, kw_only=True)
class EmailDigest(DigestChannel):
    """A `[[channels]]` table with `kind = "email"`."""

    kind: Literal["email"] = "email"
    to: tuple[str | Recipient, ...]
    """Who receives it; everybody gets a mail of their own. An address, or a table with one:
    `{ address = "ada@acme.example", language = "fr", timezone = "America/Montreal" }`."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses, as they are written in the table."""
        return tuple(one if isinstance(one, str) else one.address for one in self.to)

    def reader(self, recipient: str, default_zone: str) -> tuple[str, ZoneInfo]:
        """The language and the zone that stand beside the address, else those of the channel."""
        for one in self.to:
            if isinstance(one, Recipient) and one.address == recipient:
                zone = ZoneInfo(one.timezone) if one.timezone else self.zone(default_zone)
                return one.language or self.language, zone
        return super().reader(recipient, default_zone)

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        yield from self._recipient_problems()
        yield from super().problems()

    def _recipient_problems(self) -> Iterator[Problem]:
        if not self.to:
            yield Problem(
                code="no-recipient",
                message="nobody would receive this digest",
                path=("to",),
                help='name at least one address: to = ["ada@acme.example"]',
            )
        seen = set[str]()
        for position, (entry, text) in enumerate(zip(self.to, self.recipients, strict=True)):
            path = ("to", position) if isinstance(entry, str) else ("to", position, "address")
            try:
                address = parse_address(text).address
            except AddressError as error:
                yield Problem(
                    code="bad-address",
                    message=error.message,
                    path=path,
                    help=error.help,
                )
                continue
            if address.casefold() in seen:
                yield Problem(
                    code="duplicate-address",
                    message=f"{address} is listed twice",
                    path=path,
                    help="remove one of them",
                )
            seen.add(address.casefold())
