"""Judging a saved examination gives the report of the first scoring, byte for byte."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from models.card import cards
from models.examination import Examination, Examinations
from models.kinds import Token
from models.observation import of
from models.packs import policy
from models.report import Report
from models.sealing import sealed
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from pipeline import score
from pipeline.judge.report import report
from pipeline.render.folder import contents, saved_examinations, write_contents
from pipeline.render.json import as_json
from tests import clips
from tests.conftest import ROOT, Run, report_of
from tests.detectors import test_continuity as drawn

RULES = policy("tiktok-shop-us")
SAMPLES = sorted(
    path for path in (ROOT / "sample_media").iterdir() if path.suffix in (".mp4", ".jpg", ".png")
)
ORDER, TRACKING = "576920418365107249", "9400111899560012345677"
CASE = Case(source="operator", order_id=ORDER, tracking_number=TRACKING)
CLIPS = {
    "jump": drawn.jumped,
    "dip": lambda: clips.dipped(16.0),
    "freeze": drawn.frozen,
    "repeat": drawn.looped,
    "overlay": drawn.overlaid,
    "light": drawn.flooded,
    "cover": clips.shut,
    "blank": drawn.blanked,
    "honest": lambda: clips.pan(90),
}


def observed(path: Path, case: Case = CASE, **options: Any) -> score.Observed:
    submission = Submission(exhibits=(Exhibit(path=path, shown=path.name),), case=case)
    return score.observe(submission, RULES, Settings(every_detector=True, **options))


def assert_judged_alike(first: score.Observed, folder: Path) -> Report:
    """Saved, read back, judged again: the same report; the audit apart, which is volatile."""
    before = score.judged(first, RULES)
    write_contents(folder, contents(before, first.examinations))
    saved = saved_examinations(folder)
    again = report(saved, RULES, cards(), audit=before.audit)
    assert as_json(again) == as_json(before)
    assert saved == first.examinations
    return before


@pytest.mark.parametrize("name", CLIPS)
def test_of_each_kind_of_clip(name: str, tmp_path: Path) -> None:
    path = clips.encode(tmp_path / "clip.mp4", CLIPS[name](), sound=True)
    assert_judged_alike(observed(path), tmp_path / "out")


def test_what_is_saved_is_private_and_as_masked_as_the_report(tmp_path: Path) -> None:
    """Bare numbers are digests; no name or address stands in the file."""
    sheet = clips.print_lines(["SAMPLE BUYER", "12 Example Street", f"{ORDER}", "0171 23456789"])
    import cv2

    path = tmp_path / "sheet.png"
    cv2.imwrite(str(path), sheet)
    first = observed(path)
    found = assert_judged_alike(first, tmp_path / "out")
    file = tmp_path / "out" / "examination.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = json.dumps(json.loads(file.read_text("utf-8"))["exhibits"])
    assert not any(word in text for word in (ORDER, "23456789", "BUYER", "Example"))
    tokens = of(first.examinations.exhibits[0].observations, Token)
    salt = bytes.fromhex(first.examinations.seal.salt)
    assert sealed(ORDER, salt) in {token.value for token in tokens}
    assert [i.match for i in found.exhibits[0].identifiers] == ["expected"], "still compared"


def test_a_key_of_the_operators_own(tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "sheet.png"), clips.print_lines([ORDER]))
    key = tmp_path / "key"
    key.write_bytes(b"a key of the operator's own")
    key.chmod(0o600)
    first = observed(tmp_path / "sheet.png", seal_key=key)
    saved = first.examinations
    assert saved.seal.source == "operator" and not saved.seal.salt
    blind = report(saved, RULES, cards())
    seeing = report(saved, RULES, cards(), seal_key=key.read_bytes())
    assert not blind.exhibits[0].identifiers
    assert any("--seal-key" in str(line) for line in blind.not_checked)
    assert [i.match for i in seeing.exhibits[0].identifiers] == ["expected"]


@pytest.mark.parametrize(
    ("mode", "content", "says"),
    [(0o644, b"x" * 32, "read by others"), (0o600, b"short", "fewer than 16")],
)
def test_a_key_that_is_no_secret_is_refused(
    mode: int, content: bytes, says: str, tmp_path: Path, run: Run
) -> None:
    key = tmp_path / "key"
    key.write_bytes(content)
    key.chmod(mode)
    done = run("score", SAMPLES[0], "--seal-key", key)
    assert done.returncode == 2 and says in done.stderr


@pytest.fixture(scope="module")
def saved(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report on a label, scored without a case."""
    folder = tmp_path_factory.mktemp("saved")
    done = run("score", ROOT / "sample_media" / "label.jpg", "--report", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_command_judges_without_the_media(saved: Path, run: Run) -> None:
    before = json.loads((saved / "report.json").read_text("utf-8"))
    again = report_of(run("judge", saved, "--format", "json"))
    for volatile in ("audit",):
        before.pop(volatile), again.pop(volatile)
    assert json.dumps(again) == json.dumps(before)


def test_another_case_changes_what_is_matched(saved: Path, run: Run, tmp_path: Path) -> None:
    again = report_of(run("judge", saved, "--order-id", ORDER, "--format", "json"))
    rows = {row["id"]: row["verdict"] for row in again["exhibits"][0]["requirements"]}
    assert rows["order-info-matches"] == "met"
    (tmp_path / "case.toml").write_text('order_id = "577104936285590316"\n')
    other = report_of(run("judge", saved, "--case", tmp_path / "case.toml", "--format", "json"))
    assert {i["match"] for i in other["exhibits"][0]["identifiers"]} >= {"other"}


def test_the_page_is_made_anew_with_the_pictures_of_the_first(
    saved: Path, run: Run, tmp_path: Path
) -> None:
    done = run("judge", saved, "--order-id", ORDER, "--report", tmp_path, "--now", "2026-01-01")
    assert done.returncode == 0, done.stderr
    assert "data:image/jpeg" in (tmp_path / "index.html").read_text("utf-8")
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["created_at"] == "2026-01-01"


def test_what_no_detector_looked_at_names_the_command_that_would(
    run: Run, honest: Path, tmp_path: Path
) -> None:
    """Scored as a packing video, judged as an unboxing: sides nobody counted."""
    run("score", honest, "--role", "packing_video", "--report", tmp_path)
    again = report_of(run("judge", tmp_path, "--role", "unpacking_video", "--format", "json"))
    rows = {row["id"]: row for row in again["exhibits"][0]["requirements"]}
    open_rows = [row for row in rows.values() if row["verdict"] == "not_checked"]
    assert any("python -m pipeline score honest.mp4" in row["says"] for row in open_rows)


@pytest.mark.parametrize("content", [None, "{}", "nonsense"])
def test_what_cannot_be_judged_is_a_named_error(
    content: str | None, run: Run, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "examination.json").write_text(content)
    done = run("judge", tmp_path)
    assert done.returncode == 65 and "Traceback" not in done.stderr
    assert done.stderr.startswith("Missing" if content is None else "Unreadable")


def test_every_finding_resolves(tmp_path: Path) -> None:
    """By its observation, or by the completed run that saw nothing."""
    path = clips.encode(tmp_path / "clip.mp4", drawn.jumped())
    found = score.judged(observed(path), RULES).exhibits[0]
    seen = {one.id for one in found.observations}
    runs = {run.detector: run for run in found.runs}
    findings = [one for row in found.requirements for one in row.findings]
    assert findings
    for one in findings:
        if one.silence is None:
            assert one.id in seen, one.id
        else:
            run = runs[one.silence.detector]
            assert run.outcome == "completed" and one.silence.kind in run.sees


def test_one_unreadable_exhibit_is_saved_with_its_error(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"nonsense")
    exhibits = tuple(
        Exhibit(path=path, shown=path.name) for path in (tmp_path / "bad.mp4", SAMPLES[0])
    )
    first = score.observe(Submission(exhibits=exhibits, case=CASE), RULES, Settings())
    found = assert_judged_alike(first, tmp_path / "out")
    assert found.exhibits[0].error is not None
    assert found.exhibits[0].error.says.text.startswith("By its content this is none")


def test_an_examination_is_of_this_program(tmp_path: Path) -> None:
    """What versions observed is part of the record."""
    exhibit: Examination = observed(SAMPLES[0]).examinations.exhibits[0]
    assert {"FFmpeg", "OpenCV", "onnxruntime", "zxing-cpp"} <= set(exhibit.versions)
    assert all(len(run.version) == 12 for run in exhibit.runs)
    assert Examinations.model_validate_json(as_json(observed(SAMPLES[0]).examinations))
