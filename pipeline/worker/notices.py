"""What others are told of a submission that has ended: identities and numbers, no names.

A notice is written down together with the job's end and sent until it arrives. Its id hangs on the
job's turn and on what it says: whoever gets it twice knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple

import pipeline
from models.summary import Row
from pipeline.batch.jobs import Scored, State
from pipeline.store.jobs import Notice, Taken
from pipeline.worker.habits import Notify

SCORED, SET_ASIDE, FAILED = "submission.scored", "submission.set_aside", "submission.failed"
EVENTS = {"scored": SCORED, "quarantined": SET_ASIDE, "failed": FAILED}


class Ending(NamedTuple):
    """A submission at its end."""

    taken: Taken
    state: State
    row: Row
    scored: Scored | None
    route: str


def notices_of(ending: Ending, notify: Notify) -> Iterator[Notice]:
    """One for each who is to be told."""
    said, turn = body_of(ending), ending.taken.turn
    if notify.webhook:
        yield _notice("webhook", "", turn, said)
    if notify.queues and ending.route:
        yield _notice("queue", ending.route, turn, said)


def body_of(ending: Ending) -> dict[str, Any]:
    """What is told. `report` is the digest of its bytes; `name_sha256` that of the
    name or key, whose first 32 digits name the folder of results in a bucket."""
    row, scored = ending.row, ending.scored
    return {
        "event": EVENTS[ending.state],
        "job": ending.taken.seq,
        "order": ending.taken.order,
        "name_sha256": sha256(ending.taken.name).hexdigest(),
        "result": scored.key if scored else None,
        "report_sha256": scored.sha256 if scored else None,
        "score": row.score,
        "band": row.band or None,
        "breaks": row.breaks,
        "questions": row.to_check,
        "reused": row.reused,
        "error": None if scored else row.says.partition(":")[0],
        "queue": ending.route or None,
        "pipeline_version": pipeline.__version__,
    }


def _notice(
    to: str,
    queue: str,
    turn: int,
    said: dict[str, Any],
) -> Notice:
    body = json.dumps(said, sort_keys=True)
    known = sha256(f"{to} {queue} {turn} {body}".encode()).hexdigest()
    return Notice(known, to, queue, json.dumps({"id": known, **said}, sort_keys=True))
