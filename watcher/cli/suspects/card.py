"""One suspect on one screen: what a person needs to judge it, as far as there is room."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from rules.lookalike.bands import band
from rules.model import Account, Verdict
from watcher.cli.console import Screen, count, moment, safe
from watcher.cli.links import defused
from watcher.cli.suspects.showing import weighed
from watcher.cli.suspects.sidebyside import comparisons
from watcher.cli.suspects.subject import called
from watcher.config import Config
from watcher.store import SuspectDetail, SuspectRecord

EVIDENCE = 3
"""Reasons shown, the strongest ones."""
POSTS = 3


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines that belong together; `rank` 0 is always shown, the others as long as they fit."""

    rank: int
    lines: tuple[Text, ...]

    def height(self, console: Console) -> int:
        return sum(max(1, len(line.wrap(console, console.width))) for line in self.lines)


def card(config: Config, detail: SuspectDetail, screen: Screen, room: int | None) -> list[Text]:
    """Return the lines about a suspect that fit in `room` lines (None: all) of the screen.

    The name most alike and the reason are there however small the room; then, as it allows, the
    other name, the account, its bio, its newest posts, and what raised and lowered the score.
    """
    parts = list(_parts(config, detail, screen))
    kept = [part for part in parts if part.rank == 0]
    taken = sum(part.height(screen.console) for part in kept)
    for part in sorted((one for one in parts if one.rank), key=lambda one: one.rank):
        height = part.height(screen.console)
        if room is None or taken + height <= room:
            kept.append(part)
            taken += height
    return [line for part in parts if part in kept for line in part.lines]


def _parts(config: Config, detail: SuspectDetail, screen: Screen) -> Iterator[_Part]:
    record = detail.record
    suspect, zone = record.suspect, config.timezone
    brand = f"   looks like {safe(suspect.brand, 40)}" if len(config.brands) > 1 else ""
    yield _Part(0, (Text.assemble((called(record), "bold"), brand),))
    techniques = f"   {', '.join(suspect.techniques)}" if suspect.techniques else ""
    yield _Part(0, (Text(f"score {suspect.score:.2f}, {band(suspect.score)}{techniques}"),))
    names = comparisons(config.brands, suspect, screen.console.width)
    for at, lines in enumerate(names):
        yield _Part(at, (Text(), *lines))
    reason = defused(safe(str(suspect.reason), 300), all_hosts=True)
    yield _Part(0, (Text(), *screen.hung("  ", reason)))
    for at, why in enumerate(suspect.evidence[:EVIDENCE]):
        said = defused(safe(str(why), 200), all_hosts=True)
        yield _Part(6 + at, tuple(screen.hung(f"  {weighed(why).strip()}: ", said)))
    yield _Part(3, (Text(),))
    if record.account:
        yield _Part(1, tuple(screen.hung("  ", _account(record.account, record))))
        if record.account.bio:
            bio = defused(safe(record.account.bio, 240), all_hosts=True)
            yield _Part(2, tuple(screen.hung("  ", bio)))
    seen = f"  {count(record.posts, 'post')}, first seen {moment(record.first_seen, zone)}"
    yield _Part(1, (Text(seen),))
    for at, post in enumerate(detail.posts[:POSTS]):
        by = f"@{safe(post.author.handle, 40)}: " if suspect.is_domain else ""
        told = defused(f"{by}{safe(post.text, 200)}", all_hosts=True)
        yield _Part(4 + 5 * at, tuple(screen.hung(f"    {moment(post.posted_at, zone)}  ", told)))
    yield from _said(detail, screen, zone)


def _account(account: Account, record: SuspectRecord) -> str:
    facts = [f"on {safe(account.network, 40)}"]
    if account.display_name:
        facts.insert(0, f"“{safe(account.display_name, 60)}”")
    if account.created:
        days = (record.first_seen - account.created).days
        young = f" ({count(days, 'day')} old when first seen)" if 0 <= days < 365 else ""
        facts.append(f"since {account.created:%Y-%m-%d}{young}")
    if account.followers is not None:
        facts.append(count(account.followers, "follower"))
    if account.bot:
        facts.append("a bot")
    if account.verified:
        facts.append("its network verified a link back")
    return ", ".join(facts)


def _said(detail: SuspectDetail, screen: Screen, zone: str) -> Iterator[_Part]:
    """What people said of it before, which must not be overlooked."""
    lines: list[Text] = []
    if detail.record.verdict != Verdict.OPEN:
        last = detail.verdicts[-1:]
        whom = f" by {safe(last[0].by, 40)}, {moment(last[0].at, zone)}" if last else ""
        lines.append(Text(f"  now {detail.record.verdict}{whom}"))
    notes: Sequence[tuple[str, str]] = [
        (one.by, one.note) for one in detail.history if one.note and one.note != TAKEN_BACK
    ]
    for by, note in notes[-2:]:
        lines += screen.hung(f"  note by {safe(by, 40)}: ", safe(note, 200))
    if lines:
        yield _Part(0, tuple(lines))


TAKEN_BACK = "taken back"
"""The note of a verdict that only restores what was before."""
