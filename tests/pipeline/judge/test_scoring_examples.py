"""The worked examples come out to the digit, the older ones and those of docs/scoring.md.

Of the older ones the ratios, verdicts, points and points lost still hold; score, band and interval
are now those of docs/scoring.md. A second model, written from that page, must agree on all of them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.finding import Finding
from models.packs import policy
from models.policy import Reason, RoleRules
from pipeline.judge.case import Piece, case_strength
from pipeline.judge.strength import ExhibitStrength, exhibit_strength
from pipeline.judge.verdicts import VerdictLine, verdicts
from tests.conftest import ROOT
from tests.pipeline.judge import reference

EXAMPLES: dict[str, Any] = json.loads(
    (ROOT / "tests" / "data" / "scoring_examples.json").read_text("utf-8")
)

NEW: dict[str, Any] = json.loads((ROOT / "docs" / "scoring_examples.json").read_text("utf-8"))
PACK = policy("tiktok-shop-us")


def named(example: dict[str, Any]) -> str:
    return str(example["name"])


def rules(name: str) -> RoleRules:
    return RoleRules.model_validate(EXAMPLES["policies"][name] | {"id": name})


def finding(row: dict[str, Any]) -> Finding:
    """The examples write `six-sides#3`, lam and u."""
    requirement, _, part = row["req"].partition("#")
    return Finding(
        requirement=requirement,
        part=int(part or 0),
        llr_cb=row["lam"],
        half_width=row["u"],
        **{name: row[name] for name in ("group", "id", "when")},
    )


def strength(example: dict[str, Any]) -> ExhibitStrength:
    item = rules(example["policy"])
    found = [finding(row) for row in example["findings"]]
    return exhibit_strength(item, verdicts(item, found, example["not_applicable"]))


def line(one: VerdictLine) -> dict[str, Any]:
    """A line as the examples write it."""
    return {
        "req": one.place.name,
        "part": max(0, one.place.part - 1),
        "weight": one.weight,
        "lam": one.llr_cb,
        "u": one.half_width,
        "status": one.status,
        "earned": one.points,
        "could": one.points_missed,
    }


@pytest.mark.parametrize("example", EXAMPLES["items"], ids=named)
def test_item(example: dict[str, Any]) -> None:
    got = strength(example)
    expected = example["expected"]
    assert (got.coverage, got.assessable) == (expected["coverage"], expected["assessable"])
    assert [cap.code for cap in got.caps] == expected["caps"]
    shown = [{key: line(one)[key] for key in expected["lines"][0]} for one in got.lines]
    assert shown == expected["lines"]


@pytest.mark.parametrize("example", EXAMPLES["cases"], ids=named)
def test_case(example: dict[str, Any]) -> None:
    known = EXAMPLES["reasons"][example["reason"]]
    slots = [slot | {"accepts": dict(slot["accepts"])} for slot in known["slots"]]
    facts = {"id": example["reason"], "slack": known["slack"], "slots": slots}
    reason = Reason.model_validate(facts)
    pieces = [Piece(*piece) for piece in example["items"]]
    got = case_strength(reason, pieces, example["contradictions"])
    assert {
        "score": got.score,
        "band": got.band,
        "slots": got.slots,
        "caps": [cap.code for cap in got.caps],
    } == example["expected"]


def numbers(got: ExhibitStrength) -> dict[str, Any]:
    """What both models say of an exhibit."""
    names = ("score", "low", "high", "band", "coverage", "confirmed", "assessed")
    found = {name: getattr(got, name) for name in (*names, "for_person", "for_nobody")}
    return found | {"caps": [cap.code for cap in got.caps]}


@pytest.mark.parametrize("example", EXAMPLES["items"], ids=named)
def test_both_models_agree_on_the_older_items(example: dict[str, Any]) -> None:
    known = EXAMPLES["policies"][example["policy"]]
    second = reference.item(known, example["findings"], example["not_applicable"])
    assert numbers(strength(example)) == second


@pytest.mark.parametrize("example", EXAMPLES["cases"], ids=named)
def test_both_models_agree_on_the_older_cases(example: dict[str, Any]) -> None:
    known = EXAMPLES["reasons"][example["reason"]]
    second = reference.case(known, example["items"], example["contradictions"])
    assert second == example["expected"]


def test_the_examples_are_all_here() -> None:
    assert (len(EXAMPLES["items"]), len(EXAMPLES["cases"])) == (11, 12)


@pytest.mark.parametrize("example", NEW["items"], ids=named)
def test_both_models_agree_on_the_examples_of_the_page(example: dict[str, Any]) -> None:
    item = PACK.rules(example["role"])
    found = [finding(row | {"when": ""}) for row in example["findings"]]
    got = exhibit_strength(item, verdicts(item, found, (), example["reach"]))
    assert numbers(got) == example["expected"]
    second = reference.item(item.model_dump(mode="json"), example["findings"], (), example["reach"])
    assert second == example["expected"]
