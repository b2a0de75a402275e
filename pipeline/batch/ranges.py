"""Parts of a file that lies elsewhere, in blocks, each read once and kept in a sparse file."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from models import errors

BLOCK = 1 << 16  # bytes
MOST_BOXES = 64  # at the top of an MP4 file that are walked over
MEDIA = b"mdat"
LARGEST = 64 << 20  # bytes of a box beside the media that are read

Read = Callable[[int, int], bytes]
"""The bytes from one place up to another."""


class Parts:
    """A file of `size` bytes at `path`, of which only what was needed is there; the rest is zeros.

    `requests` and `bytes_read` count what it cost.
    """

    def __init__(
        self,
        read: Read,
        size: int,
        path: Path,
    ) -> None:
        self.read = read
        self.size = size
        self.path = path
        self.there: set[int] = set()
        self.requests = 0
        self.bytes_read = 0
        with path.open("xb") as file:
            file.truncate(size)

    def need(self, stretches: Iterable[tuple[int, int]]) -> None:
        """Those stretches are there afterwards; blocks beside each other are one request."""
        wanted: set[int] = set()
        for start, end in stretches:
            wanted.update(range(start // BLOCK, -(-min(end, self.size) // BLOCK)))
        missing = sorted(wanted - self.there)
        for _, some in groupby(enumerate(missing), key=lambda pair: pair[1] - pair[0]):
            blocks = [block for _, block in some]
            start, end = blocks[0] * BLOCK, min(self.size, (blocks[-1] + 1) * BLOCK)
            content = self.read(start, end)
            if len(content) != end - start:
                raise errors.ChangedWhileRead("The file changed while it was read.")
            with self.path.open("r+b") as file:
                file.seek(start)
                file.write(content)
            self.requests += 1
            self.bytes_read += len(content)
            self.there.update(blocks)

    def at(self, start: int, length: int) -> bytes:
        """Those bytes, read where they are not there yet."""
        self.need([(start, start + length)])
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(length)


class TopBox(NamedTuple):
    """A box at the top of an MP4 file."""

    kind: bytes
    start: int
    end: int


def top_boxes(parts: Parts) -> Iterator[TopBox]:
    """Each box at the top by its header alone, as far as they make sense."""
    at = 0
    for _ in range(MOST_BOXES):
        header = parts.at(at, 16)
        if len(header) < 8:
            return
        size, kind = struct.unpack(">I4s", header[:8])
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack(">Q", header[8:])
        end = parts.size if size == 0 else at + size
        if end < at + 8:
            return
        yield TopBox(kind, at, min(end, parts.size))
        at = end
        if at >= parts.size:
            return


def index_of(parts: Parts) -> None:
    """Everything but the media is there afterwards. Raises Truncated, TooLarge."""
    boxes = list(top_boxes(parts))
    beside = [box for box in boxes if box.kind != MEDIA]
    if len(boxes) == MOST_BOXES:
        raise errors.NotMedia("Its index is not among its first {most} boxes.", most=MOST_BOXES)
    if not any(box.kind == b"moov" for box in boxes):
        raise errors.Truncated(
            "The index (moov) is missing: the end of the file was never written or got lost."
        )
    if any(box.kind == b"moof" for box in boxes):
        raise errors.NotMedia("Its index lies in pieces all over the file.")
    if sum(box.end - box.start for box in beside) > LARGEST:
        raise errors.TooLarge(
            "Its index has more than {most:,} bytes.",
            most=LARGEST,
        )
    parts.need((box.start, box.end) for box in beside)
