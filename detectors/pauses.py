"""Pauses: stretches without a picture after which the picture goes on just as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from models.detector import SMALL_VIEW, Frames, detector
from models.kinds import Pause
from models.media import Frame, Luma, Media
from models.record import Span

PAUSE_S = 0.5  # seconds without a picture
STILL = 0.1  # grey levels: less is the same picture, encoded again
# House rules. A recorder that stores changes only does so again and again; one pause may be a
# camera's that was stopped. And what comes after it changes no more than pictures do beside it.
FEWEST, AS_MUCH = 2, 2.0
BESIDE = 8  # pictures on either side of the pause whose changes are usual


@detector(sees=[Pause], wants=Frames(side=SMALL_VIEW))
def pauses(frames: Iterable[Frame], media: Media) -> Iterator[Pause]:
    """Stretches in which nothing new was stored, as a screen recorder leaves them.

    Silent where one of them is followed by another picture: then something was left out.
    """
    times: list[float] = []
    changes: list[float] = []
    before: Luma | None = None
    for frame in frames:
        changed = 0.0 if before is None else _change(frame.pixels, before)
        changes.append(changed)
        times.append(frame.pts)
        before = frame.pixels
    steps = np.diff(times)
    long = np.flatnonzero(steps > PAUSE_S)
    places = [int(i) + 1 for i in long]
    go_on = [_goes_on(changes, i) for i in places]
    if len(places) >= FEWEST and all(go_on):
        for i in places:
            yield Pause(at=Span.between(times[i - 1], times[i]))


def _change(picture: Luma, before: Luma) -> float:
    """Mean change in grey levels."""
    return float(cv2.norm(picture, before, cv2.NORM_L1)) / picture.size


def _goes_on(changes: list[float], place: int) -> bool:
    """Does the picture at `place` differ from the one before it no more than others beside do?"""
    first = max(1, place - BESIDE)
    last = place + 1 + BESIDE
    before = changes[first:place] or [0.0]
    after = changes[place + 1 : last] or [0.0]
    medians = np.median(before), np.median(after)
    usual = float(max(medians))
    return changes[place] <= max(STILL, AS_MUCH * usual)
