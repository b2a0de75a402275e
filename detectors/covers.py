"""Covers: stretches in which something hides most of the view and then gives it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import SMALL_VIEW, Frames, detector
from models.kinds import Cover
from models.media import Frame, Luma, Media
from models.record import Span

RATE = 15.0  # looks a second
CELLS = (16, 9)  # along the longer side and the shorter one
OTHER = 12.0  # grey levels of mean or spread by which a cell differs from before and after
SAME = 12.0  # grey levels by which before and after may differ
REACHES_S = (0.4, 0.7, 1.1, 1.8)  # seconds back and ahead; a longer cover is a scene of its own
HIDDEN = 0.5  # share of the view (of the cells that come back) that must be hidden
FULL = 0.7  # share at the height of it
COVER_S = 0.3  # seconds (policy: "obstructed view")
FEWEST = 3  # pictures

Cells = NDArray[np.float32]
Floats = NDArray[np.float64]


@detector(sees=[Cover], wants=Frames(side=SMALL_VIEW, rate=RATE))
def covers(frames: Iterable[Frame], media: Media) -> Iterator[Cover]:
    """Runs in which most cells show neither what was before nor what comes after, which agree.

    A hand, a flap or a turn of the camera and back. It says that the view was hidden, not that
    anything happened meanwhile.
    """
    times: list[float] = []
    cells: list[Cells] = []
    for frame in frames:
        height, width = frame.pixels.shape
        grid = CELLS[::-1] if height > width else CELLS
        times.append(frame.pts)
        cells.append(_cells(frame.pixels, grid))
    if len(times) < FEWEST:
        return
    hidden = _hidden(np.array(times), np.array(cells))
    is_hidden = [bool(share >= HIDDEN) for share in hidden]
    for covered, run in groupby(range(len(times)), key=is_hidden.__getitem__):
        places = list(run)
        start = times[max(0, places[0] - 1)]
        last = len(times) - 1
        after = min(last, places[-1] + 1)
        end = times[after]
        most = float(hidden[places].max())
        if covered and end - start >= COVER_S and most >= FULL:
            share = round(min(1.0, most), 3)
            at = Span.between(start, end)
            yield Cover(at=at, share=share)


def _cells(picture: Luma, size: tuple[int, int]) -> Cells:
    """Mean and spread of luma in each cell, (2, cells).

    What hides the view may be as bright as what it hides.
    """
    values = picture.astype(np.float32)
    mean = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    square = cv2.resize(values * values, size, interpolation=cv2.INTER_AREA)
    variance = np.maximum(square - mean * mean, 0)
    spread = np.sqrt(variance)
    return np.stack([mean.ravel(), spread.ravel()])


def _hidden(times: Floats, cells: Cells) -> Floats:
    """For each picture the largest share of hidden cells over all distances before and after."""
    last = len(times) - 1
    earlier = {back: np.searchsorted(times, times - back) for back in REACHES_S}
    later = {s: np.minimum(np.searchsorted(times, times + s), last) for s in REACHES_S}
    unlike_earlier = {back: _difference(cells, cells[at]) > OTHER for back, at in earlier.items()}
    unlike_later = {ahead: _difference(cells, cells[at]) > OTHER for ahead, at in later.items()}
    most = np.zeros(len(times))
    for back, before in earlier.items():
        for ahead, after in later.items():
            inside = times - back >= times[0]
            inside &= times + ahead <= times[-1]
            comes_back = _difference(cells[after], cells[before]) < SAME
            hidden = unlike_earlier[back] & unlike_later[ahead] & comes_back
            half = cells.shape[2] / 2
            whole = np.maximum(comes_back.sum(axis=1), half)
            share = hidden.sum(axis=1) / whole
            most = np.maximum(most, np.where(inside, share, 0.0))
    return most


def _difference(these: Cells, those: Cells) -> Cells:
    """Grey levels by which each cell differs, (pictures, cells): in mean or spread, if more."""
    return np.asarray(np.abs(these - those).max(axis=1))
