"""Forgetting a person: all that is stored of an account goes, and stays away.

First it is written down that the account is kept out; then what is stored goes, in steps, the
account itself last. So a crash in the middle leaves an account that is known to be on its way out:
`finish_forgetting` goes on from there.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from alerts.model import DeliveryState, ProposalState
from rules.model import Account
from watcher.store.accounts import account_columns, account_from
from watcher.store.columns import folded_handle, storable_key
from watcher.store.database import insert as insert_or
from watcher.store.deliveries import may_have_arrived
from watcher.store.jobs import forget_hits_of
from watcher.store.kept_out import anybody, digests_of, persons
from watcher.store.leaving import chunks, digests_with, reports_with, take_away
from watcher.store.log_forgotten import LogForgetting, mark_forgotten
from watcher.store.schema import (
    account_forms,
    accounts,
    alarms,
    deliveries,
    digests,
    follow_events,
    forgotten,
    forgotten_names,
    known_terms,
    matches,
    payloads,
    posts,
    proposals,
    queue,
    source_networks,
    suspects,
)
from watcher.store.silences import forget_silences_of

_AT_A_TIME = 2000
"""Posts erased in one transaction."""
_FOLLOWING = (ProposalState.FOLLOWED.value, ProposalState.REQUESTED.value)
ERASED = "it told of an account that was erased"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What is stored of an account."""

    account: Account
    posts: int
    matches: int
    forms: int
    """How often it presented itself otherwise before."""
    suspect: bool
    proposed: bool
    following: bool
    """Whether our account follows it, or has asked to: that stands at the network."""


class Forgetting(LogForgetting):
    """The part of the store that forgets people."""

    def accounts_called(self, name: str) -> tuple[Held, ...]:
        """Return the stored accounts with this name, and what is stored of each.

        A name is `@handle`, `handle`, `network:handle` or `network:id`, in any case.
        """
        with self.reading() as connection:
            query = select(*account_columns, accounts.c.row).where(_called(name))
            rows = connection.execute(query.order_by(accounts.c.row)).all()
            return tuple(_held(connection, account_from(row), row.row) for row in rows)

    def forget_account(self, held: Held, now: datetime) -> int:
        """Erase all that is stored of an account and keep it out; return how many posts went.

        With its posts go their matches, what people said of these, what waits; the account, its
        former names and picture; the suspect that it is, with its history; proposed follows of it,
        with their trail; alarms about it. Mails that told of it and are settled lose their content;
        those that nobody can have received are made again. A mail that may have arrived without an
        answer is not sent once more. What waits in the log goes too, and is not counted.
        """
        account = held.account
        network, native = storable_key(account.network), storable_key(account.id)
        with self.writing() as connection:
            query = select(accounts.c.row).where(
                accounts.c.network == network, accounts.c.id == native
            )
            row = connection.execute(query).scalar()
            if row is None:
                return 0
            former = select(account_forms.c.handle).where(account_forms.c.account == row)
            handles = [account.handle, *connection.execute(former).scalars()]
            names = digests_of(connection, network, [native], filter(None, handles))
            _keep_out(connection, names, row, now)
            forget_silences_of(connection, list(filter(None, handles)))
        return self.finish_forgetting(now)

    def keep_out(self, network: str, name: str, now: datetime) -> None:
        """Keep an account out of which nothing is stored, by its id or its handle."""
        with self.writing() as connection:
            _keep_out(connection, digests_of(connection, network, [name], [name]), None, now)
            forget_hits_of(connection, f"{network}:{name}")
        self.finish_forgetting(now)

    def finish_forgetting(self, now: datetime) -> int:
        """Erase what is still stored of people who were forgotten; return how many posts went."""
        gone = 0
        while (row := self._being_forgotten()) is not None:
            while posts_gone := self._erase_posts(row, now):
                gone += posts_gone
            with self.writing() as connection:
                _erase_account(connection, row, now)
            self.empty_log()
        self.erase_from_log()
        return gone

    def _being_forgotten(self) -> int | None:
        query = select(forgotten.c.account).where(forgotten.c.account.is_not(None)).limit(1)
        with self.reading() as connection:
            return connection.execute(query).scalar()

    def _erase_posts(self, account: int, now: datetime) -> int:
        with self.writing() as connection:
            query = select(posts.c.rid).where(_words_of(account)).order_by(posts.c.rid)
            rids = connection.execute(query.limit(_AT_A_TIME)).scalars().all()
            if rids:
                told = {*digests_with(connection, rids, true())}
                told |= {*reports_with(connection, rids, true())}
                _erase_mails(connection, told, now)
                take_away(connection, rids, now, bury=False, due=now)
                count = update(forgotten).where(forgotten.c.account == account)
                connection.execute(count.values(posts=forgotten.c.posts + len(rids)))
        return len(rids)

    def remember(self, name: str) -> int:
        """Let somebody in again who was forgotten; return how many that lifted. Nothing returns.

        `name` is as in `accounts_called`: what was forgotten has no other.
        """
        with self.writing() as connection:
            if not anybody(connection):
                return 0
            network, colon, own = name.partition(":")
            known = connection.execute(select(source_networks.c.network).distinct()).scalars()
            wanted = [(network, own)] if colon else [(one, name) for one in known]
            names = [
                digest
                for where, who in wanted
                for digest in digests_of(connection, where, [who], [who])
            ]
            lifted = sorted(set(persons(connection, names).values()))
            for some in chunks(lifted):
                connection.execute(delete(forgotten).where(forgotten.c.id.in_(some)))
            return len(lifted)


def _words_of(account: int) -> ColumnElement[bool]:
    """Return the condition on `posts` for those by an account, and for those that pass one on."""
    own = select(accounts.c.network, accounts.c.id).where(accounts.c.row == account).subquery()
    passed_on = (
        select(posts.c.rid)
        .join(own, and_(posts.c.network == own.c.network, posts.c.repost_author == own.c.id))
        .where(posts.c.repost_author != "")
    )
    originals = posts.alias("originals")
    copied = (
        select(posts.c.rid)
        .join(originals, posts.c.repost_of == originals.c.id)
        .where(originals.c.author == account, posts.c.network == originals.c.network)
    )
    return or_(posts.c.author == account, posts.c.rid.in_(passed_on), posts.c.rid.in_(copied))


def _called(name: str) -> ColumnElement[bool]:
    any_network = accounts.c.folded_handle == folded_handle(name)
    network, colon, own = name.partition(":")
    if not colon:
        return any_network
    by_own = or_(accounts.c.id == own, accounts.c.folded_handle == folded_handle(own))
    return or_(any_network, and_(accounts.c.network == network, by_own))


def _held(connection: Connection, account: Account, row: int) -> Held:
    def number(table: Any, *conditions: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(table).where(*conditions)
        return connection.execute(query).scalar_one()

    own = proposals.c.account == row
    return Held(
        account=account,
        posts=number(posts, posts.c.author == row),
        matches=number(matches.join(posts, matches.c.rid == posts.c.rid), posts.c.author == row),
        forms=number(account_forms, account_forms.c.account == row),
        suspect=number(suspects, suspects.c.account == row) > 0,
        proposed=number(proposals, own) > 0,
        following=number(proposals, own, proposals.c.state.in_(_FOLLOWING)) > 0,
    )


def _keep_out(
    connection: Connection, names: Collection[str], account: int | None, now: datetime
) -> None:
    known = set(persons(connection, list(names)).values())
    if known:  # forgotten before: perhaps under fewer names, and perhaps not to the end
        person = min(known)
        if account is not None:
            own = forgotten.c.id == person
            connection.execute(update(forgotten).where(own).values(account=account))
    else:
        values = {"at": now, "account": account, "posts": 0}
        made = connection.execute(insert(forgotten).returning(forgotten.c.id), values)
        person = made.scalar_one()
    connection.execute(
        insert_or(connection, forgotten_names).on_conflict_do_nothing(),
        [{"name": name, "person": person} for name in names],
    )
    mark_forgotten(connection)


def _erase_mails(connection: Connection, told: Iterable[int], now: datetime) -> None:
    """Take their content from mails of these digests, or have them made again."""
    for some in chunks(sorted(set(told))):
        of_these = deliveries.c.digest.in_(some)
        arrived = deliveries.c.state == DeliveryState.SENT.value
        # Under way at this moment, or without an answer before: it may have arrived.
        perhaps = or_(may_have_arrived(), deliveries.c.state == DeliveryState.SENDING.value)
        unsettled = deliveries.c.state != DeliveryState.SENT.value
        emptied = select(deliveries.c.id).where(of_these, or_(arrived, perhaps))
        connection.execute(
            update(payloads).where(payloads.c.delivery.in_(emptied)).values(octets=b"")
        )
        connection.execute(
            update(deliveries)
            .where(of_these, perhaps, unsettled)
            .values(
                state=DeliveryState.FAILED.value,
                next_attempt=None,
                answer=ERASED,
                settled=now,
            )
        )
        again = update(digests).where(digests.c.id.in_(some))
        connection.execute(again.values(outdated=digests.c.outdated + 1))


def _erase_account(connection: Connection, row: int, now: datetime) -> None:
    """Erase an account without posts, and all that refers to it. The row itself goes last."""
    found = connection.execute(select(*account_columns).where(accounts.c.row == row)).first()
    if found is None:
        return
    account = account_from(found)
    of_suspect = select(suspects.c.id).where(suspects.c.account == row)
    query = select(queue.c.digest).where(
        queue.c.suspect.in_(of_suspect), queue.c.digest.is_not(None)
    )
    told = set(connection.execute(query).scalars())
    suspected = select(func.min(suspects.c.first_seen)).where(suspects.c.account == row)
    reported = select(digests.c.id).where(
        digests.c.kind == "report", digests.c.created >= suspected.scalar_subquery()
    )
    told.update(connection.execute(reported).scalars())
    own = select(proposals.c.id).where(proposals.c.account == row)
    proposed = connection.execute(own).scalar()
    if proposed is not None:
        in_digest = and_(digests.c.proposals_from < proposed, digests.c.proposals_to >= proposed)
        told.update(connection.execute(select(digests.c.id).where(in_digest)).scalars())
    about = (account.key, account.handle, f"@{account.handle}")
    group = alarms.c.group.in_([storable_key(name) for name in about])
    query = (
        select(queue.c.digest)
        .join(alarms, queue.c.alarm == alarms.c.id)
        .where(group, queue.c.digest.is_not(None))
    )
    told.update(connection.execute(query).scalars())
    _erase_mails(connection, told, now)
    connection.execute(delete(alarms).where(group))
    connection.execute(
        delete(known_terms).where(known_terms.c.value.in_([storable_key(n) for n in about]))
    )
    connection.execute(delete(suspects).where(suspects.c.account == row))
    connection.execute(delete(follow_events).where(follow_events.c.proposal.in_(own)))
    connection.execute(delete(proposals).where(proposals.c.account == row))
    forget_hits_of(connection, account.key)
    connection.execute(delete(accounts).where(accounts.c.row == row))
