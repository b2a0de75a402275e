"""Commands about what is kept, as people type them."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run

LABEL = ROOT / "sample_media" / "label.jpg"


@pytest.fixture(scope="module")
def filled(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a batch of two, one scored by hand, and a reviewer's answers."""
    base = tmp_path_factory.mktemp("kept")
    (base / "in").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (base / "in" / name).write_bytes(LABEL.read_bytes() + name.encode())
    out, store = base / "out", base / "out" / "store.db"
    assert run("batch", base / "in", "--out", out).returncode == 0
    scored = run("score", LABEL, "--store", store, "--report", base / "hand", "--redact", "none")
    assert scored.returncode == 0, scored.stderr
    assert run("case", "answers", out / "a.jpg", "--out", base / "answers.toml").returncode == 0
    text = (base / "answers.toml").read_text()
    text = re.sub(r'^by = ""', 'by = "R. Viewer"', text, flags=re.M)
    text = re.sub(r'^at = ""', 'at = "2026-11-27"', text, flags=re.M)
    (base / "answers.toml").write_text(text.replace('answer = ""', 'answer = "yes"'))
    words = ("judge", out / "a.jpg", "--answers", base / "answers.toml", "--store", store)
    reviewed = run(*words, "--report", base / "reviewed", "--format", "json")
    assert reviewed.returncode == 0, reviewed.stderr
    return base


def entries(run: Run, base: Path) -> list[dict[str, str]]:
    shown = run("audit", "show", "--store", base / "out" / "store.db").stdout
    return [json.loads(line) for line in shown.splitlines()]


def test_the_log_says_who_did_what(run: Run, filled: Path) -> None:
    rows = entries(run, filled)
    events = [row["event"] for row in rows]
    assert events.count("scored") == 3 and "answered" in events and "judged" in events
    bodies = [json.loads(row["body"]) for row in rows]
    scored = [body for event, body in zip(events, bodies, strict=True) if event == "scored"]
    assert [body["redact"] for body in scored] == ["print", "print", "none"]
    assert all(body["by"] for body in bodies) and all("pipeline" in body for body in scored)
    assert "a.jpg" not in str(rows)  # digests, no names


def test_each_report_names_the_head_before_its_own(run: Run, filled: Path) -> None:
    rows = entries(run, filled)
    heads = {}
    for folder in ("out/a.jpg", "out/b.jpg", "hand", "reviewed"):
        report = json.loads((filled / folder / "report.json").read_text())
        heads[report["audit"]["batch_key"]] = report["audit"]["head"]
    last = {}
    for row, before in zip(rows[1:], rows, strict=False):
        if row["event"] in ("scored", "judged"):
            last[json.loads(row["body"])["report"]] = before["hash"]
    assert all(heads[key] == last[key] for key in set(heads) & set(last)) and len(last) >= 3
    store = filled / "out" / "store.db"
    done = run("audit", "verify", "--store", store, "--reports", filled)
    assert done.returncode == 0 and "the chain holds" in done.stdout
    assert "4 heads from outside" in done.stdout


def test_a_cut_tail_and_a_changed_entry_are_named(run: Run, filled: Path, tmp_path: Path) -> None:
    whole = filled / "out" / "store.db"
    for order, said in (
        ("DELETE FROM audit WHERE seq > 2", "the log once went on to"),
        ("UPDATE audit SET at = '2000' WHERE seq = 2", "entry 2: it was changed"),
    ):
        store = tmp_path / f"{len(said)}.db"
        with sqlite3.connect(whole) as one, sqlite3.connect(store) as other:
            one.backup(other)
        with sqlite3.connect(store) as file:
            file.execute("DROP TRIGGER audit_kept")
            file.execute("DROP TRIGGER audit_whole")
            file.execute(order)
        done = run("audit", "verify", "--store", store, "--reports", filled)
        assert done.returncode == 65 and said in done.stdout


def test_a_copy_scored_by_hand_is_told(run: Run, filled: Path) -> None:
    """The label photo stands in two other submissions; that is told, and holds nothing down."""
    found = json.loads((filled / "hand" / "report.json").read_text())
    told = [one for one in found["headlines"] if one["kind"] == "reused_perhaps"]
    assert {one["exhibit"] for one in told} == {"label.jpg"} and len(told) == 2
    assert "REUSED_IN_OTHER_CASE" not in str(found["strength"])
    shown = run("store", "similar", filled / "hand", "--store", filled / "out" / "store.db")
    assert shown.stdout.endswith("2 files of other submissions hold footage of this one, or may\n")


def test_purge_and_hold(run: Run, filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled / "out", tmp_path / "out")
    store, reports = tmp_path / "out" / "store.db", tmp_path / "out"
    words = ("purge", "--store", store, "--reports", reports, "--older-than")
    assert "Removed: 0 reports" in run(*words, "1d").stdout
    assert run("store", "hold", "b.jpg", "--store", store).returncode == 0
    with sqlite3.connect(store) as file:
        file.execute("UPDATE reports SET at = '2020-01-01T00:00:00+00:00'")
    for path in reports.glob("*/report.json"):
        found = json.loads(path.read_text())
        path.write_text(json.dumps(found | {"created_at": "2020-01-01T00:00:00+00:00"}))
    done = run(*words, "90d")
    assert "Removed: 3 reports" in done.stdout and "1 folders" in done.stdout, done.stdout
    assert "Held: 1" in done.stdout
    assert not (reports / "a.jpg").exists() and (reports / "b.jpg" / "report.json").is_file()
    assert run("audit", "verify", "--store", store, "--reports", reports).returncode == 0
    released = run("store", "release", "b.jpg", "--store", store)
    assert released.stdout == "1 submission(s) released\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("purge", "--older-than", "soon"), 2, "write 90d, 12w, 6m or 2y"),
        (("store", "hold", "nobody"), 65, "The store has no submission nobody"),
        (("store", "similar", "/nowhere"), 65, "There is no examination.json"),
        (("audit", "verify", "--reports", "/nowhere"), 65, "There is no folder"),
    ],
)
def test_what_cannot_be_done_is_named(
    words: tuple[str, ...], code: int, said: str, run: Run, filled: Path
) -> None:
    done = run(*words, "--store", filled / "out" / "store.db")
    assert done.returncode == code and said in done.stderr


def test_answers_to_a_report_that_is_not_there(run: Run, filled: Path, tmp_path: Path) -> None:
    words = ("judge", filled / "out" / "a.jpg", "--answers", filled / "answers.toml")
    done = run(*words, "--store", tmp_path / "other.db")
    assert done.returncode == 69 and "There is no store at" in done.stderr
    assert not (tmp_path / "other.db").exists()
