"""Evidence as tables for a spreadsheet, which must not take a stranger's name for a formula.

CSV has no escapes, and a spreadsheet is something to look at: what hides in a text is shown, no
address is a link, and a cell that would begin a formula begins with an apostrophe. JSON is exact.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rules.lookalike.bands import band
from watcher.evidence.model import Case, Evidence, fingerprint
from watcher.evidence.plain import line
from watcher.export.cells import defused
from watcher.store import SeenPost

SUSPECTS: Final = (
    "id", "subject", "name", "display_name", "brand", "rule", "score", "band", "techniques",
    "reason", "verdict", "posts", "first_seen", "last_seen", "url", "network", "account_id",
    "created", "followers", "bio",
)  # fmt: skip
POSTS: Final = (
    "suspect", "key", "author", "posted_at", "seen", "source", "url", "text", "links",
    "text_sha256",
)  # fmt: skip
LONGEST_CELL: Final = 30_000
"""Characters; spreadsheets take no more than 32,767."""


def suspects_csv(evidence: Evidence) -> str:
    """Return one line for each suspect, after a line of titles."""
    return _csv(SUSPECTS, (_suspect(case) for case in evidence.cases))


def posts_csv(evidence: Evidence) -> str:
    """Return one line for each copied post, after a line of titles."""
    return _csv(POSTS, (_post(case, copy) for case in evidence.cases for copy in case.posts))


def _csv(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(titles)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _suspect(case: Case) -> Sequence[Any]:
    record, suspect, account = case.record, case.record.suspect, case.record.account
    found = (
        record.id, suspect.subject, suspect.name, suspect.display_name, suspect.brand,
        suspect.rule, round(suspect.score, 4), band(suspect.score), ", ".join(suspect.techniques),
        suspect.reason, record.verdict, record.posts, record.first_seen.isoformat(),
        record.last_seen.isoformat(),
    )  # fmt: skip
    if account is None:
        return (*found, "", "", "", "", "", "")
    created = account.created.isoformat() if account.created else ""
    followers = "" if account.followers is None else account.followers
    # The key, since a spreadsheet would round an id of many digits.
    return (*found, account.url, account.network, account.key, created, followers, account.bio)


def _post(case: Case, copy: SeenPost) -> Sequence[Any]:
    post = copy.post
    return (
        case.record.id, post.key, post.author.handle, post.posted_at.isoformat(),
        copy.seen.isoformat(), post.source, post.url, post.text, " ".join(post.links),
        fingerprint(post),
    )  # fmt: skip


def _cell(value: Any) -> str:
    return defused(line(str(value), LONGEST_CELL))
