"""What a report says of strength: of one exhibit in points, of a case by its slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from models.message import Message
from models.policy import Policy, Reason
from models.report import Advice, SlotReport, StrengthReport
from models.submission import Case
from pipeline.judge.advice import empty_slots
from pipeline.judge.captures import captures
from pipeline.judge.case import CaseStrength, Piece, case_strength
from pipeline.judge.judged import JudgedExhibit
from pipeline.judge.strength import ExhibitStrength
from pipeline.wording import weights


class WholeCase(NamedTuple):
    """What is said of all exhibits together."""

    strength: StrengthReport | None
    slots: tuple[SlotReport, ...] = ()
    advice: tuple[Advice, ...] = ()


def whole_case(
    some: Sequence[JudgedExhibit],
    case: Case,
    policy: Policy,
    against_each_other: Sequence[Message],
) -> WholeCase:
    """The case's strength where a reason was given; else that of the only exhibit."""
    if not case.reason:
        return WholeCase(of_exhibit(some[0]) if len(some) == 1 else None)
    reason = policy.reason(case.reason)
    recordings = captures([one.examination for one in some])

    def pieces(strength_of: Callable[[ExhibitStrength], int]) -> list[Piece]:
        return [
            Piece(one.role.name, capture, strength_of(one.strength))
            for one, capture in zip(some, recordings, strict=True)
        ]

    def at(strength_of: Callable[[ExhibitStrength], int]) -> CaseStrength:
        return case_strength(reason, pieces(strength_of), against_each_other)

    found = at(_score)
    strength = StrengthReport(
        score=found.score / 10,
        low=at(lambda strength: strength.low).score / 10,
        high=at(lambda strength: strength.high).score / 10,
        band=_band(found.band, some, reason),
        coverage=min((one.strength.coverage for one in some), default=0) / 1000,
        caps=tuple(cap.code for cap in found.caps),
        lost_to_cap=found.lost_to_cap / 10,
        because=tuple(weights.held_down(found.caps)),
    )
    slots = [
        SlotReport(
            id=slot.id,
            title=Message(id=slot.title),
            required=slot.required,
            value=found.slots[slot.id] / 10,
            exhibits=tuple(one.path for one in some if one.role.name in slot.accepts),
            roles=tuple(slot.accepts),
            cites=slot.cites,
        )
        for slot in reason.slots
    ]
    return WholeCase(
        strength.model_copy(update={"says": weights.of_case(strength)}),
        tuple(slots),
        tuple(empty_slots(reason, pieces(_score), against_each_other)),
    )


def _band(
    band: str,
    some: Sequence[JudgedExhibit],
    reason: Reason,
) -> str:
    """The word; none where required evidence was handed in and nobody could look at any of it."""
    required = {role for slot in reason.slots if slot.required for role in slot.accepts}
    there = [one for one in some if one.role.name in required]
    unseen = there and not any(one.strength.assessable for one in there)
    return "not_assessable" if unseen else band


def _score(strength: ExhibitStrength) -> int:
    return strength.score


def of_exhibit(one: JudgedExhibit) -> StrengthReport:
    """The strength of one exhibit, in points."""
    found = one.strength
    strength = StrengthReport(
        score=found.score / 10,
        low=found.low / 10,
        high=found.high / 10,
        band=found.band,
        coverage=found.coverage / 1000,
        confirmed=found.confirmed / 10,
        assessed=found.assessed / 10,
        for_person=found.for_person / 10,
        for_nobody=found.for_nobody / 10,
        caps=tuple(cap.code for cap in found.caps),
        lost_to_cap=found.lost_to_cap / 10,
        because=tuple(weights.held_down(found.caps)),
    )
    return strength.model_copy(update={"says": weights.of_exhibit(strength, one.role.name)})
