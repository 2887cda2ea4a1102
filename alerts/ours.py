"""Whose accounts are our own, as the `accounts` of the configured brands say."""

from collections.abc import Sequence

from rules.model import Account, Brand, Post


def owner(account: Account, brands: Sequence[Brand]) -> str | None:
    """The name of the brand whose own account this is, None for a stranger."""
    for brand in brands:
        for own in brand.accounts:
            if _handle_on(own, account.network) == account.handle.casefold():
                return brand.name
    return None


def addressed(post: Post, brands: Sequence[Brand]) -> str | None:
    """The name of a brand one of whose accounts the post mentions or answers, else None."""
    handles = {handle.casefold().lstrip("@") for handle in post.mentions}
    if post.reply_to_handle:
        handles.add(post.reply_to_handle.casefold().lstrip("@"))
    for brand in brands:
        if any(_handle_on(own, post.network) in handles for own in brand.accounts):
            return brand.name
    return None


def ours(brands: Sequence[Brand]) -> tuple[Brand, ...]:
    """The brands that are not there to be compared with: nobody's competitor, or with some."""
    rivals = {name for brand in brands for name in brand.competitors}
    return tuple(brand for brand in brands if brand.name not in rivals or brand.competitors)


def _handle_on(own: str, network: str) -> str | None:
    """The handle of an own account on this network, None where the account is elsewhere."""
    prefix, colon, handle = own.partition(":")
    if not colon:
        prefix, handle = network, own
    return handle.casefold().lstrip("@") if prefix.casefold() == network else None
