"""Print, codes and faces in a picture made unreadable, but for the numbers the report is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import cv2
import numpy as np

from detectors.reading import barcodes, ocr
from detectors.reading.text_line import Points, across, region_of
from detectors.vision import faces
from models.media import Luma
from models.record import Outline, Region

CELL = 0.6  # of a line's height: cells this large leave no stroke of a letter
MARGIN = 0.15  # of its height, by which a line is widened: letters reach beyond what is found
FEATURES = 5  # cells across a face: fewer than eyes, nose and mouth need
CODE_CELLS = 6  # cells along a code: no code has so few
COARSE = 24  # cells along the longer side where print cannot be looked for
QUIET = 0.04  # of its length: the light rim that a code keeps
# Of the picture's shorter side; of its own height. A line that is higher and shorter would hold two
# letters; a parcel's plain side is found as such a one (house rule).
FILLS, LINE = 0.34, 2.5
AGAIN = 2.0  # times a finished picture is enlarged to look whether print is left in it
SMALL_PRINT = 0.1  # of the picture's height: larger print was found at the first look
ROUNDS = 3  # times codes are looked for in a finished picture


def redacted(bgr: Luma) -> Luma:
    """A copy in which all print, all codes and all faces are made of coarse cells.

    The whole picture where no reader is installed. Names, addresses and phone numbers are print
    like any other: all print goes, whatever it says.
    """
    try:
        return _hidden(bgr, ocr.places(bgr), faces.faces(bgr))
    except ImportError:
        return _coarse(bgr, max(bgr.shape[:2]) / COARSE)


def side_redacted(flat: Luma) -> Luma:
    """A copy of a parcel's side, laid flat, in which all print, codes and faces are coarse.

    What is found as one piece as large as half of it is the side itself, not print.
    """
    try:
        lines = [region_of(one) for one in ocr.outlines(flat) if like_a_line(one, flat.shape)]
        return looked_over(_hidden(flat, lines, faces.faces(flat)), [])
    except ImportError:
        return _coarse(flat, max(flat.shape[:2]) / COARSE)


def _hidden(
    bgr: Luma,
    lines: Iterable[Region],
    people: Iterable[Region],
) -> Luma:
    """A copy without those lines and faces, and without any code."""
    drawn = bgr.copy()
    for face in people:
        _hide(drawn, face, max(face.width, face.height) / FEATURES)
    for line in lines:
        _hide_line(drawn, line)
    for code in _codes(bgr, unread=True):
        _hide_code(drawn, code)
    return drawn


def like_a_line(corners: Points, shape: tuple[int, ...]) -> bool:
    """Longer than high, or not so high that it fills a third of the picture (h, w)."""
    high = across(corners)
    long = max(float(np.hypot(*side)) for side in np.diff(corners, axis=0))
    return high <= FILLS * min(shape[:2]) or long >= LINE * high


def with_readable(
    hidden: Luma,
    bgr: Luma,
    readable: Iterable[Outline],
) -> Luma:
    """`hidden` with parts of the picture it was made of put back."""
    mask = _mask(bgr, readable)
    drawn = hidden.copy()
    drawn[mask] = bgr[mask]
    return drawn


def alone(
    bgr: Luma,
    readable: Sequence[Outline],
    height: int,
) -> Luma:
    """A copy in which all but `readable` is made of cells too coarse for print of that height."""
    return with_readable(_coarse(bgr, max(CELL * height, 2)), bgr, readable)


def looked_over(picture: Luma, readable: Sequence[Outline]) -> Luma:
    """A finished picture once more: what is still readable in it is hidden, too."""
    kept = [region_of(np.array(outline, float)) for outline in readable]
    mask = _mask(picture, readable)
    drawn = picture.copy()
    try:
        large = cv2.resize(
            picture,
            None,
            fx=AGAIN,
            fy=AGAIN,
            interpolation=cv2.INTER_CUBIC,
        )
        lines = [line.scaled(1 / AGAIN) for line in ocr.places(cast(Luma, large))]
    except ImportError:
        lines = []
    for line in lines:
        if min(line.width, line.height) <= SMALL_PRINT * min(picture.shape[:2]):
            _hide_line(drawn, line)
    drawn[mask] = picture[mask]
    for _ in range(ROUNDS):
        codes = [code for code in _codes(drawn) if not _inside_any(code, kept)]
        if not codes:
            return drawn
        for code in codes:
            _hide_code(drawn, code)
    return _coarse(drawn, max(drawn.shape[:2]) / COARSE)


def _codes(bgr: Luma, unread: bool = False) -> list[Region]:
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    return barcodes.places(cast(Luma, grey), unread)


def _mask(bgr: Luma, readable: Iterable[Outline]) -> Luma:
    """Where `readable` lies."""
    mask = np.zeros(bgr.shape[:2], np.uint8)
    for outline in readable:
        cv2.fillConvexPoly(mask, np.array(outline, np.int32), 1)
    return cast(Luma, mask.astype(bool))


def _inside_any(code: Region, kept: Iterable[Region]) -> bool:
    """Does the middle of a code lie in what is to stay?"""
    x = code.x + code.width / 2
    y = code.y + code.height / 2
    return any(one.x <= x <= one.x + one.width and one.y <= y <= one.y + one.height for one in kept)


def _slices(region: Region) -> tuple[slice, slice]:
    """Where a region lies in a picture; what is beyond its edges is left out."""
    top, bottom = max(0, region.y), max(0, region.y + region.height)
    left, right = max(0, region.x), max(0, region.x + region.width)
    return slice(top, bottom), slice(left, right)


def _hide_line(picture: Luma, line: Region) -> None:
    short = min(line.width, line.height)
    _hide(picture, _widened(line, round(MARGIN * short)), CELL * short)


def _hide_code(picture: Luma, code: Region) -> None:
    length = max(code.width, code.height)
    _hide(picture, _widened(code, round(QUIET * length)), length / CODE_CELLS)


def _widened(region: Region, margin: int) -> Region:
    return Region(
        x=region.x - margin,
        y=region.y - margin,
        width=region.width + 2 * margin,
        height=region.height + 2 * margin,
    )


def _hide(
    picture: Luma,
    region: Region,
    cell: float,
) -> None:
    part = picture[_slices(region)]
    if part.size:
        part[:] = _coarse(part, cell)


def _coarse(part: Luma, cell: float) -> Luma:
    """`part` in cells of so many pixels."""
    height, width = part.shape[:2]
    side = max(cell, 1)
    across, down = round(width / side), round(height / side)
    cells = (max(1, across), max(1, down))
    small = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
    made = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return cast(Luma, made)
