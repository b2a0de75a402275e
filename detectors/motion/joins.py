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

from detectors.motion.table import NARROW, Floats, Small, moved
from models.media import Luma

SIDE = 80  # pixels, longer side: what a join hides is large
LAGS = (1, 2, 3, 5, 9, 16)  # pictures between those compared: joins of up to fifteen
BESIDE = 8  # pictures beyond the lag on either side with which a place is compared
AROUND = 45  # pictures around a place that say what is usual
# What is added to a figure before its logarithm, in its units: below it there is only noise.
FLOOR = {"left": 0.6, "worst": 1.2, "moved": 0.5, "mixed": 0.5, "raw": 0.6, "edges": 0.5}
FINE, EVEN = 2.0, 2.0  # pixels of blur that leave the edges; grey levels that are no edge
CELLS = (8, 5)
TOP = 6  # worst cells
FLAT = 6.0  # grey levels of spread below which a picture is blank
SMOOTH = 0.6  # grey levels beneath which a mixture's error is noise


class Pairs:
    """What is left between pictures at each lag: (lags, pictures), aligned to the middle.

    `left`: grey levels once the one was moved onto the other and the light fitted; `worst`: of the
    worst cells; `moved`: pixels a picture by which the cells moved; `mixed`: grey levels by which
    the pictures between differ from a mixture of both ends; `raw`: change without moving anything;
    `edges`: as `left`, but of the edges alone, which a lamp leaves.
    """

    def __init__(self, count: int) -> None:
        shape = (len(LAGS), count)
        self.left = np.full(shape, np.nan)
        self.worst = np.full(shape, np.nan)
        self.moved = np.full(shape, np.nan)
        self.mixed = np.full(shape, np.nan)
        self.raw = np.full(shape, np.nan)
        self.edges = np.full(shape, np.nan)


def small(picture: Luma) -> Luma:
    """A picture as it is compared."""
    height, width = picture.shape
    scale = SIDE / max(height, width)
    size = (max(NARROW, round(width * scale)), max(NARROW, round(height * scale)))
    return cast(Luma, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def is_flat(picture: Luma) -> bool:
    """Is it blank?"""
    return float(cv2.meanStdDev(picture)[1][0][0]) < FLAT


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
    found = Pairs(count)
    height, width = pictures[0].shape
    across, down = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    cells = CELLS if width >= height else CELLS[::-1]
    flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    floats = [picture.astype(np.float32) for picture in pictures]
    edges = [_edges(picture) for picture in floats]
    for row, lag in enumerate(LAGS):
        for first in range(count - lag):
            one, other = pictures[first], pictures[first + lag]
            middle = first + (lag + 1) // 2
            flow = cast(Small, flow_of.calc(other, one, None))  # type: ignore[call-overload]
            places = (across + flow[..., 0], down + flow[..., 1])
            predicted = moved(floats[first], *places)
            left = np.abs(_fitted(predicted, floats[first + lag]) - floats[first + lag])
            by_cell = np.sort(cv2.resize(left, cells, interpolation=cv2.INTER_AREA).ravel())
            speed = cv2.resize(flow, cells, interpolation=cv2.INTER_AREA).reshape(-1, 2)
            found.left[row, middle] = by_cell.mean()
            found.worst[row, middle] = by_cell[-TOP:].mean()
            lengths = np.sort(np.hypot(speed[:, 0], speed[:, 1]))
            found.moved[row, middle] = lengths[-TOP:].mean() / lag
            along = moved(edges[first], *places)
            found.edges[row, middle] = cv2.norm(along, edges[first + lag], cv2.NORM_L1) / one.size
            found.raw[row, middle] = cv2.norm(one, other, cv2.NORM_L1) / one.size
            if lag > 1:
                found.mixed[row, middle] = _mixture_error(
                    floats[first],
                    floats[first + lag],
                    floats[middle],
                )
    return found


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


def join_features(
    pictures: Sequence[Luma],
    found: Pairs,
) -> tuple[tuple[str, ...], Small]:
    """(names, one row a picture): how much what lies around it stands out, at every lag."""
    columns: dict[str, Floats] = {}
    for row, lag in enumerate(LAGS):
        for name, floor in FLOOR.items():
            if name == "mixed" and lag == 1:
                continue
            values = np.nan_to_num(getattr(found, name)[row])
            level = np.log(values + floor)
            beside = _beside(level, lag)
            columns[f"{name}_{lag}_beside"] = level - beside
            columns[f"{name}_{lag}_usual"] = level - _usual(level, lag)
            columns[f"{name}_{lag}_rank"] = _rank(values)
        left = np.log(np.nan_to_num(found.left[row]) + FLOOR["left"])
        columns[f"left_{lag}_level"] = left
        if lag > 1:
            mixed = np.log(np.nan_to_num(found.mixed[row]) + SMOOTH)
            raw = np.log(np.nan_to_num(found.raw[row]) + SMOOTH)
            columns[f"mixture_{lag}"] = mixed - raw
            steps = _highest(np.nan_to_num(found.left[0]), lag)
            columns[f"steps_{lag}"] = left - np.log(steps + FLOOR["left"])
    columns |= _states(pictures, found)
    rows = np.stack(list(columns.values()), axis=1)
    return tuple(columns), rows.astype(np.float32)


def _states(
    pictures: Sequence[Luma],
    found: Pairs,
) -> dict[str, Floats]:
    """What the pictures around a place are: flat, blurred, held; against those further off."""
    spread = np.array([float(cv2.meanStdDev(one)[1][0][0]) for one in pictures])
    mean = np.array([float(one.mean()) for one in pictures])
    detail = np.array(
        [cv2.norm(cv2.Laplacian(one, cv2.CV_16S), cv2.NORM_L1) / one.size for one in pictures]
    )
    raw = np.nan_to_num(found.raw[0])
    columns: dict[str, Floats] = {}
    for name, values, floor in (
        ("spread", spread, 2.0),
        ("detail", detail, 0.3),
        ("raw", raw, 0.2),
    ):
        level = np.log(values + floor)
        usual = _usual(level, 0)
        for lag in (2, 5, 16):
            columns[f"{name}_least_{lag}"] = -_highest(-level, lag) - usual
            columns[f"{name}_most_{lag}"] = _highest(level, lag) - usual
    columns["light"] = np.abs(mean - _usual(mean, 0))
    columns["raw_level"] = np.log(_usual(raw, 0) + 0.2)
    columns["left_level"] = np.log(_usual(np.nan_to_num(found.left[0]), 0) + 0.2)
    return columns


def _highest(values: Floats, lag: int) -> Floats:
    """The most of the pictures within half a lag on either side."""
    reach = lag // 2 + 1
    padded = np.pad(values, reach, mode="edge")
    return np.asarray(sliding_window_view(padded, 2 * reach + 1).max(axis=1))


def _beside(level: Floats, lag: int) -> Floats:
    """The most of what lies just beyond a lag's reach, on either side."""
    far = lag + BESIDE
    padded = np.pad(level, far, constant_values=level.min())
    windows = sliding_window_view(padded, 2 * far + 1)
    before = windows[:, :BESIDE].max(axis=1)
    after = windows[:, -BESIDE:].max(axis=1)
    return np.asarray(np.maximum(before, after))


def _usual(level: Floats, lag: int) -> Floats:
    """Median of what lies around, beyond a lag's reach."""
    padded = np.pad(level, AROUND, constant_values=np.nan)
    windows = sliding_window_view(padded, 2 * AROUND + 1)
    kept = np.abs(np.arange(-AROUND, AROUND + 1)) > lag
    others = windows[:, kept]
    some = np.isfinite(others).any(axis=1)
    usual = np.full(len(level), float(np.median(level)))
    usual[some] = np.nanmedian(others[some], axis=1)
    return usual


def _rank(values: Floats) -> Floats:
    """Log share of the pictures that reach as much."""
    fewer = np.searchsorted(np.sort(values), values, "left")
    return np.log((len(values) - fewer) / (len(values) + 1) + 1 / len(values) + 1e-9)
