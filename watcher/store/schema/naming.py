"""The collection of all tables, and how their indexes and constraints are named."""

from sqlalchemy import Column, MetaData

from watcher.store.columns import Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def names() -> list[Column[str]]:
    """Make the four columns by which an account presents itself."""
    return [Column(name, Words, nullable=False) for name in ("handle", "display_name", "bio")] + [
        Column("avatar", Words, nullable=False)
    ]
