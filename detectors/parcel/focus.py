"""Whether a parcel in a picture is sharp: by its own edges, not by how much is printed on it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.parcel.pose import SEEN, Parcel
from models.media import Luma

SIDE = 480  # pixels, longer side, of the picture in which sharpness is measured
FINE = 0.8  # sigma in pixels: what a lens out of focus loses first
COARSE = (1.6, 3.2)  # sigmas between which nearly all of it stays
STRONGEST = 98  # percentile: edges and print, not the plain faces between them
AROUND = 7  # pixels: the outline is looked at from both sides
LEAST = 20  # pixels


def focus(bgr: Luma, parcel: Parcel) -> float | None:
    """Fine detail of the strongest edges by their coarse: a sharp edge has one ratio, whatever its
    contrast. None where the parcel is too small to tell.
    """
    x, y, side = parcel.square
    left, top = max(0, int(x)), max(0, int(y))
    cut = bgr[top : int(y + side) + 1, left : int(x + side) + 1]
    shrink = min(1.0, SIDE / max(bgr.shape[:2]))
    if min(cut.shape[:2], default=0) * shrink < LEAST:
        return None
    grey = cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    picture = small.astype(np.float32)
    on = _mask(parcel, (left, top), cut.shape[:2], picture.shape)
    if not on.any():
        return None
    blurred = [cv2.GaussianBlur(picture, (0, 0), sigma) for sigma in COARSE]
    fine = np.abs(picture - cv2.GaussianBlur(picture, (0, 0), FINE))[on]
    coarse = np.abs(blurred[0] - blurred[1])[on]
    strongest = float(np.percentile(coarse, STRONGEST))
    return float(np.percentile(fine, STRONGEST)) / max(strongest, 1e-3)


def _mask(
    parcel: Parcel,
    corner: tuple[int, int],
    size: tuple[int, ...],
    small: tuple[int, ...],
) -> NDArray[np.bool_]:
    """(h, w): where the parcel and its outline are in the small cut."""
    cells = (parcel.mask > SEEN).astype(np.uint8)
    per = len(cells) / parcel.square.side
    high, wide = size[0] / small[0], size[1] / small[1]
    x, y = corner[0] - parcel.square.x, corner[1] - parcel.square.y
    back = np.array(
        [[wide * per, 0, (x + wide / 2) * per - 0.5], [0, high * per, (y + high / 2) * per - 0.5]]
    )
    spread = cv2.warpAffine(
        cells, back, small[::-1], flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    )
    grown = cv2.dilate(spread, np.ones((AROUND, AROUND), np.uint8))
    return np.asarray(grown > 0)
