"""What is counted of accounts, as a person reads it: one account, or several side by side."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from rich.text import Text

from watcher.cli.charts import Paper, bars, heat, spark
from watcher.cli.console import PRIVATE, Screen, count, safe
from watcher.insights.account import (
    KINDS,
    AccountStatistics,
    Around,
    Counted,
    Delay,
    Kind,
    Shift,
)
from watcher.insights.model import Estimate

FEWEST = 20
"""Posts, below which nothing is said of habits."""
FEWEST_ANSWERS = 5
"""Answers, below which no delay is told by hour or weekday."""
_MONTHS = 24
_NAMES = 8
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS = tuple(str(hour) for hour in range(24))
_KIND_WORDS: dict[Kind, str] = {
    "original": "originals", "reply": "replies", "repost": "reposts", "quote": "quotes"
}  # fmt: skip


def one_account(
    one: AccountStatistics, screen: Screen, on: Paper, *, zone: str, around: date | None
) -> None:
    """Print all that is counted of one account; `zone` says whose clocks and why."""
    _head(one, screen, zone)
    if not one.posts:
        return
    _kinds(one, screen)
    _months(one, screen, on)
    if one.posts < FEWEST:
        screen.say("", f"{count(one.posts, 'post is', 'posts are')} too few to say when it posts.")
    else:
        _title(screen, "When it posts")
        screen.say(*heat(one.hours, rows=_WEEKDAYS, columns=_HOURS, on=on))
    _exchange(one, screen, on)
    _subjects(one, screen)
    _engagement(one, screen)
    if around:
        _shifts(one, one.around, around, screen)


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
        screen.say(*screen.hung(f"@{safe(one.account.handle, 40)}: ", _seen(one)))


def _head(one: AccountStatistics, screen: Screen, zone: str) -> None:
    account = one.account
    name = safe(account.display_name, 60)
    screen.say(Text(f"@{safe(account.handle, 60)}" + (f"  {name}" if name else ""), style="bold"))
    told = [account.network]
    if account.followers is not None:
        told.append(count(account.followers, "follower"))
    screen.say(*screen.hung("", f"{', '.join(told)}. {_seen(one)}"))
    if not one.posts:
        screen.say("Nothing by it is stored in this stretch of time." if one.seen.stored
                   else "Nothing by it is stored: there is nothing to count.")  # fmt: skip
        return
    first, last = _days(one)
    length = (last - first).days + 1
    a_day = f", {_pace(one.posts / length)} a day" if length > 1 and one.posts >= FEWEST else ""
    screen.say(
        *screen.hung("", f"{count(one.posts, 'post')} counted from {first} to {last}{a_day}."),
        *screen.hung("", f"Clocks: {safe(zone, 80)}."),
    )


def _seen(one: AccountStatistics) -> str:
    """Say how much of what the account wrote is stored."""
    seen = one.seen
    since = f" since {seen.oldest.astimezone(one.zone):%B %Y}" if seen.oldest else ""
    if seen.total == seen.stored and seen.stored > 1:
        words = f"All its {seen.stored:,} posts are stored{since}"
    elif seen.total is not None and seen.total > seen.stored:
        words = f"{seen.stored:,} of about {count(seen.total, 'post')} are stored{since}"
    else:
        words = f"{count(seen.stored, 'post is', 'posts are')} stored{since}"
    if seen.fetched is None:
        return f"{words}; its history was not fetched, so what it wrote beside is unknown."
    if seen.exhausted:
        return f"{words}; the network shows no more."
    if seen.whole_since:
        day = seen.whole_since.astimezone(one.zone).date()
        return f"{words}; what is older than {day} was not fetched yet."
    return f"{words}; its history was not fetched to the end."


def _days(one: AccountStatistics) -> tuple[date, date]:
    period = one.period
    return period.day_of(period.since), period.day_of(period.until - timedelta(microseconds=1))


def _title(screen: Screen, words: str) -> None:
    screen.say("", Text(words, style="bold"))


def _kinds(one: AccountStatistics, screen: Screen) -> None:
    _title(screen, "What it posts")
    rows = []
    for kind in KINDS:
        number = one.kinds.of(kind)
        told = f"{number:>7,}"
        if number and one.posts >= FEWEST:
            told += f"  {_share(one.kinds.share(kind))}"
        if kind == "reply" and one.kinds.threads:
            told += f"  {one.kinds.threads:,} of them to itself"
        rows.append((_KIND_WORDS[kind], told))
    screen.pairs(rows)


def _months(one: AccountStatistics, screen: Screen, on: Paper) -> None:
    if len(one.months) < 2:
        return
    _title(screen, "Posts a month")
    if len(one.months) > _MONTHS:
        line = spark([month.posts for month in one.months], on=on)
        first, last = one.months[0].first, one.months[-1].first
        screen.say(line, f"{first:%Y-%m} to {last:%Y-%m}; the last {_MONTHS} months:")
    rows = [
        (f"{month.first:%Y-%m}{'' if month.whole else '*'}", month.posts)
        for month in one.months[-_MONTHS:]
    ]
    screen.say(*bars(rows, on=on))
    if any(not month.whole for month in one.months[-_MONTHS:]):
        screen.note("* not the whole month was counted")


def _exchange(one: AccountStatistics, screen: Screen, on: Paper) -> None:
    _title(screen, "Whom it speaks with")
    rows = []
    if one.answers:
        rows.append(("answers", _names(one.answers, "@")))
    if one.answered_by:
        rows.append(("answered by", _names(one.answered_by, "@")))
    addressed = one.addressed
    if addressed.posts:
        rows.append(("spoken to", _spoken_to(one)))
        rows.append(("unanswered", _unanswered(one)))
    delay = one.delays.whole
    if delay:
        rows.append(("answer delay", _delay_words(delay)))
    if not rows:
        screen.say("  No stored post answers it, names it, or is answered by it.")
        return
    if delay and delay.answers >= FEWEST:
        rows += _delays(one, on)
    screen.pairs(rows)
    if one.delays.unknown:
        answers = count(one.delays.unknown, "answer")
        screen.note(f"  {answers} of its own: what they answer is not stored, so no delay is known")


def _delays(one: AccountStatistics, on: Paper) -> list[tuple[str, str]]:
    """Return the median delay by hour and weekday, where there are enough answers."""
    delays = one.delays
    known = [_enough(delay) for delay in delays.hours]
    rows = []
    slow = [(d.median, hour) for hour, d in enumerate(known) if d]
    if slow:
        (best, early), (worst, late) = min(slow), max(slow)
        line = spark([d.median.total_seconds() if d else None for d in known], on=on)
        rows.append(("  asked at", f"{line}  0 h to 23 h"))
        ends = f"fastest {early} h ({_length(best)}), slowest {late} h ({_length(worst)})"
        rows.append(("", ends))
    days = [
        f"{name} {_length(d.median)}"
        for name, d in zip(_WEEKDAYS, map(_enough, delays.weekdays), strict=True)
        if d
    ]
    if days:
        rows.append(("  asked on", ", ".join(days)))
    return rows


def _enough(delay: Delay | None) -> Delay | None:
    return delay if delay and delay.answers >= FEWEST_ANSWERS else None


def _spoken_to(one: AccountStatistics) -> str:
    a = one.addressed
    people = count(a.authors, "author")
    return f"{count(a.mentions, 'mention')} and {count(a.replies, 'reply', 'replies')} by {people}"


def _unanswered(one: AccountStatistics) -> str:
    a = one.addressed
    without = a.posts - a.mentions_answered - a.replies_answered
    told = f"{without:,} of {a.posts:,}"
    if a.posts >= FEWEST:
        told += f", {_share(a.unanswered)}"
    return f"{told}, as far as its answers are stored"


def _delay_words(delay: Delay) -> str:
    told = f"median {_length(delay.median)}"
    if delay.answers >= FEWEST_ANSWERS:
        told += f", nine of ten within {_length(delay.p90)}"
    return f"{told} ({count(delay.answers, 'post')} answered)"


def _subjects(one: AccountStatistics, screen: Screen) -> None:
    rows = []
    if one.hashtags:
        rows.append(("hashtags", _names(one.hashtags, "#")))
    if one.domains:
        rows.append(("links to", _names(one.domains, "")))
    if any(language.name for language in one.languages):
        rows.append(("languages", _languages(one)))
    if rows:
        _title(screen, "What it writes of (reposts left out)")
        screen.pairs(rows)


def _languages(one: AccountStatistics) -> str:
    return ", ".join(
        f"{safe(language.name, 20) or 'not stated'} {language.posts:,}"
        for language in one.languages[:_NAMES]
    )


def _engagement(one: AccountStatistics, screen: Screen) -> None:
    found = one.engagement
    if not found.posts:
        return
    _title(screen, "What others did with it")
    told = f"{found.likes:,} likes, {found.reposts:,} reposts, {found.replies:,} replies"
    mean = f"{_pace(found.a_post or 0)} a post" if found.posts > 1 else ""
    screen.say(*screen.hung("  ", ", ".join(filter(None, (told, mean)))))
    for top in found.top:
        if not top.engagement:
            continue
        when = top.post.posted_at.astimezone(one.zone)
        mark = f"{PRIVATE} " if top.post.private else ""
        lead = f"  {top.engagement:>7,}  {when:%Y-%m-%d}  "
        screen.say(*screen.hung(lead, mark + safe(top.post.text, 160)))


def _shifts(one: AccountStatistics, around: Around | None, day: date, screen: Screen) -> None:
    _title(screen, f"Before {day} and from then on")
    if around is None:
        screen.say("  What was counted lies on one side of that day: there is nothing to compare.")
        return
    rows = [
        [_SHIFT_WORDS[shift.what], *_both(shift), _chance(shift)]
        for shift in around.shifts
        if shift.before or shift.after
    ]
    screen.table(["", "before", "from then on", "may it be chance?"], rows)
    if one.seen.whole_since is None or one.seen.whole_since > one.period.since:
        screen.note("Posts that were never read look like silence: --fetch reads them first.")


_SHIFT_WORDS: dict[str, str] = {
    "posts a day": "posts a day",
    "hours": "busiest 3 hours",
    **{kind: f"share of {words}" for kind, words in _KIND_WORDS.items()},
}


def _both(shift: Shift) -> tuple[str, str]:
    write: Callable[[float], str] = {"posts a day": _pace, "hours": _three_hours}.get(
        shift.what, _percent
    )
    return write(shift.before), write(shift.after)


def _three_hours(hour: float) -> str:
    return f"{int(hour)} h to {(int(hour) + 3) % 24} h"


def _chance(shift: Shift) -> str:
    if shift.chance is None:
        return "too few days to say"
    if shift.is_real:
        return "hardly"
    return "perhaps" if shift.chance < 0.1 else "yes"


def _names(some: Sequence[Counted], sign: str) -> str:
    return ", ".join(f"{sign}{safe(one.name, 60)} {one.posts:,}" for one in some[:_NAMES])


def _percent(part: float) -> str:
    return f"{part * 100:.0f} %"


def _share(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    low, high = (round(one * 100) for one in (estimate.low, estimate.high))
    return f"{_percent(estimate.value)} ({low}-{high})"


def _pace(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def _length(length: timedelta) -> str:
    seconds = length.total_seconds()
    for unit, size, most in (("s", 1, 100), ("min", 60, 100), ("h", 3600, 49)):
        if seconds / size < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"


def _by_hour(one: AccountStatistics) -> list[float]:
    return [float(sum(row[hour] for row in one.hours)) for hour in range(24)]


def _posts_a_day(one: AccountStatistics) -> str:
    if not one.posts:
        return "-"
    first, last = _days(one)
    return _pace(one.posts / ((last - first).days + 1))


def _stretch(one: AccountStatistics) -> str:
    if not one.posts:
        return "-"
    first, last = _days(one)
    return f"{first} to\n{last}"


def _kind_row(kind: Kind) -> Callable[[AccountStatistics], str]:
    return lambda one: (
        _share(one.kinds.share(kind))
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
    return _share(a.unanswered)


_ROWS: tuple[tuple[str, Callable[[AccountStatistics], str]], ...] = (
    ("followers", lambda one: "-" if one.account.followers is None
        else f"{one.account.followers:,}"),
    ("counted", _stretch),
    ("posts", lambda one: f"{one.posts:,}"),
    ("a day", _posts_a_day),
    *((_KIND_WORDS[kind], _kind_row(kind)) for kind in KINDS),
    ("answers", _first(lambda one: one.answers, "@")),
    ("answered by", _first(lambda one: one.answered_by, "@")),
    ("median delay", lambda one: _length(one.delays.whole.median) if one.delays.whole else "-"),
    ("nine of ten within", lambda one: _length(one.delays.whole.p90)
        if _enough(one.delays.whole) and one.delays.whole else "-"),
    ("unanswered", _unanswered_share),
    ("hashtags", _first(lambda one: one.hashtags, "#")),
    ("links to", _first(lambda one: one.domains, "")),
    ("engagement a post", lambda one: "-" if one.engagement.a_post is None
        else _pace(one.engagement.a_post)),
)  # fmt: skip


def _around_row(what: str) -> Callable[[Around | None], str]:
    def told(around: Around | None) -> str:
        for shift in around.shifts if around else ():
            if shift.what == what:
                before, after = _both(shift)
                return f"{before} > {after}\nchance: {_chance(shift)}"
        return "-"

    return told


_AROUND_ROWS = tuple((_SHIFT_WORDS[what], _around_row(what)) for what in ("posts a day", "hours"))
