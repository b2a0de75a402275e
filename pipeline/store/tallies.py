"""What has happened so often: numbers that only grow, shared by all workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, update

from pipeline.store.schema import tallies

Tally = tuple[str, str]  # a name and a label


def count(connection: Connection, some: Mapping[Tally, float]) -> None:
    """They grow, in one order, so that no two transactions wait for each other."""
    for (name, label), value in sorted(some.items()):
        which = and_(tallies.c.name == name, tallies.c.label == label)
        grown = update(tallies).where(which).values(value=tallies.c.value + value)
        if not connection.execute(grown).rowcount:
            connection.execute(_first(connection, name, label, value))


def _first(connection: Connection, name: str, label: str, value: float) -> Any:
    """The first of its kind; where another transaction was faster, added to theirs."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    row = insert(tallies).values(name=name, label=label, value=value)
    grown = {"value": tallies.c.value + value}
    return row.on_conflict_do_update(index_elements=["name", "label"], set_=grown)
