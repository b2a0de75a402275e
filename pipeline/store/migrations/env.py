"""Run by alembic: the steps over the connection that the store hands in."""

from alembic import context

from pipeline.store.schema import tables

context.configure(connection=context.config.attributes["connection"], target_metadata=tables)
with context.begin_transaction():
    context.run_migrations()
