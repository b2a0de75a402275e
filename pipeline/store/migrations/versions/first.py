"""The first tables. The audit log can only grow: its triggers refuse anything else."""

from alembic import op

from pipeline.store import schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQLITE = """
CREATE TRIGGER audit_{name} BEFORE {change} ON audit
BEGIN SELECT raise(ABORT, 'the audit log only grows'); END
"""
POSTGRES = """
CREATE FUNCTION audit_only_grows() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$ LANGUAGE plpgsql;
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_whole BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows();
"""


def upgrade() -> None:
    """From nothing."""
    schema.tables.create_all(op.get_bind())
    if op.get_bind().dialect.name == "sqlite":
        for name, change in (("kept", "UPDATE"), ("whole", "DELETE")):
            op.execute(SQLITE.format(name=name, change=change))
    else:
        op.execute(POSTGRES)
