"""What one pass over small luma pictures leaves of each: how badly motion explains it, how it moves, and what it looks like."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.media import Frame, Luma

SIDE = 160  # pixels, longer side: enough for motion, little noise, a fiftieth of the pixels of 1080p
NARROW = 40  # pixels: the shortest side that motion is looked for in
GRID = (8, 6)  # blocks along the longer and the shorter side
BLOCKS = GRID[0] * GRID[1]
TOP = 8  # worst blocks that count apart: a jump in a small part of the picture must not be averaged away
LAGS = 8  # pictures back with which each is compared as a thumbnail
OFF = 12  # grey levels by which a pixel is off its prediction
SIGNALS = (
    "residual",  # grey levels left when the picture before was moved along the flow and its gain fitted
    "worst",  # the same in the worst blocks
    "worst2",  # and in the two worst
    "step",  # change of mean luma
    "coherent",  # residual that has one sign in a block: what moved, not what an encoder drew anew
    "coherent_top",
    "unlit",  # spread in small blocks that neither motion nor a change of light in the block explains
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


@dataclass
class Table:
    """One row a picture: `times` (n), `signals` (n, len(SIGNALS)), `flows` (n, BLOCKS, 2) in pixels, `lags` (n, LAGS), `keys` (n)."""

    times: Floats
    signals: Small
    flows: Small
    lags: Small  # mean difference of normalised thumbnails from those 1..LAGS pictures before; NaN where there is none
    keys: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.times)

    def piece(self, rows: slice) -> Table:
        return Table(self.times[rows], self.signals[rows], self.flows[rows], self.lags[rows], self.keys[rows])


def measured(frames: Iterable[Frame]) -> Table:
    """The whole stream as a table. Pictures of another size, where a stream changes it, are brought to the first one's."""
    times: list[float] = []
    keys: list[bool] = []
    signals: list[tuple[float, ...]] = []
    flows: list[Small] = []
    lags: list[list[float]] = []
    recent: deque[Small] = deque(maxlen=LAGS)
    pair: _Pair | None = None
    for frame in frames:
        picture = _wide_enough(frame.pixels)
        if pair is None:
            pair = _Pair(picture)
        elif picture.shape != pair.shape:
            picture = cast(Luma, cv2.resize(picture, pair.shape[::-1], interpolation=cv2.INTER_AREA))
        row, flow = pair.next(picture)
        tiny = normalised(picture)
        times.append(frame.pts)
        keys.append(frame.keyframe)
        signals.append(row)
        flows.append(flow)
        far = [float(cv2.norm(tiny, other, cv2.NORM_L1)) / tiny.size for other in recent]
        lags.append(far + [np.nan] * (LAGS - len(far)))
        recent.appendleft(tiny)
    return Table(
        np.array(times), np.array(signals, np.float32), np.array(flows, np.float32), np.array(lags, np.float32), np.array(keys, np.bool_)
    )


def _wide_enough(picture: Luma) -> Luma:
    """With its edges repeated where a side is shorter than `NARROW`: OpenCV's flow crashes on strips of 11 to 31 pixels."""
    down, across = (max(0, NARROW - side) for side in picture.shape)
    return cast(Luma, cv2.copyMakeBorder(picture, 0, down, 0, across, cv2.BORDER_REPLICATE)) if down or across else picture


def normalised(picture: Luma) -> Small:
    """A 32x18 thumbnail of mean 0 and spread about 1, for asking whether a picture looks like an earlier one."""
    size = (32, 18) if picture.shape[1] >= picture.shape[0] else (18, 32)
    tiny = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    mean, spread = cv2.meanStdDev(tiny)
    return np.asarray((tiny - mean[0][0]) / (spread[0][0] + 4), np.float32)


class _Pair:
    """The picture before, and how the next one differs from it."""

    def __init__(self, first: Luma) -> None:
        height, width = self.shape = cast(tuple[int, int], first.shape)
        self.flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        self.grid = (across, down)
        self.blocks = GRID if width >= height else GRID[::-1]
        self.small = (2 * self.blocks[0], 2 * self.blocks[1])
        rows, columns = np.mgrid[0 : self.blocks[1], 0 : self.blocks[0]]
        place = np.stack([np.ones(BLOCKS), columns.ravel() - columns.mean(), rows.ravel() - rows.mean()], axis=1)
        self.camera = np.asarray(np.eye(BLOCKS) - place @ np.linalg.pinv(place), np.float32)  # takes one affine motion away
        self.before: Luma | None = None
        self.structure = np.zeros(0, np.float32)

    def next(self, picture: Luma) -> tuple[tuple[float, ...], Small]:
        """Signals of the interval that ends with `picture` (zeros for the first), and its flow by block."""
        before, structure_before = self.before, self.structure
        self.before, self.structure = picture, _structure(picture)
        sharp = float(cv2.norm(cv2.Laplacian(picture, cv2.CV_16S), cv2.NORM_L1)) / picture.size
        if before is None:
            return (0.0,) * (len(SIGNALS) - 1) + (sharp,), np.zeros((BLOCKS, 2), np.float32)
        flow = cast(Small, self.flow_of.calc(picture, before, None))  # type: ignore[call-overload]
        across, down = self.grid[0] + flow[..., 0], self.grid[1] + flow[..., 1]
        predicted = cv2.remap(before, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        half = self.structure.shape[::-1]
        moved = cv2.remap(
            structure_before, cv2.resize(across, half) / 2, cv2.resize(down, half) / 2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        blocks = self._blocks(flow).reshape(-1, 2)
        raw = float(cv2.norm(picture, before, cv2.NORM_L1)) / picture.size
        step = abs(cv2.mean(picture)[0] - cv2.mean(before)[0])
        roll = self.camera @ blocks
        row = (
            *self._light(picture.astype(np.float32), predicted, step),
            *_mean_and_top(self._blocks(np.abs(self.structure - moved))),
            *_mean_and_top(np.hypot(roll[:, 0], roll[:, 1])),
            _rough(flow),
            raw,
            sharp,
        )
        return row, np.asarray(blocks, np.float32)

    def _light(self, now: Small, predicted: Small, step: float) -> tuple[float, ...]:
        """Residual (mean, worst, two worst), step, coherent, unlit and glow (mean and top each), off."""
        predicted -= cv2.mean(predicted)[0]
        now -= cv2.mean(now)[0]
        spread = float(cv2.norm(predicted, cv2.NORM_L2SQR)) / predicted.size
        gain = min(2.0, max(0.5, float(np.vdot(predicted, now)) / now.size / spread)) if spread > 1 else 1.0
        signed = now - gain * predicted
        residual = np.abs(signed)
        off = np.count_nonzero(residual > OFF) / residual.size
        left_over = self._blocks(_layers(residual, signed))
        blocks = np.sort(left_over[..., 0], axis=None)
        coherent = _mean_and_top(np.abs(left_over[..., 1]))
        mean, mean_now, squares, products = cv2.split(self._smalls(_layers(predicted, now, predicted * predicted, predicted * now)))
        both = products - mean * mean_now
        left = self._smalls(now * now) - mean_now * mean_now - both * both / (squares - mean * mean + 4)
        unlit = _mean_and_top(np.sqrt(np.maximum(left, 0)), 4 * TOP)
        glow = _mean_and_top(np.abs(mean_now - mean), 4 * TOP)
        return (cv2.mean(residual)[0], float(blocks[-TOP:].sum()) / TOP, float(blocks[-2:].sum()) / 2, step, *coherent, *unlit, *glow, off)

    def _blocks(self, values: Small) -> Small:
        return cast(Small, cv2.resize(values, self.blocks, interpolation=cv2.INTER_AREA))

    def _smalls(self, values: Small) -> Small:
        return cast(Small, cv2.resize(values, self.small, interpolation=cv2.INTER_AREA))


def _structure(picture: Luma) -> Small:
    """Local contrast at half size: each pixel against mean and spread of its 5x5 surroundings, so that light alone changes little."""
    values = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.float32)
    mean = cv2.blur(values, (5, 5))
    spread = cv2.sqrBoxFilter(values, -1, (5, 5)) - mean * mean
    return cast(Small, (values - mean) / (np.sqrt(np.maximum(spread, 0)) + 6))


def _layers(*values: Small) -> Small:
    """Several as one picture, so that they are made smaller in one go."""
    return cast(Small, cv2.merge(values))


def _mean_and_top(values: Small, top: int = TOP) -> tuple[float, float]:
    ranked = np.sort(values, axis=None)
    return float(ranked.sum()) / ranked.size, float(ranked[-top:].sum()) / top


def _rough(flow: Small) -> float:
    """Mean change of the flow between neighbouring pixels, down plus across."""
    down = float(cv2.norm(flow[1:], flow[:-1], cv2.NORM_L1)) / flow[1:].size
    return down + float(cv2.norm(flow[:, 1:], flow[:, :-1], cv2.NORM_L1)) / flow[:, 1:].size
