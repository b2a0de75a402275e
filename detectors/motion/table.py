"""What one pass over small luma pictures leaves of each.

How badly motion explains it, how it moves, and what it looks like.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.motion.windows import Side, Windows
from models.media import Frame, Luma

NARROW = 40  # pixels: the shortest side that motion is looked for in
GRID = (8, 6)  # blocks along the longer and the shorter side
BLOCKS = GRID[0] * GRID[1]
TOP = 8  # worst blocks that count apart: a jump in a small part must not be averaged away
TOP_SMALL = 4 * TOP  # the same among the small blocks, of which each block has four
LAGS = 8  # pictures back with which each is compared as a thumbnail
OFF = 12  # grey levels by which a pixel is off its prediction
LEAST_GAIN, MOST_GAIN = 0.5, 2.0  # of the light, between two pictures
SIGNALS = (
    "residual",  # grey levels left when the picture before was moved along the flow, gain fitted
    "worst",  # the same in the worst blocks
    "worst2",  # and in the two worst
    "step",  # change of mean luma
    "coherent",  # residual that has one sign in a block: what moved, not what was drawn anew
    "coherent_top",
    "unlit",  # spread in small blocks that neither motion nor a change of light explains
    "unlit_top",
    "glow",  # change of mean in small blocks after motion
    "glow_top",
    "off",  # share of pixels off their prediction
    "structure",  # change of local contrast, moved along the flow: light leaves it, jumps do not
    "structure_top",
    "roll",  # pixels by which the flow of the blocks departs from one camera motion
    "roll_top",
    "rough",  # pixels by which the flow changes from pixel to pixel
    "raw",  # grey levels of change without moving anything
    "sharp",  # mean of the Laplacian
)

Floats = NDArray[np.float64]
Small = NDArray[np.float32]
Row = tuple[float, ...]


@dataclass
class MotionTable:
    """One row a picture: `times` (n), `signals` (n, len(SIGNALS)), `keys` (n).

    `flows` (n, BLOCKS, 2) in pixels. `lags` (n, LAGS): mean difference of normalised thumbnails
    from those 1..LAGS pictures before; NaN where there is none.
    """

    times: Floats
    signals: Small
    flows: Small
    lags: Small
    keys: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.times)

    def piece(self, rows: slice) -> MotionTable:
        """Some of its rows."""
        return MotionTable(
            self.times[rows],
            self.signals[rows],
            self.flows[rows],
            self.lags[rows],
            self.keys[rows],
        )

    def signal(self, name: str) -> Small:
        """One signal over all pictures."""
        return self.signals[:, SIGNALS.index(name)]


def motion_table(frames: Iterable[Frame], windows: Windows | None = None) -> MotionTable:
    """The whole stream as a table.

    Pictures of another size, where a stream changes it, are brought to the first one's. `windows`
    keeps what is taken out on trial.
    """
    times: list[float] = []
    keys: list[bool] = []
    signals: list[Row] = []
    flows: list[Small] = []
    lags: list[list[float]] = []
    recent: deque[Small] = deque(maxlen=LAGS)
    pair: _Pair | None = None
    for frame in frames:
        picture = _wide_enough(frame.pixels)
        if pair is None:
            pair = _Pair(picture)
        elif picture.shape != pair.shape:
            picture = area_resized(picture, pair.shape[::-1])
        row, flow = pair.next(picture)
        thumbnail = normalised(picture)
        if windows:
            windows.see(
                len(times),
                frame.pts,
                picture,
                thumbnail,
            )
        times.append(frame.pts)
        keys.append(frame.keyframe)
        signals.append(row)
        flows.append(flow)
        lags.append(_lags(thumbnail, recent))
        recent.appendleft(thumbnail)
    return MotionTable(
        np.array(times),
        np.array(signals, np.float32),
        np.array(flows, np.float32),
        np.array(lags, np.float32),
        np.array(keys, np.bool_),
    )


def spliced(
    table: MotionTable,
    before: Side,
    after: Side,
    around: int,
) -> tuple[MotionTable, int]:
    """The table as it would be without what lies between both, `around` rows on either side.

    And the row of the join.
    """
    pair = _Pair(before.picture)
    pair.next(before.picture)
    row, flow = pair.next(after.picture)
    left = table.piece(slice(max(0, before.index + 1 - around), before.index + 1))
    right = table.piece(slice(after.index, after.index + around))
    join = len(left)
    step = float(np.median(np.diff(table.times)))
    times = right.times - right.times[0] + left.times[-1] + step
    signals, flows = right.signals.copy(), right.flows.copy()
    lags = right.lags.copy()
    signals[0], flows[0] = row, flow
    for later, thumbnail in enumerate(after.thumbnails[: len(right)]):
        far = _lags(thumbnail, before.thumbnails)
        lags[later, later:] = far[: LAGS - later]
    made = MotionTable(
        np.concatenate([left.times, times]),
        np.concatenate([left.signals, signals]),
        np.concatenate([left.flows, flows]),
        np.concatenate([left.lags, lags]),
        np.concatenate([left.keys, right.keys]),
    )
    return made, join


def area_resized(picture: Luma, size: tuple[int, ...]) -> Luma:
    """To `size` (w, h)."""
    made = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cast(Luma, made)


def _lags(thumbnail: Small, recent: Iterable[Small]) -> list[float]:
    """How far the thumbnail is from each of those before it, NaN beyond the first picture."""
    far = [_mean_difference(thumbnail, other) for other in recent]
    return far + [np.nan] * (LAGS - len(far))


def _mean_difference(one: Luma | Small, other: Luma | Small) -> float:
    """Per value."""
    return float(cv2.norm(one, other, cv2.NORM_L1)) / one.size


def _wide_enough(picture: Luma) -> Luma:
    """With its edges repeated where a side is shorter than `NARROW`.

    OpenCV's flow crashes on strips of 11 to 31 pixels.
    """
    down, across = (max(0, NARROW - side) for side in picture.shape)
    if not down and not across:
        return picture
    made = cv2.copyMakeBorder(
        picture,
        0,
        down,
        0,
        across,
        cv2.BORDER_REPLICATE,
    )
    return cast(Luma, made)


def normalised(picture: Luma) -> Small:
    """A 32x18 thumbnail of mean 0 and spread about 1: does a picture look like an earlier one?"""
    size = (32, 18) if picture.shape[1] >= picture.shape[0] else (18, 32)
    tiny = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    mean, spread = cv2.meanStdDev(tiny)
    centred = tiny - mean[0][0]
    return np.asarray(centred / (spread[0][0] + 4), np.float32)


class _Pair:
    """The picture before, and how the next one differs from it."""

    def __init__(self, first: Luma) -> None:
        self.shape = cast(tuple[int, int], first.shape)
        height, width = self.shape
        self.flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        columns = np.arange(width, dtype=np.float32)
        rows = np.arange(height, dtype=np.float32)
        across, down = np.meshgrid(columns, rows)
        self.grid = (across, down)
        self.blocks = GRID if width >= height else GRID[::-1]
        self.small = (2 * self.blocks[0], 2 * self.blocks[1])
        self.camera = _without_camera_motion(self.blocks)
        self.before: Luma | None = None
        self.structure = np.zeros(0, np.float32)

    def next(self, picture: Luma) -> tuple[Row, Small]:
        """Signals of the interval that ends with `picture`, and its flow by block.

        Zeros for the first.
        """
        before = self.before
        structure_before = self.structure
        self.before = picture
        self.structure = _structure(picture)
        laplacian = cv2.Laplacian(picture, cv2.CV_16S)
        sharp = float(cv2.norm(laplacian, cv2.NORM_L1)) / picture.size
        if before is None:
            return (0.0,) * (len(SIGNALS) - 1) + (sharp,), np.zeros((BLOCKS, 2), np.float32)
        flow = cast(Small, self.flow_of.calc(picture, before, None))  # type: ignore[call-overload]
        across = self.grid[0] + flow[..., 0]
        down = self.grid[1] + flow[..., 1]
        predicted = moved(before, across, down).astype(np.float32)
        half = self.structure.shape[::-1]
        half_across = np.asarray(cv2.resize(across, half) / 2, np.float32)
        half_down = np.asarray(cv2.resize(down, half) / 2, np.float32)
        structure = moved(structure_before, half_across, half_down)
        blocks = self._blocks(flow).reshape(-1, 2)
        raw = _mean_difference(picture, before)
        brighter = cv2.mean(picture)[0] - cv2.mean(before)[0]
        step = abs(brighter)
        roll = self.camera @ blocks
        row = (
            *self._light(picture.astype(np.float32), predicted, step),
            *_mean_and_top(self._blocks(np.abs(self.structure - structure))),
            *_mean_and_top(np.hypot(roll[:, 0], roll[:, 1])),
            _rough(flow),
            raw,
            sharp,
        )
        return row, np.asarray(blocks, np.float32)

    def _light(
        self,
        now: Small,
        predicted: Small,
        step: float,
    ) -> Row:
        """Residual (mean, worst, two worst), step, coherent, unlit, glow (mean and top), off."""
        predicted -= cv2.mean(predicted)[0]
        now -= cv2.mean(now)[0]
        signed = now - _gain(now, predicted) * predicted
        residual = np.abs(signed)
        off = np.count_nonzero(residual > OFF) / residual.size
        left_over = self._blocks(_layers(residual, signed))
        blocks = np.sort(left_over[..., 0], axis=None)
        return (
            cv2.mean(residual)[0],
            float(blocks[-TOP:].sum()) / TOP,
            float(blocks[-2:].sum()) / 2,
            step,
            *_mean_and_top(np.abs(left_over[..., 1])),
            *self._unlit_and_glow(now, predicted),
            off,
        )

    def _unlit_and_glow(self, now: Small, predicted: Small) -> Row:
        """Mean and top of both over the small blocks."""
        products = _layers(
            predicted,
            now,
            predicted * predicted,
            predicted * now,
        )
        mean, mean_now, squares, both = cv2.split(self._smalls(products))
        shared = both - mean * mean_now
        spread_now = self._smalls(now * now) - mean_now * mean_now
        spread = squares - mean * mean
        left = spread_now - shared * shared / (spread + 4)
        return (
            *_mean_and_top(np.sqrt(np.maximum(left, 0)), TOP_SMALL),
            *_mean_and_top(np.abs(mean_now - mean), TOP_SMALL),
        )

    def _blocks(self, values: Small) -> Small:
        """Mean of each block."""
        made = cv2.resize(values, self.blocks, interpolation=cv2.INTER_AREA)
        return cast(Small, made)

    def _smalls(self, values: Small) -> Small:
        """Mean of each small block."""
        made = cv2.resize(values, self.small, interpolation=cv2.INTER_AREA)
        return cast(Small, made)


def _without_camera_motion(blocks: tuple[int, int]) -> Small:
    """(BLOCKS, BLOCKS): takes one affine motion away from the flow of the blocks."""
    rows, columns = np.mgrid[0 : blocks[1], 0 : blocks[0]]
    across = columns.ravel() - columns.mean()
    down = rows.ravel() - rows.mean()
    place = np.stack([np.ones(BLOCKS), across, down], axis=1)
    camera = place @ np.linalg.pinv(place)
    return np.asarray(np.eye(BLOCKS) - camera, np.float32)


def moved(
    values: Luma | Small,
    across: Small,
    down: Small,
) -> Small:
    """`values` taken from places (across, down), its edges repeated beyond them."""
    made = cv2.remap(
        values,
        across,
        down,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cast(Small, made)


def _gain(now: Small, predicted: Small) -> float:
    """By how much the light changed, as a factor."""
    spread = float(cv2.norm(predicted, cv2.NORM_L2SQR)) / predicted.size
    if spread <= 1:
        return 1.0
    fitted = float(np.vdot(predicted, now)) / now.size / spread
    return min(MOST_GAIN, max(LEAST_GAIN, fitted))


def _structure(picture: Luma) -> Small:
    """Local contrast at half size: each pixel against its 5x5 surroundings.

    Light alone changes it little.
    """
    half = cv2.resize(
        picture,
        None,
        fx=0.5,
        fy=0.5,
        interpolation=cv2.INTER_AREA,
    )
    values = half.astype(np.float32)
    mean = cv2.blur(values, (5, 5))
    spread = cv2.sqrBoxFilter(values, -1, (5, 5)) - mean * mean
    deviation = np.sqrt(np.maximum(spread, 0))
    return cast(Small, (values - mean) / (deviation + 6))


def _layers(*values: Small) -> Small:
    """Several as one picture, so that they are made smaller in one go."""
    made = cv2.merge(values)
    return cast(Small, made)


def _mean_and_top(values: Small, top: int = TOP) -> tuple[float, float]:
    """Of all values, and of the `top` largest."""
    ranked = np.sort(values, axis=None)
    mean = float(ranked.sum()) / ranked.size
    return mean, float(ranked[-top:].sum()) / top


def _rough(flow: Small) -> float:
    """Mean change of the flow between neighbouring pixels, down plus across."""
    below = flow[1:]
    right = flow[:, 1:]
    down = _mean_difference(below, flow[:-1])
    return down + _mean_difference(right, flow[:, :-1])
