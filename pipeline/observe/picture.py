"""One decoded picture and its views: upright, any size, made once."""

from __future__ import annotations

from typing import NamedTuple, cast

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation

from models.detector import SMALL_VIEW
from models.media import Colour, Frame, Luma

PLANAR_LUMA = ("yuv", "nv12", "nv21", "gray")  # formats whose plane 0 is luma, 8-bit if so deep
MATRIX = "DISPLAYMATRIX"  # FFmpeg's name of the side data that says how a picture is shown

cv2.setNumThreads(1)


class Turn(NamedTuple):
    """How a stored picture comes upright: exchange its axes, then flip it."""

    transposed: bool = False
    flipped_across: bool = False
    flipped_down: bool = False

    @property
    def degrees(self) -> int:
        """Clockwise; of a mirrored picture, before it is mirrored across."""
        if self.transposed:
            return 90 if self.flipped_across or not self.flipped_down else 270
        return 180 if self.flipped_down else 0

    def size(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Width and height upright."""
        return (stored[1], stored[0]) if self.transposed else stored

    def apply(self, pixels: Luma) -> Luma:
        """The stored picture, upright."""
        if self.transposed:
            pixels = cast(Luma, cv2.transpose(pixels))
        if self.flipped_across or self.flipped_down:
            both = self.flipped_across and self.flipped_down
            code = -1 if both else int(self.flipped_across)
            pixels = cast(Luma, cv2.flip(pixels, code))
        return pixels


def turn_of(frame: av.VideoFrame) -> Turn:
    """By the display matrix of the file, to the nearest quarter turn.

    The matrix (a, b, u, c, d, v, x, y, w) takes a place (p, q) to (a p + c q, b p + d q), as
    ISO/IEC 14496-12 has it in 6.2.2.
    """
    side_data = frame.side_data.get(MATRIX)
    if side_data is None:
        return Turn()
    matrix = np.frombuffer(cast(bytes, side_data), np.int32)
    a, b = matrix[:2].tolist()
    c, d = matrix[3:5].tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Turn(
            transposed=True,
            flipped_across=c < 0,
            flipped_down=b < 0,
        )
    return Turn(flipped_across=a < 0, flipped_down=d < 0)


class Picture:
    """One decoded picture, from which every distinct view is made once, upright and read-only."""

    def __init__(
        self,
        pts: float,
        index: int,
        keyframe: bool = False,
        corrupt: bool = False,
    ) -> None:
        self.pts = pts
        self.index = index
        self.keyframe = keyframe
        self.corrupt = corrupt
        self.size = (0, 0)  # width and height, upright
        self.small_size: tuple[int, int] | None = None  # of the small view, as the clip began
        self._views: dict[tuple[int | None, Colour], Frame] = {}

    def view(self, side: int | None, colour: Colour) -> Frame:
        """The picture area-resized to `side` pixels on its longer side (never enlarged).

        The small view keeps one size over a whole clip, though the picture's own size may change.
        """
        key = (side, colour)
        if key not in self._views:
            pixels, scale = self._pixels(side, colour)
            if side == SMALL_VIEW and self.small_size not in (None, pixels.shape[1::-1]):
                pixels = cast(Luma, cv2.resize(pixels, self.small_size))
            pixels.flags.writeable = False
            self._views[key] = Frame(
                self.pts,
                self.index,
                pixels,
                scale,
                self.keyframe,
                self.corrupt,
                self.size,
            )
        return self._views[key]

    def small_view_size(self) -> tuple[int, int]:
        """Width and height of the small view, if this picture alone decides."""
        scale = max(1.0, max(self.size) / SMALL_VIEW)
        width = max(1, round(self.size[0] / scale))
        height = max(1, round(self.size[1] / scale))
        return width, height

    def _pixels(self, side: int | None, colour: Colour) -> tuple[Luma, float]:
        raise NotImplementedError


class VideoPicture(Picture):
    """A picture of a video; luma comes straight from the decoder's plane."""

    def __init__(
        self,
        frame: av.VideoFrame,
        pts: float,
        index: int,
    ) -> None:
        super().__init__(
            pts,
            index,
            bool(frame.key_frame),
            bool(frame.is_corrupt),
        )
        self.frame = frame
        self.turn = turn_of(frame)
        self.size = self.turn.size((frame.width, frame.height))
        step = float(frame.time_base or 0)
        self.lasts = (frame.duration or 0) * step  # seconds; 0 where the file does not say

    def _pixels(self, side: int | None, colour: Colour) -> tuple[Luma, float]:
        width = self.frame.width
        height = self.frame.height
        scale = max(1.0, max(width, height) / side) if side else 1.0
        across, down = round(width / scale), round(height / scale)
        size = (max(1, across), max(1, down))
        pixels = self._luma(size) if colour == "luma" else self._bgr(size)
        return self.turn.apply(pixels), scale

    def _bgr(self, size: tuple[int, int]) -> Luma:
        return self._resized(cast(Luma, self.frame.to_ndarray(format="bgr24")), size)

    def _luma(self, size: tuple[int, int]) -> Luma:
        pixel_format = self.frame.format
        if pixel_format.name.startswith(PLANAR_LUMA) and pixel_format.components[0].bits == 8:
            plane = self.frame.planes[0]
            stored = np.frombuffer(memoryview(plane), np.uint8)
            lines = stored.reshape(-1, plane.line_size)
            shown = lines[: self.frame.height, : self.frame.width]
            return self._resized(shown, size)
        area = Interpolation.AREA
        small = self.frame.reformat(
            width=size[0],
            height=size[1],
            format="gray",
            interpolation=area,
        )
        made = small.to_ndarray()
        return cast(Luma, made)

    def _resized(self, pixels: Luma, size: tuple[int, int]) -> Luma:
        if size == (self.frame.width, self.frame.height):
            return np.ascontiguousarray(pixels)  # lines are padded, which some of OpenCV refuses
        while pixels.shape[1] > 4 * size[0] and not any(side % 2 for side in pixels.shape[:2]):
            pixels = _halved(pixels)  # far cheaper than one large step
        made = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        return cast(Luma, made)


def _halved(pixels: Luma) -> Luma:
    made = cv2.resize(
        pixels,
        None,
        fx=0.5,
        fy=0.5,
        interpolation=cv2.INTER_AREA,
    )
    return cast(Luma, made)


class Photo(Picture):
    """A photo, decoded and upright: the first of so many `pictures`, `whole` to its end.

    Or a page of a document, whose number from 0 is its time.
    """

    def __init__(
        self,
        bgr: Luma,
        whole: bool = True,
        pictures: int = 1,
        pts: float = 0.0,
        index: int = 0,
    ) -> None:
        super().__init__(
            pts,
            index,
            keyframe=True,
            corrupt=not whole,
        )
        self.bgr = bgr
        self.pictures = pictures
        self.size = (bgr.shape[1], bgr.shape[0])

    def _pixels(self, side: int | None, colour: Colour) -> tuple[Luma, float]:
        pixels = self.bgr.copy()
        if colour == "luma":
            pixels = cast(Luma, cv2.cvtColor(self.bgr, cv2.COLOR_BGR2GRAY))
        scale = max(1.0, max(pixels.shape[:2]) / side) if side else 1.0
        if scale > 1:
            width = max(1, round(self.size[0] / scale))
            height = max(1, round(self.size[1] / scale))
            small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
            pixels = cast(Luma, small)
        return pixels, scale
