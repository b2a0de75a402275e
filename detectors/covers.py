"""Covers: stretches in which something hides most of the view and then gives it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import Frames, detector
from models.media import Frame, Luma, Media
from models.observation import Observation, Span

SIDE = 160  # pixels: the view the other continuity detectors ask for
RATE = 15.0  # looks a second
CELLS = 16  # along the longer side
OTHER = 12.0  # grey levels of mean or spread by which a cell differs from what was there before and will be there after
SAME = 12.0  # grey levels by which before and after may differ
REACHES_S = (0.4, 0.7, 1.1, 1.8)  # seconds back and ahead that are compared; what hides the view longer is a scene of its own
HIDDEN = 0.5  # share of the view (of the cells that come back) that must be hidden
FULL = 0.7  # share at the height of it
COVER_S = 0.3  # seconds (policy: "obstructed view")


@detector(sees=["cover"], wants=Frames(side=SIDE, rate=RATE))
def covers(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Runs in which most cells show neither what was there before nor what comes after, while before and after agree.

    A hand, a flap or a turn of the camera and back. It says that the view was hidden, not that anything happened meanwhile.
    """
    times: list[float] = []
    cells: list[NDArray[np.float32]] = []
    for frame in frames:
        upright = frame.pixels.shape[0] > frame.pixels.shape[1]
        times.append(frame.pts)
        cells.append(_cells(frame.pixels, (9, CELLS) if upright else (CELLS, 9)))
    if len(times) < 3:
        return
    hidden = _hidden(np.array(times), np.array(cells))
    for covered, run in groupby(range(len(times)), key=lambda i: bool(hidden[i] >= HIDDEN)):
        at = list(run)
        start, end = times[max(0, at[0] - 1)], times[min(len(times) - 1, at[-1] + 1)]
        if covered and end - start >= COVER_S and hidden[at].max() >= FULL:
            yield Observation(
                kind="cover", at=Span(start=round(start, 6), end=round(end, 6)), value=f"{100 * hidden[at].max():.0f} % of the view"
            )


def _cells(picture: Luma, size: tuple[int, int]) -> NDArray[np.float32]:
    """Mean and spread of luma in each cell, (2, cells): what hides the view may be as bright as what it hides."""
    values = picture.astype(np.float32)
    mean = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    square = cv2.resize(values * values, size, interpolation=cv2.INTER_AREA)
    return np.stack([mean.ravel(), np.sqrt(np.maximum(square - mean * mean, 0)).ravel()])


def _hidden(times: NDArray[np.float64], cells: NDArray[np.float32]) -> NDArray[np.float64]:
    """For each picture the largest share of cells that are hidden, over all distances to the pictures before and after."""
    earlier = {back: np.searchsorted(times, times - back) for back in REACHES_S}
    later = {ahead: np.minimum(np.searchsorted(times, times + ahead), len(times) - 1) for ahead in REACHES_S}
    unlike_earlier = {back: _apart(cells, cells[at]) > OTHER for back, at in earlier.items()}
    unlike_later = {ahead: _apart(cells, cells[at]) > OTHER for ahead, at in later.items()}
    most = np.zeros(len(times))
    for back, before in earlier.items():
        for ahead, after in later.items():
            inside = (times - back >= times[0]) & (times + ahead <= times[-1])
            comes_back = _apart(cells[after], cells[before]) < SAME
            hidden = unlike_earlier[back] & unlike_later[ahead] & comes_back
            share = hidden.sum(axis=1) / np.maximum(comes_back.sum(axis=1), cells.shape[2] / 2)
            most = np.maximum(most, np.where(inside, share, 0.0))
    return most


def _apart(these: NDArray[np.float32], those: NDArray[np.float32]) -> NDArray[np.float32]:
    """Grey levels by which each cell differs, (pictures, cells): its mean or its spread, whichever differs more."""
    return np.asarray(np.abs(these - those).max(axis=1))
