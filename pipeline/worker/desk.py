"""Where a worker works: the most urgent job is taken, screened or read, and written down."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import ValidationError

from models import errors
from pipeline.batch.screen import Screener
from pipeline.batch.work import Batch, Work
from pipeline.store.jobs import SILENT_S, JobStore, Taken
from pipeline.store.repository import Store
from pipeline.worker.habits import Habits
from pipeline.worker.hands import Hands, job_of, now_s
from pipeline.worker.logs import log
from pipeline.worker.orders import Order, screening

SIGN_S = SILENT_S / 5  # seconds between two signs of life
WATCH_S = 0.5  # seconds between two looks at whether to stop
PUT_OFF_S = 120  # seconds until an order that cannot be done here is tried again (house rule)
MOST_KNOWN = 100  # orders that are kept at hand
UNWELL_S = 5.0  # seconds of rest where this machine cannot work now


@dataclass
class Desk:
    """One worker's place at the store. Several threads have one each."""

    store: Store
    habits: Habits
    name: str = field(default_factory=lambda: f"{socket.gethostname()[:64]} {os.getpid()}")
    batches: dict[str, Batch] = field(default_factory=dict)

    @property
    def book(self) -> JobStore:
        """The jobs of the store."""
        return JobStore(self.store)

    def step(self, stop: threading.Event) -> int | None:
        """One job, as far as it goes now; how many jobs wait that did not before.

        None where nothing is to be done. Raises NoStore, and CannotWrite of the store.
        """
        taken = self.book.take(self.name, now_s())
        if taken is None:
            return None
        hands = self.hands(taken)
        if hands is None:
            return 0
        try:
            self._worked(hands, stop)
        except errors.NoStore:
            raise
        except (errors.ParcelproofError, OSError) as fault:  # of this machine, not of the job
            log.error("unwell", job=taken.seq, error=type(fault).__name__)
            hands.release(job_of(taken))
            stop.wait(UNWELL_S)
        return hands.woken

    def hands(self, taken: Taken) -> Hands | None:
        """None where this worker cannot do what was ordered: all of that order is put off."""
        habits = self.habits
        try:
            batch = self.batch(taken.order)
        except errors.NoStore:
            raise
        except (errors.ParcelproofError, OSError) as fault:
            error = type(fault).__name__
            log.error("cannot_do", order=taken.order[:16], error=error, seconds=PUT_OFF_S)
            until = now_s() + PUT_OFF_S
            changed = {"attempts": max(0, taken.attempts - 1), "not_before": until}
            self.book.wait(taken, now_s(), changed, {("released", ""): 1})
            self.book.put_off(taken.order, until)
            return None
        return Hands(self.book, taken, batch, habits.rules, habits.notify)

    def batch(self, order: str) -> Batch:
        """What its submissions share. Raises what its places and its policy can end with."""
        if order not in self.batches:
            if len(self.batches) >= MOST_KNOWN:
                self.batches.clear()
            try:
                ordered = Order.model_validate_json(self.book.order(order))
            except ValidationError:
                raise errors.Unreadable("The order was made by another version.") from None
            self.batches[order] = ordered.batch(self.store, self.habits.settings)
        return self.batches[order]

    def _worked(self, hands: Hands, stop: threading.Event) -> None:
        """Raises what the work of one submission ends a whole batch with, but that it stopped."""
        job, batch = job_of(hands.taken), hands.batch
        with self._watched(hands, stop) as halt:
            try:
                if hands.taken.stage == "screen":
                    Screener(screening(batch), hands, halt)(job)
                else:
                    Work(batch, hands, halt)(job)
            except errors.Stopped:
                return

    @contextmanager
    def _watched(self, hands: Hands, stop: threading.Event) -> Iterator[threading.Event]:
        """While it runs the store hears that its worker lives; what is set when it is to stop."""
        halt, done = threading.Event(), threading.Event()
        if stop.is_set():
            hands.stopped.set()
            halt.set()

        def watch() -> None:
            passed = next_sign = 0.0
            while not done.wait(WATCH_S):
                passed += WATCH_S
                if passed >= self.habits.job_s:
                    hands.overdue.set()
                if stop.is_set():
                    hands.stopped.set()
                if hands.stopped.is_set() or hands.overdue.is_set():
                    halt.set()
                if passed >= next_sign:
                    next_sign = passed + SIGN_S
                    if not _signed(self.book, hands.taken):
                        halt.set()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield halt
        finally:
            done.set()
            watcher.join()


def _signed(book: JobStore, taken: Taken) -> bool:
    """False where its worker was given up; a store that cannot be reached says nothing."""
    try:
        return book.sign(taken, now_s())
    except (errors.NoStore, errors.CannotWrite):
        return True
