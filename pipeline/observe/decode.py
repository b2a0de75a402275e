"""The one decode of a video: packets, pictures and sound, once, on one thread, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from models import errors
from models.media import Limits, Luma, Packet, Sound
from pipeline.observe import ingest
from pipeline.observe.clock import RunningClock
from pipeline.observe.picture import Picture, VideoPicture
from pipeline.observe.tracks import main_tracks

HEAD = 2048  # bytes of a packet that are handed on: headers, and what an encoder writes before them
LATEST_S = 1e8  # seconds: a stamp beyond is none
LONGEST_PACKET_S = 1e6  # seconds: no packet lasts longer
STILL_S = 0.5  # seconds by which the picture found may be earlier than the time asked for
SAME_S = 1e-3  # seconds by which two times of one picture may differ
ORDERED = ("ts", "avi")  # their times are not always those that are told here
RATE = 30.0  # pictures a second where neither times nor a rate are given


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
        tracks = main_tracks(source)
        _set_up(tracks.video, limits)
        if tracks.sound:
            tracks.sound.codec_context.thread_type = "NONE"
        reading = _Reading(tracks.video, limits, container)
        count, first = 0, True
        both = [one for one in (tracks.video, tracks.sound) if one]
        for packet in source.demux(both):
            count += packet.size > 0
            if count > limits.packets:
                raise errors.TooLarge(
                    "The video has more than {most:,} packets.", most=limits.packets
                )
            of_video = packet.stream is tracks.video
            sets = _parameter_sets(packet, first) if of_video else b""
            first = first and not of_video
            wanted = of_video or sound
            frames, failed = _decoded(packet) if wanted else ([], False)
            if packet.size:
                yield reading.packet(packet, failed, sets)
            for frame in frames:
                if isinstance(frame, av.AudioFrame):
                    yield reading.sound(frame)
                elif isinstance(frame, av.VideoFrame):
                    yield reading.picture(frame)


def _set_up(track: av.VideoStream, limits: Limits) -> None:
    """One thread: frame threads change pixels and flags from run to run."""
    track.thread_type = "NONE"
    track.codec_context.options = {"max_pixels": str(limits.width * limits.height)}


class _Reading:
    """Packets, pictures and sound as detectors get them: numbered, on one clock, within limits."""

    def __init__(
        self,
        track: av.VideoStream,
        limits: Limits,
        container: str,
    ) -> None:
        self.limits = limits
        start = float((track.start_time or 0) * (track.time_base or 0))
        offset = max(0.0, -start)
        self.latest = limits.duration_s + start + offset
        step = 1 / float(track.average_rate or RATE)
        orders = ("video packets", "sound packets", "pictures", "sound")
        longest = limits.duration_s
        self.clocks = {order: RunningClock(longest, step, offset) for order in orders}
        self.by_packet: deque[float] | None = None
        if container == "avi":
            self.by_packet = deque()
        self.step = step
        self.last: float | None = None
        self.index = 0
        self.small_size: tuple[int, int] | None = None

    def picture(self, frame: av.VideoFrame) -> VideoPicture:
        """The next picture. Raises TooLarge."""
        ingest.check_size(frame.width, frame.height, self.limits)
        self.last = self._pts(frame)
        if self.last > self.latest:
            raise errors.TooLarge(
                "The video runs past {most:,.0f} s, whatever its header says.",
                most=self.limits.duration_s,
            )
        picture = VideoPicture(frame, self.last, self.index)
        self.small_size = picture.small_size = self.small_size or picture.small_view_size()
        self.index += 1
        return picture

    def _pts(self, frame: av.VideoFrame) -> float:
        """Presentation time; where the file gives none, one step after the last.

        AVI has times of decoding only. Its pictures come in order of showing, so the times are
        handed out in that order.
        """
        if self.by_packet:
            return self.by_packet.popleft()
        if frame.time is not None:
            return self.clocks["pictures"].running(float(frame.time))
        return 0.0 if self.last is None else self.last + self.step

    def packet(
        self,
        packet: av.Packet[Any],
        failed: bool,
        sets: bytes,
    ) -> Packet:
        """As detectors get it, times in seconds."""
        base = float(packet.time_base or 0)
        of_video = packet.stream.type == "video"
        clock = self.clocks["video packets" if of_video else "sound packets"]
        stamp = packet.pts if packet.dts is None else packet.dts
        before = clock.restarts
        if stamp is not None:
            clock.running(stamp * base)
        pts = _running(packet.pts, base, clock)
        dts = _running(packet.dts, base, clock)
        if of_video and self.by_packet is not None and dts is not None and not failed:
            self.by_packet.append(dts)
            pts = dts
        return Packet(
            track="video" if of_video else "sound",
            pts=pts,
            dts=dts,
            duration=min((packet.duration or 0) * base, LONGEST_PACKET_S),
            size=packet.size,
            keyframe=packet.is_keyframe,
            failed=failed,
            data=bytes(memoryview(packet)[:HEAD]),
            parameter_sets=sets,
            restarts=clock.restarts > before,
        )

    def sound(self, frame: av.AudioFrame) -> Sound:
        """One channel, -1..1."""
        samples = frame.to_ndarray()
        integers = np.issubdtype(samples.dtype, np.integer)
        whole = np.iinfo(samples.dtype.name).max if integers else 1
        if not frame.format.is_planar:
            samples = samples.reshape(-1, len(frame.layout.channels)).T
        mono = (samples.mean(axis=0) / whole).astype(np.float32)
        stamp = float(frame.time or 0)
        pts = self.clocks["sound"].running(stamp)
        return Sound(pts, frame.sample_rate, mono)


def _running(
    stamp: int | None,
    base: float,
    clock: RunningClock,
) -> float | None:
    """A stamp of a packet on the clock of its track; none where no clip could last so long."""
    if stamp is None:
        return None
    at = stamp * base + clock.offset
    return at if abs(at) <= LATEST_S else None


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


def stills(
    path: Path,
    container: str,
    times: Sequence[float],
    limits: Limits,
) -> Iterator[tuple[float, Luma]]:
    """(time asked for, upright BGR picture shown then), for each time that can be found again.

    Where the times are not those stored in the file, everything is decoded once more in order.
    """
    if container in ORDERED:
        yield from _stills_in_order(
            path,
            container,
            times,
            limits,
        )
        return
    with ingest.opened(path, container) as source:
        track = main_tracks(source).video
        track.thread_type = "NONE"
        for pts in times:
            frame = _frame_at(source, track, pts)
            if frame is not None:
                yield pts, VideoPicture(frame, pts, 0).view(None, "bgr").pixels


def _stills_in_order(
    path: Path,
    container: str,
    times: Sequence[float],
    limits: Limits,
) -> Iterator[tuple[float, Luma]]:
    """As `stills`, without seeking; `times` go up."""
    waiting = deque(times)
    last: Picture | None = None
    for item in video(path, container, limits):
        if not isinstance(item, Picture):
            continue
        while waiting and item.pts > waiting[0] + SAME_S:
            asked = waiting.popleft()
            if last is not None and asked - last.pts < STILL_S:
                yield asked, last.view(None, "bgr").pixels
        if not waiting:
            return
        last = item
    for asked in waiting:
        if last is not None and asked - last.pts < STILL_S:
            yield asked, last.view(None, "bgr").pixels


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
            if frame.time is None or frame.time > pts + SAME_S:
                break
            best = frame
    return best
