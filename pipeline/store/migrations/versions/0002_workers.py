"""What workers share: orders, jobs, notices, tallies."""

from alembic import op

from pipeline.store.schema import jobs, notices, orders, tables, tallies

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Beside what is there."""
    tables.create_all(op.get_bind(), tables=[orders, jobs, notices, tallies])
