"""A channel that mails a report: every week or month, whatever the rules found."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from alerts.channels.digest_channel import Quiet, parse_time
from alerts.channels.email_digest import EmailDigest
from alerts.recipient import Recipient
from alerts.schedule import Slot, due_monthly, next_monthly
from rules.errors import Problem

HIGHEST_DAY = 28
"""The last day of a month that every month has."""


@dataclass(frozen=True, kw_only=True)
class ReportMail:
    """A `[[channels]]` table with `kind = "report"`: what was said of the brands, as a page."""

    name: str
    """What the report is known by; no rule names it."""
    kind: Literal["report"] = "report"
    to: tuple[str | Recipient, ...]
    """Who receives it, as for `kind = "email"`; everybody gets a mail of their own."""
    brands: tuple[str, ...] = ()
    """What it is about; empty means all brands but those that are only competitors."""
    send: Literal["weekly", "monthly"] = "weekly"
    """`weekly` tells of the last whole week from Monday to Sunday, `monthly` of the last month."""
    at: str = "08:00"
    """The time of day at which it leaves."""
    days: tuple[str, ...] = ("mon",)
    """`weekly` only: the day on which it leaves, `mon` to `sun`."""
    day: int = 1
    """`monthly` only: the day of the month on which it leaves, 1 to 28."""
    timezone: str = ""
    """Whose days and whose clock, `Europe/Paris`; empty means the zone of the whole configuration.
    """
    language: str = "en"
    """A language that `templates/locale` has: `en`, `fr`."""
    title: str = ""
    """What the mail is called in its subject; empty means the channel's name."""
    pdf: bool = False
    """Attach the report as PDF too; takes Chromium on the machine."""
    quiet: Quiet | None = None
    """Hours in which no mail leaves; what was due comes afterwards."""

    @property
    def letter(self) -> EmailDigest:
        """The channel as one that mails: who receives it, in which language, when it may leave."""
        return EmailDigest(
            name=self.name,
            to=self.to,
            send="weekly",
            at=self.at,
            days=self.days[:1],
            timezone=self.timezone,
            quiet=self.quiet,
            language=self.language,
            title=self.title,
        )

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses, as they are written in the table."""
        return self.letter.recipients

    def problems(self) -> Iterator[Problem]:
        """Yield what the types cannot say."""
        if len(self.days) != 1:
            yield Problem(
                code="one-day",
                message="a weekly report leaves on one day",
                path=("days",),
                help='days = ["mon"]',
            )
        if not 1 <= self.day <= HIGHEST_DAY:
            yield Problem(
                code="out-of-range",
                message=f"the day of the month is 1 to {HIGHEST_DAY}, which every month has",
                path=("day",),
                help="day = 1",
            )
        yield from self.letter.problems()

    def zone(self, default_zone: str) -> ZoneInfo:
        """The zone whose days and clock count, `default_zone` where the table names none."""
        return ZoneInfo(self.timezone or default_zone)

    def due(self, last: datetime | None, now: datetime, default_zone: str) -> Slot | None:
        """See `alerts.schedule.due`."""
        if self.send == "weekly":
            return self.letter.due(last, now, default_zone)
        timetable = self.letter.timetable(default_zone)
        return due_monthly(timetable, self.day, parse_time(self.at), last, now)

    def next_slot(self, now: datetime, default_zone: str) -> datetime | None:
        """See `alerts.schedule.next_slot`."""
        if self.send == "weekly":
            return self.letter.next_slot(now, default_zone)
        return next_monthly(self.zone(default_zone), self.day, parse_time(self.at), now)
