"""Evidence for a take-down request: what is known of suspects, for people who decide elsewhere.

model.py        `Evidence`: everything, in one value
names.py        a suspect's names beside the brand's, letter by letter
values.py       as plain values, for JSON (the schema is in docs/evidence.md)
table.py        as tables, for spreadsheets
page.py         as a page that needs nothing but itself
speech.py       what the page says things with
plain.py        texts of strangers, with all that hides in them shown and no address to click
bundle.py       all of it as files, with a list of their fingerprints
"""

from watcher.evidence.bundle import Bundle, bundle, zipped
from watcher.evidence.model import Case, Evidence, Own
from watcher.evidence.names import beside
from watcher.evidence.page import page
from watcher.evidence.table import suspects_csv
from watcher.evidence.values import as_json

__all__ = [
    "Bundle",
    "Case",
    "Evidence",
    "Own",
    "as_json",
    "beside",
    "bundle",
    "page",
    "suspects_csv",
    "zipped",
]
