"""Walking the boxes of ISO media (mp4, mov, 3gp): names, places, and the few that are read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"edts", b"udta", b"dinf", b"stbl", b"ilst"}
MOST = 20_000  # boxes; a file with more is not walked on
DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Box:
    """One box: `path` like moov/trak/edts/elst, and where its body lies."""

    path: str
    start: int
    end: int

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def walk(data: memoryview) -> Iterator[Box]:
    """Every box in order, outer before inner. Sizes that make no sense end the level they are on."""
    left = MOST
    stack = [("", 0, len(data))]
    while stack and left:
        path, at, end = stack.pop()
        if at + 8 > end:
            continue
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= end:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            continue
        left -= 1
        name = kind.decode("latin-1")
        inner = f"{path}/{name}" if path else name
        yield Box(inner, at + head, at + size)
        stack.append((path, at + size, end))
        if kind in CONTAINERS and inner.count("/") < DEEPEST:
            stack.append((inner, at + head, at + size))
        elif kind == b"meta":  # ISO: version and flags first; QuickTime: none
            skip = 0 if bytes(data[at + head + 4 : at + head + 8]) == b"hdlr" else 4
            stack.append((inner, at + head + skip, at + size))


def edits(body: memoryview) -> list[tuple[int, int, float]]:
    """Entries of an edit list: (duration, media time, rate). An empty edit has media time -1."""
    version, count = body[0], struct.unpack_from(">I", body, 4)[0]
    form = ">QqhH" if version == 1 else ">IihH"
    size = struct.calcsize(form)
    entries = []
    for i in range(min(count, (len(body) - 8) // size, 10_000)):
        duration, time, whole, part = struct.unpack_from(form, body, 8 + i * size)
        entries.append((duration, time, whole + part / 65536))
    return entries
