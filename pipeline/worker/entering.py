"""Submissions as jobs of the store: how a job begins there."""

from __future__ import annotations

from collections.abc import Iterable

from models.policy import Policy
from pipeline.batch.bucket import ARCHIVES
from pipeline.batch.jobs import Entry, Job
from pipeline.batch.sources import suffix
from pipeline.store.jobs import NewJob
from pipeline.worker.hands import now_s, parts_as_json
from pipeline.worker.orders import Order
from pipeline.worker.urgency import Urgency, due_of, reading_rank, screening_rank


def new_job(
    order: Order,
    rules: Policy,
    job: Job,
    parts: Iterable[Entry] = (),
) -> NewJob:
    """A submission as it begins. Only a single file can be screened."""
    now = now_s()
    due = due_of(rules, order.case, job.facts, now)
    screened = order.screen and not job.folder and suffix(job.name) not in ARCHIVES
    return NewJob(
        name=job.name,
        folder=job.folder,
        stamp=job.stamp,
        parts=parts_as_json(parts),
        facts=job.facts,
        due=due,
        stage="screen" if screened else "read",
        rank=screening_rank(now) if screened else reading_rank(now, Urgency(due)),
    )
