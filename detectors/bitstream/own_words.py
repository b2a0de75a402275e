"""Own words: titles, comments and names that people gave a file, and where they stand in it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from detectors.bitstream.boxes import Box

FIELDS = "nam|cmt|des|ART|alb|inf|wrt|key|aut|grp|lyr|gen|PRD|dir|prf|src"
ITEM = re.compile(rf"^(?:©(?:{FIELDS})|desc|ldes|titl|dscp|auth|albm|perf|kywd|sdes|aART)$")
KEY = re.compile(rb"title|comment|description|information|artist|author|keywords|displayname|album")
AVI_ITEM = re.compile(rb"(?:INAM|ICMT|ISBJ|IART|IKEY|IGNR|ICOP)(.{4})", re.DOTALL)
MKV_TITLE = re.compile(rb"\x7b\xa9|\x53\x6e")  # Title of the segment, Name of a track
MKV_TAG = re.compile(
    rb"\x45\xa3.(?:TITLE|COMMENTS?|DESCRIPTION|SUMMARY|ARTIST|SUBJECT|KEYWORDS)"
    rb"[^\x44]{0,24}\x44\x87",
    re.DOTALL | re.IGNORECASE,
)


class Place(NamedTuple):
    """From which byte up to which."""

    start: int
    end: int


def words_in_boxes(data: memoryview, boxes: Sequence[Box]) -> Iterator[Place]:
    """Where they stand in an MP4: items with a name of their own, and those named by a key."""
    own: set[int] = set()
    for box in boxes:
        if box.name == "keys":
            own = set(_own_keys(data[box.start : box.end]))
        item = box.path.endswith(f"ilst/{box.name}") and len(box.name) == 4
        raw = box.name.encode("latin-1", "replace")
        number = int.from_bytes(raw, "big") if item else 0
        if ITEM.match(box.name) or number in own:
            yield Place(box.start, box.end)


def _own_keys(body: memoryview) -> Iterator[int]:
    """Numbers, from 1, of the keys under which people's own words stand."""
    at, number = 8, 1
    while at + 8 <= len(body):
        (size,) = struct.unpack_from(">I", body, at)
        if size < 8:
            return
        if KEY.search(bytes(body[at + 8 : at + size]).lower()):
            yield number
        at += size
        number += 1


def words_in_text(text: bytes, container: str) -> Iterator[Place]:
    """Where they stand in the head and tail of an AVI or a Matroska file."""
    if container == "avi":
        for found in AVI_ITEM.finditer(text):
            (size,) = struct.unpack("<I", found[1])
            yield Place(found.end(), found.end() + size)
    if container == "mkv":
        for found in (*MKV_TITLE.finditer(text), *MKV_TAG.finditer(text)):
            after = found.end()
            size, length = _vint(text[after : after + 8])
            start = after + length
            yield Place(start, start + size)


def _vint(head: bytes) -> tuple[int, int]:
    """(value, bytes it takes) of a length in EBML."""
    if not head or not head[0]:
        return 0, 0
    length = 9 - head[0].bit_length()
    value = int.from_bytes(head[:length], "big") & ~(1 << 7 * length)
    return value, length


def without(text: bytes, places: Iterable[Place]) -> bytes:
    """The text with these places empty."""
    kept = bytearray(text)
    for place in places:
        end = min(place.end, len(kept))
        if place.start < end:
            length = end - place.start
            kept[place.start : end] = bytes(length)
    return bytes(kept)
