"""The tables of the store as they are now, the same in SQLite and PostgreSQL.

Whoever changes them adds a step to `migrations`, for stores that are there.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

tables = MetaData()

submissions = Table(
    "submissions",
    tables,
    Column("id", String(64), primary_key=True, comment="digest of source and name"),
    Column("name", Text, nullable=False, comment="as people see it"),
    Column("held", Boolean, nullable=False, default=False, comment="kept whatever its age"),
)
examinations = Table(
    "examinations",
    tables,
    Column("key", String(64), primary_key=True),
    Column("submission", ForeignKey("submissions.id"), nullable=False, index=True),
    Column("at", String(40), nullable=False),
    Column("body", LargeBinary, nullable=False, comment="examination.json, compressed"),
)
reports = Table(
    "reports",
    tables,
    Column("key", String(64), primary_key=True),
    Column("submission", ForeignKey("submissions.id"), nullable=False, index=True),
    Column("examination", ForeignKey("examinations.key"), nullable=False, index=True),
    Column("at", String(40), nullable=False),
    Column("policy", String(64), nullable=False),
    Column("score", Float),
    Column("band", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False, comment="report.json, compressed"),
    Column("reused", LargeBinary, nullable=False, comment="where else its footage stood, as JSON"),
)
footage = Table(
    "footage",
    tables,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("submission", ForeignKey("submissions.id"), nullable=False, index=True),
    Column("file", Text, nullable=False, comment="as people see it"),
    Column("kind", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("case", Text, nullable=False, comment="the order, or the parcel, as the operator says"),
    Column("body", LargeBinary, nullable=False, comment="its samples, compressed"),
    UniqueConstraint("submission", "sha256", "file"),
)
answers = Table(
    "answers",
    tables,
    Column("digest", String(64), primary_key=True),
    Column("submission", ForeignKey("submissions.id"), nullable=False, index=True),
    Column("at", String(40), nullable=False),
    Column("body", Text, nullable=False),
)
audit = Table(
    "audit",
    tables,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", String(40), nullable=False),
    Column("event", String(32), nullable=False),
    Column("subject", String(64), nullable=False, comment="a submission's id, or empty"),
    Column("body", Text, nullable=False, comment="versions and digests as JSON; no names"),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)
Index("reports_at", reports.c.at)

# What workers share. Times are whole seconds since 1970, by the clock of whoever wrote them.
NUMBER = BigInteger().with_variant(Integer, "sqlite")
orders = Table(
    "orders",
    tables,
    Column("id", String(64), primary_key=True, comment="digest of what was asked for"),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False, comment="what all its submissions share, as JSON"),
)
jobs = Table(
    "jobs",
    tables,
    Column("seq", NUMBER, primary_key=True),
    Column("order", ForeignKey("orders.id"), nullable=False),
    Column("name", LargeBinary, nullable=False, comment="opaque, as in its source"),
    Column("folder", Boolean, nullable=False),
    Column("stamp", Text, nullable=False, comment="changes when its files do"),
    Column("parts", Text, nullable=False, comment="what lies in the folder that it is, as JSON"),
    Column("facts", Text, nullable=False, comment="what the operator says of it, as JSON"),
    Column("due", BigInteger, comment="when the first clock of its case runs out"),
    Column("state", String(16), nullable=False),
    Column("stage", String(8), nullable=False, comment="screen, read, or empty at the end"),
    Column("rank", BigInteger, nullable=False, comment="the least is taken first"),
    Column("since", BigInteger, nullable=False, comment="waiting, being worked on, or ended"),
    Column("not_before", BigInteger, nullable=False, default=0),
    Column("turn", Integer, nullable=False, default=0, comment="grows each time it is taken"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("released", Integer, nullable=False, default=0, comment="times in a row"),
    Column("strikes", Integer, nullable=False, default=0),
    Column("again", Integer, nullable=False, default=0),
    Column("alive", BigInteger, nullable=False, default=0, comment="its worker's last sign"),
    Column("worker", String(96), nullable=False, default=""),
    Column("media", Text, nullable=False, default=""),
    Column("screened", Text, nullable=False, default="", comment="what screening said, as JSON"),
    Column("row", Text, nullable=False, default="", comment="its line of the table, as JSON"),
    UniqueConstraint("order", "name", "folder"),
)
Index("jobs_waiting", jobs.c.state, jobs.c.rank, jobs.c.seq)
Index("jobs_alive", jobs.c.state, jobs.c.alive)
notices = Table(
    "notices",
    tables,
    Column("seq", NUMBER, primary_key=True),
    Column("id", String(64), nullable=False, unique=True, comment="whoever gets it twice knows"),
    Column("to", String(16), nullable=False, comment="webhook or queue"),
    Column("queue", String(64), nullable=False),
    Column("body", Text, nullable=False, comment="as it is sent; no names"),
    Column("at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("not_before", BigInteger, nullable=False),
)
Index("notices_due", notices.c.state, notices.c.not_before)
tallies = Table(
    "tallies",
    tables,
    Column("name", String(64), primary_key=True),
    Column("label", String(128), primary_key=True),
    Column("value", Float, nullable=False),
)

ONLY_GROWS = {  # the audit log: triggers refuse anything else
    "sqlite": (
        "CREATE TRIGGER audit_kept BEFORE UPDATE ON audit "
        "BEGIN SELECT raise(ABORT, 'the audit log only grows'); END",
        "CREATE TRIGGER audit_whole BEFORE DELETE ON audit "
        "BEGIN SELECT raise(ABORT, 'the audit log only grows'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_only_grows() RETURNS trigger AS $$ "
        "BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_only_grows()",
        "CREATE TRIGGER audit_whole BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
    ),
}


def create(connection: Connection) -> None:
    """All of it, where nothing is yet."""
    tables.create_all(connection)
    for order in ONLY_GROWS[connection.dialect.name]:
        connection.exec_driver_sql(order)
