"""A picture in several sizes, from which squares are cut out at any scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.media import Luma

SMALLEST = 256  # pixels, longer side: no level is made of a smaller one
GREY = (114, 114, 114)  # where a square reaches beyond the picture, in training too
FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

Small = NDArray[np.float32]


class Box(NamedTuple):
    """A rectangle in pixels of the landscape; it may reach beyond the picture."""

    x: float
    y: float
    width: float
    height: float


class Square(NamedTuple):
    """A square in pixels of the landscape; it may reach beyond the picture."""

    x: float
    y: float
    side: float

    @property
    def box(self) -> Box:
        return Box(
            self.x,
            self.y,
            self.side,
            self.side,
        )

    @property
    def centre(self) -> tuple[float, float]:
        """Of the square."""
        return self.x + self.side / 2, self.y + self.side / 2


@dataclass(frozen=True, slots=True)
class ImagePyramid:
    """A picture, half of it, half of that: a cut comes from the smallest that is fine enough.

    Seen as landscape of `shape` (h, w): a `tall` one as if turned a quarter counter-clockwise,
    without a pixel being moved. All places are in pixels of that landscape.
    """

    levels: tuple[Luma, ...]
    shape: tuple[int, int]
    tall: bool

    @classmethod
    def of(cls, bgr: Luma) -> ImagePyramid:
        """Of a picture (h, w, 3), down to the size of a square that is cut out."""
        levels = [bgr]
        while max(levels[-1].shape[:2]) >= SMALLEST:
            height, width = levels[-1].shape[:2]
            half = (max(1, width // 2), max(1, height // 2))
            smaller = cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA)
            levels.append(cast(Luma, smaller))
        short, long = sorted(bgr.shape[:2])
        return cls(tuple(levels), (short, long), bgr.shape[0] > bgr.shape[1])

    def crop(self, place: Box, size: tuple[int, int]) -> Luma:
        """What lies at `place`, at `size` (w, h); what is outside the picture is grey."""
        across = place.width / size[0]
        down = place.height / size[1]
        source = self._level(max(1.0, across, down))
        # middles of pixels, counted from the corner
        x, y = place.x + across / 2, place.y + down / 2
        back = np.array([[across, 0, x], [0, down, y]])
        if self.tall:
            quarter = np.array([[0, -1], [1, 0]]) @ back
            back = quarter + np.array([[0, 0, self.shape[0]], [0, 0, 0]])
        high, wide = self.levels[0].shape[:2]
        small_high, small_wide = source.shape[:2]
        shrunk = np.diag([small_wide / wide, small_high / high])
        back = shrunk @ back - [[0, 0, 0.5]]
        cut = cv2.warpAffine(
            source,
            back,
            size,
            flags=FLAGS,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=GREY,
        )
        return cast(Luma, cut)

    def _level(self, shrink: float) -> Luma:
        """The level with one to two pixels for each that is wanted: none is left out."""
        level = int(np.log2(shrink + 1e-9))
        return self.levels[min(level, len(self.levels) - 1)]


def network_input(bgr: Luma) -> Small:
    """(1, 3, h, w), 0..1."""
    planes = bgr.transpose(2, 0, 1)[None].astype(np.float32)
    return planes * np.float32(1 / 255)
