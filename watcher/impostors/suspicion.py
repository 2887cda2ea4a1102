"""Accounts and links held against all brands, in the light of what is known beside their names.

Names come first: an account whose names resemble no brand is looked at once, and no more is asked
about it. Of the few others the store tells posts and pictures, and the rules judge.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from rules.lookalike import circumstances
from rules.lookalike.context import Own, in_context, vouched
from rules.lookalike.reasons import reason
from rules.model import Account, Post, Suspect
from watcher.app import App
from watcher.backends.interface import BackendError, Network
from watcher.dispatch import Dispatch
from watcher.impostors.perceptual_hash import PictureError, perceptual_hash
from watcher.store import Around, Picture, Store

MOST_PICTURES = 10
"""Pictures looked at in one turn: a network may take seconds for each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What look-alike rules found in accounts or links."""

    suspects: tuple[Suspect, ...] = ()
    """To be raised."""
    faint: tuple[Suspect, ...] = ()
    """Resembling a brand, and not to be raised by what is known now."""
    upto: int | None = None
    """The newest post that was known by then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What looking at pictures brought."""

    pictures: int = 0
    failed: int = 0
    """Pictures that could not be had, or not be read."""


def own_accounts(app: App) -> tuple[Own, ...]:
    """Return the brands' own accounts as they are known now.

    Where they changed, all accounts that resemble a brand are to be examined again.
    """
    own = app.store.own_accounts(app.config.brands)
    told = repr([(one.brand, _look(one.account), one.picture) for one in own])
    app.store.reexamine_alike(hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16])
    return own


def _look(account: Account) -> tuple[str, ...]:
    """Return what others may copy of an account, or prove by it."""
    return (account.key, account.handle, account.display_name, account.bio, *account.verified)


def find_accounts(
    app: App, accounts: Sequence[Account], own: Sequence[Own], around: Around | None = None
) -> Found:
    """Hold accounts against all brands, by their names and by what is known beside them.

    `around` tells that as a transaction under way sees it, in the place of the store.
    """
    store: Store | Around = around or app.store
    candidates = app.detector.candidates(accounts)
    by_key = {account.key: account for account in accounts}
    alike: dict[str, list[Account]] = {}
    for one in candidates:
        alike.setdefault(one.brand, []).append(by_key[one.subject])
    known, upto = store.known_of(alike, own) if alike else ({}, None)
    harmless = store.harmless_domains() if alike else frozenset()
    brands = {brand.name: brand for brand in app.config.brands}
    suspects: list[Suspect] = []
    faint: list[Suspect] = []
    for one in candidates:
        if one.subject not in known:
            continue  # forgotten meanwhile
        suspect, rule = in_context(
            app.detector, one, brands[one.brand], known[one.subject], own, harmless
        )
        if rule is None:
            faint.append(suspect)
        else:
            suspects.append(replace(suspect, rule=rule))
    faint += _unlike(app, store, accounts, {one.subject for one in candidates})
    return Found(suspects=tuple(suspects), faint=tuple(faint), upto=upto)


def _unlike(
    app: App, store: Store | Around, accounts: Sequence[Account], alike: set[str]
) -> list[Suspect]:
    """Return the suspects among accounts whose names resemble no brand any more."""
    others = {
        account.key: account
        for account in accounts
        if account.key not in alike and not app.detector.owns(account)
    }
    return [
        replace(
            before,
            name=others[before.subject].handle,
            display_name=others[before.subject].display_name,
            score=0.0,
            likeness=0.0,
            techniques=(),
            reason=reason("unlike", name=others[before.subject].handle, brand=before.brand),
            evidence=(),
            signs=(),
        )
        for before in store.suspects_of(list(others))
        # Where no rule guards the brand any more, nobody looked, and so nothing is found.
        if app.detector.rule_for(before.brand, 1.0) is not None
    ]


def find_links(app: App, posts: Sequence[Post], own: Sequence[Own]) -> Found:
    """Hold the domains to which posts link against all brands."""
    suspects: list[Suspect] = []
    faint: list[Suspect] = []
    for one in app.detector.domains(posts):
        suspect = circumstances.judged(one, vouched(one, own))
        raised = app.detector.rule_for(one.brand, suspect.score) is not None
        (suspects if raised else faint).append(suspect)
    return Found(suspects=tuple(suspects), faint=tuple(faint))


def look_at_links_again(
    app: App, own: Sequence[Own], batch: int, *, stop: Callable[[], bool]
) -> int:
    """Look at the links of posts matched long ago, where brands or rules changed since.

    Returns how many suspects were new.
    """
    new = 0
    while not stop() and (older := app.store.links_to_look_at(batch)).posts:
        found = find_links(app, older.posts, own)
        dispatch = Dispatch(app)
        saved = app.store.save_links(
            older,
            found.suspects,
            dispatch.routes,
            app.clock(),
            faint=found.faint,
            places=dispatch.suspects((*found.suspects, *found.faint)),
        )
        new += saved.suspects
    return new


def look_at_pictures(app: App, own: Sequence[Own], *, stop: Callable[[], bool]) -> Looked:
    """Look at pictures of the brands' own accounts and of accounts that resemble them.

    A network that fails is left alone for this turn, and what it did not give is asked for again
    after a day. Raises `StoreError`.
    """
    first = _look_at(app, own, stop)
    if first:  # others are only looked at where there is a picture to hold theirs against
        own = own_accounts(app)
    pictures = [*first, *_look_at(app, own, stop)]
    return Looked(pictures=len(pictures), failed=sum(bool(one.error) for one in pictures))


def _look_at(app: App, own: Sequence[Own], stop: Callable[[], bool]) -> list[Picture]:
    wanted = app.store.pictures_to_look_at(own, app.clock(), MOST_PICTURES)
    pictures: list[Picture] = []
    networks = {account.network for account in wanted}
    for source in app.config.sources:
        if not source.enabled or not networks or stop():
            continue
        try:
            with closing(source.open(app.config.folder, clock=app.clock)) as reader:
                if isinstance(reader, Network) and reader.network in networks:
                    networks.discard(reader.network)
                    ours = [account for account in wanted if account.network == reader.network]
                    pictures += _pictures(reader, ours, stop)
        except BackendError:
            continue  # reading the source tells of it, with all that a person needs to mend it
    if pictures:
        app.store.save_pictures(pictures, app.clock())
    return pictures


def _pictures(
    network: Network, accounts: Sequence[Account], stop: Callable[[], bool]
) -> list[Picture]:
    found: list[Picture] = []
    for account in accounts:
        if stop():
            break
        try:
            octets = network.avatar(account)
        except BackendError as error:
            found.append(Picture(account=account, error=str(error)))
            break
        try:
            found.append(
                Picture(account=account)
                if octets is None
                else Picture(account=account, hash=perceptual_hash(octets))
            )
        except PictureError as error:
            found.append(Picture(account=account, error=str(error)))
    return found
