"""Several accounts side by side, a column for each."""

from collections.abc import Callable, Sequence
from datetime import date

from watcher.cli.account_words import (
    FEWEST,
    KIND_WORDS,
    SHIFT_WORDS,
    both,
    chance,
    counted_days,
    enough,
    lasting,
    pace,
    seen,
    share,
)
from watcher.cli.charts import Paper, spark
from watcher.cli.console import Screen, safe
from watcher.insights.account import KINDS, AccountStatistics, Around, Counted, Kind


def side_by_side(
    some: Sequence[AccountStatistics],
    screen: Screen,
    on: Paper,
    *,
    zone: str,
    around: date | None,
) -> None:
    """Print a table with one column for each account, and what is missing below."""
    columns = ["", *(f"@{safe(one.account.handle, 40)}" for one in some)]
    rows = [[label, *(told(one) for one in some)] for label, told in _ROWS]
    wide = 24 if on.width >= 20 + 26 * len(some) else 12
    rows.insert(8, ["hours", *(spark(_by_hour(one), on=on, width=wide) for one in some)])
    if around:
        rows += [
            [f"from {around} on, {label}", *(told(one.around) for one in some)]
            for label, told in _AROUND_ROWS
        ]
    screen.table(columns, rows, whole=columns[1:])
    screen.say("", f"Clocks: {safe(zone, 80)}.")
    for one in some:
        screen.say(*screen.hung(f"@{safe(one.account.handle, 40)}: ", seen(one)))


def _by_hour(one: AccountStatistics) -> list[float]:
    return [float(sum(row[hour] for row in one.hours)) for hour in range(24)]


def _posts_a_day(one: AccountStatistics) -> str:
    if not one.posts:
        return "-"
    first, last = counted_days(one)
    return pace(one.posts / ((last - first).days + 1))


def _stretch(one: AccountStatistics) -> str:
    if not one.posts:
        return "-"
    first, last = counted_days(one)
    return f"{first} to\n{last}"


def _kind_row(kind: Kind) -> Callable[[AccountStatistics], str]:
    return lambda one: (
        share(one.kinds.share(kind))
        if one.posts >= FEWEST
        else (f"{one.kinds.of(kind):,} of {one.posts:,}" if one.posts else "-")
    )


def _first(
    some: Callable[[AccountStatistics], Sequence[Counted]], sign: str
) -> Callable[[AccountStatistics], str]:
    def told(one: AccountStatistics) -> str:
        names = (f"{sign}{safe(each.name, 30)} {each.posts:,}" for each in some(one)[:3])
        return "\n".join(names) or "-"

    return told


def _unanswered_share(one: AccountStatistics) -> str:
    a = one.addressed
    if a.posts < FEWEST:
        return f"of {a.posts:,}: too few" if a.posts else "-"
    return share(a.unanswered)


_ROWS: tuple[tuple[str, Callable[[AccountStatistics], str]], ...] = (
    ("followers", lambda one: "-" if one.account.followers is None
        else f"{one.account.followers:,}"),
    ("counted", _stretch),
    ("posts", lambda one: f"{one.posts:,}"),
    ("a day", _posts_a_day),
    *((KIND_WORDS[kind], _kind_row(kind)) for kind in KINDS),
    ("answers", _first(lambda one: one.answers, "@")),
    ("answered by", _first(lambda one: one.answered_by, "@")),
    ("median delay", lambda one: lasting(one.delays.whole.median) if one.delays.whole else "-"),
    ("nine of ten within", lambda one: lasting(one.delays.whole.p90)
        if enough(one.delays.whole) and one.delays.whole else "-"),
    ("unanswered", _unanswered_share),
    ("hashtags", _first(lambda one: one.hashtags, "#")),
    ("links to", _first(lambda one: one.domains, "")),
    ("engagement a post", lambda one: "-" if one.engagement.a_post is None
        else pace(one.engagement.a_post)),
)  # fmt: skip


def _around_row(what: str) -> Callable[[Around | None], str]:
    def told(around: Around | None) -> str:
        for shift in around.shifts if around else ():
            if shift.what == what:
                before, after = both(shift)
                return f"{before} > {after}\nchance: {chance(shift)}"
        return "-"

    return told


_AROUND_ROWS = tuple((SHIFT_WORDS[what], _around_row(what)) for what in ("posts a day", "hours"))
