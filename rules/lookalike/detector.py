"""Many names against all brands at once."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rules.lookalike.candidate import Candidate
from rules.lookalike.compare import Comparison, explain
from rules.lookalike.forms import LONGEST_RAW
from rules.lookalike.hosts import Host, host, host_of
from rules.lookalike.index import Index
from rules.lookalike.measure import OVERLOOKED, Place
from rules.lookalike.ownership import Owned, bare, split_network
from rules.lookalike.pattern import Pattern, patterns
from rules.lookalike.reasons import reason
from rules.lookalike.rule import FAINTEST, LookalikeRule
from rules.lookalike.techniques import ordered
from rules.lookalike.trusted import Trusted, lowered
from rules.model import Account, Brand, Post, Suspect

VERSION: Final = 4
"""Raised whenever the same names would be judged differently, so that all are examined anew."""
_SHARED_HOST: Final = ".bsky.social"
"""Where Bluesky's users live who bring no domain of their own."""
_MOST_LINKS: Final = 100
"""Links of one post that are looked at."""


@dataclass(frozen=True, slots=True)
class _Target:
    """A spelling that stands for a brand: of its name, an own account, or an own domain."""

    brand: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class _Hit:
    target: _Target
    rule: LookalikeRule
    place: Place
    shown: str
    """The part of the name that resembles: the handle, the display name, a label."""

    @property
    def is_plain(self) -> bool:
        """Whether the name is the brand and nothing else, for all to see."""
        place = self.place
        return not (place.rest or place.window.changes or place.disguised or place.form.invisible)

    @property
    def is_trick(self) -> bool:
        """Whether the eye takes the name for the brand, though it is written otherwise."""
        return not self.is_plain and not self.place.rest and self.place.window.cost <= OVERLOOKED

    def rank(self) -> tuple[float, int, str, str, str]:
        """Order hits, best first, the same whatever the order of brands and rules."""
        text = self.place.pattern.text
        return (-self.place.score, -len(text), self.target.brand, text, self.rule.name)


class Detector:
    """All look-alike rules over all brands, compiled once; immutable, safe to share by threads."""

    def __init__(self, rules: Sequence[LookalikeRule], brands: Sequence[Brand]) -> None:
        self._owned = Owned.of(brands)
        self._trusted = Trusted.of(brands)
        used = [rule for rule in rules if rule.enabled]
        self._rules = {
            brand.name: tuple(rule for rule in used if not rule.brands or brand.name in rule.brands)
            for brand in brands
        }
        self._lowest = min((rule.min_score for rule in used), default=1.0)
        watched = [brand for brand in brands if self._rules[brand.name]]
        self._targets = tuple(target for brand in watched for target in _targets(brand))
        self._index = Index([target.pattern for target in self._targets])
        self._handles = {brand.name: _own_handles(brand) for brand in watched}
        self._labels = {brand.name: _own_labels(brand) for brand in watched}
        judged = [(rule.name, sorted(rule.brands), rule.min_score) for rule in used]
        told = repr((VERSION, sorted(judged), sorted(map(repr, brands))))
        self.fingerprint: str = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]

    def accounts(self, accounts: Iterable[Account]) -> list[Suspect]:
        """Return at most one suspect per account: the brand it resembles most."""
        return self._accounts(accounts, 1.0)

    def candidates(self, accounts: Iterable[Account]) -> list[Suspect]:
        """Return those, and accounts that resemble a brand too little to be raised by name alone.

        What is known beside their names decides: see `rules.lookalike.circumstances`.
        """
        return self._accounts(accounts, FAINTEST)

    def rule_for(self, brand: str, score: float) -> str | None:
        """Return the name of the rule by which a score raises a suspect; None where none does."""
        names = [rule.name for rule in self._rules.get(brand, ()) if score >= rule.min_score]
        return min(names, default=None)

    def owns(self, account: Account) -> bool:
        """Return whether an account is a brand's own, or a friend's: never a suspect."""
        return self._owned.account(account)

    def owns_domain(self, host: str) -> bool:
        """Return whether a host is a brand's own or a friend's, or lies under one."""
        return self._owned.domain(host)

    def _accounts(self, accounts: Iterable[Account], faintest: float) -> list[Suspect]:
        found = []
        for account in accounts:
            names = list(_names(account))
            hits = [hit for name in names for hit in self._hits(name, faintest, trusting=True)]
            if hits and not self._owned.account(account):
                found.append(self._account_suspect(account, hits))
        return found

    def domains(self, posts: Iterable[Post]) -> list[Suspect]:
        """Return at most one suspect per registrable domain that the posts link to."""
        return self.links(link for post in posts for link in post.links[:_MOST_LINKS])

    def links(self, links: Iterable[str]) -> list[Suspect]:
        """Return at most one suspect per registrable domain to which the addresses lead."""
        hosts: dict[str, set[Host]] = defaultdict(set)
        for link in links:
            if (name := host_of(link)) is not None:
                hosts[name.registrable].add(name)
        found = []
        for registrable in hosts:
            hits = []
            for name in sorted(hosts[registrable], key=lambda one: one.ascii):
                if not self._owned.domain(name.ascii):
                    hits += [(hit.rank(), hit, name, "") for hit in self._hits(name.label)]
                    hits += [
                        (hit.rank(), hit, name, label)
                        for label in name.subdomains
                        for hit in self._hits(label)
                    ]
            if hits:
                _, hit, name, under = min(hits, key=lambda one: (one[0], one[3] != "", one[3]))
                found.append(self._domain_suspect(hit, name, under))
        return found

    def _hits(self, name: str, faintest: float = 1.0, *, trusting: bool = False) -> Iterator[_Hit]:
        """Yield every brand and rule by which a name is to be raised, or is `faintest` like."""
        candidate = Candidate(name)
        lowest = min(self._lowest, faintest)
        found = [
            (self._targets[at], place)
            for at, near in self._index.find(candidate.looks).items()
            if (place := candidate.place(self._targets[at].pattern, lowest, near)) is not None
        ]
        if not found:
            return
        excused: frozenset[str] = frozenset()
        if trusting:
            excused = self._trusted.excused((target.brand, place) for target, place in found)
        for target, whole in found:
            place = lowered(whole) if target.brand in excused else whole
            for rule in self._rules[target.brand]:
                if place.score >= min(rule.min_score, faintest):
                    yield _Hit(target, rule, place, name)

    def _account_suspect(self, account: Account, hits: Sequence[_Hit]) -> Suspect:
        best = min(hits, key=_Hit.rank)
        hit = _telling(best, hits)
        local = local_part(account.network, account.handle)
        own = self._handles[hit.target.brand].get(bare(local))
        by_display_name = hit.shown == account.display_name and not own
        shown = account.display_name if by_display_name else account.handle
        told = explain(shown, hit.place)
        if own:
            told = _moved(told, "same-name-elsewhere", "same-elsewhere", shown, own)
        told = replace(told, score=best.place.score)
        return _suspect(account.key, account.handle, account.display_name, best, told)

    def _domain_suspect(self, hit: _Hit, name: Host, under: str) -> Suspect:
        told = explain(name.shown, hit.place)
        own = self._labels[hit.target.brand].get(name.label)
        if under:
            told = _moved(told, "subdomain", "subdomain", f"{under}.{name.shown}", "")
        elif own:
            told = _moved(told, "tld-swap", "tld-swap", name.shown, own)
        return _suspect(f"domain:{name.registrable}", name.shown, "", hit, told)


def _telling(best: _Hit, hits: Sequence[_Hit]) -> _Hit:
    """Return the hit to explain: one that shows a trick, where the best is the plain brand.

    That `Nordelia` is written like Nordelia tells less than that the handle is `nordeIia`.
    """
    tricks = [hit for hit in hits if hit.is_trick and hit.target.brand == best.target.brand]
    return min(tricks, key=_Hit.rank) if best.is_plain and tricks else best


def _suspect(subject: str, name: str, display: str, hit: _Hit, told: Comparison) -> Suspect:
    return Suspect(
        subject=subject,
        name=name,
        display_name=display,
        brand=hit.target.brand,
        rule=hit.rule.name,
        score=told.score,
        techniques=told.techniques,
        reason=told.reason,
        evidence=told.evidence,
        likeness=told.score,
    )


def _moved(told: Comparison, label: str, kind: str, name: str, own: str) -> Comparison:
    """Say of a name that it is the brand's, at a place that is not."""
    labels = ordered({label, *told.techniques} - {"same-name"})
    return replace(
        told, techniques=labels, reason=reason(kind, name=name, brand=told.brand, own=own)
    )


def local_part(network: str, handle: str) -> str:
    """Return the part of a handle that its owner chose: before the instance, or of a domain."""
    handle = handle[:LONGEST_RAW].strip().lstrip("@")
    user, at, _ = handle.partition("@")
    if at or handle.endswith(_SHARED_HOST):
        return user.removesuffix(_SHARED_HOST)
    name = host(handle) if network in {"bluesky", ""} and "." in handle else None
    return handle if name is None else name.label


def _names(account: Account) -> Iterator[str]:
    """Yield the names of an account that people read."""
    local = local_part(account.network, account.handle)
    yield local
    if account.network == "bluesky" and (name := host(bare(account.handle))) is not None:
        yield from name.subdomains
    if account.display_name and account.display_name != local:
        yield account.display_name


def _targets(brand: Brand) -> Iterator[_Target]:
    """Yield what to look for on behalf of a brand, each folded spelling once."""
    seen: set[str] = set()
    written = [found for name in (brand.name, *brand.spellings) for found in patterns(name)]
    own = [
        found for name in (*_own_handles(brand), *_own_labels(brand)) for found in patterns(name)
    ]
    for pattern in (*written, *(found for found in own if not found.reordered)):
        if pattern.text not in seen:
            seen.add(pattern.text)
            yield _Target(brand.name, pattern)


def _own_handles(brand: Brand) -> dict[str, str]:
    """Return what the brand chose as its handles, each with the entry it comes from."""
    return {local_part(*split_network(entry)): entry for entry in brand.accounts}


def _own_labels(brand: Brand) -> dict[str, str]:
    """Return the labels of the brand's domains, each with the domain."""
    names = [(host(domain), domain) for domain in brand.domains]
    return {name.label: domain for name, domain in names if name is not None}
