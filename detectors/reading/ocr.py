"""Lines of print in one picture, by PP-OCRv6 small (rapidocr, weights inside its wheel).

One thread, no network. Lines are found on a view of `SIDE` pixels and read from the full picture,
turned by one decision a picture; print that is too small gets a second look. Half the work of the
reader as it comes, and more is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, cast

import cv2
import numpy as np

from detectors.reading import tesseract
from detectors.reading.text_line import LEAST, Points, TextLine, across, long_side
from detectors.vision.onnx import runtime
from models.media import Luma
from models.record import Region

SIDE = 960  # longer side on which lines are found; 1280 costs half more and finds no more
LONG = 1.5  # times as long as high: shorter ones do not tell which way they run
SHORT_WEIGHT = 0.01  # pixels: what those count in telling the way
VOTERS = 4  # longest lines that are read both ways up
UPRIGHT = 0.9  # mean confidence of the voters from which the other way up is not tried
USUALLY = np.array([1.0, -0.3])  # tried first: print that runs to the right, else upwards
# Pixels across a line as found, 2.5 times its digits: below the one a second look is taken, at the
# other.
SMALL, CLEAR = 24.0, 62.0
LARGEST = 1600  # pixels, longer side of a second look
EDGE = 0.25  # of its height: as far from the edge of the picture a line may be cut off by it
# Longer than so many times its width a picture is a long screenshot: it is read in pieces of
# so many widths (and pixels at least), that share so much of their length.
LONG_PICTURE, PIECE, LEAST_PIECE, OVERLAP = 3, 2, 2000, 0.25
LEAST_HEIGHT = 8  # pixels of the shorter side; no print fits into less
TALL = 64  # pixels: higher lines are made smaller before they are read, at 48


def lines(pixels: Luma) -> list[TextLine]:
    """Every line read with at least `LEAST` confidence, top to bottom.

    Raises ImportError where no reader is installed.
    """
    if limited():
        return tesseract.lines(pixels)
    if min(pixels.shape[:2]) < LEAST_HEIGHT:
        return []
    return [line for piece in _pieces(pixels) for line in _lines_of(pixels, piece)]


class Piece(NamedTuple):
    """A part of a long picture: where it lies, and the part of it that no other piece is for."""

    place: tuple[slice, slice]
    corner: tuple[int, int]
    core: tuple[float, float]


def _pieces(pixels: Luma) -> Iterator[Piece]:
    """A long screenshot in overlapping pieces, as a reader scrolls; other pictures whole."""
    height, width = pixels.shape[:2]
    long = max(height, width)
    short = min(height, width)
    length = max(PIECE * short, LEAST_PIECE)
    step = length - round(OVERLAP * length)
    whole = long <= LONG_PICTURE * short or long <= length
    shared = length - step
    starts = [0]
    if not whole:
        starts = list(range(0, long - shared, step))
    for start in starts:
        is_last = start == starts[-1]
        end = long if is_last else start + length
        middle = shared / 2
        first = 0.0 if start == 0 else start + middle
        last = float(long) if end == long else end - middle
        part, all_of_it = slice(start, end), slice(None)
        if height >= width:
            yield Piece((part, all_of_it), (0, start), (first, last))
        else:
            yield Piece((all_of_it, part), (start, 0), (first, last))


def _lines_of(pixels: Luma, piece: Piece) -> list[TextLine]:
    """Lines of one piece whose middle lies in its core, placed in the whole picture."""
    along = 1 if pixels.shape[0] >= pixels.shape[1] else 0
    found = _whole_lines(pixels[piece.place])
    placed = [replace(line, corners=line.corners + piece.corner) for line in found]
    first, last = piece.core
    return [line for line in placed if first <= line.centre[along] < last]


def _whole_lines(pixels: Luma) -> list[TextLine]:
    """Every line of a picture that is read at once."""
    boxes = _found(pixels)
    first = _read(pixels, boxes)
    if not boxes or _median_height(boxes) >= SMALL:
        return first
    second = _second_look(pixels, boxes)
    return max(first, second, key=_read_in_all)


def limited() -> str:
    """The name of the reader that stands in, with a far shorter reach; usually nothing."""
    return "" if find_spec("rapidocr") else "tesseract"


def places(pixels: Luma) -> list[Region]:
    """Where print stands, unread, also what is too small or too blurred to be read.

    Raises ImportError where no reader is installed.
    """
    return [TextLine("", 0.0, box).region() for box in _found(pixels)]


def outlines(pixels: Luma) -> list[Points]:
    """The same, as four corners each."""
    return _found(pixels)


@cache
def engine() -> Any:
    """The reader, with every model named by path: nothing is ever looked for elsewhere."""
    runtime()
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


def _median_height(boxes: Sequence[Points]) -> float:
    """Of lines, in pixels."""
    return float(np.median([across(box) for box in boxes]))


def _found(pixels: Luma, side: int = SIDE) -> list[Points]:
    """Four corners of each line, in pixels of `pixels`, found on a view of `side` pixels."""
    scale = max(1.0, max(pixels.shape[:2]) / side)
    view = pixels
    if scale > 1:
        height = max(1, round(pixels.shape[0] / scale))
        width = max(1, round(pixels.shape[1] / scale))
        small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        view = cast(Luma, small)
    found = engine()(
        _bgr(view),
        use_det=True,
        use_cls=False,
        use_rec=False,
    )
    if found is None or found.boxes is None:
        return []
    boxes = found.boxes
    return [np.asarray(box, np.float64) * scale for box in boxes]


def _read(pixels: Luma, boxes: Sequence[Points]) -> list[TextLine]:
    """The text of each box, along the way most of them run; apart from these those across it."""
    if not boxes:
        return []
    sides = np.array([long_side(box) for box in boxes])
    lengths = np.hypot(*sides.T)
    heights = np.array([across(box) for box in boxes])
    long = lengths >= LONG * heights
    angles = np.arctan2(sides[:, 1], sides[:, 0])
    doubled = angles * 2  # a way and its opposite are one
    weight = np.where(long, lengths, SHORT_WEIGHT)
    down = (weight * np.sin(doubled)).sum()
    along = (weight * np.cos(doubled)).sum()
    axis = float(np.arctan2(down, along) / 2)
    off_axis = np.abs(np.sin(doubled / 2 - axis))
    crosswise = long & (off_axis > np.sqrt(0.5))
    read: list[TextLine] = []
    for angle, marks in ((axis, ~crosswise), (axis + np.pi / 2, crosswise)):
        some = [box for box, mark in zip(boxes, marks, strict=True) if mark]
        if some:
            read += _one_way(pixels, some, angle)
    sure = [line for line in read if line.confidence >= LEAST]
    kept = [line for line in sure if line.text.strip()]
    return sorted(kept, key=lambda line: (*line.corners[0][::-1], line.text))


def _one_way(
    pixels: Luma,
    boxes: Sequence[Points],
    angle: float,
) -> list[TextLine]:
    """The boxes read along `angle` or against it, whichever the longest say more surely."""
    x = np.cos(angle)
    y = np.sin(angle)
    forward = np.array([x, y])
    if forward @ USUALLY < 0:
        forward = -forward
    lengths = [-float(np.hypot(*long_side(box))) for box in boxes]
    ranked = sorted(range(len(boxes)), key=lambda i: lengths[i])
    longest = ranked[:VOTERS]
    ways: dict[int, list[TextLine]] = {}
    for way in (1, -1):
        voters = [_turned(boxes[i], way * forward) for i in longest]
        ways[way] = _texts(pixels, voters)
        if _mean_confidence(ways[way]) >= UPRIGHT:
            break
    best = max(ways, key=lambda way: _mean_confidence(ways[way]))
    others = [box for i, box in enumerate(boxes) if i not in longest]
    rest = [_turned(box, best * forward) for box in others]
    return ways[best] + _texts(pixels, rest)


def _mean_confidence(some: Sequence[TextLine]) -> float:
    """Of lines."""
    return float(np.mean([line.confidence for line in some]))


def _texts(pixels: Luma, boxes: Sequence[Points]) -> list[TextLine]:
    """Each box read the way it is turned."""
    if not boxes:
        return []
    crops = [_bgr(_crop(pixels, box)) for box in boxes]
    said = engine().recognize_txt(crops)
    rows = zip(
        boxes,
        said.txts,
        said.scores,
        said.word_results,
        strict=True,
    )
    return [
        TextLine(
            text,
            float(score),
            box,
            _cut(box, pixels),
            tuple(words.confs),
            _places(text, words),
        )
        for box, text, score, words in rows
    ]


def _places(text: str, words: Any) -> tuple[float, ...]:
    """How far along the line each character stands; a space where the one before does."""
    columns = [column for word in words.word_cols for column in word]
    signs = [sign for sign in text if not sign.isspace()]
    if len(columns) != len(signs) or not columns:
        return ()
    found: list[float] = []
    left = iter(columns)
    for sign in text:
        if sign.isspace():
            found.append(found[-1] if found else 0.0)
        else:
            found.append(min(1.0, (next(left) + 0.5) / words.line_txt_len))
    return tuple(found)


def _cut(box: Points, pixels: Luma) -> bool:
    """Does the line reach the edge of the picture at one of its ends?"""
    left = (box[0] + box[3]) / 2
    right = (box[1] + box[2]) / 2
    ends = np.array([left, right])
    beyond = np.array(pixels.shape[1::-1]) - ends
    nearest = np.minimum(ends, beyond)
    near = EDGE * across(box)
    return bool((nearest <= near).any())


def _second_look(pixels: Luma, boxes: Sequence[Points]) -> list[TextLine]:
    """The part with print, enlarged so that its lines are `CLEAR` pixels high, looked at anew."""
    corners = np.concatenate(boxes)
    height = _median_height(boxes)
    first = corners.min(axis=0) - 2 * height
    last = corners.max(axis=0) + 2 * height
    left, top = np.floor(first)
    right, bottom = np.ceil(last)
    x = max(0, int(left))
    y = max(0, int(top))
    down = max(y + 1, int(bottom))
    wide = max(x + 1, int(right))
    part = pixels[y:down, x:wide]
    most = LARGEST / max(part.shape[:2])
    zoom = min(CLEAR / max(height, 1.0), most)
    if zoom <= 1.0:
        return []
    large = cast(
        Luma,
        cv2.resize(
            part,
            None,
            fx=zoom,
            fy=zoom,
            interpolation=cv2.INTER_CUBIC,
        ),
    )
    second = []
    for line in _read(large, _found(large, LARGEST)):
        placed = line.corners / zoom + (x, y)
        second.append(
            replace(
                line,
                corners=placed,
                cut=_cut(placed, pixels),
            )
        )
    return second


def _read_in_all(some: Sequence[TextLine]) -> float:
    """How much is read, and how surely."""
    return sum(len(line.text) * (line.confidence - LEAST) for line in some)


def _turned(box: Points, forward: Points) -> Points:
    """The corners clockwise from where a line that runs along `forward` begins."""
    down = np.array([-forward[1], forward[0]])
    centred = box - box.mean(axis=0)
    angles = np.arctan2(centred @ down, centred @ forward)
    ring = box[np.argsort(angles)]  # from behind and above, clockwise
    ways = []
    for i in range(4):
        side = ring[(i + 1) % 4] - ring[i]
        unit = side / (np.hypot(*side) + 1e-9)
        ways.append(float(unit @ forward))
    first = int(np.argmax(ways))
    turned = np.roll(ring, -first, axis=0)
    return np.asarray(turned)


def _crop(pixels: Luma, box: Points) -> Luma:
    """The line alone, upright; high ones made smaller."""
    top = np.hypot(*(box[1] - box[0]))
    bottom = np.hypot(*(box[2] - box[3]))
    left = np.hypot(*(box[3] - box[0]))
    right = np.hypot(*(box[2] - box[1]))
    width = max(1, round(max(top, bottom)))
    height = max(1, round(max(left, right)))
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(box.astype(np.float32), flat)
    crop = cv2.warpPerspective(
        pixels,
        turn,
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if height > TALL:
        narrower = round(width * TALL / height)
        size = (max(1, narrower), TALL)
        crop = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    return cast(Luma, crop)


def _bgr(pixels: Luma) -> Luma:
    """Three channels, as the reader wants them."""
    if pixels.ndim > 2:
        return pixels
    made = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    return cast(Luma, made)
