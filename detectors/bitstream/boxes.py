"""Walking the boxes of ISO media (mp4, mov, 3gp): names, places, and the few that are read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"edts", b"udta", b"dinf", b"stbl", b"ilst"}
MOST = 20_000  # boxes; a file with more is not walked on
DEEPEST = 10
MOST_EDITS = 10_000  # entries of an edit list that are read


@dataclass(frozen=True, slots=True)
class Box:
    """One box: `path` like moov/trak/edts/elst, and where its body lies."""

    path: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def top_level(self) -> bool:
        """Whether no other box holds it."""
        return "/" not in self.path


@dataclass(frozen=True, slots=True)
class Edit:
    """An entry of an edit list, in units of the file. An empty edit has media time -1."""

    duration: int
    media_time: int
    rate: float


def walk(data: memoryview) -> Iterator[Box]:
    """Every box in order, outer before inner. Sizes that make no sense end their level."""
    left = MOST
    stack = [("", 0, len(data))]
    while stack and left:
        path, at, end = stack.pop()
        header = _header(data, at, end)
        if header is None:
            continue
        kind, body, after = header
        left -= 1
        name = kind.decode("latin-1")
        inner = f"{path}/{name}" if path else name
        yield Box(inner, body, after)
        stack.append((path, after, end))
        if kind in CONTAINERS and inner.count("/") < DEEPEST:
            stack.append((inner, body, after))
        elif kind == b"meta":
            stack.append((inner, body + _meta_head(data, body), after))


def _header(
    data: memoryview,
    at: int,
    end: int,
) -> tuple[bytes, int, int] | None:
    """(kind, where the body begins, where the box ends); None where no box lies there."""
    if at + 8 > end:
        return None
    size, kind = struct.unpack_from(">I4s", data, at)
    head = 8
    if size == 1 and at + 16 <= end:
        size = struct.unpack_from(">Q", data, at + 8)[0]
        head = 16
    elif size == 0:
        size = end - at
    if size < head or at + size > end:
        return None
    return kind, at + head, at + size


def _meta_head(data: memoryview, body: int) -> int:
    """Bytes before the first box of `meta`: ISO puts version and flags there, QuickTime none."""
    return 0 if bytes(data[body + 4 : body + 8]) == b"hdlr" else 4


def has_whole_index(data: memoryview) -> bool:
    """Does an MP4 hold its `moov` box to the end?"""
    return any(box.path == "moov" for box in walk(data))


def edits(body: memoryview) -> list[Edit]:
    """Entries of the edit list whose body this is."""
    version = body[0]
    count = struct.unpack_from(">I", body, 4)[0]
    layout = ">QqhH" if version == 1 else ">IihH"
    size = struct.calcsize(layout)
    entries = []
    for i in range(min(count, (len(body) - 8) // size, MOST_EDITS)):
        duration, time, whole, part = struct.unpack_from(layout, body, 8 + i * size)
        entries.append(Edit(duration, time, whole + part / 65536))
    return entries
