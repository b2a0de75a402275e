"""What a submission is, what the operator says of it, what is done again without the media."""

from __future__ import annotations

import csv
import json
import os
import shutil
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import killed
from models import errors
from models.packs import policy
from models.settings import Settings
from models.submission import Case
from models.summary import Row
from pipeline.batch.case_table import case_with, facts_by_submission
from pipeline.batch.jobs import BEGUN, STRIKES, Entry, Job
from pipeline.batch.keys import batch_key
from pipeline.batch.ledger import Ledger
from pipeline.batch.results import FolderResults
from pipeline.batch.runner import listed
from pipeline.batch.runner import run as work_off
from pipeline.batch.sources import Fetched, Folder
from pipeline.batch.work import Batch, Work
from pipeline.store.repository import Store
from tests import clips
from tests.conftest import Run
from tests.pipeline.store.test_reuse import scene

ORDER = "576920418365107249"


def table(out: Path) -> dict[str, dict[str, str]]:
    with (out / "summary.csv").open(newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def test_files_folders_and_archives(run: Run, photo: Path, tmp_path: Path) -> None:
    """Each is one submission; the outermost case file gathers all below it."""
    folder, out = tmp_path / "in", tmp_path / "out"
    for name in ("a.jpg", "case/1.jpg", "case/deep/2.jpg", "plain/b.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(photo.read_bytes() + name.encode())
    for name in ("case/case.toml", "case/deep/case.toml"):
        (folder / name).write_text(f'order_id = "{ORDER}"')
    (folder / "case" / "notes.txt").write_text("hello")
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        archive.write(photo, "inside.jpg")
        archive.writestr("case.toml", f'order_id = "{ORDER}"')
    with zipfile.ZipFile(folder / "evil.zip", "w") as archive:
        archive.writestr("../out.jpg", photo.read_bytes())
    done = run("batch", folder, "--out", out)
    assert done.returncode == 75
    rows = table(out)
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "a.jpg": "scored",
        "case": "scored",
        "evil.zip": "failed",
        "plain/b.jpg": "scored",
        "z.zip": "scored",
    }
    assert rows["evil.zip"]["says"].startswith("BadArchive: ")
    report = json.loads((out / "case" / "report.json").read_text())
    assert [one["path"] for one in report["exhibits"]] == ["1.jpg", "deep/2.jpg"]
    assert report["case"]["sources"] == {"order_id": "claimed"}  # the submitter's word
    assert {row["order"] for row in rows.values()} == {""}
    trusted = run("batch", folder, "--out", out, "--trust-case-files")
    assert "4 judged" in trusted.stdout  # from what was observed, without the media
    rows = table(out)
    assert rows["case"]["order"] == "expected"
    assert rows["z.zip"]["order"] == ""  # an archive's word is never the operator's
    (folder / "case" / "3.jpg").write_bytes(photo.read_bytes() + b"3")
    more = run("batch", folder, "--out", out, "--trust-case-files")
    assert "1 scored" in more.stdout and "3 kept" in more.stdout


def test_the_operators_table(run: Run, photo: Path, tmp_path: Path) -> None:
    folder, out, cases = tmp_path / "in", tmp_path / "out", tmp_path / "cases.csv"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(photo.read_bytes() + name.encode())
    cases.write_text(f"submission,order_id,dates.delivery\na.jpg,{ORDER},2026-11-20\nc.jpg,1,\n")
    first = run("batch", folder, "--out", out, "--cases", cases)
    assert "2 scored" in first.stdout
    assert "Nothing was handed in under c.jpg" in first.stderr
    rows = table(out)
    assert rows["a.jpg"]["order"] == "expected" and rows["b.jpg"]["order"] == ""
    cases.write_text(f"submission,order_id\nb.jpg,{ORDER}\n")
    second = run("batch", folder, "--out", out, "--cases", cases)
    assert "2 judged" in second.stdout and "0 scored" in second.stdout
    rows = table(out)
    assert rows["a.jpg"]["order"] == "" and rows["b.jpg"]["order"] == "expected"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("order_id\n1\n", ["line 1: there is no column submission"]),
        ("submission,oder_id\na,1\n", ["line 1: no column is called oder_id", "order_id?"]),
        ("submission,package_count\na,many\n", ["line 2: package_count"]),
        ("submission,reason\na,because\n", ["line 2:", "because"]),
        ("submission,order_id\na,1\na,2\n", ["line 3: a stands there twice"]),
        ("submission,order_id\n,1\n", ["line 2: no submission is named"]),
        ("submission,dates.delivery\na,soon\nb,2026-13-40\n", ["line 2:", "line 3:"]),
        ("submission,order_id\na,1,2,3\n", ["line 2: more cells than columns"]),
        ("submission,order_id,order_id\na,1,2\n", ["the column order_id stands there twice"]),
        ("submission,order_id\na,5.76920418365107E+17\n", ["line 2: order_id: the spreadsheet"]),
        ("submission,order_id\na,=1+1\n", ["line 2: order_id is a formula"]),
        ("submission;order_id;oder\na;1;2\n", ["no column is called oder"]),
        ("", ["line 1: there is no column submission"]),
    ],
)
def test_faults_of_the_table(text: str, said: list[str], tmp_path: Path) -> None:
    """All at once, each with its line."""
    path = tmp_path / "cases.csv"
    path.write_text(text)
    from pipeline.cli.batching import facts_of_all

    with pytest.raises(errors.Usage) as caught:
        facts_of_all(path, policy("tiktok-shop-us"))
    assert all(one in str(caught.value) for one in said), str(caught.value)


@given(st.binary(max_size=300))
def test_no_table_is_a_traceback(raw: bytes) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(b"submission,order_id\n" + raw)
        file.flush()
        try:
            list(facts_by_submission(Path(file.name), lambda case: None))
        except errors.Usage as fault:
            assert str(fault)


def test_facts_stand_over_those_of_all() -> None:
    base = Case(order_id="11111", party="seller", dates={"notice": "2026-11-01"}, source="operator")
    one = case_with(base, {"order_id": "22222", "dates": {"delivery": "2026-11-20"}})
    assert (one.order_id, one.party) == ("22222", "seller")
    assert one.dates == {"notice": "2026-11-01", "delivery": "2026-11-20"}
    assert case_with(base, {}) is base


class Gone(Folder):
    """A folder whose media cannot be had any more."""

    @contextmanager
    def fetched(self, names: Sequence[bytes]) -> Iterator[list[Fetched]]:
        raise AssertionError("the media were touched")
        yield []


def test_another_case_is_judged_without_the_media(photo: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(photo, folder)
    out.mkdir()
    rules, settings = policy("generic"), Settings(allow_unsandboxed=True)
    store = Store(str(out / "store.db"))

    def batch(source: Folder, case: Case) -> Batch:
        key = batch_key(rules, case, settings)
        return Batch(source, FolderResults(out), store, rules, case, settings, key)

    ended: list[Row] = []
    ledger = Ledger(out)
    first = batch(Folder(folder, out), Case())
    assert listed(first.source, ledger, first.key) == 1
    work_off(first, ledger, 1, ended.append)
    other = batch(Gone(folder, out), Case(order_id=ORDER, source="operator"))
    assert listed(other.source, ledger, other.key) == 1
    work_off(other, ledger, 1, ended.append)
    assert [(row.outcome, row.order) for row in ended] == [("scored", None), ("judged", "expected")]
    ledger.close()


def test_killed_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bench's own run, smaller: nothing lost, nothing twice, nobody blamed."""
    monkeypatch.setattr(killed, "SILENCE_S", 2)
    uploads, out = tmp_path / "in", tmp_path / "out"
    killed.draw(uploads, 10, seed=2)
    found = killed.killed(uploads, out, killed.plant(tmp_path / "site"), kills=5, jobs=2, seed=2)
    assert list(killed.checked(uploads, out)) == []
    assert found.kills.total() >= 3


# ------------------------------------------------------------------ the ledger


def worn(name: str) -> Row:
    return Row(file=name, outcome="quarantined", says="worn")


def ledger_of(folder: Path, *names: str) -> Ledger:
    book = Ledger(folder)
    book.begin("k", (), worn)
    book.enter(Entry(name.encode(), "media", "1") for name in names)
    return book


ROW = Row(file="x", outcome="scored", says="Seen.")


def test_a_strike_is_counted_and_three_are_enough(tmp_path: Path) -> None:
    book = ledger_of(tmp_path, "a", "b")
    names = []
    while job := book.claim():
        names.append(job.name)
        if job.name == b"b":
            book.settle(job, "scored", ROW)
        elif book.strike(job, ROW.model_copy(update={"outcome": "quarantined"})):
            break
    assert names == [b"a", b"b", *[b"a"] * (STRIKES - 1)]  # those tried before come last
    assert book.counts() == {"quarantined": 1, "scored": 1} and book.claim() is None
    assert [row.outcome for row in book.rows()] == ["quarantined", "scored"]
    book.close()
    again = Ledger(tmp_path)
    again.begin("k", (), worn)
    again.enter([Entry(b"a", "media", "1"), Entry(b"b", "media", "1")], again=True)
    job = again.claim()
    assert job and (job.name, job.strikes) == (b"a", 0)
    again.close()


def test_what_ends_everything_is_set_aside_in_the_end(tmp_path: Path) -> None:
    """A submission that ends the whole program each time cannot do so for ever."""
    for _ in range(BEGUN):
        book = ledger_of(tmp_path, "a")
        assert book.claim()
        book.close()  # as if killed: nothing was settled
    book = ledger_of(tmp_path, "a")
    assert book.claim() is None and book.counts() == {"quarantined": 1}
    assert [row.says for row in book.rows()] == ["worn"]
    book.close()


def test_what_changed_is_done_again_and_what_is_gone_is_not_told(tmp_path: Path) -> None:
    book = ledger_of(tmp_path, "a", "b", "c")
    while job := book.claim():
        book.settle(job, "scored", ROW, "[1]")
    book.close()
    book = Ledger(tmp_path)
    book.begin("k", (), worn)
    book.enter([Entry(b"a", "media", "1"), Entry(b"b", "media", "2")])
    job = book.claim()
    assert job and (job.name, job.media) == (b"b", "")
    assert book.claim() is None
    book.settle(job, "scored", ROW)
    assert [row.outcome for row in book.rows()] == ["kept", "scored"]
    book.begin("other key", (), worn)
    book.enter([Entry(b"a", "media", "1"), Entry(b"b", "media", "2")])
    job = book.claim()
    assert job and (job.name, job.media) == (b"a", "[1]")
    book.close()


def test_one_batch_at_a_time(tmp_path: Path) -> None:
    book = Ledger(tmp_path)
    with pytest.raises(errors.Usage, match="Another batch works on"):
        Ledger(tmp_path)
    book.close()
    Ledger(tmp_path).close()


def test_a_ledger_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("no database " * 1000)
    with pytest.raises(errors.Unreadable, match="damaged"):
        Ledger(tmp_path)


@given(st.lists(st.binary(min_size=1, max_size=12), unique=True, max_size=12))
def test_any_name_comes_back_as_it_was(names: list[bytes]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        book = Ledger(Path(folder))
        book.begin("k", (), worn)
        book.enter(Entry(name, "media", "1") for name in names)
        found = []
        while job := book.claim():
            found.append(job.name)
            book.settle(job, "scored", ROW)
        assert found == names
        assert len(list(book.rows())) == len(names)
        book.close()


def test_a_bug_of_ours_is_written_down(tmp_path: Path, photo: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(photo, folder)
    out.mkdir()
    rules, settings = policy("generic"), Settings(allow_unsandboxed=True)
    store = Store(str(out / "store.db"))
    batch = Batch(Gone(folder, out), FolderResults(out), store, rules, Case(), settings, "k")
    ledger = Ledger(out)
    listed(batch.source, ledger, batch.key)
    job = ledger.claim()
    assert isinstance(job, Job)
    row = Work(batch, ledger, threading.Event())(job)
    assert row and row.says == "AssertionError: the media were touched"
    assert json.loads((out / "label.jpg" / "error.json").read_text())["advice"] == "Report this."
    ledger.close()


# ------------------------------------------------------------------ what an adversary found


def test_what_is_no_regular_file_is_told_and_never_opened(
    run: Run, photo: Path, tmp_path: Path
) -> None:
    """A pipe that is called like a video, or like a case file, would hold everything up."""
    folder = tmp_path / "in"
    (folder / "case").mkdir(parents=True)
    shutil.copy(photo, folder)
    shutil.copy(photo, folder / "case" / "b.jpg")
    os.mkfifo(folder / "pipe.mp4")
    os.mkfifo(folder / "case" / "case.toml")
    (folder / "link.zip").symlink_to(photo)
    done = run("batch", folder, "--out", tmp_path / "out", "--trust-case-files", timeout=120)
    assert done.returncode == 0, done.stderr
    outcomes = {name: row["outcome"] for name, row in table(tmp_path / "out").items()}
    assert outcomes["label.jpg"] == outcomes["case/b.jpg"] == "scored"
    assert outcomes["pipe.mp4"] == outcomes["link.zip"] == "skipped"


def test_names_that_are_no_text(run: Run, photo: Path, tmp_path: Path) -> None:
    """A case in a folder whose name is no UTF-8: its files are called as in it."""
    folder, out = tmp_path / "in", tmp_path / "out"
    case = folder / os.fsdecode(b"c\xff")
    case.mkdir(parents=True)
    (case / "case.toml").write_text(f'order_id = "{ORDER}"')
    for name in (b"a.jpg", b"\xfe.jpg"):
        (case / os.fsdecode(name)).write_bytes(photo.read_bytes() + name)
    (folder / "empty").mkdir()
    (folder / "empty" / "case.toml").write_text(f'order_id = "{ORDER}"')
    done = run("batch", folder, "--out", out)
    assert done.returncode == 75
    rows = table(out)
    assert rows["empty"]["says"].startswith("NoMedia: ") and rows["c\\xff"]["outcome"] == "scored"
    report = json.loads((out / os.fsdecode(b"c\xff") / "report.json").read_text())
    assert [one["path"] for one in report["exhibits"]] == ["a.jpg", "\\xfe.jpg"]


def test_names_that_are_our_own(run: Run, photo: Path, tmp_path: Path) -> None:
    """An uploader chooses names; ours are not theirs to take."""
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "store.db").mkdir(parents=True)
    names = [
        "summary.csv",
        "index.html",
        "Ledger.lock",
        "screening.json",
        "store.db/x.jpg",
        "a.jpg",
    ]
    for name in names:
        (folder / name).write_bytes(photo.read_bytes() + name.encode())
    for _ in range(2):
        done = run("batch", folder, "--out", out, "--html")
        assert done.returncode == 0, done.stderr
    rows = table(out)
    assert set(rows) == set(names)
    assert all((out / row["report"]).is_file() for row in rows.values())
    assert rows["a.jpg"]["report"] == "a.jpg/index.html"


def test_a_case_is_taken_whole_or_not_at_all(run: Run, photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name in ("c1/a.jpg", "c1/b.png", "d.jpg", "e.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(photo.read_bytes() + name.encode())
    (folder / "c1" / "case.toml").write_text(f'order_id = "{ORDER}"')

    def files(out: str, *words: str) -> dict[str, int]:
        done = run("batch", folder, "--out", tmp_path / out, *words)
        assert done.returncode == 0, done.stderr
        reports = {name: tmp_path / out / name / "report.json" for name in table(tmp_path / out)}
        return {name: len(json.loads(p.read_text())["exhibits"]) for name, p in reports.items()}

    assert files("png", "--suffix", ".png") == {"c1": 2, "e.png": 1}
    assert files("first", "--first", "2") == {"c1": 2, "d.jpg": 1}
    assert files("none", "--since", "2001-01-01") == {"c1": 2, "d.jpg": 1, "e.png": 1}


def test_a_report_that_is_gone_is_written_again(run: Run, photo: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(photo, folder)
    assert run("batch", folder, "--out", out).returncode == 0
    before = (out / "label.jpg" / "report.json").read_bytes()
    shutil.rmtree(out / "label.jpg")
    again = run("batch", folder, "--out", out)
    assert "0 scored, 1 kept" in again.stdout
    assert (out / "label.jpg" / "report.json").read_bytes() == before


def test_nobody_hides_media_behind_a_report(run: Run, photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(photo, folder)
    for name in ("report.json", "examination.json"):
        (folder / name).write_text("{}")
    done = run("batch", folder, "--out", tmp_path / "out")
    assert "1 scored" in done.stdout and set(table(tmp_path / "out")) == {"label.jpg"}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_who_is_told_of_reuse_does_not_depend_on_who_came_first(
    run: Run, tmp_path: Path, jobs: str
) -> None:
    """One recording in two cases: both are told, and both are held; in one case, neither."""
    folder, out, cases = tmp_path / "in", tmp_path / "out", tmp_path / "cases.csv"
    folder.mkdir()
    pictures = [cv2.resize(picture, (320, 240)) for picture in scene(60) for _ in range(3)]
    clips.encode(folder / "a.mp4", pictures, fps=12)
    clips.encode(folder / "b.mp4", [cv2.resize(one, (240, 180)) for one in pictures], fps=12)

    def told(text: str) -> list[str]:
        cases.write_text(f"submission,order_id\n{text}")
        assert run("batch", folder, "--out", out, "--jobs", jobs, "--cases", cases).returncode == 0
        return [row["reused"] for row in table(out).values()]

    assert told("a.mp4,576920418365107249\nb.mp4,111-222-333\n") == ["1", "1"]
    caps = [
        json.loads((out / name / "report.json").read_text())["strength"]["caps"]
        for name in ("a.mp4", "b.mp4")
    ]
    assert all("REUSED_IN_OTHER_CASE" in one for one in caps)
    assert told("a.mp4,576920418365107249\nb.mp4,576920418365107249\n") == ["0", "0"]
    assert told("a.mp4,576920418365107249\nb.mp4,111-222-333\n") == ["1", "1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gs://b/x", "--out", "OUT"), "is neither a folder nor s3://bucket/prefix"),
        (("IN", "--out", "S3://b/x"), "is neither a folder nor s3://bucket/prefix"),
        (("IN/deep", "--out", "IN"), "OUT is, or holds, the folder of the uploads"),
        (("IN", "--out", "OUT", "--store", "postgresql:/u:hunter2@h/x"), "--store: write a path"),
        (("IN", "--out", "OUT", "--store", "postgresql://u:hunter2@h:port/x"), "makes no sense"),
        (("IN", "--out", "OUT", "--store", "mysql://u:hunter2@h/x?password=hunter2"), "--store"),
    ],
)
def test_addresses_that_are_none(
    words: tuple[str, ...], said: str, run: Run, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    shutil.copy(photo, tmp_path / "in" / "deep")
    places = {"IN": str(tmp_path / "in"), "OUT": str(tmp_path / "out")}
    full = [word.replace("IN", places["IN"]).replace("OUT", places["OUT"]) for word in words]
    done = run("batch", *full)
    assert done.returncode == 2 and said in done.stderr.replace("\n", " "), done.stderr
    assert "hunter2" not in done.stderr + done.stdout
