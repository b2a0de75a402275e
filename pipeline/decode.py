"""The one decode: packets, pictures and sound of a file, once, on one thread, in the order they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import av
import av.error
import cv2
import numpy as np
import pi_heif
from av.video.reformatter import Interpolation

from models import errors
from models.media import Colour, Frame, Limits, Luma, Media, Packet, Sound
from pipeline import ingest

PLANAR_LUMA = ("yuv", "nv12", "nv21", "gray")  # pixel formats whose plane 0 is 8-bit luma (unless they end in a depth)
TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, -90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, -180: cv2.ROTATE_180}
HEAD = 2048  # bytes of a packet that are handed on: the headers, and what an encoder writes about itself before them
STILL_S = 0.5  # seconds by which the picture found may be earlier than the time asked for

cv2.setNumThreads(1)


class Picture:
    """One decoded picture, from which every distinct view is made once, upright and read-only."""

    def __init__(self, pts: float, index: int, keyframe: bool = False, corrupt: bool = False) -> None:
        self.pts, self.index, self.keyframe, self.corrupt = pts, index, keyframe, corrupt
        self._views: dict[tuple[int | None, Colour], Frame] = {}

    def view(self, side: int | None, colour: Colour) -> Frame:
        """The picture area-resized to `side` pixels on its longer side (never enlarged), or full-size."""
        key = (side, colour)
        if key not in self._views:
            pixels, scale = self._pixels(side, colour)
            pixels.flags.writeable = False
            self._views[key] = Frame(self.pts, self.index, pixels, scale, self.keyframe, self.corrupt)
        return self._views[key]

    def _pixels(self, side: int | None, colour: Colour) -> tuple[Luma, float]:
        raise NotImplementedError


class VideoPicture(Picture):
    """A picture of a video; luma comes straight from the decoder's plane."""

    def __init__(self, frame: av.VideoFrame, pts: float, index: int) -> None:
        super().__init__(pts, index, bool(frame.key_frame), bool(frame.is_corrupt))
        self.frame = frame
        self.rotation = rotation(frame)

    def _pixels(self, side: int | None, colour: Colour) -> tuple[Luma, float]:
        stored = (self.frame.width, self.frame.height)
        scale = max(1.0, max(stored) / side) if side else 1.0
        size = (max(1, round(stored[0] / scale)), max(1, round(stored[1] / scale)))
        pixels = self._luma(size) if colour == "luma" else self._resized(cast(Luma, self.frame.to_ndarray(format="bgr24")), size)
        turned = cv2.rotate(pixels, TURNS[self.rotation]) if self.rotation in TURNS else pixels
        return cast(Luma, turned), scale

    def _luma(self, size: tuple[int, int]) -> Luma:
        name = self.frame.format.name
        if name.startswith(PLANAR_LUMA) and self.frame.format.components[0].bits == 8:
            plane = self.frame.planes[0]
            whole = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: self.frame.height, : self.frame.width]
            return self._resized(whole, size)
        small = self.frame.reformat(width=size[0], height=size[1], format="gray", interpolation=Interpolation.AREA)
        return cast(Luma, small.to_ndarray())

    def _resized(self, pixels: Luma, size: tuple[int, int]) -> Luma:
        if size == (self.frame.width, self.frame.height):
            return np.ascontiguousarray(pixels)  # lines of a plane are padded, which some of OpenCV refuses
        while pixels.shape[1] > 4 * size[0] and pixels.shape[0] % 2 == pixels.shape[1] % 2 == 0:
            pixels = cast(Luma, cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))  # far cheaper than one large step
        return cast(Luma, cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


class Photo(Picture):
    """A photo, upright by its EXIF."""

    def __init__(self, bgr: Luma) -> None:
        super().__init__(0.0, 0, keyframe=True)
        self.bgr = bgr

    def _pixels(self, side: int | None, colour: Colour) -> tuple[Luma, float]:
        pixels = self.bgr.copy() if colour == "bgr" else cast(Luma, cv2.cvtColor(self.bgr, cv2.COLOR_BGR2GRAY))
        scale = max(1.0, max(pixels.shape[:2]) / side) if side else 1.0
        if scale > 1:
            pixels = cast(Luma, cv2.resize(pixels, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA))
        return pixels, scale


def rotation(frame: av.VideoFrame) -> int:
    """Degrees counter-clockwise that turn the stored picture upright: 0, 90, -90 or 180 (other angles are left alone)."""
    return round(frame.rotation / 90) * 90 if abs(frame.rotation) <= 180 else 0


def video(path: Path, container: str, limits: Limits, sound: bool = False) -> Iterator[Packet | Picture | Sound]:
    """Everything in the file, in order. A packet that the decoder refuses is passed on as `failed`, not raised.

    Raises TooLarge where the pictures outgrow the limits on the way.
    """
    with ingest.opened(path, container) as source:
        track = source.streams.video[0]
        track.thread_type = "NONE"  # frame threads change pixels and corruption flags from run to run
        track.codec_context.options = {"max_pixels": str(limits.width * limits.height)}
        audio = source.streams.audio[0] if source.streams.audio else None
        if audio:
            audio.codec_context.thread_type = "NONE"
        index, last, count, seen = 0, None, 0, False
        for packet in source.demux([s for s in (track, audio) if s]):
            count += packet.size > 0
            if count > limits.packets:
                raise errors.TooLarge(f"The video has more than {limits.packets:,} packets.")
            sets = _parameter_sets(packet, first=not seen) if packet.stream is track else b""
            seen = seen or packet.stream is track
            frames, failed = _decoded(packet) if packet.stream is track or sound else ([], False)
            if packet.size:
                yield _packet(packet, failed, sets)
            for frame in frames:
                if isinstance(frame, av.AudioFrame):
                    yield _sound(frame)
                elif isinstance(frame, av.VideoFrame):
                    ingest.fits(frame.width, frame.height, limits)
                    last = _pts(frame, last, track)
                    if last > limits.duration_s + (track.start_time or 0) * float(track.time_base or 0):
                        raise errors.TooLarge(f"The video runs past {limits.duration_s:,.0f} s, whatever its header says.")
                    yield VideoPicture(frame, last, index)
                    index += 1


def _decoded(packet: av.Packet[Any]) -> tuple[list[Any], bool]:
    try:
        return list(packet.decode()), False
    except (av.error.FFmpegError, UnicodeDecodeError, ValueError):
        return [], True


def _pts(frame: av.VideoFrame, last: float | None, track: av.VideoStream) -> float:
    """Presentation time; where the file gives none (some AVI), the frame after the last one at the average rate."""
    if frame.time is not None:
        return float(frame.time)
    return 0.0 if last is None else last + 1 / float(track.average_rate or 30)


def _parameter_sets(packet: av.Packet[Any], first: bool) -> bytes:
    """The container's codec configuration, with the first packet and wherever it changes."""
    if packet.has_sidedata("new_extradata"):
        return bytes(packet.get_sidedata("new_extradata"))
    return bytes(packet.stream.codec_context.extradata or b"") if first else b""


def _packet(packet: av.Packet[Any], failed: bool, sets: bytes) -> Packet:
    base = float(packet.time_base or 0)
    return Packet(
        track="video" if packet.stream.type == "video" else "sound",
        pts=None if packet.pts is None else packet.pts * base,
        dts=None if packet.dts is None else packet.dts * base,
        duration=(packet.duration or 0) * base,
        size=packet.size,
        keyframe=packet.is_keyframe,
        failed=failed,
        data=bytes(memoryview(packet)[:HEAD]),
        parameter_sets=sets,
    )


def _sound(frame: av.AudioFrame) -> Sound:
    samples = frame.to_ndarray()
    whole = np.iinfo(samples.dtype.name).max if np.issubdtype(samples.dtype, np.integer) else 1
    interleaved = samples.reshape(-1, len(frame.layout.channels)).T if not frame.format.is_planar else samples
    return Sound(float(frame.time or 0), frame.sample_rate, (interleaved.mean(axis=0) / whole).astype(np.float32))


def stills(path: Path, container: str, times: Sequence[float]) -> Iterator[tuple[float, Luma]]:
    """(time asked for, upright BGR picture shown then), for each of `times` whose picture can be found again."""
    with ingest.opened(path, container) as source:
        track = source.streams.video[0]
        track.thread_type = "NONE"
        for pts in times:
            frame = _frame_at(source, track, pts)
            if frame is not None:
                yield pts, VideoPicture(frame, pts, 0).view(None, "bgr").pixels


def _frame_at(source: Any, track: Any, pts: float) -> av.VideoFrame | None:
    """The frame shown at `pts`: seek to the key frame before it, decode up to it; from the start where seeking fails."""
    for start in (pts, 0.0):
        source.seek(max(0, int(start / track.time_base)), stream=track, backward=True, any_frame=False)
        best: av.VideoFrame | None = None
        with suppress(av.error.FFmpegError):
            for frame in source.decode(track):
                if frame.time is None or frame.time > pts + 1e-3:
                    break
                best = frame
        if best is not None and best.time is not None and abs(best.time - pts) < STILL_S:
            return best
    return None


def photo(path: Path, container: str) -> Photo:
    """The photo at `path`, whose header was checked. Raises NoPicture."""
    if container == "heic":
        try:
            heif = pi_heif.open_heif(path, convert_hdr_to_8bit=True, bgr_mode=True)
            pixels = np.array(np.asarray(heif)[:, :, :3], order="C")  # a copy: the decoder frees its picture when `heif` is gone
        except (OSError, ValueError, EOFError, SyntaxError) as fault:
            raise errors.NoPicture(f"The photo cannot be decoded: {fault}.") from None
        return Photo(pixels)
    bgr = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise errors.NoPicture("The photo cannot be decoded.")
    return Photo(cast(Luma, bgr))


def photo_media(picture: Photo, container: str) -> Media:
    height, width = picture.bgr.shape[:2]
    return Media(kind="image", container=container, codec=container, width=width, height=height, frame_count=1, pixel_format="bgr24")
