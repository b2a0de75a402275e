"""Whole cases from the command line, as a new user would: template, score, answers, other rules."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run, once

CASES = ROOT / "sample_media" / "cases"


@pytest.fixture(scope="module")
def scored(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def score(folder: Path) -> None:
        case = CASES / "missing-products-or-parts"
        done = run("score", case, "--trust-case-files", "--report", folder)
        assert done.returncode == 0, done.stderr

    return once(tmp_path_factory, "scored_case", score)


def test_a_case_is_written_and_checked(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    assert run("case", "new", "--out", file).returncode == 0
    assert run("case", "check", file).stdout == ""
    again = run("case", "new", "--out", file)
    assert again.returncode == 2 and "not overwritten" in again.stderr
    file.write_text('order_id = 5\nreasn = "x"\n', "utf-8")
    broken = run("case", "check", file)
    assert broken.returncode == 2 and "line 1:" in broken.stderr and "line 2:" in broken.stderr


def test_a_folder_is_a_case_by_its_own_file(scored: Path) -> None:
    found = json.loads((scored / "report.json").read_text("utf-8"))
    assert found["case"]["reason"] == "missing-products-or-parts"
    assert [slot["exhibits"] for slot in found["slots"]] == [["packing.jpg"], ["receipt.png"], []]
    assert found["together"] and found["slots"][2]["roles"] == ["unpacking_video"]
    clocks = {clock["id"]: clock for clock in found["deadlines"]}
    assert clocks["seller-evidence"]["due"] == "2026-03-21T09:00:00+00:00"
    assert clocks["seller-appeal"]["state"] == "cannot_be_computed"
    page = (scored / "index.html").read_text("utf-8")
    assert "After-Sales Evidence Guide" in page and ".txt" not in page
    assert "What the sources say besides" in page and "weight_receipt" not in page


def test_the_same_folder_without_trust_is_only_claimed(run: Run) -> None:
    done = run("score", CASES / "delivery-on-schedule", "--format", "json")
    found = json.loads(done.stdout)
    assert found["case"]["source"] == "none" and found["case"]["claimed"]["order_id"]
    assert found["slots"] == []


def test_answers_go_round(run: Run, scored: Path, tmp_path: Path) -> None:
    file = tmp_path / "answers.toml"
    assert run("case", "answers", scored, "--out", file).returncode == 0
    text = (
        file.read_text("utf-8").replace('by = ""', 'by = "R"').replace('at = ""', "at = 2026-01-02")
    )
    file.write_text(text.replace('answer = ""', 'answer = "yes"'), "utf-8")
    done = run("judge", scored, "--answers", file, "--format", "json")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["questions"] == []
    before = json.loads((scored / "report.json").read_text("utf-8"))
    assert found["strength"]["low"] > before["strength"]["low"]


def test_other_rules_need_no_media(run: Run, scored: Path) -> None:
    other = run("judge", scored, "--policy", "aliexpress", "--format", "json")
    found = json.loads(other.stdout)
    assert other.returncode == 0 and found["policy"]["authority"] == "third-party"
    assert "has no reason missing-products-or-parts" in other.stderr
    assert run("judge", scored, "--policy", "generic", "--role", "nonsense").returncode == 2
    assert run("judge", scored, "--policy", "generic", "--reason", "nonsense").returncode == 2


def test_the_time_of_judging_moves_the_clocks(run: Run, scored: Path) -> None:
    for now, state in (("2026-03-20T10:00:00Z", "running"), ("2026-03-22T10:00:00Z", "passed")):
        done = run("judge", scored, "--now", now, "--format", "json")
        clocks = {clock["id"]: clock for clock in json.loads(done.stdout)["deadlines"]}
        assert clocks["seller-evidence"]["state"] == state


def test_reasons_before_and_after(run: Run, scored: Path, tmp_path: Path) -> None:
    every = run("advise-reason", "--format", "json")
    assert len(json.loads(every.stdout)) == 18
    shots = run("advise-reason", "--reason", "product-damaged-or-used")
    assert (
        "[ ] Photos/videos of damage" in shots.stdout
        and "“Photos/videos of damage”" in shots.stdout
    )
    page = tmp_path / "shots.html"
    done = run(
        "advise-reason", "--reason", "product-damaged-or-used", "--out", page, "--lang", "zh"
    )
    assert done.returncode == 0 and "default-src" in page.read_text("utf-8")
    fits = json.loads(run("advise-reason", scored, "--format", "json").stdout)
    assert fits[0]["reason"] == "missing-products-or-parts" and fits[0]["empty"] == []


def test_drafts_say_what_is_missing_and_accuse_nobody(
    run: Run, scored: Path, tmp_path: Path
) -> None:
    out = tmp_path / "drafts"
    assert run("drafts", scored, "--out", out).returncode == 0
    assert {path.name for path in out.iterdir()} == {
        "what_is_missing.txt",
        "request_for_details.txt",
        "statement_of_reasons.json",
        "findings.csv",
    }
    reasons = json.loads((out / "statement_of_reasons.json").read_text("utf-8"))
    assert "decided nothing" in reasons["automated_means"]
    assert all(fact["asked_by"] or fact["requirement"] for fact in reasons["facts"])
    missing = (out / "what_is_missing.txt").read_text("utf-8")
    assert "A person still has to look at:" in missing and "0.41 kg" not in missing
    assert "does not say that anything is untrue" in missing


def test_cells_of_findings_are_inert(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(CASES / "delivery-on-schedule" / "tracking.png", folder / "=cmd().png")
    assert run("score", folder, "--report", tmp_path / "out").returncode == 0
    assert run("drafts", tmp_path / "out", "--out", tmp_path / "d").returncode == 0
    rows = (tmp_path / "d" / "findings.csv").read_text("utf-8").splitlines()[1:]
    assert rows and all(row.startswith("'=cmd") for row in rows)
