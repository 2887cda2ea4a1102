"""Who is left alone, and why."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.auto_follow import AutoFollow
from alerts.follow.acquaintance import NOBODY_KNOWN, Acquaintance, place_of
from alerts.follow.clauses import reason
from alerts.follow.network_rules import FORBIDDEN_NETWORKS
from alerts.model import ProposalState
from alerts.ours import ours, owner
from rules.model import Account, Brand, Reason

_STAY_AWAY = re.compile(r"(?<!\w)#no-?(?:bots?|follow)(?!\w)", re.IGNORECASE)
_GONE = frozenset({"moved", "suspended", "memorial"})
_MAY_OPT_OUT = frozenset({"mastodon"})
"""Networks on which an account that is not `discoverable` has asked for it."""
LASTING = frozenset(
    {"forbidden-network", "own-account", "suspect", "moved", "suspended", "memorial", "nobot"}
)
"""The clauses that hold whoever approved the follow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An account that the policy does not propose, and the clause that says so."""

    account: Account
    clause: str
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Says of accounts whether a channel may propose them."""

    channel: AutoFollow
    brands: Sequence[Brand]
    known: Mapping[str, ProposalState]
    """The accounts ever proposed, by their keys, and how that stands."""
    suspects: Collection[str]
    """The keys of accounts under suspicion."""
    now: datetime

    def refusal(
        self, account: Account, known: Acquaintance = NOBODY_KNOWN, *, addressed: bool = False
    ) -> Refusal | None:
        """Return the gravest reason to leave an account alone, None where there is none.

        `addressed`: it addressed us, so that we are no strangers to it.
        """
        return next(self._refusals(account, known, addressed=addressed), None)

    def _refusals(
        self, account: Account, known: Acquaintance, *, addressed: bool
    ) -> Iterator[Refusal]:
        if account.network in FORBIDDEN_NETWORKS:
            yield refuse(account, "forbidden-network")
        yield from self._whose(account)
        if (before := self.known.get(account.key)) is not None:
            is_undone = before is ProposalState.UNDONE
            yield refuse(account, "undone" if is_undone else "already-proposed")
        if account.key in self.suspects:
            yield refuse(account, "suspect")
        if account.standing in _GONE:
            yield refuse(account, account.standing)
        if _STAY_AWAY.search(account.bio) or _STAY_AWAY.search(account.display_name):
            yield refuse(account, "nobot")
        if account.discoverable is False and account.network in _MAY_OPT_OUT and not addressed:
            yield refuse(account, "opted-out")
        if account.bot:
            yield refuse(account, "bot")
        if account.locked and not self.channel.locked:
            yield refuse(account, "locked")
        yield from self._too_small_or_young(account)
        yield from self._dormant(account, known)
        yield from self._outside(account, known)

    def _whose(self, account: Account) -> Iterator[Refusal]:
        if brand := owner(account, ours(self.brands)):
            yield refuse(account, "own-account", brand=brand)
        elif (rival := owner(account, self.brands)) and not self.channel.competitors:
            yield refuse(account, "competitor", brand=rival)

    def _too_small_or_young(self, account: Account) -> Iterator[Refusal]:
        least = self.channel.min_followers
        if account.followers is not None and account.followers < least:
            count = str(account.followers)
            yield refuse(account, "few-followers", count=count, least=str(least))
        if account.created is not None:
            age, least = (self.now - account.created).days, self.channel.min_age_days
            if age < least:
                yield refuse(account, "young", count=str(age), least=str(least))

    def _dormant(self, account: Account, known: Acquaintance) -> Iterator[Refusal]:
        signs = [moment for moment in (account.last_post, known.newest) if moment is not None]
        least = self.channel.dormant_days
        if signs and least and (silent := (self.now - max(signs)).days) >= least:
            yield refuse(account, "dormant", count=str(silent), least=str(least))

    def _outside(self, account: Account, known: Acquaintance) -> Iterator[Refusal]:
        wanted = set(self.channel.languages)
        if wanted and known.languages and wanted.isdisjoint(known.languages):
            yield refuse(account, "language", language=", ".join(sorted(known.languages)))
        if self.channel.regions:
            place, is_here = place_of(account, self.channel.regions)
            if place and not is_here:
                yield refuse(account, "elsewhere", region=place)


def refuse(account: Account, clause: str, **values: str) -> Refusal:
    """Return a refusal in the words of its clause."""
    values = {"handle": account.handle, "network": account.network, **values}
    return Refusal(account=account, clause=clause, reason=reason(clause, **values))
