"""A worker, put together from what its operator says, and started."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from models import errors
from pipeline.batch.bucket import Bucket
from pipeline.store.jobs import JobStore
from pipeline.store.repository import Store
from pipeline.worker import health, runs
from pipeline.worker.broker import Broker
from pipeline.worker.desk import Desk
from pipeline.worker.events import EventQueue, Intake
from pipeline.worker.habits import JOB_S, Habits
from pipeline.worker.health import Pages, serve
from pipeline.worker.keeper import Keeper, Post
from pipeline.worker.logs import log, set_up
from pipeline.worker.orders import Order
from pipeline.worker.webhook import Webhook


class Hearing(NamedTuple):
    """A queue that tells of new objects, what is done with each, and the operator's facts."""

    queue: str
    order: Order
    facts: Mapping[bytes, str]


class Plan(NamedTuple):
    """One worker. `jobs`: at a time. `once`: until nothing is left. `listen`: HOST:PORT."""

    store: str
    habits: Habits
    jobs: int
    beat: Path
    broker: str | None = None
    once: bool = False
    hearing: Hearing | None = None
    hook: Webhook | None = None
    listen: str | None = None


def start(plan: Plan) -> None:
    """Until it is told to stop, or nothing is left. Raises what keeps it from working at all."""
    set_up()
    stop = threading.Event()
    try:
        plan.beat.touch()
    except OSError as fault:
        raise errors.CannotWrite(
            "Nothing can be written to {folder}: {why}.",
            folder=str(plan.beat),
            why=str(fault.strerror),
        ) from None
    broker = Broker(plan.broker, plan.habits.job_s) if plan.broker else None
    if "://" not in plan.store and not Path(plan.store).exists():
        log.warning("new_store", says="There was no store; an empty one is made.")
    with closing(Store(plan.store)) as store:
        desk = Desk(store, plan.habits)
        keeper = Keeper(desk, Post(plan.hook, broker), stop, plan.beat)
        if plan.listen:
            unboxed = plan.habits.settings.allow_unsandboxed
            port = serve(Pages(desk.book, broker, plan.beat, unboxed), plan.listen)
            log.info("listening", port=port)
        heard = _heard(plan.hearing, desk) if plan.hearing else None
        if plan.once:
            _once(plan, desk, keeper, heard)
            return
        if heard:
            runs.listen(*heard, broker, stop)
        if broker:
            ended = runs.on_queue(broker, plan.store, plan.habits, plan.jobs, keeper)
            if ended:
                raise errors.NoBroker("The worker was ended by its queue: see the log.")
        else:
            _until_told(stop)
            runs.from_store(desk, plan.jobs, keeper)


def pages(
    place: str,
    address: str,
    broker: str | None,
    allow_unsandboxed: bool,
) -> None:
    """The numbers and the health of all, served until told to stop. Raises Usage, NoStore."""
    set_up()
    stop = threading.Event()
    _until_told(stop)
    with closing(Store(address)) as store:
        known = Broker(broker, JOB_S) if broker else None
        port = serve(Pages(JobStore(store), known, None, allow_unsandboxed), place)
        log.info("listening", port=port)
        stop.wait()


def ready(address: str | None, broker: str | None, allow_unsandboxed: bool) -> dict[str, str]:
    """What is needed to work here, and why it cannot be had. Raises Usage."""

    def book() -> JobStore:
        if address is None:
            raise errors.NoStore("No store is named (--store).")
        return JobStore(Store(address, new=False))

    known = Broker(broker, JOB_S) if broker else None
    return health.ready(book, known, allow_unsandboxed)


def _once(
    plan: Plan,
    desk: Desk,
    keeper: Keeper,
    heard: tuple[EventQueue, Intake] | None,
) -> None:
    if heard:
        runs.hear_all(*heard)
    count = runs.once(desk, plan.jobs, keeper)
    log.info("drained", steps=count, **_left(desk.book))


def _heard(hearing: Hearing, desk: Desk) -> tuple[EventQueue, Intake]:
    """Before the work. Raises Usage, NoBroker, NoBucket, NoStore."""
    queue = EventQueue(hearing.queue)
    queue.check()
    batch = hearing.order.batch(desk.store, desk.habits.settings)
    if not isinstance(batch.source, Bucket):
        raise errors.Usage("--source: events tell of a bucket, s3://bucket/prefix.")
    rules, forget = batch.policy, desk.store.forget
    return queue, Intake(desk.book, hearing.order, batch.source, rules, hearing.facts, forget)


def _left(book: JobStore) -> dict[str, int]:
    """What waits until later, and what others have in hand or left without a sign."""
    left = {"waiting": 0, "working": 0}
    for (state, _), count in book.counts().items():
        if state in left:
            left[state] += count
    return left


def _until_told(stop: threading.Event) -> None:
    """Told to stop, it stops when what was begun has been put back."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
