"""What the box is asked and what it answers. The parent checks every answer: the child has read hostile media."""

from __future__ import annotations

from pathlib import Path

from models.media import Kind, Limits, Media, Record
from models.observation import Observation, Region, Run


class Request(Record):
    """Look at `path` (a link of our own name), whose content is `container`. `kinds`: observations asked for, None = all."""

    path: Path
    kind: Kind
    container: str
    limits: Limits
    kinds: frozenset[str] | None = None


class Examined(Record):
    """Facts, runs and observations of one exhibit; CPU seconds by stage."""

    media: Media
    runs: tuple[Run, ...]
    observations: tuple[Observation, ...]
    cpu_s: dict[str, float]


class Wanted(Record):
    """A picture for the report: the frame at `pts`, with boxes drawn; all print outside them unreadable unless `redact` is off.

    `crop`: the first box alone, with a little around it.
    """

    name: str
    pts: float
    boxes: tuple[Region, ...] = ()
    redact: bool = True
    crop: bool = False
