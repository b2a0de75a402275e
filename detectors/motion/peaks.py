"""The places at which a score stands out."""

from __future__ import annotations

import numpy as np

from detectors.motion.table import Floats


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
