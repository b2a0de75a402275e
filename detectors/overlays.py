"""Overlays: a still patch laid over the picture from one instant on, while the scene around it goes on moving."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import Frames, detector
from models.media import Frame, Media
from models.observation import Observation, Region, Span

SIDE = 160  # pixels: the view the other continuity detectors ask for
GRID = (20, 12)  # cells along the longer and the shorter side
WINDOW_S, FEWEST = 1.0, 6  # seconds on either side that are looked at, and at least so many pictures
STILL, MOSTLY = 0.15, 0.8  # grey levels of change; share of the pictures: an encoder skips a patch that never changes, a camera shakes
MOVES, OFTEN = 0.4, 0.5  # grey levels of change; share of the pictures: what was there before, and what lies around it
DETAIL = 5.0  # standard deviation of luma in a cell, 0..255: a plain wall is still in any footage
CELLS = 10  # a patch has at least so many; honest footage reached 7 (a scene that comes to rest in parts)
FILLED = 0.75  # of its bounding box: a patch is a rectangle
LIVE, FEW = 0.5, 10  # share of the detailed cells around it that go on moving; and at least so many of them
POP = 3.0  # times the change around it by which the patch changes in the picture in which it appears; real ones 5 to 15

Cells = NDArray[np.float32]
Marks = NDArray[np.bool_]


@detector(sees=["overlay"], wants=Frames(side=SIDE))
def overlays(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Rectangles of cells that moved, change at one instant far more than the rest, and then stand exactly still among moving ones."""
    times: list[float] = []
    change: list[Cells] = []
    spread: list[Cells] = []
    before: Cells | None = None
    for frame in frames:
        picture = frame.pixels
        times.append(frame.pts)
        grid = GRID if picture.shape[1] >= picture.shape[0] else GRID[::-1]
        now = picture.astype(np.float32)
        same = before is not None and before.shape == now.shape
        moved = cv2.absdiff(now, before) if same and before is not None else np.full_like(now, 255)
        changed, mean, square = cv2.split(cv2.resize(cv2.merge((moved, now, now * now)), grid, interpolation=cv2.INTER_AREA))
        change.append(cast(Cells, changed))
        spread.append(cast(Cells, square - mean * mean))
        before = now
    if len(times) > 2 * FEWEST + 2 and len({values.shape for values in change}) == 1:
        yield from _patches(np.array(times), np.array(change), np.array(spread), media)


@dataclass(frozen=True)
class Patch:
    """A rectangle of cells: (left, top, width, height), and how many of them stand still."""

    index: int
    box: tuple[int, int, int, int]
    area: int


def _patches(times: NDArray[np.float64], change: Cells, variance: Cells, media: Media) -> Iterator[Observation]:
    step = float(np.median(np.diff(times)))
    window = min(max(FEWEST, round(WINDOW_S / max(step, 1e-3))), (len(times) - 2) // 2)
    first = np.arange(window + 1, len(times) - window)  # intervals with a whole window on either side
    still, moved = _share(change <= STILL, window), _share(change > MOVES, window)
    detailed = _mean(variance, window) > DETAIL**2
    late = round((1 - MOSTLY) * window)  # pictures by which the patch may come after the window that finds it begins
    found: list[Patch] = []
    for t in first:
        after = t + 1
        candidates = (still[after] >= MOSTLY) & (moved[t - window] >= OFTEN) & detailed[after]
        if np.count_nonzero(candidates) >= CELLS:
            found += _patch(int(t), candidates, detailed[after], moved[after] >= OFTEN, change[t : t + 1 + late])
    told: list[int] = []
    for patch in sorted(found, key=lambda patch: (-patch.area, patch.index)):
        if all(abs(patch.index - other) > window for other in told):
            told.append(patch.index)
            yield _observation(patch, times, change.shape[1:], media)


def _share(marks: Marks, window: int) -> Cells:
    """Share of the `window` pictures from each one on in which a cell is marked."""
    return _mean(marks.astype(np.float32), window)


def _mean(values: Cells, window: int) -> Cells:
    """Mean of the `window` pictures from each one on."""
    total = np.cumsum(values, axis=0, dtype=np.float64)
    total = np.concatenate([np.zeros_like(total[:1]), total])
    return cast(Cells, (total[window:] - total[:-window]) / window)


def _patch(t: int, candidates: Marks, detailed: Marks, moving: Marks, change: Cells) -> Iterator[Patch]:
    """The largest connected part, where it is a rectangle that popped up among moving cells."""
    _, _, parts, _ = cv2.connectedComponentsWithStats(candidates.astype(np.uint8), connectivity=4)
    left, top, width, height, area = map(int, parts[1 + int(parts[1:, cv2.CC_STAT_AREA].argmax())])
    inside = np.zeros_like(candidates)
    inside[top : top + height, left : left + width] = True
    around = detailed & ~inside
    if area >= CELLS and area >= FILLED * width * height and np.count_nonzero(around) >= FEW and moving[around].mean() >= LIVE:
        pops = change[:, inside].mean(axis=1) / (change[:, ~inside].mean(axis=1) + STILL)
        if pops.max() >= POP:
            yield Patch(t + int(pops.argmax()), (left, top, width, height), area)


def _observation(patch: Patch, times: NDArray[np.float64], shape: tuple[int, ...], media: Media) -> Observation:
    left, top, width, height = patch.box
    across, down = media.width / shape[1], media.height / shape[0]
    return Observation(
        kind="overlay",
        at=Span(start=round(float(times[patch.index - 1]), 6), end=round(float(times[patch.index]), 6)),
        region=Region(x=round(left * across), y=round(top * down), width=round(width * across), height=round(height * down)),
        detail={"cells": patch.area},
    )
