"""`watcher suspects show`: all that is known about one suspect."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

import click
from rich.text import Text

from rules.lookalike.bands import band
from rules.lookalike.hosts import host_of
from rules.model import Account, Post, Reason
from watcher.cli import Settings
from watcher.cli.console import count, moment, print_json, safe, stdout
from watcher.cli.links import defanged, defused
from watcher.cli.names import NUMBER
from watcher.cli.suspects.data import detail_dict
from watcher.cli.suspects.history import told
from watcher.cli.suspects.sidebyside import compared
from watcher.cli.suspects.subject import called
from watcher.config import Config
from watcher.store import Store, SuspectDetail, SuspectRecord

MUCH, LITTLE = 3.0, 1.0
"""Log-odds from which on a reason counts much, and below which it counts little."""
YOUNG = 365
"""Days up to which it is worth saying how old an account was."""
POSTS = 5
DOMAINS = 10
HISTORY = 50
"""Lines of the history, the newest: whoever changes a name every hour fills no screen."""


@click.command()
@click.argument("suspect_id", metavar="ID", type=NUMBER)
@click.option(
    "--posts",
    type=click.IntRange(0, 20),
    default=POSTS,
    show_default=True,
    help="At most so many of its newest posts.",
)
@click.option("--json", "json_", is_flag=True, help="Print JSON for a program to read.")
@click.pass_obj
def show(settings: Settings, suspect_id: int, posts: int, json_: bool) -> None:
    """Show everything known about one suspect.

    Both names with what differs between them, why it is a suspect, the account, its posts, where
    these lead, and all that has happened to it.
    """
    with settings.opened() as (config, store):
        detail = store.suspect(suspect_id)
        if json_:
            print_json(detail_dict(detail))
            return
        print_detail(config, store, detail, posts)


def print_detail(config: Config, store: Store, detail: SuspectDetail, posts: int = POSTS) -> None:
    """Print both names, the reasons, the account's facts, its posts and its history."""
    screen, record = stdout(), detail.record
    suspect = record.suspect
    screen.say(
        f"{called(record)} looks like {safe(suspect.brand, 80)}",
        Text.assemble(
            "score ", (f"{suspect.score:.2f}, {band(suspect.score)}", "bold"),
            f"   {', '.join(suspect.techniques)}   ", (str(record.verdict), "bold"),
        ),
        "",
        *compared(config.brands, suspect, screen.console.width),
        "",
        defused(safe(str(suspect.reason)), all_hosts=True),
    )  # fmt: skip
    screen.pairs(
        [(weighed(why), defused(safe(str(why)), all_hosts=True)) for why in suspect.evidence]
    )
    if record.account:
        screen.say("", "account")
        screen.pairs(account_facts(record.account, record.first_seen))
    elif (ascii_ := suspect.subject.partition(":")[2]) != suspect.name:
        screen.say("", f"in links it is written {defanged(safe(ascii_, 200))}")
    seen = moment(record.first_seen, config.timezone)
    last = moment(record.last_seen, config.timezone)
    screen.say("", f"{count(record.posts, 'post')}, first seen {seen}, last seen {last}")
    screen.pairs(
        [
            (moment(post.posted_at, config.timezone), _told(post, record))
            for post in detail.posts[:posts]
        ]
    )
    if record.posts > posts:
        screen.note(f"  and {record.posts - min(posts, len(detail.posts)):,} more")
    _print_domains(store, detail)
    screen.say("", "history")
    at = partial(moment, zone=config.timezone)
    lines = told(detail)
    if len(lines) > HISTORY:
        screen.note(f"  {len(lines) - HISTORY:,} lines before these: --json shows them")
    screen.pairs([(at(when), line) for when, line in lines[-HISTORY:]])


def weighed(why: Reason) -> str:
    """Return in words, and in log-odds, how a reason moved the score."""
    if not why.weight:
        return "-"
    word = "raised it" if why.weight > 0 else "lowered it"
    size = abs(why.weight)
    how = " much" if size >= MUCH else " a little" if size < LITTLE else ""
    return f"{why.weight:+5.1f} {word}{how}"


def account_facts(account: Account, first_seen: datetime) -> list[tuple[str, str | Text]]:
    """Return what an account says of itself, and what its network does."""
    facts: list[tuple[str, str | Text]] = []
    if account.display_name:
        facts.append(("name", f'"{safe(account.display_name, 100)}"'))
    facts.append(("network", safe(account.network, 40)))
    if account.created:
        days = (first_seen - account.created).days
        young = f", {count(days, 'day')} old when first seen" if 0 <= days < YOUNG else ""
        facts.append(("since", f"{account.created:%Y-%m-%d}{young}"))
    numbers = [
        told
        for number, told in (
            (account.followers, count(account.followers or 0, "follower")),
            (account.following, f"{account.following or 0:,} following"),
        )
        if number is not None
    ]
    if numbers:
        facts.append(("audience", ", ".join(numbers)))
    if account.bio:
        facts.append(("bio", defused(safe(account.bio, 300), all_hosts=True)))
    if account.url:
        facts.append(("address", defanged(safe(account.url, 200))))
    facts += [
        ("verified", f"{defanged(safe(address, 200))} links back to it")
        for address in account.verified[:5]
    ]
    marks = [
        word
        for is_so, word in (
            (account.bot, "a bot"),
            (account.locked, "locked"),
            (account.discoverable is False, "not to be found by search"),
        )
        if is_so
    ]
    if marks:
        facts.append(("marked as", ", ".join(marks)))
    return facts


def _told(post: Post, record: SuspectRecord) -> Text:
    by = f"@{safe(post.author.handle, 40)}: " if record.suspect.is_domain else ""
    return defused(f"{by}{safe(post.text, 280)}", all_hosts=True)


def linked(posts: Sequence[Post]) -> Counter[str]:
    """Return the registrable domains that posts lead to, ASCII form, with the number of posts."""
    found: Counter[str] = Counter()
    for post in posts:
        found.update({host.registrable for link in post.links if (host := host_of(link))})
    return found


def _print_domains(store: Store, detail: SuspectDetail) -> None:
    own = detail.record.suspect.subject
    domains = linked(detail.posts)
    known = {
        other.suspect.subject.removeprefix("domain:"): other
        for other in (store.suspects(kind="domain", limit=10**9) if domains else ())
        if other.suspect.subject != own
    }
    rows = list(_domain_rows(domains, known, own.removeprefix("domain:")))
    if not rows:
        return
    screen = stdout()
    whose = f"its newest {len(detail.posts)}" if detail.record.posts > len(detail.posts) else "its"
    beside = "" if detail.record.account else " beside it"
    screen.say("", f"{whose} posts lead{beside} to")
    screen.pairs(rows[:DOMAINS])
    if len(rows) > DOMAINS:
        screen.note(f"  and {count(len(rows) - DOMAINS, 'more domain')}")


def _domain_rows(
    domains: Counter[str], known: Mapping[str, SuspectRecord], own: str
) -> Iterable[tuple[str, str]]:
    for domain, number in domains.most_common():
        if domain == own:
            continue
        record = known.get(domain)
        about = (
            f", suspect {record.id}: {band(record.suspect.score)} {record.suspect.score:.2f}, "
            f"{record.verdict}"
            if record
            else ""
        )
        yield defanged(safe(domain, 80)), count(number, "post") + about
