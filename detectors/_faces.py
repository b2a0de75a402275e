"""Where faces are, so that pictures of a report can leave them out: MediaPipe's full-range detector (Apache-2.0). Nobody is recognised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import cv2
import numpy as np

from detectors import _weights
from models.media import Luma
from models.observation import Region

SIDE, GRID = 192, 48  # pixels of the view; cells across, each of which may hold the middle of a face
LEAST = 0.35  # probability: rather one region too many made unreadable than a face shown (house rule; the model's own use is 0.5 and more)
WIDER = 0.25  # of its size, on every side: the model frames eyes to mouth


def faces(bgr: Luma) -> list[Region]:
    """Regions of faces in an upright picture (h, w, 3), seen whole and in squares. Raises ImportError without onnxruntime."""
    found: list[Region] = []
    for left, top, side in _squares(*bgr.shape[:2]):
        for region in _looked(bgr, left, top, side):
            if region not in found:
                found.append(region)
    return found


def _squares(height: int, width: int) -> Iterator[tuple[int, int, int]]:
    """(left, top, side): the whole, and the squares along its longer side, which overlap."""
    long, short = max(height, width), min(height, width)
    yield (width - long) // 2, (height - long) // 2, long
    count = -(-2 * (long - short) // short) + 1 if long > short else 0
    for i in range(min(count, 6)):
        start = round(i * (long - short) / max(1, count - 1))
        yield (start, 0, short) if width > height else (0, start, short)


def _looked(bgr: Luma, left: int, top: int, side: int) -> Iterator[Region]:
    height, width = bgr.shape[:2]
    part = bgr[max(0, top) : top + side, max(0, left) : left + side]
    edges = (max(0, -top), max(0, top + side - height), max(0, -left), max(0, left + side - width))
    square = cv2.copyMakeBorder(part, *edges, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    view = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.float32) / 127.5 - 1
    network = _weights.network("face_full_range")
    boxes, scores = network.run(None, {network.get_inputs()[0].name: np.ascontiguousarray(view.transpose(2, 0, 1)[None])})
    odds = np.asarray(scores[0, :, 0], np.float64)
    for i in np.flatnonzero(odds > np.log(LEAST / (1 - LEAST))):
        row, column = divmod(int(i), GRID)
        centre = np.array([(column + 0.5) / GRID, (row + 0.5) / GRID]) + boxes[0, i, :2] / SIDE
        size = cast("np.ndarray[tuple[int], np.dtype[np.float64]]", boxes[0, i, 2:4] / SIDE * (1 + 2 * WIDER))
        low = np.maximum((centre - size / 2) * side + (left, top), 0)
        high = np.minimum((centre + size / 2) * side + (left, top), (width, height))
        if (high - low >= 1).all():
            yield Region(x=int(low[0]), y=int(low[1]), width=int(high[0] - low[0]), height=int(high[1] - low[1]))
