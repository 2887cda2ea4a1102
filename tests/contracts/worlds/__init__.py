"""The live worlds, one module each; `tests/contracts/live.py` tells how to write one."""

from tests.contracts.live import LiveWorld
from tests.contracts.worlds.feed import FeedWorld

LIVE: list[type[LiveWorld]] = [
    FeedWorld,
]
