"""What a report says things with, in one language: plain text, with strangers' words harmless."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from alerts.words import hostile
from alerts.words.speech import Speech
from alerts.words.translations import Words
from rules.model import Post
from watcher.insights.model import Estimate, Period
from watcher.reports.model import Cell, Column, Kind, Quote

LONGEST_QUOTE = 400
_MINUS = "\N{MINUS SIGN}"
_NONE = "\N{EN DASH}"


class Say(Speech):
    """The sentences of the mails' `Speech`, without a digest, and numbers as reports write them."""

    def __init__(self, words: Words, suspects: Collection[str] = ()) -> None:
        """Take the suspect domains, to which nobody is sent."""
        self.words = words
        self.answers = ""
        self._html = False
        self._suspects = frozenset(suspects)

    def column(self, key: str, head: str, kind: Kind) -> Column:
        """A column whose head is a sentence of the catalogues."""
        return Column(key=key, head=self.t(head), meaning=head, kind=kind)

    def _value(self, key: str, value: str) -> str:
        """Counts within reasons, as the language writes them."""
        if value.isascii() and value.isdigit() and len(value) < 16:
            return self.words.number(int(value))
        return super()._value(key, value)

    def plain_column(self, key: str, head: str, kind: Kind) -> Column:
        """A column whose head is the same in every language."""
        return Column(key=key, head=head, meaning=head, kind=kind)

    def number(self, value: float) -> str:
        """A count, or a number with one digit behind the point."""
        return self.words.number(value if isinstance(value, int) else round(value, 1))

    def share(self, value: float) -> str:
        """A part of a whole: `34%`."""
        return self.words.percent(value)

    def points(self, value: float) -> str:
        """A difference of parts or of net satisfaction in hundredths, with its sign: `+6`."""
        whole = round(value * 100)
        sign = "+" if whole > 0 else _MINUS if whole < 0 else "±"
        return f"{sign}{self.words.number(abs(whole))}"

    def growth(self, now: float, before: float) -> str:
        """By how much something grew: `+32%`."""
        change = now / before - 1
        sign = "+" if change >= 0.005 else _MINUS if change <= -0.005 else "±"
        return f"{sign}{self.words.percent(abs(change))}"

    def day(self, day: date) -> str:
        """`Mar 10`, or `Mar 10, 2015` in another year than the end of the period."""
        return self.words.date(day)

    def span(self, period: Period) -> str:
        """The days of a period: `Mar 2 to Mar 8, 2026`, or the one."""
        days = list(period.days())
        if not days:
            return self.words.date(period.day_of(period.since), year=True)
        last = self.words.date(days[-1], year=True)
        if len(days) == 1:
            return last
        first = self.words.date(days[0], year=days[0].year != days[-1].year)
        return self.t("{first} to {last}", first=first, last=last)

    def iso(self, moment: datetime) -> str:
        """A time for programs, on the clocks of the zone."""
        return moment.astimezone(self.words.zone).isoformat(timespec="seconds")

    def length(self, length: timedelta) -> str:
        """`3 h 20 min`."""
        return self.words.duration(length)

    def estimate(self, value: Estimate, kind: Kind) -> str:
        """A number with its bounds: `34% (31 to 37)`."""
        one = self.points if kind == "points" else self.share
        low, high = (one(v).rstrip("%").rstrip("\u202f\u00a0 ") for v in (value.low, value.high))
        return self.t("{value} ({low} to {high})", value=one(value.value), low=low, high=high)

    def cell(self, value: Cell, kind: Kind) -> str:
        """A value of a table as people read it; a dash for what is not known."""
        if value is None:
            return _NONE
        if isinstance(value, Estimate):
            return self.estimate(value, kind)
        if isinstance(value, datetime):
            return self.words.moment(value)
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, timedelta):
            return self.length(value)
        if isinstance(value, str):
            return self.name(value) if kind == "name" else value
        if kind == "share":
            return self.share(value)
        if kind in {"points", "shift"}:
            return self.points(value)
        return self.number(value)

    def quote(self, post: Post) -> Quote:
        """A public post as the page shows it."""
        pieces = hostile.passage(post.text, [], LONGEST_QUOTE, self._suspects)
        name = post.author.display_name or post.author.handle
        return Quote(
            text="".join(piece.text for piece in pieces),
            author=self.name(f"{name} @{post.author.handle}" if post.author.handle else name),
            moment=self.words.moment(post.posted_at),
            iso=post.posted_at.astimezone(UTC).isoformat(timespec="seconds"),
            link=self.link(post.url),
        )
