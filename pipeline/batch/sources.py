"""Where submissions lie: a folder, or a bucket (`pipeline.batch.bucket`)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from models import errors
from pipeline.batch.jobs import CASE_FILE, Entry
from pipeline.batch.ranges import Parts
from pipeline.receive import files_below
from pipeline.unpack import is_archive


class Fetched(NamedTuple):
    """One file of a submission at hand: where it lies, and its digest where we wrote it."""

    path: Path
    sha256: str = ""


class Source(Protocol):
    """A place where submissions lie.

    `shown` is its name for people; `address` tells its submissions from those of other places.
    """

    @property
    def shown(self) -> str: ...

    @property
    def address(self) -> str: ...

    def entries(self) -> Iterator[Entry]:
        """Everything in it, as a stream."""
        ...

    def fetched(self, names: Sequence[bytes]) -> AbstractContextManager[list[Fetched]]:
        """Those files at hand, in their order; copies of our own are gone afterwards."""
        ...

    def parts(self, name: bytes, path: Path) -> Parts:
        """One file of which parts can be read, kept at `path`."""
        ...


class Some(NamedTuple):
    """Which of a source's entries are wanted: called so, changed since then.

    A folder with a case file is wanted whole where any of its files is.
    """

    suffixes: frozenset[str] = frozenset()
    since: datetime | None = None

    def wants(self, name: bytes, changed: datetime) -> bool:
        """Is it one of them?"""
        if self.suffixes and suffix(name) not in self.suffixes:
            return False
        return self.since is None or changed >= self.since


def suffix(name: bytes) -> str:
    """How a name ends, from its last dot."""
    return PurePosixPath(name.decode("utf-8", "replace")).suffix.lower()


class Folder:
    """A folder of uploads. `but`: our own results, which may lie in it."""

    def __init__(self, folder: Path, but: Path | None = None, some: Some | None = None) -> None:
        self.folder = folder
        self.but = but.resolve() if but else None
        self.some = some or Some()

    @property
    def shown(self) -> str:
        """Its name for people."""
        return self.folder.name or str(self.folder)

    @property
    def address(self) -> str:
        """Where it lies on this machine."""
        return str(self.folder.resolve())

    def entries(self) -> Iterator[Entry]:
        """Every file below it but our own."""
        for one in files_below(self.folder):
            ours = self.but and one.path.resolve().is_relative_to(self.but)
            if ours or one.path == self.folder:
                continue
            name = os.fsencode(one.path.relative_to(self.folder).as_posix())
            stamp, wanted = _stamp(one.path), self.some.wants(name, _changed(one.path))
            regular = one.path.is_file() and not one.path.is_symlink()
            if regular and name.rpartition(b"/")[2] == CASE_FILE:
                yield Entry(name, "case", stamp, wanted)
                continue
            media = one.is_media or (regular and is_archive(one.path))
            yield Entry(name, "media" if media else "other", stamp, wanted)

    @contextmanager
    def fetched(self, names: Sequence[bytes]) -> Iterator[list[Fetched]]:
        """The files themselves."""
        yield [Fetched(self.folder / os.fsdecode(name)) for name in names]

    def parts(self, name: bytes, path: Path) -> Parts:
        """Read where it lies. Raises Unreadable."""
        there = self.folder / os.fsdecode(name)

        def read(start: int, end: int) -> bytes:
            with there.open("rb") as file:
                file.seek(start)
                return file.read(end - start)

        try:
            return Parts(read, there.stat().st_size, path)
        except OSError as fault:
            raise errors.Unreadable(
                "This file cannot be read: {why}.", why=str(fault.strerror)
            ) from None


def _stamp(path: Path) -> str:
    """What changes when the file does; nobody can set the time of a change of its status."""
    try:
        info = path.lstat()
    except OSError:
        return "unreadable"
    return f"{info.st_ino} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}"


def _changed(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except OSError:
        return datetime.now(UTC)
