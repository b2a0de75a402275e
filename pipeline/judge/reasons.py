"""Which reason of a policy the material fits best. A wrong reason is not weak evidence."""

from __future__ import annotations

from typing import NamedTuple

from models.examination import Examinations
from models.policy import Policy, Reason
from models.report import SlotReport
from pipeline.judge.report import Cards, report


class Fit(NamedTuple):
    """How a case would stand if it were held for a reason: points, required slots not filled."""

    reason: Reason
    score: float
    filled: tuple[SlotReport, ...]
    empty: tuple[SlotReport, ...]
    is_own: bool


def fits(
    examined: Examinations,
    policy: Policy,
    cards: Cards,
) -> list[Fit]:
    """Every reason of a policy by how strongly what was handed in fills it, the best first.

    Judged anew for each: what a reason claims of a delivery is held against what was read. Reasons
    of which no slot is filled are left out; the case's own stands first among equals.
    """
    found = [_fit(reason, examined, policy, cards) for reason in policy.reasons]
    some = [one for one in found if one.filled]
    return sorted(some, key=lambda one: (len(one.empty) > 0, -one.score, not one.is_own))


def _fit(
    reason: Reason,
    examined: Examinations,
    policy: Policy,
    cards: Cards,
) -> Fit:
    case = examined.case.model_copy(update={"reason": reason.id})
    judged = report(examined, policy, cards, case=case)
    return Fit(
        reason=reason,
        score=judged.strength.score if judged.strength else 0.0,
        filled=tuple(slot for slot in judged.slots if slot.exhibits),
        empty=tuple(slot for slot in judged.slots if slot.required and not slot.exhibits),
        is_own=examined.case.reason == reason.id,
    )
