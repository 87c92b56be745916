"""What Alembic runs: the steps, within the transaction of `cloud.index.database`."""

from cloud.migrations import run_steps

run_steps()
