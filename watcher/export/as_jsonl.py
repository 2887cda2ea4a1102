"""JSON lines: each line an object with all columns; what is not known is null."""

import json
import re
from typing import BinaryIO

from watcher.export.cells import json_of
from watcher.export.table import Table

# What a terminal would obey, or a reader take for the end of a line.
_UNREADABLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def write(table: Table, file: BinaryIO) -> int:
    """Write a table; return how many rows it had."""
    names = [column.name for column in table.columns]
    make = [json_of(column.type) for column in table.columns]
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    number = 0
    for row in table.rows:
        values = [one(value) for one, value in zip(make, row, strict=True)]
        line = encode(dict(zip(names, values, strict=True)))
        if not line.isascii() or "\x7f" in line:
            line = _UNREADABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
        file.write(line.encode() + b"\n")
        number += 1
    return number
