"""How a worker runs: on a broker's queue, from the store alone, or once until nothing is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from multiprocessing import process
from typing import Any

from models import errors
from pipeline.store.repository import Store
from pipeline.worker.broker import TASK, Broker
from pipeline.worker.desk import Desk
from pipeline.worker.events import EventQueue, Intake
from pipeline.worker.habits import Habits
from pipeline.worker.keeper import Keeper, given_up
from pipeline.worker.logs import log

REST_S = 2.0  # seconds between two looks for work, where no broker tells of it
MOST_IN_VAIN = 20  # answers of which no message could be taken off
AWAY_S = 5.0  # seconds until a store that is away is asked again


def on_queue(
    broker: Broker,
    address: str,
    habits: Habits,
    jobs: int,
    keeper: Keeper,
) -> int:
    """Woken by the broker: `jobs` processes of Celery, each with its own store and fork server.

    Ends when it is told to, after the jobs that were begun; how Celery ended. Raises NoBroker.
    """
    from celery import signals

    broker.declare()
    own = process.current_process()

    def begin(**_: Any) -> None:
        # Celery leaves a process object of its own kind there, which may have no children; ours
        # starts a fork server, which ends with it
        process._current_process = own  # type: ignore[attr-defined]
        keeper.desk.store.engine.dispose(close=False)  # its connections are our parent's

    def ready(**_: Any) -> None:
        log.info("ready", jobs=jobs, broker=broker.scheme)
        keeper.start()

    broker.app.task(name=TASK)(Steps(broker, address, habits).one)
    signals.setup_logging.connect(_leave_logs, weak=False)
    signals.worker_process_init.connect(begin, weak=False)
    signals.worker_ready.connect(ready, weak=False)
    worker = broker.app.Worker(
        concurrency=jobs,
        pool="prefork",
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    keeper.stop.set()
    return int(worker.exitcode or 0)


class Steps:
    """What a process of Celery does when it is woken."""

    def __init__(self, broker: Broker, address: str, habits: Habits) -> None:
        self.broker = broker
        self.address = address
        self.habits = habits

    @cached_property
    def desk(self) -> Desk:
        """This process's own, from the first job on: a store that is away now may come back."""
        return Desk(Store(self.address), self.habits)

    def one(self) -> None:
        """The most urgent job. Where the store is away the message is used up: what is missing the
        next round sends.
        """
        try:
            woken = self.desk.step(threading.Event())
        except (errors.NoStore, errors.CannotWrite) as fault:
            log.warning("unwell", error=fault.name, says=str(fault)[:300])
            time.sleep(AWAY_S)
            return
        if woken:
            self.broker.wake(woken)


def _leave_logs(**_: Any) -> None:
    """Ours are set up; whoever answers this signal keeps Celery from setting up its own."""


def from_store(desk: Desk, jobs: int, keeper: Keeper) -> None:
    """Without a broker: `jobs` threads ask the store what is next, every other second."""
    keeper.start()
    log.info("ready", jobs=jobs, broker="")

    def lane() -> None:
        while not keeper.stop.is_set():
            try:
                if desk.step(keeper.stop) is None:
                    keeper.stop.wait(REST_S)
            except (errors.NoStore, errors.CannotWrite) as fault:
                log.warning("unwell", error=fault.name, says=str(fault)[:300])
                keeper.stop.wait(AWAY_S)

    _lanes(lane, jobs, keeper.stop)


def once(desk: Desk, jobs: int, keeper: Keeper) -> int:
    """Until nothing is left to be done now; how many jobs were worked on.

    Raises NoStore, CannotWrite.
    """
    given_up(desk)
    keeper.start()
    done: list[int] = []
    broker = keeper.post.broker

    def lane() -> None:
        while not keeper.stop.is_set():
            told = broker.take() if broker else False
            woken = desk.step(keeper.stop)
            if woken is not None:
                done.append(woken)
            elif not told:
                return

    _lanes(lane, jobs, keeper.stop)
    keeper.send()
    keeper.stop.set()
    return len(done)


def _lanes(lane: Callable[[], None], jobs: int, stop: threading.Event) -> None:
    """Several at once; what ends one ends all."""
    with ThreadPoolExecutor(jobs) as pool:
        lanes = [pool.submit(lane) for _ in range(jobs)]
        try:
            for one in lanes:
                one.result()
        except BaseException:
            stop.set()
            raise


def listen(
    queue: EventQueue,
    intake: Intake,
    broker: Broker | None,
    stop: threading.Event,
) -> None:
    """What the bucket tells becomes jobs, until told to stop; beside the work."""

    def hear() -> None:
        while not stop.is_set():
            try:
                told = queue.work_off(intake.take)
                if told.entered and broker:
                    broker.wake(told.entered)
            except errors.NoBroker as fault:
                log.warning("unwell", error=fault.name, says=str(fault)[:300])
                stop.wait(AWAY_S)

    threading.Thread(target=hear, daemon=True).start()


def hear_all(queue: EventQueue, intake: Intake) -> int:
    """All that waits there now; how many jobs are new. Raises NoBroker."""
    entered = in_vain = 0
    while in_vain < MOST_IN_VAIN and (told := queue.work_off(intake.take, wait_s=1)).heard:
        entered += told.entered
        in_vain += not told.messages
    return entered
