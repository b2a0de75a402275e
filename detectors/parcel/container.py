"""Box or flat mailer: decided by all looks together, never by one picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from detectors.parcel.looks import Look

# Mean log odds of a mailer over a track. Of 72 drawn clips of boxes the highest is -2.4, of mailers
# that show two sides the lowest but one 1.3.
BOX, MAILER = -2.2, 1.0
LEAST = 1e-3  # no look is surer than this of a mailer or a box
# Of its length: width of a silhouette seen edge-on, from which a mailer is thin. At 15 looks a
# second the one nearest to edge-on is up to 8 degrees off, which adds .14 to its thickness.
THIN = 0.33
FEWEST = 12  # cells of a silhouette that is measured


def mailer_odds(looks: Sequence[Look]) -> float:
    """Mean log odds of a mailer."""
    likely = np.clip([one.mailer for one in looks], LEAST, 1 - LEAST)
    return float(np.log(likely / (1 - likely)).mean())


def thinnest(looks: Iterable[Look]) -> float:
    """The least width of a silhouette by its length."""
    least = 1.0
    for one in looks:
        ys, xs = np.nonzero(one.mask)
        if len(xs) >= FEWEST:
            cells = np.column_stack([xs, ys]).astype(np.float32)
            _, (wide, high), _ = cv2.minAreaRect(cells)
            least = min(least, (min(wide, high) + 1) / (max(wide, high) + 1))
    return least
