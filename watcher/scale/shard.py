"""One shard: read, matched, compared. This runs in a worker, wherever that is."""

from collections.abc import Callable

from watcher.scale.model import Shard, ShardResult, Work


def run_shard(
    work: Work,
    shard: Shard,
    moved: Callable[[float], None] = lambda _part: None,
    stop: Callable[[], bool] = lambda: False,
) -> ShardResult:
    """Return what a shard holds of what is looked for.

    `moved` is told the part that is done, 0 to 1, every few thousand posts; `stop` is asked then.
    The same work and shard give the same result, octet by octet. Raises `ShardError` where the
    file is gone or not the one that was planned, `StoppedError` where `stop` said so.
    """
    raise NotImplementedError
