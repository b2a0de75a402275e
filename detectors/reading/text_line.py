"""A line of print, as every reader hands it over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.record import Region

LEAST = 0.5  # confidence below which a line is no text

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line as printed: text, confidence 0..1, corners in pixels of the picture.

    Corners run clockwise from where reading begins. `cut`: it reaches the edge of the picture, and
    may go on outside. `sure`: confidence of each character of `text`.
    """

    text: str
    confidence: float
    corners: Points
    cut: bool = False
    sure: tuple[float, ...] = ()

    @property
    def centre(self) -> Points:
        """Of its corners."""
        return np.asarray(self.corners.mean(axis=0))

    @property
    def along(self) -> Points:
        """The longer side as a vector."""
        return long_side(self.corners)

    @property
    def length(self) -> float:
        """Of the longer side, in pixels."""
        return float(np.hypot(*self.along))

    @property
    def height(self) -> float:
        """Of the shorter side, in pixels."""
        return across(self.corners)

    def region(self, scale: float = 1.0) -> Region:
        """The box around the line, in pixels times `scale`."""
        left, top = self.corners.min(axis=0) * scale
        right, bottom = self.corners.max(axis=0) * scale
        width = round(right - left)
        height = round(bottom - top)
        return Region(
            x=max(0, round(left)),
            y=max(0, round(top)),
            width=width,
            height=height,
        )


def _sides(corners: Points) -> tuple[Points, Points]:
    """Two neighbouring sides."""
    return corners[1] - corners[0], corners[2] - corners[1]


def long_side(corners: Points) -> Points:
    """The longer side as a vector."""
    top, side = _sides(corners)
    longer = np.hypot(*top) >= np.hypot(*side)
    return np.asarray(top if longer else side)


def across(corners: Points) -> float:
    """The shorter side in pixels."""
    top, side = _sides(corners)
    return float(min(np.hypot(*top), np.hypot(*side)))
