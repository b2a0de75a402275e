"""The worked examples come out to the digit: every number of all 11 items and 12 cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.finding import Finding
from models.policy import Item, Reason
from pipeline import strength

EXAMPLES: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "scoring_examples.json").read_text("utf-8"))


def named(example: dict[str, Any]) -> str:
    return str(example["name"])


def item(name: str) -> Item:
    return Item.model_validate(EXAMPLES["policies"][name] | {"id": name})


def findings(example: dict[str, Any]) -> list[Finding]:
    return [Finding(requirement=f["req"], **{k: f[k] for k in ("lam", "group", "u", "id", "when")}) for f in example["findings"]]


@pytest.mark.parametrize("example", EXAMPLES["items"], ids=named)
def test_item(example: dict[str, Any]) -> None:
    got = strength.exhibit(item(example["policy"]), findings(example), example["not_applicable"])
    expected = example["expected"]
    for key in ("score", "lo", "hi", "band", "coverage", "lost_to_cap", "assessable"):
        assert getattr(got, key) == expected[key], key
    assert list(got.caps) == expected["caps"]
    assert [list(a) for a in got.advice] == expected["advice"]
    shown = [{k: getattr(line, k) for k in expected["lines"][0]} for line in got.lines]
    assert shown == expected["lines"]


@pytest.mark.parametrize("example", EXAMPLES["cases"], ids=named)
def test_case(example: dict[str, Any]) -> None:
    rules = EXAMPLES["reasons"][example["reason"]]
    slots = [slot | {"accepts": dict(slot["accepts"])} for slot in rules["slots"]]
    reason = Reason.model_validate({"id": example["reason"], "slack": rules["slack"], "slots": slots})
    got = strength.case(reason, [(role, capture, worth) for role, capture, worth in example["items"]], example["contradictions"])
    assert {"score": got.score, "band": got.band, "slots": got.slots, "caps": list(got.caps)} == example["expected"]


def test_the_examples_are_all_here() -> None:
    assert (len(EXAMPLES["items"]), len(EXAMPLES["cases"])) == (11, 12)
