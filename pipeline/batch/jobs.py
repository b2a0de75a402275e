"""A submission as work to be done, and what whoever does it may ask and say of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Literal, NamedTuple, Protocol

from models.record import Record
from models.report import Report
from models.summary import Outcome, Row

STRIKES = 3  # readers of one submission that died or hung, after which it is set aside
BEGUN = 9  # attempts without any end, after which it is set aside: who knows what ends them
WORN = f"Interrupted: it was begun {BEGUN} times, and each time everything was ended from outside."
CASE_FILE = b"case.toml"

Sort = Literal["media", "case", "other"]
State = Literal["scored", "failed", "quarantined"]


class Entry(NamedTuple):
    """What lies in a source: its opaque name, what it may be, and what changes when it does.

    `wanted`: it was asked for.
    """

    name: bytes
    sort: Sort
    stamp: str
    wanted: bool = True


class Job(NamedTuple):
    """One submission to work on.

    `media`: what was known of its files when it was last read. `again`: 2 where it has ended, and
    is only looked at once more because another one shares footage with it.
    """

    seq: int
    name: bytes
    folder: bool
    stamp: str
    attempts: int
    strikes: int
    media: str
    again: int = 0
    facts: str = ""

    @property
    def shown(self) -> str:
        """Its name for people."""
        return told(self.name)


class Scored(NamedTuple):
    """A report at its end: by what it is known, the digest of its bytes, and what it says."""

    key: str
    sha256: str
    report: Report


class Jobs(Protocol):
    """The book that jobs stand in: the ledger of a batch, or the store that workers share."""

    def parts(self, job: Job) -> Iterator[Entry]:
        """What lies in the folder that the job is."""
        ...

    def outcome(self, job: Job) -> Outcome:
        """How it ended before it was looked at once more."""
        ...

    def touch(self, names: Iterable[str]) -> None:
        """Jobs of these names are looked at once more."""
        ...

    def settle(
        self,
        job: Job,
        state: State,
        row: Record,
        media: str = "",
        scored: Scored | None = None,
    ) -> None:
        """It has ended, and how."""
        ...

    def strike(self, job: Job, row: Row) -> bool:
        """Its reader died or hung. Whether it is now set aside; else it is tried again, last."""
        ...

    def interrupt(self, job: Job, row: Record) -> bool:
        """What read it was ended from outside. Whether it is now set aside."""
        ...

    def pause(self, job: Job, row: Row) -> None:
        """It could not be had now."""
        ...

    def release(self, job: Job) -> None:
        """Nothing was said of it, and that is not its fault."""
        ...


def stamp_of(parts: Iterable[tuple[bytes, str]]) -> str:
    """What changes when any file of a folder does: of their names and stamps, by name."""
    digest = sha256()
    for name, stamp in parts:
        digest.update(b"%d " % len(name) + name + stamp.encode())
    return digest.hexdigest()


def told(name: bytes) -> str:
    """A name for people; no two names are told alike."""
    return name.decode("utf-8", "backslashreplace")
