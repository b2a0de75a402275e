"""A line of print, as every reader hands it over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.record import Outline, Region

PITCH = 0.8  # of the distance of two characters, shown beside the first and the last
LEAST = 0.5  # confidence below which a line is no text

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line as printed: text, confidence 0..1, corners in pixels of the picture.

    Corners run clockwise from where reading begins. `cut`: it reaches the edge of the picture, and
    may go on outside. `sure`: confidence of each character of `text`. `places`: how far along the
    line, 0..1, each stands; empty where the reader does not tell.
    """

    text: str
    confidence: float
    corners: Points
    cut: bool = False
    sure: tuple[float, ...] = ()
    places: tuple[float, ...] = ()

    def part(self, first: int, last: int) -> Points:
        """Corners around the characters from `first` to `last`, that one included."""
        count = len(self.text)
        places = self.places or tuple((i + 0.5) / count for i in range(count))
        reach = PITCH * (places[last] - places[first]) / max(1, last - first)
        before = [i for i in range(first) if not self.text[i].isspace()]
        after = [i for i in range(last + 1, count) if not self.text[i].isspace()]
        start, end = 0.0, 1.0
        if before:
            start = max(places[first] - reach, (places[before[-1]] + places[first]) / 2)
        if after:
            end = min(places[last] + reach, (places[last] + places[after[0]]) / 2)
        left, right = (self.corners[[0, 3]], self.corners[[1, 2]])
        starts, ends = (left + (right - left) * share for share in (start, end))
        return np.array([starts[0], ends[0], ends[1], starts[1]])

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
        return region_of(self.corners, scale)


def _sides(corners: Points) -> tuple[Points, Points]:
    """Two neighbouring sides."""
    return corners[1] - corners[0], corners[2] - corners[1]


def outline(corners: Points, scale: float = 1.0) -> Outline:
    """Four corners in whole pixels, times `scale`."""
    first, second, third, fourth = ((round(x), round(y)) for x, y in corners * scale)
    return first, second, third, fourth


def region_of(corners: Points, scale: float = 1.0) -> Region:
    """The box around points, in pixels times `scale`."""
    left, top = corners.min(axis=0) * scale
    right, bottom = corners.max(axis=0) * scale
    width = round(right - left)
    height = round(bottom - top)
    return Region(
        x=max(0, round(left)),
        y=max(0, round(top)),
        width=width,
        height=height,
    )


def long_side(corners: Points) -> Points:
    """The longer side as a vector."""
    top, side = _sides(corners)
    longer = np.hypot(*top) >= np.hypot(*side)
    return np.asarray(top if longer else side)


def across(corners: Points) -> float:
    """The shorter side in pixels."""
    top, side = _sides(corners)
    return float(min(np.hypot(*top), np.hypot(*side)))
