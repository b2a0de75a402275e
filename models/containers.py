"""Containers that are read, each named once: what it is called, how it ends, who may open it.

A closed list. Everything else is `NotMedia`, whatever its name says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models import errors

MediaKind = Literal["video", "image", "document"]

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}
MP4_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
SYNC = 0x47  # first byte of every packet of a transport stream
SYNC_LAYOUTS = ((0, 188), (4, 192))  # (first packet, bytes a packet): broadcast, and M2TS


@dataclass(frozen=True, slots=True)
class Container:
    """`name` is ours, and the suffix a decoder sees. `demuxer` is libavformat's name."""

    name: str
    kind: MediaKind
    suffixes: tuple[str, ...]
    mime: str = ""
    demuxer: str = ""
    pillow: tuple[str, ...] = ()
    exif: bool = False


CONTAINERS = {
    container.name: container
    for container in (
        Container(
            "mp4",
            "video",
            (".mp4", ".mov", ".m4v", ".3gp"),
            "video/mp4",
            demuxer="mov",
        ),
        Container(
            "mkv",
            "video",
            (".mkv", ".webm"),
            demuxer="matroska",
        ),
        Container(
            "avi",
            "video",
            (".avi",),
            "video/avi",
            demuxer="avi",
        ),
        Container(
            "ts",
            "video",
            (".ts", ".m2ts"),
            demuxer="mpegts",
        ),
        Container(
            "jpg",
            "image",
            (".jpg", ".jpeg"),
            "image/jpeg",
            pillow=("JPEG", "MPO"),
            exif=True,
        ),
        Container(
            "png",
            "image",
            (".png",),
            "image/png",
            pillow=("PNG",),
            exif=True,
        ),
        Container(
            "webp",
            "image",
            (".webp",),
            "image/webp",
            pillow=("WEBP",),
            exif=True,
        ),
        Container(
            "heic",
            "image",
            (".heic", ".heif"),
            "image/heic",
            exif=True,
        ),
    )
}
SUFFIXES = frozenset(suffix for one in CONTAINERS.values() for suffix in one.suffixes)


def container_of(head: bytes) -> Container:
    """The container by its first bytes. Raises `NotMedia`."""
    name = _name_of(head)
    if name is None:
        raise errors.NotMedia(
            "By its content this is none of the kinds of video or photo that are read, "
            "whatever its name says."
        )
    return CONTAINERS[name]


def _name_of(head: bytes) -> str | None:
    """Our name for what begins like this; None where it is nothing that is read."""
    box = head[4:8]
    brand = head[8:12]
    if box == b"ftyp" and brand in HEIC_BRANDS:
        return "heic"
    if box in MP4_BOXES:
        return "mp4"
    if head.startswith(b"RIFF"):
        return {b"AVI ": "avi", b"WEBP": "webp"}.get(brand)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "mkv"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "ts" if any(_in_step(head, *layout) for layout in SYNC_LAYOUTS) else None


def _in_step(
    head: bytes,
    start: int,
    step: int,
) -> bool:
    """Do three packets of a transport stream follow each other?"""
    last = start + 2 * step
    return len(head) > last and set(head[start : last + 1 : step]) == {SYNC}
