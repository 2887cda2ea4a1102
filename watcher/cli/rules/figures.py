"""Counts, bars and shares as `watcher rules` prints them, and posts below them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from alerts import DigestChannel
from alerts.routing.conditions import Finding
from alerts.routing.route import Router
from rules import KeywordRule, Rule
from rules.model import Post
from rules.tuning.quality import Quality
from watcher.cli.console import PRIVATE, count, marked, moment, safe, stdout
from watcher.cli.links import defused
from watcher.config import Config
from watcher.tuning.mails import mail_times
from watcher.tuning.trial import Channels, Found, Trial

DAYS = 14
"""The newest days with matches that are drawn."""
WIDEST = 30


def percent(share: float | None) -> str:
    """Return a share as a person reads it: `97.2 %`; a dash for none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def a_day(number: float) -> str:
    """Return a rate by the day, not more exactly than it is known: `12`, `1.4`, `0.03`."""
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.2g}"


def mails(number: float) -> str:
    """Return so many mails a day in words: `1 mail a day`, `0.5 mails a day`."""
    return f"{a_day(number)} {'mail' if number == 1 else 'mails'} a day"


def print_days(days: Counter[date]) -> None:
    """Draw the newest days with their numbers; say how many there are before."""
    most = max(days.values(), default=1)
    for day, number in sorted(days.items())[-DAYS:]:
        stdout().say(f"{day}  {'█' * max(1, round(WIDEST * number / most))} {number}")
    if len(days) > DAYS:
        stdout().note(f"and {count(len(days) - DAYS, 'day')} before")


def quality_lines(quality: Quality) -> list[str]:
    """Say precision, recall and their mean, with the counts they stand on."""
    found, relevant = quality.tp + quality.fp, quality.tp + quality.fn
    return [
        (
            f"{count(quality.judged, 'judged post')}: precision {percent(quality.precision)} "
            f"({quality.tp:,} of {found:,} found), recall {percent(quality.recall)} "
            f"({quality.tp:,} of {relevant:,} relevant), F1 {percent(quality.f1)}"
        ),
        f"tp {quality.tp:,}  fp {quality.fp:,}  fn {quality.fn:,}  tn {quality.tn:,}",
    ]


def quality_dict(quality: Quality) -> dict[str, Any]:
    """Return the same for a program; shares are None where nothing was judged."""
    return {
        "tp": quality.tp,
        "fp": quality.fp,
        "fn": quality.fn,
        "tn": quality.tn,
        "precision": quality.precision,
        "recall": quality.recall,
        "f1": quality.f1,
    }


def channels_told(config: Config, router: Router, rule: Rule) -> list[DigestChannel]:
    """Return the channels that tell what a rule finds: those that it or a route names."""
    to = router.reachable(rule.name, rule.then)
    return [one for one in config.channels if isinstance(one, DigestChannel) and one.name in to]


def ways(router: Router, rules: Iterable[KeywordRule]) -> Channels:
    """Return what says where a post goes that one of these rules found."""
    then = {rule.name: rule.then for rule in rules}
    return lambda rule, post: router.channels(Finding(rule=rule, post=post), then[rule])


def told_on(channel: DigestChannel, rule: KeywordRule, trial: Trial) -> list[datetime]:
    """Return which of the times a rule tells of on a channel."""
    brought = trial.brought.get(channel.name, Counter())
    return [when for when in told(rule, trial.told) if brought[when]]


def told(rule: KeywordRule, found: Mapping[datetime, int]) -> list[datetime]:
    """Return which of the times the rule tells of: it may keep silent for a while after each.

    `found` has for each time how many posts, without those that repeat others.
    """
    if rule.rate:
        return []  # alarms are told, not matches
    times: list[datetime] = []
    for when in sorted(when for when, number in found.items() if number):
        if not times or rule.silence is None or when - times[-1] >= rule.silence:
            times.append(when)
    return times


def mails_a_day(
    config: Config, channel: DigestChannel, found: Collection[datetime], days: int
) -> float:
    """Return how many mails a day posts found at these times would bring to a channel."""
    return len(mail_times(channel, found, config.timezone)) / max(1, days)


def mails_of_rule(
    config: Config, router: Router, rule: KeywordRule, trial: Trial, days: int
) -> dict[str, float]:
    """Return how many mails a day each channel of a rule would write, were the rule alone."""
    return {
        channel.name: mails_a_day(config, channel, told_on(channel, rule, trial), days)
        for channel in channels_told(config, router, rule)
    }


def copies_words(rule: KeywordRule, copies: int) -> str:
    """Say how many of the posts found `dedupe` keeps back."""
    verb = "repeats another and is" if copies == 1 else "repeat others and are"
    return f'{copies:,} of them {verb} not told (dedupe = "{rule.dedupe}")'


def mail_words(config: Config, router: Router, rule: KeywordRule, mails: dict[str, float]) -> str:
    """Say how many mails a day that makes, and to whom."""
    then = router.reachable(rule.name, rule.then)
    if not then:
        return "it tells nobody (then = [])"
    if rule.rate:
        return f"it tells alarms ({rule.rate.kind}) instead of posts: these are not foretold"
    if not mails:
        return f"it tells {', '.join(then)}, and no mail is written"
    to = {c.name: len(c.recipients) for c in config.channels if isinstance(c, DigestChannel)}
    return "mails a day: " + ", ".join(
        f"{name} {a_day(number)}" + (f" (to {to[name]} people)" if to[name] > 1 else "")
        for name, number in mails.items()
    )


def print_posts(found: Sequence[Found], zone: str, suspects: frozenset[str]) -> None:
    """Print posts with what matched marked, each below its time and author."""
    for one in found:
        post = one.post
        stdout().say("")
        head = f"{moment(post.posted_at, zone)}  @{safe(post.author.handle, 60)}"
        stdout().note(head)
        spans = one.match.spans if one.match else ()
        stdout().say(defused(marked(post.text, spans, 400), suspects))


def post_dict(found: Found) -> dict[str, Any]:
    """Return a sample for a program."""
    return {
        "key": found.post.key,
        "text": found.post.text,
        "spans": [list(span) for span in found.match.spans] if found.match else [],
        "reason": str(found.match.reason) if found.match else "",
    }


def span_words(days: Sequence[date]) -> str:
    """Say which days a figure stands on."""
    if not days:
        return "no day"
    return f"{count(len(days), 'day')} ({days[0]} to {days[-1]})" if len(days) > 1 else str(days[0])


def head_of(post: Post, zone: str) -> str:
    """Say when and by whom a post was written."""
    head = f"{moment(post.posted_at, zone)}  @{safe(post.author.handle, 60)}  {safe(post.key, 80)}"
    return f"{head}  {PRIVATE}" if post.private else head
