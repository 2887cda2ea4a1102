"""What was said of brands in a period, as a page that people read and as tables.

facts.py       everything as it was counted; gathering.py reads it from the store
model.py       everything in words; composing.py and sections/ write it
charts/        charts as drawings
page.py        a page of HTML that needs nothing but itself
pdf.py         the same on paper, by Chromium
tables.py      the numbers for other programs
"""

from watcher.reports.composing import compose, speaking
from watcher.reports.facts import Facts
from watcher.reports.gathering import gather, reported
from watcher.reports.model import Report
from watcher.reports.page import page

__all__ = [
    "Facts",
    "Report",
    "compose",
    "gather",
    "page",
    "reported",
    "speaking",
]
