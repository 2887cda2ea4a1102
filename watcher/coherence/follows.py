"""Following where a network forbids it, by an account that nobody named, or twice as fast."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from alerts import AutoFollow
from alerts.follow.network_rules import BLUESKY_BOTS, BLUESKY_SPAM, X_FOLLOWING
from rules.errors import Problem
from watcher.backends import BlueskySource, XSource

if TYPE_CHECKING:
    from watcher.config import Config


def problems(config: "Config") -> Iterator[Problem]:
    """Yield what breaks a network's rules, each with the rule, and what follows twice as fast."""
    sources = {source.name: source for source in config.sources}
    first: dict[str, str] = {}
    for i, channel in enumerate(config.channels):
        if not isinstance(channel, AutoFollow):
            continue
        source = sources.get(channel.source)
        if isinstance(source, XSource):
            yield Problem(
                code="network-forbids",
                message="the watcher follows nobody on X",
                path=("channels", i, "source"),
                help=X_FOLLOWING.cited,
            )
        is_strict = isinstance(source, BlueskySource)
        if is_strict and channel.automatic and "addressed-us" not in channel.who:
            yield Problem(
                code="network-forbids",
                message="on Bluesky nobody is followed automatically who did not address us",
                path=("channels", i, "automatic"),
                help=f'add "addressed-us" to `who`. {BLUESKY_SPAM.cited}. {BLUESKY_BOTS.cited}',
            )
        if first.setdefault(channel.source, channel.name) != channel.name:
            yield Problem(
                code="follows-twice",
                message=f'"{first[channel.source]}" follows with the same account, at a pace of '
                "its own",
                path=("channels", i, "source"),
                help="let one channel take the posts of all rules",
            )
