"""A channel that mails digests: at once, hourly, at times of the day, on days of the week."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from alerts.address import AddressError, parse_address
from alerts.digest_channel import DigestChannel
from rules.errors import Problem


@dataclass(frozen=True, kw_only=True)
class EmailDigest(DigestChannel):
    """A `[[channels]]` table with `kind = "email"`."""

    kind: Literal["email"] = "email"
    to: tuple[str, ...]
    """Who receives it; everybody gets a mail of their own."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses, as they are written in the table."""
        return self.to

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
        for position, text in enumerate(self.to):
            try:
                address = parse_address(text).address
            except AddressError as error:
                yield Problem(
                    code="bad-address",
                    message=error.message,
                    path=("to", position),
                    help=error.help,
                )
                continue
            if address.casefold() in seen:
                yield Problem(
                    code="duplicate-address",
                    message=f"{address} is listed twice",
                    path=("to", position),
                    help="remove one of them",
                )
            seen.add(address.casefold())
