"""Sentences about copies made for upload forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from models.message import N_, Message
from models.record import Span
from pipeline.wording.sentences import seconds


class Held(Protocol):
    """A copy held against its original."""

    @property
    def whole(self) -> bool: ...
    @property
    def missing(self) -> tuple[Span, ...]: ...
    @property
    def added(self) -> tuple[Span, ...]: ...
    @property
    def pictures(self) -> tuple[int, int]: ...


def made(path: str, size: int, most: int) -> Message:
    """What was written."""
    return Message(
        id=N_("Copy: {path}, {size:,} of {most:,} bytes."),
        args={"path": path, "size": size, "most": most},
    )


def kept(numbers: int, read: int) -> Message:
    """Whether what could be read can still be read."""
    if not read:
        return Message(id=N_("No number or code was read in the original, so none was looked for."))
    if numbers == read:
        return Message(
            id=N_("All {read} numbers and codes read in the original were read in the copy."),
            args={"read": read},
        )
    return Message(
        id=N_(
            "Of {read} numbers and codes read in the original {numbers} were read in the copy: "
            "hand in the original where you can."
        ),
        args={"read": read, "numbers": numbers},
    )


def whole(found: Held) -> Message:
    """Whether every moment of each stands in the other."""
    original, copy = found.pictures
    if found.whole:
        return Message(
            id=N_(
                "Every moment of each stands in the other, compared ten times a second "
                "({original} pictures and {copy})."
            ),
            args={"original": original, "copy": copy},
        )
    return Message(
        id=N_("Not every moment of each stands in the other ({original} pictures and {copy})."),
        args={"original": original, "copy": copy},
    )


def stretches(found: Held) -> Iterator[Message]:
    """Where they differ."""
    only = (
        (N_("Only in the original: {start} to {end}."), found.missing),
        (N_("Only in the copy: {start} to {end}."), found.added),
    )
    for template, spans in only:
        for span in spans:
            ends = {"start": seconds(span.start), "end": seconds(span.end)}
            yield Message(id=template, args=dict(ends))
