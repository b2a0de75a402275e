"""Which print and which codes stand on one label, and on what kind of surface."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp

from detectors.reading import barcodes, ocr, page_role, sheets, text_line
from models.kinds import Surface
from tests import clips

TABLE = 110  # grey level of what sheets lie on
LABEL = ["PRIORITY MAIL", "Ship to: PAT EXAMPLE", "Order ID: 576920418365107249"]
OTHER = ["PRIORITY MAIL", "Ship to: SAM SAMPLE", "Order ID: 578213047396601427"]
PAGE = ["Order details", "Order ID", "576920418365107249", "Total 12.50"]
PAPER = ["Order ID", "576920418365107249"]


def label(lines: list[str], code: str = "") -> clips.Image:
    """A sheet of print with a code at its right, a little darker than white."""
    sheet = np.minimum(clips.print_lines(lines, (640, 420), 28), 235)
    if code:
        sheet = clips.with_code(sheet, code, (60, 230), zxingcpp.BarcodeFormat.Code128, 3)
    return np.asarray(sheet, np.uint8)


def scene(*parts: clips.Image, degrees: float = 0.0) -> clips.Image:
    """Sheets side by side on a table, a finger's breadth apart, turned."""
    gap = np.full((420, 24), TABLE, np.uint8)
    row = np.hstack([piece for part in parts for piece in (gap, part)] + [gap])
    height, width = row.shape
    canvas = np.full((900, width + 200), TABLE, np.uint8)
    canvas[240 : 240 + height, 100 : 100 + width] = row
    turn = cv2.getRotationMatrix2D((canvas.shape[1] / 2, 450), degrees, 0.9)
    return np.asarray(
        cv2.warpAffine(canvas, turn, canvas.shape[::-1], borderValue=(TABLE,)), np.uint8
    )


def found(picture: clips.Image) -> list[sheets.Sheet]:
    there = sheets.sheets(picture, ocr.lines(picture), barcodes.read_zxing(picture))
    return [one for one in there if len(one.lines) > 1]


def words(sheet: sheets.Sheet) -> str:
    return " ".join(line.text for line in sheet.lines)


@pytest.mark.parametrize("degrees", [0.0, 8.0, -15.0])
def test_neighbouring_labels_are_two(degrees: float) -> None:
    picture = scene(label(LABEL, "940011189956"), label(OTHER, "9205590123"), degrees=degrees)
    one, other = found(picture)
    both = {
        ("576920418365107249" in words(s), "578213047396601427" in words(s)) for s in (one, other)
    }
    assert both == {(True, False), (False, True)}
    assert {s.surface for s in (one, other)} == {"outbound_label"}
    for sheet in (one, other):
        payloads = {code.payload for code in sheet.codes}
        mine = "940011189956" if "576920418365107249" in words(sheet) else "9205590123"
        assert payloads == {mine}


@pytest.mark.parametrize(
    ("lines", "code", "surface"),
    [
        (LABEL, "", "outbound_label"),
        (PAPER, "940011189956", "outbound_label"),
        (["RETURN LABEL", *LABEL[1:]], "940011189956", "return_label"),
        ([*LABEL[1:], "RETURN LABEL ENCLOSED"], "940011189956", "outbound_label"),
        (PAGE, "", "order_page"),
        (PAPER, "", None),
    ],
)
def test_what_a_sheet_is(lines: list[str], code: str, surface: Surface | None) -> None:
    (sheet, *_) = found(scene(label(lines, code)))
    assert sheet.surface == surface


def test_a_page_of_very_many_lines_is_one() -> None:
    line = text_line.TextLine("Total", 0.9, np.array([[0, 0], [50, 0], [50, 9], [0, 9]], float))
    (one,) = sheets.sheets(np.zeros((99, 99), np.uint8), [line] * (sheets.MOST + 1), [])
    assert len(one.lines) == sheets.MOST + 1
    assert sheets.sheets(np.zeros((9, 9), np.uint8), [], []) == []
    assert page_role.page_role([], bars=True) == "outbound_label"
