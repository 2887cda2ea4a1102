"""docs/export.md tells every column of every table, and the tables have them."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import export_reference  # noqa: E402

from watcher.export.stored import STORED  # noqa: E402
from watcher.store.exporting import KINDS  # noqa: E402


def test_the_page_tells_every_column() -> None:
    said = "write it anew: python docs/export_reference.py"
    assert export_reference.PAGE.read_text() == export_reference.page(), said


@pytest.mark.parametrize("name", STORED)
def test_the_columns_told_are_those_that_are_read(name: str) -> None:
    assert list(KINDS) == list(STORED)
    assert [column.name for column in STORED[name].columns] == list(KINDS[name].columns)
