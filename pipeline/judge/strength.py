"""How strong an exhibit is, by what of it could be assessed. Pure, in integers (docs/scoring.md).

A line is on the scale for as much as the program can confirm of it, or as much as is settled either
way; the strength is the share of that which is confirmed. What is not on the scale waits for a
person, or nobody can confirm it from footage.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from models.policy import Cap, RoleRules
from pipeline.judge.verdicts import DECIDES, SETTLED, VerdictLine

BANDS = (
    (800, "very_strong"),
    (600, "strong"),
    (400, "moderate"),
    (200, "weak"),
    (0, "insufficient"),
)
ASSESSABLE = 500  # thousandths of the machine lines' weight that must have a finding


class Limit(NamedTuple):
    """A cap at work: its code, and the most (in tenths) that it leaves."""

    code: str
    most: int


class Gain(NamedTuple):
    """What settling one requirement would add, in tenths of points, and the strength after that."""

    points: int
    requirement: str
    after: int


@dataclass(frozen=True, slots=True)
class ExhibitStrength:
    """Tenths of points; coverage in thousandths.

    `confirmed` of the `assessed` points; with `for_person` and `for_nobody` they make 1000. The
    score is 1000 x confirmed // assessed, less what the caps take.
    """

    score: int
    low: int
    high: int
    band: str
    coverage: int
    confirmed: int
    assessed: int
    for_person: int
    for_nobody: int
    lines: tuple[VerdictLine, ...]
    caps: tuple[Limit, ...]
    lost_to_cap: int
    assessable: bool
    by_program: tuple[Gain, ...]
    by_person: tuple[Gain, ...]


def exhibit_strength(
    rules: RoleRules,
    lines: tuple[VerdictLine, ...],
    kinds: Collection[str] = (),
) -> ExhibitStrength:
    """The strength of one exhibit whose lines were judged; `kinds` were seen in it."""
    about_kinds = [cap for cap in rules.caps if not cap.kind or cap.kind in kinds]
    rules = rules.model_copy(update={"caps": tuple(about_kinds)})
    coverage = _coverage(rules, lines)
    assessable = coverage >= ASSESSABLE
    assessed = sum(line.assessed for line in lines)
    by_person = sum(line.weight - line.assessed for line in lines if line.by_person)
    score = _score(rules, lines)
    return ExhibitStrength(
        score=score,
        low=_score(rules, _moved(lines, _feared)),
        high=_score(rules, _moved(lines, _hoped)),
        band=band(score) if assessable else "not_assessable",
        coverage=coverage,
        confirmed=sum(line.points for line in lines),
        assessed=assessed,
        for_person=by_person,
        for_nobody=sum(line.weight for line in lines) - assessed - by_person,
        lines=lines,
        caps=tuple(Limit(cap.code, cap.cap) for cap in _active(rules, lines)),
        lost_to_cap=_share(lines) - score,
        assessable=assessable,
        by_program=_gains(rules, lines, _at_reach),
        by_person=_gains(rules, lines, _answered),
    )


def band(score: int) -> str:
    """The word for a strength in tenths."""
    return next(name for least, name in BANDS if score >= least)


def _score(rules: RoleRules, lines: Sequence[VerdictLine]) -> int:
    """The share of the assessed points that is confirmed, under the caps at work."""
    ceilings = [cap.cap for cap in _active(rules, lines)]
    return min([_share(lines), *ceilings])


def _share(lines: Sequence[VerdictLine]) -> int:
    confirmed = sum(line.points for line in lines)
    assessed = sum(line.assessed for line in lines)
    return 1000 * confirmed // assessed if assessed else 0


def _moved(
    lines: Sequence[VerdictLine],
    to: Callable[[VerdictLine], int],
) -> list[VerdictLine]:
    """The lines at other likelihood ratios."""
    return [replace(line, llr_cb=to(line)) for line in lines]


def _feared(line: VerdictLine) -> int:
    """The low end; where a person may still answer, at that person's no."""
    open_to_no = line.by_person and line.llr_cb < DECIDES
    return min(line.low, -SETTLED) if open_to_no else line.low


def _hoped(line: VerdictLine) -> int:
    """The high end; where a person may still answer, at that person's yes.

    What nobody looked at is taken as it would be at best.
    """
    if line.by_person and line.llr_cb > -DECIDES:
        return max(line.high, SETTLED)
    return line.high if line.looked_at else line.reach


def _at_reach(line: VerdictLine) -> int:
    return max(line.llr_cb, line.reach)


def _answered(line: VerdictLine) -> int:
    return max(line.llr_cb, SETTLED) if line.by_person else line.llr_cb


def _active(rules: RoleRules, lines: Sequence[VerdictLine]) -> list[Cap]:
    """Caps whose requirement's weakest part is low enough."""
    weakest: dict[str, int] = {}
    for line in lines:
        before = weakest.get(line.requirement, line.llr_cb)
        weakest[line.requirement] = min(line.llr_cb, before)
    about = [cap for cap in rules.caps if cap.kind or cap.req in weakest]
    return [cap for cap in about if cap.kind or weakest[cap.req] <= cap.at_most]


def _coverage(rules: RoleRules, lines: Sequence[VerdictLine]) -> int:
    """Thousandths of the machine lines' weight that were looked at; of all where it has none."""
    machine = {one.id for one in rules.requirements if one.checker == "machine"}
    theirs = [line for line in lines if line.requirement in machine] or list(lines)
    whole = sum(line.weight for line in theirs)
    looked_at = sum(line.weight for line in theirs if line.looked_at)
    return 1000 * looked_at // whole if whole else 0


def _gains(
    rules: RoleRules,
    lines: Sequence[VerdictLine],
    to: Callable[[VerdictLine], int],
) -> tuple[Gain, ...]:
    """For every requirement the exact strength if it alone, with all its parts, stood so."""
    score = _score(rules, lines)
    gains = []
    for name in dict.fromkeys(line.requirement for line in lines):
        moved = [
            replace(line, llr_cb=to(line)) if line.requirement == name else line for line in lines
        ]
        after = _score(rules, moved)
        if after > score:
            gains.append(Gain(after - score, name, after))
    gains.sort(key=lambda gain: (-gain.points, gain.requirement))
    return tuple(gains)
