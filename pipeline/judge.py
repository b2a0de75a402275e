"""Verdicts: what findings say about each requirement of an item. Pure and in integers (SCORING 4b.1-4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from models.finding import Finding
from models.policy import Item
from models.report import Status

GROUP_LIMIT = 300  # lam of one dependence group
TOTAL_LIMIT = 400  # lam of one requirement
DECIDES = 100  # lam at which a status is set: LR 10


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: a requirement or one of its parts. Weight and points in tenths, lam and u in centi-decades."""

    req: str
    part: int
    weight: int
    lam: int
    u: int
    status: Status
    earned: int
    could: int

    @property
    def requirement(self) -> str:
        return self.req.partition("#")[0]


def verdicts(item: Item, findings: Iterable[Finding], not_applicable: Collection[str] = (), shift: int = 0) -> tuple[Line, ...]:
    """The lines of `item`. `shift` -1 or +1 moves every lam by its u (the interval's ends)."""
    about = _by_requirement(findings)
    places = [
        (requirement, part, f"{requirement.id}#{part + 1}" if requirement.parts > 1 else requirement.id)
        for requirement in item.requirements
        if requirement.id not in not_applicable
        for part in range(requirement.parts)
    ]
    weights = _thousand([(requirement.weight, requirement.parts) for requirement, _, _ in places])
    lines = []
    for (_, part, name), weight in zip(places, weights, strict=True):
        found = about.get(name, ())
        lam = _total(found, lambda finding: finding.lam + shift * finding.u)
        earned = weight * credit(lam) // 1000
        status = _status(lam) if found else "not_checked"
        lines.append(Line(name, part, weight, lam, max((f.u for f in found), default=0), status, earned, weight - earned))
    return tuple(lines)


def credit(lam: int) -> int:
    """Thousandths of a line's weight that `lam` earns (house rule: knots at 0, 100 and 200)."""
    if lam <= 0:
        return 0
    return 6 * lam if lam <= DECIDES else min(1000, 600 + 4 * (lam - DECIDES))


def _status(lam: int) -> Status:
    return "met" if lam >= DECIDES else "not_met" if lam <= -DECIDES else "could_not_confirm"


def _by_requirement(findings: Iterable[Finding]) -> dict[str, tuple[Finding, ...]]:
    """Findings by what they are about; one id counts once, whatever the order."""
    ordered = sorted(findings, key=lambda f: (f.requirement, f.id, f.lam, f.u, f.group))
    once = [next(same) for _, same in groupby(ordered, key=lambda f: (f.requirement, f.id))]
    return {name: tuple(some) for name, some in groupby(once, key=lambda f: f.requirement)}


def _total(found: Sequence[Finding], lam_of: Callable[[Finding], int]) -> int:
    """Groups add; within a group only the strongest for and the strongest against count."""
    total = 0
    for _, members in groupby(sorted(found, key=lambda f: f.group), key=lambda f: f.group):
        lams = [lam_of(member) for member in members]
        total += _clip(max(0, *lams) + min(0, *lams), GROUP_LIMIT)
    return _clip(total, TOTAL_LIMIT)


def _clip(value: int, limit: int) -> int:
    return max(-limit, min(limit, value))


def _thousand(shares: Sequence[tuple[int, int]]) -> list[int]:
    """Weights (weight of the requirement, its parts) scaled to sum to exactly 1000, by largest remainder; ties go to the first."""
    common = 1
    for _, parts in shares:
        common *= parts  # exact fractions without floats
    exact = [weight * common // parts for weight, parts in shares]
    whole = sum(exact)
    if not whole:
        return []
    floors = [1000 * share // whole for share in exact]
    largest = sorted(range(len(exact)), key=lambda i: (-(1000 * exact[i] % whole), i))
    for i in largest[: 1000 - sum(floors)]:
        floors[i] += 1
    return floors
