"""Which reason of a policy the material fits best. A wrong reason is not weak evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from models.policy import Policy, Reason, Slot
from models.report import Report
from pipeline.judge.case import Piece, case_strength


class Fit(NamedTuple):
    """How a case would stand if it were held for a reason: points, slots filled and not."""

    reason: Reason
    score: float
    filled: tuple[Slot, ...]
    empty: tuple[Slot, ...]


def fits(policy: Policy, report: Report) -> list[Fit]:
    """Every reason of a policy by how strongly the report's exhibits fill it, the best first.

    Reasons of which no slot is filled are left out. Weights of roles are those of the report.
    """
    pieces = [
        Piece(one.role or "", one.sha256, round(one.strength.score * 10))
        for one in report.exhibits
        if one.strength
    ]
    found = [_fit(reason, pieces) for reason in policy.reasons]
    some = [one for one in found if one.filled]
    return sorted(some, key=lambda one: (-one.score, len(one.empty)))


def _fit(reason: Reason, pieces: Sequence[Piece]) -> Fit:
    roles = {piece.role for piece in pieces}
    filled = tuple(slot for slot in reason.slots if roles & set(slot.accepts))
    required = [slot for slot in reason.slots if slot.required]
    return Fit(
        reason=reason,
        score=case_strength(reason, pieces).score / 10,
        filled=filled,
        empty=tuple(slot for slot in required if slot not in filled),
    )
