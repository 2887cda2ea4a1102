"""One who receives a digest, with a language and a clock of their own."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.channels.digest_channel import language_problems, zone_problems
from rules.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """An entry of `to`: `{ address = "ada@acme.example", language = "fr" }`."""

    address: str
    """Where mails go: `ada@acme.example` or `Ada <ada@acme.example>`."""
    language: str = ""
    """The language of this person's mails; empty means the channel's."""
    timezone: str = ""
    """The zone in which dates are written for this person; empty means the channel's."""

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        if self.language:
            yield from language_problems(self.language)
        if self.timezone:
            yield from zone_problems(self.timezone)
