"""Moments in which the picture loses its detail and gets it back: a whip of the camera, a hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from detectors.motion.features import padded
from detectors.motion.table import Floats

# Share of the detail on the plainer side below which a picture is blurred. Of eleven whips drawn
# into takes of strangers ten stay below 0.66 for three pictures and more, all hands do.
BLURRED = 0.65
LASTS_S = 0.09  # seconds; one soft picture is no stretch
LEAST_STEP_S = 1 / 60  # seconds between two pictures that are looked at
GAP_S, SIDE_S = 0.3, 1.0  # seconds: the sides lie beyond the first and within the second


def blurred(times: Floats, detail: Floats) -> Iterator[tuple[int, int, float]]:
    """(first picture, last, least share of the detail that is left) of each such moment."""
    step = max(float(np.median(np.diff(times))), LEAST_STEP_S)
    gap = max(1, round(GAP_S / step))
    side = gap + max(1, round((SIDE_S - GAP_S) / step))
    usual = np.minimum(*_sides(detail, gap, side))
    share = detail / np.maximum(usual, 1e-6)
    for is_blurred, run in groupby(range(len(times)), key=lambda i: share[i] < BLURRED):
        places = list(run)
        if is_blurred and len(places) * step >= LASTS_S:
            yield places[0], places[-1], float(share[places].min())


def _sides(
    detail: Floats,
    gap: int,
    side: int,
) -> tuple[Floats, Floats]:
    """Median of what lies before and after each picture; 0 near the ends, where too little does."""
    windows = sliding_window_view(padded(detail, side), 2 * side + 1)
    before = np.median(windows[:, : side - gap], axis=1)
    return before, np.median(windows[:, side + gap + 1 :], axis=1)
