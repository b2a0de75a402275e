"""Whole submissions as observed, drawn by hand: what judging is given, without media."""

from __future__ import annotations

from typing import Any

from models.card import cards
from models.examination import Examination, Examinations, Seal
from models.kinds import ClarityRules, Clear, Cut, JumpScores, Trial, Trials
from models.media import Media
from models.observation import Observation, Run
from models.packs import policy
from models.record import Span
from models.report import Report
from models.submission import Case
from pipeline.judge.report import report
from tests.pipeline.judge.test_link import ORDER, RUNS, code, sheets, text

RULES = policy("tiktok-shop-us")
CLARITY = ClarityRules(sharpness=60, dark=40, bright=220, shorter_side=480)
JUMP = JumpScores(**dict.fromkeys(JumpScores.model_fields, 1.0))
LOOKED = (
    *RUNS,
    Run(detector="cuts", version="1", outcome="completed", sees=("cut", "possible_cut")),
    Run(
        detector="joins",
        version="1",
        outcome="completed",
        sees=("soft_join", "possible_join", "trials"),
    ),
    Run(detector="counters", version="1", outcome="completed", sees=("counter_break",)),
    Run(detector="clarity", version="1", outcome="completed", sees=("clear", "unclear", "page")),
    Run(
        detector="container",
        version="1",
        outcome="completed",
        sees=("editor_trace", "edit_list", "reencode", "provenance"),
    ),
)
TRIED = Trials(
    trials=tuple(Trial(at=i / 3, join="hard", noticed=i > 0) for i in range(40)),
    detector="joins",
    id="joins:trials",
)
CLEAR = Clear(
    sharpness=90,
    sharpness_where="label",
    brightness=120,
    width=1920,
    height=1080,
    house_rules=CLARITY,
    detector="clarity",
    id="clarity:1",
)


def jump(at: float) -> Cut:
    return Cut(
        at=Span(start=at - 0.04, end=at), scores=JUMP, detector="cuts", id=f"cuts:{round(at)}"
    )


def label(number: str = ORDER) -> list[Observation]:
    """Its order ID as print and code on a label on the parcel, read beyond doubt."""
    printed = text(number, frames=9, confidence=0.99, weakest=0.95)
    read = [printed, code(number, "Code128")]
    return [*read, *sheets(read)]


def clip(
    *seen: Observation, path: str = "a.mp4", role: str = "packing_video", **facts: Any
) -> Examination:
    """A clip of 20 s in which this was seen."""
    media = Media(kind="video", container="mp4", duration_s=20.0, frame_count=600)
    return Examination(
        path=path,
        sha256=facts.pop("sha256", path),
        kind="video",
        role=role,
        media=media,
        runs=LOOKED,
        observations=(*seen, TRIED, CLEAR),
        **facts,
    )


def judged(*exhibits: Examination, **expected: Any) -> Report:
    """Their report for the sample order, or for the case as given."""
    case = Case(**({"source": "operator", "order_id": ORDER} | expected))
    examined = Examinations(
        pipeline_version="1",
        created_at="2026-01-01T00:00:00Z",
        policy=RULES.id,
        case=case,
        seal=Seal(salt="00" * 16),
        exhibits=exhibits,
    )
    return report(examined, RULES, cards())
