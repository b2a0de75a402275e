"""Pages and papers against the case: weight in any unit, several lines, status, packages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from detectors.reading.facts import STATUS, _status, _weights
from models.kinds import (
    PackagesNumbered,
    PrintedFact,
    StatusOther,
    StatusShown,
    TimesShown,
    WeightAgrees,
    WeightDisagrees,
    WeightRead,
)
from models.observation import Observation, of
from models.packs import policies
from models.record import Region, Span
from models.report import Identifier
from models.submission import Case
from pipeline.judge.bearing import Exhibited
from pipeline.judge.stated import stated
from pipeline.wording import words
from tests.pipeline.judge.whole import clip, judged, label

PACK = policies()["tiktok-shop-us"]
TRACKING, OTHER = "9400111899560012345677", "9400111899560012345707"


def fact(kind: str, value: str, unit: str | None = None, y: int = 0) -> PrintedFact:
    return PrintedFact(
        at=Span(start=0, end=0),
        fact=kind,
        value=value,
        unit=unit,
        confidence=0.95,
        region=Region(x=400, y=y, width=90, height=20),
    )


def number(value: str, y: int = 0, match: str | None = "expected") -> Identifier:
    return Identifier(
        kind="tracking_number",
        value=value,
        sources=("text",),
        state="confirmed",
        match=match,
        region=Region(x=10, y=y, width=300, height=22),
    )


def said(
    *seen: Observation,
    found: Sequence[Identifier] = (),
    role: str = "carrier_weight_receipt",
    **case: object,
) -> list[Observation]:
    known = Case.model_validate({"source": "operator", "tracking_number": TRACKING} | case)
    about = Exhibited(list(found), seen, known, PACK.rules(role), "image")
    return list(stated(about, PACK.weight_tolerance / 1000))


@pytest.mark.parametrize(
    ("read", "unit", "page", "kind"),
    [
        ("0.41", "kg", "0.40 kg", WeightAgrees),
        ("410", "g", "0.40 kg", WeightAgrees),
        ("14.1", "oz", "0.40 kg", WeightAgrees),
        ("0.88", "lb", "400 g", WeightAgrees),
        ("0.12", "kg", "0.40 kg", WeightDisagrees),
        ("0.40", "lb", "0.40 kg", WeightDisagrees),
        ("2.30", "kg", "2.0 kg", WeightDisagrees),
        ("2.19", "kg", "2.0 kg", WeightAgrees),
        ("0.045", "kg", "10 g", WeightAgrees),  # 50 g are always within
    ],
)
def test_weights_are_compared_in_any_unit(
    read: str, unit: str, page: str, kind: type[Observation]
) -> None:
    seen = said(fact("weight", read, unit), pdp_weight=page)
    assert [type(one) for one in seen] == [WeightRead, kind]


def test_of_several_weights_the_one_in_the_row_of_the_number_counts() -> None:
    lines = (fact("weight", "0.41", "kg", y=100), fact("weight", "3.20", "kg", y=160))
    rows = (number(TRACKING, y=99), number(OTHER, y=161, match=None))
    (read, agrees) = said(*lines, found=rows, pdp_weight="0.40 kg")
    assert (read.value, type(agrees)) == ("0.41 kg", WeightAgrees)
    assert said(*lines, found=(number(TRACKING, y=400),), pdp_weight="0.40 kg") == []
    gross_net = (fact("weight", "0.41", "kg", y=100), fact("weight", "0.35", "kg", y=104))
    assert said(*gross_net, found=rows, pdp_weight="0.40 kg") == [], "gross or net: not told"


def test_nothing_is_compared_with_what_only_the_submitter_says() -> None:
    seen = said(fact("weight", "9", "kg"), pdp_weight="0.40 kg", source="claimed")
    assert [type(one) for one in seen] == [WeightRead]


def test_status_and_times_are_told_where_they_are_asked_for() -> None:
    printed = (fact("status", "delivered"), fact("date", "2026-01-02"), fact("time", "10:20"))
    seen = said(*printed, role="tracking_screenshot")
    assert [one.value for one in of(seen, StatusShown)] == ["delivered"]
    assert [one.value for one in of(seen, TimesShown)] == ["2026-01-02, 10:20"]
    assert said(*printed, role="agreement_screenshot") == []


def test_all_packages_or_none() -> None:
    both = (number(TRACKING), number(OTHER, match=None))
    every = {"tracking_numbers": (TRACKING, OTHER), "role": "shipment_list"}
    (seen,) = said(found=both, **every)
    assert isinstance(seen, PackagesNumbered) and seen.count == 2
    assert said(found=both[:1], **every) == []
    assert said(found=both, package_count=3, **every) == [], "one package has no number"
    assert said(found=both, role="shipment_list") == []


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("Weight 1.25KG", [("1.25", "kg")]),
        ("5G 89%", []),
        ("NO. 31G&33G JALAN BESAR", []),
        ("4750G SUBANG JAYA", []),
        ("Berat 450G", [("450", "g")]),
        ("2 lb 3 oz", [("2.188", "lb")]),
        ("0 lbs 12.30 oz", [("0.769", "lb")]),
        ("net 450 g", [("450", "g")]),
    ],
)
def test_weights_as_printed(printed: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.value, one.unit) for one in _weights(printed)] == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("Delivered", "delivered"),
        ("Delivered, front porch", "delivered"),
        ("Expected delivered by Monday", ""),
        ("Couldn't be delivered", ""),
        ("Delivered?", ""),
        ("Return to sender delivered", ""),
        ("Delivered to agent for final delivery", ""),
        ("Not yet delivered", ""),
    ],
)
def test_a_status_is_what_it_says(printed: str, expected: str) -> None:
    assert [one.value for one in _status(printed)] == ([expected] if expected else [])


def test_a_packing_and_an_unboxing_of_one_parcel_are_linked() -> None:
    found = judged(clip(*label()), clip(*label(), path="b.mp4", role="unpacking_video"))
    (linked,) = found.together
    assert str(linked).startswith("a.mp4 and b.mp4 bear the same number: Order ID")
    alike = judged(clip(*label()), clip(*label(), path="b.mp4"))
    assert alike.together == ()


@pytest.mark.parametrize(
    ("statuses", "printed", "kind"),
    [
        ((), "delivered", StatusShown),
        (("delivered",), "delivered", StatusShown),
        (("delivered",), "undelivered", StatusOther),
        (("undelivered",), "delivered", StatusOther),
        (("in_transit", "shipped"), "shipped", StatusShown),
    ],
)
def test_a_status_is_held_against_what_the_reason_says(
    statuses: tuple[str, ...], printed: str, kind: type[Observation]
) -> None:
    seen = (fact("status", printed),)
    rules = PACK.rules("delivery_proof")
    about = Exhibited([], seen, Case(), rules, "image", statuses)
    assert [type(one) for one in stated(about, 0.1)] == [kind]


def test_every_status_that_a_reason_names_can_be_read() -> None:
    named = {status for pack in policies().values() for r in pack.reasons for status in r.statuses}
    assert named <= set(words.STATUS) == {value for value, _ in STATUS}


def test_one_picture_cannot_be_two_things() -> None:
    """Handed in as damage and as proof that there was none, it is a contradiction for a person."""
    both = (
        clip(*label(), path="damage.mp4", sha256="same", role="packing_video"),
        clip(*label(), path="packing.mp4", sha256="same", role="unpacking_video"),
    )
    found = judged(*both, reason="product-damaged-or-used")
    assert any("are one recording, handed in as" in str(said) for said in found.contradictions)
    assert found.strength and found.strength.score <= 39.9
    twice = judged(both[0], both[1].model_copy(update={"role": "packing_video"}))
    assert twice.contradictions == ()


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ((("0.41", "kg"), ("410", "g")), ["0.41 kg"]),
        ((("0.41", "kg"), ("0.55", "kg")), []),
        ((("0.41", "kg"), None), []),
    ],
)
def test_a_packing_and_an_unboxing_may_state_one_weight(
    weights: tuple[tuple[str, str] | None, ...], said: list[str]
) -> None:
    roles = ("packing_video", "unpacking_video")
    exhibits = [
        clip(*([fact("weight", *weight)] if weight else []), path=f"{role}.mp4", role=role)
        for role, weight in zip(roles, weights, strict=True)
    ]
    told = [str(one) for one in judged(*exhibits).together]
    assert told == [
        f"packing_video.mp4 and unpacking_video.mp4 state the same weight: {one}." for one in said
    ]
