"""Verdicts: what findings say about each requirement. Pure and in integers (SCORING 4b.1-4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod

from models.finding import Finding, Place
from models.policy import RoleRules
from models.report import Verdict

GROUP_LIMIT = 300  # llr_cb of one dependence group
TOTAL_LIMIT = 400  # llr_cb of one requirement
DECIDES = 100  # llr_cb at which a status is set: LR 10
SETTLED = 200  # llr_cb that earns a line in full: what a person's answer weighs
CREDIT_AT_DECIDES, CREDIT_FULL = 600, 1000  # thousandths of the weight (house rule)
LOW, MIDDLE, HIGH = -1, 0, +1  # ends of the interval: every llr_cb moved by its half width


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """One line of the table: a requirement or one of its parts.

    Weight and points in tenths, likelihood ratios in centi-decades. `best`: the best estimate, of
    which `llr_cb` is the bound; `low` and `high`: the ends of the interval; `reach`: the most that
    the program could find for it; `by_person`: a person who watches can settle it.
    """

    place: Place
    weight: int
    llr_cb: int
    half_width: int
    status: Verdict
    best: int
    low: int
    high: int
    reach: int
    by_person: bool

    @property
    def requirement(self) -> str:
        """Without its part."""
        return self.place.requirement

    @property
    def points(self) -> int:
        """Tenths earned."""
        return self.points_at(self.llr_cb)

    @property
    def points_missed(self) -> int:
        """Tenths not earned."""
        return self.weight - self.points

    @property
    def assessed(self) -> int:
        """Tenths that the program can confirm, or that are settled either way."""
        against = self.points_at(-self.llr_cb) if self.llr_cb <= -DECIDES else 0
        return max(self.points_at(self.reach), self.points, against)

    @property
    def looked_at(self) -> bool:
        """Whether anything is known about it."""
        return self.status != "not_checked"

    def points_at(self, llr_cb: int) -> int:
        """What the line would earn at another likelihood ratio."""
        return self.weight * credit(llr_cb) // CREDIT_FULL


def verdicts(
    rules: RoleRules,
    findings: Iterable[Finding],
    not_applicable: Collection[str] = (),
    reach: Mapping[str, int] | None = None,
) -> tuple[VerdictLine, ...]:
    """The lines of one role. Weights of what does not apply go to the others.

    `reach`: by requirement, the llr_cb that the program could find for it at best.
    """
    about = _by_place(findings)
    asked = [one for one in rules.requirements if one.id not in not_applicable]
    places: list[Place] = []
    shares: list[tuple[int, int]] = []
    for one in asked:
        places += _places(one.id, one.parts)
        shares += [(one.weight, one.parts)] * one.parts
    lines = []
    for place, weight in zip(places, _thousand(shares), strict=True):
        name = place.requirement
        line = _line(
            place,
            weight,
            about.get(place, ()),
            (reach or {}).get(name, 0),
            rules.requirement(name).by_person,
        )
        lines.append(line)
    return tuple(lines)


def _places(requirement: str, parts: int) -> Iterable[Place]:
    """A requirement, or each of its parts."""
    if parts == 1:
        return (Place(requirement),)
    return (Place(requirement, part) for part in range(1, parts + 1))


def _line(
    place: Place,
    weight: int,
    found: Sequence[Finding],
    reach: int,
    by_person: bool,
) -> VerdictLine:
    shifts = (LOW, MIDDLE, HIGH)
    low, middle, high = (_total(found, shift) for shift in shifts)
    outward = [one.outward for one in found]
    return VerdictLine(
        place=place,
        weight=weight,
        llr_cb=middle,
        half_width=max((finding.half_width for finding in found), default=0),
        status=_status(middle) if found else "not_checked",
        best=_total(outward, MIDDLE),
        low=low,
        high=high,
        reach=reach,
        by_person=by_person,
    )


def credit(llr_cb: int) -> int:
    """Thousandths of a line's weight that are earned (house rule: knots at 0, 100 and 200)."""
    if llr_cb <= 0:
        return 0
    if llr_cb <= DECIDES:
        return CREDIT_AT_DECIDES * llr_cb // DECIDES
    return min(CREDIT_FULL, CREDIT_AT_DECIDES + 4 * (llr_cb - DECIDES))


def _status(llr_cb: int) -> Verdict:
    """What a likelihood ratio decides."""
    if llr_cb >= DECIDES:
        return "met"
    return "not_met" if llr_cb <= -DECIDES else "could_not_confirm"


def _by_place(findings: Iterable[Finding]) -> dict[Place, tuple[Finding, ...]]:
    """Findings by what they are about; one id counts once, whatever the order."""
    ordered = sorted(findings, key=_sort_key)
    once = [next(same) for _, same in groupby(ordered, key=lambda one: (one.place, one.id))]
    return {place: tuple(some) for place, some in groupby(once, key=lambda one: one.place)}


def _sort_key(one: Finding) -> tuple[Place, str, int, int, str]:
    return one.place, one.id, one.llr_cb, one.half_width, one.group


def _total(found: Sequence[Finding], shift: int) -> int:
    """Groups add; within a group only the strongest for and the strongest against count."""
    by_group: Callable[[Finding], str] = lambda finding: finding.group  # noqa: E731
    total = 0
    for _, members in groupby(sorted(found, key=by_group), key=by_group):
        shifted = [member.llr_cb + shift * member.half_width for member in members]
        strongest = max(0, *shifted) + min(0, *shifted)
        total += clip(strongest, GROUP_LIMIT)
    return clip(total, TOTAL_LIMIT)


def clip(value: int, limit: int) -> int:
    """Held within a limit on both sides."""
    return max(-limit, min(limit, value))


def _thousand(shares: Sequence[tuple[int, int]]) -> list[int]:
    """Weights (of a requirement, its parts) scaled to sum to exactly 1000.

    By largest remainder; ties go to the first. Exact fractions without floats.
    """
    common = prod(parts for _, parts in shares)
    exact = [weight * common // parts for weight, parts in shares]
    whole = sum(exact)
    if not whole:
        return []
    floors = [1000 * share // whole for share in exact]
    remainders = [1000 * share % whole for share in exact]
    largest = sorted(range(len(exact)), key=lambda i: (-remainders[i], i))
    for i in largest[: 1000 - sum(floors)]:
        floors[i] += 1
    return floors
