"""What sweeps found so far: who has the likely names, and which are still free."""

from collections.abc import Iterable
from dataclasses import dataclass

from rules.lookalike.generate import LikelyName
from rules.lookalike.handles import handle_form
from rules.lookalike.ownership import Owned
from rules.lookalike.rule import LookalikeRule
from rules.model import Brand, Verdict
from watcher.app import App
from watcher.config import Config
from watcher.impostors.sweep import SweptNetwork
from watcher.store import NameState, SweptName

_HARMLESS = (Verdict.DISMISSED, Verdict.OURS, Verdict.PARODY)


@dataclass(frozen=True, kw_only=True, slots=True)
class FreeName:
    """A name that nobody has on a network."""

    network: str
    likely: LikelyName
    handle: str
    """The whole handle to register."""
    found: SweptName


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """The names around a brand on some networks; each account once."""

    suspects: tuple[SweptName, ...]
    """Accounts that look alike and are not judged to be harmless, the most alike first."""
    harmless: tuple[SweptName, ...]
    """The other accounts, in the order in which they were found."""
    own: tuple[SweptName, ...]
    """Accounts of a configured brand, or of its friends."""
    free: tuple[FreeName, ...]
    """The likeliest first."""
    unknown: tuple[SweptName, ...]
    """Names asked for in vain, the likeliest first."""


def ground(app: App, brand: Brand, networks: Iterable[SweptNetwork]) -> Ground:
    """Return what is known by now of the likely names of a brand on these networks.

    That is what this sweep and earlier ones were answered. Raises `StoreError`.
    """
    owned = Owned.of(app.config.brands)
    accounts: dict[str, SweptName] = {}
    free: list[FreeName] = []
    unknown: list[tuple[int, SweptName]] = []
    for network in networks:
        likely = {one.name: one for one in network.names}
        form = handle_form(network.network)
        for found in app.store.sweep_names(brand.name, network.network):
            if found.account is not None:
                if found.account.key not in accounts or not found.searched:
                    accounts[found.account.key] = found
            elif (one := likely.get(found.name)) is None:
                continue  # asked for when the configuration was another
            elif found.state == NameState.FREE:
                free.append(
                    FreeName(
                        network=network.network,
                        likely=one,
                        handle=form.whole(one.name),
                        found=found,
                    )
                )
            elif found.state == NameState.UNKNOWN:
                unknown.append((one.rank, found))
    own = [one for one in accounts.values() if one.account and owned.account(one.account)]
    others = [one for one in accounts.values() if one not in own]
    alike = [one for one in others if one.suspect and one.suspect.verdict not in _HARMLESS]
    return Ground(
        suspects=tuple(sorted(alike, key=_by_score)),
        harmless=tuple(one for one in others if one not in alike),
        own=tuple(own),
        free=tuple(sorted(free, key=lambda one: (one.likely.rank, one.network))),
        unknown=tuple(one for _, one in sorted(unknown, key=lambda one: one[0])),
    )


def is_guarded(config: Config, brand: str) -> bool:
    """Return whether a look-alike rule judges the accounts that look like a brand."""
    return any(
        isinstance(rule, LookalikeRule) and rule.enabled and brand in (rule.brands or (brand,))
        for rule in config.rules
    )


def _by_score(one: SweptName) -> tuple[float, int]:
    return (-one.suspect.suspect.score, one.suspect.id) if one.suspect else (0.0, 0)
