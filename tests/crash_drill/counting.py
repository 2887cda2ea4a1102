"""Counts at the inbox what became of what was written, and asks the store what is left undone."""

from dataclasses import dataclass

from tests.crash_drill.post_office import GONE, PostOffice
from tests.crash_drill.watched_town import RECIPIENTS, Watcher, remarks
from watcher.search import FolderIndex
from watcher.store import Store


@dataclass(frozen=True)
class Report:
    """What a scenario counted."""

    crashes: int
    """Kills, restarts of the database server, and connections lost after a message was taken."""
    posts: int
    mails: int
    lost: int
    """Posts that a recipient was never told of, the parked mails' contents not counted as lost."""
    extra_copies: int
    third_copies: int
    differing: int
    parked: int
    """Mails with two uncertain attempts, which wait for a person."""
    put_off: int
    """Answers 4xx, each of which had to be followed by another attempt."""
    refused: int
    """Answers 5xx."""
    unmatched: int
    unindexed: int
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether the promise held."""
        return (
            self.lost == self.third_copies == self.differing == 0
            and self.unmatched == self.unindexed == 0
            and self.extra_copies <= self.crashes
        )


def count(crashes: int, posts: int, office: PostOffice, watcher: Watcher, seconds: float) -> Report:
    """Count what arrived, with what the store says is parked; `crashes` without the office's."""
    told: dict[str, set[int]] = {recipient: set() for recipient in RECIPIENTS}
    for recipient, octets in office.mails:
        told[recipient] |= remarks(octets)
    store = Store.open(watcher.store)
    parked = [one for one in store.deliveries(limit=1_000_000) if one.state == "parked"]
    for one in parked:
        if one.recipient != GONE:
            told[one.recipient] |= remarks(store.delivery(one.id).payload)
    index = FolderIndex.open(watcher.folder / "data" / "index")
    index.catch_up(store)
    copies = office.copies()
    report = Report(
        crashes=crashes + office.hung_up,
        posts=posts,
        mails=len(office.mails),
        lost=sum(len(set(range(posts)) - known) for known in told.values()),
        extra_copies=sum(copies.values()) - len(copies),
        third_copies=sum(1 for number in copies.values() if number > 2),
        differing=len(office.differing()),
        parked=len(parked),
        put_off=office.put_off,
        refused=office.refused,
        unmatched=store.status().unmatched,
        unindexed=store.count_posts() - index.documents(),
        seconds=round(seconds, 1),
    )
    index.close()
    store.close()
    return report
