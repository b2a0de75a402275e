"""What must hold for any findings whatever (SCORING 4d)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.card import Measured, Rate, cards
from models.finding import Finding
from models.packs import policy
from models.policy import Reason, RoleRules
from pipeline.judge.case import Piece, case_strength
from pipeline.judge.strength import ExhibitStrength, exhibit_strength
from pipeline.judge.verdicts import credit, verdicts
from pipeline.judge.weigh import reach
from tests.pipeline.judge import reference
from tests.pipeline.judge.test_scoring_examples import numbers

PACK = policy("tiktok-shop-us")
ITEMS = [
    PACK.rules(role)
    for role in (
        "packing_video",
        "unpacking_video",
        "agreement_screenshot",
        "carrier_weight_receipt",
        "certificate",
    )
]
REASONS = PACK.reasons


CARDS = cards()


def lines(item: RoleRules) -> list[dict[str, Any]]:
    """Requirement and part of every line."""
    return [
        {"requirement": one.id, "part": part}
        for one in item.requirements
        for part in (range(1, one.parts + 1) if one.parts > 1 else (0,))
    ]


def strength_of(
    item: RoleRules, found: Sequence[Finding], within: dict[str, int] | None = None
) -> ExhibitStrength:
    within = reach(item, CARDS) if within is None else within
    return exhibit_strength(item, verdicts(item, found, (), within))


@st.composite
def judged(draw: st.DrawFn) -> tuple[RoleRules, list[Finding]]:
    item = draw(st.sampled_from(ITEMS))
    count = draw(st.integers(0, 14))
    found = [
        Finding(
            **draw(st.sampled_from(lines(item))),
            llr_cb=draw(st.integers(-450, 450)),
            half_width=draw(st.integers(0, 150)),
            group=draw(st.sampled_from("abc")),
            id=f"f{i}",
        )
        for i in range(count)
    ]
    return item, found


def of_reference(item: RoleRules, found: Sequence[Finding], within: dict[str, int]) -> Any:
    """The second model's answer."""
    rows = [
        {
            "req": one.place.name,
            "lam": one.llr_cb,
            "u": one.half_width,
            "group": one.group,
            "id": one.id,
        }
        for one in found
    ]
    return reference.item(item.model_dump(mode="json"), rows, (), within)


@given(judged(), st.integers(0, 300), st.integers(0, 300))
def test_a_second_model_agrees(case: tuple[RoleRules, list[Finding]], some: int, more: int) -> None:
    item, found = case
    ids = [one.id for one in item.requirements]
    within = {name: (some, more, 0)[number % 3] for number, name in enumerate(ids)}
    got = strength_of(item, found, within)
    assert numbers(got) == of_reference(item, found, within)


@given(judged())
def test_bounds_and_accounting(case: tuple[RoleRules, list[Finding]]) -> None:
    item, found = case
    got = strength_of(item, found)
    assert 0 <= got.low <= got.score <= got.high <= 1000
    assert sum(line.weight for line in got.lines) == 1000
    assert all(line.points + line.points_missed == line.weight for line in got.lines)
    assert got.confirmed == sum(line.points for line in got.lines) <= got.assessed
    assert got.assessed + got.for_person + got.for_nobody == 1000
    assert min(got.assessed, got.for_person, got.for_nobody) >= 0
    share = 1000 * got.confirmed // got.assessed if got.assessed else 0
    assert got.score == share - got.lost_to_cap
    for code, most in got.caps:
        assert got.score <= most, code


@given(judged(), st.data())
def test_monotone_in_every_finding(
    case: tuple[RoleRules, list[Finding]], data: st.DataObject
) -> None:
    item, found = case
    if not found:
        return
    i = data.draw(st.integers(0, len(found) - 1))
    raised = found[i].model_copy(
        update={"llr_cb": found[i].llr_cb + data.draw(st.integers(1, 300))}
    )
    before, after = (
        strength_of(item, found),
        strength_of(item, [*found[:i], raised, *found[i + 1 :]]),
    )
    assert (
        (after.score, after.low, after.high) >= (before.score, before.low, before.high)
        and after.score >= before.score
        and after.low >= before.low
        and after.high >= before.high
    )


@given(judged(), st.integers(0, 400), st.data())
def test_support_never_lowers_and_contrary_never_raises(
    case: tuple[RoleRules, list[Finding]], lam: int, data: st.DataObject
) -> None:
    item, found = case
    name = data.draw(st.sampled_from(lines(item)))
    before = strength_of(item, found).score
    more = Finding(**name, llr_cb=lam, group="new", id="new")
    assert strength_of(item, [*found, more]).score >= before
    assert strength_of(item, [*found, more.model_copy(update={"llr_cb": -lam})]).score <= before


@given(judged(), st.randoms(use_true_random=False))
def test_order_and_copies_do_not_matter(
    case: tuple[RoleRules, list[Finding]], random: object
) -> None:
    item, found = case
    shuffled = [*found, *found[:3]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert strength_of(item, shuffled) == strength_of(item, found)


@given(st.integers(-300, -100), st.integers(2, 6))
def test_one_cause_counts_once(lam: int, copies: int) -> None:
    item = ITEMS[0]
    one = [Finding(requirement="continuous", llr_cb=lam, group="same", id="a")]
    many = [
        Finding(requirement="continuous", llr_cb=lam, group="same", id=str(i))
        for i in range(copies)
    ]
    assert strength_of(item, many).score == strength_of(item, one).score
    assert verdicts(item, many)[2].llr_cb == lam


@given(judged())
def test_advice_is_true_when_followed(case: tuple[RoleRules, list[Finding]]) -> None:
    """By the program at its reach, by a person's yes: exactly the strength that was told."""
    item, found = case
    got = strength_of(item, found)
    within = reach(item, CARDS)
    for gains, most in ((got.by_program, within), (got.by_person, {})):
        for points, name, after in gains[:3]:
            settled = []
            for line in got.lines:
                if line.requirement == name:
                    to = max(line.llr_cb, most.get(name, 200))
                    settled.append(
                        Finding(
                            requirement=name,
                            part=line.place.part,
                            llr_cb=to,
                            half_width=0,
                            group="advice",
                            id="advice",
                        )
                    )
            rest = [one for one in found if one.requirement != name]
            # A group holds 300, so what lies beyond is told by two.
            more = [
                one.model_copy(update={"id": "more", "group": "more", "llr_cb": one.llr_cb - 300})
                for one in settled
                if one.llr_cb > 300
            ]
            done = strength_of(item, [*rest, *settled, *more])
            assert done.score == after == got.score + points


def test_nothing_seen_is_nothing_earned() -> None:
    for item in ITEMS:
        assert strength_of(item, []).score == 0


def test_absent_metadata_is_neutral() -> None:
    silence = Measured(kind="editor_trace", group="editing", house=80).silence()
    assert silence[0] == 0


@given(st.integers(-400, 400), st.integers(0, 300))
def test_credit_rises(lam: int, more: int) -> None:
    assert 0 <= credit(lam) <= credit(lam + more) <= 1000


items_of_case = st.lists(
    st.builds(
        Piece,
        st.sampled_from(
            [
                "packing_video",
                "unpacking_video",
                "damage_photo",
                "carrier_weight_receipt",
                "tracking_screenshot",
            ]
        ),
        st.sampled_from("abcde"),
        st.integers(0, 1000),
    ),
    max_size=8,
)


@given(st.sampled_from(REASONS), items_of_case, st.data())
def test_case_is_monotone_and_held_by_its_weakest(
    reason: Reason, items: list[Piece], data: st.DataObject
) -> None:
    got = case_strength(reason, items)
    assert 0 <= got.score <= 1000
    assert got.score <= min(got.slots[s.id] for s in reason.slots if s.required) + reason.slack
    assert case_strength(reason, [*items, *items]) == got
    assert case_strength(reason, [*items, Piece("undecided", "z", 1000)]) == got
    assert case_strength(reason, items, ["X"]).score <= 399
    if items:
        i = data.draw(st.integers(0, len(items) - 1))
        role, capture, worth = items[i]
        better = [*items[:i], Piece(role, capture, min(1000, worth + 200)), *items[i + 1 :]]
        assert case_strength(reason, better).score >= got.score


@given(st.integers(0, 60), st.integers(1, 60))
@settings(max_examples=40)
def test_exact_binomial_bounds(hits: int, n: int) -> None:
    rate = Rate(hits=min(hits, n), n=n)
    assert 0 <= rate.lower <= rate.hits / n <= rate.upper <= 1


@pytest.mark.parametrize(
    ("n", "bound"), [(30, 0.0950), (100, 0.0295), (300, 0.00994), (1000, 0.00299)]
)
def test_no_alarm_in_n(n: int, bound: float) -> None:
    assert (
        Rate(hits=0, n=n).upper
        == pytest.approx(1 - 0.05 ** (1 / n))
        == pytest.approx(bound, abs=1e-4)
    )


def test_unmeasured_and_rendered_are_held_down() -> None:
    rate, clean = Rate(hits=300, n=300), Rate(hits=0, n=3000)
    assert Measured(kind="x", group="x", hit=rate, false_alarms=clean).alarm()[0] > 150
    assert (
        Measured(kind="x", group="x", hit=rate, false_alarms=clean, rendered=True).alarm()[0] == 150
    )
    with pytest.raises(ValueError, match="99"):
        Measured(kind="x", group="x", house=100)


def test_same_bytes_whatever_the_hash_seed() -> None:
    program = (
        "import json; from tests.pipeline.judge.test_scoring_examples import *; "
        "judged = [strength(example) for example in EXAMPLES['items']]; "
        "print(json.dumps(list(map(repr, judged))))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(said) == 1 and len(json.loads(said.pop())) == 11
