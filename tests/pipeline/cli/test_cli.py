"""The program as people call it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from tests import clips
from tests.conftest import ROOT, Run, report_of

LABEL = ROOT / "sample_media" / "label.jpg"
ORDER = "576920418365107249"


def test_version_and_help(run: Run) -> None:
    assert run("--version").stdout == f"parcelproof {pipeline.__version__}\n"
    for command in (
        "score",
        "judge",
        "batch",
        "identify",
        "policies",
        "detectors",
        "schema",
        "doctor",
    ):
        done = run(command, "--help")
        assert done.returncode == 0 and len(done.stdout) > 100


def test_lists_say_what_their_names_say(run: Run) -> None:
    assert "Continuous, clear, unedited footage" in run("policies").stdout
    said = run("detectors").stdout
    assert (
        re.search(r"^cuts [0-9a-f]{12}  ", said, re.M)
        and "false alarms 4 of 142" in said
        and "not measured" in said
    )


def test_identify_names_candidates_and_their_reasons(run: Run) -> None:
    said = run("identify", "1Z 999 AA1 01 2345 6784", "hello").stdout
    assert (
        "● tracking number of ups (ups): its check digit holds" in said
        and "hello: no carrier" in said
    )
    told = subprocess.run(
        [sys.executable, "-m", "pipeline", "identify", "--format", "json", "-"],
        input="1Z999AA10123456785\n\n202-3558314-1389920\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    ).stdout.splitlines()
    wrong, nothing, order = map(json.loads, told)
    assert [(c["carrier"], c["valid"]) for c in wrong["candidates"]] == [("ups", False)]
    assert nothing == {"text": "", "candidates": []}
    assert order["candidates"][0] | {"why": ""} == {
        "kind": "order_id",
        "carrier": "amazon",
        "format": "amazon_3_7_7",
        "valid": None,
        "why": "",
    }


def test_terminal_report_fits_a_screen(run: Run) -> None:
    done = run("score", LABEL, "--order-id", ORDER, COLUMNS="80")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and done.stderr == ""
    assert lines[0].startswith("label.jpg: Judged as a parcel photo")
    assert len(lines) <= 40 and max(map(len, lines)) <= 80
    assert "It is the order in" in done.stdout and "could not confirm" in done.stdout


def test_case_file_and_command_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(f'order_id = "{ORDER}"\nrole = "damage_photo"\n')
    found = report_of(run("score", LABEL, "--case", tmp_path / "case.toml", "--format", "json"))
    assert found["case"]["source"] == "operator" and found["exhibits"][0]["role"] == "damage_photo"
    found = report_of(
        run(
            "score",
            LABEL,
            "--case",
            tmp_path / "case.toml",
            "--role",
            "parcel_photo",
            "--format",
            "json",
        )
    )
    assert found["exhibits"][0]["role_source"] == "given" and found["case"]["order_id"] == ORDER


def test_the_tracking_number_of_an_unboxing_is_the_returns(run: Run) -> None:
    found = report_of(
        run(
            "score",
            LABEL,
            "--role",
            "unpacking_video",
            "--tracking-number",
            "9400111899560012345677",
            "--format",
            "json",
        )
    )
    assert (
        found["case"]["return_tracking_number"] == "9400111899560012345677"
        and found["case"]["tracking_number"] is None
    )


def test_a_folder_is_one_submission_with_its_case(run: Run, tmp_path: Path) -> None:
    shutil.copy(LABEL, tmp_path / "one.jpg")
    (tmp_path / "case.toml").write_text(f'order_id = "{ORDER}"\n')
    (tmp_path / "notes.txt").write_text("not media")
    claimed = report_of(run("score", tmp_path, "--format", "json"))
    assert [e["path"] for e in claimed["exhibits"]] == ["one.jpg"]
    case = claimed["case"]
    assert (case["order_id"], case["claimed"], case["source"]) == (
        None,
        {"order_id": ORDER},
        "none",
    )
    assert any("submitter's word" in line for line in claimed["not_checked"])
    trusted = report_of(run("score", tmp_path, "--trust-case-files", "--format", "json"))
    assert (trusted["case"]["order_id"], trusted["case"]["source"]) == (ORDER, "operator")
    mine = report_of(run("score", tmp_path, "--order-id", "577104936285590316", "--format", "json"))
    assert mine["case"]["order_id"] == "577104936285590316"
    assert mine["case"]["claimed"] == {"order_id": ORDER}


def test_roles_on_the_command_line(run: Run, tmp_path: Path) -> None:
    """FILE=ROLE; a file whose name holds the sign is that file."""
    odd = tmp_path / "a=b.jpg"
    shutil.copy(LABEL, odd)
    done = report_of(run("score", odd, f"{LABEL}=damage_photo", "--format", "json"))
    assert [(e["path"], e["role"], e["role_source"]) for e in done["exhibits"]] == [
        ("a=b.jpg", "parcel_photo", "guessed"),
        ("label.jpg", "damage_photo", "given"),
    ]
    assert run("score", f"{LABEL}=nonsense").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--role", "nonsense"], 2, "Usage"),
        (["--reason", "nonsense"], 2, "Usage"),
        (["--policy", "nonsense"], 2, "Usage"),
        (["--case", "missing.toml"], 2, "Usage"),
        (["--order-id", "9" * 80], 2, "Usage"),
        (["--limit", "duration_s=0"], 2, "Usage"),
        (["--limit", "nonsense=7"], 2, "Usage"),
        (["--limit", "bytes"], 2, "Usage"),
        (["--limit", "bytes=1000"], 65, "TooLarge"),
        (["--limit", "photo_pixels=1000", "--limit", "width=9"], 65, "TooLarge"),
    ],
)
def test_errors_are_named(arguments: list[str], code: int, error: str, run: Run) -> None:
    done = run("score", LABEL, *arguments)
    assert (done.returncode, done.stderr.split(":")[0]) == (code, error), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["order_id = 7", 'nonsense = "x"', "order_id = ", "\xff"])
def test_a_broken_case_file_says_where(text: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_bytes(text.encode("latin-1"))
    done = run("score", LABEL, "--case", tmp_path / "case.toml")
    assert done.returncode == 2 and done.stderr.startswith("Usage: The file case.toml")


def test_no_progress_bar_where_nobody_watches(run: Run, tmp_path: Path) -> None:
    clip = clips.encode(tmp_path / "a.mp4", clips.pan(20))
    assert run("score", clip).stderr == ""


@pytest.mark.parametrize("command", ["policies", "detectors", "doctor"])
def test_lists_as_json(command: str, run: Run) -> None:
    rows = json.loads(run(command, "--format", "json").stdout)
    name = "id" if command == "policies" else "name"
    told = run(command).stdout
    assert rows and all(row[name] in told for row in rows)


def test_what_was_skipped_in_a_folder_is_told(run: Run, tmp_path: Path) -> None:
    """Other files, links, a report of ours; of many the first. It stands in what is saved."""
    folder = tmp_path / "case"
    folder.mkdir()
    shutil.copy(LABEL, folder)
    (folder / "case.toml").write_text("")
    (folder / "letter.docx").write_bytes(b"a letter")
    (folder / "more.jpg").symlink_to(LABEL)
    out = folder / "out"
    for _ in range(2):
        done = run("score", folder, "--report", out, "--format", "json")
        report = json.loads(done.stdout)
        assert [one["path"] for one in report["exhibits"]] == ["label.jpg"]
    (told,) = [line for line in report["not_checked"] if line.startswith("Not looked at")]
    assert told == "Not looked at, for these are no videos or photos: letter.docx, more.jpg, out."
    assert told.replace(" ", "") in run("score", folder).stdout.replace("\n", "").replace(" ", "")
    again = json.loads(run("judge", out, "--format", "json").stdout)
    assert told in again["not_checked"]


def test_short_options(run: Run) -> None:
    assert run("score", "-h").stdout == run("score", "--help").stdout
    loud, still = run("score", LABEL, "-v"), run("score", LABEL, "-q")
    assert "completed  text" in loud.stderr and "s in all" in loud.stderr
    assert still.stderr == "" and still.stdout == loud.stdout


def test_every_command_of_the_readme_runs(run: Run, tmp_path: Path, honest: Path) -> None:
    """Each `parcelproof ...` of README.md, with its own words, on a short clip in place of each of
    the sample videos; `make demo` and `make test` are what CI calls.
    """
    text = (ROOT / "README.md").read_text("utf-8")
    commands = re.findall(r"^ *parcelproof (.*)$", text, re.M)
    assert len(commands) >= 6
    samples = tmp_path / "sample_media"
    shutil.copytree(ROOT / "sample_media" / "cases", samples / "cases")
    for path in (ROOT / "sample_media").iterdir():
        if path.suffix in (".jpg", ".png", ".mp4"):
            shutil.copy(honest if path.suffix == ".mp4" else path, samples / path.name)
    (tmp_path / "uploads").mkdir()
    shutil.copy(LABEL, tmp_path / "uploads")
    for command in commands:
        done = run(*shlex.split(command, comments=True), cwd=tmp_path)
        assert done.returncode == 0, (command, done.stderr)
    for target in re.findall(r"`make (\w+)`", text):
        assert f"\n{target}:" in (ROOT / "Makefile").read_text("utf-8")
