"""What a detector saw (observation), and how its run ended."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from models.media import Record, Seconds

Outcome = Literal["completed", "skipped", "failed"]


class Span(Record):
    """A stretch of presentation time; an instant has `start == end`."""

    start: Seconds
    end: Seconds


class Region(Record):
    """A box in pixels of the upright full-size frame."""

    x: int
    y: int
    width: int
    height: int


class Observation(Record):
    """A fact: what kind, when, where, and the value read. Never what it means."""

    kind: str
    at: Span | None = None
    region: Region | None = None
    value: str | None = None
    detail: dict[str, Any] = Field({}, description="plain JSON values, for people and for `link`")
    detector: str = ""  # set by fanout, never by the detector
    id: str = ""  # set by fanout: detector and running number

    @property
    def order(self) -> tuple[float, str, str, str]:
        """Sort key: time, kind, value, details."""
        return (self.at.start if self.at else -1.0, self.kind, self.value or "", repr(sorted(self.detail.items())))


class Run(Record):
    """One detector over one exhibit. Only a completed run makes its silence count."""

    detector: str
    version: str
    outcome: Outcome
    reason: str = ""
    sees: tuple[str, ...] = ()
    cpu_s: float = 0.0
