"""The one job in a worker's hands, written down in the store that all workers share."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from models import errors
from models.record import Record
from models.screening import Screened
from models.summary import Outcome, Row
from pipeline.batch.jobs import BEGUN, STRIKES, WORN, Entry, Job, Scored, State, told
from pipeline.batch.work import Batch, BatchError
from pipeline.render.json import as_json
from pipeline.store.jobs import End, JobStore, Taken
from pipeline.store.tallies import Tally
from pipeline.worker.habits import Notify
from pipeline.worker.logs import log
from pipeline.worker.notices import Ending, notices_of
from pipeline.worker.routing import Rule, facts_of, queue_for
from pipeline.worker.urgency import Urgency, reading_rank

# Seconds until what could not be worked on here is taken again, doubled up to so many (house rule).
RELEASED_S, LONGEST_S = 30, 900
PAUSED_S = 120  # the same for what could not be had from its bucket (house rule)
ADVICE = "`batch --again` tries it once more."
OVERDUE = "OutOfTime: its reading took longer than a worker gives a job."
SECONDS = (1, 5, 15, 60, 300, 900, 3600)  # bounds of the histogram of durations


def now_s() -> int:
    """Whole seconds since 1970."""
    return int(time.time())


def parts_as_json(entries: Iterable[Entry]) -> str:
    """What lies in a folder, as the store has it."""
    return json.dumps([(os.fsdecode(one.name), one.sort, one.stamp) for one in entries])


def job_of(taken: Taken) -> Job:
    """As the work wants it."""
    return Job(
        seq=taken.seq,
        name=taken.name,
        folder=taken.folder,
        stamp=taken.stamp,
        attempts=taken.attempts,
        strikes=taken.strikes,
        media=taken.media,
        again=taken.again,
        facts=taken.facts,
    )


class Hands:
    """A taken job. `woken`: how many jobs wait now that did not before, so that workers hear of it.

    Where the worker was given up meanwhile, nothing that it says is written.
    """

    def __init__(
        self,
        book: JobStore,
        taken: Taken,
        batch: Batch,
        rules: tuple[Rule, ...] = (),
        notify: Notify = Notify(),  # noqa: B008 (it cannot be changed)
    ) -> None:
        self.book = book
        self.taken = taken
        self.batch = batch
        self.rules = rules
        self.notify = notify
        self.began = time.monotonic()
        self.woken = 0
        self.overdue = threading.Event()
        self.stopped = threading.Event()
        self.counted: Counter[Tally] = Counter()
        self.log = log.bind(job=taken.seq, order=taken.order[:16], stage=taken.stage)

    # ------------------------------------------------------------------ what is known

    def parts(self, _job: Job) -> Iterator[Entry]:
        """What lies in the folder that it is."""
        for name, sort, stamp in json.loads(self.taken.parts or "[]"):
            yield Entry(os.fsencode(name), sort, stamp)

    def outcome(self, _job: Job) -> Outcome:
        """How it ended before it was looked at once more."""
        return Row.model_validate_json(self.taken.row).outcome if self.taken.row else "kept"

    def touch(self, names: Iterable[str]) -> None:
        """Others of its order are looked at once more."""
        some = [name.encode(errors="surrogateescape") for name in names]
        self.woken += self.book.touch(self.taken.order, some, now_s()) if some else 0

    # ------------------------------------------------------------------ how it ends

    def settle(
        self,
        job: Job,
        state: State,
        row: Record,
        media: str = "",
        scored: Scored | None = None,
    ) -> None:
        """What was screened waits to be read, by its urgency; what was read has ended."""
        if isinstance(row, Screened):
            self._screened(row)
        elif isinstance(row, Row):
            self._read(job, state, row, media, scored)

    def _screened(self, row: Screened) -> None:
        now = now_s()
        urgency = Urgency(self.taken.due, row)
        changed = {
            "stage": "read",
            "rank": reading_rank(now, urgency),
            "attempts": 0,
            "screened": row.model_dump_json(),
        }
        if self.book.wait(self.taken, now, changed, self._timed({("screened", row.why): 1})):
            self.woken += 1
            self.log.info("screened", why=row.why, points=urgency.points(now))

    def _read(
        self,
        job: Job,
        state: State,
        row: Row,
        media: str,
        scored: Scored | None,
    ) -> None:
        found = scored.report if scored else None
        route = queue_for(self.rules, facts_of(row, self.batch.policy.id, found))
        row = row.model_copy(update={"queue": route})
        ending = Ending(self.taken, state, row, scored, route)
        is_news = not self.taken.again or row.model_dump_json() != self.taken.row
        end = End(
            state=state,
            row=row.model_dump_json(),
            media=media,
            notices=tuple(notices_of(ending, self.notify)) if is_news else (),
            tallies=self._timed(self._tallied(state, row, scored)),
        )
        touched = self.book.end(self.taken, end, now_s())
        if touched is None:
            self.log.warning("given_up", says="another worker has it; what this one did is theirs")
            return
        self.woken += touched
        self.log.info(
            "ended",
            state=state,
            outcome=row.outcome,
            band=row.band,
            route=route,
            seconds=round(time.monotonic() - self.began, 3),
        )

    def strike(self, job: Job, row: Row) -> bool:
        """Its reader died or hung. Whether it is now set aside; else it is tried again, last."""
        name = row.says.partition(":")[0]
        strikes = self.taken.strikes + 1
        self.log.warning("struck", error=name, strikes=strikes)
        if strikes < STRIKES:
            now = now_s()
            changed = {"strikes": strikes, "again": 0, "rank": now}
            self._wait(changed, {("strikes", name): 1})
            return False
        self.counted["strikes", name] += 1
        self.settle(job, "quarantined", row)
        return True

    def interrupt(self, job: Job, row: Record) -> bool:
        """What read it was ended from outside: it waits again, but not for ever."""
        self.log.warning("interrupted", attempts=self.taken.attempts)
        if self.taken.attempts < BEGUN:
            self._wait({"again": 0}, {("interrupted", ""): 1})
            return False
        self.settle(job, "quarantined" if isinstance(row, Row) else "failed", row)
        return True

    def pause(self, _job: Job, row: Row) -> None:
        """It could not be had now: a little later."""
        self.log.warning("bucket_away", error=row.says.partition(":")[0])
        self._later({"rank": now_s()}, PAUSED_S, "paused")

    def release(self, job: Job) -> None:
        """Nothing was said of it, and that is not its fault: it waits as if never begun.

        Where it is `overdue`, that is its fault. Where its worker was `stopped`, another may have
        it at once.
        """
        if self.overdue.is_set():
            row = Row(file=job.shown, outcome="quarantined", says=OVERDUE)
            if self.strike(job, row):
                self._write_why(job, row)
            return
        if self.stopped.is_set():
            self._later({"again": 0}, 0, "put_back")
            return
        wait = min(LONGEST_S, RELEASED_S << min(self.taken.released, 10))
        changed = {"again": 0, "rank": now_s(), "released": self.taken.released + 1}
        self._later(changed, wait, "released")

    def worn(self) -> None:
        """Its worker gave no sign: it waits again, or is set aside where that happened often."""
        job = job_of(self.taken)
        row = Row(file=told(job.name), outcome="quarantined", says=WORN)
        if self.interrupt(job, row):
            self._write_why(job, row)

    def _write_why(self, job: Job, row: Row) -> None:
        """Beside where its report would be; the store knows it in any case."""
        name, _, says = row.says.partition(": ")
        error = BatchError(name=name, says=says, advice=ADVICE)
        try:
            self.batch.results.fail(job, as_json(error).encode())
        except (errors.ParcelproofError, OSError) as fault:
            self.log.warning("unwell", error=type(fault).__name__)

    def _later(self, changed: Mapping[str, object], seconds: int, tally: str) -> None:
        now = now_s()
        self.log.info(tally, seconds=seconds)
        changed = {**changed, "attempts": max(0, self.taken.attempts - 1)}
        self.book.wait(self.taken, now, {**changed, "not_before": now + seconds}, {(tally, ""): 1})

    def _wait(self, changed: Mapping[str, object], tallied: Mapping[Tally, float]) -> None:
        if self.book.wait(self.taken, now_s(), changed, tallied):
            self.woken += 1

    # ------------------------------------------------------------------ what is counted

    def _timed(self, tallies: Mapping[Tally, float]) -> dict[Tally, float]:
        """With the seconds that it took, as a histogram has them."""
        seconds = time.monotonic() - self.began
        stage = "again" if self.taken.again else self.taken.stage
        below = [bound for bound in SECONDS if seconds <= bound]
        return {
            **tallies,
            **self.counted,
            ("stage_seconds_sum", stage): seconds,
            ("stage_seconds_count", stage): 1,
            **{("stage_seconds_bucket", f"{stage} {bound}"): 1 for bound in below},
        }

    def _tallied(self, state: State, row: Row, scored: Scored | None) -> dict[Tally, float]:
        if self.taken.again:
            return {("looked_at_again", ""): 1}
        tallies: Counter[Tally] = Counter({("jobs", state): 1})
        if row.band:
            tallies["bands", row.band] += 1
        seconds: dict[Tally, float] = {}
        for exhibit in scored.report.exhibits if scored else ():
            for line in exhibit.requirements:
                tallies["verdicts", f"{line.requirement} {line.verdict}"] += 1
            for run in exhibit.runs:
                key = "detector_seconds", run.detector
                seconds[key] = seconds.get(key, 0) + (run.cpu_s or 0)
        return {**tallies, **seconds}
