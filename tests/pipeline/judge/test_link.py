"""Reads become identifiers, and only here they meet the case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.identifiers.candidates import candidates
from models.identifiers.matching import edits, squeezed
from models.identifiers.number_format import IdKind
from models.identifiers.symbologies import Symbology
from models.kinds import (
    Code,
    IdentifierContrary,
    IdentifierElsewhere,
    Reader,
    Sheet,
    Surface,
    TextId,
    Token,
)
from models.observation import Observation, Run, of
from models.packs import policy
from models.record import Region, Span
from models.sealing import sealed
from models.submission import Case
from pipeline.judge import link
from pipeline.wording.sentences import because

ORDER, TRACKING = "576920418365107249", "9400111899560012345677"
RUNS = [
    Run(detector="codes", version="1", outcome="completed", sees=("code",)),
    Run(detector="text", version="1", outcome="completed", sees=("text_id",)),
]


SEAL = b"a key of the operator's own"
TWO = ("ppocr", "tesseract")


def code(
    value: str,
    symbology: Symbology = "QRCode",
    frames: int = 3,
    families: tuple[str, ...] = ("zxing",),
    gs1: bool = False,
) -> Code:
    return Code(
        value=value,
        at=Span(start=1, end=2),
        region=Region(x=0, y=0, width=9, height=9),
        symbology=symbology,
        frames=frames,
        gs1=gs1,
        families=families,
        seen_s=(1.0,),
        best_s=1.0,
        detector="codes",
        id="codes:1",
    )


def text(
    value: str,
    kind: IdKind | None = "order_id",
    frames: int = 1,
    confidence: float = 0.95,
    valid: bool | None = None,
    weakest: float = 0.9,
    settled: bool = True,
    role: Surface | None = None,
    families: tuple[str, ...] = ("ppocr",),
) -> TextId | Token:
    facts = {
        "at": Span(start=1, end=2),
        "label": "Order ID",
        "role": role,
        "valid": valid,
        "confidence": confidence,
        "weakest": weakest,
        "settled": settled,
        "families": families,
        "frames": frames,
        "best_s": 1.0,
        "detector": "text",
        "id": "text:1",
    }
    if kind is None:
        return Token.model_validate({**facts, "value": sealed(value, SEAL)})
    return TextId.model_validate({**facts, "value": value, "number_kind": kind})


RULES = policy("tiktok-shop-us")


def case(**facts: Any) -> Case:
    return Case(source="operator", **facts)


def linked(
    seen: Sequence[Observation],
    known: Case | None = None,
    role: str = "packing_video",
    kind: Literal["image", "video"] = "image",
) -> link.Linked:
    """Of a photo: there a number alone may be the label; in a video it must stand on one."""
    return link.link(RUNS, seen, known or Case(), RULES.rules(role), kind, SEAL)


@pytest.mark.parametrize(
    ("seen", "kind", "state"),
    [
        (code(TRACKING, "Code128"), "tracking_number", "confirmed"),
        (code(TRACKING, "Code128", frames=1), "tracking_number", "strong"),
        (
            code(TRACKING, "Code128", frames=1, families=("zbar", "zxing")),
            "tracking_number",
            "confirmed",
        ),
        (code(ORDER), "code", "confirmed"),  # a bare number of this form is no order ID by itself
        (code("4006381333931", "EAN13", families=("zbar", "zxing")), "product_code", "strong"),
        (code("1334", "ITF"), "code", "weak"),
        (code("12345678901231", "ITF"), "code", "usable"),
        (code("ABC", "QRCode"), "code", "weak"),
        (code("AB1234567890", "Codabar"), "code", "weak"),
        (code("9400111899560012345678", "Code128"), "code", "weak"),  # its check digit fails
        (text(ORDER, confidence=0.98), "order_id", "strong"),
        (text(ORDER, confidence=0.92), "order_id", "usable"),
        (text(ORDER, confidence=0.80), "order_id", "weak"),
        (
            text(ORDER, confidence=0.98, weakest=0.6),
            "order_id",
            "usable",
        ),  # one character is in doubt
        (text(ORDER, confidence=0.92, weakest=0.6), "order_id", "weak"),
        (text(ORDER, frames=3, settled=False), "order_id", "weak"),  # the pictures do not agree
        (
            text(TRACKING, "tracking_number", valid=True, weakest=0.4),
            "tracking_number",
            "weak",
        ),  # guessed, and one in ten checks
        (
            text(ORDER, frames=2),
            "order_id",
            "strong",
        ),  # print that one family of readers read is never confirmed
        (text(ORDER, frames=2, families=TWO), "order_id", "confirmed"),
        (text(ORDER, confidence=0.92, families=TWO), "order_id", "confirmed"),
        (text(ORDER, frames=3, settled=False, families=TWO), "order_id", "weak"),
        (text(TRACKING, "tracking_number", frames=2, valid=True), "tracking_number", "strong"),
        (
            text(TRACKING, "tracking_number", frames=2, valid=True, families=TWO),
            "tracking_number",
            "confirmed",
        ),
        (
            text(TRACKING, "tracking_number", valid=True, confidence=0.86),
            "tracking_number",
            "strong",
        ),
        (
            text("9400111899560012345678", "tracking_number", frames=5, valid=False),
            "tracking_number",
            "weak",
        ),
    ],
)
def test_states(seen: Code | TextId | Token, kind: str, state: str) -> None:
    (found,) = linked([seen]).identifiers
    assert (found.kind, found.state) == (kind, state)


def test_print_and_code_confirm_each_other_and_the_code_stands() -> None:
    (found,) = linked([code(ORDER, frames=1), text("576920418365101249")]).identifiers
    assert found.value == ORDER and found.sources == ("code", "text")
    assert (found.kind, found.state) == ("order_id", "confirmed")


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (ORDER, "expected"),
        ("576920418365107248", "near"),
        ("577104936285590316", "other"),
        ("5769 2041 8365 1072 49", "expected"),
    ],
)
def test_match_never_changes_state(value: str, match: str) -> None:
    (alone,) = linked([text(value)]).identifiers
    (found,) = linked([text(value)], case(order_id=ORDER)).identifiers
    assert found.match == match and alone.match is None
    assert (found.state, found.value) == (alone.state, alone.value)


@pytest.mark.parametrize(
    "payload", [f"https://shop.example/o?id={ORDER}", f'{{"order":"{ORDER}"}}', f"ORD;{ORDER};1"]
)
def test_the_expected_number_is_found_inside_a_payload(payload: str) -> None:
    (found,) = linked([code(payload)], case(order_id=ORDER)).identifiers
    assert found.match == "expected" and found.value == payload


def test_routing_zip_is_no_part_of_the_number() -> None:
    (found,) = linked(
        [code("42062704" + TRACKING, "Code128")], case(tracking_number=TRACKING)
    ).identifiers
    assert found.match == "expected" and found.kind == "tracking_number"


def test_a_bare_number_counts_only_where_it_is_the_expected_one() -> None:
    assert linked([text(ORDER, None)]).identifiers == ()
    (found,) = linked([text(ORDER, None, frames=2)], case(order_id=ORDER)).identifiers
    assert (found.match, found.state) == ("expected", "usable")


def test_claims_of_the_submitter_are_never_compared() -> None:
    (found,) = linked([text(ORDER)], Case(order_id=ORDER, source="claimed")).identifiers
    assert found.match is None


def test_an_unpacking_video_is_held_to_the_return_number() -> None:
    known = case(tracking_number="1Z999AA10123456784", return_tracking_number=TRACKING)
    assert (
        linked([code(TRACKING, "Code128")], known, "unpacking_video").identifiers[0].match
        == "expected"
    )
    assert (
        linked([code("9400111899223344556677", "Code128")], known, "unpacking_video")
        .identifiers[0]
        .match
        == "other"
    )


def kinds(found: link.Linked) -> set[str]:
    return {o.kind for o in found.observations}


OTHER = "9400111899223344556677"
STARVED = [RUNS[0], RUNS[1].model_copy(update={"outcome": "failed", "reason": "x"})]


@pytest.mark.parametrize(
    ("seen", "known", "role", "why_not"),
    [
        (
            [code(OTHER, "Code128"), code(TRACKING, "Code128")],
            {"tracking_number": TRACKING},
            "packing_video",
            "the expected one was read too",
        ),
        (
            [code(OTHER, "Code128", frames=1)],
            {"tracking_number": TRACKING},
            "packing_video",
            "one picture",
        ),
        (
            [code(OTHER, "Code128", frames=1, families=("zbar", "zxing"))],
            {"tracking_number": TRACKING},
            "packing_video",
            "one picture, two families",
        ),
        (
            [code("4006381333931", "EAN13", families=("zbar", "zxing"))],
            {"tracking_number": TRACKING},
            "packing_video",
            "a product code",
        ),
        (
            [code("986578788855", "Code128")],
            {"tracking_number": TRACKING},
            "packing_video",
            "a bare number that passes a 1-in-10 check",
        ),
        (
            [code("570743915000806360", "Code128")],
            {"tracking_number": TRACKING},
            "packing_video",
            "an order ID that passes a carrier's check",
        ),
        ([code(OTHER, "Code128")], {}, "packing_video", "nothing is expected"),
        (
            [code(OTHER, "Code128")],
            {"tracking_number": TRACKING},
            "unpacking_video",
            "nobody gave the return's number",
        ),
        (
            [code(OTHER, "Code128")],
            {"tracking_number": OTHER, "return_tracking_number": TRACKING},
            "unpacking_video",
            "the outbound label is still on it",
        ),
        (
            [code(OTHER, "Code128")],
            {"tracking_number": TRACKING, "return_tracking_number": OTHER},
            "packing_video",
            "the case's own return number",
        ),
    ],
)
def test_another_order_is_not_said(
    seen: Sequence[Observation], known: dict[str, str], role: str, why_not: str
) -> None:
    there = [*seen, *sheets(seen)]
    assert "identifier_other" not in kinds(linked(there, case(**known), role, "video")), why_not


def sheets(
    seen: Sequence[Observation],
    surface: Surface | None = "outbound_label",
    on_parcel: float = 1.0,
    pictures: int = 2,
) -> list[Sheet]:
    """All that was read, on one sheet, in so many pictures."""
    return [
        Sheet(
            at=Span(start=number, end=number),
            surface=surface,
            on_parcel=on_parcel,
            numbers=tuple(squeezed(one.value or "") for one in seen if isinstance(one, TextId)),
            codes=tuple(one.id for one in seen if isinstance(one, Code)),
            detector="text",
            id=f"text:s{number}{surface}{on_parcel}",
        )
        for number in range(pictures)
    ]


def test_another_order_only_where_it_may_be_said() -> None:
    """In a film, on a label on the parcel, in two pictures, where nothing expected was read."""
    other, known = code(OTHER, "Code128"), case(tracking_number=TRACKING)
    there = [other, *sheets([other])]
    assert "identifier_other" in kinds(linked(there, known, kind="video"))
    back = [other, *sheets([other], "return_label")]
    returned = case(return_tracking_number=TRACKING)
    assert "identifier_other" in kinds(linked(back, returned, "unpacking_video", "video"))
    rules = RULES.rules("packing_video")
    starved = link.link(STARVED, there, known, rules, "video")
    assert "identifier_other" not in kinds(starved), (
        "a reader failed: the expected number may have been there"
    )


@pytest.mark.parametrize(
    "there",
    [
        [],
        sheets([code(OTHER, "Code128")], on_parcel=0.5),
        sheets([code(OTHER, "Code128")], surface=None),
        sheets([code(OTHER, "Code128")], pictures=1),
    ],
    ids=["nowhere", "beside the parcel", "on no label", "in one picture"],
)
def test_a_neighbours_number_is_told_and_weighs_little(there: list[Sheet]) -> None:
    known = case(tracking_number=TRACKING)
    found = linked([code(OTHER, "Code128"), *there], known, kind="video")
    assert kinds(found) == {"identifier_read", "identifier_contrary"}
    (told,) = of(found.observations, IdentifierContrary)
    said = str(because(told))
    assert TRACKING in said and OTHER in said and said.startswith("Tracking number: expected ")


def test_near_numbers_say_where_they_differ() -> None:
    near = ORDER[:-1] + "8"
    found = linked([text(near, confidence=0.99)], case(order_id=ORDER))
    (told,) = of(found.observations, IdentifierContrary)
    said = str(because(told))
    assert "1 character(s) differ, first at place 18. Check what you typed." in said


@pytest.mark.parametrize(
    ("kind", "surface", "role", "where"),
    [
        ("video", "outbound_label", "packing_video", ""),
        ("video", "return_label", "unpacking_video", ""),
        ("video", "outbound_label", "unpacking_video", "outbound"),
        ("video", "order_page", "packing_video", "order_page"),
        ("video", None, "packing_video", "unknown"),
        ("image", None, "parcel_photo", ""),
        ("image", "order_page", "tracking_screenshot", ""),
    ],
)
def test_where_a_number_names_the_parcel(
    kind: Literal["image", "video"], surface: Surface | None, role: str, where: str
) -> None:
    seen = [code(ORDER)]
    found = linked([*seen, *sheets(seen, surface)], case(order_id=ORDER), role, kind)
    if where:
        (told,) = of(found.observations, IdentifierElsewhere)
        assert told.where == where and "identifier_expected" not in kinds(found)
    else:
        assert "identifier_expected" in kinds(found)


def test_a_first_delivery_needs_no_return_label() -> None:
    seen = [code(ORDER)]
    known = case(order_id=ORDER, party="buyer")
    there = [*seen, *sheets(seen)]
    assert "identifier_expected" in kinds(linked(there, known, "unpacking_video", "video"))


def test_a_page_beside_another_label_names_nothing() -> None:
    """In a photo, too: our number on a page or paper, another order's on the label."""
    other = code("577104936285590316").model_copy(update={"id": "codes:2"})
    mine = text(ORDER, confidence=0.99)
    label = sheets([other], pictures=1)
    page = sheets([mine], None, pictures=1)
    print_of_it = text("577104936285590316", confidence=0.99)
    seen = [mine, other, print_of_it.model_copy(update={"id": "text:2"}), *label, *page]
    found = linked(seen, case(order_id=ORDER), "parcel_photo")
    assert {"identifier_elsewhere", "identifier_contrary"} <= kinds(found)
    assert "identifier_expected" not in kinds(found)


def test_a_list_of_numbers_names_nothing() -> None:
    """On a sheet or in a code; two labels side by side are two sheets, and no list."""
    orders = [ORDER, "577104936285590316", "578213047396601427", "570332158407712538"]
    some = [
        text(one, confidence=0.99).model_copy(update={"id": f"text:{i}"})
        for i, one in enumerate(orders)
    ]
    known = case(order_id=ORDER)
    whole = linked([*some, *sheets(some, None)], known)
    (told,) = of(whole.observations, IdentifierElsewhere)
    assert told.where == "several"
    apart = [sheet for one in some for sheet in sheets([one], pictures=1)]
    assert "identifier_expected" in kinds(linked([*some, *apart], known))
    listed = linked([code(" ".join(orders))], known)
    assert [one.where for one in of(listed.observations, IdentifierElsewhere)] == ["several"]


def test_the_same_label_with_a_wrong_number_cancels() -> None:
    """A confirmed order ID, and another tracking number than expected on the same label."""
    seen = [code(ORDER), code(OTHER, "Code128").model_copy(update={"id": "codes:2"})]
    known = case(order_id=ORDER, tracking_number=TRACKING)
    together = linked([*seen, *sheets(seen)], known, kind="video")
    assert {"identifier_expected", "identifier_other"} <= kinds(together)
    apart = [*sheets(seen[:1]), *sheets(seen[1:], on_parcel=0.1)]
    beside = linked([*seen, *apart], known, kind="video")
    assert kinds(beside) == {"identifier_read", "identifier_expected", "identifier_contrary"}


def test_a_neighbouring_order_is_not_merged_away() -> None:
    """Code and print two digits apart, the print just what is expected: both are reported."""
    found = linked([code("576920418365107251"), text(ORDER)], case(order_id=ORDER))
    assert {i.value: i.match for i in found.identifiers} == {
        "576920418365107251": None,
        ORDER: "expected",
    }


def test_silence_counts_only_if_someone_looked() -> None:
    failed = [
        Run(detector="codes", version="1", outcome="failed", reason="x"),
        Run(detector="text", version="1", outcome="failed", reason="y"),
    ]
    assert (
        link.link(failed, [], Case(), RULES.rules("packing_video"), "video").run.outcome
        == "skipped"
    )
    assert (
        link.link(RUNS, [], Case(), RULES.rules("packing_video"), "video").run.outcome
        == "completed"
    )


def test_a_gs1_message_with_a_wrong_check_digit_is_weak() -> None:
    """The one payload that passes Code 128's own check and is wrong: seen by every reader alike, in
    every frame.
    """
    right = code("00106141412345678908", "Code128", gs1=True)
    wrong = code("00106141412345678907", "Code128", gs1=True)
    states = [linked([one]).identifiers[0].state for one in (right, wrong)]
    assert states == ["confirmed", "weak"]


@given(
    st.text(max_size=40),
    st.sampled_from(["order_id", "tracking_number"]),
    st.integers(1, 9),
    st.floats(0, 1),
)
def test_no_text_yields_a_confirmed_number_whose_check_digit_fails(
    value: str, kind: str, frames: int, confidence: float
) -> None:
    verdicts = [c.valid for c in candidates(value) if c.kind == kind]
    valid = True if True in verdicts else False if verdicts and None not in verdicts else None
    for found in linked([text(value, kind, frames, confidence, valid)]).identifiers:
        assert found.state != "confirmed" or valid is True


@given(
    st.permutations(
        [
            code(ORDER),
            code(TRACKING, "Code128"),
            text(ORDER),
            text("111-2223334-5556667"),
            code("X" * 9),
        ]
    )
)
def test_order_of_reads_changes_nothing(seen: Sequence[Observation]) -> None:
    assert linked(seen, case(order_id=ORDER)) == linked(
        sorted(seen, key=repr), case(order_id=ORDER)
    )


@pytest.mark.parametrize(
    ("number", "carrier", "valid"),
    [
        ("1Z999AA10123456784", "ups", True),
        ("1Z999AA10123456785", "ups", False),
        ("9400111899560012345677", "usps", True),
        ("9400111899560012345678", "usps", False),
        ("RB123456785GB", "s10", True),
        ("RB123456784GB", "s10", False),
        ("986578788855", "fedex", True),
        ("986578788856", "fedex", False),
        ("TBA123456789012", "amazon", None),
        ("SPXID066916361834", "spx", None),
    ],
)
def test_formats_and_check_digits(number: str, carrier: str, valid: bool | None) -> None:
    assert (carrier, valid) in {(c.carrier, c.valid) for c in candidates(number)}


@given(st.text("0123456789AB", max_size=12), st.text("0123456789AB", max_size=12))
def test_edits_are_a_distance(left: str, right: str) -> None:
    assert edits(left, right) == edits(right, left)
    assert (edits(left, right) == 0) == (left == right)
    assert abs(len(left) - len(right)) <= edits(left, right) <= max(len(left), len(right))


def test_a_code_stands_on_what_the_print_beside_it_says() -> None:
    printed = text(ORDER, role="return_label")
    roles = {
        found.value: found.role
        for found in linked(
            [code(TRACKING, "Code128"), code("4006381333931", "EAN13"), printed]
        ).identifiers
    }
    assert roles == {TRACKING: "return_label", ORDER: "return_label", "4006381333931": "product"}


def test_a_reader_of_shorter_reach_never_names_another_order() -> None:
    other = text("577104936285590316", frames=3, confidence=0.99)
    limited = Reader(value="tesseract", detector="text", id="text:9")
    known = case(order_id=ORDER)
    assert (
        "limited" in linked([other, limited], known).run.reason
        and not linked([other], known).run.reason
    )
    assert "identifier_other" not in {o.kind for o in linked([other, limited], known).observations}


def test_a_valid_number_beside_the_expected_one_is_another_and_no_slip() -> None:
    """Parcels sent one after the other differ by a digit and its check digit; both are valid."""
    neighbour = "9400111899560012345684"
    known = case(tracking_number=TRACKING)
    found = linked([code(neighbour, "Code128")], known)
    (one,) = found.identifiers
    assert (one.match, one.state) == ("other", "confirmed")
    typed = case(tracking_number="9400111899560012345687")  # its check digit fails: a slip
    (near,) = linked([code(neighbour, "Code128")], typed).identifiers
    assert near.match == "near"
    both = linked([code(neighbour, "Code128"), code(TRACKING, "Code128")], known)
    assert {one.match for one in both.identifiers} == {"expected", "other"}
    assert any(seen.kind == "identifier_contrary" for seen in both.observations)
