"""Sizes: a change of the picture's size is a fact, told with both sizes."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.sizes import sizes
from models.media import Frame, Media

PIXELS = np.zeros((90, 160), np.uint8)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ([(640, 360)] * 4, []),
        ([(640, 360)] * 2 + [(360, 640)] * 2, [("640x360", "360x640", 0.1, 0.2)]),
        (
            [(640, 360), (480, 270), (640, 360)],
            [("640x360", "480x270", 0.0, 0.1), ("480x270", "640x360", 0.1, 0.2)],
        ),
        ([], []),
    ],
)
def test_sizes_tells_each_change_once(
    seen: list[tuple[int, int]],
    told: list[tuple[str, str, float, float]],
) -> None:
    frames = [Frame(i / 10, i, PIXELS, size=size) for i, size in enumerate(seen)]
    found = list(sizes(frames, Media(kind="video", container="mkv")))
    spans = [(one.before, one.after, one.at.start, one.at.end) for one in found if one.at]
    assert spans == [(a, b, pytest.approx(s), pytest.approx(e)) for a, b, s, e in told]
