"""What is known of one exhibit when it leaves the box: judged, or unread with a named error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.errors import ParcelproofError
from models.examination import Examined
from models.finding import Finding
from models.observation import Observation, Run
from models.submission import Exhibit
from pipeline.link import Linked
from pipeline.receive import Received
from pipeline.strength import ExhibitStrength

RoleSource = Literal["given", "guessed", "assumed"]


@dataclass(frozen=True, slots=True)
class Unread:
    """An exhibit that could not be read; `received` where at least its bytes were."""

    exhibit: Exhibit
    error: ParcelproofError
    received: Received | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """An exhibit from its bytes to its strength."""

    exhibit: Exhibit
    received: Received
    examined: Examined
    role: str
    role_source: RoleSource
    linked: Linked
    findings: tuple[Finding, ...]
    strength: ExhibitStrength

    @property
    def runs(self) -> tuple[Run, ...]:
        return (*self.examined.runs, self.linked.run)

    @property
    def observations(self) -> tuple[Observation, ...]:
        return (*self.examined.observations, *self.linked.observations)
