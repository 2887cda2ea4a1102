"""Tables for other programs: CSV that no spreadsheet takes for a formula, JSON lines, Parquet."""

from watcher.export.errors import ExportError
from watcher.export.formats import FORMATS, Format, format_of, write_file, write_stream
from watcher.export.table import Column, Table, Type, Value

__all__ = [
    "FORMATS",
    "Column",
    "ExportError",
    "Format",
    "Table",
    "Type",
    "Value",
    "format_of",
    "write_file",
    "write_stream",
]
