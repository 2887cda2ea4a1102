"""A TOML file as values, and where in its text each of them stands.

The only module that knows tomllib and tree-sitter. tomllib alone decides what the file means;
tree-sitter's tree is built when the first problem asks for a place.
"""

import re
import tomllib
from bisect import bisect_right
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.errors import Problem
from watcher.toml.screen import ConfigError, Finding
from watcher.toml.syntax import broken_statements

if TYPE_CHECKING:
    from tree_sitter import Node

Path_ = tuple[str | int, ...]
"""From the root of the document to a value: `("rules", 2, "find")`."""
Range = tuple[int, int]

LARGEST = 1_000_000
"""Octets. A larger file is no configuration: most likely the path names an archive."""


class _Entry(NamedTuple):
    """Where one key stands: octet ranges of its name and its value."""

    key: Range
    value: Range
    is_string: bool = False


class Document:
    """A TOML text with its values.

    `name` is what screens call it. Raises `ConfigError` with every broken statement where it is no
    TOML.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        # As TOML says: a line end is a line end, and tomllib reads them all as \n.
        self.text = text.replace("\r\n", "\n")
        self._covered: list[Range] = []
        try:
            self.values: dict[str, Any] = tomllib.loads(self.text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            broken = broken_statements(self.text)
            raise ConfigError.of(self._finding(problem, at) for problem, at in broken) from error

    @classmethod
    def read(cls, path: Path, name: str, most: int = LARGEST) -> "Document":
        """Read a file of at most so many octets.

        Raises `ConfigError` if it is missing, too large, not UTF-8, or no TOML.
        """
        try:
            with path.open("rb") as file:
                octets = file.read(most + 1)
        except FileNotFoundError as error:
            raise ConfigError(
                f"{name}: error[no-such-file]: there is no configuration here",
                code="no-such-file",
                help=f"`watcher init {name}` writes one to start from",
            ) from error
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise ConfigError(
                f"{name}: error[unreadable-file]: the configuration cannot be read: {reason}",
                code="unreadable-file",
            ) from error
        if len(octets) > most:
            raise ConfigError(
                f"{name}: error[large-file]: this is over {most // 1_000_000} MB, "
                "which no configuration is",
                code="large-file",
                help="does the path name another file, such as an archive of posts?",
            )
        return cls(name, _decoded(octets, name))

    def finding(self, problem: Problem, *, at_key: bool = False) -> Finding:
        """Give a problem its place. Its path leads from the root.

        A value that the file does not state is placed at the table that lacks it, at last at the
        file as a whole. With `at_key` the name of the key is marked instead of its value.
        """
        path, entry = self._nearest(problem.path)
        if not path:
            return Finding(problem=problem, file=self.name, line=0, column=0)
        span = problem.span if len(path) == len(problem.path) and not at_key else None
        chosen = entry.key if at_key and len(path) == len(problem.path) else entry.value
        start, end = self._chars(chosen)
        if span is not None and entry.is_string:
            value = self._value(path)
            start, end = _inside(self.text[start:end], start, value, span) or (start, end)
        return self._finding(problem, (start, end))

    def cover(self, path: Path_) -> None:
        """Never show the value at this path on a screen: it is a secret written out."""
        found, entry = self._nearest(path)
        if found == path:
            self._covered.append(self._chars(entry.value))

    def place(self, path: Path_) -> Range | None:
        """Return the (start, end) of the value at a path in `text`; None where none is stated."""
        entry = self._index.entry(path)
        return self._chars(entry.value) if entry else None

    def _finding(self, problem: Problem, at: Range) -> Finding:
        start, end = at
        line = bisect_right(self._starts, start)
        first = self._starts[line - 1]
        last = self._starts[line] - 1 if line < len(self._starts) else len(self.text)
        covered = (
            (max(low, first) - first, min(high, last) - first)
            for low, high in self._covered
            if low < last and high > first
        )
        return Finding(
            problem=problem,
            file=self.name,
            line=line,
            column=start - first + 1,
            text=self.text[first:last],
            width=max(min(end, last) - start, 0),
            covered=tuple(covered),
        )

    def _value(self, path: Path_) -> Any:
        value: Any = self.values
        for step in path:
            value = value[step]
        return value

    def _chars(self, octets: Range) -> Range:
        start, end = (self._char(octet) for octet in octets)
        return start, end

    def _char(self, octet: int) -> int:
        """Return the offset in characters of an offset in octets, which tree-sitter counts."""
        line = bisect_right(self._octet_starts, octet) - 1
        return self._starts[line] + len(self._octets[self._octet_starts[line] : octet].decode())

    def _nearest(self, path: Path_) -> tuple[Path_, _Entry]:
        """The deepest part of a path that the file states, and where."""
        for length in range(len(path), 0, -1):
            entry = self._index.entry(path[:length])
            if entry is not None:
                return path[:length], entry
        return (), _Entry((0, 0), (0, 0))

    @cached_property
    def _octets(self) -> bytes:
        return self.text.encode()

    @cached_property
    def _starts(self) -> list[int]:
        """Where each line starts, in characters."""
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    @cached_property
    def _octet_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer(b"\n", self._octets))]

    @cached_property
    def _index(self) -> "_Index":
        import tree_sitter_toml
        from tree_sitter import Language, Parser

        language = Language(tree_sitter_toml.language())
        root = Parser(language).parse(self._octets).root_node
        return _Index(root)


class _Index:
    """The place of every key, table and item, by tree-sitter's tree.

    Of a table its header is noted, and what is below it only when somebody asks: most of ten
    thousand tables have no problem.
    """

    def __init__(self, root: "Node") -> None:
        """Walk through the tables of a document."""
        self.entries: dict[Path_, _Entry] = {}
        self.counts: dict[Path_, int] = {}
        self.closed: dict[Path_, list[Node]] = {}
        """What stands below the header of a table into which nobody has looked."""
        for node in root.children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def entry(self, path: Path_) -> _Entry | None:
        """Where the value at a path stands; None where the file states none."""
        for length in range(1, len(path)):
            self._open(path[:length])
        return self.entries.get(path)

    def _open(self, path: Path_) -> None:
        for node in self.closed.pop(path, ()):
            if node.type == "pair":
                self._pair(node, path)

    def _table(self, node: "Node") -> None:
        opening, name, closing, *rest = node.children
        header = (opening.start_byte, closing.end_byte)
        path: Path_ = ()
        *above, last = _key_parts(name)
        for part in above:
            path = self._within(part, path, header)
        if node.type == "table":
            self._open(path)
            path += (_key_text(last),)
            # The header is the better place even where a subtable came first.
            self.entries[path] = _Entry(last.byte_range, header)
        else:
            key = (*path, _key_text(last))
            self.counts[key] = self.counts.get(key, 0) + 1
            path = self._within(last, path, header)
        self.closed[path] = rest

    def _within(self, part: "Node", path: Path_, header: Range) -> Path_:
        """Note the place of a table that a header names, and of the last one of several."""
        self._open(path)  # what stands there came first
        path += (_key_text(part),)
        if path not in self.entries:
            self.entries[path] = _Entry(part.byte_range, header)
        if path in self.counts:
            path += (self.counts[path] - 1,)
            if path not in self.entries:
                self.entries[path] = _Entry(part.byte_range, header)
        return path

    def _pair(self, node: "Node", path: Path_) -> None:
        name, _, value, *_ = node.children  # behind the value there may be a comment
        *above, last = _key_parts(name)
        for part in above:
            path += (_key_text(part),)
            self.entries.setdefault(path, _Entry(part.byte_range, node.byte_range))
        self._enter(value, (*path, _key_text(last)), last.byte_range)

    def _enter(self, node: "Node", path: Path_, key: Range) -> None:
        kind = node.type
        self.entries[path] = _Entry(key, node.byte_range, kind == "string")
        if kind == "array":
            items = (child for child in node.children if child.is_named and child.type != "comment")
            for i, item in enumerate(items):
                self._enter(item, (*path, i), item.byte_range)
        elif kind == "inline_table":
            for child in node.children:
                if child.type == "pair":
                    self._pair(child, path)


def _key_parts(node: "Node") -> list["Node"]:
    if node.type != "dotted_key":
        return [node]
    named = (child for child in node.children if child.is_named)
    return [part for child in named for part in _key_parts(child)]


def _key_text(node: "Node") -> str:
    raw = (node.text or b"").decode()
    if node.type == "bare_key":
        return raw
    return next(iter(tomllib.loads(f"{raw} = 0")))


def _decoded(octets: bytes, name: str) -> str:
    # Notepad's mark at the start of a UTF-8 file is harmless.
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = octets[: error.start].decode("utf-8-sig", errors="replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        wide = octets.startswith((b"\xff\xfe", b"\xfe\xff"))
        raise ConfigError(
            f"{name}:{line}:{column}: error[not-utf-8]: the file is not UTF-8"
            + (" but UTF-16" if wide else ""),
            code="not-utf-8",
            help="save it again with the encoding UTF-8",
        ) from error


_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[ \t]*\n[ \t\n]*|.)", re.DOTALL)


def _inside(raw: str, start: int, value: Any, span: Range) -> Range | None:
    """Where characters of a string's value stand in the file; None where that cannot be told.

    `raw` is the string as written, quotes included, and `start` its offset. What an escape writes
    counts as one character; a line that ends in a backslash as none.
    """
    quotes = raw[:3] if raw.startswith(('"""', "'''")) else raw[:1]
    at, end = len(quotes), len(raw) - len(quotes)
    if len(quotes) == 3 and raw[at : at + 1] == "\n":
        at += 1  # a line end right behind the quotes is not part of the value
    places: list[Range] = []
    while at < end:
        escape = _ESCAPE.match(raw, at, end) if quotes[0] == '"' and raw[at] == "\\" else None
        after = escape.end() if escape else at + 1
        if not (escape and "\n" in escape.group()):
            places.append((start + at, start + after))
        at = after
    if not isinstance(value, str) or len(places) != len(value):
        return None
    low, high = (min(max(side, 0), len(places)) for side in span)
    first = places[low][0] if low < len(places) else start + end
    return first, (places[high - 1][1] if high > low else first)
