"""The model's mutants are caught: each breaks one rule, and the second model sees it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from models.finding import Finding
from models.packs import policy
from pipeline.judge import case, strength, verdicts
from pipeline.judge.case import Piece
from tests.pipeline.judge import reference
from tests.pipeline.judge.test_scoring_examples import numbers
from tests.pipeline.judge.test_scoring_properties import ITEMS, lines, of_reference, strength_of

REASONS = policy("tiktok-shop-us").reasons
ROLES = ("packing_video", "unpacking_video", "damage_photo", "carrier_weight_receipt")


def drawn_item(dice: random.Random) -> tuple[Any, list[Finding], dict[str, int]]:
    """An item's rules, findings, some of them of one id, and how far the program reaches."""
    item = dice.choice(ITEMS)
    found = [
        Finding(
            **dice.choice(lines(item)),
            llr_cb=dice.randint(-450, 450),
            half_width=dice.randint(0, 150),
            group=dice.choice("ab"),
            id=f"f{number}",
        )
        for number in range(dice.randint(0, 14))
    ]
    return item, found, {one.id: dice.choice((0, 60, 150, 250)) for one in item.requirements}


def items_differ() -> bool:
    """Does the product differ from the second model on any of 300 drawn items?"""
    dice = random.Random(7)
    for _ in range(300):
        item, found, within = drawn_item(dice)
        if numbers(strength_of(item, found, within)) != of_reference(item, found, within):
            return True
    return False


def cases_differ() -> bool:
    dice = random.Random(7)
    for _ in range(300):
        reason = dice.choice(REASONS)
        pieces = [
            Piece(dice.choice(ROLES), dice.choice("abc"), dice.randint(0, 1000))
            for _ in range(dice.randint(0, 6))
        ]
        against = ["X"] * dice.randint(0, 1)
        got = case.case_strength(reason, pieces, against)
        second = reference.case(
            reason.model_dump(mode="json"), [list(piece) for piece in pieces], against
        )
        codes = [cap.code for cap in got.caps]
        if (got.score, got.slots, codes) != (second["score"], second["slots"], second["caps"]):
            return True
    return False


def test_unchanged_both_models_agree() -> None:
    assert not items_differ() and not cases_differ()


def added_up(found: Any, shift: int) -> int:
    """A group that adds its findings up."""
    return verdicts.clip(sum(one.llr_cb + shift * one.half_width for one in found), 400)


ITEM_MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "abstention lowers the number": (verdicts, "credit", lambda lam: max(0, 5 * lam - 100)),
    "likelihood ratios of one cause add up": (verdicts, "_total", added_up),
    "no caps": (strength, "_active", lambda rules, some: []),
    "the unknown earns half": (
        verdicts.VerdictLine,
        "points",
        property(lambda line: line.points_at(line.llr_cb) if line.looked_at else line.weight // 2),
    ),
    "all points are on the scale": (
        verdicts.VerdictLine,
        "assessed",
        property(lambda line: line.weight),
    ),
    "what speaks against leaves the scale": (
        verdicts.VerdictLine,
        "assessed",
        property(lambda line: max(line.points_at(line.reach), line.points)),
    ),
    "a person's no is never feared": (strength, "_feared", lambda line: line.low),
    "a person's yes is never hoped for": (strength, "_hoped", lambda line: line.high),
    "no machine line is full coverage": (strength, "_coverage", lambda rules, some: 1000),
    "a status at LR 3": (verdicts, "DECIDES", 50),
}


@pytest.mark.parametrize("name", ITEM_MUTANTS)
def test_a_mutant_of_the_item_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, what, instead = ITEM_MUTANTS[name]
    monkeypatch.setattr(where, what, instead)
    assert items_differ()


def every_piece_alone(slot: Any, pieces: Any) -> int:
    """Copies of one recording corroborate each other."""
    fit = [piece.strength * slot.accepts.get(piece.role, 0) // 1000 for piece in pieces]
    first, second, *_ = [*sorted(fit, reverse=True), 0, 0]
    return int(first + min(100, (1000 - first) * second // 1000))


CASE_MUTANTS: dict[str, tuple[str, Callable[..., Any] | int]] = {
    "a file twice corroborates": ("_slot_value", every_piece_alone),
    "a contradiction costs nothing": ("CONTRADICTED", 1000),
    "corroboration without bound": ("CORROBORATION", 1000),
    "the first slot alone": ("_weighted", lambda slots, values: values[slots[0].id]),
}


@pytest.mark.parametrize("name", CASE_MUTANTS)
def test_a_mutant_of_the_case_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    what, instead = CASE_MUTANTS[name]
    monkeypatch.setattr(case, what, instead)
    assert cases_differ()
