"""The picture of a brand's volume in a mail: the days beneath it as its reader calls them."""

import hashlib
from datetime import timedelta

from alerts.digest.brands import Bars
from alerts.digest.chart import Strip, draw
from alerts.mail.message import Picture
from alerts.words.translations import Words

MOST_STRIPS = 3
"""Brands of one mail that are drawn; the others are told in words."""
_MOST_TICKS = 10


def strip(bars: Bars, words: Words) -> Picture:
    """Draw a brand's bars. The name of the picture is made from what it shows."""
    png = draw(
        Strip(
            counts=bars.counts,
            now=bars.now,
            began=bars.began,
            usual=bars.usual,
            ticks=_ticks(bars, words),
        )
    )
    return Picture(name=f"posts-{hashlib.sha256(png).hexdigest()[:20]}@watcher", png=png)


def _ticks(bars: Bars, words: Words) -> tuple[tuple[int, str], ...]:
    """Each stretch in which a day of the reader begins, or every few days where there are many."""
    days: dict[object, tuple[int, str]] = {}
    for place in range(len(bars.counts)):
        last = bars.at(place) + bars.each - timedelta(microseconds=1)
        day = last.astimezone(words.zone).date()
        days.setdefault(day, (place, words.tick(last)))
    began = list(days.values())[1:]  # the first day began before
    every = -(-len(began) // _MOST_TICKS) or 1
    return tuple(began[::-1][::every][::-1])
