"""Whether a window stands out from the days and weeks before it, as a record tells them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from rules.rates.measures import Measure
from rules.rates.model import Group, Record
from rules.rates.rhythm import BARS, DAYS, LASTING, LIKE_DAYS, LIKE_WEEKS, Bars, Like, Rhythm, half
from rules.rates.sliding import STEPS, Windows, slid, step_of

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FEWEST_DAYS = 3
"""With fewer days nothing is known of how high days go."""

Rise = Literal["spike", "lasting"]
"""Far above the usual count; or less far, for some windows on end."""


class Rises:
    """Judges windows of one record; what it has counted it keeps, for as long as that is judged."""

    def __init__(
        self,
        record: Record,
        since: datetime,
        window: timedelta,
        of: Measure,
        by: Group | None,
        *,
        height: float,
        at_least: int,
        bars: Bars = BARS,
    ) -> None:
        """`since` is the moment from which on windows are whole."""
        self._record, self._since, self._window = record, since, window
        self._of, self._by = of, by
        self._height, self._at_least = height, at_least
        self._bars = bars
        self._step = window / STEPS
        self._per_day = round(_DAY / self._step)
        self._counted: Mapping[str, Windows] = {}
        self._from: datetime | None = None
        self._until = since
        self._rhythms: dict[str, Rhythm] = {}
        self._blind = self._blind_steps()

    def knows(self, end: datetime) -> bool:
        """Whether enough days before a window are known."""
        return len(self._days(end)) >= _FEWEST_DAYS

    def rise(self, end: datetime, group: str, count: int) -> tuple[Rise, float] | None:
        """How a window stands out, and what is usual then; None where it does not.

        The same time of other days is asked first: it costs a few counts, and nearly all windows
        need no more.
        """
        like = self._like(end, group)
        bars = self._bars
        jumps = like.is_exceeded(count, self._height, bars.deviations)
        if not jumps and not self._lasts(end, group, count):
            return None
        rhythm, step = self._rhythm(end, group), step_of(end, self._step)
        if jumps and rhythm.is_jump(step):
            return "spike", like.usual
        if self._lasts(end, group, count) and rhythm.is_lasting(step):
            return "lasting", like.usual
        return None

    def _lasts(self, end: datetime, group: str, count: int) -> bool:
        """Whether each of the last windows stands out at half the height."""
        height, deviations = half(self._height), self._bars.lasting_deviations
        history, window = self._record.history, self._window
        for back in range(LASTING):
            at = end - back * window
            if back:
                count = history.count(at - window, at).get(group, 0)
            if count < self._at_least or not self.knows(at):
                return False
            if not self._like(at, group).is_exceeded(count, height, deviations):
                return False
        return True

    def _rhythm(self, end: datetime, group: str) -> Rhythm:
        self._count(end)
        if group not in self._rhythms:
            counts = self._counted.get(group, {})
            self._rhythms[group] = Rhythm(counts, self._per_day, self._is_whole, self._bars)
        return self._rhythms[group]

    def _like(self, end: datetime, group: str) -> Like:
        """What a group had at the same time before; at least one day is known."""
        weeks = self._whole([end - _DAY * 7 * week for week in range(1, LIKE_WEEKS + 1)])
        return Like.of(
            [self._at(at, group) for at in self._days(end)], [self._at(at, group) for at in weeks]
        )

    def _at(self, end: datetime, group: str) -> int:
        return self._record.history.count(end - self._window, end).get(group, 0)

    def _days(self, end: datetime) -> list[datetime]:
        return self._whole([end - _DAY * day for day in range(1, LIKE_DAYS + 1)])

    def _whole(self, ends: Sequence[datetime]) -> list[datetime]:
        return [at for at in ends if self._is_whole(step_of(at, self._step))]

    def _count(self, end: datetime) -> None:
        """Count the windows up to one, and on to the last that may be asked for."""
        needed = end - _DAY * (DAYS + LIKE_DAYS + 1) - LASTING * self._window
        first = max(self._since + self._window - self._step, needed)
        if self._from is not None and self._from <= first and end <= self._until:
            return
        self._until = max(end, min(self._record.now, end + _DAY))
        self._from = first
        self._counted = slid(
            self._record.history, self._window, first, self._until, self._of, self._by
        )
        self._rhythms.clear()

    def _is_whole(self, step: int) -> bool:
        start = _EPOCH + (step - STEPS) * self._step
        return start >= self._since and step not in self._blind

    def _blind_steps(self) -> set[int]:
        """The ends of windows in which something may have been missed."""
        sight = self._record.sight
        if sight is None:
            return set()
        oldest = step_of(self._since, self._step)
        newest = step_of(max(self._record.now, self._since), self._step)
        blind: set[int] = set()
        for begin, end in sight.gaps:
            first = max(oldest, step_of(begin, self._step))
            blind.update(range(first, min(newest, step_of(end, self._step)) + STEPS))
        return blind
