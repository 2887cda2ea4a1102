"""Lessons as a change of the user's own file."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rules.lookalike import LookalikeRule
from rules.model import Brand
from watcher.config import Config, load
from watcher.store import SuspectRecord
from watcher.toml import ConfigError
from watcher.toml.edit import ConfigFile, Insertion, added_to_list
from watcher.verdicts.lessons import Key, Lesson, hidden, taught


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Lessons, as a change of the configuration."""

    lessons: tuple[Lesson, ...]
    brands: tuple[Brand, ...]
    """As they would be."""
    file: ConfigFile
    octets: bytes
    """The file as it would be."""
    hides: tuple[SuspectRecord, ...]
    """The suspects that would not have been raised with all of it."""

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        return self.file.diff(self.octets)

    def write(self) -> Path:
        """Change the file; return where it is kept as it was.

        Raises `ConfigError` where the file has changed meanwhile, cannot be written, or would not
        be a configuration that says what was proposed; then nothing has changed.
        """
        return self.file.replace(self.octets, self._check)

    def _check(self, path: Path) -> None:
        if load(path).brands != self.brands:
            raise ConfigError(
                "the file as changed does not say what was proposed",
                code="uneditable",
                help="change it by hand",
            )


def propose(
    config: Config, lessons: Sequence[Lesson], records: Sequence[SuspectRecord]
) -> Proposal:
    """Return the change that these lessons make.

    `records` are all suspects. Raises `ConfigError` where the file cannot be changed by a program,
    or has changed since it was read.
    """
    file = ConfigFile.read(config.path)
    names = [brand.name for brand in config.brands]
    stated = [table.get("name") for table in file.document.values.get("brands", [])]
    if stated != names:
        raise ConfigError(
            f"{config.path.name} has been changed meanwhile",
            code="changed-meanwhile",
            help="ask again: the proposal is made for the file as it is now",
        )
    entries: dict[tuple[str, Key], list[str]] = defaultdict(list)
    for lesson in lessons:
        entries[lesson.brand, lesson.key].append(lesson.value)
    insertions: list[Insertion] = [
        added_to_list(file.document, names.index(brand), key, values, table="brands")
        for (brand, key), values in entries.items()
    ]
    brands = tuple(taught(brand, lessons) for brand in config.brands)
    rules = [rule for rule in config.rules if isinstance(rule, LookalikeRule)]
    return Proposal(
        lessons=tuple(lessons),
        brands=brands,
        file=file,
        octets=file.changed(insertions),
        hides=hidden(config.brands, brands, rules, records),
    )
