"""Blank frames: stretches in which the picture is one flat colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import cv2

from models.detector import Frames, detector
from models.media import Frame, Media
from models.observation import Observation, Span

SIDE = 160  # pixels: the view the other continuity detectors ask for
FLAT = 4.0  # standard deviation of luma, 0..255, below which a picture is flat; a hand over the lens keeps more (house rule)


@detector(sees=["blank"], wants=Frames(side=SIDE))
def blank(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Runs of frames whose luma spreads less than `FLAT`."""
    for flat, run in groupby(frames, key=lambda frame: bool(cv2.meanStdDev(frame.pixels)[1][0][0] < FLAT)):
        times = [frame.pts for frame in run]
        if flat:
            yield Observation(kind="blank", at=Span(start=round(times[0], 6), end=round(times[-1], 6)), detail={"frames": len(times)})
