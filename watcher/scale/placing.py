"""Keeping a number of continuous workers at work: placed, watched, placed again when they end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

FIRST_PAUSE: Final = 1.0
"""Seconds before a worker that ended is started again; twice as long after each further end."""
LONGEST_PAUSE: Final = 60.0
WELL_AFTER: Final = 60.0
"""Seconds at work after which a worker's end is the first one again."""
LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Started:
    """A worker is at work."""

    number: int
    where: str
    """`process 1234`, or the host as well."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker works no more."""

    number: int
    why: str


class Crew(Protocol):
    """Who can be set to work: processes here, or tasks of a cluster."""

    def start(self, number: int) -> None:
        """Have a worker start; whether it did is among the news."""
        ...

    def news(self, seconds: float) -> Iterable[Started | Ended]:
        """Wait so long at most for what happened; return it."""
        ...

    def stop(self) -> None:
        """Have all workers finish their batch and end; return when they have."""
        ...


class Keeper:
    """Keeps `count` workers at work until it is told to stop."""

    def __init__(self, crew: Crew, count: int, tell: Callable[[str], None]) -> None:
        self._crew, self._count, self._tell = crew, count, tell
        self._ends: dict[int, int] = {}
        self._since: dict[int, float] = {}
        self._where: dict[int, str] = {}

    def keep(self, stop: Callable[[], bool], clock: Callable[[], float]) -> None:
        """Work until `stop()`; then have the workers finish and end. `clock` counts seconds."""
        due = {number: clock() for number in range(1, self._count + 1)}
        try:
            while not stop():
                for number in [number for number, at in due.items() if at <= clock()]:
                    del due[number]
                    self._crew.start(number)
                for one in self._crew.news(LOOK_SECONDS):
                    if isinstance(one, Started):
                        self._started(one, clock())
                    else:
                        due[one.number] = clock() + self._ended(one, clock())
        finally:
            self._tell("stopping: each worker finishes its batch")
            self._crew.stop()

    def _started(self, one: Started, now: float) -> None:
        before, self._where[one.number] = self._where.get(one.number), one.where
        self._since[one.number] = now
        moved = f" (before: {before})" if before not in {None, one.where} else ""
        self._tell(f"worker {one.number} works: {one.where}{moved}")

    def _ended(self, one: Ended, now: float) -> float:
        """Tell of an end; return the seconds until the next start."""
        since = self._since.pop(one.number, None)
        if since is not None and now - since >= WELL_AFTER:
            self._ends[one.number] = 0
        ends = self._ends[one.number] = self._ends.get(one.number, 0) + 1
        pause: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (min(ends, 20) - 1))
        self._tell(f"worker {one.number} ended ({one.why}); again in {pause:.0f} s")
        return pause
