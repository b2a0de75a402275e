"""A folder of uploads: one report each, several at a time, resumable.

One bad file never stops the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import pipeline
from models import errors
from models.policy import Policy
from models.record import Record
from models.report import Report
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from models.summary import Row
from pipeline import score
from pipeline.batch.summary import row_of, write_summary
from pipeline.receive import Below, Received, files_below, received, shown
from pipeline.render.folder import PAGE, REPORT, write, write_report, write_result, writing
from pipeline.render.json import as_json
from pipeline.sandbox.client import Box
from pipeline.wording.language import Speaker

ERROR = "error.json"
NO_MEDIA = "no video or photo"
PACKAGES = ("models", "detectors", "pipeline")
COMPILED = {".pyc", ".pyo"}
AHEAD = 2  # files a worker may have waiting: a folder of a million is not queued at once


@cache
def program_digest() -> str:
    """Of all that this program is made of, detectors, cards and weights among it."""
    root = Path(pipeline.__file__).parents[1]
    files = [path for name in PACKAGES for path in (root / name).rglob("*") if path.is_file()]
    whole = sha256()
    for path in sorted(path for path in files if path.suffix not in COMPILED):
        whole.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


class BatchError(Record):
    """Why one file of a batch has no report: `error.json`."""

    name: str
    says: str
    advice: str

    @classmethod
    def of(cls, fault: errors.ParcelproofError) -> BatchError:
        """A named error."""
        return cls(
            name=fault.name,
            says=str(fault),
            advice=fault.advice,
        )


@dataclass(frozen=True)
class Batch:
    """What all files of one batch share. `say`: the language of pages, where pages are wanted."""

    folder: Path
    out: Path
    policy: Policy
    case: Case
    settings: Settings
    say: Speaker | None = None

    @property
    def key(self) -> str:
        """Reports made alike have the same."""
        parts = (
            program_digest(),
            self.policy.sha256,
            self.case.model_dump_json(),
            self.settings.model_dump_json(),
        )
        return sha256(" ".join(parts).encode()).hexdigest()

    def files(self) -> Iterator[Below]:
        """Every file below the folder but our own."""
        own = self.out.resolve()
        for one in files_below(self.folder):
            if not one.path.resolve().is_relative_to(own):
                yield one

    def run(self, jobs: int, tell: Callable[[Row], None]) -> list[Row]:
        """Score every file below the folder, `jobs` at a time; then write the summary.

        A report that is there and was made alike is kept. Raises CannotWrite, Stopped.
        """
        stop = threading.Event()
        rows: list[Row] = []
        with ThreadPoolExecutor(jobs) as pool:  # a thread only waits for its own boxed child
            try:
                for row in self._ended(pool, jobs, stop):
                    rows.append(row)
                    tell(row)
            except BaseException:
                stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        rows.sort(key=lambda row: row.file)
        write_summary(self.out, rows, self.say)
        return rows

    def _ended(
        self,
        pool: ThreadPoolExecutor,
        jobs: int,
        stop: threading.Event,
    ) -> Iterator[Row]:
        """Each file as it ends, with only a few handed out ahead."""
        waiting: set[Future[Row]] = set()
        for one in self.files():
            if not one.is_media:
                name = shown(one.path.relative_to(self.folder))
                yield Row(
                    file=name,
                    outcome="skipped",
                    says=NO_MEDIA,
                )
                continue
            waiting.add(pool.submit(self._one, one.path, stop))
            while len(waiting) >= AHEAD * jobs:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)

    def _one(self, path: Path, stop: threading.Event) -> Row:
        """One file, from its bytes to its report; what happened is written down."""
        below = path.relative_to(self.folder)
        name = shown(below)
        target = self.out / below
        file = PAGE if self.say else REPORT
        try:
            upload = received(path, self.settings.limits)
            kept = self._kept(target, upload)
            if kept:
                return row_of(
                    name,
                    "kept",
                    kept,
                    shown(below / file),
                )
            exhibit = Exhibit(path=path, shown=name)
            found = self._scored(
                exhibit,
                upload,
                target,
                stop,
            )
        except (errors.Stopped, errors.CannotWrite):
            raise  # nothing is said of a file that was not finished
        except errors.ParcelproofError as fault:
            return _failed(target, name, BatchError.of(fault))
        except Exception as fault:  # one bad file never stops the rest; it is written down
            if isinstance(fault, OSError) and fault.errno in errors.NO_ROOM:
                raise
            kind = type(fault).__name__
            error = BatchError(
                name=kind,
                says=str(fault),
                advice="Report this.",
            )
            return _failed(target, name, error)
        (target / ERROR).unlink(missing_ok=True)
        return row_of(
            name,
            "scored",
            found,
            shown(below / file),
        )

    def _scored(
        self,
        exhibit: Exhibit,
        upload: Received,
        target: Path,
        stop: threading.Event,
    ) -> Report:
        """Observe, judge, write."""
        observed = score.observe(
            Submission(exhibits=(exhibit,), case=self.case),
            self.policy,
            self.settings,
            box=Box(self.settings, stop),
            uploads=(upload,),
        )
        found = score.judged(observed, self.policy)
        audit = found.audit.model_copy(update={"batch_key": self.key})
        found = found.model_copy(update={"audit": audit})
        if self.say:
            write_report(
                target,
                found,
                observed.examinations,
                score.pictures(observed, found),
                self.say,
            )
        else:
            write_result(target, found, observed.examinations)
        return found

    def _kept(self, target: Path, upload: Received) -> Report | None:
        """The report on these bytes, made by this version with these settings, if there is one."""
        try:
            report = Report.model_validate_json((target / REPORT).read_bytes())
        except (OSError, ValueError):
            return None
        digests = [exhibit.sha256 for exhibit in report.exhibits]
        alike = digests == [upload.sha256] and report.audit.batch_key == self.key
        there = self.say is None or (target / PAGE).is_file()
        return report if alike and there else None


def _failed(
    target: Path,
    name: str,
    error: BatchError,
) -> Row:
    """Written down beside where the report would be."""
    with writing(target):
        write(target / ERROR, as_json(error))
        (target / REPORT).unlink(missing_ok=True)
    return Row(
        file=name,
        outcome="failed",
        says=f"{error.name}: {error.says}",
    )
