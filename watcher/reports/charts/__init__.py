"""Charts as drawings (SVG) that need nothing but the style sheet of the page they stand in.

svg.py       elements, sizes, how wide a text is
scale.py     where values stand, and which of them an axis names
columns.py   a count for each day, beside what is usual, with days marked
trend.py     a value for each day within its uncertainty
shares.py    parts of a whole for each day
rows.py      a bar for each of a few things
heat.py      how much in each hour of the week

Every chart is drawn twice, for a page and for a phone: one that only shrank could not be read.
Things are named where they stand, not in a legend; colours never tell anything alone.
"""

from watcher.reports.charts.columns import Mark, columns
from watcher.reports.charts.heat import heat
from watcher.reports.charts.rows import Row, rows
from watcher.reports.charts.scale import ticks
from watcher.reports.charts.shares import shares
from watcher.reports.charts.svg import NARROW, WIDE, Size, Svg
from watcher.reports.charts.trend import trend

__all__ = [
    "NARROW",
    "WIDE",
    "Mark",
    "Row",
    "Size",
    "Svg",
    "columns",
    "heat",
    "rows",
    "shares",
    "ticks",
    "trend",
]
