"""Sides of the parcel: six only where all are certain, none missing where count was lost."""

from __future__ import annotations

from typing import Any

import pytest

from models.kinds import CountLost, ParcelSide, Side, Sides, SideStatus, SideUnseen
from models.observation import Observation, Run
from models.record import Span
from models.report import ExhibitReport
from tests.pipeline.judge import whole

RUN = Run(
    detector="sides",
    version="1",
    outcome="completed",
    sees=("sides", "side", "side_unseen", "parcel_away"),
)
PLACES = ("front", "back", "left", "right", "top", "bottom")
ALL: tuple[SideStatus, ...] = ("clear",) * 6


def side(part: int, status: SideStatus, **besides: Any) -> ParcelSide:
    """Sides 1 and 2 are opposite each other, 3 and 4, 5 and 6."""
    shown = status != "never"
    facts: dict[str, Any] = {
        "opposite": part + 1 if part % 2 else part - 1,
        "place": PLACES[part - 1],
        "lack": "slanted" if status == "poor" else None,
        "clear_s": 1.0 if status == "clear" else 0.0,
        "spans": (Span(start=part, end=part + 1.0),) if status == "clear" else (),
        "best_s": part + 0.5 if shown else None,
        "point": (100, 100) if shown else None,
        "outline": ((0, 0), (9, 0), (9, 9), (0, 9)) if shown else None,
    }
    return ParcelSide(part=part, status=status, **(facts | besides))


def seen(
    statuses: tuple[SideStatus, ...] = ALL,
    certainty: float = 0.99,
    container: str = "box",
    lost: tuple[CountLost, ...] = (),
    unseen: tuple[int, ...] = (),
    label: int = 0,
) -> list[Observation]:
    """What the detector says of such a clip."""
    faces = tuple(side(i, one, label=i == label) for i, one in enumerate(statuses, start=1))
    counted = Sides(
        at=Span(start=0.0, end=9.0),
        container=container,
        certainty=certainty,
        whole=1.0,
        lost=lost,
        faces=faces,
        detector="sides",
        id="sides:1",
    )
    told: list[Observation] = [counted]
    for one in faces:
        if one.status == "clear" and certainty >= 0.9:
            told.append(
                Side(
                    at=one.spans[0],
                    part=one.part,
                    best_s=one.best_s,
                    detector="sides",
                    id=f"sides:side{one.part}",
                )
            )
        if one.part in unseen:
            behind = faces[one.opposite - 1]
            told.append(
                SideUnseen(
                    at=counted.at,
                    part=one.part,
                    label=behind.label,
                    opposite_s=behind.best_s,
                    detector="sides",
                    id=f"sides:unseen{one.part}",
                )
            )
    return told


def judged(*observations: Observation, looked: bool = True) -> ExhibitReport:
    clip = whole.clip(*observations, role="unpacking_video")
    runs = (*clip.runs, RUN) if looked else clip.runs
    return whole.judged(clip.model_copy(update={"runs": runs})).exhibits[0]


def verdicts(found: ExhibitReport) -> list[str]:
    return [row.verdict for row in found.requirements if row.requirement == "six-sides"]


def test_six_sides_are_met_side_by_side() -> None:
    found = judged(*seen(label=1))
    assert found.sides and found.sides.verdict == "met" and found.sides.shown == 6
    assert verdicts(found) == ["met"] * 6
    assert [face.frame for face in found.sides.faces] == [f"e1-side{i}.jpg" for i in range(1, 7)]
    assert {want.what for want in found.pictures if "side" in want.name} == {"side"}
    assert all(face.opposite != face.id for face in found.sides.faces)


LOST = (CountLost(at_s=5.4, why="unsure"),)
MUST_NOT: dict[str, list[Observation]] = {
    "the count was lost": seen(("clear",) * 4 + ("never",) * 2, lost=LOST),
    "one was seen at a slant": seen(("clear",) * 5 + ("poor",)),
    "a side may have been counted twice": seen(ALL, certainty=0.7),
    "nobody knows whether it is a box": seen(ALL, container="unknown"),
    "nothing was found": [],
}


@pytest.mark.parametrize("why", sorted(MUST_NOT))
def test_what_is_not_certain_is_neither_shown_nor_missing(why: str) -> None:
    found = judged(*MUST_NOT[why])
    assert found.sides and found.sides.verdict == "could_not_confirm"
    assert "not_met" not in verdicts(found)
    assert all(face.status != "never" for face in found.sides.faces)


def test_reasons_name_what_keeps_it_open() -> None:
    found = judged(*MUST_NOT["the count was lost"])
    assert found.sides and "Lost count at 5.4 s" in found.sides.reason.text
    assert verdicts(found) == ["met"] * 4 + ["could_not_confirm"] * 2
    slanted = judged(*seen(("clear",) * 5 + ("poor",), label=5))
    assert slanted.sides
    assert "The side opposite the label was seen only at a slant." in slanted.sides.reason.text


def test_a_side_that_was_never_shown_is_named_by_the_one_opposite() -> None:
    statuses: tuple[SideStatus, ...] = ("clear",) * 5 + ("never",)
    found = judged(*seen(statuses, unseen=(6,), label=5))
    assert found.sides and found.sides.verdict == "not_met"
    assert "The side opposite the label is not shown" in found.sides.reason.text
    assert found.sides.faces[-1].status == "never" and found.sides.faces[-1].opposite == "5"
    row = next(row for row in found.requirements if row.id == "six-sides#6")
    assert row.log10_lr < 0 and row.honest_causes


def test_a_flat_mailer_needs_two_sides_and_the_other_four_do_not_apply() -> None:
    both = judged(*seen(("clear", "clear", *("never",) * 4), container="mailer"))
    assert both.sides and both.sides.verdict == "met"
    assert verdicts(both) == ["met"] * 2 + ["not_applicable"] * 4
    beside = judged(*seen(("clear", "never", "clear", *("never",) * 3), container="mailer"))
    assert beside.sides and beside.sides.verdict == "could_not_confirm"


def test_where_nobody_looked_for_cuts_no_side_is_certain() -> None:
    counted, *_ = seen()
    found = judged(counted.model_copy(update={"breaks_known": False}))
    assert found.sides and found.sides.verdict == "could_not_confirm"
    assert "Cuts were not looked for" in found.sides.reason.text
    assert set(verdicts(found)) == {"could_not_confirm"}


def test_sides_nobody_looked_for_are_not_checked() -> None:
    found = judged(looked=False)
    assert found.sides and found.sides.verdict == "not_checked"
    assert verdicts(found) == ["not_checked"] * 6


def test_a_person_who_is_asked_for_the_whole_process_sees_moments_of_it() -> None:
    moments = [want.pts for want in judged().pictures if want.what == "moment"]
    assert moments == [0.5, 6.833, 13.167, 19.5]
    packing = whole.judged(whole.clip()).exhibits[0]
    assert not [want for want in packing.pictures if want.what == "moment"]
