"""What is known about one requirement from one source: an observation, or completed silence."""

from __future__ import annotations

from typing import NamedTuple

from models.card import LEAST_HALF_WIDTH
from models.record import Record


class Place(NamedTuple):
    """A requirement, or one of its parts (1, 2, ...; 0 where it has none)."""

    requirement: str
    part: int = 0

    @property
    def name(self) -> str:
        """As people and programs write it."""
        return f"{self.requirement}#{self.part}" if self.part else self.requirement


class Silence(Record):
    """A detector that looked for a kind, to the end, and saw none."""

    detector: str
    kind: str


class Finding(Record):
    """`llr_cb` and `half_width` in centi-decades. One `id` counts once in a requirement.

    It rests on the observation of that id, on `silence`, or on a person's `answer` of that id.
    """

    requirement: str
    part: int = 0
    id: str
    llr_cb: int
    half_width: int = LEAST_HALF_WIDTH
    group: str
    when: str = ""
    silence: Silence | None = None
    answer: bool = False

    @property
    def outward(self) -> Finding:
        """The same at its best estimate, which lies a half width beyond the bound."""
        sign = (self.llr_cb > 0) - (self.llr_cb < 0)
        return self.model_copy(update={"llr_cb": self.llr_cb + sign * self.half_width})

    @property
    def place(self) -> Place:
        """What it is about."""
        return Place(self.requirement, self.part)
