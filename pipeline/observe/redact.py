"""Print and faces in a key frame made unreadable, but for the numbers the report is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import cv2

from detectors.reading import ocr
from detectors.vision import faces
from models.media import Luma
from models.record import Region

CELL = 0.6  # of a line's height: cells this large leave no stroke of a letter
MARGIN = 0.15  # of its height, by which a line is widened: letters reach beyond what is found
FEATURES = 5  # cells across a face: fewer than eyes, nose and mouth need
COARSE = 24  # cells along the longer side where print cannot be looked for
KEPT = 0.5  # share of a line that lies in what is to stay


def redacted(bgr: Luma, keep: Sequence[Region]) -> Luma:
    """A copy in which faces and all print outside `keep` are made of coarse cells.

    All of it where no reader is installed. Names, addresses and phone numbers are print like any
    other: all print goes, whatever it says.
    """
    try:
        lines = ocr.places(bgr)
        people = faces.faces(bgr)
    except ImportError:
        drawn = _coarse(bgr, max(bgr.shape[:2]) / COARSE)
    else:
        drawn = bgr.copy()
        for face in people:
            _hide(drawn, face, max(face.width, face.height) / FEATURES)
        for line in lines:
            if not any(_share(line, region) >= KEPT for region in keep):
                short = min(line.width, line.height)
                wider = _widened(line, round(MARGIN * short))
                _hide(drawn, wider, CELL * short)
    for region in keep:
        shown = _slices(region)
        drawn[shown] = bgr[shown]
    return drawn


def _slices(region: Region) -> tuple[slice, slice]:
    """Where a region lies in a picture; what is beyond its edges is left out."""
    top, bottom = max(0, region.y), max(0, region.y + region.height)
    left, right = max(0, region.x), max(0, region.x + region.width)
    return slice(top, bottom), slice(left, right)


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


def _share(line: Region, region: Region) -> float:
    """Share of `line` inside `region`."""
    right = min(line.x + line.width, region.x + region.width)
    bottom = min(line.y + line.height, region.y + region.height)
    across = right - max(line.x, region.x)
    down = bottom - max(line.y, region.y)
    shared = max(0, across) * max(0, down)
    return shared / max(1, line.area)
