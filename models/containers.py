"""Containers that are read, each named once: what it is called, how it ends, who may open it.

A closed list. Everything else is `NotMedia`, whatever its name says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from models import errors
from models.message import N_

MediaKind = Literal["video", "image", "document"]

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
MP4_BOXES = {
    *(b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"),
    *(b"styp", b"sidx", b"moof", b"emsg", b"prft"),
}
PDF, PDF_WITHIN = b"%PDF-", 1024  # how a document begins, within so many bytes
SYNC = 0x47  # first byte of every packet of a transport stream
FEWEST = 2  # further packets that must follow the first in step
# Bytes a packet of a transport stream: broadcast, M2TS, with error correction.
SYNC_STEPS = (188, 192, 204)


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
            "pdf",
            "document",
            (".pdf",),
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


SAVE = N_("This is a {what} file, which is not read here. Save it as JPEG or PNG.")
UNPACK = N_("This is a {what} archive, which is not opened here. Hand in the video or photo in it.")
SHOW = N_("This is a {what} document, which is not read here. Hand in a screenshot of the page.")
EXPORT = N_("This is a {what} file, which is not read here. Export the video as MP4.")


class Other(NamedTuple):
    """What else people hand in: its name, where and how its bytes begin, and the way out."""

    what: str
    start: int
    mark: bytes
    way_out: str


OTHERS = (
    Other(
        "AVIF",
        8,
        b"avif",
        SAVE,
    ),
    Other(
        "AVIF",
        8,
        b"avis",
        SAVE,
    ),
    Other(
        "TIFF",
        0,
        b"II*\0",
        SAVE,
    ),
    Other(
        "TIFF",
        0,
        b"MM\0*",
        SAVE,
    ),
    Other(
        "GIF",
        0,
        b"GIF8",
        SAVE,
    ),
    Other(
        "BMP",
        0,
        b"BM",
        SAVE,
    ),
    Other(
        "JPEG XL",
        0,
        b"\xff\x0a",
        SAVE,
    ),
    Other(
        "JPEG XL",
        4,
        b"JXL ",
        SAVE,
    ),
    Other(
        "ZIP",
        0,
        b"PK\x03\x04",
        UNPACK,
    ),
    Other(
        "RAR",
        0,
        b"Rar!",
        UNPACK,
    ),
    Other(
        "7-Zip",
        0,
        b"7z\xbc\xaf\x27\x1c",
        UNPACK,
    ),
    Other(
        "gzip",
        0,
        b"\x1f\x8b",
        UNPACK,
    ),
    Other(
        "HTML",
        0,
        b"<!DOCTYPE",
        SHOW,
    ),
    Other(
        "HTML",
        0,
        b"<html",
        SHOW,
    ),
    Other(
        "WMV",
        0,
        b"\x30\x26\xb2\x75",
        EXPORT,
    ),
    Other(
        "FLV",
        0,
        b"FLV",
        EXPORT,
    ),
    Other(
        "MPEG",
        0,
        b"\0\0\x01\xba",
        EXPORT,
    ),
)


def container_of(head: bytes) -> Container:
    """The container by its first bytes. Raises `NotMedia`."""
    name = _name_of(head)
    if name is None:
        for other in OTHERS:
            if head[other.start :].startswith(other.mark):
                raise errors.NotMedia(other.way_out, what=other.what)
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
    if box == b"ftyp" and brand in AVIF_BRANDS:
        return None
    if box in MP4_BOXES:
        return "mp4"
    if head.startswith(b"RIFF"):
        return {b"AVI ": "avi", b"WEBP": "webp"}.get(brand)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "mkv"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if PDF in head[:PDF_WITHIN]:
        return "pdf"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "ts" if any(_in_step(head, step) for step in SYNC_STEPS) else None


def _in_step(head: bytes, step: int) -> bool:
    """Do packets of a transport stream follow each other? It may begin inside one."""
    for first in range(step):
        marks = set(head[first::step])
        if marks == {SYNC}:
            return len(head) > first + FEWEST * step
    return False
