"""Policies as data: quotes are the platform's to the letter, observations in give verdicts out, without media."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from models.finding import cards
from models.observation import Observation, Run, Span
from models.policy import Item, Policy, Reason, policies
from pipeline import strength, weigh
from tests.conftest import SHARED, needs_shared

PACK = policies()["tiktok-shop-us"]
MATRIX = [json.loads(line) for line in (Path(__file__).parent / "data" / "matrix.jsonl").read_text("utf-8").splitlines() if line.strip()]
RULES = [(item.id, rule) for item in PACK.items for rule in item.requirements]


def plain(text: str) -> str:
    return text.replace("\u2019", "'")


@needs_shared
@pytest.mark.parametrize(("role", "rule"), RULES, ids=lambda value: getattr(value, "id", value))
def test_quotes_are_verbatim(role: str, rule: object) -> None:
    quote, source, line = (getattr(rule, name) for name in ("quote", "source", "line"))
    text = (SHARED / "policy" / "seeds" / source).read_text("utf-8").splitlines()[line - 1]
    assert quote in text, (role, quote, text)


@pytest.mark.parametrize(("role", "rule"), RULES, ids=lambda value: getattr(value, "id", value))
def test_every_requirement_rests_on_a_line_of_the_matrix(role: str, rule: object) -> None:
    quote = plain(getattr(rule, "quote"))  # noqa: B009
    quoted = [plain(row["quote"]) for row in MATRIX if row["source"] == getattr(rule, "source")]  # noqa: B009
    assert any(theirs in quote or quote in theirs for theirs in quoted), (role, quote)


def test_default_weights_are_the_scoring_models() -> None:
    weights = {item.id: {r.id: r.weight for r in item.requirements} for item in PACK.items}
    assert list(weights["packing_video"].values()) == [10, 20, 17, 10, 8, 12, 8, 8, 7]
    assert list(weights["unpacking_video"].values()) == [10, 18, 18, 14, 12, 8, 8, 12, 10]
    assert PACK.item("unpacking_video").requirements[2].parts == 6


def test_each_machine_requirement_names_kinds_and_each_human_one_asks() -> None:
    for role, rule in RULES:
        assert rule.supported_by or rule.contradicted_by if rule.checker == "machine" else rule.question, (role, rule.id)
        assert rule.advice or rule.question


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"requirements": []}, "at least 1"),
        ({"requirements": [{"id": "a", "weight": 1, "checker": "machine"}] * 2}, "twice"),
        ({"caps": [{"req": "nobody", "at_most": 0, "cap": 1, "code": "X"}]}, "no requirement"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)
def test_policies_fail_closed(change: dict[str, object], message: str) -> None:
    good = {"id": "x", "requirements": [{"id": "a", "weight": 1, "checker": "machine"}]}
    assert Item.model_validate(good)
    with pytest.raises(ValidationError, match=message):
        Item.model_validate(good | change)


def test_an_optional_slot_must_not_take_what_a_required_one_takes() -> None:
    slots = [{"id": "a", "weight": 1, "accepts": {"photo": 1000}}, {"id": "b", "weight": 1, "required": False, "accepts": {"photo": 500}}]
    with pytest.raises(ValidationError, match="optional slot b"):
        Reason.model_validate({"id": "r", "slots": slots})
    with pytest.raises(ValidationError):
        Policy.model_validate({"id": "p", "platform": "P", "as_of": "2025", "authority": "platform", "items": []})


def run(name: str, *sees: str, outcome: str = "completed") -> Run:
    return Run(detector=name, version="1", outcome=outcome, sees=sees)  # type: ignore[arg-type]


def saw(name: str, kind: str, **detail: object) -> Observation:
    return Observation(kind=kind, at=Span(start=1, end=1), detail=detail, detector=name, id=f"{name}:{kind}")


CUTS, LINK = ("cuts", "cut", "possible_cut"), ("link", "identifier_read", "identifier_expected", "identifier_other")
READ = {"state": "confirmed", "sources": ["code"], "digits": 8}


@pytest.mark.parametrize(
    ("runs", "seen", "requirement", "status"),
    [
        ([run(*CUTS)], [saw("cuts", "cut")], "continuous", "not_met"),
        ([run(*CUTS)], [saw("cuts", "possible_cut")], "continuous", "could_not_confirm"),
        ([run(*CUTS)], [], "continuous", "could_not_confirm"),  # silence of a detector that misses one in nine is no "met"
        ([run(*CUTS, outcome="failed")], [], "continuous", "not_checked"),
        ([run("timeline", "gap")], [saw("timeline", "gap")], "continuous", "not_met"),
        ([run("repeats", "freeze", "repeat")], [saw("repeats", "freeze")], "continuous", "not_met"),
        ([run("repeats", "freeze", "repeat"), run(*CUTS)], [saw("repeats", "freeze")], "continuous", "not_met"),  # for not jumping, too
        ([run("container", "editor_trace", "edit_list")], [saw("container", "editor_trace")], "unedited", "could_not_confirm"),
        ([run("container", "editor_trace", "edit_list")], [], "unedited", "could_not_confirm"),
        ([run("clarity", "clear", "unclear")], [saw("clarity", "clear")], "clear", "could_not_confirm"),  # unmeasured: no status
        ([run(*LINK)], [saw("link", "identifier_expected", **READ)], "order-info-matches", "met"),
        ([run(*LINK)], [saw("link", "identifier_other", **READ)], "order-info-matches", "not_met"),
        ([run(*LINK)], [saw("link", "identifier_expected", **READ | {"state": "weak"})], "order-info-matches", "could_not_confirm"),
        ([run(*LINK)], [saw("link", "identifier_expected", **READ | {"sources": ["text"]})], "order-info-matches", "met"),
        (
            [run(*LINK)],
            [saw("link", "identifier_expected", **READ | {"sources": ["text"], "digits": 1})],
            "order-info-matches",
            "could_not_confirm",
        ),
        ([run(*LINK)], [], "order-info-matches", "could_not_confirm"),
        ([], [], "order-info-matches", "not_checked"),
    ],
)
def test_observations_in_verdicts_out(runs: list[Run], seen: list[Observation], requirement: str, status: str) -> None:
    item = PACK.item("packing_video")
    got = strength.exhibit(item, weigh.findings(item, runs, seen, cards()))
    assert {line.req: line.status for line in got.lines}[requirement] == status


def test_two_detectors_on_one_break_count_once() -> None:
    item = PACK.item("packing_video")
    runs = [run(*CUTS), run("timeline", "gap")]
    both = strength.exhibit(item, weigh.findings(item, runs, [saw("cuts", "cut"), saw("timeline", "gap")], cards()))
    gap = strength.exhibit(item, weigh.findings(item, runs, [saw("timeline", "gap")], cards()))
    lam = {line.req: line.lam for line in both.lines}["continuous"]
    cut, hole = (
        weigh.weight(saw(name, kind), weigh.figures(cards(), name, kind))[0] for name, kind in (("cuts", "cut"), ("timeline", "gap"))
    )
    assert lam == min(-cut, -hole)
    assert {line.req: line.lam for line in gap.lines}["continuous"] >= lam
