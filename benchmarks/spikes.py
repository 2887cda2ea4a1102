"""How soon spikes tell of crises, and how often for nothing, beside two peers in the same run.

    python benchmarks/spikes.py [--quick] [--json]

1. Five series of five-minute counts of mentions of companies, with windows that people marked
   (Numenta Anomaly Benchmark). Each window lies around what was marked: its middle is the moment
   at which it began, and a crisis is found within its first quarter where it is told before a
   quarter of the second half is over.
2. A bank's fortnight of 2012, and 40 other brands of which nothing is marked: there only alarms a
   week are counted.

One setting for all: the default of `kind = "spike"`. Beside it the ratio of ElastAlert's `spike`
(three times the window before, at least 10 in both), and three standard deviations above the mean
of the hours of the week before. All three look every five minutes and stay silent for a day.

How the setting was chosen: on the five series together. So without `--quick` a second table tells
what is found on each series by the setting that is best on the other four.
"""

import argparse
import gzip
import json
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from rules.rates import Spike
from rules.rates.rhythm import BARS, Bars
from watcher.spikes.reading import read_counts
from watcher.spikes.replay import Counts, replay
from watcher.spikes.score import Marked, Score, score

DATA = Path(__file__).resolve().parents[2] / "shared/data/posts"
HOUR, DAY, STEP = timedelta(hours=1), timedelta(days=1), timedelta(minutes=5)
MOST_FALSE = 1.0
"""False alarms a week and series."""
CRISES = (
    (datetime(2012, 6, 27, 12, tzinfo=UTC), datetime(2012, 6, 29, tzinfo=UTC)),
    (datetime(2012, 7, 2, 6, tzinfo=UTC), datetime(2012, 7, 4, tzinfo=UTC)),
)
"""A bank is fined on the afternoon of a Wednesday; its heads resign on a Monday and a Tuesday."""
GRID = tuple(Bars(deviations=d, one_day_in=n) for d, n in product((4.0, 6.0, 8.0), (6, 8)))

Detector = Callable[[Counts], list[datetime]]


@dataclass(frozen=True, kw_only=True)
class Series:
    """Counts, and what is marked in them."""

    name: str
    counts: Counts
    since: datetime
    until: datetime
    marked: tuple[Marked, ...]


class Tried(Spike):
    """The default rule with other bars."""

    tried: Bars = BARS

    @property
    def bars(self) -> Bars:
        """Those that are tried."""
        return self.tried


def ours(bars: Bars = BARS) -> Detector:
    """The default rule."""
    rate = type("Rate", (Tried,), {"tried": bars})()

    def told(counts: Counts) -> list[datetime]:
        assert counts.first is not None
        alarms = replay(rate, counts, counts.first, counts.last + STEP)
        return [one.until for one in alarms]

    return told


def elastalert(counts: Counts) -> list[datetime]:
    """`type: spike` with `spike_height: 3`, `timeframe: 1h`, thresholds of 10, `realert: 1d`."""

    def is_spike(at: datetime) -> bool:
        now = counts.count(at - HOUR, at)[""]
        before = counts.count(at - 2 * HOUR, at - HOUR)[""]
        return now >= 10 and before >= 10 and now >= 3 * before

    return _with_silence(counts, is_spike, 2 * HOUR)


def three_sigma(counts: Counts) -> list[datetime]:
    """An hour more than three standard deviations above the mean of the hours of a week before."""

    def is_spike(at: datetime) -> bool:
        now = counts.count(at - HOUR, at)[""]
        hours = min(168, int((at - HOUR - first) / HOUR))
        before = [counts.count(at - (n + 1) * HOUR, at - n * HOUR)[""] for n in range(1, hours + 1)]
        return now >= 10 and now > fmean(before) + 3 * pstdev(before)

    assert counts.first is not None
    first = counts.first
    return _with_silence(counts, is_spike, DAY)


def _with_silence(
    counts: Counts, is_spike: Callable[[datetime], bool], learn: timedelta
) -> list[datetime]:
    assert counts.first is not None
    told: list[datetime] = []
    at = counts.first + learn
    while (at := at + STEP) <= counts.last + STEP:
        if (not told or at - told[-1] >= DAY) and is_spike(at):
            told.append(at)
    return told


PEERS: dict[str, Detector] = {
    "watcher": ours(),
    "ElastAlert ratio": elastalert,
    "three sigma": three_sigma,
}


def marked_series(names: Sequence[str] = ()) -> Iterator[Series]:
    """Yield the series of the Numenta Anomaly Benchmark."""
    with gzip.open(DATA / "nab" / "windows.json.gz", "rt") as file:
        windows = json.load(file)
    for path in sorted((DATA / "nab").glob("*.csv.gz")):
        name = path.name.removesuffix(".csv.gz")
        if names and name not in names:
            continue
        series = read_counts(path)
        marked = []
        for since, until in windows[f"{name}.csv"]:
            first, last = (
                datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (since, until)
            )
            marked.append(Marked(since=first, until=last, began=first + (last - first) / 2))
        yield Series(
            name=name.removeprefix("Twitter_volume_"),
            counts=Counts(series),
            since=series[0][0],
            until=series[-1][0],
            marked=tuple(marked),
        )


def brand_series(only: Sequence[str] = ()) -> Iterator[Series]:
    """Yield the traffic of brands, in steps of five minutes."""
    by_brand: dict[str, Counter[datetime]] = {}
    with gzip.open(DATA / "replab_volume_notext.jsonl.gz", "rt") as file:
        for line in file:
            if only and not any(name in line for name in only):
                continue
            row = json.loads(line)
            at = datetime.fromisoformat(row["created_at"]).astimezone(UTC)
            at -= (at - datetime(2012, 1, 1, tzinfo=UTC)) % STEP
            by_brand.setdefault(row["entity"], Counter())[at] += 1
    for brand, counted in sorted(by_brand.items()):
        if only and brand not in only:
            continue
        series = _dense(sorted(counted.items()))
        is_bank = brand == "Barclays"
        yield Series(
            name=brand,
            counts=Counts(series),
            since=series[0][0],
            until=series[-1][0],
            marked=tuple(Marked(since=a, until=b, began=a) for a, b in CRISES) if is_bank else (),
        )


def _dense(series: Sequence[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """From the first month with posts on every second day: before, nobody collected them."""
    days = sorted({at.date() for at, _ in series})
    for place, day in enumerate(days):
        upto = bisect_right(days, day + timedelta(days=20))
        if upto - place >= 10:
            return [one for one in series if one[0].date() >= day]
    return list(series)


def judged(series: Series, detector: Detector) -> Score:
    """Run a detector over a series."""
    return score(detector(series.counts), series.marked, series.since, series.until)


def _row(name: str, peer: str, told: Score) -> dict[str, Any]:
    delay = None if told.delay is None else round(told.delay.total_seconds() / 60)
    return {
        "series": name,
        "detector": peer,
        "marked": told.marked,
        "found": told.found,
        "first_quarter": told.early,
        "false_a_week": None if told.false_a_week is None else round(told.false_a_week, 2),
        "alarms_a_week": round(told.a_week, 2),
        "precision": None if told.precision is None else round(told.precision, 2),
        "recall": None if told.recall is None else round(told.recall, 2),
        "delay_minutes": delay,
    }


def left_out(series: Sequence[Series]) -> list[dict[str, Any]]:
    """What each series brings by the bars that are best on the others."""
    told = {
        (one.name, place): judged(one, ours(bars))
        for one in series
        for place, bars in enumerate(GRID)
    }

    def worth(place: int, without: str) -> tuple[float, ...]:
        others = [told[one.name, place] for one in series if one.name != without]
        over = sum(max(0.0, (one.false_a_week or 0.0) - MOST_FALSE) for one in others)
        return (
            sum(one.early for one in others) - 10 * over,
            -sum(one.false or 0 for one in others),
        )

    rows = []
    for one in series:
        best = max(range(len(GRID)), key=lambda place: worth(place, one.name))
        chosen = f"deviations {GRID[best].deviations:g}, one day in {GRID[best].one_day_in}"
        rows.append(_row(one.name, chosen, told[one.name, best]))
    return rows


def _print(title: str, rows: Sequence[dict[str, Any]]) -> None:
    print(f"\n{title}")
    print(
        f"{'series':12} {'detector':34} {'found':>8} {'1st quarter':>12} {'false/week':>11}"
        f" {'precision':>10} {'recall':>7} {'delay':>9}"
    )
    for row in rows:
        found = f"{row['found']} of {row['marked']}"
        delay = "-" if row["delay_minutes"] is None else f"{row['delay_minutes']} min"
        print(
            f"{row['series']:12} {row['detector']:34} {found:>8} {row['first_quarter']:>12}"
            f" {row['false_a_week']:>11} {row['precision']!s:>10} {row['recall']!s:>7} {delay:>9}"
        )


def main() -> int:
    """Measure, print, and return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two series and the bank")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not DATA.is_dir():
        print("the data is not on this machine", file=sys.stderr)
        return 0
    names = ("Twitter_volume_AMZN", "Twitter_volume_FB") if args.quick else ()
    series = list(marked_series(names))
    peers = {k: v for k, v in PEERS.items() if not (args.quick and k == "three sigma")}
    rows = [
        _row(s.name, peer, judged(s, detector)) for s in series for peer, detector in peers.items()
    ]
    banks = list(brand_series(("Barclays",)))
    rows += [
        _row(s.name, peer, judged(s, detector)) for s in banks for peer, detector in peers.items()
    ]
    others: list[dict[str, Any]] = []
    cross: list[dict[str, Any]] = []
    if not args.quick:
        brands = [one for one in brand_series() if not one.marked]
        others = [
            _row(s.name, peer, judged(s, detector))
            for s in brands
            for peer, detector in (("watcher", ours()), ("ElastAlert ratio", elastalert))
        ]
        cross = left_out(series)
    own = [row for row in rows if row["detector"] == "watcher"]
    missed = [
        row["series"]
        for row in own
        if row["first_quarter"] < row["marked"] or row["false_a_week"] > MOST_FALSE
    ]
    if args.json:
        print(json.dumps({"marked": rows, "others": others, "left_out": cross, "missed": missed}))
        return int(bool(missed))
    _print("Marked crises", rows)
    if others:
        for peer in ("watcher", "ElastAlert ratio"):
            weeks = sorted(row["alarms_a_week"] for row in others if row["detector"] == peer)
            over = sum(one > MOST_FALSE for one in weeks)
            print(
                f"\n{len(weeks)} brands of which nothing is marked, {peer}: {fmean(weeks):.2f} "
                f"alarms a week, at most {weeks[-1]:.2f}; {over} above one a week"
            )
        _print("Each series by the setting that is best on the others", cross)
    print(f"\nmissed: {', '.join(missed) or 'nothing'}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
