"""Looks at the account that follows for a channel, as those see it whom it follows."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from alerts import AutoFollow
from alerts.follow.network_rules import (
    FOLLOWED_PER_FOLLOWER,
    MASTODON_ALTOGETHER,
    MASTODON_BOTS,
    MOST_FOLLOWED,
)
from alerts.ours import ours
from rules.characters import fold_case
from rules.model import Account
from watcher.backends.interface import KnowsItself, Ourselves
from watcher.config import Config

MOST_RULES = 10
"""Rules of a server that are shown; it says on its page what else holds."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What the account that follows looks like."""

    said: str
    doubts: tuple[str, ...] = ()
    """What others may take amiss."""
    help: str = ""


def look(config: Config, channel: AutoFollow) -> Looked:
    """Ask a network for our own account. Raises `BackendError`."""
    source = next(one for one in config.sources if one.name == channel.source)
    with closing(source.open(config.folder)) as reader:
        if not isinstance(reader, KnowsItself):
            return Looked(said=f"{channel.source} tells nothing of the account that follows")
        found = reader.ourselves()
    doubts = tuple(_doubts(config, channel, found))
    said = f"follows as @{found.account.handle}"
    if found.rules:
        said += ". Rules of the server: " + " / ".join(found.rules[:MOST_RULES])
        said += f" / and {more} more" if (more := len(found.rules) - MOST_RULES) > 0 else ""
    name = config.contact or "social@acme.example"
    return Looked(
        said=said, doubts=doubts, help=f'its bio should say something like "Run by {name}"'
    )


def _doubts(config: Config, channel: AutoFollow, found: Ourselves) -> Iterator[str]:
    account = found.account
    if not says_who(account, config):
        yield "its bio does not say who runs it"
    if account.network == "mastodon":
        if channel.automatic and not account.bot:
            yield f"it follows automatically and is not marked as a bot. {MASTODON_BOTS.cited}"
        if account.following is not None and account.following >= _most_followed(account):
            yield f"it may follow nobody else. {MASTODON_ALTOGETHER.cited}"
    for notice in found.notices:
        yield f"moderators say: {notice.said}"


def says_who(account: Account, config: Config) -> bool:
    """Whether a bio names who runs the account: a brand of ours, its domain, or the contact."""
    bio = fold_case(f"{account.bio} {' '.join(account.verified)}")
    contact = config.contact
    host = urlsplit(contact).hostname if "://" in contact else contact.rpartition("@")[2]
    own = ours(config.brands)
    names = [contact, host or "", *(one.name for one in own), *(d for b in own for d in b.domains)]
    return any(name and fold_case(name) in bio for name in names)


def _most_followed(account: Account) -> float:
    return max(MOST_FOLLOWED, (account.followers or 0) * FOLLOWED_PER_FOLLOWER)
