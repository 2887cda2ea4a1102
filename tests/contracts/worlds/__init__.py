"""The live worlds, one module each; `tests/contracts/live.py` tells how to write one."""

from tests.contracts.live import LiveWorld
from tests.contracts.world import Society
from tests.contracts.worlds.bluesky import BlueskyWorld
from tests.contracts.worlds.feed import FeedWorld
from tests.contracts.worlds.mastodon import TownSociety, TownWorld
from tests.contracts.worlds.x import XSearchWorld

LIVE: list[type[LiveWorld]] = [
    FeedWorld,
    BlueskyWorld,
    TownWorld,
    XSearchWorld,
]

SOCIETIES: list[type[Society]] = [
    TownSociety,
]
"""Those that also know accounts: `class TownSociety(TownWorld, Society)`."""
