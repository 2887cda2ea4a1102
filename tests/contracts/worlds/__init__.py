"""The live worlds, one module each; `tests/contracts/live.py` tells how to write one."""

from tests.contracts.live import LiveWorld
from tests.contracts.world import Society
from tests.contracts.worlds.bluesky import BlueskySociety, BlueskyWorld
from tests.contracts.worlds.feed import FeedWorld
from tests.contracts.worlds.mastodon import (
    GoneTown,
    GoToSocialWorld,
    SnacWorld,
    TownSociety,
    TownWorld,
)
from tests.contracts.worlds.real_bluesky import RealBluesky
from tests.contracts.worlds.x import XSearchWorld, XSmallPlan, XSociety

LIVE: list[type[LiveWorld]] = [
    FeedWorld,
    BlueskyWorld,
    TownWorld,
    GoToSocialWorld,
    SnacWorld,
    XSearchWorld,
]

SOCIETIES: list[type[Society]] = [
    TownSociety,
    GoneTown,
    RealBluesky,
    BlueskySociety,
    XSociety,
    XSmallPlan,
]
"""Those that also know accounts: `class TownSociety(TownWorld, Society)`.

The real Bluesky network looks at handles alone when it searches accounts, and takes no picture of
more than a megabyte: display names, accents and such pictures are tried on the strict fake. X is a
strict fake, Mastodon another (the real servers of tests/test_mastodon_town.py know fewer calls).
"""
