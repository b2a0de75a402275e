"""A batch at work: everything in a source is listed, read, judged and written, several at a time.

One bad submission never stops the rest; killed at any moment, the next run goes on.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from models.errors import Stopped
from models.record import Record
from models.screening import Screened
from models.summary import Row
from pipeline.batch.jobs import WORN, Job
from pipeline.batch.ledger import Ledger
from pipeline.batch.screen import Screener, Screening, unscreened
from pipeline.batch.sources import Source
from pipeline.batch.summary import write_summary
from pipeline.batch.work import Batch, Work

Line = TypeVar("Line", bound=Record)
COUNTED = frozenset({"waiting", "handed", "scored", "quarantined"})


def listed(
    source: Source,
    ledger: Ledger,
    key: str,
    cases: Iterable[tuple[bytes, str]] = (),
    page: str = "",
    again: bool = False,
    grouped: bool = True,
    first: int | None = None,
    here: bool = True,
) -> int:
    """The source as it is now, in the ledger; how many submissions there are.

    `key`, `page`, `cases`: what results hang on. `again`: those that were set aside are tried once
    more. `grouped`: a folder with a case file is one submission. `first`: no more than that.
    `here`: nothing is left to workers.
    """
    ledger.begin(
        key,
        cases,
        _worn if grouped else unscreened,
        page,
        here,
    )
    ledger.enter(
        source.entries(),
        again,
        grouped,
        first,
    )
    return sum(count for state, count in ledger.counts().items() if state in COUNTED)


def _worn(name: str) -> Row:
    return Row(file=name, outcome="quarantined", says=WORN)


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
    work_off(
        Work(batch, ledger, stop),
        ledger,
        jobs,
        stop,
        tell,
    )
    write_summary(batch.results, ledger.rows, batch.say)


def screen(
    screening: Screening,
    ledger: Ledger,
    jobs: int,
    tell: Callable[[Screened], None],
) -> None:
    """The same for screening, without tables. Raises what ends it all."""
    stop = threading.Event()
    work_off(
        Screener(screening, ledger, stop),
        ledger,
        jobs,
        stop,
        tell,
    )


def work_off(
    work: Callable[[Job], Line | None],
    ledger: Ledger,
    jobs: int,
    stop: threading.Event,
    tell: Callable[[Line], None],
) -> None:
    """Each job by `work`, `jobs` at a time; its line of the table is told as it ends."""
    ended: queue.Queue[Line | None] = queue.Queue()
    with ThreadPoolExecutor(jobs) as pool:  # a thread mostly waits for its own boxed child
        try:
            lanes = [
                pool.submit(
                    _lane,
                    work,
                    ledger,
                    stop,
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


def _lane(
    work: Callable[[Job], Line | None],
    ledger: Ledger,
    stop: threading.Event,
    ended: queue.Queue[Line | None],
) -> None:
    """Job after job. What ends one lane ends all; None is its end."""
    try:
        while not stop.is_set() and (job := ledger.claim()):
            if row := work(job):
                ended.put(row)
    except BaseException:
        stop.set()
        raise
    finally:
        ended.put(None)


def _raise_what_ended(lanes: Sequence[Future[None]]) -> None:
    """What ended the batch, rather than that others were told to stop."""
    faults = [fault for lane in lanes if (fault := lane.exception())]
    for fault in sorted(faults, key=lambda fault: isinstance(fault, Stopped)):
        raise fault
