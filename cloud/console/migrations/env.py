"""What Alembic runs: the steps, within the transaction of `cloud.console.tables`."""

from cloud.migrations import run_steps

run_steps()
