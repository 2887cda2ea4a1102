"""The tables of a report for other programs: one file for each kind, all brands in it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from watcher import export
from watcher.export import Format, Type, Value
from watcher.insights.model import Estimate
from watcher.reports.model import Cell, Column, Kind, Report, Sheet

_TYPES: dict[Kind, Type] = {
    "name": "text",
    "text": "text",
    "day": "day",
    "moment": "time",
    "count": "integer",
    "number": "number",
    "duration": "number",
    "share": "number",
    "points": "number",
    "shift": "number",
}


def tables(report: Report) -> Iterator[export.Table]:
    """Yield the tables, each kind once, with the brand and the part in the first columns.

    Parts of a whole are 0 to 1, lengths of time are seconds; an estimate has its bounds beside it.
    """
    by_key: dict[str, list[Sheet]] = {}
    for sheet in report.sheets:
        by_key.setdefault(sheet.key, []).append(sheet)
    for key, sheets in by_key.items():
        yield export.Table(
            name=key,
            columns=(
                export.Column("about", "text", "The brand it is about; empty for all."),
                export.Column("part", "text", "What it is about, where a brand has several."),
                *(made for column in sheets[0].columns for made in _columns(column)),
            ),
            rows=[
                (sheet.brand, sheet.part, *_row(sheet, row))
                for sheet in sheets
                for row in sheet.rows
            ],
        )


def write(report: Report, folder: Path, format: Format, *, force: bool) -> list[Path]:
    """Write the tables into a folder, which is made; return the files. Raises `ExportError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise export.ExportError(
            f"{folder} cannot be made: {error.strerror}", help="choose another folder"
        ) from error
    written = []
    for table in tables(report):
        path = folder / f"{table.name}.{format}"
        export.write_file(table, path, format, force=force)
        written.append(path)
    return written


def _columns(column: Column) -> Iterator[export.Column]:
    form = _TYPES[column.kind]
    unit = " In seconds." if column.kind == "duration" else ""
    yield export.Column(column.key, form, f"{column.meaning}.{unit}")
    if column.kind in {"share", "points"}:
        yield export.Column(f"{column.key}_low", form, f"{column.meaning}: the lower bound.")
        yield export.Column(f"{column.key}_high", form, f"{column.meaning}: the upper bound.")


def _row(sheet: Sheet, row: tuple[Cell, ...]) -> Iterator[Value]:
    for column, value in zip(sheet.columns, row, strict=True):
        if column.kind in {"share", "points"}:
            yield from _bounded(value)
        elif isinstance(value, timedelta):
            yield value.total_seconds()
        elif isinstance(value, Estimate):
            yield value.value
        elif column.kind == "number" and isinstance(value, int):
            yield float(value)
        else:
            yield value


def _bounded(value: Cell) -> tuple[Value, Value, Value]:
    if isinstance(value, Estimate):
        return value.value, value.low, value.high
    if isinstance(value, int | float):
        return float(value), None, None
    return None, None, None
