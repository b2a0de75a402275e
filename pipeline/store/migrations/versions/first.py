"""Where the steps begin.

A new store is made from the schema as it is, and marked with the last step; a step changes stores
that are older.
"""

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is older than this."""
