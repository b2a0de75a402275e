"""Write docs/scoring.md and docs/scoring_examples.json from the packs, the cards and the model.

    python -m bench.scoring [FOLDER]

Every number in both is worked out here, so a new detector or a new measurement changes them; the
sentences are in scoring_page.md. tests/test_docs.py compares both with what lies in docs/.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from models.card import Measured, cards
from models.finding import Finding, Place
from models.packs import policy
from models.policy import Cap, Requirement, RoleRules
from pipeline.judge.strength import BANDS, ExhibitStrength, exhibit_strength
from pipeline.judge.verdicts import GROUP_LIMIT, verdicts
from pipeline.judge.weigh import reach
from pipeline.wording import words

PACK = policy("tiktok-shop-us")
CARDS = cards()
ROOT = Path(__file__).parents[1]
TEMPLATE = Path(__file__).with_name("scoring_page.md")
SHOWN = ("packing_video", "unpacking_video", "parcel_photo", "tracking_screenshot")
Lams = dict[str, tuple[tuple[str, int, int], ...]]  # requirement: (group, bound, half width)


def measured(kind: str, source: str = "") -> Measured:
    """The card's figures on a kind, from pictures and codes, or from print."""
    found = [one for card in CARDS.values() for one in card.measured if one.kind == kind]
    return next(one for one in found if one.source == source)


def alarm(kind: str, sign: int, source: str = "") -> tuple[str, int, int]:
    """(group, bound, half width) of seeing `kind`."""
    figures = measured(kind, source)
    weight = figures.alarm()
    return figures.group, sign * weight.llr_cb, weight.half_width


def read(rules: RoleRules, kind: str, sign: int) -> tuple[tuple[str, int, int], ...]:
    """A number decoded and read from print; from print alone where the exhibit is a page."""
    printed = alarm(kind, sign, "text")
    return (printed,) if rules.numbers_on == "page" else (alarm(kind, sign), printed)


def silence() -> tuple[str, int, int]:
    """Of breaks, where nearly all that is tried on a clip would stand out."""
    figures = CARDS["joins"].on("soft_join", stratum="nearly_all")
    assert figures is not None
    weight = figures.silence()
    return figures.group, weight.llr_cb, weight.half_width


def link(rules: RoleRules) -> str:
    """The requirement of which parcel it is."""
    return next(one.id for one in rules.requirements if one.is_link)


def perfect(rules: RoleRules) -> Lams:
    """All that the detectors can find for it today."""
    found: Lams = {
        link(rules): read(rules, "identifier_expected", 1),
        "order-info-legible": read(rules, "identifier_read", 1),
    }
    names = {one.id for one in rules.requirements}
    if "continuous" in names:
        found["continuous"] = (silence(),)
        found["unedited"] = (("editing", 0, 30),)
    if "six-sides" in names:
        found["six-sides"] = (alarm("side", 1),)
    for name, kind in (("status-shown", "status_shown"), ("times-shown", "times_shown")):
        if name in names:
            found[name] = (alarm(kind, 1),)
    if "clear" in names:
        found["clear"] = (alarm("clear", 1),)
    return found


def situations(rules: RoleRules) -> dict[str, Lams]:
    """What people hand in, from the best to another order's."""
    best = perfect(rules)
    found = {"perfect": best}
    if "continuous" in best:
        possible = alarm("possible_cut", -1)
        cut = alarm("cut", -1)
        found["doubtful: the picture may jump once"] = best | {"continuous": (possible,)}
        found["cut: the picture jumps"] = best | {"continuous": (cut,)}
        twice = (cut, alarm("counter_break", -1))
        found["cut: seen in two independent ways"] = best | {"continuous": twice}
    other = read(rules, "identifier_other", -1)
    if rules.numbers_on == "label":
        elsewhere = (alarm("identifier_elsewhere", 1),)
        found["perfect, but the number stands on no label"] = best | {link(rules): elsewhere}
    found["another order's label"] = best | {link(rules): other}
    return found


def strength(rules: RoleRules, lams: Lams, within: dict[str, int]) -> ExhibitStrength:
    found = [
        Finding(
            requirement=name,
            part=part,
            llr_cb=bound,
            half_width=half_width,
            group=group,
            id=f"{name}:{part}:{group}",
        )
        for name, some in lams.items()
        for part in _parts(rules.requirement(name))
        for group, bound, half_width in some
    ]
    return exhibit_strength(rules, verdicts(rules, found, (), within))


def _parts(rule: Requirement) -> Iterable[int]:
    return range(1, rule.parts + 1) if rule.parts > 1 else (0,)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def points(tenths: int) -> str:
    return f"{tenths / 10:.1f}"


def who_can_tell() -> str:
    """Points of each kind of evidence, by who can settle them."""
    rows = []
    for rules in PACK.items:
        empty = exhibit_strength(rules, verdicts(rules, (), (), reach(rules, CARDS)))
        rows.append(
            [
                words.ROLE.get(rules.id, rules.title.lower()),
                points(empty.assessed),
                points(empty.for_person),
                points(empty.for_nobody),
            ]
        )
    return table(["handed in as", "the program", "a person", "nobody, from footage"], rows)


def by_line(rules: RoleRules) -> str:
    within = reach(rules, CARDS)
    rows = []
    for line in verdicts(rules, (), (), within):
        rule = rules.requirement(line.requirement)
        title = rule.title if rule.parts == 1 else f"{rule.title} ({line.place.part})"
        rest = line.weight - line.assessed
        rows.append(
            [
                title,
                points(line.weight),
                points(line.assessed),
                points(rest) if line.by_person else "",
                "" if line.by_person else points(rest),
                _asked_by(rule),
            ]
        )
    head = ["line", "points", "the program", "a person", "nobody", "who looks first"]
    return table(head, rows)


def _asked_by(rule: Requirement) -> str:
    if rule.checker == "human":
        return "person"
    seen = {one.kind for card in CARDS.values() for one in card.measured}
    kinds = {*rule.supporting, *rule.contradicting}
    return "program" if kinds & seen else "nobody yet"


def one_table(rules: RoleRules) -> str:
    """The same table for every situation."""
    within = reach(rules, CARDS)
    rows = []
    for name, lams in situations(rules).items():
        got = strength(rules, lams, within)
        rows.append(
            [
                name,
                f"{points(got.confirmed)} of {points(got.assessed)}",
                points(got.score),
                f"{points(got.low)} to {points(got.high)}",
                words.BAND[got.band],
                ", ".join(cap.code for cap in got.caps) or "none",
            ]
        )
    head = ["situation", "earned of assessed", "number", "open from, to", "band", "held down by"]
    return table(head, rows)


def bands() -> str:
    rows = [[points(least), words.BAND[name]] for least, name in BANDS]
    return table(["number from", "word"], rows)


def most_against(rule: Requirement) -> int:
    """The most that the detectors could find against a line, by their cards."""
    by_group: dict[str, int] = {}
    for card in CARDS.values():
        for one in card.measured:
            if one.kind in rule.contradicting:
                by_group[one.group] = max(one.alarm().llr_cb, by_group.get(one.group, 0))
    return sum(by_group.values())


def brought_about(item: RoleRules, cap: Cap) -> str:
    """Who can bring a cap about: what the program sees, or a person's no."""
    if cap.kind:
        return "the program"
    rule = item.requirement(cap.req)
    who = ["the program"] if -most_against(rule) <= cap.at_most else []
    return ", ".join(who + ["a person's no"] * rule.by_person)


def ceilings() -> str:
    """Caps, each code once."""
    rows = {}
    for item in PACK.items:
        for cap in item.caps:
            while_ = "a mark is there" if cap.kind else f"{cap.at_most / 100:+.2f} and less"
            says = words.CAP[cap.code].format(most=cap.cap / 10)
            rows[cap.code] = [says, while_, brought_about(item, cap), cap.code]
    head = ["what the report says", "while the line's log10 LR is", "brought about by", "code"]
    return table(head, [rows[code] for code in sorted(rows)])


def examples() -> dict[str, Any]:
    """Worked examples of this model: inputs and every number that comes out."""
    made = []
    for role in SHOWN:
        rules = PACK.rules(role)
        within = reach(rules, CARDS)
        for name, lams in situations(rules).items():
            made.append(_example(rules, f"{role}: {name}", lams, within))
    rules = PACK.rules("packing_video")
    two = (("pictures", 80, 40), ("clock", 60, 30))
    made.append(
        _example(
            rules,
            "packing_video: a line with findings of two groups (each moved by its own half width)",
            {"continuous": two},
            reach(rules, CARDS),
        )
    )
    return {
        "units": {"lam, u": "log10 LR x 100", "points": "tenths", "coverage": "thousandths"},
        "items": made,
    }


def _example(rules: RoleRules, name: str, lams: Lams, within: dict[str, int]) -> dict[str, Any]:
    got = strength(rules, lams, within)
    numbers = ("score", "low", "high", "band", "coverage", "confirmed", "assessed")
    expected = {key: getattr(got, key) for key in (*numbers, "for_person", "for_nobody")}
    return {
        "name": name,
        "role": rules.id,
        "reach": within,
        "findings": [
            {"req": line, "lam": bound, "u": half, "group": group, "id": f"{line}:{group}"}
            for req, some in lams.items()
            for line in (Place(req, part).name for part in _parts(rules.requirement(req)))
            for group, bound, half in some
        ],
        "expected": expected | {"caps": [cap.code for cap in got.caps]},
    }


def page() -> str:
    packing, unpacking = PACK.rules("packing_video"), PACK.rules("unpacking_video")
    two = examples()["items"][-1]["expected"]
    return TEMPLATE.read_text("utf-8").format(
        who_can_tell=who_can_tell(),
        packing=by_line(packing),
        unpacking=by_line(unpacking),
        packing_table=one_table(packing),
        unpacking_table=one_table(unpacking),
        photo_table=one_table(PACK.rules("parcel_photo")),
        page_table=one_table(PACK.rules("tracking_screenshot")),
        bands=bands(),
        ceilings=ceilings(),
        group_limit=GROUP_LIMIT / 100,
        two_low=points(two["low"]),
        two_score=points(two["score"]),
        two_high=points(two["high"]),
    )


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scoring.md").write_text(page(), "utf-8")
    made = json.dumps(examples(), indent=1, ensure_ascii=False)
    (folder / "scoring_examples.json").write_text(made + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
