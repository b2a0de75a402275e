"""A batch that workers do: what may be said of it, and what becomes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from models import errors
from models.summary import Row
from pipeline.batch.bucket import is_bucket
from pipeline.batch.ledger import Ledger
from pipeline.batch.work import Batch
from pipeline.cli.terminal import err
from pipeline.store.jobs import JobStore
from pipeline.worker.broker import Broker
from pipeline.worker.habits import JOB_S
from pipeline.worker.logs import silent
from pipeline.worker.orders import Order
from pipeline.worker.remote import Remote


def order_of(
    source: str,
    out: str,
    batch: Batch,
    screen: bool,
) -> Order:
    """What workers are asked for."""
    return Order(
        source=_absolute(source),
        out=_absolute(out),
        policy=batch.policy.id,
        case=batch.case,
        every=batch.settings.every_detector,
        keep_payloads=batch.settings.keep_payloads,
        trust=batch.trust,
        language=batch.say.language if batch.say else "",
        screen=screen,
    )


def _absolute(address: str) -> str:
    found = address if is_bucket(address) else str(Path(address).resolve())
    try:
        found.encode()
    except UnicodeEncodeError:
        raise errors.Usage("SOURCE and OUT must be names in UTF-8 for --engine celery.") from None
    return found


def done_by_workers(
    order: Order,
    batch: Batch,
    ledger: Ledger,
    broker: str | None,
    wait: bool,
    tell: Callable[[Row], None],
) -> int:
    """Ordered; if asked to, waited for; how many are still with workers. Raises Usage, NoStore."""
    silent()
    remote = Remote(
        order,
        batch,
        ledger,
        JobStore(batch.store),
        Broker(broker, JOB_S) if broker else None,
        threading.Event(),
    )
    remote.hand_over()
    if not remote.is_heard:
        note = "The broker does not answer; workers find the jobs in the store, a little later."
        err.print(note, highlight=False)
    if wait:
        remote.wait(tell, _nobody)
        return 0
    left = remote.collect(tell)
    remote.sum_up()
    return left


def _nobody() -> None:
    note = "No worker has taken a job yet; start one: `parcelproof worker`, with the same --store."
    err.print(note, highlight=False)
