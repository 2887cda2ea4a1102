"""Writes the tables of docs/export.md from the code: `python docs/export_reference.py`."""

from collections.abc import Iterator
from pathlib import Path

from watcher.export.counted import COUNTED
from watcher.export.stored import STORED, Stored

PAGE = Path(__file__).parent / "export.md"
MARK = "<!-- From here on written by docs/export_reference.py; a test compares it. -->\n"


def page() -> str:
    """Return the whole page: what stands above the mark, and every table below it."""
    above, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return above + MARK + "".join(_sections())


def _sections() -> Iterator[str]:
    for one in (*STORED.values(), *COUNTED.values()):
        yield f"\n## {one.name}\n\n{one.meaning} {_narrowing(one)}\n\n"
        yield "| Column | Type | Meaning |\n|---|---|---|\n"
        for column in one.columns:
            yield f"| `{column.name}` | {column.type} | {column.meaning} |\n"


def _narrowing(one: Stored) -> str:
    if one.name not in STORED:
        return ""
    options = ", ".join(f"`--{name}`" for name in one.narrowed_by)
    return f"`--since` and `--until` look at `{one.time}`." + (
        f" It can be chosen by {options}." if options else ""
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
