"""The engine `local:N`: N processes of this machine.

Each has a `ProcessPoolExecutor` of its own, so that a death is blamed on the shard at work there
and on no other (`multiprocessing.Pool` waits forever for a worker that was killed, and one executor
with N workers gives up all their work with one of them). They come from a fork server that has the
rules' code loaded, and die with us, however we end.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final

from watcher.scale.engines import ATTEMPTS, PATIENCE, Ended, Failed, Hands
from watcher.scale.model import Shard, ShardResult, Work
from watcher.scale.shard import run_shard

_LOOK: Final = 0.25
"""Seconds between two looks at how far the workers are."""
_PART, _ENOUGH = 0, 1
_board: Any = None
"""In a worker: memory shared with the driver. How far it is; whether to end."""


class LocalEngine:
    """Has shards worked off by processes of this machine."""

    def __init__(self, workers: int) -> None:
        self._hands = [_Worker() for _ in range(workers)]

    @property
    def workers(self) -> int:
        """How many shards are worked on at once."""
        return len(self._hands)

    def run(self, work: Work, shards: Sequence[Shard], hands: Hands) -> Iterator[Ended]:
        """Yield how each shard ended, as soon as it has; nothing of what `stop` cut short."""
        waiting: deque[tuple[Shard, int]] = deque((shard, 0) for shard in shards)
        idle, busy = deque(self._hands), dict[Future[ShardResult], tuple[_Worker, Shard, int]]()
        while (waiting or busy) and not hands.stop():
            while waiting and idle:
                worker, (shard, failures) = idle.popleft(), waiting.popleft()
                busy[worker.begin(work, shard)] = (worker, shard, failures)
            for future in wait(busy, min(_LOOK, PATIENCE), FIRST_COMPLETED).done:
                worker, shard, failures = busy.pop(future)
                died = isinstance(future.exception(), BrokenProcessPool)
                if died:
                    worker.replace()
                idle.append(worker)
                if died and failures + 1 < ATTEMPTS:
                    hands.died(shard.number, f"attempt {failures + 2} of {ATTEMPTS}")
                    waiting.appendleft((shard, failures + 1))
                else:
                    yield _ended(future, shard, failures + 1)
            for worker, shard, _ in busy.values():
                hands.moved(shard.number, worker.part)

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        for worker in self._hands:
            worker.end()


def _ended(future: Future[ShardResult], shard: Shard, attempts: int) -> Ended:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, BrokenProcessPool):
        why = f"the process at work on it was killed or broke down, {attempts} times"
    else:
        message = getattr(error, "message", None)
        why = message if isinstance(message, str) else f"{type(error).__name__}: {error}"[:500]
    return Failed(shard.number, why, attempts)


class _Worker:
    """One process and its executor; the process begins with the first shard."""

    def __init__(self) -> None:
        self._context = _context()
        self._take()

    def _take(self) -> None:
        self._board = self._context.Array("d", 2, lock=False)
        self._executor = ProcessPoolExecutor(
            1, mp_context=self._context, initializer=_begin, initargs=(self._board,)
        )

    @property
    def part(self) -> float:
        """How much of its shard is done."""
        return float(self._board[_PART])

    def begin(self, work: Work, shard: Shard) -> "Future[ShardResult]":
        """Begin a shard."""
        self._board[_PART] = 0.0
        try:
            return self._executor.submit(_run, work, shard)
        except BrokenProcessPool:  # it died while it had nothing to do
            self.replace()
            return self._executor.submit(_run, work, shard)

    def replace(self) -> None:
        """Take another process in the place of one that died."""
        self.end()
        self._take()

    def end(self) -> None:
        """Have the process end, whatever it is doing; it does within moments."""
        self._board[_ENOUGH] = 1.0
        self._executor.shutdown(wait=False, cancel_futures=True)


def _context() -> Any:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["watcher.scale.local"])
    return context


def _begin(board: Any) -> None:
    """Prepare a new process: Ctrl-C is for the driver alone, and none outlives it."""
    global _board  # noqa: PLW0603 - a process has one
    _board = board
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    """End this process, in the middle of its work, with its parent or when it is told to."""
    while parent.is_alive() and not _board[_ENOUGH]:
        parent.join(_LOOK)
    os._exit(1)


def _run(work: Work, shard: Shard) -> ShardResult:
    return run_shard(work, shard, moved=_moved)


def _moved(part: float) -> None:
    _board[_PART] = part
