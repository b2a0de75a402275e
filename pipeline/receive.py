"""Receiving an upload: its digest, its size, and its kind by content.

Pure Python: the parent opens no media. Each file is hashed once.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from models import errors
from models.containers import SUFFIXES, Container, MediaKind, container_of
from models.media import Limits

CHUNK = 1 << 20  # bytes a read
HEAD = 4096  # bytes by which a file's kind is known
OWN = ("examination.json", "report.json")  # files of a report's folder
PAGE, FRAMES = "index.html", "frames"  # what else may be in it


@dataclass(frozen=True, slots=True)
class Received:
    """One upload as it came. `identity` tells whether the file is still the one that was hashed."""

    path: Path
    sha256: str
    size: int
    content: Container
    identity: tuple[int, int, int]

    @property
    def kind(self) -> MediaKind:
        """Video or photo."""
        return self.content.kind

    @property
    def container(self) -> str:
        """Our name for its content."""
        return self.content.name

    @property
    def name(self) -> str:
        """A name made by us: no decoder ever sees the submitter's."""
        return f"{self.sha256}.{self.container}"


def received(
    path: Path,
    limits: Limits,
    sha256: str = "",
) -> Received:
    """What was handed in at `path`; `sha256` where we wrote it ourselves and know its digest.

    Raises Missing, Unreadable, Empty, NotMedia, TooLarge, ChangedWhileRead.
    """
    try:
        upload = _hashed(path, limits, sha256)
    except FileNotFoundError:
        raise errors.Missing("There is no file of this name.") from None
    except PermissionError:
        raise errors.Unreadable("This file may not be read.") from None
    except OSError as fault:
        raise errors.Unreadable(
            "This file cannot be read: {why}.", why=str(fault.strerror)
        ) from None
    check_unchanged(upload)
    return upload


def _hashed(
    path: Path,
    limits: Limits,
    known: str,
) -> Received:
    """Read once, from beginning to end; of what is known the head alone."""
    with _opened(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        before = os.fstat(descriptor)
        if before.st_size == 0:
            raise errors.Empty("The file is empty (0 bytes).")
        if before.st_size > limits.bytes:
            raise errors.TooLarge(
                "The file has {size:,} bytes; the limit is {most:,}.",
                size=before.st_size,
                most=limits.bytes,
            )
        head = file.read(HEAD)
        content = container_of(head)
        digest = hashlib.sha256(head)
        while not known and (chunk := file.read(CHUNK)):
            digest.update(chunk)
    return Received(
        path,
        known or digest.hexdigest(),
        before.st_size,
        content,
        _identity(before),
    )


def in_parts(
    path: Path,
    name: str,
    head: bytes,
) -> Received:
    """A file of our own that holds parts of an upload, under a digest of its name. Raises NotMedia.

    Received anew whenever a part was added.
    """
    info = path.stat()
    return Received(
        path,
        hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest(),
        info.st_size,
        container_of(head),
        _identity(info),
    )


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


def check_unchanged(upload: Received) -> None:
    """Raises `ChangedWhileRead` where the file is no longer the one that was hashed."""
    try:
        now = _identity(upload.path.stat())
    except OSError:
        now = (0, 0, 0)
    if now != upload.identity:
        raise errors.ChangedWhileRead("The file changed while it was read.")


def _identity(info: os.stat_result) -> tuple[int, int, int]:
    """What changes when a file does."""
    return info.st_ino, info.st_size, info.st_mtime_ns


def shown(path: Path) -> str:
    """A path as people see it: names need not be text."""
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Below:
    """A file below a folder; `is_media` by its content, or because it is called so."""

    path: Path
    is_media: bool


def files_below(folder: Path) -> Iterator[Below]:
    """Every file below `folder`, in order; media are to be read, the rest is told.

    The error of a file that is only called media is then reported. Links are not followed. A folder
    that may not be entered is told as if it were a file that cannot be read; of a folder with a
    report of ours the report is left out.
    """
    locked: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=locked.append):
        folders.sort()
        ours: set[str] = set()
        if {*OWN} <= set(names):  # a report of ours; what others put beside it is looked at
            ours = {*OWN, PAGE}
            folders[:] = [name for name in folders if name != FRAMES]
            yield Below(Path(root), False)
        for name in sorted(set(names) - ours):
            path = Path(root) / name
            looked_at = path.is_file() and not path.is_symlink() and _is_media(path)
            yield Below(path, looked_at)
        for name in [name for name in folders if (Path(root) / name).is_symlink()]:
            yield Below(Path(root) / name, False)
    for fault in locked:
        yield Below(Path(os.fsdecode(fault.filename)), True)


def _is_media(path: Path) -> bool:
    """By name or by content."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            container_of(file.read(HEAD))
    except (OSError, errors.ParcelproofError):
        return False
    return True


@contextmanager
def scratch(upload: Received) -> Iterator[Path]:
    """A folder of our own with a link of our own name to the upload; gone afterwards.

    Raises CannotWrite.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(TemporaryDirectory(prefix="parcelproof-"))
            link = Path(folder) / upload.name
            link.symlink_to(upload.path.resolve())
        except OSError as fault:
            raise errors.CannotWrite(
                "Nothing can be written to {folder}: {why}.",
                folder=gettempdir(),
                why=str(fault.strerror),
            ) from None
        yield link
