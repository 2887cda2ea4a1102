"""The live worlds, one module each; `tests/contracts/live.py` tells how to write one."""

from tests.contracts.live import LiveWorld
from tests.contracts.worlds.bluesky import BlueskyWorld
from tests.contracts.worlds.feed import FeedWorld
from tests.contracts.worlds.mastodon import SnacWorld, TownWorld

LIVE: list[type[LiveWorld]] = [
    FeedWorld,
    BlueskyWorld,
    TownWorld,
    SnacWorld,
]
