"""What is counted of what is stored, as tables: the numbers of reports and screens, day by day."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from watcher.export.stored import Stored
from watcher.export.table import Column, Table, Type, Value
from watcher.insights.account import AccountStatistics, Delay
from watcher.insights.model import Estimate
from watcher.insights.satisfaction import Satisfaction
from watcher.insights.voice import ShareOfVoice

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Row = tuple[Value, ...]


def _counted(name: str, meaning: str, time: str, *columns: tuple[str, Type, str]) -> Stored:
    return Stored(
        name=name, meaning=meaning, time=time, columns=tuple(Column(*one) for one in columns)
    )


_ALL = (
    _counted(
        "satisfaction",
        "A day of a brand: in which tone people spoke of it.",
        "day",
        ("brand", "text", "Name of the brand."),
        ("day", "day", "The day, in the configuration's time zone."),
        ("posts", "integer", "Posts that speak of the brand; the next four add up to it."),
        ("negative", "integer", "Those with a negative tone."),
        ("neutral", "integer", "Those with a neutral tone."),
        ("positive", "integer", "Those with a positive tone."),
        ("unknown", "integer", "Those whose tone nothing can tell."),
        ("sayings", "integer", "Different wordings whose tone is known: `net` is counted of them."),
        ("authors", "integer", "Different people who wrote them first."),
        ("net", "number", "Positive less negative sayings, -1 to 1. A trend, never a level."),
        ("net_low", "number", "Between this and the next it lies 95 times in 100."),
        ("net_high", "number", "The upper end."),
        ("change", "number", "By how much `net` differs from what is usual."),
        ("change_low", "number", "Between this and the next it lies 95 times in 100."),
        ("change_high", "number", "The upper end."),
        ("smooth", "number", "The same difference without the chance of few posts: for a line."),
    ),
    _counted(
        "share_of_voice",
        "A day of one of several brands that are compared.",
        "day",
        ("brand", "text", "Name of the brand."),
        ("day", "day", "The day, in the configuration's time zone."),
        ("posts", "integer", "Posts that speak of it; one that speaks of two counts for both."),
        ("authors", "integer", "Different people who wrote them."),
        ("share", "number", "Of the day's posts on any of the brands, 0 to 1."),
        ("share_low", "number", "Between this and the next it lies 95 times in 100."),
        ("share_high", "number", "The upper end."),
    ),
    _counted(
        "account_statistics",
        "One number of how an account behaves.",
        "day",
        ("account", "text", "Key of the account."),
        ("statistic", "text", "What is counted: `month`, `hour`, `kind`, `answers` ..."),
        ("name", "text", "Of what: `2026-03`, `mon 08`, `reply`, a handle ..."),
        ("value", "number", "The number: posts, or seconds where the statistic is a delay."),
    ),
)
COUNTED: Mapping[str, Stored] = {one.name: one for one in _ALL}
"""The tables of what is counted, by name."""


def satisfaction_table(*told: Satisfaction) -> Table:
    """Return the days of brands, one brand after the other."""
    rows: list[Row] = [
        (
            one.brand,
            day.day,
            day.posts,
            day.negative,
            day.neutral,
            day.positive,
            day.unknown,
            day.sayings,
            day.authors,
            *_three(day.net),
            *_three(day.change),
            day.smooth,
        )
        for one in told
        for day in one.days
    ]
    return Table("satisfaction", COUNTED["satisfaction"].columns, rows)


def voice_table(told: ShareOfVoice) -> Table:
    """Return the days of brands beside each other, one brand after the other."""
    rows: list[Row] = [
        (one.brand, day.day, day.posts, day.authors, *_three(day.share))
        for one in told.brands
        for day in one.days
    ]
    return Table("share_of_voice", COUNTED["share_of_voice"].columns, rows)


def account_table(told: AccountStatistics) -> Table:
    """Return everything that is counted of an account, a number a row."""
    rows: list[Row] = [(told.account.key, *one) for one in _numbers(told)]
    return Table("account_statistics", COUNTED["account_statistics"].columns, rows)


def _three(one: Estimate | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if one is None else (one.value, one.low, one.high)


def _numbers(told: AccountStatistics) -> Iterator[tuple[str, str, float | None]]:
    yield "posts", "counted", told.posts
    yield "posts", "stored", told.seen.stored
    yield "posts", "written", told.seen.total
    for month in told.months:
        yield "month", f"{month.first:%Y-%m}", month.posts
    for day, hours in zip(DAYS, told.hours, strict=True):
        for hour, posts in enumerate(hours):
            yield "hour", f"{day} {hour:02}", posts
    for kind in ("original", "reply", "repost", "quote", "threads"):
        yield "kind", kind, getattr(told.kinds, kind)
    for name in ("mentions", "mentions_answered", "replies", "replies_answered", "authors"):
        yield "addressed", name, getattr(told.addressed, name)
    for name in ("likes", "reposts", "replies"):
        yield "engagement", name, getattr(told.engagement, name)
    for statistic in ("answers", "answered_by", "hashtags", "domains", "languages"):
        for one in getattr(told, statistic):
            yield statistic, one.name, one.posts
    yield from _delays("all", told.delays.whole)
    for hour, delay in enumerate(told.delays.hours):
        yield from _delays(f"{hour:02}", delay)
    for day, delay in zip(DAYS, told.delays.weekdays, strict=True):
        yield from _delays(day, delay)


def _delays(name: str, delay: Delay | None) -> Iterator[tuple[str, str, float | None]]:
    if delay is not None:
        second = timedelta(seconds=1)
        yield "delay_answers", name, delay.answers
        yield "delay_median", name, delay.median / second
        yield "delay_p90", name, delay.p90 / second
