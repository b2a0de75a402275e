"""Blank frames: stretches in which the picture is one flat colour, and fades into one in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.motion.table import normalised
from models.detector import SMALL_VIEW, Frames, detector
from models.kinds import Blank, Dip
from models.media import Frame, Media
from models.observation import Observation
from models.record import Span

# Standard deviation of luma, 0..255, below which a picture is flat; a hand over the lens keeps more
# (house rule).
FLAT = 4.0
FADE = 3  # pictures on either side of a flat stretch that are looked at
FADING = 0.6  # of the contrast left over FADE - 1 pictures: a blend of 0.4 s leaves about a third
# Mean change of the normalised thumbnail per picture: a blend leaves 0.04..0.2, something that
# moves in front more.
IN_PLACE = 0.25


@detector(sees=[Blank, Dip], wants=Frames(side=SMALL_VIEW))
def blank(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Runs of frames whose luma hardly spreads; a `dip` where the picture fades without moving.

    A finger over the lens hides one side first; only an editing program takes the contrast of the
    whole picture away at once.
    """
    times: list[float] = []
    spread: list[float] = []
    change: list[float] = []
    before: NDArray[np.float32] | None = None
    for frame in frames:
        thumbnail = normalised(frame.pixels)
        times.append(frame.pts)
        spread.append(float(cv2.meanStdDev(frame.pixels)[1][0][0]))
        change.append(_change(thumbnail, before))
        before = thumbnail
    is_flat = [value < FLAT for value in spread]
    for flat, run in groupby(range(len(times)), key=is_flat.__getitem__):
        places = list(run)
        if flat:
            first = places[0]
            last = places[-1]
            at = Span.between(times[first], times[last])
            earlier, changes = spread[:first], change[:first]
            out = _fades(earlier[::-1], changes[::-1])
            back = _fades(spread[last + 1 :], change[last + 2 :])
            kind = Dip if out and back else Blank
            yield kind(at=at, frames=len(places))


def _change(thumbnail: NDArray[np.float32], before: NDArray[np.float32] | None) -> float:
    """Mean change since the thumbnail before; 0 where the picture has another shape."""
    if before is None or before.shape != thumbnail.shape:
        return 0.0
    return float(np.abs(thumbnail - before).mean())


def _fades(spread: list[float], change: list[float]) -> bool:
    """Going away from the flat stretch, does contrast come back steadily and in place?"""
    near = spread[:FADE]
    moved = change[: FADE - 1]
    if len(near) < FADE or len(moved) < FADE - 1:
        return False
    steady = all(a < b for a, b in pairwise(near))
    faint = near[0] <= FADING * near[-1]
    return steady and faint and max(moved) <= IN_PLACE
