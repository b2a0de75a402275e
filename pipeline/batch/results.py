"""Where results go: a folder, or a bucket."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Protocol

from models.report import Report
from pipeline.batch.bucket import Objects, Place
from pipeline.batch.jobs import Job
from pipeline.receive import shown
from pipeline.render.folder import (
    EXAMINATION,
    FRAMES,
    REPORT,
    check_writable,
    write,
    write_contents,
    writing,
)

ERROR = "error.json"
# Beginnings of names at the top of a folder of results that are our own.
OURS = ("summary.", "screening.", "index.html", "ledger.", "store.db")
LONGEST = 200  # bytes of one part of a path; file systems take 255
KEY_DIGITS = 32  # of the digest of a key that names its folder
KINDS = {".json": "application/json", ".html": "text/html; charset=utf-8", ".jpg": "image/jpeg"}
KINDS |= {".csv": "text/csv; charset=utf-8"}


class Results(Protocol):
    """Where results go. `shown` is how its files are named for people."""

    @property
    def shown(self) -> str: ...

    def place(self, job: Job) -> str:
        """Where those of a submission lie, as the table says it."""
        ...

    def check(self) -> None:
        """Before the work: whether anything can be written there."""
        ...

    def has(self, job: Job) -> bool:
        """Is its report still there?"""
        ...

    def keep(self, job: Job, files: Mapping[str, bytes]) -> None:
        """A report with all that belongs to it; an earlier one is replaced."""
        ...

    def fail(self, job: Job, error: bytes) -> None:
        """Why there is no report."""
        ...

    def pictures(self, job: Job, names: Iterable[str]) -> dict[str, bytes]:
        """Those pictures of an earlier report that are there."""
        ...

    def sum_up(self, name: str, path: Path) -> None:
        """A table of the whole."""
        ...


def digest_of(job: Job) -> str:
    """The first digits of the digest of a name."""
    return sha256(job.name).hexdigest()[:KEY_DIGITS]


class FolderResults:
    """Below a folder, each where its submission lies below the source.

    `opaque`: names are keys of a bucket, of which none becomes a path.
    """

    def __init__(self, out: Path, opaque: bool = False) -> None:
        self.out = out
        self.opaque = opaque

    @property
    def shown(self) -> str:
        """The folder."""
        return f"{self.out}/"

    def place(self, job: Job) -> str:
        """The path below the source."""
        return shown(self._below(job))

    def _below(self, job: Job) -> Path:
        """What is one of our own names, or no plain path, stands under its digest, as keys do."""
        parts = job.name.split(b"/")
        plain = all(0 < len(part) <= LONGEST and part not in (b".", b"..") for part in parts)
        ours = os.fsdecode(parts[0]).casefold().startswith(OURS)
        if self.opaque or ours or not plain or b"\0" in job.name:
            return Path(digest_of(job))
        return Path(os.fsdecode(job.name))

    def check(self) -> None:
        """Before the work. Raises CannotWrite."""
        check_writable(self.out)

    def has(self, job: Job) -> bool:
        """Is its report still there?"""
        return (self.out / self._below(job) / REPORT).is_file()

    def keep(self, job: Job, files: Mapping[str, bytes]) -> None:
        """The report last: where it is, the rest is. Raises CannotWrite."""
        target = self.out / self._below(job)
        write_contents(target, files)
        with writing(target):
            (target / ERROR).unlink(missing_ok=True)

    def fail(self, job: Job, error: bytes) -> None:
        """Written down beside where the report would be."""
        target = self.out / self._below(job)
        with writing(target):
            write(target / ERROR, error)
            (target / REPORT).unlink(missing_ok=True)

    def pictures(self, job: Job, names: Iterable[str]) -> dict[str, bytes]:
        """From its folder of frames."""
        frames = self.out / self._below(job) / FRAMES
        paths = [frames / name for name in names]
        return {path.name: path.read_bytes() for path in paths if path.is_file()}

    def sum_up(self, name: str, path: Path) -> None:
        """Moved there whole."""
        with writing(self.out):
            write(self.out / name, path.read_bytes())


class BucketResults:
    """In a bucket, each below the digest of its key; the first of several writers wins."""

    def __init__(self, place: Place) -> None:
        self.objects = Objects(place)

    @property
    def shown(self) -> str:
        """The bucket and the prefix."""
        return self.objects.place.shown

    def place(self, job: Job) -> str:
        """The first digits of the digest of the name: no name becomes a path."""
        return digest_of(job)

    def check(self) -> None:
        """Before the work. Raises NoBucket, BucketFailed."""
        self.objects.check()

    def has(self, _job: Job) -> bool:
        """Taken for granted: to ask for each of a million would cost more than it is worth."""
        return True

    def _key(self, job: Job, name: str) -> str:
        return f"{self.objects.place.prefix}{self.place(job)}/{name}"

    def keep(self, job: Job, files: Mapping[str, bytes]) -> None:
        """The report first, and only where none is: who writes it writes the rest.

        One made otherwise, or without its examination, is replaced as it was when looked at.
        """
        key = self._key(job, REPORT)
        report = files[REPORT]
        if not self._put(key, report, {"IfNoneMatch": "*"}):
            there = self.objects.read(key)
            made_alike = there is not None and _key_of(there[0]) == _key_of(report)
            if made_alike and self.objects.read(self._key(job, EXAMINATION)):
                return
            if there and not self._put(key, report, {"IfMatch": there[1]}):
                return  # another writer was faster
        for name in sorted(set(files) - {REPORT}):
            self._put(self._key(job, name), files[name])
        self.objects.remove(self._key(job, ERROR))

    def _put(self, key: str, content: bytes, only_if: Mapping[str, str] | None = None) -> bool:
        kind = KINDS.get(PurePosixPath(key).suffix, "application/octet-stream")
        return self.objects.put(key, content, only_if, kind)

    def fail(self, job: Job, error: bytes) -> None:
        """Written down; a report that is there stays, for it may be another writer's."""
        self._put(self._key(job, ERROR), error)

    def pictures(self, job: Job, names: Iterable[str]) -> dict[str, bytes]:
        """Each an object of its own."""
        found = {name: self.objects.read(self._key(job, f"{FRAMES}/{name}")) for name in names}
        return {name: there[0] for name, there in found.items() if there}

    def sum_up(self, name: str, path: Path) -> None:
        """Over the one of the run before."""
        with path.open("rb") as file:
            kind = KINDS[PurePosixPath(name).suffix]
            self.objects.put(f"{self.objects.place.prefix}{name}", file, kind=kind)


def _key_of(report: bytes) -> str | None:
    try:
        return Report.model_validate_json(report).audit.batch_key
    except ValueError:
        return None
