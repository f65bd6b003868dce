"""Run the migrations on the connection handed in by `tidings.store.migrate`."""

from alembic import context

from tidings.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
