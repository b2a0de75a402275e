"""The one decode: packets, pictures and sound of a file, once, on one thread, in order."""

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
from pipeline.observe import ingest

PLANAR_LUMA = ("yuv", "nv12", "nv21", "gray")  # formats whose plane 0 is luma, 8-bit if so deep
TURNS = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    -90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    -180: cv2.ROTATE_180,
}
HEAD = 2048  # bytes of a packet that are handed on: headers, and what an encoder writes before them
STILL_S = 0.5  # seconds by which the picture found may be earlier than the time asked for
RATE = 30.0  # pictures a second where neither times nor a rate are given

cv2.setNumThreads(1)


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
        self._views: dict[tuple[int | None, Colour], Frame] = {}

    def view(self, side: int | None, colour: Colour) -> Frame:
        """The picture area-resized to `side` pixels on its longer side (never enlarged)."""
        key = (side, colour)
        if key not in self._views:
            pixels, scale = self._pixels(side, colour)
            pixels.flags.writeable = False
            self._views[key] = Frame(
                self.pts,
                self.index,
                pixels,
                scale,
                self.keyframe,
                self.corrupt,
            )
        return self._views[key]

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
        self.rotation = rotation(frame)

    def _pixels(self, side: int | None, colour: Colour) -> tuple[Luma, float]:
        width = self.frame.width
        height = self.frame.height
        scale = max(1.0, max(width, height) / side) if side else 1.0
        across, down = round(width / scale), round(height / scale)
        size = (max(1, across), max(1, down))
        pixels = self._luma(size) if colour == "luma" else self._bgr(size)
        if self.rotation in TURNS:
            pixels = cast(Luma, cv2.rotate(pixels, TURNS[self.rotation]))
        return pixels, scale

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
        return cast(Luma, small.to_ndarray())

    def _resized(self, pixels: Luma, size: tuple[int, int]) -> Luma:
        if size == (self.frame.width, self.frame.height):
            return np.ascontiguousarray(pixels)  # lines are padded, which some of OpenCV refuses
        while pixels.shape[1] > 4 * size[0] and not any(side % 2 for side in pixels.shape[:2]):
            pixels = _halved(pixels)  # far cheaper than one large step
        return cast(Luma, cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _halved(pixels: Luma) -> Luma:
    return cast(
        Luma,
        cv2.resize(
            pixels,
            None,
            fx=0.5,
            fy=0.5,
            interpolation=cv2.INTER_AREA,
        ),
    )


class Photo(Picture):
    """A photo, decoded and upright."""

    def __init__(self, bgr: Luma) -> None:
        super().__init__(0.0, 0, keyframe=True)
        self.bgr = bgr

    def _pixels(self, side: int | None, colour: Colour) -> tuple[Luma, float]:
        pixels = self.bgr.copy()
        if colour == "luma":
            pixels = cast(Luma, cv2.cvtColor(self.bgr, cv2.COLOR_BGR2GRAY))
        scale = max(1.0, max(pixels.shape[:2]) / side) if side else 1.0
        if scale > 1:
            by = 1 / scale
            small = cv2.resize(
                pixels,
                None,
                fx=by,
                fy=by,
                interpolation=cv2.INTER_AREA,
            )
            pixels = cast(Luma, small)
        return pixels, scale


def rotation(frame: av.VideoFrame) -> int:
    """Degrees counter-clockwise that turn the stored picture upright: 0, 90, -90 or 180.

    Other angles are left alone.
    """
    return round(frame.rotation / 90) * 90 if abs(frame.rotation) <= 180 else 0


def video(
    path: Path,
    container: str,
    limits: Limits,
    sound: bool = False,
) -> Iterator[Packet | Picture | Sound]:
    """Everything in the file, in order.

    A packet that the decoder refuses is passed on as `failed`, not raised. Raises TooLarge where
    the pictures outgrow the limits on the way.
    """
    with ingest.opened(path, container) as source:
        track = _track(source, limits)
        audio = source.streams.audio[0] if source.streams.audio else None
        if audio:
            audio.codec_context.thread_type = "NONE"
        pictures = _Pictures(track, limits)
        count, first = 0, True
        for packet in source.demux([stream for stream in (track, audio) if stream]):
            count += packet.size > 0
            if count > limits.packets:
                raise errors.TooLarge(
                    "The video has more than {most:,} packets.", most=limits.packets
                )
            of_video = packet.stream is track
            sets = _parameter_sets(packet, first) if of_video else b""
            first = first and not of_video
            frames, failed = _decoded(packet) if of_video or sound else ([], False)
            if packet.size:
                yield _packet(packet, failed, sets)
            for frame in frames:
                if isinstance(frame, av.AudioFrame):
                    yield _sound(frame)
                elif isinstance(frame, av.VideoFrame):
                    yield pictures.next(frame)


def _track(source: av.container.InputContainer, limits: Limits) -> av.VideoStream:
    """The video track, on one thread: frame threads change pixels and flags from run to run."""
    track = source.streams.video[0]
    track.thread_type = "NONE"
    track.codec_context.options = {"max_pixels": str(limits.width * limits.height)}
    return track


class _Pictures:
    """Decoded frames as pictures: numbered, timed, held to the limits."""

    def __init__(self, track: av.VideoStream, limits: Limits) -> None:
        self.limits = limits
        self.step = 1 / float(track.average_rate or RATE)
        start = (track.start_time or 0) * float(track.time_base or 0)
        self.latest = limits.duration_s + start
        self.index = 0
        self.last: float | None = None

    def next(self, frame: av.VideoFrame) -> VideoPicture:
        """Raises TooLarge."""
        ingest.check_size(frame.width, frame.height, self.limits)
        self.last = self._pts(frame)
        if self.last > self.latest:
            raise errors.TooLarge(
                "The video runs past {most:,.0f} s, whatever its header says.",
                most=self.limits.duration_s,
            )
        self.index += 1
        return VideoPicture(frame, self.last, self.index - 1)

    def _pts(self, frame: av.VideoFrame) -> float:
        """Presentation time; where the file gives none (some AVI), one step after the last."""
        if frame.time is not None:
            return float(frame.time)
        return 0.0 if self.last is None else self.last + self.step


def _decoded(packet: av.Packet[Any]) -> tuple[list[Any], bool]:
    """(frames, whether the decoder refused the packet)."""
    try:
        return list(packet.decode()), False
    except (av.error.FFmpegError, UnicodeDecodeError, ValueError):
        return [], True


def _parameter_sets(packet: av.Packet[Any], first: bool) -> bytes:
    """The container's codec configuration, with the first packet and wherever it changes."""
    if packet.has_sidedata("new_extradata"):
        return bytes(packet.get_sidedata("new_extradata"))
    return bytes(packet.stream.codec_context.extradata or b"") if first else b""


def _packet(
    packet: av.Packet[Any],
    failed: bool,
    sets: bytes,
) -> Packet:
    """As detectors get it, times in seconds."""
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
    """One channel, -1..1."""
    samples = frame.to_ndarray()
    integers = np.issubdtype(samples.dtype, np.integer)
    whole = np.iinfo(samples.dtype.name).max if integers else 1
    if not frame.format.is_planar:
        samples = samples.reshape(-1, len(frame.layout.channels)).T
    mono = (samples.mean(axis=0) / whole).astype(np.float32)
    return Sound(float(frame.time or 0), frame.sample_rate, mono)


def stills(
    path: Path,
    container: str,
    times: Sequence[float],
) -> Iterator[tuple[float, Luma]]:
    """(time asked for, upright BGR picture shown then), for each time that can be found again."""
    with ingest.opened(path, container) as source:
        track = source.streams.video[0]
        track.thread_type = "NONE"
        for pts in times:
            frame = _frame_at(source, track, pts)
            if frame is not None:
                yield pts, VideoPicture(frame, pts, 0).view(None, "bgr").pixels


def _frame_at(
    source: Any,
    track: Any,
    pts: float,
) -> av.VideoFrame | None:
    """The frame shown at `pts`: from the key frame before it; from the start where that fails."""
    for start in (pts, 0.0):
        place = max(0, int(start / track.time_base))
        source.seek(
            place,
            stream=track,
            backward=True,
            any_frame=False,
        )
        best = _last_until(source, track, pts)
        if best is not None and best.time is not None and abs(best.time - pts) < STILL_S:
            return best
    return None


def _last_until(
    source: Any,
    track: Any,
    pts: float,
) -> av.VideoFrame | None:
    """The last frame that is not later than `pts`, decoding from where the source stands."""
    best: av.VideoFrame | None = None
    with suppress(av.error.FFmpegError):
        for frame in source.decode(track):
            if frame.time is None or frame.time > pts + 1e-3:
                break
            best = frame
    return best


def photo(path: Path, container: str) -> Photo:
    """The photo at `path`, whose header was checked. Raises NoPicture."""
    if container == "heic":
        return Photo(_heic(path))
    bgr = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise errors.NoPicture("The photo cannot be decoded.")
    return Photo(cast(Luma, bgr))


def _heic(path: Path) -> Luma:
    """A HEIC photo as BGR."""
    try:
        heif = pi_heif.open_heif(path, convert_hdr_to_8bit=True, bgr_mode=True)
        pixels = np.asarray(heif)[:, :, :3]
        return np.array(pixels, order="C")  # a copy: the decoder frees its picture with `heif`
    except (OSError, ValueError, EOFError, SyntaxError) as fault:
        raise errors.NoPicture("The photo cannot be decoded: {why}.", why=str(fault)) from None


def photo_facts(picture: Photo, container: str) -> Media:
    """Facts of a decoded photo."""
    height, width = picture.bgr.shape[:2]
    return Media(
        kind="image",
        container=container,
        codec=container,
        width=width,
        height=height,
        frame_count=1,
        pixel_format="bgr24",
    )
