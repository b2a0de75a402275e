"""A `.zip` that was handed in, unpacked into our own folder; what could hurt is refused by name.

Pure Python reads it: no name of the archive becomes a path before it was checked, and no more is
written than the limits allow, whatever the archive says of its sizes.
"""

from __future__ import annotations

import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, gettempdir

from models.errors import NO_ROOM, BadArchive, CannotWrite, TooLarge
from models.media import Limits

CHUNK = 1 << 20  # bytes a read
MARK = b"PK\x03\x04"
EMPTY_MARK = b"PK\x05\x06"
INNER = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
ENCRYPTED = 0x1  # flag bit of a member
DEEPEST = 8  # folders in each other
LONGEST_NAME = 255  # bytes of a part of a path
RATIO = 200  # bytes out for one in, beyond which nothing that was filmed can be packed (house rule)
SMALL = 1 << 20  # bytes that any member may have, whatever its ratio
IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db")  # what systems add by themselves
DAMAGED = (  # what the reader of archives raises
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OverflowError),
    *(NotImplementedError, RuntimeError, ValueError),
)
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def is_archive(path: Path) -> bool:
    """Does it begin as a zip file does?"""
    try:
        with path.open("rb") as file:
            return file.read(4) in (MARK, EMPTY_MARK)
    except OSError:
        return False


@contextmanager
def unpacked(path: Path, limits: Limits) -> Iterator[Path]:
    """A folder with what the archive holds, gone afterwards.

    Raises BadArchive, TooLarge, CannotWrite.
    """
    try:
        scratch = TemporaryDirectory(prefix="parcelproof-")
    except OSError as fault:
        raise _cannot_write(fault) from None
    with scratch as name:
        folder = Path(name)
        try:
            with zipfile.ZipFile(path) as archive:
                _extract(archive, folder, limits)
        except DAMAGED as fault:
            raise BadArchive("The archive is damaged: {why}.", why=str(fault)[:200]) from None
        except OSError as fault:
            if fault.errno in NO_ROOM:
                raise _cannot_write(fault) from None
            raise BadArchive("The archive is damaged: {why}.", why=str(fault.strerror)) from None
        yield folder


def _cannot_write(fault: OSError) -> CannotWrite:
    return CannotWrite(
        "Nothing can be written to {folder}: {why}.",
        folder=gettempdir(),
        why=str(fault.strerror),
    )


def _extract(
    archive: zipfile.ZipFile,
    folder: Path,
    limits: Limits,
) -> None:
    members = [one for one in archive.infolist() if not one.is_dir()]
    _check_all(members, limits)
    left = limits.bytes
    for member in members:
        if set(PurePosixPath(member.filename).parts) & set(IGNORED):
            continue
        target = folder.joinpath(*_parts(member.filename))
        target.parent.mkdir(parents=True, exist_ok=True)
        left -= _write(archive, member, target, left)


def _check_all(members: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    """Raises where any member could hurt; nothing was written by then."""
    if len(members) > limits.members:
        raise TooLarge(
            "The archive has {count:,} members; the limit is {most:,}.",
            count=len(members),
            most=limits.members,
        )
    if sum(member.file_size for member in members) > limits.bytes:
        raise TooLarge(
            "The archive says that it unpacks to {size:,} bytes; the limit is {most:,}.",
            size=sum(member.file_size for member in members),
            most=limits.bytes,
        )
    names: set[str] = set()
    for member in members:
        name = member.filename
        if member.flag_bits & ENCRYPTED:
            raise BadArchive("The archive's {name} is encrypted.", name=_said(name))
        if stat.S_ISLNK(member.external_attr >> 16):
            raise BadArchive("The archive's {name} is a link.", name=_said(name))
        if member.compress_type not in METHODS:
            raise BadArchive("The archive's {name} is packed in an unusual way.", name=_said(name))
        if member.file_size > max(SMALL, RATIO * member.compress_size):
            raise TooLarge(
                "The archive's {name} would grow {times:,} times.",
                name=_said(name),
                times=member.file_size // max(1, member.compress_size),
            )
        alike = unicodedata.normalize("NFC", name).casefold()
        if alike in names:
            raise BadArchive("The archive holds {name} twice.", name=_said(name))
        names.add(alike)
        _parts(name)


def _parts(name: str) -> tuple[str, ...]:
    """The parts of a member's path. Raises BadArchive where it leads anywhere else."""
    parts = PurePosixPath(name).parts
    outside = name.startswith("/") or "\\" in name or ":" in name or ".." in parts or "\0" in name
    if outside or not parts:
        raise BadArchive("The archive's {name} leads outside of it.", name=_said(name))
    too_long = any(len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in parts)
    if len(parts) > DEEPEST or too_long:
        raise BadArchive("The archive's {name} is too deep or too long.", name=_said(name))
    return parts


def _write(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    target: Path,
    left: int,
) -> int:
    """The bytes written. Raises where it is more than the archive said or may be, or an archive."""
    written = 0
    with archive.open(member) as packed, target.open("xb") as file:
        while chunk := packed.read(CHUNK):
            if not written and chunk.startswith(INNER):
                raise BadArchive(
                    "The archive holds another one, {name}.", name=_said(member.filename)
                )
            written += len(chunk)
            if written > min(left, member.file_size):
                raise TooLarge(
                    "The archive's {name} is larger than it says, or than may be.",
                    name=_said(member.filename),
                )
            file.write(chunk)
    return written


def _said(name: str) -> str:
    """A member's name for people."""
    return name[:LONGEST_NAME].encode("utf-8", "replace").decode()
