"""What Alembic runs: the steps, within the transaction of whoever called.

SHELL. The connection is `cloud.index.database`'s, which holds the lock.
"""

from alembic import context

from cloud.index.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
