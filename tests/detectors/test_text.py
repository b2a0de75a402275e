"""Print: one number from several reads of it, facts, what a picture is of, and the reader that
stands in.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.reading import labels, ocr, page_role, tesseract, text_line, vote
from detectors.reading.facts import printed_facts
from detectors.text import text
from models.kinds import Code, Reader
from models.media import Frame
from tests import clips

ORDER, TRACKING = "576920418365107249", "9400111899560012345677"
FRAME = Frame(2.0, 0, np.zeros((400, 900), np.uint8))


def line(
    said: str,
    at: float = 0.0,
    confidence: float = 0.95,
    cut: bool = False,
    sure: tuple[float, ...] = (),
) -> text_line.TextLine:
    width = 18.0 * len(said)
    corners = np.array([[40, at], [40 + width, at], [40 + width, at + 30], [40, at + 30]])
    return text_line.TextLine(said, confidence, corners, cut, sure)


def read(
    value: str,
    at: float,
    kind: str | None = "order_id",
    confidence: float = 0.95,
    doubt: str = "",
    sure: float = 0.95,
) -> vote.NumberRead:
    """One read; the characters of `doubt` by place, e.g.

    "3:0.4", have another confidence than `sure`.
    """
    each = [sure] * len(value)
    for place, held in (pair.split(":") for pair in doubt.split()):
        each[int(place)] = float(held)
    printed = labels.Printed(
        kind, value, "Order ID" if kind else "", None, confidence, line(value, sure=tuple(each))
    )  # type: ignore[arg-type]
    return vote.NumberRead(printed, at)


def slip(value: str, place: int, character: str) -> str:
    return value[:place] + character + value[place + 1 :]


@pytest.mark.parametrize(
    ("reads", "settled", "pictures"),
    [
        ([read(ORDER, 1)], True, 1),
        (
            [read(ORDER, 1), read(ORDER, 2, None)],
            True,
            2,
        ),  # in the second picture the label word was not read
        ([read(ORDER, 1), read(ORDER, 2), read(slip(ORDER, 4, "8"), 3)], True, 2),
        (
            [
                read(slip(ORDER, 4, "8"), 1, doubt="4:0.5"),
                read(ORDER, 2, None),
                read(ORDER, 3, None),
            ],
            True,
            2,
        ),
        (
            [
                read(slip(ORDER, 9, "1"), 1, doubt="9:0.4"),
                read(slip(ORDER, 2, "0"), 2, doubt="2:0.4"),
                read(ORDER, 3, None),
            ],
            True,
            2,
        ),
        (
            [
                read(ORDER, 1),
                read("S" + ORDER[1:], 2, doubt="0:0.5"),
                read(ORDER[:9], 3, None, 0.7),
            ],
            True,
            1,
        ),
        (
            [read(ORDER, 1, sure=0.9), read(slip(ORDER, 4, "8"), 2, sure=0.85)],
            False,
            1,
        ),  # one says this, one that
    ],
)
def test_one_number_from_its_reads(
    reads: list[vote.NumberRead], settled: bool, pictures: int
) -> None:
    (found,) = [one for one in vote.voted(reads) if one.best.printed.kind]
    assert (found.value, found.settled, found.pictures) == (ORDER, settled, pictures)


def test_numbers_in_one_picture_are_two_numbers() -> None:
    """Neighbouring orders differ by a digit; a slip of reading never stands beside what it is a
    slip of.
    """
    other = slip(ORDER, 17, "8")
    assert {one.value for one in vote.voted([read(ORDER, 1), read(other, 1)])} == {ORDER, other}


@given(
    st.randoms(use_true_random=False),
    st.lists(st.tuples(st.integers(0, 17), st.sampled_from("0189")), max_size=4),
)
def test_order_of_pictures_changes_nothing(
    shuffle: random.Random, slips: list[tuple[int, str]]
) -> None:
    reads = [
        read(ORDER, 9.0),
        read("111-2223334-5556667", 9.0),
        *(read(slip(ORDER, *s), float(i)) for i, s in enumerate(slips)),
    ]
    mixed = list(reads)
    shuffle.shuffle(mixed)
    assert [(v.value, v.settled, v.pictures) for v in vote.voted(mixed)] == [
        (v.value, v.settled, v.pictures) for v in vote.voted(reads)
    ]


def test_a_line_that_the_edge_cuts_is_no_identifier_unless_it_checks() -> None:
    kinds = {
        p.value: p.kind
        for p in labels.identifiers(
            [line(f"Order ID: {ORDER}", cut=True), line(TRACKING, 90, cut=True)]
        )
    }
    assert kinds == {ORDER: None, TRACKING: "tracking_number"}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (f"Onder ID: {ORDER}", "order_id"),
        (f"0rder lD {ORDER}", None),
        (f"Product {ORDER}", None),
        (f"ackage ID {ORDER}", "package_id"),
    ],
)
def test_a_label_word_may_be_read_with_one_letter_wrong(said: str, kind: str | None) -> None:
    assert {p.kind for p in labels.identifiers([line(said)])} == {kind}


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ("SHIP DATE: 28JAN26", {"date 2026-01-28"}),
        ("SHIP DATE 02/03/2026", {"date 2026-02-03"}),
        ("Kirim sebelum: 05/09/2026 23:59", {"date 2026-09-05", "time 23:59"}),
        ("05/09/2026", {"date 2026-05-09 or 2026-09-05"}),  # nothing tells which is the month
        ("25/09/2026", {"date 2026-09-25"}),
        ("打印时间2026-01-2307:45", {"date 2026-01-23", "time 07:45"}),
        ("下单时间 2026年3月14日", {"date 2026-03-14"}),
        ("14 Mar 2026 at 9:05 PM", {"date 2026-03-14", "time 21:05"}),
        ("Date 31/02/2026", set()),
        ("CYCLE 1 Oct 19", set()),
        ("ACTWGT: 3.00 LB", {"weight 3.00 lb"}),
        ("Berat: 1,7 kg", {"weight 1.7 kg"}),
        ("保温杯500ml 0.79公斤", {"weight 0.79 kg"}),
        ("COD: Rp 245.000", {"amount 245000 IDR"}),
        ("Paid $1,249.90", {"amount 1249.90 USD or another dollar"}),
        ("Precio 18,50 €", {"amount 18.50 EUR"}),
        ("Total 28.70", {"total 28.70"}),
        ("Total items 4", set()),
        ("Delivered 14 Mar 2026", {"status delivered", "date 2026-03-14"}),
        ("Not delivered", {"status undelivered"}),
        ("To be delivered by Monday", set()),
        ("已签收", {"status delivered"}),
        ("OMAHA, NE 68114", {"address present"}),
        ("浙江省义乌市北苑街道88号", {"address present"}),
        ("Marcus Bell +1 775 555 0177", set()),
        (ORDER, set()),
    ],
)
def test_facts(said: str, facts: set[str]) -> None:
    found = list(printed_facts([line(said)], FRAME))
    assert {" ".join(filter(None, (o.fact, o.value, o.unit))) for o in found} == facts
    assert all(o.at and o.at.start == FRAME.pts for o in found)


@given(st.text(max_size=60))
def test_any_print_is_taken(said: str) -> None:
    found = [*printed_facts([line(said)], FRAME), *labels.identifiers([line(said)])]
    assert len(found) <= 60


@pytest.mark.parametrize(
    ("said", "role"),
    [
        (["RETURN LABEL", "Tracking 1Z"], "return_label"),
        (["Order details", "Order ID"], "order_page"),
        (["SHIP TO", "USPS TRACKING #"], "outbound_label"),
        (["Hello"], None),
    ],
)
def test_what_a_picture_is_of(said: list[str], role: str | None) -> None:
    assert page_role.page_role([line(words, 60.0 * i) for i, words in enumerate(said)]) == role


def test_print_is_read_any_way_up() -> None:
    sheet = clips.print_lines([f"Order ID: {ORDER}", "SHIP DATE 02/26/2026", "ACTWGT: 3.00 LB"])
    for turns in range(4):
        said = [one.text for one in ocr.lines(np.ascontiguousarray(np.rot90(sheet, turns)))]
        assert any(ORDER in words for words in said), turns


def test_small_print_gets_a_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = clips.print_lines(
        [f"Order ID: {ORDER}", "No. Resi: SPXID066916361834"], size=(420, 120), height=9
    )
    assert any(ORDER in one.text for one in ocr.lines(sheet))
    monkeypatch.setattr(ocr, "SMALL", 0.0)
    once = ocr.lines(sheet)
    monkeypatch.undo()
    assert ocr._read_in_all(ocr.lines(sheet)) >= ocr._read_in_all(once)


def test_tesseract_stands_in_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "limited", lambda: "tesseract")
    sheet = clips.frames([clips.print_lines([f"Order ID: {ORDER}"])])
    found = {o.kind: o for o in text(sheet, clips.media(1, kind="image"), {Code: []})}
    assert found["text_id"].value == ORDER and isinstance(found["reader"], Reader)


def test_tesseract_names_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "program", lambda: None)
    with pytest.raises(ImportError, match="tesseract-ocr"):
        tesseract.lines(clips.print_lines(["Order"]))


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["Tracking No: 1234 5678 9013"], "123456789013"),
        (["Order ID 12-34567-89012"], "123456789012"),
        (["WAYBILL 12 3456 7891"], "1234567891"),
        (["Order No 240815QKTVMHSB"], "240815QKTVMHSB"),
        (["AB 1234 5678 5GB"], "AB123456785GB"),
        (["Tracking No:", "9400 1118 9956", "0012 3456 77"], TRACKING),
    ],
)
def test_numbers_as_carriers_print_them(lines: list[str], value: str) -> None:
    rows = [line(said, at=45.0 * i) for i, said in enumerate(lines)]
    named = [found for found in labels.identifiers(rows) if found.kind]
    assert [labels.squeezed(found.value) for found in named] == [value]


@pytest.mark.parametrize(
    "lines",
    [
        ["Tracking No:", "9400 1118 9956", "Weight 0012 g"],
        ["Tracking No:", "9400 1118 9956", "0012 3456 78"],  # its check digit does not hold
    ],
)
def test_half_a_number_takes_nothing_from_another_line(lines: list[str]) -> None:
    rows = [line(said, at=45.0 * i) for i, said in enumerate(lines)]
    assert TRACKING not in {labels.squeezed(found.value) for found in labels.identifiers(rows)}
