"""Ingest: open the upload by closed lists, hold it to the limits, state its facts."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.error

from detectors.bitstream.boxes import has_whole_index
from models import errors
from models.containers import CONTAINERS
from models.media import Limits, Media
from pipeline.observe.tracks import main_tracks

# The only demuxers and protocols libavformat may ever use. Without the lists a hostile upload opens
# other files and sockets.
OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts",
    "protocol_whitelist": "file",
}
CODECS = {"libdav1d": "av1", "libaom-av1": "av1"}  # by what decodes them -> the codec's name
LONGEST = 256  # characters of a tag that are kept
TECHNICAL = {  # tags kept; titles, comments and authors may be anybody's words and names
    "major_brand",
    "minor_version",
    "compatible_brands",
    "encoder",
    "creation_time",
    "make",
    "model",
    "com.android.version",
    "com.apple.quicktime.make",
    "com.apple.quicktime.model",
    "com.apple.quicktime.software",
    "com.apple.quicktime.creationdate",
}

av.logging.set_level(None)


@contextmanager
def opened(path: Path, container: str) -> Iterator[av.container.InputContainer]:
    """The container at `path`, by the demuxer for its content. Raises Truncated, NotMedia."""
    demuxer = CONTAINERS[container].demuxer
    try:
        source = av.open(
            str(path),
            format=demuxer,
            options=OPTIONS,
            metadata_errors="replace",
        )
    except av.error.FFmpegError as fault:
        _needs_whole_index(path, container)
        raise errors.NotMedia(
            "The file begins like {container} but cannot be opened: {why}.",
            container=container,
            why=str(fault.strerror),
        ) from None
    with source:
        yield source


def _needs_whole_index(path: Path, container: str) -> None:
    """Raises `Truncated` where an MP4 has no whole `moov` box."""
    if container != "mp4":
        return
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as data,
    ):
        whole = has_whole_index(data)
    if not whole:
        raise errors.Truncated(
            "The index (moov) is missing: the end of the file was never written or got lost."
        )


def video_facts(
    path: Path,
    container: str,
    limits: Limits,
) -> Media:
    """Facts of a video. Raises NoVideoTrack, NotMedia, TooLarge and what `opened` raises."""
    with opened(path, container) as source:
        if not source.streams.video:
            _needs_whole_index(path, container)
        tracks = main_tracks(source)
        track, sound = tracks.video, tracks.sound
        context = track.codec_context
        check_size(context.width, context.height, limits)
        duration = _duration(source, track)
        check_duration(duration, limits)
        start = (track.start_time or 0) * (track.time_base or 0)
        return Media(
            kind="video",
            container=container,
            codec=CODECS.get(context.name, context.name),
            width=context.width,
            height=context.height,
            duration_s=round(duration, 6),
            start_s=round(float(start), 6),
            frame_count=track.frames,
            frame_rate=round(float(track.average_rate or Fraction(0)), 4),
            pixel_format=context.pix_fmt or "",
            bit_rate=source.bit_rate or 0,
            other_video_tracks=tracks.others,
            audio_codec=sound.codec_context.name if sound else None,
            audio_duration_s=_sound_duration(sound),
            tags=_tags(source),
        )


def _sound_duration(sound: av.AudioStream | None) -> float | None:
    if not sound or not sound.duration or not sound.time_base:
        return None
    return round(float(sound.duration * sound.time_base), 6)


def _duration(source: av.container.InputContainer, track: av.VideoStream) -> float:
    if track.duration and track.time_base:
        return float(track.duration * track.time_base)
    return (source.duration or 0) / av.time_base


def _tags(source: av.container.InputContainer) -> dict[str, str]:
    """Technical tags as stored; a place is told as present, never printed."""
    tags = {str(key).lower(): str(value)[:LONGEST] for key, value in source.metadata.items()}
    kept = {key: value for key, value in tags.items() if key in TECHNICAL}
    if any("location" in key or "gps" in key for key in tags):
        kept["gps"] = "present"
    return dict(sorted(kept.items()))


def check_size(
    width: int,
    height: int,
    limits: Limits,
) -> None:
    """Raises `TooLarge` before a pixel is decoded."""
    long = max(limits.width, limits.height)
    short = min(limits.width, limits.height)
    if max(width, height) > long or min(width, height) > short:
        raise errors.TooLarge(
            "The picture is {width}x{height}; the limit is {most_wide}x{most_high}.",
            width=width,
            height=height,
            most_wide=limits.width,
            most_high=limits.height,
        )


def check_duration(seconds: float, limits: Limits) -> None:
    """Raises `TooLarge`."""
    if seconds > limits.duration_s:
        raise errors.TooLarge(
            "The video lasts {seconds:,.0f} s; the limit is {most:,.0f} s.",
            seconds=seconds,
            most=limits.duration_s,
        )
