"""Whose names and links are not to be followed: those of suspects, wherever they are shown."""

from dataclasses import dataclass
from typing import Self

from rich.text import Text

from rules.model import Account, Verdict
from watcher.cli.console import safe
from watcher.cli.links import defused, suspect_domains
from watcher.store import Store
from watcher.store.columns import folded_handle


@dataclass(frozen=True, slots=True)
class Doubts:
    """The suspects that nobody found harmless."""

    domains: frozenset[str]
    accounts: frozenset[tuple[str, str]]
    """Network and handle, in small letters, as each account is called now."""

    @classmethod
    def known(cls, store: Store) -> Self:
        """Return those that are stored. Raises `StoreError`."""
        accounts = frozenset(
            (record.account.network, folded_handle(record.account.handle))
            for verdict in (Verdict.OPEN, Verdict.CONFIRMED)
            for record in store.suspects(verdict=verdict, kind="account", limit=10**9)
            if record.account is not None
        )
        return cls(suspect_domains(store), accounts)

    def about(self, network: str, handle: str) -> bool:
        """Whether an account is a suspect."""
        return (network, folded_handle(handle)) in self.accounts

    def named(self, network: str, handle: str, limit: int = 60) -> Text:
        """Return a handle: that of a suspect leads nowhere, be it the name of a host."""
        held = self.about(network, handle)
        return defused(f"@{safe(handle, limit)}", self.domains, all_hosts=held)

    def author(self, account: Account, limit: int = 60) -> Text:
        """Return the handle of an account, as `named` does."""
        return self.named(account.network, account.handle, limit)

    def written(self, text: str, author: Account, limit: int) -> Text:
        """Return words or an address of somebody's: a suspect's links lead nowhere."""
        held = self.about(author.network, author.handle)
        return defused(safe(text, limit), self.domains, all_links=held)
