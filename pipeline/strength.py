"""How strong an exhibit and a case are, and what would make them stronger. Pure and in integers (SCORING 4b.4-9)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from models.finding import Finding
from models.policy import Item, Reason, Slot
from pipeline.judge import Line, credit, verdicts

BANDS = ((800, "very_strong"), (600, "strong"), (400, "moderate"), (200, "weak"), (0, "insufficient"))
ASSESSABLE = 500  # thousandths of the machine lines' weight that must have a finding
SETTLED = 200  # lam that earns a line in full
CONTRADICTED = 399  # most that a case with an unresolved contradiction can reach


@dataclass(frozen=True, slots=True)
class ExhibitStrength:
    """Tenths of points; coverage in thousandths; `advice` is (gain, line, strength after)."""

    score: int
    lo: int
    hi: int
    band: str
    coverage: int
    lines: tuple[Line, ...]
    caps: tuple[str, ...]
    lost_to_cap: int
    assessable: bool
    advice: tuple[tuple[int, str, int], ...]


def exhibit(item: Item, findings: Iterable[Finding], not_applicable: Collection[str] = ()) -> ExhibitStrength:
    """The strength of one exhibit under `item`."""
    findings = tuple(findings)
    lines = verdicts(item, findings, not_applicable)
    earned, score = _under_caps(item, lines)
    low = _under_caps(item, verdicts(item, findings, not_applicable, -1))[1]
    high = _under_caps(item, tuple(map(_hoped, verdicts(item, findings, not_applicable, +1))))[1]
    coverage = _coverage(item, lines)
    return ExhibitStrength(
        score=score,
        lo=low,
        hi=high,
        band=band(score) if coverage >= ASSESSABLE else "not_assessable",
        coverage=coverage,
        lines=lines,
        caps=_active(item, lines),
        lost_to_cap=earned - score,
        assessable=coverage >= ASSESSABLE,
        advice=_advice(item, lines, score),
    )


def band(score: int) -> str:
    return next(name for least, name in BANDS if score >= least)


def _hoped(line: Line) -> Line:
    """A line nobody looked at, at its best."""
    if line.status != "not_checked":
        return line
    return replace(line, lam=SETTLED, earned=line.weight, could=0)


def _active(item: Item, lines: Sequence[Line]) -> tuple[str, ...]:
    lams: dict[str, int] = {}
    for line in lines:
        lams[line.requirement] = min(line.lam, lams.get(line.requirement, line.lam))
    return tuple(cap.code for cap in item.caps if cap.req in lams and lams[cap.req] <= cap.at_most)


def _under_caps(item: Item, lines: Sequence[Line]) -> tuple[int, int]:
    """(sum of earned, that under every active cap)."""
    earned = sum(line.earned for line in lines)
    active = _active(item, lines)
    return earned, min([earned, *(cap.cap for cap in item.caps if cap.code in active)])


def _coverage(item: Item, lines: Sequence[Line]) -> int:
    machine = {requirement.id for requirement in item.requirements if requirement.checker == "machine"}
    weights = [(line.weight, line.status != "not_checked") for line in lines if line.requirement in machine]
    whole = sum(weight for weight, _ in weights)
    return 1000 * sum(weight for weight, found in weights if found) // whole if whole else 1000


def _advice(item: Item, lines: Sequence[Line], score: int) -> tuple[tuple[int, str, int], ...]:
    """For every line the exact strength if it alone were settled."""
    gains = []
    for index, line in enumerate(lines):
        settled = replace(line, lam=SETTLED, earned=line.weight * credit(SETTLED) // 1000)
        after = _under_caps(item, (*lines[:index], settled, *lines[index + 1 :]))[1]
        if after > score:
            gains.append((after - score, line.req, after))
    return tuple(sorted(gains, key=lambda gain: (-gain[0], gain[1])))


@dataclass(frozen=True, slots=True)
class CaseStrength:
    score: int
    band: str
    slots: dict[str, int]
    caps: tuple[str, ...]


def case(reason: Reason, items: Iterable[tuple[str, str, int]], contradictions: Collection[str] = ()) -> CaseStrength:
    """The strength of a case held for `reason` over (role, digest of the capture, strength) of its exhibits."""
    items = tuple(items)
    values = {slot.id: _slot_value(slot, items) for slot in reason.slots}
    required = [slot for slot in reason.slots if slot.required]
    score = sum(values[slot.id] * slot.weight for slot in required) // sum(slot.weight for slot in required)
    for slot in reason.slots:
        if not slot.required:
            score += min(slot.weight, (1000 - score) * values[slot.id] // 1000)
    caps = []
    weakest = min(values[slot.id] for slot in required) + reason.slack
    for code, limit, holds in (("WEAKEST_REQUIRED", weakest, True), ("CONTRADICTION", CONTRADICTED, bool(contradictions))):
        if holds and limit < score:
            score = limit
            caps.append(code)
    return CaseStrength(score, band(score), values, tuple(caps))


def _slot_value(slot: Slot, items: Sequence[tuple[str, str, int]]) -> int:
    """Best exhibit plus a little for the best of another capture; copies of one capture count once."""
    best: dict[str, int] = {}
    for role, capture, worth in items:
        if role in slot.accepts:
            best[capture] = max(best.get(capture, 0), worth * slot.accepts[role] // 1000)
    first, second, *_ = [*sorted(best.values(), reverse=True), 0, 0]
    return first + min(100, (1000 - first) * second // 1000)
