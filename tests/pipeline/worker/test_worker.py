"""A worker with the real readers and no broker: ordered, screened, read, routed, told, counted."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models import errors
from models.answers import Answer
from models.report import Report
from models.settings import Settings
from models.submission import Case
from pipeline.batch.jobs import BEGUN
from pipeline.store.jobs import SILENT_S, JobStore, NewJob
from pipeline.store.repository import Store
from pipeline.store.reviews import reviews
from pipeline.worker import desk as desks
from pipeline.worker.desk import Desk
from pipeline.worker.habits import Habits, Notify
from pipeline.worker.hands import now_s
from pipeline.worker.health import Pages, lives, serve
from pipeline.worker.keeper import Keeper, Post, given_up
from pipeline.worker.orders import Order
from pipeline.worker.routing import Rule
from pipeline.worker.runs import once
from tests.conftest import Run
from tests.pipeline.conftest import Cloud
from tests.pipeline.store.test_store import examined, made

ROUTES = '[[rule]]\nqueue = "look"\nband = ["weak", "insufficient"]\n[[rule]]\nqueue = "ready"\n'


def desk_of(address: str, **habits: Any) -> Desk:
    return Desk(Store(address), Habits(Settings(allow_unsandboxed=True), **habits))


def order_of(tmp_path: Path, **said: Any) -> Order:
    return Order(
        source=str(tmp_path / "in"),
        out=str(tmp_path / "out"),
        policy="generic",
        case=Case(source="operator", role="damage_photo"),
        **said,
    )


def ordered(book: JobStore, order: Order, *names: bytes) -> None:
    book.open(order.id, order.model_dump_json(), now_s())
    some = [NewJob(name, False, "1", "[]", "", None, "read", 0) for name in names]
    book.add(order.id, some, now_s())


def drained(desk: Desk, jobs: int = 1) -> int:
    return once(desk, jobs, Keeper(desk, Post(), threading.Event()))


def test_ordered_done_by_a_worker_and_collected(run: Run, photo: Path, tmp_path: Path) -> None:
    """As with one machine: same reports, same table; a second time nothing is done."""
    uploads = tmp_path / "in"
    (uploads / "case").mkdir(parents=True)
    (uploads / "case" / "case.toml").write_text('order_id = "1"\n')
    for name in ("a.jpg", "case/b.jpg"):
        shutil.copy(photo, uploads / name)
    (uploads / "broken.jpg").write_bytes(b"\xff\xd8\xffnot really")
    (uploads / "notes.txt").write_text("x")
    store = ("--store", tmp_path / "jobs.db")
    order = ("batch", uploads, "--out", tmp_path / "out", "--engine", "celery", *store)
    done = run(*order, "--no-wait", "--allow-unsandboxed")
    assert done.returncode == 2, "what is a worker's own is not ordered"
    done = run(*order, "--no-wait")
    assert "3 of 3 are with workers" in done.stdout
    routes = tmp_path / "routes.toml"
    routes.write_text(ROUTES)
    done = run("worker", *store, "--once", "--routes", routes, "--allow-unsandboxed")
    assert done.returncode == 0, done.stderr
    done = run(*order)
    assert done.returncode == 75
    assert "3 files" in done.stdout
    rows = {row["file"]: row for row in json.loads((tmp_path / "out" / "summary.json").read_text())}
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "a.jpg": "scored",
        "broken.jpg": "failed",
        "case": "scored",
        "notes.txt": "skipped",
    }
    alone = run("batch", uploads, "--out", tmp_path / "alone")
    assert alone.returncode == 75
    for name in ("a.jpg", "case"):
        mine, theirs = (
            Report.model_validate_json((tmp_path / out / name / "report.json").read_bytes())
            for out in ("out", "alone")
        )
        assert mine.exhibits[0].identifiers == theirs.exhibits[0].identifiers
    assert "1 of 3 are with workers" in run(*order, "--no-wait").stdout, (
        "what failed is tried again"
    )
    rows = {row["file"]: row for row in json.loads((tmp_path / "out" / "summary.json").read_text())}
    assert (rows["a.jpg"]["outcome"], rows["case"]["outcome"]) == ("kept", "kept")
    book = JobStore(Store(str(tmp_path / "jobs.db")))
    (a, _) = (one for one in book.ended(_order_id(book), [(b"a.jpg", False), (b"case", True)]))
    assert json.loads(a.row)["queue"] == rows["a.jpg"]["queue"] == "look"


def test_a_store_that_was_emptied_is_filled_again(run: Run, photo: Path, tmp_path: Path) -> None:
    """Who ordered still knows what is missing."""
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "a.jpg")
    store = tmp_path / "jobs.db"
    words = ("batch", tmp_path / "in", "--out", tmp_path / "out", "--engine", "celery")
    run(*words, "--store", store, "--no-wait")
    for path in tmp_path.glob("jobs.db*"):
        path.unlink()
    done = run(*words, "--store", store, "--no-wait")
    assert "1 of 1 are with workers" in done.stdout
    assert JobStore(Store(str(store))).counts() == {("waiting", "read"): 1}


def _order_id(book: JobStore) -> str:
    from sqlalchemy import select

    from pipeline.store.schema import orders

    with book.engine.connect() as connection:
        return str(connection.execute(select(orders.c.id)).scalar_one())


def test_screening_first_then_the_most_urgent(cloud: Cloud, photo: Path, tmp_path: Path) -> None:
    """Each file is screened before any is read, and what shows no number is read first."""
    order = Order(
        source="s3://uploads/",
        out="s3://results/",
        policy="generic",
        case=Case(source="operator", order_id="576920418365107000", role="damage_photo"),
        screen=True,
    )
    blank = cv2.imencode(".jpg", np.full((240, 320), 250, np.uint8))[1].tobytes()
    cloud.put("b.jpg", blank)
    cloud.put("a.jpg", photo.read_bytes())
    desk = desk_of(str(tmp_path / "jobs.db"))
    desk.book.open(order.id, order.model_dump_json(), now_s())
    some = [NewJob(name, False, "1", "[]", "", None, "screen", 0) for name in (b"a.jpg", b"b.jpg")]
    desk.book.add(order.id, some, now_s())
    stages = []
    while taken := desk.book.take("look", now_s()):
        stages.append((taken.stage, taken.name))
        desk.book.wait(taken, now_s(), {"attempts": 0})
        desk.step(threading.Event())
        if len(stages) > 4:
            break
    assert [stage for stage, _ in stages] == ["screen", "screen", "read", "read"]
    assert stages[2][1] == b"b.jpg", "no number was read on it"
    tallied = desk.book.tallied()
    assert tallied["screened", "no_number"] == 1
    assert tallied["stage_seconds_count", "screen"] == tallied["stage_seconds_count", "read"] == 2
    assert len([key for key in list(cloud.keys()) if key.endswith("report.json")]) == 2


def test_what_is_told_names_nobody(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "Jane Doe 0171.jpg")
    desk = desk_of(
        str(tmp_path / "jobs.db"),
        rules=(Rule(queue="ready"),),
        notify=Notify(webhook=True, queues=True),
    )
    ordered(desk.book, order_of(tmp_path), b"Jane Doe 0171.jpg", b"gone.jpg")
    assert drained(desk) == 2
    bodies = []
    both = ("webhook", "queue")
    while notice := desk.book.due_notice(both, now_s(), now_s() + 60):
        bodies.append((notice.to, notice.queue, json.loads(notice.body)))
        assert "Jane" not in notice.body
        assert "0171" not in notice.body
        assert "576920418365107249" not in notice.body
    assert sorted((to, queue, body["event"]) for to, queue, body in bodies) == [
        ("queue", "ready", "submission.failed"),
        ("queue", "ready", "submission.scored"),
        ("webhook", "", "submission.failed"),
        ("webhook", "", "submission.scored"),
    ]
    report = next((tmp_path / "out").glob("*/report.json")).read_bytes()
    scored = next(body for _, _, body in bodies if body["event"] == "submission.scored")
    assert scored["report_sha256"] == sha256(report).hexdigest()
    failed = next(body for _, _, body in bodies if body["event"] == "submission.failed")
    assert failed["error"] == "Missing"


def test_what_ends_its_worker_again_and_again_is_set_aside(photo: Path, tmp_path: Path) -> None:
    """An attempt is counted before it begins, whoever dies of it; the others go on."""
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "b.jpg")
    desk = desk_of(str(tmp_path / "jobs.db"))
    ordered(desk.book, order_of(tmp_path), b"a.jpg")
    for attempt in range(1, BEGUN + 1):
        taken = desk.book.take("dies", now_s() - SILENT_S - 1)
        assert taken is not None
        assert taken.attempts == attempt
        assert given_up(desk) == 1
    assert desk.book.counts() == {("quarantined", ""): 1}
    error = json.loads((tmp_path / "out" / "a.jpg" / "error.json").read_bytes())
    assert error["name"] == "Interrupted"
    ordered(desk.book, order_of(tmp_path), b"b.jpg")
    assert drained(desk) == 1
    assert desk.book.counts() == {("quarantined", ""): 1, ("scored", ""): 1}


def test_a_job_that_takes_too_long_is_struck(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "a.jpg")
    monkeypatch.setattr(desks, "WATCH_S", 0.01)
    desk = desk_of(str(tmp_path / "jobs.db"), job_s=0.01)
    order = order_of(tmp_path)
    ordered(desk.book, order, b"a.jpg")
    assert drained(desk) == 3
    (one,) = desk.book.ended(order.id, [(b"a.jpg", False)])
    assert one.state == "quarantined"
    assert one.row.count("OutOfTime") == 1
    error = json.loads((tmp_path / "out" / "a.jpg" / "error.json").read_bytes())
    assert error["name"] == "OutOfTime"


def test_a_machine_that_cannot_work_puts_its_jobs_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the folder of uploads is not mounted: nothing is said of the submission."""
    monkeypatch.setattr(desks, "UNWELL_S", 0.0)
    desk = desk_of(str(tmp_path / "jobs.db"))
    ordered(desk.book, order_of(tmp_path), b"a.jpg")
    assert desk.step(threading.Event()) == 0
    assert desk.step(threading.Event()) is None, "not before two minutes have passed"
    taken = desk.book.take("elsewhere", now_s() + 121)
    assert taken is not None
    assert taken.attempts == 1
    assert desk.book.tallied() == {("released", ""): 1}


def test_an_order_that_cannot_be_done_here_holds_up_no_other(photo: Path, tmp_path: Path) -> None:
    """Its folder is gone, or it comes from a later version: it is put off as a whole."""
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "good.jpg")
    desk = desk_of(str(tmp_path / "jobs.db"))
    gone = order_of(tmp_path).model_copy(update={"source": str(tmp_path / "gone")})
    ordered(desk.book, gone, *(f"{number}.jpg".encode() for number in range(30)))
    desk.book.open("f" * 64, '{"from": "the future"}', now_s())
    desk.book.add("f" * 64, [NewJob(b"x", False, "1", "[]", "", None, "read", 0)], now_s())
    taken = desk.book.take("dies", now_s() - SILENT_S - 1)
    assert taken is not None
    ordered(desk.book, order_of(tmp_path), b"good.jpg")
    assert given_up(desk) == 1
    assert drained(desk) <= 4
    assert desk.book.counts() == {("scored", ""): 1, ("waiting", "read"): 31}


def test_each_change_is_told_and_nothing_twice(photo: Path, tmp_path: Path) -> None:
    """A file is bad, good, bad again: three notices, in this order."""
    file = tmp_path / "in" / "a.jpg"
    file.parent.mkdir()
    desk = desk_of(str(tmp_path / "jobs.db"), notify=Notify(webhook=True))
    order = order_of(tmp_path)
    events = []
    for turn, content in enumerate((b"", photo.read_bytes(), b"")):
        file.write_bytes(content)
        desk.book.open(order.id, order.model_dump_json(), now_s())
        job = NewJob(b"a.jpg", False, str(turn), "[]", "", None, "read", 0)
        desk.book.add(order.id, [job], now_s())
        assert drained(desk) == 1
        while notice := desk.book.due_notice(["webhook"], now_s(), now_s() + 60):
            events.append(json.loads(notice.body)["event"])
    assert events == ["submission.failed", "submission.scored", "submission.failed"]


def test_two_orders_to_one_place_do_not_withdraw_each_other_for_ever(
    run: Run, photo: Path, tmp_path: Path
) -> None:
    """From two machines, each with a ledger of its own: who lost its jobs leaves the other's."""
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "a.jpg")
    words = ("batch", tmp_path / "in", "--out", tmp_path / "out", "--engine", "celery", "--no-wait")
    words += ("--store", tmp_path / "jobs.db")
    one = (*words, "--policy", "generic", "--state", tmp_path / "one")
    two = (*words, "--policy", "aliexpress", "--state", tmp_path / "two")
    for command in (one, two, one, two, one):
        assert "1 of 1 are with workers" in run(*command).stdout
    assert JobStore(Store(str(tmp_path / "jobs.db"))).counts() == {("waiting", "read"): 2}


def test_an_order_to_the_same_place_takes_over_what_waits(
    run: Run, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "a.jpg")
    words = ("batch", tmp_path / "in", "--out", tmp_path / "out", "--engine", "celery", "--no-wait")
    store = ("--store", tmp_path / "jobs.db")
    run(*words, *store, "--policy", "generic")
    run(*words, *store, "--policy", "aliexpress")
    assert JobStore(Store(str(tmp_path / "jobs.db"))).counts() == {("waiting", "read"): 1}
    run("worker", *store, "--once", "--allow-unsandboxed", "--beat", tmp_path / "beat")
    report = json.loads((tmp_path / "out" / "a.jpg" / "report.json").read_bytes())
    assert report["policy"]["id"] == "aliexpress"


def fetched(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as fault:
        return fault.code, fault.read().decode()


def test_numbers_and_health_over_http(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "a.jpg")
    desk = desk_of(str(tmp_path / "jobs.db"))
    beat = tmp_path / "beat"
    port = serve(Pages(desk.book, None, beat, allow_unsandboxed=True), "127.0.0.1:0")
    assert fetched(port, "/health/live")[0] == 503
    Keeper(desk, Post(), threading.Event(), beat).round()
    assert fetched(port, "/health/live") == (200, '{"ok": true, "worker": "ok"}\n')
    assert fetched(port, "/health/ready")[0] == 200
    assert fetched(port, "/elsewhere")[0] == 404
    ordered(desk.book, order_of(tmp_path), b"a.jpg")
    lines = fetched(port, "/metrics")[1].splitlines()
    assert 'parcelproof_jobs{stage="read",state="waiting"} 1.0' in lines
    drained(desk)
    desk.book.count({("verdicts", 'it\'s "odd" met'): 1})
    told = fetched(port, "/metrics")[1]
    for line in (
        'parcelproof_jobs_ended_total{state="scored"} 1.0',
        'parcelproof_stage_seconds_count{stage="read"} 1.0',
        'parcelproof_stage_seconds_bucket{le="+Inf",stage="read"} 1.0',
        'parcelproof_queue_age_seconds{stage="read"} 0.0',
        "parcelproof_store_up 1.0",
    ):
        assert line in told.splitlines(), line
    assert 'parcelproof_verdicts_total{requirement="it\'s \\"odd\\"",verdict="met"} 1.0' in told
    assert 'parcelproof_detector_cpu_seconds_total{detector="codes"}' in told


def test_a_store_that_is_away_is_said_and_liveness_does_not_hang_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(str(tmp_path / "jobs.db"))
    beat = tmp_path / "beat"
    beat.touch()

    def away(*_: object) -> None:
        raise errors.NoStore("The store cannot be used.")

    for name in ("ready", "counts", "tallied"):
        monkeypatch.setattr(JobStore, name, away)
    port = serve(Pages(desk.book, None, beat, allow_unsandboxed=True), "127.0.0.1:0")
    assert fetched(port, "/health/live")[0] == 200
    status, said = fetched(port, "/health/ready")
    assert (status, json.loads(said)["store"]) == (503, "The store cannot be used.")
    assert "parcelproof_store_up 0.0" in fetched(port, "/metrics")[1]


def test_the_command_says_what_is_missing(run: Run, tmp_path: Path) -> None:
    done = run("health", "--store", tmp_path / "none.db", "--allow-unsandboxed")
    assert done.returncode == 69
    assert "There is no store" in json.loads(done.stdout)["store"]
    Store(str(tmp_path / "jobs.db")).close()
    done = run("health", "--store", tmp_path / "jobs.db", "--allow-unsandboxed")
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (0, True)
    assert run("health", "--live", "--beat", tmp_path / "none").returncode == 69
    assert lives(tmp_path / "none")["worker"]
    assert run("worker", "--once").returncode == 2
    for words in (["--broker", "kafka://x"], ["--events", "https://q"], ["--listen", "x"]):
        done = run("worker", "--once", "--store", tmp_path / "jobs.db", *words)
        assert done.returncode == 2, words


def test_logs_hold_no_names(run: Run, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "Jane Doe.jpg")
    (tmp_path / "in" / "John Roe.jpg").write_bytes(b"")
    store = ("--store", tmp_path / "jobs.db")
    words = ("batch", tmp_path / "in", "--out", tmp_path / "out", "--engine", "celery", *store)
    run(*words, "--no-wait")
    done = run("worker", *store, "--once", "--allow-unsandboxed", timeout=60)
    said = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [line["event"] for line in said][-1] == "drained"
    assert {line["state"] for line in said if line["event"] == "ended"} == {"scored", "failed"}
    assert not [name for name in ("Jane", "John", "576920418365107249") if name in done.stderr]


def test_a_reviewers_answers_are_counted_against_the_detectors() -> None:
    report = made(examined(), "")
    (exhibit,) = report.exhibits
    line = next(one for one in exhibit.requirements if any(f.llr_cb > 0 for f in one.findings))
    spoke = {one.id.partition(":")[0] for one in line.findings if one.llr_cb > 0}

    def said(word: str) -> list[Answer]:
        said = {"answer": word, "by": "r", "at": "2026-11-27", "requirement": line.id}
        return [Answer.model_validate(said | {"exhibit": exhibit.path})]

    yes, no = reviews(report, said("yes")), reviews(report, said("no"))
    assert spoke
    assert all(no["reversals", name] == 1 and yes["reversals", name] == 0 for name in spoke)
    assert all(yes["reviews", name] == no["reviews", name] == 1 for name in spoke)
    assert not reviews(report, said("unclear"))


def test_a_worker_told_to_stop_ends_and_puts_back_what_it_had(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "a.jpg")
    desk = desk_of(str(tmp_path / "jobs.db"))
    ordered(desk.book, order_of(tmp_path), b"a.jpg")
    stop = threading.Event()
    stop.set()
    assert desk.step(stop) == 0
    assert desk.book.counts() == {("waiting", "read"): 1}
