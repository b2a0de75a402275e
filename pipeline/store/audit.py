"""The audit log: who did what with which versions, each entry bound to the one before it.

An entry holds digests and versions, no names of files or people handed in, so it stays when a
report is removed. An entry that was changed does not fit its own digest; one that is missing, the
next one's; a tail that was cut off is missed by whoever knows a later head: every report names one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, insert, select

from pipeline.store.schema import audit

Event = Literal["scored", "judged", "answered", "held", "released", "purged", "superseded"]
BEGINNING = "0" * 64


class Fault(NamedTuple):
    """Where the chain does not hold, and how."""

    seq: int
    says: str


def now() -> str:
    """To the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def head(connection: Connection) -> str:
    """The digest of the last entry."""
    order = select(audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    return connection.execute(order).scalar() or BEGINNING


def append(
    connection: Connection,
    event: Event,
    subject: str,
    body: dict[str, Any],
) -> str:
    """A further entry; its digest. In a transaction that alone may write."""
    order = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
    last, prev = connection.execute(order).first() or (0, BEGINNING)
    row = {
        "seq": last + 1,
        "at": now(),
        "event": event,
        "subject": subject,
        "body": json.dumps(body, ensure_ascii=False, sort_keys=True),
        "prev": prev,
    }
    row["hash"] = digest(row)
    connection.execute(insert(audit).values(row))
    return str(row["hash"])


def digest(row: dict[str, Any]) -> str:
    """Of an entry with all it says, and of the digest before it."""
    said = [row[name] for name in ("seq", "at", "event", "subject", "body", "prev")]
    return sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def entries(connection: Connection) -> Iterator[dict[str, Any]]:
    """All of them, in order, as a stream."""
    streamed = connection.execution_options(yield_per=1000)
    for row in streamed.execute(select(audit).order_by(audit.c.seq)):
        yield dict(row._mapping)


def verify(
    rows: Iterable[dict[str, Any]],
    heads: Iterable[str] = (),
) -> tuple[int, list[Fault]]:
    """How many entries there are, and where the chain does not hold.

    `heads` are digests that somebody outside has seen as the last one: each must be in it.
    """
    missed = set(heads) - {BEGINNING}
    faults: list[Fault] = []
    prev, last, count = BEGINNING, 0, 0
    for row in rows:
        seq = row["seq"]
        if seq != last + 1:
            faults.append(Fault(seq, f"entries from {last + 1} on are missing before it"))
        if row["prev"] != prev:
            faults.append(Fault(seq, "it does not follow the entry before it"))
        if row["hash"] != digest(row):
            faults.append(Fault(seq, "it was changed"))
        prev, last = row["hash"], seq
        count += 1
        missed.discard(prev)
    cut = [Fault(last + 1, f"the log once went on to {one[:16]}") for one in sorted(missed)]
    return count, faults + cut
