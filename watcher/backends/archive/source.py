"""The `[[sources]]` table of kind "archive"."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from rules.errors import Problem
from watcher.backends.archive.parsing import FormatName
from watcher.backends.archive.reader import ArchiveReader
from watcher.backends.formats import FieldMapping
from watcher.backends.interface import Source
from watcher.clock import utc_now


@dataclass(frozen=True, kw_only=True)
class ArchiveSource(Source):
    """Files of posts; a file that grows is read on."""

    kind: Literal["archive"] = "archive"
    file: str
    """A path relative to the configuration, or a pattern: `exports/2026-*.jsonl.gz`."""
    format: FormatName = "auto"
    """The shape of a record; `auto` looks at each."""
    mapping: FieldMapping | None = None
    """Where things are in a shape of its own; for `jsonl` and `csv`."""
    network: str = ""
    """The network that the posts come from; else that of the shape, or `archive`."""

    def problems(self) -> Iterator[Problem]:
        """Say what the types cannot."""
        if not self.file.strip():
            yield Problem(code="missing-file", message="the file has no name", path=("file",))
        if self.mapping and self.format not in ("auto", "jsonl", "csv"):
            yield Problem(
                code="mapping-unused",
                message=f"the shape {self.format!r} is known: a mapping changes nothing in it",
                path=("mapping",),
                help='leave the mapping out, or write format = "jsonl"',
            )
        if self.network and (self.network != self.network.lower() or not self.network.isalnum()):
            yield Problem(
                code="bad-network",
                message="a network's name is lower-case letters and digits",
                path=("network",),
            )

    @property
    def asks(self) -> str:
        """Which files it reads."""
        return self.file

    def open(
        self,
        base: Path,
        *,
        clock: Callable[[], datetime] = utc_now,  # noqa: ARG002 - files tell their times
    ) -> ArchiveReader:
        """Return a reader of the files; `base` is the configuration's folder. Opens none yet."""
        return ArchiveReader(
            base / self.file,
            format_=self.format,
            mapping=self.mapping,
            network=self.network,
            source=self.name,
        )
