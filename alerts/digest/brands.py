"""What a digest says of each brand: how much, against the usual and against competitors. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.digest.volume import DAY, STEP, Series, Share, Surge, Tones, Voice, pieces

HOUR = timedelta(hours=1)
_STRETCHES = tuple(n * HOUR for n in (1, 2, 3, 6, 12, 24, 7 * 24))
MOST_STRETCHES = 84
SHOWN = timedelta(hours=72)
"""A strip shows the period and twice as long before, and this at least."""
MOST_DAYS = 10
TONE_MOVED = 0.05
"""The part of negative posts has moved if it differs by so much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bars:
    """Posts by equal stretches of time up to a moment, oldest first."""

    until: datetime
    each: timedelta
    counts: tuple[int, ...]
    now: int
    """How many of the last stretches make the period."""
    began: int | None = None
    """In which stretch the surge began."""
    usual: float | None = None
    """What a stretch usually has."""

    def at(self, place: int) -> datetime:
        """When a stretch begins."""
        return self.until - (len(self.counts) - place) * self.each

    @property
    def highest(self) -> int:
        """The place of the stretch with most posts, the newest of several."""
        return max(range(len(self.counts)), key=lambda place: (self.counts[place], place))


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One brand in the period of a digest."""

    brand: str
    posts: int
    before: int | None
    usual: float | None
    """The usual number of posts for such hours; None while that is not known."""
    surge: Surge | None
    competitors: tuple[Share, ...]
    bars: Bars
    days: tuple[tuple[datetime, int], ...] = ()
    """Of a period of several days the newest ones, each by its middle, oldest first."""
    tones: Tones | None = None
    tones_before: Tones | None = None

    @property
    def share(self) -> float | None:
        """Its part of what was said of it and of its competitors, 0 to 1; None without any."""
        total = self.posts + sum(one.posts for one in self.competitors)
        return self.posts / total if self.competitors and total else None

    @property
    def share_before(self) -> float | None:
        """The same for the period before."""
        if self.before is None:
            return None
        counted = [one.before for one in self.competitors if one.before is not None]
        total = self.before + sum(counted)
        whole = self.competitors and len(counted) == len(self.competitors)
        return self.before / total if whole and total else None

    @property
    def mood(self) -> int | None:
        """Whether posts sound better (1), worse (-1) or as before (0); None if nobody can say.

        A trend, for levels are biased: see docs/sentiment.md.
        """
        if self.tones is None or self.tones_before is None:
            return None
        moved = self.tones_before.share - self.tones.share
        return 0 if abs(moved) < TONE_MOVED else 1 if moved > 0 else -1


def told(voice: Voice, length: timedelta) -> Told:
    """Say of a brand what happened in the last so-and-so long."""
    series = voice.series
    surge = series.surge(length)
    usual = series.usual(length)
    return Told(
        brand=voice.brand,
        posts=series.of(length),
        before=series.before(length),
        usual=usual,
        surge=surge,
        competitors=voice.competitors,
        bars=_bars(series, length, surge, usual),
        days=_days(series, length),
        tones=voice.tones,
        tones_before=voice.tones_before,
    )


def _days(series: Series, length: timedelta) -> tuple[tuple[datetime, int], ...]:
    if length < 2 * DAY:
        return ()
    some = pieces(length)[:MOST_DAYS]
    # By its middle: a day that ends at nine in the evening is that day, not the one before.
    return tuple((series.at(end - 1) + DAY / 2, series.between(first, end)) for first, end in some)[
        ::-1
    ]


def _bars(series: Series, length: timedelta, surge: Surge | None, usual: float | None) -> Bars:
    """The period and what came before it, as far back as somebody looked."""
    looked = max(series.history * STEP, length)
    shown = max(min(max(3 * length, SHOWN), looked, series.steps * STEP), HOUR)
    each = next((one for one in _STRETCHES if shown / one <= MOST_STRETCHES), _STRETCHES[-1])
    steps, number = each // STEP, max(1, min(MOST_STRETCHES, shown // each))
    counts = [series.between(n * steps, (n + 1) * steps) for n in range(number)][::-1]
    began = None
    if surge and surge.began:
        began = max(0, number - 1 - (series.until - surge.began - timedelta(seconds=1)) // each)
    return Bars(
        until=series.until,
        each=each,
        counts=tuple(counts),
        now=max(1, min(number, round(length / each))),
        began=began,
        usual=None if usual is None else usual * (each / length),
    )
