"""Ingest, inside the box: open the upload by closed lists, hold it to the limits, state its facts."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.error
import pi_heif
from PIL import Image

from models import errors
from models.media import Limits, Media

# The demuxer for each content, and the only ones libavformat may ever use (DESIGN, 'Decoding evidence').
DEMUXERS = {"mp4": "mov", "mkv": "matroska", "avi": "avi", "ts": "mpegts"}
OPTIONS = {"format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts", "protocol_whitelist": "file"}
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
PHOTOS = {"jpg": ("JPEG", "MPO"), "png": ("PNG",), "webp": ("WEBP",)}  # what Pillow may take each content for

av.logging.set_level(None)
Image.MAX_IMAGE_PIXELS = None  # our own limit decides


@contextmanager
def opened(path: Path, container: str) -> Iterator[av.container.InputContainer]:
    """The container at `path`, by the demuxer for its content. Raises Truncated, NotMedia."""
    try:
        source = av.open(str(path), format=DEMUXERS[container], options=OPTIONS, metadata_errors="replace")
    except av.error.FFmpegError as fault:
        _whole_index(path, container)
        raise errors.NotMedia(f"The file begins like {container} but cannot be opened: {fault.strerror}.") from None
    with source:
        yield source


def _whole_index(path: Path, container: str) -> None:
    """Raises `Truncated` where an MP4 has no whole `moov` atom; walks the headers of the top level only."""
    if container != "mp4":
        return
    with path.open("rb") as file:
        size, at = path.stat().st_size, 0
        while at + 8 <= size:
            file.seek(at)
            length, kind = struct.unpack(">I4s", file.read(8))
            if length == 1:
                length = int.from_bytes(file.read(8), "big")
            if kind == b"moov" and at + length <= size:
                return
            if length < 8:
                break
            at += length
    raise errors.Truncated("The index (moov) is missing: the end of the file was never written or got lost.")


def video(path: Path, container: str, limits: Limits) -> Media:
    """Facts of a video. Raises NoVideoTrack, NoPicture, TooLarge and what `opened` raises."""
    with opened(path, container) as source:
        if not source.streams.video:
            _whole_index(path, container)
            raise errors.NoVideoTrack("The file has no video track.")
        track = source.streams.video[0]
        context = track.codec_context
        if context is None:
            raise errors.NotMedia("The video track is of a kind that no decoder here knows.")
        fits(context.width, context.height, limits)
        duration = _duration(source, track)
        if duration > limits.duration_s:
            raise errors.TooLarge(f"The video lasts {duration:,.0f} s; the limit is {limits.duration_s:,.0f} s.")
        sound = source.streams.audio[0] if source.streams.audio else None
        return Media(
            kind="video",
            container=container,
            codec=context.name,
            width=context.width,
            height=context.height,
            duration_s=round(duration, 6),
            start_s=round(float((track.start_time or 0) * (track.time_base or 0)), 6),
            frame_count=track.frames,
            frame_rate=round(float(track.average_rate or Fraction(0)), 4),
            pixel_format=context.pix_fmt or "",
            bit_rate=source.bit_rate or 0,
            audio_codec=sound.codec_context.name if sound and sound.codec_context else None,
            audio_duration_s=round(float(sound.duration * sound.time_base), 6) if sound and sound.duration and sound.time_base else None,
            tags=_tags(source),
        )


def _duration(source: av.container.InputContainer, track: av.VideoStream) -> float:
    if track.duration and track.time_base:
        return float(track.duration * track.time_base)
    return (source.duration or 0) / av.time_base


def _tags(source: av.container.InputContainer) -> dict[str, str]:
    """Technical tags as stored; a place is told as present, never printed."""
    tags = {str(key).lower(): str(value)[:LONGEST] for key, value in source.metadata.items()}
    kept = {key: value for key, value in tags.items() if key in TECHNICAL}
    placed = {"gps": "present"} if any("location" in key or "gps" in key for key in tags) else {}
    return dict(sorted((kept | placed).items()))


def fits(width: int, height: int, limits: Limits) -> None:
    """Raises `TooLarge` before a pixel is decoded."""
    if max(width, height) > max(limits.width, limits.height) or min(width, height) > min(limits.width, limits.height):
        raise errors.TooLarge(f"The picture is {width}x{height}; the limit is {limits.width}x{limits.height}.")


def photo_header(path: Path, container: str, limits: Limits) -> None:
    """Reads a photo's claimed size, and nothing more, from its header. Raises Truncated, TooLarge, NoPicture."""
    try:
        if container == "heic":
            width, height = pi_heif.open_heif(path).size
        else:
            with Image.open(path, formats=PHOTOS[container]) as header:
                width, height = header.size
    except ValueError as fault:  # Pillow refuses packed text that unfolds beyond a mebibyte
        raise errors.TooLarge(f"The photo's header is too much to read: {fault}.") from None
    except (OSError, SyntaxError, EOFError, IndexError, struct.error):
        raise errors.Truncated(f"The photo begins like {container} but its header cannot be read to its end.") from None
    if width * height > limits.photo_pixels:
        raise errors.TooLarge(f"The photo claims {width}x{height} pixels; the limit is {limits.photo_pixels:,} in all.")
    if not width * height:
        raise errors.NoPicture("The photo's header claims no pixels.")
