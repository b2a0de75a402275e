"""Judging what was saved: other cases, other keys, other people's edits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models import errors
from models.card import cards
from models.examination import Examinations, Seal
from models.message import can_be_said
from models.packs import policy
from models.sealing import KNOWN_AGAIN, sealed
from models.submission import Case
from pipeline.judge.report import report
from pipeline.render.folder import saved_examinations
from pipeline.wording import sentences
from tests.conftest import ROOT, Run, report_of

RETURNED = "9400111899223344556677"
RULES = policy("tiktok-shop-us")


@pytest.fixture(scope="module")
def unboxing(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A label, scored as an unboxing, its pictures as filmed."""
    folder = tmp_path_factory.mktemp("unboxing")
    label = ROOT / "sample_media" / "label.jpg"
    options = ("--role", "unpacking_video", "--redact", "none", "--report", folder)
    assert run("score", label, *options).returncode == 0
    return folder


def test_a_tracking_number_is_that_of_the_saved_role(unboxing: Path, run: Run) -> None:
    found = report_of(run("judge", unboxing, "--tracking-number", RETURNED, "--format", "json"))
    assert found["case"]["return_tracking_number"] == RETURNED
    assert found["case"]["tracking_number"] is None


def test_what_was_judged_again_is_saved_as_it_was_judged(
    unboxing: Path, tmp_path: Path, run: Run
) -> None:
    other = ("--order-id", "576920418365107249", "--report", tmp_path)
    assert run("judge", unboxing, *other).returncode == 0
    first = json.loads((tmp_path / "report.json").read_text("utf-8"))
    again = report_of(run("judge", tmp_path, "--format", "json"))
    assert again == first
    assert again["audit"]["redact"] == "none", "the pictures are those of the first scoring"


def test_only_pictures_of_this_report_are_shown(unboxing: Path, tmp_path: Path, run: Run) -> None:
    stranger = unboxing / "frames" / "e9-01-read.jpg"
    stranger.write_bytes(b"\xff\xd8\xff somebody else's")
    old = tmp_path / "frames" / "e1-77-read.jpg"
    old.parent.mkdir()
    old.write_bytes(b"\xff\xd8\xff of an older report")
    assert run("judge", unboxing, "--report", tmp_path).returncode == 0
    names = {path.name for path in (tmp_path / "frames").iterdir()}
    assert names and not names & {stranger.name, old.name}
    stranger.unlink()


def test_another_key_is_named() -> None:
    seal = Seal(source="operator", check=sealed(KNOWN_AGAIN, b"one key of two"))
    saved = Examinations(
        pipeline_version="0",
        created_at="",
        policy=RULES.id,
        case=Case(),
        seal=seal,
        exhibits=({"path": "a", "media": {"kind": "video", "container": "mp4"}},),
    )
    assert report(saved, RULES, cards(), seal_key=b"one key of two")
    with pytest.raises(errors.Usage, match="not the key"):
        report(saved, RULES, cards(), seal_key=b"the other key")


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def edit(saved: dict[str, Any]) -> None:
        saved[name] = value

    return edit


def _seal_salt(saved: dict[str, Any]) -> None:
    saved["seal"]["salt"] = "no digits"


def _no_media(saved: dict[str, Any]) -> None:
    saved["exhibits"][0]["media"] = None


@pytest.mark.parametrize(
    "edit",
    [
        _set("examination_version", "99.0"),
        _set("exhibits", []),
        _seal_salt,
        _no_media,
    ],
)
def test_an_edited_examination_is_refused_by_name(
    edit: Callable[[dict[str, Any]], None], unboxing: Path, tmp_path: Path
) -> None:
    saved = json.loads((unboxing / "examination.json").read_text("utf-8"))
    edit(saved)
    (tmp_path / "examination.json").write_text(json.dumps(saved))
    with pytest.raises(errors.Unreadable):
        saved_examinations(tmp_path)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/dev/null")])
def test_what_is_no_file_is_no_examination(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "examination.json")
    with pytest.raises(errors.Unreadable):
        saved_examinations(tmp_path)


@pytest.mark.parametrize(
    ("template", "args", "holds"),
    [
        ("It lasts {seconds:,.0f} s.", {"seconds": 3.5}, True),
        ("Plain.", {}, True),
        ("{missing}", {}, False),
        ("{", {}, False),
        ("{a.__class__}", {"a": 1}, False),
        ("{a:>1500000000}", {"a": 1}, False),
        ("{a!r}", {"a": 1}, True),
        ("{a}", {"a": float("nan")}, False),
        ("\ud800", {}, False),
        ("{a:.0f}", {"a": "text"}, False),
    ],
)
def test_which_sentences_can_be_said(template: str, args: dict[str, Any], holds: bool) -> None:
    assert can_be_said(template, args) is holds


@pytest.mark.parametrize("name", ["Stopped", "Usage", "CannotWrite", "Nonsense", "NoMedia"])
def test_a_reader_may_not_say_what_it_cannot_know(name: str) -> None:
    assert errors.revived(name, "Hello.", {}).name == "DecoderCrashed"
    assert errors.revived("Truncated", "Hello.", {}).name == "Truncated"
    assert errors.revived("Truncated", "Hello.", {"template": "x"}).name == "DecoderCrashed"


@pytest.mark.parametrize("number", ["-", "T", "N/A", "订单", "#", "1234"])
def test_what_any_code_would_hold_is_not_looked_for(number: str) -> None:
    """And that is told."""
    case = Case(source="operator", order_id=number)
    assert case.expected("packing_video") == {} and case.too_short() == (number,)
    assert "too short to be specific" in str(sentences.too_short(number))
