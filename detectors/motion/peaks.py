"""The places at which a score stands out."""

from __future__ import annotations

from math import log

import numpy as np

from detectors.motion.table import Floats

USUAL_S = 15.0  # seconds: the longer of the clips that bars were set on


def non_maximum_suppression(
    score: Floats,
    least: float,
    reach: int,
) -> list[int]:
    """Indices of scores of `least` and more, in time order.

    Of those within `reach` pictures of each other the strongest only.
    """
    kept: list[int] = []
    enough = np.flatnonzero(score >= least)
    for i in sorted(enough, key=lambda i: (-score[i], i)):
        if all(abs(i - other) > reach for other in kept):
            kept.append(int(i))
    return sorted(kept)


def longer(seconds: float) -> float:
    """What a long clip takes off its log odds: one k times as long has k times as many places."""
    return max(0.0, log(max(seconds, 1e-3) / USUAL_S))
