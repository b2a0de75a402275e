"""The store: what was handed in, observed, reported and answered; each result exactly once."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import Connection, Table, delete, insert, select, union, update

import pipeline
from models.answers import Answer
from models.examination import Examinations, Reuse
from models.report import Report
from models.submission import Case
from pipeline.render.json import as_json
from pipeline.store import audit, reuse
from pipeline.store.ended import ended_before
from pipeline.store.engine import engine_of, faults, patient, shown, writing
from pipeline.store.packing import packed, unpacked
from pipeline.store.reviews import reviews
from pipeline.store.schema import (
    answers,
    examinations,
    footage,
    reports,
    submissions,
)
from pipeline.store.tallies import count

REUSED = TypeAdapter(tuple[Reuse, ...])
Make = Callable[[Examinations, str], Report]


class Kept(NamedTuple):
    """A report as it stands in the store, ours or that of who was faster; what it stands on.

    `touched`: names of submissions that share footage with it and may not know yet.
    """

    body: bytes
    examined: Examinations
    is_ours: bool
    touched: frozenset[str] = frozenset()


class Known(NamedTuple):
    """By what a result is known: the keys of report and examination, the case as the operator has
    it, where the submission came from, and its name there.
    """

    report: str
    examination: str
    case: Case
    source: str
    name: str

    @property
    def submission(self) -> str:
        """A digest of where it came from."""
        return submission_id(self.source, self.name)


class Purged(NamedTuple):
    """How much was removed, and how much stays because it is held."""

    reports: int
    examinations: int
    held: int


_BOTH = select(reports.c.body, reports.c.reused, examinations.c.body).join(examinations)


def instant(written: str) -> datetime:
    """A time as a report has it; one that names no zone is UTC."""
    at = datetime.fromisoformat(written)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def submission_id(source: str, name: str) -> str:
    """By what a submission is known: a digest of where it came from."""
    return sha256(f"{len(source)} {source} {name}".encode(errors="surrogateescape")).hexdigest()


class Store:
    """The store at an address; made where there is none, if `new`. Raises NoStore, CannotWrite."""

    def __init__(self, address: str, new: bool = True) -> None:
        self.address = address
        self.engine = engine_of(address, new)
        self.index = reuse.Index()

    def close(self) -> None:
        """Its connections are given back."""
        self.engine.dispose()

    # ------------------------------------------------------------------ results

    def examination(self, key: str) -> Examinations | None:
        """What was observed under this key."""
        found = self._one(select(examinations.c.body).where(examinations.c.key == key))
        return _examined(found) if found else None

    @patient
    def renewed(self, known: Known, make: Make) -> Kept | None:
        """The report so known, with what has become known since of where else its footage stands.

        None where there is none.
        """
        there = self.report(known.report)
        if there is None:
            return None
        subject, case = known.submission, reuse.case_of(known.case)
        found, _ = self._reused(there.examined, subject, case)
        reused = reuse.told(found)
        with writing(self.engine) as connection:
            is_news = reuse.is_of(connection, subject, case)
            if reused == there.examined.reused:
                return there._replace(touched=reuse.touched(found if is_news else ()))
            examined = there.examined.model_copy(update={"reused": reused})
            report = make(examined, audit.head(connection))
            body = as_json(report).encode()
            this = reports.c.key == known.report
            changed = {"body": packed(body), "reused": packed(REUSED.dump_json(reused))}
            connection.execute(update(reports).where(this).values(changed))
            audit.append(connection, "judged", subject, _entry(known.report, report, body))
        return Kept(body, examined, False, reuse.touched(found))

    def report(self, key: str) -> Kept | None:
        """The report of this key, with the examination that it stands on."""
        found = self._row(_BOTH.where(reports.c.key == key))
        return Kept(*_read(found), is_ours=False) if found else None

    @patient
    def keep(
        self,
        known: Known,
        examined: Examinations,
        make: Make,
    ) -> Kept:
        """The report so known, once for all: where another was faster, theirs.

        `make` is given the examination that is kept under its key, and the head of the audit log
        before this report's own entry.
        """
        subject, case = known.submission, reuse.case_of(known.case)
        early, newest = self._reused(examined, subject, case)
        with writing(self.engine) as connection:
            order = _BOTH.where(reports.c.key == known.report)
            if there := connection.execute(order).first():
                return Kept(*_read(there), is_ours=False)
            _add_once(connection, submissions, {"id": subject, "name": known.name, "held": False})
            examined, new = _examination(connection, known, examined)
            self.index.refresh(connection)
            late = reuse.search(
                connection,
                self.index,
                examined,
                subject,
                case,
                newest,
            )
            reused = reuse.told((*early, *late))
            reuse.add(
                connection,
                examined,
                subject,
                case,
            )
            examined = examined.model_copy(update={"reused": reused})
            report = make(examined, audit.head(connection))
            body = as_json(report).encode()
            row = _row_of(
                known.report,
                subject,
                known.examination,
                report,
                body,
                packed(REUSED.dump_json(reused)),
            )
            connection.execute(insert(reports).values(row))
            entry = _entry(known.report, report, body)
            audit.append(connection, "scored" if new else "judged", subject, entry)
        touched = reuse.touched((*early, *late))
        return Kept(body, examined, True, touched)

    @patient
    def judged_again(
        self,
        before: str,
        key: str,
        make: Callable[[str], Report],
    ) -> Report | None:
        """A further report on what the one of key `before` stands on; None where there is none.

        `make` is given the head of the audit log before this report's own entry.
        """
        columns = reports.c.submission, reports.c.examination, reports.c.reused
        with writing(self.engine) as connection:
            there = connection.execute(select(*columns).where(reports.c.key == before)).first()
            if there is None:
                return None
            subject, examination, reused = there
            report = make(audit.head(connection))
            body = as_json(report).encode()
            row = _row_of(key, subject, examination, report, body, reused)
            if _add_once(connection, reports, row):
                audit.append(connection, "judged", subject, _entry(key, report, body))
        return report

    def _reused(
        self,
        examined: Examinations,
        subject: str,
        case: str,
    ) -> tuple[tuple[reuse.Match, ...], int]:
        """Where its footage stands by now, and the newest file that was asked."""
        with self.engine.connect() as connection:
            self.index.refresh(connection)
            newest = self.index.newest
            found = reuse.search(
                connection,
                self.index,
                examined,
                subject,
                case,
            )
            return found, newest

    @patient
    def similar(self, examined: Examinations, key: str = "") -> tuple[Reuse, ...]:
        """Where footage of a submission stands in others now; `key` is its report's, if known."""
        order = select(reports.c.submission).where(reports.c.key == key)
        subject = self._one(order)
        case = reuse.case_of(examined.case)
        return reuse.told(self._reused(examined, str(subject or ""), case)[0])

    @patient
    def answered(self, key: str, given: Iterable[Answer]) -> int:
        """A reviewer's answers to the report of this key; how many are new."""
        with writing(self.engine) as connection:
            order = select(reports.c.submission, reports.c.body).where(reports.c.key == key)
            there = connection.execute(order).first()
            if there is None:
                return 0
            subject, added = there.submission, []
            for answer in given:
                body = answer.model_dump_json()
                digest = sha256(f"{subject} {body}".encode()).hexdigest()
                row = {"digest": digest, "submission": subject, "at": audit.now(), "body": body}
                if _add_once(connection, answers, row):
                    entry = {"answer": digest, "report": key, "by": _somebody()}
                    audit.append(connection, "answered", subject, entry)
                    added.append(answer)
            if added:
                found = Report.model_validate_json(unpacked(there.body))
                count(connection, reviews(found, added))
        return len(added)

    # ------------------------------------------------------------------ keeping

    @patient
    def hold(self, name: str, held: bool) -> int:
        """Submissions of this name are kept whatever their age, or no more; how many there are."""
        with writing(self.engine) as connection:
            order = select(submissions.c.id).where(submissions.c.name == name)
            ids = list(connection.execute(order).scalars())
            for one in ids:
                this = submissions.c.id == one
                connection.execute(update(submissions).where(this).values(held=held))
                entry = {"by": _somebody()}
                audit.append(connection, "held" if held else "released", one, entry)
        return len(ids)

    @patient
    def held(self) -> frozenset[str]:
        """Keys of reports that are kept whatever their age."""
        order = select(reports.c.key).join(submissions).where(submissions.c.held)
        with self.engine.connect() as connection:
            return frozenset(connection.execute(order).scalars())

    @patient
    def purge(self, before: datetime) -> Purged:
        """Reports, examinations and answers from before then go; entries of the audit log stay."""
        with writing(self.engine) as connection:
            old = [
                (key, subject, held)
                for key, subject, at, held in connection.execute(
                    select(
                        reports.c.key, reports.c.submission, reports.c.at, submissions.c.held
                    ).join(submissions)
                )
                if instant(at) < before
            ]
            gone = [(key, subject) for key, subject, held in old if not held]
            for key, subject in gone:
                connection.execute(delete(reports).where(reports.c.key == key))
                entry = {"report": key, "by": _somebody()}
                audit.append(connection, "purged", subject, entry)
            for order in ended_before(int(before.timestamp())):
                connection.execute(order)
            observed = _without_reports(connection)
        return Purged(len(gone), observed, len(old) - len(gone))

    @patient
    def forget(self, source: str, names: Iterable[str]) -> None:
        """Files that were read one by one are one submission: their footage stands there now."""
        ids = [submission_id(source, name) for name in names]
        with writing(self.engine) as connection:
            for one in ids:
                gone = connection.execute(delete(footage).where(footage.c.submission == one))
                if gone.rowcount:
                    audit.append(connection, "superseded", one, {"by": _somebody()})

    # ------------------------------------------------------------------ audit

    def entries(self) -> Iterator[dict[str, Any]]:
        """The audit log, as a stream."""
        with faults(shown(self.address)), self.engine.connect() as connection:
            yield from audit.entries(connection)

    # ------------------------------------------------------------------ asking

    @patient
    def _row(self, order: Any) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(order).first()

    def _one(self, order: Any) -> Any:
        row = self._row(order)
        return row[0] if row else None


def _examination(
    connection: Connection,
    known: Known,
    examined: Examinations,
) -> tuple[Examinations, bool]:
    """What is kept under the examination's key, and whether it is new."""
    row = {
        "key": known.examination,
        "submission": known.submission,
        "at": examined.created_at,
        "body": packed(as_json(examined).encode()),
    }
    if _add_once(connection, examinations, row):
        return examined, True
    saved = select(examinations.c.body).where(examinations.c.key == known.examination)
    return _examined(connection.execute(saved).scalar_one()), False


def _row_of(
    key: str,
    subject: str,
    examination: str,
    report: Report,
    body: bytes,
    reused: bytes,
) -> dict[str, Any]:
    """A report as a row."""
    strength = report.strength
    return {
        "key": key,
        "submission": subject,
        "examination": examination,
        "at": report.created_at,
        "policy": report.policy.id,
        "score": strength.score if strength else None,
        "band": strength.band if strength else "",
        "body": packed(body),
        "reused": reused,
    }


def _without_reports(connection: Connection) -> int:
    """Examinations that no report stands on go, and what belongs to submissions without any."""
    used = select(reports.c.examination)
    gone = connection.execute(delete(examinations).where(examinations.c.key.not_in(used)))
    there = union(select(examinations.c.submission), select(reports.c.submission))
    for table in (answers, footage):
        connection.execute(delete(table).where(table.c.submission.not_in(there)))
    left = submissions.c.id.not_in(there) & ~submissions.c.held
    connection.execute(delete(submissions).where(left))
    return int(gone.rowcount)


def _entry(key: str, report: Report, body: bytes) -> dict[str, Any]:
    """What the log keeps of a report: digests and versions."""
    return {
        "report": key,
        "sha256": sha256(body).hexdigest(),
        "media": [one.sha256 for one in report.exhibits],
        "pipeline": pipeline.__version__,
        "policy": f"{report.policy.id} {report.policy.sha256}",
        "redact": report.audit.redact,
        "payloads": report.audit.payloads,
        "box": report.audit.box,
        "by": _somebody(),
    }


def _somebody() -> str:
    """Who runs this program, as the system knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _add_once(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """The row, unless one of its key is there; whether it was added."""
    (key,) = table.primary_key.columns
    if connection.execute(select(key).where(key == row[key.name])).first():
        return False
    connection.execute(insert(table).values(row))
    return True


def _examined(body: bytes) -> Examinations:
    return Examinations.model_validate_json(unpacked(body))


def _read(row: Any) -> tuple[bytes, Examinations]:
    report, reused, examined = row
    known = REUSED.validate_json(unpacked(reused))
    return unpacked(report), _examined(examined).model_copy(update={"reused": known})
