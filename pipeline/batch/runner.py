"""A batch at work: everything in a source is listed, read, judged and written, several at a time.

One bad submission never stops the rest; killed at any moment, the next run goes on.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from models.errors import Stopped
from models.summary import Row
from pipeline.batch.ledger import BEGUN, Ledger
from pipeline.batch.summary import write_summary
from pipeline.batch.work import Batch, Work

COUNTED = frozenset({"waiting", "scored", "quarantined"})
WORN = f"Interrupted: it was begun {BEGUN} times, and each time everything was ended from outside."


def listed(
    batch: Batch,
    ledger: Ledger,
    cases: Iterable[tuple[bytes, str]] = (),
    again: bool = False,
) -> int:
    """The source as it is now, in the ledger; how many submissions there are.

    `again`: those that were set aside are tried once more.
    """
    ledger.begin(
        batch.key,
        cases,
        WORN,
        batch.say.language if batch.say else "",
    )
    ledger.enter(batch.source.entries(), again)
    return sum(count for state, count in ledger.counts().items() if state in COUNTED)


def run(
    batch: Batch,
    ledger: Ledger,
    jobs: int,
    tell: Callable[[Row], None],
) -> None:
    """Everything that waits, `jobs` at a time; then the tables.

    Raises what ends a whole batch: CannotWrite, NoStore, Stopped.
    """
    stop = threading.Event()
    ended: queue.Queue[Row | None] = queue.Queue()
    work = Work(batch, ledger, stop)
    with ThreadPoolExecutor(jobs) as pool:  # a thread mostly waits for its own boxed child
        try:
            lanes = [
                pool.submit(
                    _lane,
                    work,
                    ledger,
                    ended,
                )
                for _ in range(jobs)
            ]
            for _ in lanes:
                while row := ended.get():
                    tell(row)
        except BaseException:
            stop.set()
            raise
    _raise_what_ended(lanes)
    write_summary(batch.results, ledger.rows, batch.say)


def _lane(
    work: Work,
    ledger: Ledger,
    ended: queue.Queue[Row | None],
) -> None:
    """Job after job. What ends one lane ends all; None is its end."""
    try:
        while not work.stop.is_set() and (job := ledger.claim()):
            if row := work(job):
                ended.put(row)
    except BaseException:
        work.stop.set()
        raise
    finally:
        ended.put(None)


def _raise_what_ended(lanes: Sequence[Future[None]]) -> None:
    """What ended the batch, rather than that others were told to stop."""
    faults = [fault for lane in lanes if (fault := lane.exception())]
    for fault in sorted(faults, key=lambda fault: isinstance(fault, Stopped)):
        raise fault
