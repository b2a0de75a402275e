"""Pauses: a screen recorder that stores changes only leaves no gaps; a stopped camera does."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.pauses import pauses
from detectors.timeline import timeline
from models.kinds import Gap, Pause
from models.media import Frame, Luma, Packet
from tests import clips


def scrolled(by: list[int]) -> list[Luma]:
    """A page of rows, scrolled by so many pixels from picture to picture."""
    page = np.random.default_rng(1).integers(0, 255, (4000, 8)).astype(np.uint8)
    page = np.repeat(np.repeat(page, 16, axis=0), 20, axis=1)
    places = np.cumsum(by)
    return [page[place : place + 90] for place in places]


def times(pauses_at: list[int]) -> list[float]:
    """30 a second, two seconds of nothing before some."""
    steps = [2.0 if i in pauses_at else 1 / 30 for i in range(60)]
    return [float(t) for t in np.cumsum(steps)]


@pytest.mark.parametrize(
    ("by", "pauses_at", "pauses_told", "gaps_told"),
    [
        ([2] * 60, [20, 40], 2, 0),  # goes on as it was
        ([2] * 60, [], 0, 0),
        ([2] * 60, [20], 0, 1),  # once: a camera may have been stopped
        ([2] * 20 + [900] + [2] * 39, [20, 40], 0, 2),  # after one of them another picture
        ([0] * 60, [20, 40], 2, 0),  # nothing moves at all
    ],
)
def test_pauses_and_gaps(
    by: list[int],
    pauses_at: list[int],
    pauses_told: int,
    gaps_told: int,
) -> None:
    stamps = times(pauses_at)
    frames = [Frame(t, i, p) for i, (t, p) in enumerate(zip(stamps, scrolled(by), strict=True))]
    told = pauses(frames, clips.media(60))
    assert len(told) == pauses_told
    packets = [Packet("video", t, t, 1 / 30, 900, True) for t in stamps]
    found = timeline(packets, clips.media(60), {Pause: told})
    assert sum(isinstance(one, Gap) for one in found) == gaps_told
