"""What this process does and has done: its steps, how long they took, and what they counted.

Kept always, since it costs next to nothing; `watcher.metrics` and the log tell of it.
"""

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds up to which the durations of steps are counted together."""

_step: ContextVar[str] = ContextVar("step", default="")


def step_under_way() -> str:
    """Return the step in which this is asked, as `match` or `pull town`; empty outside of any."""
    return _step.get()


@dataclass(kw_only=True)
class StepFigures:
    """What is known of one step."""

    failures: int = 0
    seconds: float = 0.0
    """That it took in all."""
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    """How often it took at most each of `BOUNDS` and more than the one before; the last: longer."""
    began: float | None = None
    """When what is under way of it began, by `time.monotonic`."""
    ended: float | None = None
    """When it ended last."""


@dataclass(kw_only=True)
class Turn:
    """One turn of a step; who finds that it failed says so here."""

    failed: bool = False


class Pulse:
    """The figures of one process. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[str, StepFigures] = {}
        self._counted: Counter[str] = Counter()
        self.began = time.monotonic()
        self.role = ""
        """`leads`, `stands by` or `works`; empty before it is known."""

    @contextmanager
    def step(self, name: str) -> Iterator[Turn]:
        """Measure one turn of a step; what leaves it as an exception has failed."""
        turn, began = Turn(), time.monotonic()
        with self._lock:
            self._steps.setdefault(name, StepFigures()).began = began
        token = _step.set(name)
        try:
            yield turn
        except BaseException:
            turn.failed = True
            raise
        finally:
            _step.reset(token)
            self._end(name, began, failed=turn.failed)

    def _end(self, name: str, began: float, *, failed: bool) -> None:
        now = time.monotonic()
        with self._lock:
            step = self._steps.setdefault(name, StepFigures())
            step.counts[bisect_left(BOUNDS, now - began)] += 1
            step.seconds += now - began
            step.failures += failed
            step.began, step.ended = None, now

    def count(self, **numbers: int) -> None:
        """Add to what is counted since the start: `count(posts=5, matches=2)`."""
        with self._lock:
            self._counted.update(numbers)

    def counted(self) -> Mapping[str, int]:
        """Return what was counted since the start."""
        with self._lock:
            return dict(self._counted)

    def steps(self) -> Mapping[str, StepFigures]:
        """Return the figures of all steps as they are at this moment."""
        with self._lock:
            return {
                name: StepFigures(**{**vars(step), "counts": list(step.counts)})
                for name, step in self._steps.items()
            }
