"""Endings: whether the bytes of a photo reach the end that its format demands."""

from __future__ import annotations

import struct

SCAN, END = 0xDA, b"\xff\xd9"  # JPEG: start of a scan, end of the picture
ALONE = {0x01, *range(0xD0, 0xDA)}  # JPEG markers without a length
PNG_END = b"IEND"
TAIL = 1 << 16  # bytes at the end in which PNG may say that it ends; programs append to photos


def reaches_its_end(data: memoryview, container: str) -> bool:
    """False where the end is missing; True for containers whose decoder tells it itself."""
    if container == "jpg":
        return _jpeg_ends(data)
    if container == "png":
        return PNG_END in bytes(data[-TAIL:])
    if container == "webp" and len(data) >= 8:
        (size,) = struct.unpack_from("<I", data, 4)
        return len(data) >= int(size) + 8
    return True


def _jpeg_ends(data: memoryview) -> bool:
    """Whether an end of picture follows the first scan: a thumbnail before it has its own."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == SCAN:
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 if marker in ALONE else 1 if marker == 0xFF else 2 + length
    return bytes(data[at:]).find(END) >= 0
