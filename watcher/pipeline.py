"""The walk of a post: pull, match (and judge rates), index, plan, deliver; at its end, forget.

Beside it, what came before a brand was known is counted for it.

Each step starts from what the store says is left to do, so running it again after a crash is the
whole of recovery. Each returns what it did; none prints. What fails in one source, channel or
recipient is recorded and told, and the rest goes on. The steps themselves are in `watcher/walk/`.
"""

from watcher.walk.counting import Counted, count_earlier
from watcher.walk.delivering import Delivered, deliver
from watcher.walk.forgetting import forget
from watcher.walk.indexing import index
from watcher.walk.looking import Looked, look
from watcher.walk.matching import BATCH, Matched, examine, match
from watcher.walk.planning import Planned, plan, plan_now
from watcher.walk.pulling import Pulled, pull
from watcher.walk.returning import Taken, take_back
from watcher.walk.stopping import never
from watcher.walk.working import PartitionError

__all__ = [
    "BATCH",
    "Counted",
    "Delivered",
    "Looked",
    "Matched",
    "PartitionError",
    "Planned",
    "Pulled",
    "Taken",
    "count_earlier",
    "deliver",
    "examine",
    "forget",
    "index",
    "look",
    "match",
    "never",
    "plan",
    "plan_now",
    "pull",
    "take_back",
]
