"""The store: each result once, whoever races; an audit log in which no change goes unseen."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, text, update

from models import errors
from models.answers import Answer
from models.card import cards
from models.examination import Examinations
from models.packs import policy
from models.report import Report
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from pipeline import score
from pipeline.judge.report import report as judge
from pipeline.render.json import as_json
from pipeline.store import audit
from pipeline.store.engine import engine_of, writing
from pipeline.store.repository import Known, Store
from pipeline.store.schema import audit as log
from tests.conftest import ROOT, Run

LABEL = ROOT / "sample_media" / "label.jpg"


@cache
def examined() -> Examinations:
    """A small examination that is real."""
    rules = policy("generic")
    one = Submission(exhibits=(Exhibit(path=LABEL, shown="label.jpg"),))
    return score.observe(one, rules, Settings(allow_unsandboxed=True)).examinations


def made(saved: Examinations, head: str) -> Report:
    found = judge(saved, policy("generic"), cards())
    return found.model_copy(update={"audit": found.audit.model_copy(update={"head": head})})


def key(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def known(report: str, examination: str, name: str) -> Known:
    return Known(key(report), key(examination), Case(), "in", name)


def test_a_result_is_kept_once_and_comes_back_byte_for_byte(address: str) -> None:
    store = Store(address)
    first = store.keep(known("r", "e", "a.jpg"), examined(), made)
    again = store.keep(known("r", "e", "a.jpg"), examined(), made)
    assert first.is_ours and not again.is_ours
    assert first.body == again.body and b'"head": "0000' in first.body
    there = store.report(key("r"))
    assert there and there.body == first.body
    assert as_json(there.examined) == as_json(examined())
    assert store.examination(key("e")) == examined()
    assert store.report(key("x")) is None and store.examination(key("x")) is None
    (entry,) = store.entries()
    assert entry["event"] == "scored" and sha256(first.body).hexdigest() in entry["body"]
    assert "a.jpg" not in str(entry)


def test_sixteen_who_race_make_one_result(address: str) -> None:
    stores = [Store(address) for _ in range(4)]

    def keep(number: int) -> tuple[bool, bytes]:
        kept = stores[number % 4].keep(known("r", "e", "a.jpg"), examined(), made)
        return kept.is_ours, kept.body

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(keep, range(16)))
    assert sum(ours for ours, _ in found) == 1 and len({body for _, body in found}) == 1
    assert len(list(stores[0].entries())) == 1


def filled(address: str, count: int = 6) -> Store:
    store = Store(address)
    for number in range(count):
        name = f"{number}.jpg"
        store.keep(known(f"r{number}", f"e{number}", name), examined(), made)
    return store


def heads(store: Store, count: int = 6) -> list[str]:
    kept = [store.report(key(f"r{number}")) for number in range(count)]
    return [Report.model_validate_json(one.body).audit.head for one in kept if one]


def test_the_chain_holds_and_grows_in_parallel(address: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = [Store(address) for _ in range(4)]
        work = [
            pool.submit(stores[n % 4].keep, known(f"r{n}", f"e{n}", f"{n}"), examined(), made)
            for n in range(20)
        ]
        assert all(one.result().is_ours for one in work)
    count, faults = audit.verify(stores[0].entries(), heads(stores[0], 20))
    assert (count, faults) == (20, [])


@pytest.mark.parametrize("change", [{"event": "purged"}, {"body": "{}"}, {"at": "x"}])
def test_what_was_changed_is_found(address: str, change: dict[str, str]) -> None:
    """Even where somebody first takes the triggers away."""
    store = filled(address)
    engine = engine_of(address)
    for order in (update(log).where(log.c.seq == 3).values(**change), delete(log)):
        with pytest.raises(Exception, match="only grows"), writing(engine) as connection:
            connection.execute(order)
    with writing(engine) as connection:
        trigger = "DROP TRIGGER audit_kept"
        on = " ON audit" if engine.dialect.name == "postgresql" else ""
        connection.execute(text(trigger + on))
        connection.execute(update(log).where(log.c.seq == 3).values(**change))
    _, faults = audit.verify(store.entries())
    assert [fault.seq for fault in faults] == [3]


def entries(count: int = 8) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    prev = audit.BEGINNING
    for seq in range(1, count + 1):
        row: dict[str, object] = {"seq": seq, "at": "t", "event": "scored", "subject": "s"}
        row |= {"body": f'{{"n": {seq}}}', "prev": prev}
        row["hash"] = prev = audit.digest(row)
        rows.append(row)
    return rows


@given(st.integers(0, 7), st.sampled_from(["at", "event", "subject", "body", "prev", "hash"]))
def test_any_field_of_any_entry(number: int, name: str) -> None:
    rows = entries()
    rows[number][name] = f"{rows[number][name]}x"
    _, faults = audit.verify(rows)
    assert faults and faults[0].seq in {number + 1, number + 2}


@given(st.integers(0, 6))
def test_an_entry_that_is_gone(number: int) -> None:
    rows = entries()
    del rows[number]
    assert audit.verify(rows)[1]


@given(st.integers(1, 8))
def test_a_tail_that_was_cut_off(number: int) -> None:
    """Seen by a later head from outside alone."""
    rows = entries()
    head = str(rows[-1]["hash"])
    assert audit.verify(rows, [head])[1] == []
    assert audit.verify(rows[:-number], [head])[1]
    assert audit.verify(rows[:-number])[1] == []


def test_a_tail_that_was_rewritten(address: str) -> None:
    """Who can write may make the chain anew; the heads in the reports do not follow."""
    store = filled(address)
    seen = heads(store)
    rows = list(store.entries())
    prev = rows[2]["prev"]
    for row in rows[2:]:
        row["at"], row["prev"] = "2000-01-01", prev
        row["hash"] = prev = audit.digest(row)
    assert audit.verify(rows)[1] == [] and audit.verify(rows, seen)[1]


def test_answers_are_kept_once(address: str) -> None:
    store = filled(address, 1)
    answer = Answer(exhibit="a", requirement="b", answer="yes", by="me", at="2026-11-27")
    assert store.answered(key("r0"), [answer]) == 1
    assert store.answered(key("r0"), [answer]) == 0
    assert store.answered(key("unknown"), [answer]) == 0
    assert [row["event"] for row in store.entries()] == ["scored", "answered"]


def test_purge_respects_a_hold_and_the_log_stays(address: str) -> None:
    store = filled(address, 3)
    assert store.hold("1.jpg", held=True) == 1 and store.hold("nobody", held=True) == 0
    assert store.purge(datetime.now(UTC) - timedelta(days=1)) == (0, 0, 0)
    gone = store.purge(datetime.now(UTC) + timedelta(days=1))
    assert gone == (2, 2, 1)
    assert store.report(key("r1")) and store.report(key("r0")) is None
    assert store.held() == {key("r1")}
    assert store.hold("1.jpg", held=False) == 1
    assert store.purge(datetime.now(UTC) + timedelta(days=1)).reports == 1
    events = [row["event"] for row in store.entries()]
    assert events.count("scored") == 3 and events.count("purged") == 3
    assert audit.verify(store.entries())[1] == []
    assert "1.jpg" not in str(list(store.entries()))


def test_purge_where_two_share_an_examination(address: str) -> None:
    """The younger report stays, with whoever handed it in, also where the elder was kept first."""
    store = Store(address)
    store.keep(known("old", "e", "a.jpg"), examined(), made)

    def later(saved: Examinations, head: str) -> Report:
        return made(saved, head).model_copy(update={"created_at": "2999-01-01T00:00:00"})

    store.keep(known("new", "e", "b.jpg"), examined(), later)
    assert store.purge(datetime.now(UTC) + timedelta(days=1)) == (1, 0, 0)
    assert store.report(key("new")) and store.report(key("old")) is None
    assert store.hold("b.jpg", held=True) == 1  # who handed it in is known still


def test_stores_that_cannot_be_had(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("this is no database, only words " * 200)
    for wrong in (str(tmp_path / "no.db"), str(tmp_path / "missing" / "x.db")):
        with pytest.raises((errors.NoStore, errors.CannotWrite)):
            Store(wrong)
    with pytest.raises(errors.NoStore, match="cannot be used") as caught:
        Store("postgresql://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)
    with pytest.raises(errors.Usage):
        Store("mysql://x/y")


def test_a_later_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store(str(path)).close()
    with sqlite3.connect(path) as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(errors.NoStore, match="later version"):
        Store(str(path))


def test_a_batch_into_it(run: Run, address: str, tmp_path: Path) -> None:
    """The same from the command line, twice; the second finds all done, even without its ledger."""
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "in" / name).write_bytes(LABEL.read_bytes() + name.encode())
    first = run("batch", tmp_path / "in", "--out", tmp_path / "one", "--store", address)
    assert first.returncode == 0 and "2 scored" in first.stdout, first.stderr
    second = run("batch", tmp_path / "in", "--out", tmp_path / "two", "--store", address)
    assert "0 scored, 2 kept" in second.stdout
    one, two = ((tmp_path / out / "a.jpg" / "report.json").read_bytes() for out in ("one", "two"))
    assert one == two
    done = run("audit", "verify", "--store", address, "--reports", tmp_path)
    assert done.returncode == 0 and "2 heads" in done.stdout
