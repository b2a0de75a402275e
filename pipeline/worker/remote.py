"""A batch whose work others do: its jobs go to the store that workers share, and are waited for."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice

from models.summary import Row
from pipeline.batch.jobs import Job, State
from pipeline.batch.ledger import Ledger
from pipeline.batch.summary import write_screening, write_summary
from pipeline.batch.work import Batch
from pipeline.store.jobs import TOGETHER, Ended, JobStore
from pipeline.worker.broker import Broker
from pipeline.worker.entering import new_job
from pipeline.worker.hands import now_s
from pipeline.worker.orders import Order, older_than

NOBODY_S = 20.0  # seconds without any progress, after which it is asked whether somebody works
LEAST_S = 1.0  # seconds between two looks at how far the work is
STATES: dict[str, State] = {
    "scored": "scored",
    "failed": "failed",
    "quarantined": "quarantined",
}
SHARE = 2  # times as long as a look took, nothing is asked


OnEnd = Callable[[Job, Ended], None]


class Remote:
    """One batch, ordered from workers."""

    def __init__(
        self,
        order: Order,
        batch: Batch,
        ledger: Ledger,
        book: JobStore,
        broker: Broker | None,
        stop: threading.Event,
    ) -> None:
        self.order = order
        self.batch = batch
        self.ledger = ledger
        self.book = book
        self.broker = broker
        self.stop = stop
        self.is_heard = True  # the broker took every message
        self.nobody: Callable[[], None] = lambda: None

    def hand_over(self) -> int:
        """All that waits, to the store; how many. In parts: what was handed over stays so.

        What waits there of an older order to the same place is ordered anew by this one.
        """
        self.book.open(self.order.id, self.order.model_dump_json(), now_s())
        return self._hand(older_than(self.order, self.book.orders()))

    def _hand(self, older: list[str]) -> int:
        count = 0
        waiting = iter(self.ledger.claim, None)
        while some := list(islice(waiting, TOGETHER)):
            self._enter(some, older)
            count += len(some)
        return count

    def _enter(self, some: list[Job], older: list[str]) -> None:
        jobs = [
            new_job(
                self.order,
                self.batch.policy,
                job,
                self.ledger.parts(job) if job.folder else (),
            )
            for job in some
        ]
        self.book.instead(older, [job.name for job in some])
        self.book.add(self.order.id, jobs, now_s())
        self.ledger.hand(some)
        if self.broker and self.broker.wake(len(some)) < len(some):
            self.is_heard = False

    def wait(self, tell: Callable[[Row], None], nobody: Callable[[], None]) -> None:
        """Until all have ended, each told as it is seen to; then the tables.

        What was looked at once more after it had ended is collected once more. `nobody` is called
        once where nothing happens and no worker has anything in hand.
        """
        self.nobody = nobody
        self._until_none(("handed",), lambda job, one: self._settle(job, one, tell))
        self._until_none(("handed", "scored"), self._amend)
        self.sum_up()

    def sum_up(self) -> None:
        """The tables, as far as it is known how each ended."""
        write_summary(self.batch.results, self.ledger.rows, self.batch.say)
        if self.order.screen:
            write_screening(self.batch.results, lambda: self.book.screened(self.order.id))

    def _until_none(self, states: tuple[str, ...], ended: OnEnd) -> None:
        before, since = 0, time.monotonic()
        while True:
            began = time.monotonic()
            left = self._look(states, ended)
            if not left:
                return
            if left != before:
                before, since = left, began
            elif began - since > NOBODY_S and not self.book.is_worked_on(self.order.id):
                self.nobody()
                since = math.inf
            took = time.monotonic() - began
            if self.stop.wait(max(LEAST_S, SHARE * took)):
                return

    def collect(self, tell: Callable[[Row], None]) -> int:
        """What has ended by now, without waiting; how many have not."""
        return self._look(("handed",), lambda job, one: self._settle(job, one, tell))

    def _look(self, states: tuple[str, ...], ended: OnEnd) -> int:
        """How those jobs stand; how many have not ended."""
        left, lost = 0, []
        for some in self._chunks(states):
            found = self.book.ended(self.order.id, [(job.name, job.folder) for job in some])
            by_name = {(one.name, one.folder): one for one in found}
            for job in some:
                one = by_name.get((job.name, job.folder))
                if one is None:
                    left += 1
                elif one.state:
                    ended(job, one)
                else:
                    lost.append(job)
        if lost and states == ("handed",):  # somebody emptied the store, or ordered otherwise:
            self.ledger.take_back(lost)  # theirs stays, or two would withdraw each other's for ever
            self.book.open(self.order.id, self.order.model_dump_json(), now_s())
            left += self._hand([])
        return left

    def _chunks(self, states: tuple[str, ...]) -> Iterator[list[Job]]:
        after = 0
        while some := self.ledger.some(states, after, TOGETHER):
            yield some
            after = some[-1].seq

    def _settle(self, job: Job, one: Ended, tell: Callable[[Row], None]) -> None:
        row = Row.model_validate_json(one.row)
        self.ledger.settle(job, STATES[one.state], row, one.media)
        tell(row)

    def _amend(self, job: Job, one: Ended) -> None:
        self.ledger.amend(job, Row.model_validate_json(one.row))
