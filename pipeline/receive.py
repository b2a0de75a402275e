"""Receiving an upload: its digest, its size, and its kind by content. Pure Python: the parent opens no media."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from models import errors
from models.media import Kind, Limits

CHUNK = 1 << 20  # bytes a read
HEIC = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}
ATOMS = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}


@dataclass(frozen=True, slots=True)
class Received:
    """One upload as it came. `container` is our name for its content; the file's own name is never believed."""

    path: Path
    sha256: str
    size: int
    kind: Kind
    container: str
    seen: tuple[int, int, int]

    @property
    def name(self) -> str:
        """A name made by us: no decoder ever sees the submitter's."""
        return f"{self.sha256}.{self.container}"


def received(path: Path, limits: Limits) -> Received:
    """What was handed in at `path`. Raises Missing, Unreadable, Empty, NotMedia, TooLarge, ChangedWhileRead."""
    try:
        with _opened(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
            before = os.fstat(descriptor)
            if before.st_size == 0:
                raise errors.Empty("The file is empty (0 bytes).")
            if before.st_size > limits.bytes:
                raise errors.TooLarge(f"The file has {before.st_size:,} bytes; the limit is {limits.bytes:,}.")
            head = file.read(4096)
            kind, container = content(head)
            digest = hashlib.sha256(head)
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        raise errors.Missing("There is no file of this name.") from None
    except PermissionError:
        raise errors.Unreadable("This file may not be read.") from None
    except OSError as fault:
        raise errors.Unreadable(f"This file cannot be read: {fault.strerror}.") from None
    upload = Received(path, digest.hexdigest(), before.st_size, kind, container, _trace(before))
    unchanged(upload)
    return upload


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A regular file, opened without waiting (a pipe named like a video must not hang us)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise errors.NotMedia("This is not a regular file.")
        yield descriptor
    finally:
        os.close(descriptor)


def unchanged(upload: Received) -> None:
    """Raises `ChangedWhileRead` where the file is no longer the one that was hashed."""
    try:
        now = _trace(upload.path.stat())
    except OSError:
        now = (0, 0, 0)
    if now != upload.seen:
        raise errors.ChangedWhileRead("The file changed while it was read.")


def _trace(info: os.stat_result) -> tuple[int, int, int]:
    return info.st_ino, info.st_size, info.st_mtime_ns


def content(head: bytes) -> tuple[Kind, str]:
    """Kind and container by the first bytes. A closed list; everything else is `NotMedia`, whatever it is called."""
    if head[4:8] == b"ftyp" and head[8:12] in HEIC:
        return "image", "heic"
    if head[4:8] in ATOMS:
        return "video", "mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video", "mkv"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "video", "avi"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image", "webp"
    if any(
        len(head) > start + 2 * step and head[start] == head[start + step] == head[start + 2 * step] == 0x47
        for start, step in ((0, 188), (4, 192))
    ):
        return "video", "ts"
    if head.startswith(b"\xff\xd8\xff"):
        return "image", "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image", "png"
    raise errors.NotMedia("By its content this is none of the kinds of video or photo that are read, whatever its name says.")


@contextmanager
def scratch(upload: Received) -> Iterator[Path]:
    """A folder of our own with a link of our own name to the upload; gone afterwards, whatever happens."""
    with TemporaryDirectory(prefix="parcelproof-") as folder:
        link = Path(folder) / upload.name
        link.symlink_to(upload.path.resolve())
        yield link
