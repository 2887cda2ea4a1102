"""The engine `dask://host:port`: each shard is a future of a Dask cluster.

Dask places the shards and runs those of a dead worker elsewhere. A shard learns from its own worker
that it is wanted no more: the scheduler says so there once its future is cancelled or we are gone.
"""

import asyncio
import queue
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import Future as Promise
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any, Final

from watcher.scale.dask_cluster import (
    OURS,
    Client,
    ClusterError,
    Future,
    KilledWorker,
    Reschedule,
    VersionsError,
    Worker,
    close,
    connect,
    get_worker,
    lost,
    scheduler_address,
    unwanted,
)
from watcher.scale.engines import ATTEMPTS, PATIENCE, Ended, Failed, Hands
from watcher.scale.model import ScaleError, Shard, ShardResult, StoppedError, Work
from watcher.scale.shard import run_shard

AHEAD: Final = 2
"""Shards under way for each thread of the cluster: one at work, one that waits for its turn."""
TELL_EVERY: Final = 1.0
"""Seconds between two words of a worker on how far its shard is."""
LOOK_EVERY: Final = 5.0
"""Seconds between two looks at how many workers there are, and what came to be without a word."""
WAIT_FOR_WORKERS: Final = 60.0
"""Seconds that a cluster may be without any worker."""
FETCH_SECONDS: Final = 4.0
"""For which a result is waited for at first, where others are there to be fetched."""
RESUME: Final = "what is left can be resumed then"


class DaskEngine:
    """Has shards worked off by the workers of a Dask cluster."""

    def __init__(self, address: str) -> None:
        """Connect. Raises `ClusterError`, `VersionsError`."""
        self._address = address
        self._client = connect(address)

    @property
    def workers(self) -> int:
        """How many shards are worked on at once: the threads of all workers."""
        with lost(self._address):
            return sum(self._client.nthreads().values())

    def run(self, work: Work, shards: Sequence[Shard], hands: Hands) -> Iterator[Ended]:
        """Yield how each shard ended, as soon as it has; nothing of what `stop` cut short.

        Raises `ClusterError` when the scheduler is gone or there is no worker for a minute,
        `VersionsError` when one joins that has another version of the watcher.
        """
        under_way = _Run(self._address, self._client, work, hands)
        try:
            yield from under_way.work_off(shards)
        finally:
            under_way.leave()

    def close(self) -> None:
        """Let go of the cluster; shards that are at work there stop at their next batch."""
        close(self._client)


@dataclass(eq=False)
class _UnderWay:
    """A shard that was handed to the cluster."""

    shard: Shard
    future: Future[ShardResult]
    deaths: int = 0
    patience: float = FETCH_SECONDS
    worker: str = ""
    """Who works on it, as far as we were told."""

    @property
    def is_made(self) -> bool:
        """Whether it came to something that is still there: a result may go with its worker."""
        return self.future.status not in {"pending", "lost"}


@dataclass(frozen=True)
class _Fetch:
    """What a shard came to, on its way here."""

    one: _UnderWay
    coming: "Promise[ShardResult | BaseException]"
    until: float


class _Run:
    """One run over the shards of a job."""

    def __init__(self, address: str, client: Client, work: Work, hands: Hands) -> None:
        self._address, self._client, self._hands = address, client, hands
        self._name = f"watcher-{uuid.uuid4().hex}"  # no run ever meets the leavings of another
        self._news: queue.SimpleQueue[dict[str, Any] | _UnderWay | None] = queue.SimpleQueue()
        self._under_way: dict[int, _UnderWay] = {}
        self._made: deque[_UnderWay] = deque()
        self._fetch: _Fetch | None = None  # one at a time: a result may be large
        self._submitted = 0
        self._threads = 0
        self._look_at = 0.0
        self._alone_since: float | None = None
        with lost(address):
            client.subscribe_topic(self._name, lambda event: self._news.put(event[1]))
            # Sent once and held by the cluster: with many rules it is large.
            self._work = client.submit(_hold, work, key=f"{self._name}-work", pure=False)

    def work_off(self, shards: Sequence[Shard]) -> Iterator[Ended]:
        waiting = deque(shards)
        while (waiting or self._under_way) and not self._hands.stop():
            self._refill(waiting)
            for step in (self._hear, self._take):
                ended = step()
                if ended is not None:
                    self._under_way.pop(ended.number).future.release()
                    yield ended

    def leave(self) -> None:
        """Have the cluster forget what is not done."""
        with suppress(Exception):  # a scheduler that is gone has forgotten already
            self._client.unsubscribe_topic(self._name)
        if self._fetch:
            self._fetch.coming.cancel()
        for one in self._under_way.values():
            one.future.release()
        self._under_way.clear()

    def _hear(self) -> Failed | None:
        """Take the next word of a worker or of what was made; it may be long in coming."""
        try:
            news = self._news.get(timeout=PATIENCE / 2)
        except queue.Empty:
            return None
        if isinstance(news, _UnderWay):
            self._made.append(news)
        return self._started(news) if isinstance(news, dict) else None

    def _refill(self, waiting: deque[Shard]) -> None:
        if self._client.status != "running":
            raise self._cluster_lost()
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            with lost(self._address):
                self._threads = sum(self._client.nthreads().values())
            self._mind_being_alone(now)
            # What was made anew, as well: of that no word comes.
            fetched = self._fetch and self._fetch.one
            every = self._under_way.values()
            self._made = deque(one for one in every if one.is_made and one is not fetched)
        while waiting and len(self._under_way) < max(1, AHEAD * self._threads):
            self._submit(waiting.popleft())

    def _mind_being_alone(self, now: float) -> None:
        if self._threads:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > WAIT_FOR_WORKERS:
            raise ClusterError(
                f"the Dask cluster at {scheduler_address(self._address)} has no workers",
                help=f"start some with `dask worker`; {RESUME}",
            )

    def _submit(self, shard: Shard, deaths: int = 0) -> None:
        self._submitted += 1
        with lost(self._address):
            future = self._client.submit(
                _work_off,
                self._work,
                shard,
                self._name,
                version(OURS),
                key=f"{self._name}-{shard.number}-{self._submitted}",
                pure=False,
            )
            one = self._under_way[shard.number] = _UnderWay(shard, future, deaths)
            future.add_done_callback(lambda _: self._news.put(one))

    def _started(self, told: dict[str, Any]) -> Failed | None:
        """Take a word of a worker on its shard; the word of a second worker tells of a death."""
        one = self._under_way.get(told["shard"])
        if one is None or one.future.key != told["key"]:
            return None
        before, one.worker = one.worker, told["worker"]
        if told["starts"] and before and not self._has_left(before):
            return self._died(one, f"on {before}")
        self._hands.moved(one.shard.number, told["part"])
        return None

    def _has_left(self, worker: str) -> bool:
        """Whether a worker ended since it was told to, as where a cluster is made smaller."""
        with lost(self._address):
            words = [word for _, word in self._client.get_events(worker)]
        return any(word.get("status") in {"closing", "closing_gracefully"} for word in words)

    def _died(self, one: _UnderWay, where: str, *, again: bool = False) -> Failed | None:
        """Count a death; give the shard up after too many, else see that it is tried again.

        `again`: Dask itself has given it up.
        """
        one.deaths += 1
        if one.deaths >= ATTEMPTS:
            words = f"the Dask worker at work on it was killed or broke down, {ATTEMPTS} times"
            return Failed(one.shard.number, words, one.deaths)
        attempt = f"attempt {one.deaths + 1} of {ATTEMPTS}"
        self._hands.died(one.shard.number, f"{where}: {attempt}" if where else attempt)
        if again:
            self._submit(one.shard, one.deaths)
        return None

    def _take(self) -> Ended | None:
        """Return how a shard ended where that has come, and see that the next one comes.

        Nobody waits here: whoever cancels the job is to be heard, and to hear of us.
        """
        ended = self._come(self._fetch) if self._fetch else None
        while self._made and self._fetch is None:
            one = self._made.popleft()
            if one.is_made and self._is_under_way(one):
                self._fetch = self._fetched(one)
        return ended

    def _is_under_way(self, one: _UnderWay) -> bool:
        return self._under_way.get(one.shard.number) is one

    def _fetched(self, one: _UnderWay) -> _Fetch:
        with lost(self._address):
            loop: Any = self._client.loop
            outcome = _outcome(self._client, one.future)
            coming = asyncio.run_coroutine_threadsafe(outcome, loop.asyncio_loop)
            coming.add_done_callback(lambda _: self._news.put(None))
        return _Fetch(one, coming, time.monotonic() + one.patience)

    def _come(self, fetch: _Fetch) -> Ended | None:
        one = fetch.one
        if fetch.coming.done():
            self._fetch = None
            return self._ended(one, fetch.coming) if self._is_under_way(one) else None
        if one.is_made and not (self._made and time.monotonic() > fetch.until):
            return None
        # It went with its worker and is made anew; or it is slow to come, and others are not.
        fetch.coming.cancel()
        self._fetch = None
        if one.is_made:
            one.patience *= 2
            self._made.append(one)
        return None

    def _ended(self, one: _UnderWay, came: "Promise[ShardResult | BaseException]") -> Ended | None:
        try:
            with lost(self._address):
                outcome = came.result()
        except (CancelledError, ClusterError):
            raise self._cluster_lost() from None
        if isinstance(outcome, ShardResult):
            return outcome
        if isinstance(outcome, KilledWorker):
            return self._died(one, "", again=True)
        if isinstance(outcome, VersionsError):
            raise outcome
        if isinstance(outcome, ScaleError):
            return Failed(one.shard.number, outcome.message, one.deaths + 1)
        said = (str(outcome).splitlines() or [""])[0][:500]
        return Failed(one.shard.number, f"{type(outcome).__name__}: {said}", one.deaths + 1)

    def _cluster_lost(self) -> ClusterError:
        return ClusterError(
            f"the Dask scheduler at {scheduler_address(self._address)} is gone",
            help=f"start it again, and its workers; {RESUME}",
        )


async def _outcome(client: Client, future: Future[ShardResult]) -> ShardResult | BaseException:
    """Return the result of a task, or its error; raise what befell the way to it."""
    error: BaseException | None = await future.exception(asynchronous=True)
    try:
        return error or await client.gather(future, asynchronous=True)
    except Exception as made_anew:
        if future.status == "error":
            return made_anew
        raise


def _hold(work: Work) -> Work:
    return work


def _work_off(work: Work, shard: Shard, topic: str, ours: str) -> ShardResult:
    """Work a shard off; this runs in a thread of a Dask worker."""
    worker = get_worker()
    here = version(OURS)
    if here != ours:
        raise VersionsError(
            f"the Dask worker {worker.address} has {OURS} {here}, the job was started with {ours}",
            help="install the same on every host of the cluster; " + RESUME,
        )
    key = str(worker.get_current_task())
    tell = partial(_tell, worker, topic, {"key": key, "shard": shard.number})
    tell(0.0, starts=True)
    told = time.monotonic()

    def moved(part: float) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            tell(part)

    try:
        return run_shard(work, shard, moved, partial(unwanted, worker, key))
    except StoppedError:
        # Nobody listens any more, or this worker is told to end: then another one takes over.
        raise Reschedule from None


def _tell(
    worker: Worker, topic: str, shard: dict[str, Any], part: float, *, starts: bool = False
) -> None:
    told = {**shard, "part": part, "starts": starts, "worker": worker.address}
    worker.log_event(topic, told)
