"""End to end through the real box, on the sample media and their truth."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from models import errors
from models.card import cards
from models.examination import Examination
from models.observation import Run as DetectorRun
from models.packs import policy
from models.report import VOLATILE, Report
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from pipeline import score
from pipeline.judge.judged import judged
from pipeline.render.json import as_json
from tests import clips
from tests.conftest import ROOT, SHARED, Run, needs_shared, report_of
from tests.pipeline.judge import whole

SAMPLES = ROOT / "sample_media"
TRUTH: dict[str, Any] = tomllib.loads((SAMPLES / "truth.toml").read_text("utf-8"))
CASE = Case(
    source="operator",
    order_id=TRUTH["label"]["order_id"],
    tracking_number=TRUTH["label"]["tracking_number"],
)


GOLDEN = {  # of which golden report each sample is the only exhibit
    "main.mp4": "packing",
    "other_order.mp4": "packing_other_order",
    "unboxing.mp4": "unboxing",
    "unboxing_cut.mp4": "unboxing_cut",
    "unboxing_five_sides.mp4": "unboxing_five_sides",
    "label.jpg": "label",
    "order_page.png": "order_page",
}


@pytest.fixture(scope="module")
def reports() -> dict[str, dict[str, Any]]:
    """Each sample's golden report, which tests/test_goldens.py holds to what the program says."""
    folder = ROOT / "tests" / "goldens"
    return {
        name: json.loads((folder / f"{golden}.json").read_text("utf-8"))
        for name, golden in GOLDEN.items()
    }


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {row["id"]: row["verdict"] for row in report["exhibits"][0]["requirements"]}


@pytest.mark.parametrize("name", TRUTH["media"])
def test_samples_are_read_as_they_were_drawn(name: str, reports: dict[str, dict[str, Any]]) -> None:
    truth, report = TRUTH["media"][name], reports[name]
    (exhibit,) = report["exhibits"]
    label = truth.get("label", TRUTH["label"])
    ours = label == TRUTH["label"]
    read = {i["value"]: i for i in exhibit["identifiers"]}
    assert set(read) == {label["order_id"], label["tracking_number"]}
    assert {i["match"] for i in read.values()} == {"expected" if ours else "other"}
    assert verdicts(report)["order-info-matches"] == ("met" if ours else "not_met")
    assert ("LINK_OTHER_ORDER" in report["strength"]["caps"]) == (not ours)
    if exhibit["kind"] == "video":
        assert exhibit["continuity"]["verdict"] == (
            "could_not_confirm" if truth["continuous"] else "not_met"
        )
        starts = [b["start_s"] for b in exhibit["continuity"]["breaks"]]
        assert len(starts) == len(truth.get("cuts_s", []))
        assert all(abs(a - b) <= 0.1 for a, b in zip(starts, truth.get("cuts_s", []), strict=True))
    else:
        assert exhibit["role"] == truth["role"] and exhibit["role_source"] == "guessed"


def test_a_video_without_a_role_is_undecided_and_said_so() -> None:
    (exhibit,) = whole.judged(whole.clip(*whole.label(), role=None)).exhibits
    assert (exhibit.role, exhibit.role_source) == ("undecided", "assumed")


def test_without_a_case_the_link_could_not_be_confirmed() -> None:
    report = scored("label.jpg")
    assert {r.id: r.verdict for r in report.exhibits[0].requirements}[
        "order-info-matches"
    ] == "could_not_confirm"
    assert report.strength is not None and "LINK_UNCONFIRMED" in report.strength.caps


def scored(name: str, case: Case | None = None) -> Report:
    exhibit = Exhibit(path=SAMPLES / name, shown=name)
    submission = Submission(exhibits=(exhibit,), case=case or Case())
    return score.score(submission, policy("tiktok-shop-us"), Settings())


def test_several_files_make_one_case() -> None:
    report = whole.judged(
        whole.clip(*whole.label(), path="main.mp4"),
        whole.clip(*whole.label(), path="again.mp4"),
        reason="product-damaged-or-used",
    )
    assert [e.role for e in report.exhibits] == ["packing_video", "packing_video"]
    assert {s.id: s.required for s in report.slots} == {
        "damage-shown": True,
        "not-damaged-before-shipment": True,
    }
    assert report.exhibits[0].strength is not None and report.strength is not None
    alone = [e.strength.score for e in report.exhibits[:2] if e.strength]
    filled = {s.id: s.value for s in report.slots}
    assert filled["damage-shown"] == 0.0, "no exhibit shows the damage"
    most = max(alone)
    assert most <= filled["not-damaged-before-shipment"] <= min(100.0, most + 10.1), (
        "a second capture corroborates by at most 10"
    )
    assert report.strength is not None
    assert report.strength.score == 30.0, "two required slots, one empty: what its slack leaves"


def test_one_unreadable_exhibit_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"nonsense")
    submission = Submission(
        exhibits=(
            Exhibit(path=tmp_path / "bad.mp4", shown="bad.mp4"),
            Exhibit(path=SAMPLES / "label.jpg", shown="label.jpg"),
        )
    )
    report = score.score(submission, policy("tiktok-shop-us"), Settings())
    assert report.exhibits[0].error is not None and report.exhibits[0].error.name == "NotMedia"
    assert report.exhibits[1].strength is not None


def stripped(node: Any) -> Any:
    """A report without its volatile fields."""
    if isinstance(node, dict):
        return {k: stripped(v) for k, v in node.items() if k not in VOLATILE}
    return [stripped(v) for v in node] if isinstance(node, list) else node


def test_same_bytes_same_report(honest: Path, run: Run) -> None:
    one = report_of(run("score", honest, "--format", "json", PYTHONHASHSEED="1"))
    two = report_of(run("score", honest, "--format", "json", PYTHONHASHSEED="2"))
    assert json.dumps(stripped(one)) == json.dumps(stripped(two))
    assert one["created_at"] and one["audit"]


def test_the_report_keeps_its_schema(run: Run) -> None:
    schema = json.loads(run("schema").stdout)
    drawn = whole.clip(*whole.label(), whole.jump(9.0))
    for found in (scored("label.jpg", CASE), whole.judged(drawn, reason="product-damaged-or-used")):
        report = json.loads(as_json(found))
        jsonschema.validate(report, schema)
        assert Report.model_validate(report)


def test_private_reads_are_never_written_down(reports: dict[str, dict[str, Any]]) -> None:
    for report in reports.values():
        assert "SAMPLE BUYER" not in json.dumps(report) and "Example Street" not in json.dumps(
            report
        )
        assert not [
            o for e in report["exhibits"] for o in e["observations"] if o["kind"] == "token"
        ]


def test_a_failed_detector_never_turns_into_met() -> None:
    """With every reader failed, nothing is known; that is not the same as nothing being there."""
    runs = tuple(
        DetectorRun(detector=n, version="1", outcome="failed", reason="on purpose", sees=s)
        for n, s in (("codes", ("code",)), ("text", ("text_id",)), ("cuts", ("cut",)))
    )
    exhibit = Examination(
        path="x",
        sha256="0" * 64,
        kind="video",
        role="packing_video",
        media=clips.media(90),
        runs=runs,
    )
    one = judged(exhibit, CASE, policy("tiktok-shop-us"), cards(), None)
    assert {line.status for line in one.strength.lines} == {"not_checked"}
    assert one.strength.score == 0 and one.strength.band == "not_assessable"


def test_unknown_role_and_reason_are_usage_errors() -> None:
    with pytest.raises(errors.Usage, match="no role"):
        scored("label.jpg", case=Case(source="operator", role="holiday_video"))
    with pytest.raises(errors.Usage, match="no reason"):
        scored("label.jpg", case=Case(source="operator", reason="bad-mood"))


@pytest.mark.parametrize("change", ["remux", "downscale", "rotate"])
def test_honest_handling_never_weighs_against_the_sender(change: str, tmp_path: Path) -> None:
    """Re-muxing, scaling or turning a clip must not push `continuous` or `unedited` below 1/2
    (SCORING 4d).
    """
    import cv2
    import numpy as np

    pictures = clips.pan(90)
    if change == "downscale":
        pictures = [
            np.asarray(cv2.resize(p, (214, 120), interpolation=cv2.INTER_AREA), np.uint8)
            for p in pictures
        ]
    if change == "rotate":
        pictures = [np.ascontiguousarray(np.rot90(p)) for p in pictures]
    path = clips.encode(tmp_path / ("a.mkv" if change == "remux" else "a.mp4"), pictures)
    report = score.score(
        Submission(exhibits=(Exhibit(path=path, shown="a"),)), policy("tiktok-shop-us"), Settings()
    )
    rows = {r.id: r for r in report.exhibits[0].requirements}
    assert rows["continuous"].log10_lr >= -0.3 and rows["unedited"].log10_lr >= -0.3


def real_clips() -> Iterator[Path]:
    folder = SHARED / "bench" / "integrity" / "provenance"
    yield from sorted(folder.glob("*"))[:3]


@needs_shared
def test_real_footage_is_read() -> None:
    for path in real_clips():
        report = score.score(
            Submission(exhibits=(Exhibit(path=path, shown=path.name),)),
            policy("tiktok-shop-us"),
            Settings(),
        )
        assert all(run.outcome == "completed" for run in report.exhibits[0].runs), path.name


@needs_shared
def test_every_malicious_file_is_refused(run: Run, tmp_path: Path) -> None:
    for path in sorted((SHARED / "bench" / "malicious").iterdir()):
        if path.name != "README.md":
            done = run("score", path)
            assert done.returncode == 65 and "Traceback" not in done.stderr, (
                path.name,
                done.stderr,
            )


def test_a_role_that_a_file_cannot_have_is_told_and_stops_nothing() -> None:
    """A still page cannot be an unboxing video; the file beside it is scored all the same."""
    exhibits = (
        Exhibit(path=SAMPLES / "order_page.png", shown="page.png", role="unpacking_video"),
        Exhibit(path=SAMPLES / "label.jpg", shown="label.jpg"),
    )
    found = score.score(Submission(exhibits=exhibits), policy("tiktok-shop-us"), Settings())
    told, scored_one = found.exhibits
    assert told.error and "as unpacking_video the policy tiktok-shop-us takes: video" in str(
        told.error.says
    )
    assert scored_one.error is None and scored_one.requirements
