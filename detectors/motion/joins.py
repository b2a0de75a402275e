"""Pictures compared across a join: whether what lies between two of them is only motion.

A cut may be hidden by blended, blank, held or blurred pictures. No two neighbours then differ much,
but the picture before the join and the one behind it do, more than those at the same distance
elsewhere, however the one is moved onto the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from detectors.motion.features import padded, ranks, usual
from detectors.motion.table import NARROW, Floats, Small, moved
from models.media import Luma

RATE = 40.0  # pictures a second that are looked at, at most
SIDE = 80  # pixels, longer side: what a join hides is large
LAGS = (1, 2, 3, 5, 9, 16)  # pictures between those compared: joins of up to fifteen
BESIDE = 8  # pictures beyond the lag on either side with which a place is compared
AROUND = 45  # pictures around a place that say what is usual
# What is added to a figure before its logarithm, in its units: below it there is only noise.
FLOOR = {"left": 0.6, "worst": 1.2, "moved": 0.5, "mixed": 0.5, "raw": 0.6, "edges": 0.5}
STATES = ("mean", "spread", "detail")
STATE_LAGS = (2, 5, 16)  # pictures within which one may be flat, blurred or held
FINE, EVEN = 2.0, 2.0  # pixels of blur that leave the edges; grey levels that are no edge
CELLS = (8, 5)
TOP = 6  # worst cells
FINEST = 1  # halvings of the picture at which motion is looked for; 0 costs four times as much
SMOOTH = 0.6  # grey levels beneath which a mixture's error is noise


class Pairs:
    """What is left between pictures at each lag, (lags, pictures), by the first of each two.

    `left`: grey levels once the one was moved onto the other and the light fitted; `worst`: of the
    worst cells; `moved`: pixels a picture by which the cells moved; `mixed`: grey levels by which
    the picture between differs from a mixture of both ends; `raw`: change without moving anything;
    `edges`: as `left`, but of the edges alone, which a lamp leaves. NaN where there is no other.
    `states`, of each picture alone: its mean and spread, grey levels, and its detail.
    """

    def __init__(self, figures: Small, states: Small) -> None:
        self.figures = figures  # (names of FLOOR, lags, pictures)
        self.states = states  # (names of STATES, pictures)

    def at_middle(self, row: int) -> Floats:
        """All figures at one lag, by the picture in the middle of each two; 0 where there is none.

        (names of FLOOR, pictures)
        """
        lag = LAGS[row]
        middle = (lag + 1) // 2
        made = np.zeros((len(FLOOR), self.states.shape[1]))
        made[:, middle : middle - lag or None] = self.figures[:, row, :-lag]
        return np.nan_to_num(made)

    def without(
        self,
        left: slice,
        right: slice,
        between: int,
    ) -> Pairs:
        """Of two pieces with so many pictures between them of which nothing is known yet."""
        return Pairs(
            _with_hole(
                self.figures,
                left,
                right,
                between,
            ),
            _with_hole(
                self.states,
                left,
                right,
                between,
            ),
        )


def _with_hole(
    values: Small,
    left: slice,
    right: slice,
    between: int,
) -> Small:
    hole = np.full((*values.shape[:-1], between), np.nan, values.dtype)
    return np.concatenate([values[..., left], hole, values[..., right]], axis=-1)


def every(frame_rate: float) -> int:
    """Of so many pictures one is looked at."""
    return max(1, round(frame_rate / RATE))


def small(picture: Luma) -> Luma:
    """A picture as it is compared."""
    height, width = picture.shape
    scale = SIDE / max(height, width)
    size = (max(NARROW, round(width * scale)), max(NARROW, round(height * scale)))
    return cast(Luma, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def changed_share(
    one: Luma,
    other: Luma,
    least: float,
) -> float:
    """Share of the cells of a picture that differ by more than `least` grey levels."""
    cells = CELLS if one.shape[1] >= one.shape[0] else CELLS[::-1]
    apart = cv2.resize(cv2.absdiff(one, other), cells, interpolation=cv2.INTER_AREA)
    return float((np.asarray(apart) > least).mean())


def pairs(pictures: Sequence[Luma]) -> Pairs:
    """Every picture against those behind it; pictures all of one size."""
    count = len(pictures)
    found = Pairs(
        np.full((len(FLOOR), len(LAGS), count), np.nan, np.float32),
        np.zeros((len(STATES), count), np.float32),
    )
    fill(
        found,
        pictures,
        range(count),
        range(count),
    )
    return found


def fill(
    found: Pairs,
    pictures: Sequence[Luma],
    firsts: range,
    lasts: range,
) -> None:
    """Compare each two of which the first is among `firsts` and the last among `lasts`.

    And look at each of `pictures` that is in both.
    """
    compare = _Comparison(pictures)
    for last in lasts:
        if last in firsts:
            found.states[:, last] = _state(pictures[last])
        for row, lag in enumerate(LAGS):
            if last - lag in firsts:
                found.figures[:, row, last - lag] = compare(last - lag, last)


def _state(picture: Luma) -> tuple[float, float, float]:
    """Mean, spread, detail."""
    mean, spread = cv2.meanStdDev(picture)
    detail = cv2.norm(cv2.Laplacian(picture, cv2.CV_16S), cv2.NORM_L1) / picture.size
    return float(mean[0][0]), float(spread[0][0]), detail


class _Comparison:
    """Pictures compared two by two; what is made of each is kept for as long as it is needed."""

    def __init__(self, pictures: Sequence[Luma]) -> None:
        self.pictures = pictures
        height, width = pictures[0].shape
        self.grid = np.meshgrid(
            np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
        )
        self.cells = CELLS if width >= height else CELLS[::-1]
        self.flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self.flow_of.setFinestScale(FINEST)
        self.made: dict[int, tuple[Small, Small]] = {}

    def _made(self, i: int) -> tuple[Small, Small]:
        """A picture as numbers, and its edges."""
        if i not in self.made:
            picture = self.pictures[i].astype(np.float32)
            self.made[i] = picture, _edges(picture)
            self.made.pop(i - max(LAGS) - 1, None)
        return self.made[i]

    def __call__(self, first: int, last: int) -> tuple[float, ...]:
        """The figures of two pictures, as FLOOR names them."""
        one, other = self.pictures[first], self.pictures[last]
        flow = cast(Small, self.flow_of.calc(other, one, None))  # type: ignore[call-overload]
        places = (self.grid[0] + flow[..., 0], self.grid[1] + flow[..., 1])
        (picture, edges), (target, target_edges) = self._made(first), self._made(last)
        left = np.abs(_fitted(moved(picture, *places), target) - target)
        by_cell = np.sort(cv2.resize(left, self.cells, interpolation=cv2.INTER_AREA), axis=None)
        speed = cv2.resize(flow, self.cells, interpolation=cv2.INTER_AREA).reshape(-1, 2)
        lengths = np.sort(np.hypot(speed[:, 0], speed[:, 1]))
        along = moved(edges, *places)
        mixed = np.nan
        if last - first > 1:
            between, _ = self._made((first + last + 1) // 2)
            mixed = _mixture_error(picture, target, between)
        return (
            float(by_cell.sum()) / by_cell.size,
            float(by_cell[-TOP:].sum()) / TOP,
            float(lengths[-TOP:].sum()) / TOP / (last - first),
            mixed,
            cv2.norm(one, other, cv2.NORM_L1) / one.size,
            cv2.norm(along, target_edges, cv2.NORM_L1) / one.size,
        )


def _edges(picture: Small) -> Small:
    """Edges, each as strong as it stands out around it: light leaves them."""
    fine = picture - cv2.GaussianBlur(picture, (0, 0), FINE)
    around = cv2.GaussianBlur(np.abs(fine), (0, 0), 2 * FINE)
    return np.asarray(10 * fine / (around + EVEN), np.float32)


def _fitted(picture: Small, target: Small) -> Small:
    """With its light brought to the target's."""
    mean, spread = cv2.meanStdDev(picture)
    goal, wide = cv2.meanStdDev(target)
    gain = float(np.clip(wide[0][0] / (spread[0][0] + 1.0), 0.5, 2.0))
    return np.asarray((picture - mean[0][0]) * gain + goal[0][0], np.float32)


def _mixture_error(
    first: Small,
    last: Small,
    between: Small,
) -> float:
    """Grey levels by which a picture differs from the best mixture of two others."""
    apart = last - first
    square = float((apart * apart).sum())
    if square < 1.0:
        return float(np.abs(between - first).mean())
    share = float(np.clip(((between - first) * apart).sum() / square, 0.0, 1.0))
    return float(np.abs(between - first - share * apart).mean())


def join_features(found: Pairs) -> tuple[tuple[str, ...], Small]:
    """(names, one row a picture): how much what lies around it stands out, at every lag."""
    columns: dict[str, Floats] = {}
    floor = np.array(list(FLOOR.values()))[:, None]
    names = list(FLOOR)
    steps = found.at_middle(0)[names.index("left")]
    for row, lag in enumerate(LAGS):
        values = found.at_middle(row)
        level = np.log(values + floor)
        ways = {
            "beside": level - _beside(level, lag),
            "usual": level - usual(level, AROUND, lag),
            "rank": ranks(values),
        }
        for i, name in enumerate(names):
            if lag > 1 or name != "mixed":
                columns |= {f"{name}_{lag}_{how}": some[i] for how, some in ways.items()}
        left = level[names.index("left")]
        columns[f"left_{lag}_level"] = left
        if lag > 1:
            mixed = np.log(values[names.index("mixed")] + SMOOTH)
            raw = np.log(values[names.index("raw")] + SMOOTH)
            columns[f"mixture_{lag}"] = mixed - raw
            columns[f"steps_{lag}"] = left - np.log(_highest(steps, lag) + FLOOR["left"])
    columns |= _states(found)
    rows = np.stack(list(columns.values()), axis=1)
    return tuple(columns), rows.astype(np.float32)


def _states(found: Pairs) -> dict[str, Floats]:
    """What the pictures around a place are: flat, blurred, held; against those further off."""
    mean, spread, detail = found.states.astype(float)
    steps = found.at_middle(0)
    raw = steps[list(FLOOR).index("raw")]
    left = steps[list(FLOOR).index("left")]
    names = ("spread", "detail", "raw")
    floor = np.array([2.0, 0.3, 0.2])[:, None]
    level = np.log(np.stack([spread, detail, raw]) + floor)
    common = usual(level, AROUND)
    columns: dict[str, Floats] = {}
    for lag in STATE_LAGS:
        least, most = -_highest(-level, lag) - common, _highest(level, lag) - common
        for i, name in enumerate(names):
            columns[f"{name}_least_{lag}"] = least[i]
            columns[f"{name}_most_{lag}"] = most[i]
    columns["light"] = np.abs(mean - usual(mean, AROUND))
    columns["raw_level"] = np.log(usual(raw, AROUND) + 0.2)
    columns["left_level"] = np.log(usual(left, AROUND) + 0.2)
    return columns


def _highest(values: Floats, lag: int) -> Floats:
    """The most of the pictures within half a lag on either side."""
    reach = lag // 2 + 1
    ends = [(0, 0)] * (values.ndim - 1)
    wide = np.pad(values, [*ends, (reach, reach)], mode="edge")
    return np.asarray(sliding_window_view(wide, 2 * reach + 1, axis=-1).max(axis=-1))


def _beside(level: Floats, lag: int) -> Floats:
    """The most of what lies just beyond a lag's reach, on either side."""
    far = lag + BESIDE
    wide = padded(level, far, level.min())
    windows = sliding_window_view(wide, 2 * far + 1, axis=-1)
    before = windows[..., :BESIDE].max(axis=-1)
    return np.asarray(np.maximum(before, windows[..., -BESIDE:].max(axis=-1)))
