"""Where faces are, so that pictures of a report can leave them out. Nobody is recognised.

MediaPipe's full-range detector (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.vision import onnx
from models.media import Luma
from models.record import Region

WEIGHTS = ("face_full_range",)
SIDE, GRID = 192, 48  # pixels of the view; cells across, each of which may hold a face's middle
# Probability: rather one region too many made unreadable than a face shown (house rule; the model's
# own use is 0.5 and more).
LEAST = 0.35
WIDER = 0.25  # of its size, on every side: the model frames eyes to mouth
MOST_SQUARES = 6

Floats = NDArray[np.float64]


class Square(NamedTuple):
    """A square of the picture, in pixels; it may reach beyond its edges."""

    left: int
    top: int
    side: int


def faces(bgr: Luma) -> list[Region]:
    """Regions of faces in an upright picture (h, w, 3), seen whole and in squares.

    Raises ImportError without onnxruntime.
    """
    found: list[Region] = []
    for square in _squares(*bgr.shape[:2]):
        for region in _looked(bgr, square):
            if region not in found:
                found.append(region)
    return found


def _squares(height: int, width: int) -> Iterator[Square]:
    """The whole, and the squares along its longer side, which overlap."""
    long = max(height, width)
    short = min(height, width)
    yield Square((width - long) // 2, (height - long) // 2, long)
    beyond = long - short
    count = -(-2 * beyond // short) + 1 if beyond else 0
    for i in range(min(count, MOST_SQUARES)):
        start = round(i * beyond / max(1, count - 1))
        yield Square(start, 0, short) if width > height else Square(0, start, short)


def _looked(bgr: Luma, square: Square) -> Iterator[Region]:
    """Faces in one square."""
    left, top, side = square
    network = onnx.network(WEIGHTS[0])
    view = _view(bgr, square)
    boxes, scores = network.run(None, {network.get_inputs()[0].name: view})
    odds = np.asarray(scores[0, :, 0], np.float64)
    height, width = bgr.shape[:2]
    for i in np.flatnonzero(odds > np.log(LEAST / (1 - LEAST))):
        centre, size = _box(boxes[0, i], int(i))
        corner = (centre - size / 2) * side + (left, top)
        low = np.maximum(corner, 0)
        corner = (centre + size / 2) * side + (left, top)
        high = np.minimum(corner, (width, height))
        if (high - low >= 1).all():
            across = int(high[0] - low[0])
            down = int(high[1] - low[1])
            yield Region(
                x=int(low[0]),
                y=int(low[1]),
                width=across,
                height=down,
            )


def _view(bgr: Luma, square: Square) -> NDArray[np.float32]:
    """The square as the network wants it: (1, 3, SIDE, SIDE), RGB, -1..1; black beyond."""
    left, top, side = square
    height, width = bgr.shape[:2]
    rows, columns = slice(max(0, top), top + side), slice(max(0, left), left + side)
    part = bgr[rows, columns]
    above = max(0, -top)
    below = max(0, top + side - height)
    before = max(0, -left)
    after = max(0, left + side - width)
    framed = cv2.copyMakeBorder(
        part,
        above,
        below,
        before,
        after,
        cv2.BORDER_CONSTANT,
        value=(0, 0, 0),
    )
    small = cv2.resize(framed, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    rgb = small[..., ::-1].astype(np.float32) / 127.5 - 1
    return np.ascontiguousarray(rgb.transpose(2, 0, 1)[None])


def _box(box: Floats, cell: int) -> tuple[Floats, Floats]:
    """(centre, size) in shares of the square of what cell number `cell` saw."""
    row, column = divmod(cell, GRID)
    middle = np.array([(column + 0.5) / GRID, (row + 0.5) / GRID])
    size = box[2:4] / SIDE * (1 + 2 * WIDER)
    return middle + box[:2] / SIDE, size
