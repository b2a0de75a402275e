"""Metadata: which device, program and time a file names, and whether it names a place."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import exifread
import pi_heif

from models.containers import CONTAINERS
from models.detector import Bytes, detector
from models.kinds import Device
from models.media import File, Media

PHOTO_TAGS = {
    "Image Make": "make",
    "Image Model": "model",
    "Image Software": "software",
    "EXIF DateTimeOriginal": "time",
    "Image DateTime": "changed",
}
VIDEO_TAGS = {  # the later ones yield to the earlier
    "com.apple.quicktime.make": "make",
    "com.apple.quicktime.model": "model",
    "com.apple.quicktime.software": "software",
    "com.apple.quicktime.creationdate": "time",
    "make": "make",
    "model": "model",
    "creation_time": "time",
    "com.android.version": "android",
    "encoder": "encoder",
}
EXIF_MARK = b"Exif\x00\x00"  # before the TIFF
LONGEST = 120  # characters of a tag that are kept
PLACE = "GPS GPSL"  # how EXIF names of latitude and longitude begin


@detector(
    sees=[Device],
    wants=Bytes(),
    on=["video", "image"],
)
def metadata(files: Iterable[File], media: Media) -> Iterator[Device]:
    """Make, model, software and time as tagged; GPS as present or absent, never where.

    That a tag is missing means nothing.
    """
    for file in files:
        named = _photo(file) if media.kind == "image" else _video(media)
        device = " ".join(filter(None, (named.get("make"), named.get("model"))))
        yield Device.model_validate({**named, "value": device or None})


def _video(media: Media) -> dict[str, str]:
    """From the container."""
    named = {
        name: media.tags[key][:LONGEST]
        for key, name in reversed(VIDEO_TAGS.items())
        if key in media.tags
    }
    return named | {"gps": media.tags.get("gps", "absent")}


def _photo(file: File) -> dict[str, str]:
    """From EXIF."""
    tags = {}
    if CONTAINERS[file.container].exif:
        tags = _exif_tags(file)
    named = {
        name: str(tags[key]).strip()[:LONGEST] for key, name in PHOTO_TAGS.items() if key in tags
    }
    placed = any(key.startswith(PLACE) for key in tags)
    return named | {"gps": "present" if placed else "absent"}


def _exif_tags(file: File) -> dict[str, Any]:
    """By ExifRead; HEIC's own boxes, which it does not survive, are opened by libheif.

    Whatever a broken EXIF makes the reader raise, the photo then names nothing.
    """
    raw = bytes(file.data)
    if file.container == "heic":
        raw = _heic_exif(raw)
    with suppress(Exception):
        return dict(exifread.process_file(io.BytesIO(raw), details=False))
    return {}


def _heic_exif(raw: bytes) -> bytes:
    """The EXIF of a HEIC photo as a TIFF; empty where there is none."""
    exif = pi_heif.open_heif(io.BytesIO(raw)).info.get("exif") or b""
    return bytes(exif[len(EXIF_MARK) :]) if exif.startswith(EXIF_MARK) else bytes(exif)
