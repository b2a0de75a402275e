"""Metadata: which device, program and time a file names, and whether it names a place (never which)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import exifread

from models.detector import Bytes, detector
from models.media import File, Media
from models.observation import Observation

PHOTO_TAGS = {
    "Image Make": "make",
    "Image Model": "model",
    "Image Software": "software",
    "EXIF DateTimeOriginal": "time",
    "Image DateTime": "changed",
}
VIDEO_TAGS = {
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
LONGEST = 120  # characters of a tag that are kept
EXIF = ("jpg", "png", "webp", "heic")


@detector(sees=["device"], wants=Bytes(), on=["video", "image"])
def metadata(files: Iterable[File], media: Media) -> Iterator[Observation]:
    """Make, model, software and time as tagged; GPS as present or absent. That a tag is missing means nothing."""
    for file in files:
        named = _photo(file) if media.kind == "image" else _video(media)
        yield Observation(
            kind="device", value=" ".join(filter(None, (named.get("make"), named.get("model")))) or None, detail=dict(sorted(named.items()))
        )


def _video(media: Media) -> dict[str, str]:
    named = {name: media.tags[key][:LONGEST] for key, name in reversed(VIDEO_TAGS.items()) if key in media.tags}
    return named | {"gps": media.tags.get("gps", "absent")}


def _photo(file: File) -> dict[str, str]:
    tags = exifread.process_file(io.BytesIO(file.data), details=False) if file.container in EXIF else {}
    named = {name: str(tags[key]).strip()[:LONGEST] for key, name in PHOTO_TAGS.items() if key in tags}
    return named | {"gps": "present" if any(key.startswith("GPS GPSL") for key in tags) else "absent"}
