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
from typing import Literal

import pipeline
from models import errors
from models.policy import Policy
from models.record import Record
from models.report import Report
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from pipeline import score
from pipeline.receive import Received, media_below, received, shown
from pipeline.render.folder import REPORT, write, write_result
from pipeline.render.json import as_json
from pipeline.sandbox.client import Box

ERROR = "error.json"
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


@dataclass(frozen=True, slots=True)
class Done:
    """How one file ended: its path below the folder, and what to print."""

    name: str
    outcome: Literal["scored", "kept", "failed"]
    says: str


class BatchError(Record):
    """Why one file of a batch has no report: `error.json`."""

    name: str
    says: str
    advice: str


@dataclass(frozen=True)
class Batch:
    """What all files of one batch share."""

    folder: Path
    out: Path
    policy: Policy
    case: Case
    settings: Settings

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

    def run(self, jobs: int, tell: Callable[[Done], None]) -> list[Done]:
        """Score every file below the folder, `jobs` at a time.

        A report that is there and was made alike is kept.
        """
        stop = threading.Event()
        ended: list[Done] = []
        with ThreadPoolExecutor(jobs) as pool:  # a thread only waits for its own boxed child
            try:
                for done in self._ended(pool, jobs, stop):
                    ended.append(done)
                    tell(done)
            except BaseException:
                stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        return sorted(ended, key=lambda done: done.name)

    def _ended(
        self,
        pool: ThreadPoolExecutor,
        jobs: int,
        stop: threading.Event,
    ) -> Iterator[Done]:
        """Each file as it ends, with only a few handed out ahead."""
        waiting: set[Future[Done]] = set()
        own = self.out.resolve()
        for path in media_below(self.folder):
            if path.resolve().is_relative_to(own):
                continue  # our own reports are no uploads
            waiting.add(pool.submit(self._one, path, stop))
            while len(waiting) >= AHEAD * jobs:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)

    def _one(self, path: Path, stop: threading.Event) -> Done:
        """One file, from its bytes to its report; what happened is written down."""
        below = path.relative_to(self.folder)
        name = shown(below)
        target = self.out / below
        try:
            upload = received(path, self.settings.limits)
            if self._is_kept(target / REPORT, upload):
                return Done(name, "kept", "scored before")
            found = self._scored(
                path,
                name,
                upload,
                target,
                stop,
            )
        except errors.Stopped:
            raise  # nothing is said of a file that was not finished
        except errors.ParcelproofError as fault:
            return _failed(
                target,
                name,
                fault.name,
                str(fault),
                fault.advice,
            )
        except Exception as fault:  # one bad file never stops the rest; it is written down
            return _failed(
                target,
                name,
                type(fault).__name__,
                str(fault),
                "Report this.",
            )
        (target / ERROR).unlink(missing_ok=True)
        strength = found.strength
        says = str(found.result)
        if strength:
            says = f"{strength.score:.1f} ({strength.band})"
        return Done(name, "scored", says)

    def _scored(
        self,
        path: Path,
        name: str,
        upload: Received,
        target: Path,
        stop: threading.Event,
    ) -> Report:
        """Observe, judge, write."""
        exhibit = Exhibit(path=path, shown=name)
        submission = Submission(exhibits=(exhibit,), case=self.case)
        box = Box(self.settings, stop)
        observed = score.observe(
            submission,
            self.policy,
            self.settings,
            box=box,
            uploads=(upload,),
        )
        found = score.judged(observed, self.policy)
        audit = found.audit.model_copy(update={"batch_key": self.key})
        found = found.model_copy(update={"audit": audit})
        write_result(target, found, observed.examinations)
        return found

    def _is_kept(self, target: Path, upload: Received) -> bool:
        """Is there a report on these bytes, made by this version with these settings?"""
        try:
            report = Report.model_validate_json(target.read_bytes())
        except (OSError, ValueError):
            return False
        digests = [exhibit.sha256 for exhibit in report.exhibits]
        return digests == [upload.sha256] and report.audit.batch_key == self.key


def _failed(
    target: Path,
    name: str,
    kind: str,
    says: str,
    advice: str,
) -> Done:
    """Written down beside where the report would be."""
    write(
        target / ERROR,
        as_json(
            BatchError(
                name=kind,
                says=says,
                advice=advice,
            )
        ),
    )
    (target / REPORT).unlink(missing_ok=True)
    return Done(name, "failed", f"{kind}: {says}")
