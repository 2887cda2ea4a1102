"""Who hears of it when nobody acknowledges urgent news."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from alerts.mail.address import AddressError, parse_address
from rules.errors import Problem
from rules.rates.length import length, length_problems


@dataclass(frozen=True, kw_only=True)
class Escalate:
    """Tells others of urgent news that nobody has acknowledged: once, with `watcher ack` to end it.

    Urgent are alarms, and what a digest says to look at first.
    """

    to: tuple[str, ...] = ()
    """Addresses that are mailed. Either these or a channel."""
    channel: str = ""
    """The name of a channel that is told."""
    after: str = "30m"
    """How long the message waits to be acknowledged: from `1m` to `7d`."""

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the table beyond the types of its values."""
        if bool(self.to) == bool(self.channel):
            yield Problem(
                code="no-recipient" if not self.to else "useless-key",
                message="an escalation goes either to addresses or to a channel",
                path=("channel",) if self.to else ("to",),
                help='to = ["boss@acme.example"]',
            )
        for position, text in enumerate(self.to):
            try:
                parse_address(text)
            except AddressError as error:
                yield Problem(
                    code="bad-address",
                    message=error.message,
                    path=("to", position),
                    help=error.help,
                )
        least, most = timedelta(minutes=1), timedelta(days=7)
        yield from length_problems("after", self.after, least, most, "30m")

    @property
    def patience(self) -> timedelta:
        """`after` as a length of time."""
        return length(self.after)
