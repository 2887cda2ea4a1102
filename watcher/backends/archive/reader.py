"""Pages out of the files of an archive."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path

from rules.model import Account, Post
from watcher.backends.archive.cursor import Cursor, Position
from watcher.backends.archive.file import ArchiveFile, holds_rows
from watcher.backends.archive.lines import reading
from watcher.backends.archive.parsing import FormatName, Formats
from watcher.backends.formats import FieldMapping, Parsed
from watcher.backends.interface import BackendError, Page, Skipped

PAGE = 1000
"""Posts; a line that holds several may go over."""

PAGE_ITEMS = 20_000
"""Lines with something to tell in a page: bounds pages of an archive with few posts in it."""

PAGE_CHARACTERS = 8_000_000
"""Characters of text in a page: bounds memory where posts are huge."""


class ArchiveReader:
    """Reads the files that `file` names: a path, or a pattern with `*`, `?`, `[...]` or `**`."""

    def __init__(
        self,
        file: Path,
        *,
        format_: FormatName = "auto",
        mapping: FieldMapping | None = None,
        network: str = "",
        source: str = "",
    ) -> None:
        self._pattern = file
        self._format = format_
        self._mapping = mapping
        self._network = network
        self._source = source

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield what the files hold beyond `cursor`, file after file in the order of their names.

        A file that cannot be read does not stop the others: it is raised as `BackendError` after
        the last page.
        """
        paths = self._paths()
        state = Cursor.load(cursor)
        state = Cursor({name: at for name, at in state.files.items() if name in paths})
        failures: list[BackendError] = []
        batch, saved = _Batch(), state
        for name, path in paths.items():
            try:
                for position, at_end in self._read(name, path, state.files.get(name), batch):
                    state = state.at(name, position)
                    if batch.full and not at_end:
                        yield batch.page(state, more=True)
                        batch.clear()
                        saved = state
            except BackendError as error:
                failures.append(error)
        if state != saved or batch.skipped_count:
            yield batch.page(state, more=False)
        if failures:
            raise _summed(failures)

    def records(self) -> Iterator[tuple[str, Parsed, str]]:
        """Yield (where, what it held, what is wrong with it) of every record of the files.

        From the beginning, whatever was read before: for whoever looks at the posts and their
        `origins` without keeping them. Raises `BackendError` at the first file that fails.
        """
        for name, path in self._paths().items():
            with closing(self._open(name, path)) as file:
                for number, parsed, problem in file:
                    yield f"{name}:{number}", parsed, problem

    def _read(
        self, name: str, path: Path, position: Position | None, batch: "_Batch"
    ) -> Iterator[tuple[Position, bool]]:
        """Fill the batch from one file; yield the position whenever it is full, and at the end."""
        with reading(path):
            status = path.stat()
        if position and position.seen == (status.st_size, status.st_mtime_ns):
            return
        with closing(self._open(name, path)) as file:
            if position and not file.resume(position):
                file.close()
                batch.skip(name, "the file was replaced or cut: it is read again from the start")
                yield from self._read(name, path, None, batch)
                return
            for number, parsed, problem in file:
                where = f"{name}:{number}"
                if problem:
                    batch.skip(where, problem)
                else:
                    batch.add(where, parsed)
                if batch.full:
                    yield file.position(at_end=False), False
            yield file.position(at_end=True), True

    def _open(self, name: str, path: Path) -> ArchiveFile:
        rows = holds_rows(name, self._format)
        format_ = "csv" if rows else self._format
        formats = Formats(format_, self._mapping, self._network, self._source)
        return ArchiveFile(path, name, formats, rows=rows)

    def _paths(self) -> dict[str, Path]:
        """Return the files by their name in ids, cursors and messages: the path below the folder.

        Raises `BackendError` where a pattern fits nothing.
        """
        pattern = str(self._pattern)
        if not has_magic(pattern):
            return {self._pattern.name: self._pattern}
        root = next(parent for parent in self._pattern.parents if not has_magic(str(parent)))
        found = sorted(map(Path, glob(pattern, recursive=True)))  # noqa: PTH207 - passes hidden files by
        paths = {path.relative_to(root).as_posix(): path for path in found if path.is_file()}
        if not paths:
            raise BackendError(
                f"no file fits {pattern}", kind="gone", help="check the folder and the pattern"
            )
        return paths

    def check(self) -> str:
        """Open every file and read the beginning of each."""
        paths = self._paths()
        for name, path in paths.items():
            with closing(self._open(name, path)) as file:
                next(iter(file), None)
        octets = sum(path.stat().st_size for path in paths.values())
        files = "1 file" if len(paths) == 1 else f"{len(paths):,} files"
        return f"{files}, {octets / 1e6:,.1f} MB"

    def close(self) -> None:
        """Nothing is held open between pages that are not being read."""


@dataclass(slots=True)
class _Batch:
    """A page in the making."""

    posts: dict[str, Post] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    deleted: dict[str, None] = field(default_factory=dict)
    departed: dict[str, None] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    skipped_count: int = 0
    repeated: int = 0
    characters: int = 0
    items: int = 0

    @property
    def full(self) -> bool:
        return (
            len(self.posts) >= PAGE
            or self.characters >= PAGE_CHARACTERS
            or self.items >= PAGE_ITEMS
        )

    def add(self, where: str, parsed: Parsed) -> None:
        self.items += 1
        for post in parsed.posts:
            if post.id in self.posts:
                self.repeated += 1
            else:
                self.posts[post.id] = post
                self.deleted.pop(post.id, None)  # written anew after it
                self.characters += len(post.text)
        for account in parsed.accounts:
            self.accounts[account.key] = account
        self.deleted |= dict.fromkeys(parsed.deleted)
        self.departed |= dict.fromkeys(parsed.departed)
        for note in parsed.notes:
            self.skip(where, note)

    def skip(self, where: str, why: str) -> None:
        self.items += 1
        self.skipped_count += 1
        if len(self.skipped) < 100:
            self.skipped.append(Skipped(where=where, why=why))

    def page(self, cursor: Cursor, *, more: bool) -> Page:
        posts = tuple(self.posts.values())
        authors = {post.author for post in posts} if self.accounts else set()
        return Page(
            posts=posts,
            cursor=cursor.dump(),
            more=more,
            accounts=tuple(a for a in self.accounts.values() if a not in authors),
            skipped=tuple(self.skipped),
            skipped_count=self.skipped_count,
            repeated=self.repeated,
            deleted=tuple(self.deleted),
            departed=tuple(self.departed),
        )

    def clear(self) -> None:
        """Begin the next page."""
        self.posts, self.accounts, self.skipped = {}, {}, []
        self.deleted, self.departed = {}, {}
        self.skipped_count = self.repeated = self.characters = self.items = 0


def _summed(failures: list[BackendError]) -> BackendError:
    first = failures[0]
    if len(failures) == 1:
        return first
    return BackendError(
        f"{first.message} (and {len(failures) - 1} more files could not be read)",
        kind=first.kind,
        help=first.help,
    )
