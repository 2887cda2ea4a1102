"""Old days of the log: written into the archive, where there is one, and dropped."""

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile
from typing import BinaryIO

from rules.errors import WatcherError
from rules.model import Post
from watcher.app import App
from watcher.config import Config
from watcher.export import ExportError
from watcher.export.as_parquet import rewrite, write
from watcher.export.table import Column, Table, Value
from watcher.store import Store, is_shared

log = logging.getLogger("watcher")

_COLUMNS = (
    Column("key", "text", "The post's network and id."),
    Column("network", "text", "The network it was written on."),
    Column("id", "text", "Its id there."),
    Column("source", "text", "The source that brought it."),
    Column("posted_at", "time", "When it was written."),
    Column("author_key", "text", "The author's network and id."),
    Column("author", "text", "The author's handle."),
    Column("author_name", "text", "The author's display name."),
    Column("author_bio", "text", "What the author says of themselves."),
    Column("author_followers", "integer", "How many follow the author."),
    Column("author_bot", "boolean", "Whether the author says to be a program."),
    Column("text", "text", "What it says."),
    Column("language", "text", "The language that it states."),
    Column("url", "text", "Its address."),
    Column("links", "texts", "The addresses that it links to."),
    Column("titles", "texts", "The titles of these."),
    Column("hashtags", "texts", "Its hashtags, without the sign."),
    Column("mentions", "texts", "The handles that it mentions."),
    Column("media", "texts", "What its pictures are said to show."),
    Column("reply_to", "text", "The key of the post that it answers."),
    Column("reply_to_handle", "text", "The handle of whom it answers."),
    Column("repost_of", "text", "The key of the post that it passes on."),
    Column("repost_author", "text", "The key of whose post it passes on."),
    Column("quote_of", "text", "The key of the post that it quotes."),
    Column("likes", "integer", "How many liked it when it came."),
    Column("reposts", "integer", "How many had passed it on."),
    Column("replies", "integer", "How many had answered it."),
    Column("edited_at", "time", "When its author changed it last."),
    Column("private", "boolean", "Whether only those may read it whom its author chose."),
)
"""Those of `watcher export posts`, as far as a post that comes has them."""


class ArchiveError(WatcherError):
    """A day of the log cannot be kept, and so it is not dropped."""


def drop_old_log(app: App, now: datetime) -> int:
    """Drop the days of the log that are worked off and old enough; return how many.

    With `[store] archive` each is written there first, whole or not at all. Raises `ArchiveError`,
    `ExportError`, `StoreError`; what was not dropped is tried again at the next turn.
    """
    before = now - timedelta(days=app.config.store.log_days)
    folder = archive_of(app.config)
    # Asked once: another day may be worked off while these are written, and is not written itself.
    days = app.store.log_days(before)
    if folder is not None:
        for day in days:
            _keep(app, folder, day)
    done = app.store.drop_log(days)
    if done.in_use:
        log.warning("%d old days of the log are in use; the next turn drops them", done.in_use)
    return done.dropped


def clear_archive(app: App) -> None:
    """Erase from the archive what forgotten people wrote, where some may be in it.

    Raises `ArchiveError`, `StoreError`; then, and while the log may hold some too, from where it
    would come into the archive, it is done once more at the next turn.
    """
    folder, mark = archive_of(app.config), app.store.forgotten_in("archive")
    if folder is None or mark is None:
        return
    in_log = app.store.forgotten_in("log")
    erase_from_archive(app, folder)
    if in_log is None:
        app.store.forgotten_gone("archive", mark)


def archive_of(config: Config) -> Path | None:
    """Return the folder of the archive, None where there is none."""
    folder = config.store.archive
    return None if folder is None or not config.uses_log else config.folder / folder


def need_parquet(config: Config) -> None:
    """Raise `ArchiveError` where the archive would need a library that is not installed."""
    if archive_of(config) is not None and find_spec("pyarrow") is None:
        raise ArchiveError(
            "[store] archive needs the library pyarrow, which is not installed",
            help="install the watcher with its extra, brand-watcher[parquet], or take archive out",
        )


def check_archive(config: Config) -> str:
    """Return in words that the archive can be written; nothing is. Raises `ArchiveError`."""
    folder = archive_of(config)
    if folder is None:
        return "posts do not go through the log: nothing is archived"
    need_parquet(config)
    there = next(one for one in (folder, *folder.parents) if one.exists())
    with _told(folder), TemporaryFile(dir=there):
        pass
    found = f"{folder}: {len(_files(folder))} days"
    if is_shared(config.store_url):
        found += "; all hosts that may lead have to share this folder"
    return found


def erase_from_archive(app: App, folder: Path) -> int:
    """Erase from all files of the archive what forgotten people wrote; return how many posts went.

    Each file is replaced whole or not at all. One that fails holds up no other: `ArchiveError`,
    which names them, is raised when all had their turn. Raises `StoreError` at once.
    """
    if not folder.is_dir():
        return 0
    need_parquet(app.config)
    gone = 0
    failed = list[WatcherError]()
    with _told(folder), _alone(folder):
        for path in _files(folder):
            try:
                with _told(path), _whole(path) as file:
                    gone += rewrite(path, file, _WHO, lambda rows: _are_left(app.store, rows))
            except (ArchiveError, ExportError) as error:
                failed.append(error)
    if failed:
        told = "; ".join(error.message for error in failed[:_TOLD])
        more = f"; and {len(failed) - _TOLD} more" * (len(failed) > _TOLD)
        raise ArchiveError(
            f"files of the archive may still hold what forgotten people wrote: {told}{more}",
            help="mend these files, or take them away; the service tries it again by itself",
        )
    return gone


_WHO = ("network", "author_key", "author", "repost_author")
_TOLD = 3
"""So many files that failed are named."""
_HELP = "check [store] archive, its room and who may write there; the log keeps the day until then"


def _are_left(store: Store, rows: Sequence[Sequence[str | None]]) -> list[bool]:
    """Return of which posts neither who wrote nor whose words they pass on is kept out."""
    names = [
        {
            (network or "", (key or "").removeprefix(f"{network}:"), handle or "")
            for key, handle in ((author, handle), (original, ""))
            if key
        }
        for network, author, handle, original in rows
    ]
    out = store.kept_out_of(set().union(*names))
    return [out.isdisjoint(some) for some in names]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("log-*.parquet"))


def _keep(app: App, folder: Path, day: datetime) -> None:
    path = folder / f"log-{day:%Y-%m-%d}.parquet"
    with _told(path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Another process that led before may still write this day, and drop it then: what of it
        # was read outside would be less than all, and take the place of the whole.
        with _alone(folder):
            if path.exists():  # kept, and not dropped before the end came
                return
            rows = _rows(app, day)
            if (first := next(rows, None)) is None:
                return
            with _whole(path) as file:
                write(Table("log", _COLUMNS, chain([first], rows)), file)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Write into the archive while nobody else does: a file replaced twice would lose one.

    What writers left who were killed goes first.
    """
    # A file that is open for writing: a network drive passes on no locks of folders, and NFS none
    # of a file that is only read.
    with (folder / ".lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for left in folder.glob("log-*.new"):
            left.unlink(missing_ok=True)
        yield


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file beside, which takes the place of another when all is on disk; or of none."""
    # Of its own name: where a drive has no locks, two writers are not to fill the same file.
    aside = path.with_suffix(f".{token_hex(8)}.new")
    try:
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            empty = file.tell() == 0
        if empty:
            return
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:  # the name too is to be there when the log is dropped and the power goes
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"the archive cannot be written: {path} ({error.strerror or error})", help=_HELP
        ) from error


def _rows(app: App, day: datetime) -> Iterator[tuple[Value, ...]]:
    for source, post in app.store.logged(day):
        yield _row(source, post)


def _row(source: str, post: Post) -> tuple[Value, ...]:
    author = post.author
    return (
        post.key,
        post.network,
        post.id,
        source,
        post.posted_at,
        author.key,
        author.handle,
        author.display_name,
        author.bio,
        author.followers,
        author.bot,
        post.text,
        post.language,
        post.url,
        post.links,
        post.titles,
        post.hashtags,
        post.mentions,
        post.media,
        _key(post, post.reply_to),
        post.reply_to_handle,
        _key(post, post.repost_of),
        _key(post, post.repost_author),
        _key(post, post.quote_of),
        post.likes,
        post.reposts,
        post.replies,
        post.edited_at,
        post.private,
    )


def _key(post: Post, other: str | None) -> str | None:
    """Return the key of something else on a post's network."""
    return f"{post.network}:{other}" if other else None
