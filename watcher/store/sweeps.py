"""What networks were asked about names that could imitate a brand, and what they answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from rules.model import Account, Suspect, Verdict
from watcher.backends.interface import Page
from watcher.store.accounts import account_columns, account_from, key_of, save_accounts
from watcher.store.columns import storable
from watcher.store.database import Database
from watcher.store.database import insert as insert_or
from watcher.store.kept_out import without_forgotten
from watcher.store.raising import suspect_from
from watcher.store.schema import accounts, suspects, sweeps

_NAME, _SEARCH, _FOUND = "name", "search", "found"
"""Kinds of row: a name that was asked for, a search that was made, an account that it found."""
_LONGEST_SAID = 500


class NameState(StrEnum):
    """What is known of a name on a network."""

    TAKEN = "taken"
    FREE = "free"
    UNKNOWN = "unknown"
    """It was asked for, and no answer came."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SweptSuspect:
    """The suspect that an account became."""

    id: int
    suspect: Suspect
    verdict: Verdict
    first_seen: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SweptName:
    """One name on one network, as it was when it was last asked for."""

    network: str
    name: str
    """As it was asked for; of an account that a search found, its handle."""
    state: NameState
    checked: datetime
    said: str = ""
    """What was said in the place of an answer."""
    account: Account | None = None
    suspect: SweptSuspect | None = None
    searched: bool = False
    """Whether a search found it, rather than that its very name was asked for."""


class Sweeps(Database):
    """The part of the store that keeps what sweeps found. What they go on from after a stop."""

    def sweep_names(self, brand: str, network: str | None = None) -> tuple[SweptName, ...]:
        """Return the names asked for on behalf of a brand, and the accounts that searches found.

        In the order in which they were first asked for.
        """
        query = (
            select(sweeps, *account_columns, suspects)
            .select_from(
                sweeps.outerjoin(accounts, sweeps.c.account == accounts.c.row).outerjoin(
                    suspects, suspects.c.account == accounts.c.row
                )
            )
            .where(sweeps.c.brand == brand, sweeps.c.kind != _SEARCH)
            .order_by(sweeps.c.row)
        )
        if network is not None:
            query = query.where(sweeps.c.network == network)
        with self.reading() as connection:
            return tuple(map(_swept, connection.execute(query)))

    def sweep_searches(self, brand: str, network: str) -> dict[str, datetime]:
        """Return the texts searched for on behalf of a brand, each with the time of the answer."""
        query = select(sweeps.c.name, sweeps.c.checked).where(
            sweeps.c.brand == brand, sweeps.c.network == network, sweeps.c.kind == _SEARCH
        )
        with self.reading() as connection:
            return {row.name: row.checked for row in connection.execute(query)}

    def save_sweep_name(
        self,
        brand: str,
        network: str,
        name: str,
        now: datetime,
        *,
        account: Account | None = None,
        said: str = "",
    ) -> None:
        """Save the answer about one name, and the account that has it.

        Without an account the name is free; where something was `said` instead, it is unknown.
        """
        state = NameState.TAKEN if account else NameState.UNKNOWN if said else NameState.FREE
        with self.writing() as connection:
            row = _saved(connection, [account], now)[0] if account else None
            _write(connection, (brand, network, _NAME, name), state.value, now, row, said)

    def save_sweep_search(
        self, brand: str, network: str, text: str, found: Sequence[Account], now: datetime
    ) -> None:
        """Save that a text was searched for, and the accounts that came."""
        with self.writing() as connection:
            _write(connection, (brand, network, _SEARCH, text), "searched", now)
            rows = _saved(connection, found, now)
            for account, row in zip(found, rows, strict=True):
                if row is None:
                    continue
                connection.execute(  # under the name that it has now, and no other
                    delete(sweeps).where(
                        sweeps.c.brand == brand,
                        sweeps.c.network == network,
                        sweeps.c.kind == _FOUND,
                        sweeps.c.account == row,
                    )
                )
                key = (brand, network, _FOUND, account.handle)
                _write(connection, key, NameState.TAKEN.value, now, row)

    def newest_suspect(self) -> int:
        """Return the number of the newest suspect: those raised from now on have higher ones."""
        with self.reading() as connection:
            return int(connection.execute(select(func.max(suspects.c.id))).scalar() or 0)


def _saved(connection: Connection, found: Sequence[Account], now: datetime) -> list[int | None]:
    """Save accounts as any that were seen, and return their rows; None for who was forgotten."""
    page = Page(posts=(), cursor="", more=False, accounts=tuple(found))
    rows = save_accounts(connection, without_forgotten(connection, page), now)
    return [rows.get(key_of(account)) for account in found]


def _write(
    connection: Connection,
    key: tuple[str, str, str, str],
    state: str,
    now: datetime,
    account: int | None = None,
    said: str = "",
) -> None:
    upsert = insert_or(connection, sweeps)
    news = ("state", "checked", "said", "account")
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["brand", "network", "kind", "name"],
            set_={name: upsert.excluded[name] for name in news},
        ),
        {
            **dict(zip(("brand", "network", "kind", "name"), key, strict=True)),
            "state": state,
            "checked": now,
            "said": storable(said[:_LONGEST_SAID]),
            "account": account,
        },
    )


def _swept(row: Row[Any]) -> SweptName:
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    suspect = None
    if fields[suspects.c.id] is not None:
        suspect = SweptSuspect(
            id=fields[suspects.c.id],
            suspect=suspect_from(row),
            verdict=Verdict(fields[suspects.c.verdict]),
            first_seen=fields[suspects.c.first_seen],
        )
    known = fields[sweeps.c.account] is not None
    return SweptName(
        network=fields[sweeps.c.network],
        name=fields[sweeps.c.name],
        state=NameState(fields[sweeps.c.state]),
        checked=fields[sweeps.c.checked],
        said=fields[sweeps.c.said],
        account=account_from([fields[column] for column in account_columns]) if known else None,
        suspect=suspect,
        searched=fields[sweeps.c.kind] == _FOUND,
    )
