"""What `purge` removes of jobs that workers shared: names stand in them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Delete, and_, delete, select

from pipeline.store.schema import jobs, notices, orders

OPEN = ("waiting", "working")


def ended_before(before: int) -> Iterator[Delete]:
    """Jobs that ended before then (seconds since 1970), notices that arrived, empty orders."""
    yield delete(jobs).where(and_(jobs.c.state.not_in(OPEN), jobs.c.since < before))
    yield delete(notices).where(and_(notices.c.state != "waiting", notices.c.at < before))
    left = select(jobs.c.order)
    yield delete(orders).where(and_(orders.c.at < before, orders.c.id.not_in(left)))
