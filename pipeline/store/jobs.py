"""Jobs that workers share: what waits, who works on what, how it ended.

Workers take the most urgent job themselves, one each. Whoever works on a job gives a sign now and
then; where none comes, the job waits again. What a worker that was given up says later is not
heard: its turn is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from pipeline.store.ended import OPEN
from pipeline.store.engine import changing, faults, patient, shown
from pipeline.store.repository import Store
from pipeline.store.schema import jobs, notices, orders, tallies
from pipeline.store.tallies import Tally, count

SILENT_S = 45  # seconds without a sign, after which a worker is given up (house rule)
TOGETHER = 500  # jobs of one question


class NewJob(NamedTuple):
    """A submission to be worked on, as it lies in its source now; `rank`: the least comes first."""

    name: bytes
    folder: bool
    stamp: str
    parts: str
    facts: str
    due: int | None
    stage: str
    rank: int


class Taken(NamedTuple):
    """A job in one worker's hands."""

    seq: int
    order: str
    name: bytes
    folder: bool
    stamp: str
    parts: str
    facts: str
    due: int | None
    stage: str
    since: int
    turn: int
    attempts: int
    released: int
    strikes: int
    again: int
    media: str
    row: str


class Ended(NamedTuple):
    """How a job stands, for whoever ordered it."""

    name: bytes
    folder: bool
    state: str
    row: str
    media: str


class Notice(NamedTuple):
    """A message about a submission, to be sent until it arrives."""

    id: str
    to: str
    queue: str
    body: str
    at: int = 0
    tries: int = 0


class End(NamedTuple):
    """What is written down at a job's end, all of it or nothing."""

    state: str
    row: str
    media: str = ""
    notices: tuple[Notice, ...] = ()
    tallies: Mapping[Tally, float] = {}


class JobStore:
    """The jobs in a store. All times are whole seconds since 1970. Raises NoStore, CannotWrite."""

    def __init__(self, store: Store) -> None:
        self.address = store.address
        self.engine = store.engine

    # ------------------------------------------------------------------ ordering

    @patient
    def open(self, order: str, body: str, now: int) -> None:
        """An order, once."""
        with changing(self.engine) as connection:
            if not connection.execute(select(orders.c.id).where(orders.c.id == order)).first():
                row = {"id": order, "at": now, "body": body}
                connection.execute(insert(orders).values(row))

    @patient
    def order(self, order: str) -> str:
        """What was asked for."""
        with self.engine.connect() as connection:
            found = select(orders.c.body).where(orders.c.id == order)
            return str(connection.execute(found).scalar_one())

    @patient
    def add(self, order: str, some: Sequence[NewJob], now: int, anew: bool = True) -> int:
        """Those jobs wait, unless they do so already; how many that are new.

        `anew`: also what has ended is done once more. A job whose files or facts have changed is.
        """
        added = 0
        with changing(self.engine) as connection:
            for one in some:
                which = _which(order, one.name, one.folder)
                there = connection.execute(
                    select(jobs.c.state, jobs.c.stamp, jobs.c.facts).where(which)
                ).first()
                values = _waiting(one, now)
                if there is None:
                    row = {"order": order, "name": one.name, "folder": one.folder, **values}
                    connection.execute(insert(jobs).values(row))
                elif (there.stamp, there.facts) != (one.stamp, one.facts) or (
                    anew and there.state not in OPEN
                ):
                    connection.execute(update(jobs).where(which).values(values))
                else:
                    continue
                added += 1
        return added

    @patient
    def withdraw(self, order: str, names: Iterable[bytes]) -> None:
        """Jobs that turned out to be parts of another, however far they are."""
        with changing(self.engine) as connection:
            for name in names:
                connection.execute(delete(jobs).where(_which(order, name, False)))

    @patient
    def instead(self, older: Sequence[str], names: Iterable[bytes]) -> None:
        """What older orders have open and is now ordered otherwise, to the same place, goes.

        Who reads it hears so at the next sign, and ends.
        """
        with changing(self.engine) as connection:
            for name in names:
                one = and_(jobs.c.order.in_(older), jobs.c.name == name)
                connection.execute(delete(jobs).where(one, jobs.c.state.in_(OPEN)))

    @patient
    def orders(self) -> dict[str, str]:
        """What was asked for, by order."""
        with self.engine.connect() as connection:
            return {row.id: row.body for row in connection.execute(select(orders))}

    @patient
    def put_off(self, order: str, until: int) -> None:
        """All that waits of an order is not taken before then."""
        waits = and_(jobs.c.order == order, jobs.c.state == "waiting", jobs.c.not_before < until)
        with changing(self.engine) as connection:
            connection.execute(update(jobs).where(waits).values(not_before=until))

    @patient
    def ended(self, order: str, names: Sequence[tuple[bytes, bool]]) -> list[Ended]:
        """How those jobs ended, as far as they have; `state` is "" for one that is not there."""
        columns = [getattr(jobs.c, field) for field in Ended._fields]
        wanted = dict.fromkeys(names)
        asked = and_(jobs.c.order == order, jobs.c.name.in_([name for name, _ in names]))
        with self.engine.connect() as connection:
            found = [Ended(*row) for row in connection.execute(select(*columns).where(asked))]
        there = {(one.name, one.folder): one for one in found}
        missing = Ended(b"", False, "", "", "")
        some = [there.get(key) or missing._replace(name=key[0], folder=key[1]) for key in wanted]
        return [one for one in some if one.state not in OPEN]

    # ------------------------------------------------------------------ working

    @patient
    def take(self, worker: str, now: int) -> Taken | None:
        """The most urgent job, its attempt counted; None where nothing is to be done now."""
        due = and_(jobs.c.state == "waiting", jobs.c.not_before <= now)
        order = select(jobs).where(due).order_by(jobs.c.rank, jobs.c.seq).limit(1)
        with changing(self.engine) as connection:
            row = connection.execute(order.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            again = 2 if row.again == 1 else 0
            values = {
                "state": "working",
                "turn": row.turn + 1,
                "attempts": row.attempts + 1,
                "again": again,
                "since": now,
                "alive": now,
                "worker": worker,
            }
            connection.execute(update(jobs).where(jobs.c.seq == row.seq).values(values))
        fields = row._asdict() | {name: values[name] for name in ("turn", "attempts", "again")}
        return Taken(**{name: fields[name] for name in Taken._fields})

    @patient
    def sign(self, taken: Taken, now: int) -> bool:
        """Its worker lives. False where it was given up."""
        return self._change(taken, {"alive": now})

    @patient
    def end(self, taken: Taken, end: End, now: int) -> int | None:
        """It has ended; 1 where it waits again, because it was touched meanwhile, else 0.

        None where its worker was given up before: then nothing is written.
        """
        with changing(self.engine) as connection:
            mine = _mine(taken)
            order = select(jobs.c.again).where(mine).with_for_update()
            row = connection.execute(order).first()
            if row is None:
                return None
            touched = int(row.again == 1)
            values = {
                "state": "waiting" if touched else end.state,
                "stage": "read" if touched else "",
                "since": now,
                "row": end.row,
                "media": end.media or taken.media,
            }
            connection.execute(update(jobs).where(mine).values(values))
            _add_notices(connection, end.notices, now)
            count(connection, end.tallies)
        return touched

    @patient
    def wait(
        self,
        taken: Taken,
        now: int,
        changed: Mapping[str, Any],
        tallied: Mapping[Tally, float] | None = None,
    ) -> bool:
        """It waits again, with what has `changed`. False where its worker was given up."""
        values = {"state": "waiting", "since": now, **changed}
        with changing(self.engine) as connection:
            order = update(jobs).where(_mine(taken)).values(values)
            if not connection.execute(order).rowcount:
                return False
            count(connection, tallied or {})
        return True

    def _change(self, taken: Taken, values: Mapping[str, Any]) -> bool:
        with changing(self.engine) as connection:
            return bool(
                connection.execute(update(jobs).where(_mine(taken)).values(values)).rowcount
            )

    @patient
    def touch(self, order: str, names: Iterable[bytes], now: int) -> int:
        """Jobs of these names are looked at once more; how many now wait for it."""
        waiting = 0
        with changing(self.engine) as connection:
            for name in sorted(names):
                which = and_(jobs.c.order == order, jobs.c.name == name)
                working = and_(which, jobs.c.state == "working")
                connection.execute(update(jobs).where(working).values(again=1))
                scored = and_(which, jobs.c.state == "scored")
                values = {"state": "waiting", "stage": "read", "since": now, "rank": now}
                values |= {"again": 1, "attempts": 0}
                waiting += connection.execute(update(jobs).where(scored).values(values)).rowcount
        return waiting

    @patient
    def given_up(self, now: int) -> list[Taken]:
        """Jobs whose worker gave no sign: theirs is taken from it, as by another worker."""
        silent = and_(jobs.c.state == "working", jobs.c.alive < now - SILENT_S)
        order = select(jobs).where(silent).order_by(jobs.c.seq).limit(TOGETHER)
        found = []
        with changing(self.engine) as connection:
            for row in connection.execute(order.with_for_update(skip_locked=True)).all():
                order_one = update(jobs).where(jobs.c.seq == row.seq).values(alive=now)
                connection.execute(order_one)
                found.append(Taken(**{name: getattr(row, name) for name in Taken._fields}))
        return found

    # ------------------------------------------------------------------ sending

    @patient
    def due_notice(self, to: Sequence[str], now: int, again_at: int) -> Notice | None:
        """The next notice of these sorts that is due; it is again at `again_at`, unless sent."""
        due = and_(notices.c.state == "waiting", notices.c.to.in_(to), notices.c.not_before <= now)
        order = select(notices).where(due).order_by(notices.c.not_before, notices.c.seq).limit(1)
        with changing(self.engine) as connection:
            row = connection.execute(order.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            values = {"tries": row.tries + 1, "not_before": again_at}
            connection.execute(update(notices).where(notices.c.seq == row.seq).values(values))
        return Notice(row.id, row.to, row.queue, row.body, row.at, row.tries + 1)

    @patient
    def sent(self, notice: Notice, state: str, not_before: int, tally: Tally) -> None:
        """What became of a try: sent, waiting until `not_before`, or given_up."""
        with changing(self.engine) as connection:
            values = {"state": state, "not_before": not_before}
            connection.execute(update(notices).where(notices.c.id == notice.id).values(values))
            count(connection, {tally: 1})

    # ------------------------------------------------------------------ telling

    @patient
    def ready(self, now: int) -> int:
        """Jobs that could be begun now."""
        due = and_(jobs.c.state == "waiting", jobs.c.not_before <= now)
        return self._number(select(func.count()).select_from(jobs).where(due))

    def screened(self, order: str) -> Iterator[str]:
        """What screening said of each, as JSON, the most urgent first."""
        which = and_(jobs.c.order == order, jobs.c.screened != "")
        asked = select(jobs.c.screened).where(which).order_by(jobs.c.rank, jobs.c.seq)
        with faults(shown(self.address)), self.engine.connect() as connection:
            for row in connection.execution_options(yield_per=TOGETHER).execute(asked):
                yield row.screened

    @patient
    def is_worked_on(self, order: str) -> bool:
        """Has a worker any job of an order in hand?"""
        one = and_(jobs.c.order == order, jobs.c.state == "working")
        return bool(self._number(select(func.count()).select_from(jobs).where(one)))

    @patient
    def counts(self) -> dict[tuple[str, str], int]:
        """Jobs by state and stage."""
        order = select(jobs.c.state, jobs.c.stage, func.count()).group_by(
            jobs.c.state, jobs.c.stage
        )
        with self.engine.connect() as connection:
            return {(state, stage): count for state, stage, count in connection.execute(order)}

    @patient
    def waiting_since(self) -> dict[str, int]:
        """When the job that waits longest began to, by stage."""
        order = (
            select(jobs.c.stage, func.min(jobs.c.since))
            .where(jobs.c.state == "waiting")
            .group_by(jobs.c.stage)
        )
        with self.engine.connect() as connection:
            return {stage: int(since) for stage, since in connection.execute(order)}

    @patient
    def notices_waiting(self) -> int:
        """Notices that have not arrived."""
        waits = select(func.count()).select_from(notices).where(notices.c.state == "waiting")
        return self._number(waits)

    @patient
    def count(self, some: Mapping[Tally, float]) -> None:
        """Tallies grow."""
        with changing(self.engine) as connection:
            count(connection, some)

    @patient
    def tallied(self) -> dict[Tally, float]:
        """All tallies."""
        with self.engine.connect() as connection:
            return {
                (name, label): value for name, label, value in connection.execute(select(tallies))
            }

    def _number(self, order: Any) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(order).scalar_one())


def _which(order: str, name: bytes, folder: bool) -> Any:
    return and_(jobs.c.order == order, jobs.c.name == name, jobs.c.folder == folder)


def _mine(taken: Taken) -> Any:
    """Still in its worker's hands: nobody took it since, and it was not put back."""
    return and_(jobs.c.seq == taken.seq, jobs.c.turn == taken.turn, jobs.c.state == "working")


def _waiting(one: NewJob, now: int) -> dict[str, Any]:
    """A job at its beginning."""
    return {
        "stamp": one.stamp,
        "parts": one.parts,
        "facts": one.facts,
        "due": one.due,
        "stage": one.stage,
        "rank": one.rank,
        "state": "waiting",
        "since": now,
        "not_before": 0,
        "attempts": 0,
        "released": 0,
        "strikes": 0,
        "again": 0,
        "media": "",
        "screened": "",
        "row": "",
    }


def _add_notices(connection: Connection, some: Iterable[Notice], now: int) -> None:
    for one in some:
        if connection.execute(select(notices.c.seq).where(notices.c.id == one.id)).first():
            continue
        row = {
            "id": one.id,
            "to": one.to,
            "queue": one.queue,
            "body": one.body,
            "at": now,
            "state": "waiting",
            "not_before": now,
        }
        connection.execute(insert(notices).values(row))
