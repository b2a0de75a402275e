"""The scoring model written a second time, from docs/scoring.md alone, without product code.

A judge of the judge: where both differ, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

Line = dict[str, Any]


def credit(lam: int) -> int:
    """Thousandths of the weight: 0 at 0, 600 at 100, 1000 at 200, straight between."""
    if lam <= 0:
        return 0
    return 6 * lam if lam <= 100 else min(1000, 600 + 4 * (lam - 100))


def weights(requirements: list[dict[str, Any]], left_out: Iterable[str]) -> dict[str, int]:
    """Tenths by line: parts are equal, all lines sum to 1000, remainders to the largest first."""
    shares: dict[str, Fraction] = {}
    for one in requirements:
        if one["id"] in left_out:
            continue
        parts = one.get("parts", 1)
        names = [one["id"]] if parts == 1 else [f"{one['id']}#{i}" for i in range(1, parts + 1)]
        shares |= dict.fromkeys(names, Fraction(one["weight"], parts))
    whole = sum(shares.values())
    exact = {name: 1000 * share / whole for name, share in shares.items()}
    tenths = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: tenths[name] - exact[name])
    for name in by_remainder[: 1000 - sum(tenths.values())]:
        tenths[name] += 1
    return tenths


def total(findings: list[dict[str, Any]], shift: int) -> int:
    """Within a group the strongest for and the strongest against; groups add; both clipped."""
    groups: dict[str, list[int]] = {}
    for one in {one["id"]: one for one in findings}.values():
        groups.setdefault(one["group"], []).append(one["lam"] + shift * one["u"])
    sums = [max(0, *found) + min(0, *found) for found in groups.values()]
    return max(-400, min(400, sum(max(-300, min(300, value)) for value in sums)))


def item(
    policy: dict[str, Any],
    findings: list[dict[str, Any]],
    left_out: Iterable[str] = (),
    reach: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Every number of one exhibit."""
    rules = {one["id"]: one for one in policy["requirements"]}
    lines: list[Line] = []
    for name, weight in weights(policy["requirements"], set(left_out)).items():
        requirement = name.partition("#")[0]
        rule = rules[requirement]
        theirs = [one for one in findings if one["req"] == name]
        lines.append(
            {
                "req": name,
                "of": requirement,
                "weight": weight,
                "seen": bool(theirs),
                "lam": total(theirs, 0),
                "low": total(theirs, -1),
                "high": total(theirs, +1),
                "reach": (reach or {}).get(requirement, 0),
                "person": rule["checker"] == "human" or rule.get("by_eye", False),
                "machine": rule["checker"] == "machine",
            }
        )
    now = {line["req"]: line["lam"] for line in lines}
    assessed = sum(on_scale(line, now[line["req"]]) for line in lines)
    person = sum(line["weight"] - on_scale(line, line["lam"]) for line in lines if line["person"])
    machine = [line for line in lines if line["machine"]] or lines
    whole = sum(line["weight"] for line in machine)
    looked = sum(line["weight"] for line in machine if line["seen"])
    coverage = 1000 * looked // whole if whole else 0
    reached = score(policy, lines, now)
    return {
        "score": reached,
        "low": score(policy, lines, {line["req"]: feared(line) for line in lines}),
        "high": score(policy, lines, {line["req"]: hoped(line) for line in lines}),
        "band": band(reached) if coverage >= 500 else "not_assessable",
        "coverage": coverage,
        "confirmed": sum(points(line, line["lam"]) for line in lines),
        "assessed": assessed,
        "for_person": person,
        "for_nobody": 1000 - assessed - person,
        "caps": [cap["code"] for cap in caps(policy, lines, now)],
    }


def points(line: Line, lam: int) -> int:
    return int(line["weight"] * credit(lam) // 1000)


def on_scale(line: Line, lam: int) -> int:
    """What the program could confirm, what is confirmed, or what is settled against it."""
    against = points(line, -lam) if lam <= -100 else 0
    return max(points(line, line["reach"]), points(line, lam), against)


def feared(line: Line) -> int:
    no = line["person"] and line["lam"] < 100
    return min(line["low"], -200) if no else int(line["low"])


def hoped(line: Line) -> int:
    if line["person"] and line["lam"] > -100:
        return max(line["high"], 200)
    return int(line["high"] if line["seen"] else line["reach"])


def caps(policy: dict[str, Any], lines: list[Line], at: dict[str, int]) -> list[dict[str, Any]]:
    active = []
    for cap in policy["caps"]:
        theirs = [at[line["req"]] for line in lines if line["of"] == cap["req"]]
        if theirs and min(theirs) <= cap["at_most"]:
            active.append(cap)
    return active


def score(policy: dict[str, Any], lines: list[Line], at: dict[str, int]) -> int:
    confirmed = sum(points(line, at[line["req"]]) for line in lines)
    assessed = sum(on_scale(line, at[line["req"]]) for line in lines)
    share = 1000 * confirmed // assessed if assessed else 0
    return min([share, *(cap["cap"] for cap in caps(policy, lines, at))])


def band(reached: int) -> str:
    names = {800: "very_strong", 600: "strong", 400: "moderate", 200: "weak", 0: "insufficient"}
    return names[max(least for least in names if reached >= least)]


def case(
    reason: dict[str, Any], items: list[list[Any]], contradictions: list[str]
) -> dict[str, Any]:
    """Every number of one case."""
    slots: dict[str, int] = {}
    for slot in reason["slots"]:
        fits = dict(slot["accepts"])
        best: dict[str, int] = {}
        for role, capture, worth in items:
            if role in fits:
                best[capture] = max(best.get(capture, 0), worth * fits[role] // 1000)
        first, second = [*sorted(best.values(), reverse=True), 0, 0][:2]
        slots[slot["id"]] = first + min(100, (1000 - first) * second // 1000)
    required = [slot for slot in reason["slots"] if slot.get("required", True)]
    whole = sum(slot["weight"] for slot in required)
    reached = sum(slots[slot["id"]] * slot["weight"] for slot in required) // whole
    for slot in reason["slots"]:
        if slot not in required:
            reached += min(slot["weight"], (1000 - reached) * slots[slot["id"]] // 1000)
    weakest = min(slots[slot["id"]] for slot in required) + reason["slack"]
    codes = ["WEAKEST_REQUIRED"] if weakest < reached else []
    reached = min(reached, weakest)
    if contradictions:
        codes.append("CONTRADICTION")
        reached = min(reached, 399)
    return {"score": reached, "band": band(reached), "slots": slots, "caps": codes}
