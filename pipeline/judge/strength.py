"""How strong an exhibit is, and what would make it stronger. Pure, in integers (SCORING 4b.4-8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from models.finding import Place
from models.policy import Cap, RoleRules
from pipeline.judge.verdicts import VerdictLine

BANDS = (
    (800, "very_strong"),
    (600, "strong"),
    (400, "moderate"),
    (200, "weak"),
    (0, "insufficient"),
)
ASSESSABLE = 500  # thousandths of the machine lines' weight that must have a finding
SETTLED = 200  # llr_cb that earns a line in full


class Gain(NamedTuple):
    """What settling one line would add, in tenths of points, and the strength after that."""

    points: int
    line: str
    after: int


@dataclass(frozen=True, slots=True)
class ExhibitStrength:
    """Tenths of points; coverage in thousandths."""

    score: int
    low: int
    high: int
    band: str
    coverage: int
    lines: tuple[VerdictLine, ...]
    caps: tuple[str, ...]
    lost_to_cap: int
    assessable: bool
    advice: tuple[Gain, ...]


def exhibit_strength(rules: RoleRules, lines: tuple[VerdictLine, ...]) -> ExhibitStrength:
    """The strength of one exhibit whose lines were judged."""
    earned = sum(line.points for line in lines)
    score = _at(rules, lines, {line.place: line.llr_cb for line in lines})
    coverage = _coverage(rules, lines)
    assessable = coverage >= ASSESSABLE
    return ExhibitStrength(
        score=score,
        low=_at(rules, lines, {line.place: line.low for line in lines}),
        high=_at(rules, lines, {line.place: _hoped(line) for line in lines}),
        band=band(score) if assessable else "not_assessable",
        coverage=coverage,
        lines=lines,
        caps=tuple(cap.code for cap in _active(rules, lines)),
        lost_to_cap=earned - score,
        assessable=assessable,
        advice=_advice(rules, lines, score),
    )


def band(score: int) -> str:
    """The word for a strength in tenths."""
    return next(name for least, name in BANDS if score >= least)


def _hoped(line: VerdictLine) -> int:
    """The high end; a line nobody looked at, at its best."""
    return line.high if line.looked_at else SETTLED


def _at(
    rules: RoleRules,
    lines: Sequence[VerdictLine],
    llrs: Mapping[Place, int],
) -> int:
    """The strength if every line had the likelihood ratio given, under the caps then active."""
    moved = [replace(line, llr_cb=llrs[line.place]) for line in lines]
    earned = sum(line.points for line in moved)
    ceilings = [cap.cap for cap in _active(rules, moved)]
    return min([earned, *ceilings])


def _active(rules: RoleRules, lines: Sequence[VerdictLine]) -> list[Cap]:
    """Caps whose requirement's weakest part is low enough."""
    weakest: dict[str, int] = {}
    for line in lines:
        before = weakest.get(line.requirement, line.llr_cb)
        weakest[line.requirement] = min(line.llr_cb, before)
    about = [cap for cap in rules.caps if cap.req in weakest]
    return [cap for cap in about if weakest[cap.req] <= cap.at_most]


def _coverage(rules: RoleRules, lines: Sequence[VerdictLine]) -> int:
    """Thousandths of the machine lines' weight that were looked at."""
    machine = {one.id for one in rules.requirements if one.checker == "machine"}
    theirs = [line for line in lines if line.requirement in machine]
    whole = sum(line.weight for line in theirs)
    looked_at = sum(line.weight for line in theirs if line.looked_at)
    return 1000 * looked_at // whole if whole else 1000


def _advice(
    rules: RoleRules,
    lines: Sequence[VerdictLine],
    score: int,
) -> tuple[Gain, ...]:
    """For every line the exact strength if it alone were settled."""
    gains = []
    now = {line.place: line.llr_cb for line in lines}
    for line in lines:
        after = _at(rules, lines, {**now, line.place: SETTLED})
        if after > score:
            gains.append(Gain(after - score, line.place.name, after))
    gains.sort(key=lambda gain: (-gain.points, gain.line))
    return tuple(gains)
