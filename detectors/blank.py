"""Blank frames: stretches in which the picture is one flat colour, and those into which it fades where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors._motion import normalised
from models.detector import Frames, detector
from models.media import Frame, Media
from models.observation import Observation, Span

SIDE = 160  # pixels: the view the other continuity detectors ask for
FLAT = 4.0  # standard deviation of luma, 0..255, below which a picture is flat; a hand over the lens keeps more (house rule)
FADE = 3  # pictures on either side of a flat stretch that are looked at
FADING = 0.6  # of the contrast left over `FADE` - 1 pictures: a blend to black of 0.4 s leaves about a third
IN_PLACE = 0.25  # mean change of the normalised thumbnail per picture: a blend leaves 0.04..0.2, something that moves in front more


@detector(sees=["blank", "dip"], wants=Frames(side=SIDE))
def blank(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Runs of frames whose luma spreads less than `FLAT`; a `dip` where the picture fades out and in without moving.

    A finger over the lens hides one side first; only an editing program takes the contrast of the whole picture away at once.
    """
    times: list[float] = []
    spread: list[float] = []
    change: list[float] = []
    before: NDArray[np.float32] | None = None
    for frame in frames:
        tiny = normalised(frame.pixels)
        times.append(frame.pts)
        spread.append(float(cv2.meanStdDev(frame.pixels)[1][0][0]))
        change.append(float(np.abs(tiny - before).mean()) if before is not None and before.shape == tiny.shape else 0.0)
        before = tiny
    for flat, run in groupby(range(len(times)), key=lambda i: spread[i] < FLAT):
        at = list(run)
        if flat:
            out = _fades(spread[: at[0]][::-1], change[: at[0]][::-1])
            back = _fades(spread[at[-1] + 1 :], change[at[-1] + 2 :])
            yield Observation(
                kind="dip" if out and back else "blank",
                at=Span(start=round(times[at[0]], 6), end=round(times[at[-1]], 6)),
                detail={"frames": len(at)},
            )


def _fades(spread: list[float], change: list[float]) -> bool:
    """Going away from the flat stretch, does contrast come back steadily and in place?"""
    near = spread[:FADE]
    return (
        len(near) == FADE
        and all(a < b for a, b in pairwise(near))
        and near[0] <= FADING * near[-1]
        and len(change) >= FADE - 1
        and max(change[: FADE - 1]) <= IN_PLACE
    )
