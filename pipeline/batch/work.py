"""One submission of a batch, from where it lies to where its report lies."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from models import errors
from models.card import cards
from models.case_file import case_from
from models.examination import Examinations
from models.policy import Policy
from models.record import Record
from models.report import Audit, Report
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from models.summary import Outcome, Row
from pipeline import intake, score
from pipeline.batch.case_table import case_with
from pipeline.batch.jobs import CASE_FILE, Entry, Job, Jobs, Scored, told
from pipeline.batch.jobs import STRIKES as MOST_STRIKES
from pipeline.batch.keys import FileSeen, examination_key, report_key
from pipeline.batch.results import Results
from pipeline.batch.sources import Fetched, Source
from pipeline.batch.summary import row_of
from pipeline.judge.report import report as judge
from pipeline.receive import Received, received
from pipeline.render.folder import PAGE, REPORT, contents
from pipeline.render.json import as_json
from pipeline.sandbox.client import Box
from pipeline.store.repository import Kept, Known, Make, Store, submission_id
from pipeline.unpack import is_archive
from pipeline.wording.language import Speaker

# What a reader of media can end with that may be chance, and is tried again.
STRIKES = (errors.DecoderCrashed, errors.OutOfTime, errors.OutOfMemory)
STRUCK = {kind.__name__: kind for kind in STRIKES}
REPORT_THIS = "Report this."


class BatchError(Record):
    """Why one submission of a batch has no report: `error.json`."""

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
    """What all submissions of one batch share.

    `say`: the language of pages, where pages are wanted. `trust`: a folder's own case file is the
    operator's word.
    """

    source: Source
    results: Results
    store: Store
    policy: Policy
    case: Case
    settings: Settings
    key: str
    say: Speaker | None = None
    trust: bool = False


@dataclass(frozen=True)
class Handed:
    """A submission at hand: its files as received, None where one could not be."""

    submission: Submission
    uploads: tuple[Received | None, ...]
    media: tuple[FileSeen, ...]


class Work:
    """Works jobs off, one after the other; several threads may share one."""

    def __init__(
        self,
        batch: Batch,
        jobs: Jobs,
        stop: threading.Event,
    ) -> None:
        self.batch = batch
        self.jobs = jobs
        self.stop = stop

    def __call__(self, job: Job) -> Row | None:
        """One job; its line of the table, None where it is to be tried again.

        Whatever happens to it is written down. Raises what ends the whole batch.
        """
        try:
            row = self._done(job)
            return None if job.again else row  # it was told before
        except (errors.Stopped, errors.CannotWrite, errors.NoStore, errors.NoBox):
            self.jobs.release(job)  # nothing is said of a submission that was not finished
            raise
        except errors.Interrupted as fault:
            row = self._without_report(job, "quarantined", BatchError.of(fault))
            return row if self.jobs.interrupt(job, row) else None
        except errors.BucketFailed as fault:
            row = self._without_report(job, "failed", BatchError.of(fault))
            self.jobs.pause(job, row)
            return row
        except STRIKES as fault:
            return self._struck(job, BatchError.of(fault))
        except errors.ParcelproofError as fault:
            return self._failed(job, BatchError.of(fault))
        except Exception as fault:  # one bad submission never stops the rest; it is written down
            if isinstance(fault, OSError) and fault.errno in errors.NO_ROOM:
                self.jobs.release(job)
                raise
            name = type(fault).__name__
            return self._failed(job, BatchError(name=name, says=str(fault), advice=REPORT_THIS))

    # ------------------------------------------------------------------ how it ends

    def _done(self, job: Job) -> Row:
        """From the store where it knows these bytes, else from the media."""
        case = self._case(job)
        if row := self._again(job, _media_of(job), case):
            return row
        with self._handed(job, case) as handed:
            if row := self._again(job, handed.media, case):
                return row
            observed = self._observed(job, handed)
            known = self._known(job, handed.media, case)
            kept = self._kept(known, observed.examinations, observed.audit())
            pictures = self._pictures(observed)
        return self._written(job, kept, handed.media, known, "scored", pictures)

    def _struck(self, job: Job, error: BatchError) -> Row | None:
        row = self._without_report(job, "quarantined", error)
        if not self.jobs.strike(job, row):
            return None
        self.batch.results.fail(job, as_json(error).encode())
        return row

    def _failed(self, job: Job, error: BatchError) -> Row:
        row = self._without_report(job, "failed", error)
        self.batch.results.fail(job, as_json(error).encode())
        self.jobs.settle(job, "failed", row)
        return row

    def _without_report(
        self,
        job: Job,
        outcome: Outcome,
        error: BatchError,
    ) -> Row:
        return Row(
            file=job.shown,
            outcome=outcome,
            says=f"{error.name}: {error.says}",
        )

    def _written(
        self,
        job: Job,
        kept: Kept,
        media: Sequence[FileSeen],
        known: Known,
        outcome: Outcome,
        pictures: Mapping[str, bytes],
    ) -> Row:
        """The report with all that belongs to it, where results lie; then the book knows."""
        batch = self.batch
        examined = self._fitted(kept.examined, known.case)
        found = self._judged(examined)
        files = contents(
            found,
            examined,
            pictures,
            batch.say,
        )
        batch.results.keep(job, files | {REPORT: kept.body})
        file = PAGE if batch.say else REPORT
        if job.again:
            outcome = self.jobs.outcome(job)
        row = row_of(
            job.shown,
            outcome,
            found,
            f"{batch.results.place(job)}/{file}",
        )
        rows = [one.model_dump() for one in media]
        self.jobs.settle(
            job,
            "scored",
            row,
            json.dumps(rows),
            Scored(known.report, sha256(kept.body).hexdigest(), found),
        )
        return row

    # ------------------------------------------------------------------ without the media

    def _again(
        self,
        job: Job,
        media: Sequence[FileSeen],
        case: Case,
    ) -> Row | None:
        """Its line, where the store has the report, or what was observed, which is judged anew.

        None where it has neither, and where a page is wanted of which pictures are missing.
        """
        if not media or any(one.error for one in media):
            return None  # what could not be read may be readable now
        store = self.batch.store
        known = self._known(job, media, case)
        kept = store.renewed(known, self._maker(known))
        self.jobs.touch(kept.touched if kept else ())
        outcome: Outcome = "kept" if kept else "judged"
        examined = kept.examined if kept else store.examination(known.examination)
        if examined is None:
            return None
        pictures = self._earlier_pictures(job, self._fitted(examined, case))
        if pictures is None:
            return None
        kept = kept or self._kept(known, examined)
        return self._written(job, kept, media, known, outcome, pictures)

    def _earlier_pictures(self, job: Job, examined: Examinations) -> dict[str, bytes] | None:
        """Those of an earlier report, where a page is wanted; None unless all are there."""
        if self.batch.say is None:
            return {}
        found = self._judged(examined)
        names = {want.name for exhibit in found.exhibits for want in exhibit.pictures}
        there = self.batch.results.pictures(job, sorted(names))
        return there if set(there) == names else None

    def _fitted(self, examined: Examinations, case: Case) -> Examinations:
        """What was observed, to be judged for this case; what the submitter said stays beside."""
        claims = {"claimed": examined.case.claimed, "claim_fault": examined.case.claim_fault}
        files = case.files if case.source == "operator" else {}
        exhibits = tuple(
            one.model_copy(update={"role": files.get(one.path)}) for one in examined.exhibits
        )
        update = {
            "case": case.model_copy(update=claims),
            "policy": self.batch.policy.id,
            "exhibits": exhibits,
        }
        return examined.model_copy(update=update)

    def _judged(self, examined: Examinations) -> Report:
        seal = self.batch.settings.seal_key
        key = score.operator_key(seal) if seal else None
        return judge(
            examined,
            self.batch.policy,
            cards(),
            seal_key=key,
        )

    def _kept(
        self,
        known: Known,
        examined: Examinations,
        audit: Audit | None = None,
    ) -> Kept:
        """In the store, once for all; who shares footage with it is looked at once more."""
        kept = self.batch.store.keep(known, examined, self._maker(known, audit))
        self.jobs.touch(kept.touched)
        return kept

    def _maker(self, known: Known, audit: Audit | None = None) -> Make:
        """The report on what is saved, with the keys by which it is known again."""

        def made(saved: Examinations, head: str) -> Report:
            found = self._judged(self._fitted(saved, known.case))
            update = {"batch_key": known.report, "head": head}
            volatile = (audit or found.audit).model_copy(update=update)
            return found.model_copy(update={"audit": volatile})

        return made

    def _known(
        self,
        job: Job,
        media: Sequence[FileSeen],
        case: Case,
    ) -> Known:
        """By what the result is known again."""
        batch = self.batch
        examination = examination_key(
            media,
            case,
            batch.policy,
            batch.settings,
        )
        whose = submission_id(batch.source.address, job.shown)
        report = report_key(
            examination,
            batch.key,
            case,
            whose,
        )
        return Known(
            report,
            examination,
            case,
            batch.source.address,
            job.shown,
        )

    # ------------------------------------------------------------------ with the media

    def _case(self, job: Job) -> Case:
        """What the operator says of it: for all, in the table, in its own case file if trusted."""
        case = self.batch.case
        if job.folder and self.batch.trust:
            with self.batch.source.fetched([job.name + b"/" + CASE_FILE]) as (file,):
                case = case_from(file.path)
        return case_with(case, json.loads(job.facts or "{}"))

    @contextmanager
    def _handed(self, job: Job, case: Case) -> Iterator[Handed]:
        """Its files at hand. Raises what a download, an archive, a folder can end with."""
        limits = self.batch.settings.limits
        parts = list(self.jobs.parts(job)) if job.folder else []
        names = [part.name for part in parts if part.sort == "media"]
        if job.folder and not names:
            raise intake.no_media(job.shown)
        if len(names) > limits.members:
            raise errors.TooLarge(
                "The folder has {count:,} files; the limit is {most:,}.",
                count=len(names),
                most=limits.members,
            )
        with self.batch.source.fetched(names or [job.name]) as files:
            if job.folder:
                yield self._of(self._of_folder(job, case, parts, files), files)
            elif is_archive(files[0].path):
                with intake.submission(
                    [files[0].path],
                    case,
                    limits,
                    alone=False,
                ) as submission:
                    yield self._of(submission)
            else:
                exhibit = Exhibit(path=files[0].path, shown=job.shown)
                yield self._of(intake.of_exhibits([exhibit], case, alone=False), files)

    def _of_folder(
        self,
        job: Job,
        case: Case,
        parts: Sequence[Entry],
        files: Sequence[Fetched],
    ) -> Submission:
        """A folder's files, called as in it; what its own case file says beside."""
        if not self.batch.trust:
            with self.batch.source.fetched([job.name + b"/" + CASE_FILE]) as (file,):
                case = intake.with_claims(case, file.path)
        inside = len(job.name) + 1
        media, others = (
            [told(part.name[inside:]) for part in parts if part.sort == sort]
            for sort in ("media", "other")
        )
        exhibits = [
            Exhibit(path=one.path, shown=name) for one, name in zip(files, media, strict=True)
        ]
        return intake.of_exhibits(
            exhibits,
            case,
            others,
            alone=self.batch.trust,
        )

    def _of(self, submission: Submission, files: Sequence[Fetched] = ()) -> Handed:
        """Each file received; where one alone cannot be, its error is raised."""
        digests = [one.sha256 for one in files] or [""] * len(submission.exhibits)
        uploads: list[Received | None] = []
        media: list[FileSeen] = []
        for exhibit, digest in zip(submission.exhibits, digests, strict=True):
            upload, error = None, ""
            try:
                upload = received(
                    exhibit.path,
                    self.batch.settings.limits,
                    digest,
                )
            except errors.ParcelproofError as fault:
                if len(digests) == 1:
                    raise
                error = fault.name
            uploads.append(upload)
            seen = FileSeen(shown=exhibit.shown, error=error)
            if upload:
                seen = FileSeen(
                    shown=exhibit.shown,
                    sha256=upload.sha256,
                    kind=upload.kind,
                )
            media.append(seen)
        return Handed(submission, tuple(uploads), (*media, *_claims(submission.case)))

    def _observed(self, job: Job, handed: Handed) -> score.Observed:
        """Raises what counts as a strike, as long as it may be chance, for any of its files."""
        batch = self.batch
        observed = score.observe(
            handed.submission,
            batch.policy,
            batch.settings,
            box=Box(batch.settings, self.stop),
            uploads=handed.uploads,
        )
        for one in observed.examinations.exhibits:
            kind = STRUCK.get(one.error.name) if one.error else None
            if one.error and kind and job.strikes + 1 < MOST_STRIKES:
                raise kind(one.error.message.id, **one.error.message.args)
        return observed

    def _pictures(self, observed: score.Observed) -> dict[str, bytes]:
        if self.batch.say is None:
            return {}
        return score.pictures(observed, score.judged(observed, self.batch.policy))


def _claims(case: Case) -> list[FileSeen]:
    """What the submitter says is a part of what was handed in."""
    if not case.claimed and not case.claim_fault:
        return []
    said = json.dumps([case.claimed, case.claim_fault], sort_keys=True)
    return [FileSeen(shown=CASE_FILE.decode(), sha256=sha256(said.encode()).hexdigest())]


def _media_of(job: Job) -> list[FileSeen]:
    """What was known of its files when it was last read; they have not changed since."""
    return [FileSeen.model_validate(row) for row in json.loads(job.media or "[]")]
