"""Lines of print in one picture, by PP-OCRv6 small (rapidocr, weights inside its wheel). One thread, no network.

Lines are found on a view of `SIDE` pixels and read from the full picture, turned by one decision a picture; print that is too small
gets a second look. Half the work of the reader as it comes, and more is read (research: ocr 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from detectors import _tesseract
from detectors._line import LEAST, Line, Points, across, long_side
from models.media import Luma
from models.observation import Region

SIDE = 960  # longer side on which lines are found; 1280 costs half more and finds no more (research: ocr 3)
LONG = 1.5  # times as long as high: shorter ones do not tell which way they run
VOTERS = 4  # longest lines that are read both ways up
UPRIGHT = 0.9  # mean confidence of the voters from which the other way up is not tried
USUALLY = np.array([1.0, -0.3])  # tried first: print that runs to the right, else upwards
SMALL, CLEAR = 24.0, 62.0  # pixels across a line as found, 2.5 times its digits: below the one a second look is taken, at the other
LARGEST = 1600  # pixels, longer side of a second look
EDGE = 0.25  # of its height: as far from the edge of the picture a line may be cut off by it
TALL = 64  # pixels: higher lines are made smaller before they are read, at 48


def lines(pixels: Luma) -> list[Line]:
    """Every line read with at least `LEAST` confidence, top to bottom. Raises ImportError where no reader is installed."""
    if limited():
        return _tesseract.lines(pixels)
    boxes = _found(pixels)
    first = _read(pixels, boxes)
    if not boxes or float(np.median([across(box) for box in boxes])) >= SMALL:
        return first
    second = _second_look(pixels, boxes)
    return max(first, second, key=_said)


def limited() -> str:
    """The name of the reader that stands in, with a far shorter reach, where the one of this module is not installed; else nothing."""
    return "" if find_spec("rapidocr") else "tesseract"


def places(pixels: Luma) -> list[Region]:
    """Where print stands, unread, also what is too small or too blurred to be read. Raises ImportError where no reader is installed."""
    return [Line("", 0.0, box).region() for box in _found(pixels)]


@cache
def _engine() -> Any:
    """The reader, with every model named by path: nothing is ever looked for elsewhere."""
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": 4096,
            "Global.return_word_box": True,  # for the confidence of each character
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": 4096,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "Cls.model_path": str(models / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
        }
    )


def _found(pixels: Luma, side: int = SIDE) -> list[Points]:
    """Four corners of each line, in pixels of `pixels`, found on a view of at most `side` pixels."""
    scale = max(1.0, max(pixels.shape[:2]) / side)
    view = cv2.resize(pixels, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA) if scale > 1 else pixels
    found = _engine()(_bgr(cast(Luma, view)), use_det=True, use_cls=False, use_rec=False)
    boxes = () if found is None or found.boxes is None else found.boxes
    return [np.asarray(box, np.float64) * scale for box in boxes]


def _read(pixels: Luma, boxes: Sequence[Points]) -> list[Line]:
    """The text of each box, along the direction in which most of them run, and apart from these those that run across."""
    if not boxes:
        return []
    sides = np.array([long_side(box) for box in boxes])
    lengths, heights = np.hypot(*sides.T), np.array([across(box) for box in boxes])
    doubled = np.arctan2(sides[:, 1], sides[:, 0]) * 2
    weight = np.where(lengths >= LONG * heights, lengths, 0.01)
    axis = np.arctan2((weight * np.sin(doubled)).sum(), (weight * np.cos(doubled)).sum()) / 2
    crosswise = (lengths >= LONG * heights) & (np.abs(np.sin(doubled / 2 - axis)) > np.sqrt(0.5))
    read: list[Line] = []
    for angle, marks in ((axis, ~crosswise), (axis + np.pi / 2, crosswise)):
        if marks.any():
            read += _one_way(pixels, [box for box, mark in zip(boxes, marks, strict=True) if mark], float(angle))
    kept = [line for line in read if line.confidence >= LEAST and line.text.strip()]
    return sorted(kept, key=lambda line: (*line.corners[0][::-1], line.text))


def _one_way(pixels: Luma, boxes: Sequence[Points], angle: float) -> list[Line]:
    """The boxes read along `angle` or against it, whichever the longest of them say more surely."""
    forward = np.array([np.cos(angle), np.sin(angle)])
    if forward @ USUALLY < 0:
        forward = -forward
    longest = sorted(range(len(boxes)), key=lambda i: -float(np.hypot(*long_side(boxes[i]))))[:VOTERS]
    ways: dict[int, list[Line]] = {}
    for way in (1, -1):
        ways[way] = _texts(pixels, [_turned(boxes[i], way * forward) for i in longest])
        if np.mean([line.confidence for line in ways[way]]) >= UPRIGHT:
            break
    best = max(ways, key=lambda way: float(np.mean([line.confidence for line in ways[way]])))
    rest = [_turned(box, best * forward) for i, box in enumerate(boxes) if i not in longest]
    return ways[best] + _texts(pixels, rest)


def _texts(pixels: Luma, boxes: Sequence[Points]) -> list[Line]:
    if not boxes:
        return []
    said = _engine().recognize_txt([_bgr(_crop(pixels, box)) for box in boxes])
    rows = zip(boxes, said.txts, said.scores, said.word_results, strict=True)
    return [Line(text, float(score), box, _cut(box, pixels), tuple(words.confs)) for box, text, score, words in rows]


def _cut(box: Points, pixels: Luma) -> bool:
    """Does the line reach the edge of the picture at one of its ends?"""
    ends = np.array([(box[0] + box[3]) / 2, (box[1] + box[2]) / 2])
    size = np.array(pixels.shape[1::-1])
    return bool((np.minimum(ends, size - ends) <= EDGE * across(box)).any())


def _second_look(pixels: Luma, boxes: Sequence[Points]) -> list[Line]:
    """The part with print, enlarged so that its lines are `CLEAR` pixels high, looked at anew."""
    corners = np.concatenate(boxes)
    height = float(np.median([across(box) for box in boxes]))
    (left, top), (right, bottom) = np.floor(corners.min(axis=0) - 2 * height), np.ceil(corners.max(axis=0) + 2 * height)
    x, y = max(0, int(left)), max(0, int(top))
    part = pixels[y : max(y + 1, int(bottom)), x : max(x + 1, int(right))]
    zoom = min(CLEAR / max(height, 1.0), LARGEST / max(part.shape[:2]))
    if zoom <= 1.0:
        return []
    large = cast(Luma, cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC))
    return [
        replace(line, corners=line.corners / zoom + (x, y), cut=_cut(line.corners / zoom + (x, y), pixels))
        for line in _read(large, _found(large, LARGEST))
    ]


def _said(some: Sequence[Line]) -> float:
    """How much is read, and how surely."""
    return sum(len(line.text) * (line.confidence - LEAST) for line in some)


def _turned(box: Points, forward: Points) -> Points:
    """The corners clockwise from where a line that runs along `forward` begins."""
    down = np.array([-forward[1], forward[0]])
    centred = box - box.mean(axis=0)
    order = np.argsort(np.arctan2(centred @ down, centred @ forward))  # from behind and above, clockwise
    ring = box[order]
    starts = [float(((ring[(i + 1) % 4] - ring[i]) / (np.hypot(*(ring[(i + 1) % 4] - ring[i])) + 1e-9)) @ forward) for i in range(4)]
    return np.asarray(np.roll(ring, -int(np.argmax(starts)), axis=0))


def _crop(pixels: Luma, box: Points) -> Luma:
    """The line alone, upright; high ones made smaller."""
    width = max(1, round(max(np.hypot(*(box[1] - box[0])), np.hypot(*(box[2] - box[3])))))
    height = max(1, round(max(np.hypot(*(box[3] - box[0])), np.hypot(*(box[2] - box[1])))))
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(box.astype(np.float32), flat)
    crop = cv2.warpPerspective(pixels, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if height > TALL:
        crop = cv2.resize(crop, (max(1, round(width * TALL / height)), TALL), interpolation=cv2.INTER_AREA)
    return cast(Luma, crop)


def _bgr(pixels: Luma) -> Luma:
    return cast(Luma, cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)) if pixels.ndim == 2 else pixels
