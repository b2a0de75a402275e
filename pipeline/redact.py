"""Redact: print and faces in a key frame made unreadable, but for the numbers that the report is about. Imported only inside the box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import cv2

from detectors import _faces, _ocr
from models.media import Luma
from models.observation import Region

CELL = 0.6  # of a line's height: cells this large leave no stroke of a letter
MARGIN = 0.15  # of its height, by which a line is widened: letters reach beyond what is found
FEATURES = 5  # cells across a face: fewer than eyes, nose and mouth need
COARSE = 24  # cells along the longer side where print cannot be looked for
KEPT = 0.5  # share of a line that lies in what is to stay


def redacted(bgr: Luma, keep: Sequence[Region]) -> Luma:
    """A copy in which faces and every line of print outside `keep` are made of coarse cells; all of it where no reader is installed.

    Names, addresses and phone numbers are print like any other: all print goes, whatever it says.
    """
    try:
        lines, faces = _ocr.places(bgr), _faces.faces(bgr)
    except ImportError:
        drawn, lines, faces = _coarse(bgr, max(bgr.shape[:2]) / COARSE), [], []
    else:
        drawn = bgr.copy()
    for face in faces:
        part = drawn[face.y : face.y + face.height, face.x : face.x + face.width]
        part[:] = _coarse(part, max(face.width, face.height) / FEATURES)
    for line in lines:
        if not any(_share(line, region) >= KEPT for region in keep):
            margin = round(MARGIN * min(line.width, line.height))
            top, left = max(0, line.y - margin), max(0, line.x - margin)
            part = drawn[top : line.y + line.height + margin, left : line.x + line.width + margin]
            part[:] = _coarse(part, CELL * min(line.width, line.height))
    for region in keep:
        inside = slice(max(0, region.y), region.y + region.height), slice(max(0, region.x), region.x + region.width)
        drawn[inside] = bgr[inside]
    return drawn


def _coarse(part: Luma, cell: float) -> Luma:
    height, width = part.shape[:2]
    small = cv2.resize(part, (max(1, round(width / max(cell, 1))), max(1, round(height / max(cell, 1)))), interpolation=cv2.INTER_AREA)
    return cast(Luma, cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST))


def _share(line: Region, region: Region) -> float:
    """Share of `line` inside `region`."""
    across = min(line.x + line.width, region.x + region.width) - max(line.x, region.x)
    down = min(line.y + line.height, region.y + region.height) - max(line.y, region.y)
    return max(0, across) * max(0, down) / max(1, line.width * line.height)
