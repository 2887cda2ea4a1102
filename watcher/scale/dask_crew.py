"""Continuous workers as long tasks of a Dask cluster.

Each task starts `watcher work` as a process of its own on its Dask worker's host, waits for its end
and leaves its thread to others meanwhile. When a Dask worker dies, its process ends with it, and
Dask runs the task on another one.
"""

import queue
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from watcher.scale.dask_cluster import (
    OURS,
    Client,
    ClusterError,
    Future,
    Reschedule,
    VersionsError,
    close,
    connect,
    get_worker,
    lost,
    scheduler_address,
    secede,
    unwanted,
)
from watcher.scale.model import ScaleError
from watcher.scale.placing import Ended, Started
from watcher.scale.tether import GRACE, Child

CONTROL: Final = "watcher-workers"
"""The topic on which those who place workers are told to stop, and answer."""
PRIORITY: Final = 10
"""Continuous workers start before shards that wait."""
_LOOK: Final = 0.5
_ANSWER_SECONDS: Final = 10.0
"""How long those who place workers may take to say that they heard: their machine may be busy."""
_AGAIN_SECONDS: Final = 5.0

_Word = dict[str, Any]


class DaskCrew:
    """Has Dask workers start `watcher work` on their hosts."""

    def __init__(self, address: str, config: str) -> None:
        """Connect. `config` is a path on those hosts. Raises `ClusterError`, `VersionsError`."""
        self._address, self._config = address, config
        self._name = f"{CONTROL}-{uuid.uuid4().hex}"
        self._news: queue.SimpleQueue[_Word | Future[None]] = queue.SimpleQueue()
        self._futures: dict[int, Future[None]] = {}
        self._at_work: set[int] = set()
        self._why: dict[int, str] = {}
        self._lost: list[Ended] = []
        self._submitted = 0
        self._not_before = 0.0
        self.told_to_stop = threading.Event()
        """Set when somebody elsewhere says to stop."""
        self._client: Client | None = self._connected()

    def start(self, number: int) -> None:
        """Hand a worker to the cluster, which is sought again where it was lost."""
        client = self._client or self._found_again()
        if client is None:
            self._lost.append(Ended(number, "no Dask scheduler answers"))
            return
        self._submitted += 1
        try:
            with lost(self._address):
                self._futures[number] = client.submit(
                    _be_worker,
                    number,
                    self._config,
                    self._name,
                    version(OURS),
                    key=f"{self._name}-{number}-{self._submitted}",
                    pure=False,
                    priority=PRIORITY,
                )
                self._futures[number].add_done_callback(self._news.put)
        except ClusterError as error:
            self._futures.pop(number, None)
            self._lost.append(Ended(number, error.message))

    def news(self, seconds: float) -> Iterator[Started | Ended]:
        """Yield what happened, after a wait of `seconds` where nothing did."""
        if not self._lost:
            with suppress(queue.Empty):
                word = self._news.get(timeout=seconds)
                if isinstance(word, dict):  # a future only wakes us
                    yield from self._taken(word)
        yield from self._ends()
        if self._client is not None and self._is_lost(self._client):
            self._let_go(self._client)
        found, self._lost = self._lost, []
        yield from found

    def stop(self) -> None:
        """Let every worker finish its batch, and wait for their word that they did."""
        if self._client is None:
            return
        for future in self._futures.values():
            future.release()
        until = time.monotonic() + GRACE + 5
        while self._at_work and time.monotonic() < until and self._client.status == "running":
            with suppress(queue.Empty):
                word = self._news.get(timeout=_LOOK)
                if isinstance(word, dict) and word["is"] == "ended":
                    self._at_work.discard(word["number"])
        self._answer("stopped")
        close(self._client)
        self._client = None

    def _connected(self) -> Client:
        client = connect(self._address)
        with lost(self._address):
            client.subscribe_topic(self._name, lambda event: self._news.put(event[1]))
            client.subscribe_topic(CONTROL, lambda event: self._hear(event[1]))
        return client

    def _found_again(self) -> Client | None:
        if time.monotonic() >= self._not_before:
            try:
                self._client = self._connected()
            except ClusterError:
                self._not_before = time.monotonic() + _AGAIN_SECONDS
        return self._client

    def _taken(self, word: _Word) -> Iterator[Started]:
        number = word["number"]
        if word["is"] == "started":
            self._at_work.add(number)
            yield Started(number, word["where"])
        else:
            self._at_work.discard(number)
            self._why[number] = word["why"]

    def _ends(self) -> Iterator[Ended]:
        """Yield who ended, by what became of the tasks until now.

        Nothing is fetched: a result that goes with its Dask worker is made anew, in days perhaps.
        Then the task is under way elsewhere, and its worker has not ended.
        """
        for number, future in [*self._futures.items()]:
            if future.status in {"finished", "error"}:
                del self._futures[number]
                why = self._why.pop(number, "it ended")  # its word came before
                yield Ended(number, why if future.status == "finished" else _said(future))

    def _is_lost(self, client: Client) -> bool:
        """Whether the scheduler went, be it that it or another one answers again by now."""
        cancelled = any(one.status == "cancelled" for one in self._futures.values())
        return cancelled or client.status != "running"

    def _let_go(self, client: Client) -> None:
        """Count every worker as ended: without a scheduler Dask's workers end, and ours with it."""
        close(client)
        self._client = None
        gone = f"the Dask scheduler at {scheduler_address(self._address)} is gone"
        self._lost += [Ended(number, gone) for number in self._futures]
        self._futures.clear()
        self._at_work.clear()

    def _hear(self, word: _Word) -> None:
        if word.get("do") == "stop" and word.get("config") == self._config:
            self.told_to_stop.set()
            # Not on this thread: it is the client's own.
            threading.Thread(target=self._answer, args=("stopping",), daemon=True).start()

    def _answer(self, what: str) -> None:
        client = self._client
        if client is not None and client.status == "running":
            about = {"config": self._config, "who": self._name, "workers": len(self._futures)}
            with suppress(Exception):  # nobody need be there to hear it
                client.log_event(CONTROL, {"is": what, **about})


def stop(address: str, config: str) -> int | None:
    """Tell everybody who places workers on a cluster with this configuration to stop.

    Return how many workers they had, when all have ended; None where nobody places any. Raises
    `ClusterError` where the cluster does not answer, or they do not end.
    """
    asked = uuid.uuid4().hex
    client = connect(address)
    try:
        with lost(address):
            client.log_event(CONTROL, {"do": "stop", "config": config, "asked": asked})
        asked_at = time.monotonic()
        while True:
            with lost(address):
                events = [event for _, event in client.get_events(CONTROL)]
            # Asked for, not subscribed to: a quick answer would come before the subscription.
            at = next((n for n, one in enumerate(events) if one.get("asked") == asked), len(events))
            answers = [one for one in events[at:] if "is" in one and one.get("config") == config]
            # Who has nobody at work has stopped before it could say that it is stopping.
            had: dict[str, int] = {one["who"]: one["workers"] for one in reversed(answers)}
            done = {one["who"] for one in answers if one["is"] == "stopped"}
            if had and done == had.keys():
                return sum(had.values())
            patience = GRACE + 10 if had else _ANSWER_SECONDS
            if time.monotonic() - asked_at > patience:
                break
            time.sleep(_LOOK)
    finally:
        close(client)
    if had:
        raise ClusterError("the workers do not end", help="`watcher workers` shows them")
    return None


def _be_worker(number: int, config: str, topic: str, ours: str) -> None:
    """Run a continuous worker on this host, in a thread of a Dask worker, and tell how it ended."""
    worker = get_worker()
    host, here = socket.gethostname(), version(OURS)
    if here != ours:
        raise VersionsError(f"the Dask worker on {host} has {OURS} {here}, not {ours}")
    if not Path(config).is_file():
        raise ScaleError(f"there is no configuration {config} on {host}")
    key = str(worker.get_current_task())
    secede()  # the shards of batch jobs may have this thread's turn
    child = Child(config)
    about = {"number": number, "where": f"process {child.pid} on {host} ({worker.address})"}
    worker.log_event(topic, {"is": "started", **about})
    unwanted_now = partial(unwanted, worker, key)
    why = "it was to end"
    try:
        while not child.ended(_LOOK):
            if unwanted_now():
                child.stop()
                raise Reschedule
        why = child.why
    finally:
        child.tell_to_stop()
        worker.log_event(topic, {"is": "ended", "why": why, **about})


def _said(future: Future[None]) -> str:
    """Return the error of a task, in words."""
    try:
        error = future.exception(timeout=_LOOK)
    except Exception as gone:  # noqa: BLE001 - the scheduler went meanwhile: that ends it as well
        error = gone
    if isinstance(error, ScaleError):
        return error.message
    return f"{type(error).__name__}: {error}"[:300]
