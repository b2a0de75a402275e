"""How sharp a picture is."""

from __future__ import annotations

import cv2
import numpy as np

from models.media import Luma

SMALLEST = 64  # pixels, shorter side that may still be halved


def tenengrad(luma: Luma) -> float:
    """Mean gradient at half size: larger is sharper. About 0.3 ms at 720p."""
    half = luma
    if min(luma.shape) >= SMALLEST:
        half = np.asarray(
            cv2.resize(
                luma,
                None,
                fx=0.5,
                fy=0.5,
                interpolation=cv2.INTER_AREA,
            )
        )
    across = cv2.norm(
        cv2.Sobel(
            half,
            cv2.CV_16S,
            1,
            0,
        )
    )
    down = cv2.norm(
        cv2.Sobel(
            half,
            cv2.CV_16S,
            0,
            1,
        )
    )
    return float((across + down) / np.sqrt(half.size))
