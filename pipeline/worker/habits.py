"""How a worker works, as its operator says."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from models.settings import Settings
from pipeline.worker.routing import Rule

JOB_S = 14_400  # seconds a job may take on a worker (house rule: what one reader may)
BEAT = Path(tempfile.gettempdir()) / "parcelproof-worker.beat"  # touched as a sign of life


class Notify(NamedTuple):
    """Who is told of a submission that has ended: the operator's webhook, queues of the broker."""

    webhook: bool = False
    queues: bool = False


class Habits(NamedTuple):
    """How a worker works, as its operator says: `job_s` is the longest that a job may take."""

    settings: Settings = Settings()
    rules: tuple[Rule, ...] = ()
    notify: Notify = Notify()
    job_s: float = JOB_S
