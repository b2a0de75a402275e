"""How strong a case is: slots that exhibits fill. Pure and in integers (SCORING 4b.9)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.policy import Reason, Slot
from pipeline.judge.strength import Limit, band

CONTRADICTED = 399  # most that a case with an unresolved contradiction can reach
CORROBORATION = 100  # most that a second capture adds to a slot


class Piece(NamedTuple):
    """One exhibit of a case: its role, the digest of its capture, its strength in tenths."""

    role: str
    capture: str
    strength: int


@dataclass(frozen=True, slots=True)
class CaseStrength:
    """Tenths of points. Caps are those that lower the number, and a contradiction always."""

    score: int
    band: str
    slots: dict[str, int]
    caps: tuple[Limit, ...]
    lost_to_cap: int


def case_strength(
    reason: Reason,
    pieces: Iterable[Piece],
    contradictions: Collection[object] = (),
) -> CaseStrength:
    """The strength of a case held for `reason`."""
    pieces = tuple(pieces)
    values = {slot.id: _slot_value(slot, pieces) for slot in reason.slots}
    required = [slot for slot in reason.slots if slot.required]
    score = _weighted(required, values)
    for slot in reason.slots:
        if not slot.required:
            more = (1000 - score) * values[slot.id] // 1000
            score += min(slot.weight, more)
    caps = []
    weakest = Limit("WEAKEST_REQUIRED", min(values[slot.id] for slot in required) + reason.slack)
    if weakest.most < score:
        caps.append(weakest)
    if contradictions:
        caps.append(Limit("CONTRADICTION", CONTRADICTED))
    held = min([score, *(cap.most for cap in caps)])
    return CaseStrength(
        held,
        band(held),
        values,
        tuple(caps),
        score - held,
    )


def _weighted(slots: Sequence[Slot], values: dict[str, int]) -> int:
    """Mean of the slots by their weights."""
    whole = sum(slot.weight for slot in slots)
    total = sum(values[slot.id] * slot.weight for slot in slots)
    return total // whole


def _slot_value(slot: Slot, pieces: Sequence[Piece]) -> int:
    """Best exhibit plus a little for the best of another capture; copies count once."""
    best: dict[str, int] = {}
    for role, capture, strength in pieces:
        if role in slot.accepts:
            worth = strength * slot.accepts[role] // 1000
            best[capture] = max(best.get(capture, 0), worth)
    ranked = sorted(best.values(), reverse=True)
    first, second, *_ = [*ranked, 0, 0]
    return first + min(CORROBORATION, (1000 - first) * second // 1000)
