"""What becomes of a finding: a new suspect, one brought up to date, or one that returns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from rules.lookalike.changes import Change, changes
from rules.lookalike.reasons import REASONS, reason
from rules.metadata import fold_domain
from rules.model import Post, Suspect, Verdict
from watcher.store.columns import storable, storable_key
from watcher.store.database import insert as insert_or
from watcher.store.kept_out import forgotten_subjects
from watcher.store.records import Batch, SuspectEvent
from watcher.store.schema import accounts, posts, sightings, suspect_events, suspects

_CHUNK = 500
DOMAIN = "domain:"
_LEAST = 0.005
"""A score that moved by less did not move."""
_LASTING = ("answers", "posts")
_TOLD_OF_BIO = {REASONS[kind] for kind in ("copied-bio", "dropped-bio")}
_TOLD_OF_AVATAR = {REASONS[kind] for kind in ("copied-avatar", "dropped-avatar")}


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """A suspect that channels are to be told of."""

    suspect: int
    rule: str
    subject: str
    event: int | None = None
    """The first event that is news about a suspect known before; None for a new one."""


def raise_suspects(
    connection: Connection,
    found: Sequence[Suspect],
    now: datetime,
    *,
    faint: Sequence[Suspect] = (),
) -> list[News]:
    """Insert suspects not known yet, bring the others up to date; return what is to be told.

    `faint` are findings that raise nobody: only suspects known already are brought up to date by
    them. Of several findings about one subject the highest score stands.

    - An open suspect takes on what was found, and an event tells each change.
    - A confirmed one does so when something about it changed, and that is told.
    - One that was dismissed, or is a parody, keeps what it was judged on, and is only seen again;
      when something material changed since, it is opened again, and told with what changed.
    - One of ours is only seen again.
    """
    raising = {storable_key(suspect.subject) for suspect in found}
    best: dict[str, Suspect] = {}
    for suspect in sorted((*found, *faint), key=lambda one: -one.score):
        best.setdefault(storable_key(suspect.subject), suspect)
    for subject in forgotten_subjects(connection, list(best)):
        del best[subject]
    known = _known(connection, list(best))
    news = []
    for subject, suspect in best.items():
        row = known.get(subject)
        if row is not None:
            told = _refresh(connection, row, suspect, now)
        elif subject in raising:
            told = News(
                suspect=_insert(connection, suspect, now),
                rule=suspect.rule,
                subject=suspect.subject,
            )
        else:
            continue
        if told is not None:
            news.append(told)
    return news


def _known(connection: Connection, subjects: Sequence[str]) -> dict[str, Row[Any]]:
    known: dict[str, Row[Any]] = {}
    for start in range(0, len(subjects), _CHUNK):
        query = (
            select(
                suspects,
                accounts.c.bio.label("bio_now"),
                accounts.c.avatar.label("avatar_now"),
            )
            .select_from(suspects.outerjoin(accounts, suspects.c.account == accounts.c.row))
            .where(suspects.c.subject.in_(subjects[start : start + _CHUNK]))
        )
        known |= {row.subject: row for row in connection.execute(query)}
    return known


def _refresh(connection: Connection, row: Row[Any], found: Suspect, now: datetime) -> News | None:
    """Bring a suspect up to date as its verdict allows; return what is to be told of it."""
    verdict = Verdict(row.verdict)
    before = suspect_from(row)
    if found.is_domain and found.score < before.score and found.signs == before.signs:
        found = before  # another of its hosts, less alike than the one that it was found by
    found = _with_lasting(found, before)
    new = [] if verdict is Verdict.OURS else _changes(row, before, _stored(found))
    material = next((change for change in new if change.material), None)
    values: dict[str, Any] = {"last_seen": now}
    events: list[SuspectEvent] = []
    if verdict is Verdict.OPEN:
        values |= _present(row, found)
        events = _events(new, before, found, now) or _rescored(before, found, now)
    elif verdict is Verdict.CONFIRMED and new:
        values |= _present(row, found)
        events = _events(new, before, found, now)
    elif verdict in (Verdict.DISMISSED, Verdict.PARODY) and material is not None:
        values |= _present(row, found) | {"verdict": Verdict.OPEN.value}
        events = _events(new, before, found, now)
        events[new.index(material)] = replace(events[new.index(material)], kind="returned")
    elif row.likeness is None and found.likeness is not None:
        # Judged when none of this was kept: what holds now is taken for what was judged.
        kept = _present(row, found)
        values |= {name: kept[name] for name in ("likeness", "signs", "bio", "avatar")}
    connection.execute(update(suspects).where(suspects.c.id == row.id).values(values))
    rows = [write_event(connection, row.id, event) for event in events]
    if not rows or verdict is Verdict.OPEN:
        return None
    return News(suspect=row.id, rule=found.rule, subject=found.subject, event=rows[0])


def _with_lasting(found: Suspect, before: Suspect) -> Suspect:
    """Return a finding with what an account did once, though its newest posts show no more of it.

    It is news once, however often its posts bring it back into view.
    """
    lasting = [sign for sign in before.signs if sign in _LASTING and sign not in found.signs]
    return replace(found, signs=(*found.signs, *lasting)) if lasting else found


def _changes(row: Row[Any], before: Suspect, after: Suspect) -> list[Change]:
    """Return what is new about a suspect, the look of its account included."""
    found = list(changes(before, after))
    told = {change.why.template for change in found}
    for was, now, kind, said in (
        (row.bio, row.bio_now, "bio-changed", _TOLD_OF_BIO),
        (row.avatar, row.avatar_now, "avatar-changed", _TOLD_OF_AVATAR),
    ):
        if was is not None and now is not None and was != now and told.isdisjoint(said):
            found.append(Change(kind="changed", why=reason(kind)))
    return found


def _events(
    new: Sequence[Change], before: Suspect, after: Suspect, now: datetime
) -> list[SuspectEvent]:
    return [
        SuspectEvent(
            at=now, kind=change.kind, what=change.why, score=after.score, before=before.score
        )
        for change in new
    ]


def _rescored(before: Suspect, after: Suspect, now: datetime) -> list[SuspectEvent]:
    """Return the event of a score that moved though nothing about the suspect changed."""
    if abs(before.score - after.score) < _LEAST:
        return []
    why = reason("examined-anew")
    return [SuspectEvent(at=now, kind="rescored", what=why, score=after.score, before=before.score)]


def _stored(suspect: Suspect) -> Suspect:
    """Return a finding with its names as they would be read back, to be compared with a row."""
    return replace(
        suspect, name=storable(suspect.name), display_name=storable(suspect.display_name)
    )


def _present(row: Row[Any], suspect: Suspect) -> dict[str, Any]:
    return _finding(suspect) | {"bio": row.bio_now, "avatar": row.avatar_now}


def _finding(suspect: Suspect) -> dict[str, Any]:
    return {
        "name": suspect.name,
        "display_name": suspect.display_name,
        "brand": suspect.brand,
        "rule": suspect.rule,
        "score": suspect.score,
        "techniques": suspect.techniques,
        "reason": suspect.reason,
        "evidence": suspect.evidence,
        "likeness": suspect.likeness,
        "signs": suspect.signs,
    }


def _insert(connection: Connection, suspect: Suspect, now: datetime) -> int:
    account: dict[str, Any] = {"account": None, "bio": None, "avatar": None}
    if not suspect.is_domain:
        network, _, native = suspect.subject.partition(":")
        query = select(accounts.c.row, accounts.c.bio, accounts.c.avatar).where(
            accounts.c.network == network, accounts.c.id == native
        )
        if (stored := connection.execute(query).first()) is not None:
            account = {"account": stored.row, "bio": stored.bio, "avatar": stored.avatar}
    values = _finding(suspect) | account
    values |= {
        "subject": suspect.subject,
        "verdict": Verdict.OPEN.value,
        "first_seen": now,
        "last_seen": now,
    }
    made = connection.execute(insert(suspects).returning(suspects.c.id), values)
    row = int(made.scalar_one())
    raised = SuspectEvent(at=now, kind="raised", what=suspect.reason, score=suspect.score)
    write_event(connection, row, raised)
    return row


def write_event(connection: Connection, suspect: int, event: SuspectEvent) -> int:
    """Add a line to a suspect's history; return its row."""
    values = {
        "suspect": suspect,
        "at": event.at,
        "kind": event.kind,
        "what": event.what,
        "score": event.score,
        "before": event.before,
        "by": event.by,
        "note": event.note,
        "verdict": None if event.verdict is None else event.verdict.value,
    }
    made = connection.execute(insert(suspect_events).returning(suspect_events.c.row), values)
    return int(made.scalar_one())


def suspect_from(row: Row[Any]) -> Suspect:
    """Build a suspect from a row with the columns of `suspects`."""
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return Suspect(
        subject=fields[suspects.c.subject],
        name=fields[suspects.c.name],
        display_name=fields[suspects.c.display_name],
        brand=fields[suspects.c.brand],
        rule=fields[suspects.c.rule],
        score=fields[suspects.c.score],
        techniques=fields[suspects.c.techniques],
        reason=fields[suspects.c.reason],
        evidence=fields[suspects.c.evidence],
        likeness=fields[suspects.c.likeness],
        signs=fields[suspects.c.signs] or (),
    )


def note_sightings(connection: Connection, found: Sequence[Suspect], batch: Batch) -> None:
    """Keep which posts of a batch link to the suspect domains among `found`."""
    domains = {one.subject.removeprefix(DOMAIN): one.subject for one in found if one.is_domain}
    if not domains:
        return
    known = _known(connection, [storable_key(subject) for subject in domains.values()])
    ids = {domain: known[key].id for domain, subject in domains.items()
           if (key := storable_key(subject)) in known}  # fmt: skip
    rows = [
        {"suspect": ids[domain], "rid": rid}
        for post, rid in zip(batch.posts, batch.rids, strict=True)
        for domain in linked_domains(post) & ids.keys()
    ]
    there: set[int] = set()  # some may have left since the batch was read
    linking = sorted({row["rid"] for row in rows})
    for start in range(0, len(linking), _CHUNK):
        some = posts.c.rid.in_(linking[start : start + _CHUNK])
        there.update(connection.execute(select(posts.c.rid).where(some)).scalars())
    rows = [row for row in rows if row["rid"] in there]
    if rows:
        connection.execute(insert_or(connection, sightings).on_conflict_do_nothing(), rows)


def linked_domains(post: Post) -> set[str]:
    """Return every domain, and domain above it, that the post's links lead to, in ASCII form."""
    found: set[str] = set()
    for link in post.links:
        labels = fold_domain(link).split(".")
        found.update(".".join(labels[start:]) for start in range(len(labels) - 1))
    return found
