"""CSV (RFC 4180): a line of names, lines that end with CR LF, cells in quotes where need be."""

import csv
import io
from typing import BinaryIO

from watcher.export.cells import cell_of
from watcher.export.table import Table

BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets know by it that the accents of a file are UTF-8."""


def write(table: Table, file: BinaryIO, *, formulas: bool = False, marked: bool = False) -> int:
    """Write a table; return how many rows it had.

    `formulas` leaves alone what a spreadsheet would take for one; `marked` begins with the mark.
    """
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    try:
        if marked:
            text.write(BYTE_ORDER_MARK)
        # A bare CR within a cell is put into quotes only where CR belongs to the end of a line.
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([column.name for column in table.columns])
        make = [cell_of(column.type, formulas=formulas) for column in table.columns]
        number = 0
        for row in table.rows:
            writer.writerow([one(value) for one, value in zip(make, row, strict=True)])
            number += 1
        text.flush()
    finally:
        text.detach()  # the file is the caller's to close
    return number
