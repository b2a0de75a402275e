"""The ledger: every submission of a batch and how far it is, in one SQLite file.

Killed at any moment it knows what was begun, for an attempt is counted before its work starts. What
it holds in memory does not grow with the jobs: a bucket of a million keys is listed, worked off and
summed up as a stream. One batch at a time works on it, held by a lock that ends with the process.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from models import errors
from models.record import Record
from models.summary import Outcome, Row
from pipeline.batch.jobs import BEGUN, CASE_FILE, STRIKES, Entry, Job, Scored, State, stamp_of, told

LEDGER = "ledger.db"
TOGETHER = 1000  # entries of one transaction
NO_MEDIA = "no video or photo"

TABLES = """
CREATE TABLE IF NOT EXISTS runs (run INTEGER PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS cases (
    name BLOB PRIMARY KEY, facts TEXT NOT NULL, met INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY,
    name BLOB NOT NULL,
    folder INTEGER NOT NULL DEFAULT 0,
    sort TEXT NOT NULL,
    stamp TEXT NOT NULL,
    listed INTEGER NOT NULL,
    wanted INTEGER NOT NULL,
    state TEXT NOT NULL,
    key TEXT NOT NULL DEFAULT '',
    page TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    strikes INTEGER NOT NULL DEFAULT 0,
    media TEXT NOT NULL DEFAULT '',
    row TEXT NOT NULL DEFAULT '',
    settled INTEGER NOT NULL DEFAULT 0,
    again INTEGER NOT NULL DEFAULT 0,
    UNIQUE (name, folder)
) STRICT;
CREATE INDEX IF NOT EXISTS waiting ON jobs (attempts, seq) WHERE state = 'waiting';
"""
ENTER = """
INSERT INTO jobs (name, folder, sort, stamp, listed, wanted, state)
VALUES (:name, :folder, :sort, :stamp, :run, :wanted, iif(:sort = 'media', 'waiting', 'skipped'))
ON CONFLICT (name, folder) DO UPDATE SET
    listed = :run,
    wanted = :wanted,
    sort = :sort,
    state = CASE
        WHEN :sort <> 'media' THEN 'skipped'
        WHEN stamp <> :stamp OR state NOT IN ('scored', 'quarantined', 'handed') THEN 'waiting'
        ELSE state END,
    attempts = iif(stamp <> :stamp OR state = 'failed', 0, attempts),
    strikes = iif(stamp <> :stamp OR state = 'failed', 0, strikes),
    media = iif(stamp <> :stamp, '', media),
    stamp = :stamp
"""
CLAIM = """
UPDATE jobs SET state = 'working', attempts = attempts + 1,
    again = iif(again = 1, 2, 0)
WHERE seq = (
    SELECT seq FROM jobs WHERE state = 'waiting' AND listed = :run ORDER BY attempts, seq LIMIT 1)
RETURNING seq, name, folder, stamp, attempts, strikes, media, again
"""
# What comes after the first so many jobs, by name.
REST = """
UPDATE jobs SET listed = 0 WHERE listed = :run AND state <> 'part' AND name > (
    SELECT name FROM jobs WHERE listed = :run AND state NOT IN ('part', 'skipped')
    ORDER BY name LIMIT 1 OFFSET :first - 1)
"""
KEY = "? || '/' || coalesce((SELECT facts FROM cases WHERE cases.name = jobs.name), '')"
# Made under other rules, or for a case of which other facts are known now, or without its page.
OUTDATED = f"""
UPDATE jobs SET state = 'waiting', attempts = 0, strikes = 0
WHERE listed = ? AND state IN ('scored', 'quarantined', 'handed')
    AND (key <> {KEY} OR (state IN ('scored', 'handed') AND ? <> '' AND page <> ?))
"""


class Ledger:
    """The ledger in a folder. Raises CannotWrite, Unreadable, and Usage where another has it."""

    def __init__(self, folder: Path, name: str = LEDGER) -> None:
        self.folder = folder
        self.path = folder / name
        self.lock = threading.RLock()
        self.run = 0
        self.key = self.page = ""
        with self._faults():
            self._held = self.path.with_suffix(".lock").open("wb")
            self._hold()
            self.file = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
            self.file.execute("PRAGMA journal_mode = WAL")
            self.file.execute("PRAGMA synchronous = NORMAL")
            self.file.executescript(TABLES)

    def _hold(self) -> None:
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._held.close()
            raise errors.Usage(
                "Another batch works on {folder}; wait for it, or name another OUT.",
                folder=str(self.folder),
            ) from None

    def close(self) -> None:
        """Others may have it."""
        with self.lock:
            self.file.close()
            self._held.close()

    # ------------------------------------------------------------------ listing

    def begin(
        self,
        key: str,
        cases: Iterable[tuple[bytes, str]],
        worn: Callable[[str], Record],
        page: str = "",
        here: bool = True,
    ) -> None:
        """A run under `key`, with the operator's facts of some submissions.

        What was being worked on when the last run ended waits again; what was begun BEGUN times is
        set aside, with the line that `worn` gives its name. `page`: the language of pages, where
        they are wanted. `here`: what workers had is done here now.
        """
        with self._changing() as file:
            self.key = key
            self.page = page
            (self.run,) = file.execute("SELECT coalesce(max(run), 0) + 1 FROM runs").fetchone()
            file.execute("INSERT INTO runs VALUES (?)", (self.run,))
            file.execute("DELETE FROM cases")
            file.executemany("INSERT INTO cases (name, facts) VALUES (?, ?)", cases)
            begun = "state = 'working' AND attempts >= ?"
            tired = file.execute(f"SELECT seq, name FROM jobs WHERE {begun}", (BEGUN,)).fetchall()
            for seq, name in tired:
                row = worn(told(name))
                order = f"UPDATE jobs SET state = 'quarantined', row = ?, settled = ?, key = {KEY}"
                said = (row.model_dump_json(), self.run, key, seq)
                file.execute(f"{order} WHERE seq = ?", said)
            file.execute("UPDATE jobs SET state = 'waiting' WHERE state IN ('working', 'paused')")
            if here:
                file.execute("UPDATE jobs SET state = 'waiting' WHERE state = 'handed'")
            file.execute("UPDATE jobs SET again = 0 WHERE again")

    def enter(
        self,
        entries: Iterable[Entry],
        again: bool = False,
        grouped: bool = True,
        first: int | None = None,
    ) -> None:
        """Everything that lies in the source; then, if `grouped`, what belongs together is one job.

        `again`: what was set aside is tried once more. `first`: no more jobs than that, by name.
        """
        stream = iter(entries)
        while some := list(islice(stream, TOGETHER)):
            with self._changing() as file:
                file.executemany(ENTER, [self._row(entry) for entry in some])
        if grouped:
            self._group()
        with self._changing() as file:
            if again:
                file.execute(
                    "UPDATE jobs SET state = 'waiting', attempts = 0, strikes = 0 "
                    "WHERE state = 'quarantined'"
                )
            file.execute(OUTDATED, (self.run, self.key, self.page, self.page))
            file.execute(
                "UPDATE cases SET met = 1 WHERE EXISTS (SELECT 1 FROM jobs "
                "WHERE jobs.name = cases.name AND listed = ? AND state <> 'part')",
                (self.run,),
            )
            gone = "state IN ('waiting', 'paused', 'handed') AND listed <> ?"
            file.execute(f"UPDATE jobs SET state = 'gone' WHERE {gone}", (self.run,))
            left = "listed = ? AND state <> 'part' AND NOT wanted"
            file.execute(f"UPDATE jobs SET listed = 0 WHERE {left}", (self.run,))
            if first is not None:
                file.execute(REST, {"run": self.run, "first": first})

    def _row(self, entry: Entry, folder: int = 0) -> dict[str, object]:
        return entry._asdict() | {"run": self.run, "folder": folder}

    def _group(self) -> None:
        """A folder with a case file is one submission, with all that lies below it."""
        with self._changing() as file:
            file.execute("DROP TABLE IF EXISTS temp.places")
            file.execute(
                "CREATE TEMP TABLE places AS SELECT seq, name FROM jobs WHERE listed = ? "
                "AND sort = 'case' AND name <> ? ORDER BY length(name), name",
                (self.run, CASE_FILE),
            )
            for seq, name in file.execute("SELECT seq, name FROM places ORDER BY rowid"):
                state = "SELECT state FROM jobs WHERE seq = ?"
                (inside,) = file.execute(state, (seq,)).fetchone()
                if inside != "part":
                    self._gather(file, name[: -len(CASE_FILE)])

    def _gather(self, file: sqlite3.Connection, place: bytes) -> None:
        """All below `place` becomes parts of one job, whose stamp is that of them all."""
        within = "listed = ? AND folder = 0 AND name >= ? AND name < ?"
        bounds = (self.run, place, place[:-1] + b"0")  # "0" follows "/"
        parts = f"SELECT name, stamp FROM jobs WHERE {within} ORDER BY name"
        stamp = stamp_of(file.execute(parts, bounds))
        order = f"SELECT max(wanted) FROM jobs WHERE {within}"
        (wanted,) = file.execute(order, bounds).fetchone()
        file.execute(f"UPDATE jobs SET state = 'part' WHERE {within}", bounds)
        entry = Entry(place[:-1], "media", stamp, bool(wanted))
        file.execute(ENTER, self._row(entry, folder=1))

    def hand(self, some: Sequence[Job]) -> None:
        """Jobs that workers have now: no attempt of ours."""
        with self._changing() as file:
            order = (
                "UPDATE jobs SET state = 'handed', attempts = ?, key = ?, page = ? WHERE seq = ?"
            )
            rows = [(job.attempts - 1, self._key(job), self.page, job.seq) for job in some]
            file.executemany(order, rows)

    def some(self, states: Sequence[str], after: int, most: int) -> list[Job]:
        """Jobs of this run that stand so, in the order of their numbers."""
        columns = "seq, name, folder, stamp, attempts, strikes, media, again"
        marks = ", ".join("?" * len(states))
        facts = "coalesce((SELECT facts FROM cases WHERE cases.name = jobs.name), '')"
        which = f"listed = ? AND seq > ? AND state IN ({marks})"
        order = f"SELECT {columns}, {facts} FROM jobs WHERE {which} ORDER BY seq LIMIT ?"
        found = self._asked(order, (self.run, after, *states, most))
        return [Job(seq, name, bool(folder), *rest) for seq, name, folder, *rest in found]

    def take_back(self, some: Sequence[Job]) -> None:
        """Jobs that no worker has any more wait again."""
        self._wait([job.seq for job in some])

    def missed(self, has: Callable[[Job], bool]) -> int:
        """Jobs whose report is no longer where it was wait again; how many they are."""
        columns = "seq, name, folder, stamp, attempts, strikes, media"
        order = f"SELECT {columns} FROM jobs WHERE listed = ? AND state = 'scored'"
        jobs = (
            Job(seq, name, bool(folder), *rest)
            for seq, name, folder, *rest in self._asked(order, (self.run,))
        )
        gone = [job.seq for job in jobs if not has(job)]
        self._wait(gone)
        return len(gone)

    def touch(self, names: Iterable[str]) -> None:
        """Jobs of these names are looked at once more, also those that are being worked on."""
        some = [(self.run, name.encode(errors="surrogateescape")) for name in names]
        if not some:
            return
        with self._changing() as file:
            which = "listed = ? AND name = ? AND state IN ('scored', 'working')"
            again = "again = 1, attempts = 0, state = iif(state = 'scored', 'waiting', state)"
            file.executemany(f"UPDATE jobs SET {again} WHERE {which}", some)

    def _wait(self, some: Sequence[int]) -> None:
        with self._changing() as file:
            order = "UPDATE jobs SET state = 'waiting', attempts = 0 WHERE seq = ?"
            file.executemany(order, [(seq,) for seq in some])

    def parts(self, job: Job) -> Iterator[Entry]:
        """What lies in the folder that the job is."""
        found = self._asked(
            "SELECT name, sort, stamp FROM jobs WHERE listed = ? AND state = 'part' "
            "AND name >= ? AND name < ? ORDER BY name",
            (self.run, job.name + b"/", job.name + b"0"),
        )
        return (Entry(*row) for row in found)

    def unmet(self) -> Iterator[str]:
        """Names of the operator's facts under which nothing was handed in."""
        found = self._asked("SELECT name FROM cases WHERE met = 0 ORDER BY name LIMIT 20", ())
        return (told(name) for (name,) in found)

    # ------------------------------------------------------------------ working

    def claim(self) -> Job | None:
        """The next job, its attempt counted: those least often begun come first."""
        with self._changing() as file:
            found = file.execute(CLAIM, {"run": self.run}).fetchall()
            if not found:
                return None
            seq, name, folder, *rest = found[0]
            facts = file.execute("SELECT facts FROM cases WHERE name = ?", (name,)).fetchone()
            return Job(seq, name, bool(folder), *rest, *(facts or ()))

    def settle(
        self,
        job: Job,
        state: State,
        row: Record,
        media: str = "",
        scored: Scored | None = None,
    ) -> None:
        """It has ended, and how; unless it was touched meanwhile. The report lies elsewhere."""
        with self._changing() as file:
            self._set(
                job,
                state=state,
                row=row.model_dump_json(),
                settled=self.run,
                media=media or job.media,
                key=self._key(job),
                page=self.page,
            )
            order = "UPDATE jobs SET state = 'waiting' WHERE seq = ? AND again = 1"
            file.execute(order, (job.seq,))

    def amend(self, job: Job, row: Row) -> None:
        """Its line says something else by now; when it was settled, and how, stays."""
        with self._changing() as file:
            order = "UPDATE jobs SET row = ? WHERE seq = ? AND state = 'scored' AND row <> ?"
            line = row.model_dump_json()
            file.execute(order, (line, job.seq, line))

    def _key(self, job: Job) -> str:
        return f"{self.key}/{job.facts}"

    def outcome(self, job: Job) -> Outcome:
        """How it ended when it was last settled, if that was in this run; else "kept"."""
        order = "SELECT row FROM jobs WHERE seq = ? AND settled = ?"
        rows = list(self._asked(order, (job.seq, self.run)))
        return Row.model_validate_json(rows[0][0]).outcome if rows and rows[0][0] else "kept"

    def strike(self, job: Job, row: Row) -> bool:
        """Its reader died or hung. Whether it is now set aside; else it is tried again, last."""
        strikes = job.strikes + 1
        if strikes < STRIKES:
            self._set(job, state="waiting", strikes=strikes, again=0)
            return False
        self._set_aside(job, row)
        return True

    def _set_aside(self, job: Job, row: Record) -> None:
        line = row.model_dump_json()
        self._set(job, state="quarantined", row=line, settled=self.run, key=self._key(job))

    def release(self, job: Job) -> None:
        """Nothing was said of it, and that is not its fault: it waits as if never begun."""
        self._set(job, state="waiting", attempts=job.attempts - 1, again=0)

    def interrupt(self, job: Job, row: Record) -> bool:
        """What read it was ended from outside: it waits again, but not for ever."""
        if job.attempts < BEGUN:
            self._set(job, state="waiting", again=0)
            return False
        self._set_aside(job, row)
        return True

    def pause(self, job: Job, row: Row) -> None:
        """It could not be had now: not again before the next run."""
        attempts = job.attempts - 1
        line = row.model_dump_json()
        self._set(job, state="paused", attempts=attempts, row=line, settled=self.run)

    def _set(self, job: Job, **values: object) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        with self._changing() as file:
            file.execute(f"UPDATE jobs SET {names} WHERE seq = ?", (*values.values(), job.seq))

    # ------------------------------------------------------------------ telling

    def counts(self) -> dict[str, int]:
        """How many jobs of this run stand how."""
        found = self._asked(
            "SELECT state, count(*) FROM jobs WHERE listed = ? GROUP BY state", (self.run,)
        )
        return dict(found)

    def rows(self) -> Iterator[Row]:
        """One line a submission, and a file that is none, in the order of their names."""
        found = self._asked(
            "SELECT name, state, row, settled FROM jobs WHERE listed = ? "
            "AND state IN ('scored', 'failed', 'quarantined', 'paused', 'skipped') ORDER BY name",
            (self.run,),
        )
        for name, state, row, settled in found:
            if state == "skipped":
                shown = told(name)
                yield Row(file=shown, outcome="skipped", says=NO_MEDIA)
                continue
            line = Row.model_validate_json(row)
            kept = state == "scored" and settled != self.run
            yield line.model_copy(update={"outcome": "kept"}) if kept else line

    def by_priority(self) -> Iterator[str]:
        """What was settled in this run or before, as JSON, by its `priority`, then by name."""
        found = self._asked(
            "SELECT row FROM jobs WHERE listed = ? AND row <> '' AND state <> 'skipped' "
            "ORDER BY json_extract(row, '$.priority') DESC, name",
            (self.run,),
        )
        return (row for (row,) in found)

    # ------------------------------------------------------------------ the file

    def _asked(self, question: str, values: tuple[object, ...]) -> Iterator[Any]:
        """A stream of its own, so that others may write meanwhile."""
        with self._faults():
            file = sqlite3.connect(self.path)
            try:
                yield from file.execute(question, values)
            finally:
                file.close()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, all of it or nothing; or a part of the one around it."""
        with self.lock, self._faults():
            if self.file.in_transaction:
                yield self.file
                return
            self.file.execute("BEGIN IMMEDIATE")
            try:
                yield self.file
            except BaseException:
                self.file.execute("ROLLBACK")
                raise
            self.file.execute("COMMIT")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, OSError) as fault:
            raise errors.CannotWrite(
                "The ledger in {folder} cannot be written: {why}.",
                folder=str(self.folder),
                why=str(fault),
            ) from None
        except sqlite3.DatabaseError as fault:
            raise errors.Unreadable(
                "The ledger in {folder} is damaged ({why}): move {name} away and start again; "
                "finished reports are found again.",
                folder=str(self.folder),
                why=str(fault),
                name=self.path.name,
            ) from None
