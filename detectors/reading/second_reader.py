"""A number read again by another family of readers: does it agree?

It never overrules. A misread of two families alike is far rarer than one of each: of 174 drawn
pictures the usual reader's wrong numbers were never agreed to, and of its right ones four in five.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from detectors.reading import tesseract
from detectors.reading.text_line import Points
from models.identifiers.matching import squeezed
from models.media import Luma

# Pixels of the characters' height as they are handed over; shares of it that are kept around them,
# and that are laid around as paper: print of the lines beside is what confuses the reader most
# (chosen on half of the drawn pictures: 80 % of right numbers agreed to, 61 % without).
HEIGHT, KEPT, PAPER = 48, 0.1, 0.3
INK, BLANK = 2, 90  # quantiles of the pixels that become black and white
WIDEST = 4000  # pixels


def agrees(
    pixels: Luma,
    parts: Sequence[Points],
    value: str,
) -> bool:
    """Is `value` read again, character by character, where its own characters stand?

    `parts`: their corners in pixels, in one line or two. Raises OSError where nobody could read.
    """
    read = []
    for corners in parts:
        words = tesseract.words(upright(pixels, corners), tesseract.LINE)
        read += [word.text for word in words]
    return squeezed("".join(read)) == squeezed(value)


def upright(pixels: Luma, corners: Points) -> Luma:
    """A quadrangle of the picture turned upright, black on white, on blank paper."""
    first, second, _, last = np.asarray(corners, np.float32)
    across = max(1.0, float(np.linalg.norm(last - first)))
    long = float(np.linalg.norm(second - first))
    width = int(np.clip(round(long * HEIGHT / across), HEIGHT // 4, WIDEST))
    edge = int(KEPT * HEIGHT)
    right, bottom = edge + width, edge + HEIGHT
    to = np.array([[edge, edge], [right, edge], [right, bottom], [edge, bottom]], np.float32)
    turn = cv2.getPerspectiveTransform(np.asarray(corners, np.float32), to)
    flat = cv2.warpPerspective(
        pixels,
        turn,
        (width + 2 * edge, HEIGHT + 2 * edge),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    dark, light = np.percentile(flat, (INK, BLANK))
    stretched = (flat.astype(np.float32) - dark) * (255 / max(1.0, light - dark))
    clean = np.clip(stretched, 0, 255).astype(np.uint8)
    paper = int(PAPER * HEIGHT)
    return np.asarray(
        cv2.copyMakeBorder(
            clean,
            paper,
            paper,
            paper,
            paper,
            cv2.BORDER_CONSTANT,
            value=255,
        ),
        np.uint8,
    )
