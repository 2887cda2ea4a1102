"""What is counted of one account, as a person reads it."""

from collections.abc import Sequence
from datetime import date

from rich.text import Text

from watcher.cli.account_words import (
    FEWEST,
    FEWEST_ANSWERS,
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
from watcher.cli.charts import Paper, bars, heat, spark
from watcher.cli.console import PRIVATE, Screen, count, safe
from watcher.insights.account import (
    KINDS,
    AccountStatistics,
    Around,
    Counted,
    Delay,
)

_MONTHS = 24
_NAMES = 8
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS = tuple(str(hour) for hour in range(24))


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


def _head(one: AccountStatistics, screen: Screen, zone: str) -> None:
    account = one.account
    name = safe(account.display_name, 60)
    screen.say(Text(f"@{safe(account.handle, 60)}" + (f"  {name}" if name else ""), style="bold"))
    told = [account.network]
    if account.followers is not None:
        told.append(count(account.followers, "follower"))
    screen.say(*screen.hung("", f"{', '.join(told)}. {seen(one)}"))
    if not one.posts:
        screen.say("Nothing by it is stored in this stretch of time." if one.seen.stored
                   else "Nothing by it is stored: there is nothing to count.")  # fmt: skip
        return
    first, last = counted_days(one)
    length = (last - first).days + 1
    a_day = f", {pace(one.posts / length)} a day" if length > 1 and one.posts >= FEWEST else ""
    screen.say(
        *screen.hung("", f"{count(one.posts, 'post')} counted from {first} to {last}{a_day}."),
        *screen.hung("", f"Clocks: {safe(zone, 80)}."),
    )


def _title(screen: Screen, words: str) -> None:
    screen.say("", Text(words, style="bold"))


def _kinds(one: AccountStatistics, screen: Screen) -> None:
    _title(screen, "What it posts")
    rows = []
    for kind in KINDS:
        number = one.kinds.of(kind)
        told = f"{number:>7,}"
        if number and one.posts >= FEWEST:
            told += f"  {share(one.kinds.share(kind))}"
        if kind == "reply" and one.kinds.threads:
            told += f"  {one.kinds.threads:,} of them to itself"
        rows.append((KIND_WORDS[kind], told))
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
    known = [enough(delay) for delay in delays.hours]
    rows = []
    slow = [(d.median, hour) for hour, d in enumerate(known) if d]
    if slow:
        (best, early), (worst, late) = min(slow), max(slow)
        line = spark([d.median.total_seconds() if d else None for d in known], on=on)
        rows.append(("  asked at", f"{line}  0 h to 23 h"))
        ends = f"fastest {early} h ({lasting(best)}), slowest {late} h ({lasting(worst)})"
        rows.append(("", ends))
    days = [
        f"{name} {lasting(d.median)}"
        for name, d in zip(_WEEKDAYS, map(enough, delays.weekdays), strict=True)
        if d
    ]
    if days:
        rows.append(("  asked on", ", ".join(days)))
    return rows


def _spoken_to(one: AccountStatistics) -> str:
    a = one.addressed
    people = count(a.authors, "author")
    return f"{count(a.mentions, 'mention')} and {count(a.replies, 'reply', 'replies')} by {people}"


def _unanswered(one: AccountStatistics) -> str:
    a = one.addressed
    without = a.posts - a.mentions_answered - a.replies_answered
    told = f"{without:,} of {a.posts:,}"
    if a.posts >= FEWEST:
        told += f", {share(a.unanswered)}"
    return f"{told}, as far as its answers are stored"


def _delay_words(delay: Delay) -> str:
    told = f"median {lasting(delay.median)}"
    if delay.answers >= FEWEST_ANSWERS:
        told += f", nine of ten within {lasting(delay.p90)}"
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
    mean = f"{pace(found.a_post or 0)} a post" if found.posts > 1 else ""
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
        [SHIFT_WORDS[shift.what], *both(shift), chance(shift)]
        for shift in around.shifts
        if shift.before or shift.after
    ]
    screen.table(["", "before", "from then on", "may it be chance?"], rows)
    if one.seen.whole_since is None or one.seen.whole_since > one.period.since:
        screen.note("Posts that were never read look like silence: --fetch reads them first.")


def _names(some: Sequence[Counted], sign: str) -> str:
    return ", ".join(f"{sign}{safe(one.name, 60)} {one.posts:,}" for one in some[:_NAMES])
