"""Whose account or domain it is: the brands' own and their friends are never suspects."""

from collections.abc import Sequence
from dataclasses import dataclass

from rules.lookalike.hosts import to_ascii
from rules.model import Account, Brand


def bare(handle: str) -> str:
    """Return a handle as it is compared: without `@` in front, case folded."""
    return handle.strip().lstrip("@").casefold()


def split_network(entry: str) -> tuple[str, str]:
    """Take `network:handle` apart; the network is empty where the entry names none."""
    network, colon, handle = entry.partition(":")
    return (network.strip().casefold(), bare(handle)) if colon else ("", bare(entry))


@dataclass(frozen=True)
class Owned:
    """All handles and domains that nobody wants to hear of."""

    handles: frozenset[tuple[str, str]]
    """(network or empty, bare handle)."""
    domains: frozenset[str]

    @classmethod
    def of(cls, brands: Sequence[Brand]) -> "Owned":
        """Collect own accounts, own domains and friends of all brands."""
        entries = [entry for brand in brands for entry in (*brand.accounts, *brand.friends)]
        domains = [entry for brand in brands for entry in (*brand.domains, *brand.friends)]
        return cls(
            frozenset(map(split_network, entries)),
            frozenset(name for entry in domains if "." in (name := to_ascii(entry))),
        )

    def domain(self, name: str) -> bool:
        """Return whether a host (in any form) is one of these domains or lies under one."""
        labels = to_ascii(name).split(".")
        return any(".".join(labels[at:]) in self.domains for at in range(len(labels)))

    def account(self, account: Account) -> bool:
        """Return whether an account is one of these, by handle, id, or a handle in a domain."""
        handle = bare(account.handle)
        network = account.network.casefold()
        if not self.handles.isdisjoint(
            (("", handle), (network, handle), (network, bare(account.id)))
        ):
            return True
        user, at, instance = handle.rpartition("@")
        if at and user:
            return self.domain(instance)
        return network == "bluesky" and self.domain(handle)
