"""Overlays: a still patch laid over the picture from one instant on, the scene moving around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import SMALL_VIEW, Frames, detector
from models.kinds import Overlay, Stamp
from models.media import Frame, Luma, Media
from models.record import Region, Span

GRID = (20, 12)  # cells along the longer and the shorter side
WINDOW_S, FEWEST = (
    1.0,
    6,
)  # seconds on either side that are looked at, and at least so many pictures
# Grey levels of change; share of the pictures: an encoder skips a patch that never changes, a
# camera shakes.
STILL, MOSTLY = 0.15, 0.8
MOVES, OFTEN = 0.4, 0.5  # the same of what was there before, and of what lies around it
DETAIL = 5.0  # standard deviation of luma in a cell, 0..255: a plain wall is still in any footage
CELLS = 10  # a patch has at least so many; honest footage reached 7 (a scene coming to rest)
FILLED = 0.75  # of its bounding box: a patch is a rectangle
LIVE, FEW = 0.5, 10  # share of the detailed cells around it that go on moving; and least number
POP = 3.0  # times the change around it by which the patch appears; real ones 5 to 15
STRIP, WIDER = 0.17, 3.0  # of the height a stamp may take; times its height it is wide, in cells
NO_PICTURE_BEFORE = 255.0  # grey levels that count as change where nothing can be compared

Cells = NDArray[np.float32]
Marks = NDArray[np.bool_]


class CellBox(NamedTuple):
    """A rectangle of cells."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Patch:
    """A rectangle of cells that appears with picture `index`; `area` of them stand still."""

    index: int
    box: CellBox
    area: int


@detector(sees=[Overlay, Stamp], wants=Frames(side=SMALL_VIEW))
def overlays(frames: Iterable[Frame], media: Media) -> Iterator[Overlay | Stamp]:
    """Rectangles that moved, change at one instant far more than the rest, then stand still.

    A low strip along the upper or lower edge is where recorders write: it is told as a stamp.
    """
    times: list[float] = []
    change: list[Cells] = []
    variance: list[Cells] = []
    before: Cells | None = None
    for frame in frames:
        now = frame.pixels.astype(np.float32)
        changed, varied = _cells(frame.pixels, now, before)
        times.append(frame.pts)
        change.append(changed)
        variance.append(varied)
        before = now
    one_shape = len({values.shape for values in change}) == 1
    if len(times) > 2 * FEWEST + 2 and one_shape:
        yield from _patches(
            np.array(times),
            np.array(change),
            np.array(variance),
            media,
        )


def _cells(
    picture: Luma,
    now: Cells,
    before: Cells | None,
) -> tuple[Cells, Cells]:
    """(change since the picture before, variance) of each cell."""
    grid = GRID if picture.shape[1] >= picture.shape[0] else GRID[::-1]
    if before is not None and before.shape == now.shape:
        moved = cast(Cells, cv2.absdiff(now, before))
    else:
        moved = np.full_like(now, NO_PICTURE_BEFORE)
    layers = cv2.merge((moved, now, now * now))
    cells = cv2.resize(layers, grid, interpolation=cv2.INTER_AREA)
    changed, mean, square = cv2.split(cells)
    return cast(Cells, changed), cast(Cells, square - mean * mean)


def _patches(
    times: NDArray[np.float64],
    change: Cells,
    variance: Cells,
    media: Media,
) -> Iterator[Overlay | Stamp]:
    """Every patch, the largest first, each stretch of time once."""
    window = _window(times)
    still = _share(change <= STILL, window)
    moved = _share(change > MOVES, window)
    detailed = _mean(variance, window) > DETAIL**2
    late = round((1 - MOSTLY) * window)  # by so many pictures the patch may come late
    found: list[Patch] = []
    for t in range(window + 1, len(times) - window):  # with a whole window on either side
        after = t + 1
        came_to_rest = (still[after] >= MOSTLY) & (moved[t - window] >= OFTEN)
        candidates = came_to_rest & detailed[after]
        if np.count_nonzero(candidates) >= CELLS:
            moving = moved[after] >= OFTEN
            popping = change[t : t + 1 + late]
            found += _patch(
                t,
                candidates,
                detailed[after],
                moving,
                popping,
            )
    kept: list[int] = []
    for patch in sorted(found, key=lambda patch: (-patch.area, patch.index)):
        if all(abs(patch.index - other) > window for other in kept):
            kept.append(patch.index)
            yield _overlay(
                patch,
                times,
                change.shape[1:],
                media,
            )


def _window(times: NDArray[np.float64]) -> int:
    """Pictures on either side that are looked at."""
    step = float(np.median(np.diff(times)))
    wanted = max(FEWEST, round(WINDOW_S / max(step, 1e-3)))
    return min(wanted, (len(times) - 2) // 2)


def _share(marks: Marks, window: int) -> Cells:
    """Share of the `window` pictures from each one on in which a cell is marked."""
    return _mean(marks.astype(np.float32), window)


def _mean(values: Cells, window: int) -> Cells:
    """Mean of the `window` pictures from each one on."""
    total = np.cumsum(
        values,
        axis=0,
        dtype=np.float64,
    )
    total = np.concatenate([np.zeros_like(total[:1]), total])
    sums = total[window:] - total[:-window]
    return cast(Cells, sums / window)


def _patch(
    t: int,
    candidates: Marks,
    detailed: Marks,
    moving: Marks,
    change: Cells,
) -> Iterator[Patch]:
    """The largest connected part, where it is a rectangle that popped up among moving cells."""
    _, _, parts, _ = cv2.connectedComponentsWithStats(candidates.astype(np.uint8), connectivity=4)
    largest = 1 + int(parts[1:, cv2.CC_STAT_AREA].argmax())
    left, top, width, height, area = map(int, parts[largest])
    inside = np.zeros_like(candidates)
    inside[top : top + height, left : left + width] = True
    around = detailed & ~inside
    a_rectangle = area >= CELLS and area >= FILLED * width * height
    if not a_rectangle or np.count_nonzero(around) < FEW or moving[around].mean() < LIVE:
        return
    within = change[:, inside].mean(axis=1)
    beside = change[:, ~inside].mean(axis=1)
    pops = within / (beside + STILL)
    if pops.max() >= POP:
        index = t + int(pops.argmax())
        yield Patch(
            index,
            CellBox(
                left,
                top,
                width,
                height,
            ),
            area,
        )


def _overlay(
    patch: Patch,
    times: NDArray[np.float64],
    shape: tuple[int, ...],
    media: Media,
) -> Overlay | Stamp:
    """A patch in pixels and seconds."""
    box = patch.box
    across = media.width / shape[1]
    down = media.height / shape[0]
    region = Region(
        x=round(box.left * across),
        y=round(box.top * down),
        width=round(box.width * across),
        height=round(box.height * down),
    )
    at = Span.between(times[patch.index - 1], times[patch.index])
    at_edge = box.top == 0 or box.top + box.height == shape[0]
    strip = at_edge and box.height <= STRIP * shape[0] and box.width >= WIDER * box.height
    kind = Stamp if strip else Overlay
    return kind(
        at=at,
        region=region,
        cells=patch.area,
    )
