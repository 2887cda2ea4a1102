"""Old days of the log: written into the archive, where there is one, and dropped."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from rules.errors import WatcherError
from rules.model import Post
from watcher.app import App
from watcher.export.as_parquet import write
from watcher.export.table import Column, Table, Value

_COLUMNS = (
    Column("id", "text", "The post's id on its network."),
    Column("network", "text", "The network it was written on."),
    Column("source", "text", "The source that brought it."),
    Column("created_at", "time", "When it was written."),
    Column("author_id", "text", "The author's id on the network."),
    Column("author", "text", "The author's handle."),
    Column("display_name", "text", "The author's display name."),
    Column("text", "text", "What it says."),
    Column("lang", "text", "The language that it states."),
    Column("url", "text", "Its address."),
    Column("links", "texts", "The addresses that it links to."),
    Column("hashtags", "texts", "Its hashtags, without the sign."),
    Column("mentions", "texts", "The handles that it mentions."),
    Column("reply_to", "text", "The id of the post that it answers."),
    Column("repost_of", "text", "The id of the post that it passes on."),
    Column("quote_of", "text", "The id of the post that it quotes."),
    Column("edited_at", "time", "When its author changed it last."),
    Column("private", "boolean", "Whether only those may read it whom its author chose."),
)


class ArchiveError(WatcherError):
    """A day of the log cannot be kept, and so it is not dropped."""


def drop_old_log(app: App, now: datetime) -> int:
    """Drop the days of the log that are worked off and old enough; return how many.

    With `[store] archive` each is written there first, whole or not at all. Raises `ArchiveError`,
    `StoreError`; what was not dropped is tried again at the next turn.
    """
    before = now - timedelta(days=app.config.store.log_days)
    folder = app.config.store.archive
    if folder is not None:
        for day in app.store.log_days(before):
            _keep(app, app.config.folder / folder, day)
    return app.store.drop_log(before)


def _keep(app: App, folder: Path, day: datetime) -> None:
    path = folder / f"log-{day:%Y-%m-%d}.parquet"
    if path.exists():  # kept, and not dropped before the end came
        return
    aside = path.with_suffix(".new")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with aside.open("wb") as file:
            write(Table("log", _COLUMNS, _rows(app, day)), file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise ArchiveError(
            f"the archive cannot be written: {path} ({error.strerror})",
            help="check [store] archive, its room and who may write there; "
            "the log keeps the day until then",
        ) from error


def _rows(app: App, day: datetime) -> Iterator[tuple[Value, ...]]:
    for source, post in app.store.logged(day):
        yield _row(source, post)


def _row(source: str, post: Post) -> tuple[Value, ...]:
    return (
        post.id,
        post.network,
        source,
        post.posted_at,
        post.author.id,
        post.author.handle,
        post.author.display_name,
        post.text,
        post.language,
        post.url,
        post.links,
        post.hashtags,
        post.mentions,
        post.reply_to,
        post.repost_of,
        post.quote_of,
        post.edited_at,
        post.private,
    )
