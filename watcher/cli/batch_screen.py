"""A job over archives while it runs: bars at a terminal, lines in a pipe."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.progress import TimeRemainingColumn as Remaining

from watcher.cli.console import Screen, count, safe, stderr
from watcher.scale.engines import Failed
from watcher.scale.model import Shard, ShardResult
from watcher.store.job_records import JobRecord


@contextmanager
def shown(record: JobRecord) -> Iterator["Shown"]:
    """Show a job while a block works on it: bars at a terminal, lines elsewhere."""
    screen = stderr()
    bars = screen.is_terminal and not screen.console.is_dumb_terminal
    watching = Bars(screen, record) if bars else Shown(screen, record)
    try:
        yield watching
    finally:
        watching.close()


class Shown:
    """A job while it runs, as lines: one for each shard that has ended."""

    def __init__(self, screen: Screen, record: JobRecord) -> None:
        self._screen, self._shards = screen, record.shards
        self._what = "account" if record.kind == "scan-accounts" else "post"
        self._names: dict[int, str] = {}
        self._weights: dict[int, float] = {}
        self._done = 0.0
        self._began = time.monotonic()

    def begins(self, shards: Sequence[Shard]) -> None:
        """Take note of what is left."""
        self._names = {shard.number: shard.name for shard in shards}
        self._weights = _weights(shards)

    def moved(self, number: int, part: float) -> None:
        """Of no interest in lines."""

    def died(self, number: int, what: str) -> None:
        """Say that a worker died."""
        self._say(f"shard {number:,}: the process at work on it died, {what}")

    def ended(self, ended: ShardResult | Failed) -> None:
        """Say what a shard came to, and how long the rest may take."""
        self._done += self._weights.pop(ended.number, 0.0)
        self._say(f"{self._words(ended)}{self._left()}")

    def _words(self, ended: ShardResult | Failed) -> str:
        name = safe(self._names.get(ended.number, ""), 60)
        head = f"shard {ended.number:,} of {self._shards:,} ({name})"
        if isinstance(ended, Failed):
            return f"{head} failed: {safe(ended.why, 500)}"
        skipped = f", {ended.skipped:,} skipped" if ended.skipped else ""
        return f"{head}: {count(ended.records, self._what)}, {count(ended.hits, 'hit')}{skipped}"

    def _left(self) -> str:
        rest = sum(self._weights.values())
        took = time.monotonic() - self._began
        if not rest or not self._done or took < 1:
            return ""
        return f"; about {_long(took / self._done * rest)} left"

    def _say(self, line: str) -> None:
        self._screen.say(line)

    def close(self) -> None:
        """Nothing is left on the screen."""


class Bars(Shown):
    """The same at a terminal: a bar for the whole, and one for each shard at work."""

    def __init__(self, screen: Screen, record: JobRecord) -> None:
        super().__init__(screen, record)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            Remaining(),
            console=screen.console,
            transient=True,
        )
        self._whole: TaskID | None = None
        self._bars: dict[int, TaskID] = {}
        self._parts: dict[int, float] = {}

    def begins(self, shards: Sequence[Shard]) -> None:
        """Draw the bar of the whole."""
        super().begins(shards)
        words = f"{count(len(shards), 'shard')} left"
        self._whole = self._progress.add_task(words, total=sum(self._weights.values()) or 1)
        self._progress.start()

    def moved(self, number: int, part: float) -> None:
        """Move the bar of a shard."""
        if number not in self._bars:
            name = f"{number:,} {safe(self._names.get(number, ''), 24)}"
            self._bars[number] = self._progress.add_task(name, total=1.0)
        self._parts[number] = part
        self._progress.update(self._bars[number], completed=part)
        self._update()

    def _update(self) -> None:
        under_way = sum(self._weights.get(n, 0) * part for n, part in self._parts.items())
        if self._whole is not None:
            words = f"{count(len(self._weights), 'shard')} left"
            self._progress.update(self._whole, completed=self._done + under_way, description=words)

    def ended(self, ended: ShardResult | Failed) -> None:
        """Take the bar of a shard away; only what went wrong remains on the screen."""
        bar = self._bars.pop(ended.number, None)
        self._parts.pop(ended.number, None)
        if bar is not None:
            self._progress.remove_task(bar)
        self._done += self._weights.pop(ended.number, 0.0)
        if isinstance(ended, Failed):
            self._say(self._words(ended))
        self._update()

    def close(self) -> None:
        """Take the bars away."""
        self._progress.stop()


def _weights(shards: Sequence[Shard]) -> dict[int, float]:
    """Return how much work each shard is, in octets of its file."""
    groups: dict[str, int] = {}
    for shard in shards:
        groups[shard.file] = max(groups.get(shard.file, 1), shard.stop)
    return {
        shard.number: (shard.stop - shard.start) * (shard.size / groups[shard.file])
        if shard.form == "parquet"
        else float(shard.stop - shard.start)
        for shard in shards
    }


def _long(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
