"""A worked case for every reason: its report, in English and Chinese, is the golden one.

`make goldens` writes them anew; read the diff.
"""

from __future__ import annotations

import io
import os
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console

from models.card import cards
from models.examination import Examination, Examinations
from models.report import Report
from models.settings import Settings
from pipeline import intake, score
from pipeline.judge.report import report
from pipeline.render import text
from pipeline.wording.language import Language, Speaker
from sample_media import draw_cases
from tests.conftest import ROOT
from tests.pipeline.judge.whole import RULES

CASES = ROOT / "sample_media" / "cases"
GOLDENS = ROOT / "tests" / "goldens" / "cases"
NOW = "2026-03-20T15:00:00+00:00"
WIDTH = 110  # columns
known: dict[tuple[str, str | None], Examination] = {}


@cache
def judged(reason: str) -> Report:
    """The case's report; a file that several cases hold is looked at once for each role."""
    folder = CASES / reason
    case = intake.operator_case([folder], None, trust=True)
    with intake.submission([folder], case, Settings().limits) as found:
        new = [one for one in found.exhibits if (key(one.path), one.role) not in known]
        if new:
            partly = found.model_copy(update={"exhibits": tuple(new)})
            seen = score.observe(partly, RULES, Settings()).examinations.exhibits
            pairs = zip(new, seen, strict=True)
            known.update({(key(one.path), one.role): got for one, got in pairs})
        exhibits = [
            known[key(one.path), one.role].model_copy(update={"path": one.shown})
            for one in found.exhibits
        ]
    whole = Examinations.model_validate(
        {
            "pipeline_version": "1",
            "created_at": NOW,
            "policy": RULES.id,
            "case": case,
            "seal": {"salt": "00" * 16},
            "exhibits": tuple(exhibits),
        }
    )
    return report(whole, RULES, cards())


def key(path: Path) -> str:
    return str(hash(path.read_bytes()))


def written(found: Report, language: Language) -> str:
    out = io.StringIO()
    console = Console(file=out, width=WIDTH, color_system=None, legacy_windows=False)
    text.show(found, console, Speaker(language))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


@pytest.mark.parametrize("reason", [one.id for one in RULES.reasons])
def test_worked_case(reason: str) -> None:
    found = judged(reason)
    assert all(slot.exhibits for slot in found.slots if slot.required)
    for language in ("en", "zh"):
        got = written(found, language)
        path = GOLDENS / f"{reason}.{language}.txt"
        if os.environ.get("REFRESH_GOLDENS"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(got, "utf-8")
        assert got == path.read_text("utf-8")


def test_the_cases_are_as_they_are_drawn(tmp_path: Path) -> None:
    draw_cases.main(tmp_path)
    drawn = {str(p.relative_to(tmp_path)): p for p in tmp_path.rglob("*.toml")}
    there = {str(p.relative_to(CASES)): p for p in CASES.rglob("*.toml")}
    assert drawn.keys() == there.keys()
    for name, path in drawn.items():
        assert path.read_bytes() == there[name].read_bytes(), name
    files = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*")}
    assert files == {str(p.relative_to(CASES)) for p in CASES.rglob("*.*")}


def test_there_is_a_case_for_every_reason() -> None:
    assert {path.name for path in CASES.iterdir()} == {one.id for one in RULES.reasons}
