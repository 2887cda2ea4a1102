"""Bringing a database to the shape this program knows: new, older, the same, or newer."""

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from watcher.store.errors import StoreError
from watcher.store.schema import metadata

HEAD = "0007"
"""The newest revision in `migrations/versions`."""
VERSION_TABLE = "watcher_version"
"""Not Alembic's usual name: a database may hold another program's tables too."""
COPYING = "copying"
"""In the place of a revision: a copy into this database has not come to its end."""
_MIGRATIONS = Path(__file__).parent / "migrations"


def is_up_to_date(connection: Connection) -> bool:
    """Whether the database has exactly the shape that this program knows."""
    return version_of(connection) == HEAD


def out_of_date(connection: Connection, where: str) -> StoreError:
    """Return the error that says how the database differs, for who may not upgrade it."""
    version = version_of(connection)
    if version == COPYING:
        return _half(where)
    return StoreError(
        f"the database is {'empty' if version is None else f'of another version ({version})'}: "
        f"{where}",
        help="Run `watcher once`, which brings it up to date.",
    )


def upgrade(connection: Connection, where: str) -> None:
    """Create or upgrade the tables inside the open writing transaction of `connection`.

    Another process may have done it while this one waited for its turn: then it does nothing.
    Raises `StoreError` when the database is newer than the program or belongs to another program.
    """
    _quiet()
    # Alembic costs a tenth of a second to import, and hardly any start needs it.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    version = version_of(connection)
    if version is None:
        _refuse_foreign(connection, where)
    elif version == COPYING:
        raise _half(where)
    elif version not in known_revisions():
        raise StoreError(
            f"the database is newer than this program: {where} has version {version}, "
            f"this program knows up to {HEAD}",
            help="Upgrade the watcher, or restore the backup made before the upgrade.",
        )
    command.upgrade(config, "head")


def known_revisions() -> frozenset[str]:
    """Return every revision that this program can bring up to date, the newest included."""
    _quiet()
    from alembic.script import ScriptDirectory

    return frozenset(one.revision for one in ScriptDirectory(str(_MIGRATIONS)).walk_revisions())


def _quiet() -> None:
    # Alembic's INFO lines, which begin with the import, tell nothing to who runs the watcher.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def not_ours(file: Path, version: str) -> StoreError:
    """Return the error for a backup that cannot be put back; `version` is what it says of itself.

    Empty where it says nothing, several words where it says several things.
    """
    if not version or " " in version:
        return StoreError(
            f"{file} is no backup of the watcher",
            help="name a file that `watcher store backup` made",
        )
    if version == COPYING:
        return StoreError(f"{file} holds a half copy", help="take another backup")
    if version in known_revisions():
        return StoreError(f"{file} lacks tables of the watcher", help="take another backup")
    return StoreError(
        f"the backup is newer than this program: {file} has version {version}, "
        f"this program knows up to {HEAD}",
        help="upgrade the watcher first, or take an older backup",
    )


def version_of(connection: Connection) -> str | None:
    """Return the revision of a database; None where it has no tables of ours."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
    return connection.execute(query).scalar_one_or_none()


def _half(where: str) -> StoreError:
    return StoreError(
        f"the database is a half copy: {where}",
        help="Run `watcher store copy` once more, which begins it anew.",
    )


def _refuse_foreign(connection: Connection, where: str) -> None:
    foreign = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
    if foreign:
        raise StoreError(
            f"the database belongs to another program: {where} has a table {foreign[0]!r}",
            help="Name another file or database in [store] url.",
        )
