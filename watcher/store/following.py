"""How fast channels follow, what is known of candidates, and whom to look at again."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Text, exists, func, insert, or_, select, type_coerce

from alerts.follow import Acquaintance, Pace
from alerts.follow.acquaintance import split_seed
from alerts.model import ProposalState
from rules.model import Account
from watcher.store.accounts import key_of
from watcher.store.columns import folded_handle
from watcher.store.database import Database
from watcher.store.follows import WATCHER, record_from, select_proposals
from watcher.store.records import Unspoken
from watcher.store.schema import (
    accounts,
    follow_events,
    follow_pace,
    matches,
    posts,
    proposals,
    queue,
)

_CHUNK = 500
_DAY = timedelta(days=1)
MOST_SEED_POSTS = 5_000
"""Posts of the seed accounts in which is looked whom they mention or answer: the newest."""
MOST_OF_THEIRS = 50
"""Posts of a candidate that are looked at, on the average: the newest."""


class Following(Database):
    """The part of the store that holds channels to their pace."""

    def pace(self, channel: str, now: datetime) -> Pace:
        """Return what a channel did lately, and whether it may follow at all."""
        mine = select(follow_pace).where(follow_pace.c.channel == channel)
        followed = follow_pace.c.what == "followed"
        halts = follow_pace.c.what.in_(("stopped", "resumed"))
        with self.reading() as connection:
            recent = connection.execute(
                mine.where(followed, follow_pace.c.at > now - _DAY).order_by(follow_pace.c.at)
            )
            first = select(func.min(follow_pace.c.at), func.max(follow_pace.c.until)).where(
                follow_pace.c.channel == channel
            )
            newest = mine.where(halts).order_by(follow_pace.c.row.desc()).limit(1)
            halt = connection.execute(newest).first()
            return Pace(
                recent=tuple(row.at for row in recent),
                first=connection.execute(first.where(followed)).first()[0],  # type: ignore[index]
                not_before=connection.execute(first).first()[1],  # type: ignore[index]
                stopped=halt.detail if halt is not None and halt.what == "stopped" else "",
            )

    def pause_follows(self, channel: str, why: str, until: datetime, now: datetime) -> None:
        """Have a channel follow nobody until a moment: its network asked for a pause."""
        self._mark(channel, "paused", now, until=until, detail=why)

    def stop_follows(self, channel: str, why: str, now: datetime, notices: Sequence[str]) -> None:
        """Have a channel follow nobody before a person says so.

        `notices` name what moderators said; it is no reason to stop again.
        """
        self._mark(channel, "stopped", now, detail=why or "it was stopped", notices=notices)

    def resume_follows(self, channel: str, by: str, note: str, now: datetime) -> bool:
        """Let a channel that was stopped follow again; return whether it was stopped."""
        if not self.pace(channel, now).stopped:
            return False
        self._mark(channel, "resumed", now, detail=note, by=by)
        return True

    def notices_seen(self, channel: str) -> frozenset[str]:
        """Return the names of the moderators' notices for which a channel was stopped before."""
        query = select(follow_pace.c.detail).where(
            follow_pace.c.channel == channel, follow_pace.c.what == "notice"
        )
        with self.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def _mark(
        self,
        channel: str,
        what: str,
        now: datetime,
        *,
        until: datetime | None = None,
        detail: str = "",
        by: str = WATCHER,
        notices: Sequence[str] = (),
    ) -> None:
        values = {"channel": channel, "at": now, "until": None, "by": by}
        rows = [{**values, "what": "notice", "detail": notice} for notice in notices]
        rows.append({**values, "what": what, "until": until, "detail": detail})
        with self.writing() as connection:
            connection.execute(insert(follow_pace), rows)

    def acquaintances(
        self, channel: str, candidates: Sequence[Account], seeds: Sequence[str]
    ) -> dict[str, Acquaintance]:
        """Return what the stored posts tell of accounts, by their keys.

        Private posts tell nothing here: a proposal may be read outside the company.
        """
        with self.reading() as connection:
            addressed = _addressed_by(connection, seeds)
            known: dict[str, Acquaintance] = {}
            for start in range(0, len(candidates), _CHUNK):
                some = candidates[start : start + _CHUNK]
                known |= _known(connection, channel, some, addressed)
            return known

    def unspoken(self, before: datetime, limit: int) -> tuple[Unspoken, ...]:
        """Return accounts that were followed before a moment and that no rule has found since.

        The one followed first comes first. That no post of theirs is stored may mean that no source
        brings what they write.
        """
        followed = (
            select(follow_events.c.proposal, func.min(follow_events.c.at).label("at"))
            .where(follow_events.c.event.in_(("followed", "requested")))
            .group_by(follow_events.c.proposal)
            .subquery()
        )
        newest = (
            select(func.max(posts.c.posted_at))
            .where(posts.c.author == proposals.c.account)
            .scalar_subquery()
            .label("newest")
        )
        spoke = exists().where(
            posts.c.author == proposals.c.account,
            matches.c.rid == posts.c.rid,
            posts.c.posted_at > followed.c.at,
        )
        query = (
            select_proposals()
            .add_columns(followed.c.at.label("followed"), newest)
            .join(followed, followed.c.proposal == proposals.c.id)
            .where(
                proposals.c.state == ProposalState.FOLLOWED.value, followed.c.at < before, ~spoke
            )
            .order_by(followed.c.at, proposals.c.id)
            .limit(limit)
        )
        with self.reading() as connection:
            return tuple(
                Unspoken(record=record_from(row), followed=row.followed, newest=row.newest)
                for row in connection.execute(query)
            )


def _known(
    connection: Connection,
    channel: str,
    candidates: Sequence[Account],
    addressed: Mapping[tuple[str, str], str],
) -> dict[str, Acquaintance]:
    keys = {key_of(account): account for account in candidates}
    ids = [native for _, native in keys]
    found = (
        exists()
        .where(matches.c.rid == posts.c.rid, queue.c.match == matches.c.row)
        .where(queue.c.channel == channel)
    )
    query = (
        select(
            accounts.c.network,
            accounts.c.id,
            posts.c.posted_at,
            posts.c.language,
            posts.c.repost_of,
            found.label("found"),
        )
        .join_from(posts, accounts, posts.c.author == accounts.c.row)
        .where(accounts.c.id.in_(ids), posts.c.private.is_(False))
        .order_by(posts.c.rid.desc())
        .limit(MOST_OF_THEIRS * len(ids))
    )
    written: dict[tuple[str, str], list[tuple[datetime, str | None, bool]]] = {}
    for row in connection.execute(query):
        is_own = row.repost_of is None
        written.setdefault((row.network, row.id), []).append(
            (row.posted_at, row.language if is_own else None, bool(row.found) and is_own)
        )
    return {
        account.key: Acquaintance(
            days=frozenset(at.astimezone(UTC).date() for at, _, hit in said if hit),
            newest=max((at for at, _, _ in said), default=None),
            languages=frozenset(
                language.partition("-")[0].lower() for _, language, _ in said if language
            ),
            seed=addressed.get((account.network, folded_handle(account.handle)), ""),
        )
        for key, account in keys.items()
        for said in [written.get(key, [])]
    }


def _addressed_by(connection: Connection, seeds: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return whom the seeds mentioned or answered: by network and folded handle, which seed did."""
    wanted = [split_seed(seed) for seed in seeds]
    if not wanted:
        return {}
    query = (
        select(
            accounts.c.network,
            accounts.c.handle,
            accounts.c.folded_handle,
            posts.c.mentions,
            posts.c.reply_to_handle,
        )
        .join_from(posts, accounts, posts.c.author == accounts.c.row)
        .where(
            accounts.c.folded_handle.in_([folded_handle(handle) for _, handle in wanted]),
            posts.c.private.is_(False),
            posts.c.repost_of.is_(None),
            or_(
                posts.c.reply_to_handle.is_not(None),
                type_coerce(posts.c.mentions, Text) != json.dumps([]),
            ),
        )
        .order_by(posts.c.rid.desc())
        .limit(MOST_SEED_POSTS)
    )
    named = {(network, folded_handle(handle)) for network, handle in wanted}
    found: dict[tuple[str, str], str] = {}
    for row in connection.execute(query):
        if named.isdisjoint({("", row.folded_handle), (row.network, row.folded_handle)}):
            continue
        for handle in (*row.mentions, *([row.reply_to_handle] if row.reply_to_handle else [])):
            found.setdefault((row.network, folded_handle(handle)), row.handle)
    return found
