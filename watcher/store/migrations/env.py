"""Alembic's entry: it runs inside the transaction that the store has opened."""

from alembic import context

from watcher.store.schema import metadata
from watcher.store.versions import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
