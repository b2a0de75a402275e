"""Jobs that workers share: each is one worker's, none is lost with its worker, in both dialects."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.store.jobs import SILENT_S, End, JobStore, NewJob, Notice, Taken
from pipeline.store.repository import Store

ORDER = "a" * 64
NOW = 1_800_000_000


def new(name: str, rank: int = 0, stamp: str = "1", facts: str = "", stage: str = "read") -> NewJob:
    return NewJob(name.encode(), False, stamp, "[]", facts, None, stage, rank)


@pytest.fixture
def book(address: str) -> JobStore:
    found = JobStore(Store(address))
    found.open(ORDER, "{}", NOW)
    return found


def taken(book: JobStore, now: int = NOW) -> Taken:
    found = book.take("w", now)
    assert found is not None
    return found


def test_the_most_urgent_comes_first_and_each_is_taken_once(book: JobStore) -> None:
    assert book.add(ORDER, [new("late", 30), new("soon", 10), new("then", 20)], NOW) == 3
    assert [taken(book).name for _ in range(3)] == [b"soon", b"then", b"late"]
    assert book.take("w", NOW) is None


def test_many_workers_take_each_job_once(book: JobStore) -> None:
    book.add(ORDER, [new(f"{number:03}") for number in range(60)], NOW)

    def work(worker: int) -> list[bytes]:
        names = []
        while one := book.take(str(worker), NOW):
            names.append(one.name)
            assert book.end(one, End("scored", "{}"), NOW) == 0
        return names

    with ThreadPoolExecutor(8) as pool:
        names = Counter(name for some in pool.map(work, range(8)) for name in some)
    assert len(names) == 60
    assert set(names.values()) == {1}


def test_what_is_there_is_added_anew_only_where_something_changed(book: JobStore) -> None:
    assert book.add(ORDER, [new("a")], NOW) == 1
    assert book.add(ORDER, [new("a")], NOW) == 0
    assert book.add(ORDER, [new("a", stamp="2")], NOW) == 1
    assert book.add(ORDER, [new("a", stamp="2", facts='{"order_id": "1"}')], NOW) == 1
    one = taken(book)
    assert (one.stamp, one.attempts) == ("2", 1)
    book.end(one, End("failed", "{}"), NOW)
    facts = '{"order_id": "1"}'
    assert book.add(ORDER, [new("a", stamp="2", facts=facts)], NOW, anew=False) == 0
    assert book.add(ORDER, [new("a", stamp="2", facts=facts)], NOW) == 1


def test_a_worker_that_gives_no_sign_is_given_up_and_not_heard_any_more(book: JobStore) -> None:
    book.add(ORDER, [new("a")], NOW)
    first = taken(book)
    assert book.sign(first, NOW + 10)
    assert book.given_up(NOW + 10 + SILENT_S) == []
    (silent,) = book.given_up(NOW + 11 + SILENT_S)
    assert book.given_up(NOW + 11 + SILENT_S) == [], "two keepers never have the same"
    assert book.wait(silent, NOW, {})
    second = taken(book)
    assert (first.attempts, second.attempts) == (1, 2)
    assert not book.sign(first, NOW)
    assert book.end(first, End("failed", "late"), NOW) is None
    assert not book.wait(first, NOW, {})
    assert book.end(second, End("scored", "mine"), NOW) == 0
    (ended,) = book.ended(ORDER, [(b"a", False)])
    assert (ended.state, ended.row) == ("scored", "mine")


def test_a_job_that_changed_under_its_worker_is_the_next_ones(book: JobStore) -> None:
    """Whoever reads the older version is not heard, whatever the counts of attempts say."""
    book.add(ORDER, [new("a")], NOW)
    older = taken(book)
    assert book.add(ORDER, [new("a", stamp="2")], NOW) == 1
    newer = taken(book)
    assert (older.attempts, newer.attempts) == (1, 1)
    assert book.end(older, End("scored", "older"), NOW) is None
    assert book.end(newer, End("scored", "newer"), NOW) == 0
    (ended,) = book.ended(ORDER, [(b"a", False)])
    assert ended.row == "newer"


def test_what_an_older_order_has_open_goes_and_what_has_ended_stays(book: JobStore) -> None:
    book.add(ORDER, [new("a", 1), new("b", 2), new("c", 3)], NOW)
    book.end(taken(book), End("scored", "{}"), NOW)
    reading = taken(book)
    book.instead([ORDER], [b"a", b"b", b"c"])
    assert not book.sign(reading, NOW)
    assert book.counts() == {("scored", ""): 1}


def test_orders_that_begin_at_once_are_one(book: JobStore) -> None:
    some = [new(str(number)) for number in range(20)]

    def order(_: int) -> None:
        book.open("b" * 64, "{}", NOW)
        book.add("b" * 64, some, NOW)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(order, range(6)))
    assert book.counts() == {("waiting", "read"): 20}


def test_an_order_is_put_off_as_a_whole(book: JobStore) -> None:
    book.add(ORDER, [new("a"), new("b")], NOW)
    book.put_off(ORDER, NOW + 60)
    assert book.take("w", NOW + 59) is None
    assert book.take("w", NOW + 60) is not None


def test_what_is_touched_is_looked_at_once_more_also_while_it_is_worked_on(book: JobStore) -> None:
    book.add(ORDER, [new("a", 1), new("b", 2)], NOW)
    first, second = taken(book), taken(book)
    assert book.touch(ORDER, [b"a", b"b", b"nobody"], NOW) == 0
    assert book.end(first, End("scored", "1"), NOW) == 1
    again = taken(book)
    assert (again.name, again.again, again.row) == (b"a", 2, "1")
    assert book.end(again, End("scored", "2"), NOW) == 0
    assert book.touch(ORDER, [b"a"], NOW) == 1
    assert book.end(second, End("failed", ""), NOW) == 1
    assert book.ended(ORDER, [(b"a", False), (b"b", False)]) == []


def test_what_is_not_due_waits(book: JobStore) -> None:
    book.add(ORDER, [new("a")], NOW)
    assert book.wait(taken(book), NOW, {"not_before": NOW + 30})
    assert book.take("w", NOW + 29) is None
    assert (book.ready(NOW + 29), book.ready(NOW + 30)) == (0, 1)
    assert not book.is_worked_on(ORDER)
    assert book.waiting_since() == {"read": NOW}
    assert taken(book, NOW + 30).name == b"a"
    assert book.is_worked_on(ORDER)


def test_parts_are_withdrawn_however_far_they_are(book: JobStore) -> None:
    book.add(ORDER, [new("case/a", 1), new("case/b", 2)], NOW)
    begun = taken(book)
    book.withdraw(ORDER, [b"case/a", b"case/b"])
    assert book.counts() == {}
    assert not book.sign(begun, NOW)
    assert book.end(begun, End("scored", "{}"), NOW) is None


def test_names_that_nobody_handed_over_are_said_not_to_be_there(book: JobStore) -> None:
    (one,) = book.ended(ORDER, [(b"nobody", False)])
    assert (one.name, one.state) == (b"nobody", "")


def test_a_notice_is_written_with_the_end_and_only_once(book: JobStore) -> None:
    book.add(ORDER, [new("a")], NOW)
    notice = Notice("n" * 64, "webhook", "", "{}")
    end = End("scored", "{}", notices=(notice, notice), tallies={("jobs", "scored"): 1})
    one = taken(book)
    book.end(one, end, NOW)
    book.end(one, end, NOW)
    assert book.notices_waiting() == 1
    assert book.tallied() == {("jobs", "scored"): 1}
    due = book.due_notice(["webhook"], NOW, NOW + 60)
    assert due is not None
    assert (due.tries, due.at) == (1, NOW)
    assert book.due_notice(["webhook"], NOW, NOW + 60) is None, "it is one worker's for a minute"
    assert book.due_notice(["webhook"], NOW + 60, NOW + 120) is not None, (
        "whoever had it may have died"
    )
    assert book.due_notice(["queue"], NOW + 600, NOW + 700) is None
    book.sent(due, "sent", NOW, ("notices", "webhook sent"))
    assert book.due_notice(["webhook"], NOW + 600, NOW + 700) is None
    assert book.notices_waiting() == 0


def test_tallies_of_many_at_once_lose_nothing(book: JobStore) -> None:
    def count(_: int) -> None:
        book.count({("b", ""): 1, ("a", "x"): 0.5})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(40)))
    assert book.tallied() == {("a", "x"): 20, ("b", ""): 40}
