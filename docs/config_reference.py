"""Writes the tables of docs/config.md from the dataclasses: `python docs/config_reference.py`."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from watcher.config import Config
from watcher.toml.kinds import Key, is_table, keys_of, kinds_of, members_of, words_of
from watcher.toml.words import described

PAGE = Path(__file__).parent / "config.md"
MARK = "<!-- From here on written by docs/config_reference.py; a test compares it. -->\n"


@dataclass(frozen=True)
class Table:
    """One table of the configuration: a section of the page."""

    path: str
    """`channels.quiet`; empty for the top."""
    type: type
    many: bool = False
    kind: str = ""
    usual: bool = False
    """Whether `kind` may be left out."""

    @property
    def heading(self) -> str:
        """The section's title."""
        if not self.path:
            return "The top of the file"
        header = f"`[[{self.path}]]`" if self.many else f"`[{self.path}]`"
        return f'{header} of kind "{self.kind}"' if self.kind else header


def tables(table: Table | None = None) -> Iterator[Table]:
    """Yield every table there is, those within it behind each."""
    table = table or Table("", Config)
    yield table
    for key in keys_of(table.type):
        many = get_origin(key.type) is tuple
        inner = get_args(key.type)[0] if many else key.type
        names = {kind: name for name, kind in kinds_of(inner).items()}
        for member in filter(is_table, members_of(inner)):
            kind = names.get(member, "")
            path = f"{table.path}.{key.name}".lstrip(".")
            usual = bool(kind) and kind == key.default_kind
            yield from tables(Table(path, member, many, kind, usual))


def page() -> str:
    """Return the whole page: what stands above the mark, and the tables below it."""
    above, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return above + MARK + "".join(_section(table) for table in tables())


def _section(table: Table) -> str:
    words = words_of(table.type)
    rows = [
        f"| `{key.name}` | {_type(key)} | {_default(table, key)} | {_meaning(key, words)} |"
        for key in keys_of(table.type)
    ]
    about = "" if table.type is Config else f"{inspect.getdoc(table.type)}\n\n"
    head = f"{about}| Key | Type | Default | Meaning |\n|---|---|---|---|"
    return "\n".join([f"\n## {table.heading}\n", head, *rows, ""])


def _type(key: Key) -> str:
    return described(key.type).removeprefix("a ")


def _default(table: Table, key: Key) -> str:
    if key.required or (key.name == "kind" and not table.usual):
        return "**needed**"
    if any(is_table(member) for member in members_of(key.type)) or key.default is None:
        return "none" if key.default is None else "see below"
    return f"`{_toml(key.default)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value) if isinstance(value, int | float) else f'"{value}"'


def _meaning(key: Key, words: Any) -> str:
    if key.name == "kind":
        return "Says which kind it is."
    return words.get(key.attribute, "").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
