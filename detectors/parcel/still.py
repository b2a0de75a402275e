"""Whether a parcel stood still between two looks: by how much the picture around it changed."""

from __future__ import annotations

import cv2
import numpy as np

from detectors.parcel.pyramid import FLAGS, Square
from models.media import Luma

SIDE = 480  # pixels, longer side, of the picture that is compared
SMOOTH = 2.0  # sigma in its pixels: noise and the coding of pictures are no motion
CELLS = 64  # the square is compared on so many each way
# Degrees that four of five parcels turned at most, by the change: of 6,300 pairs of looks at boxes
# of the bench and of our own, 1/15 s apart.
CHANGES, DEGREES = (0.0, 0.01, 0.02, 0.03, 0.05, 0.1), (0.1, 0.5, 1.0, 2.5, 7.0, 14.0)


def compared(bgr: Luma) -> Luma:
    """The picture as it is kept to be compared with the next."""
    shrink = min(1.0, SIDE / max(bgr.shape[:2]))
    small = cv2.resize(bgr, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), SMOOTH))


def turned_at_most(one: Luma, other: Luma, square: Square) -> float:
    """Degrees by which a parcel in the square turned at most, as far as the picture changed.

    `square`: in shares of the longer side. Pictures of two sizes do not compare.
    """
    if one.shape != other.shape:
        return DEGREES[-1]
    longer = max(one.shape)
    across = square.side * longer / CELLS
    back = np.array([[across, 0, square.x * longer], [0, across, square.y * longer]])
    here, there = (
        cv2.warpAffine(
            picture,
            back,
            (CELLS, CELLS),
            flags=FLAGS,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)
        for picture in (one, other)
    )
    change = np.abs(here - there).mean() / max(1.0, here.std())
    return float(np.interp(change, CHANGES, DEGREES))
