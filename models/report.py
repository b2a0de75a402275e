"""The report: fields other programs may rely on (DESIGN, 'The report'). `python -m pipeline schema` prints its JSON Schema."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from models.media import Kind, Media, Record, Seconds
from models.observation import Observation, Region, Run

SCHEMA_VERSION = "1.0"
Status = Literal["met", "not_met", "could_not_confirm", "not_checked", "not_applicable"]
State = Literal["confirmed", "strong", "usable", "weak"]
Match = Literal["expected", "near", "other"]
VOLATILE = ("created_at", "cpu_s", "audit")  # by key; nothing else may differ between two runs on the same bytes


class Strength(Record):
    """0..100 with its interval. Caps are listed where they are active (an exhibit) or lower the number (a case)."""

    score: float
    low: float
    high: float
    band: str
    coverage: float
    caps: tuple[str, ...] = ()
    lost_to_cap: float = 0.0


class Identifier(Record):
    kind: str
    value: str
    symbology: str | None = None
    sources: tuple[Literal["code", "text"], ...]
    state: State
    carriers: tuple[str, ...] = ()
    role: str | None = None
    first_s: Seconds | None = None
    last_s: Seconds | None = None
    frames: int = 0
    match: Match | None = None
    edits: int | None = None
    region: Region | None = None
    why: str = ""


class Fact(Record):
    kind: str
    value: str
    unit: str | None = None
    at_s: Seconds | None = None
    region: Region | None = None


class Break(Record):
    """One place where the footage does not go on: `start_s`..`end_s` is where; `before_s` and `after_s` are the pictures on either side."""

    kind: str
    start_s: Seconds
    end_s: Seconds
    before_s: Seconds
    after_s: Seconds
    log10_lr: float
    because: tuple[str, ...] = ()
    honest_causes: tuple[str, ...] = ()


class Stretch(Record):
    kind: str
    start_s: Seconds
    end_s: Seconds
    value: str | None = None


class Continuity(Record):
    verdict: Status
    says: str = ""
    breaks: tuple[Break, ...] = ()
    covers: tuple[Stretch, ...] = ()
    light_events: tuple[Stretch, ...] = ()
    editor_traces: tuple[str, ...] = ()
    reencode: dict[str, Any] = Field({})


class Provenance(Record):
    class_: str = Field(alias="class")
    facts: tuple[str, ...] = ()
    credentials: str = Field("none", description="C2PA: none, unverified, trusted, broken or unreadable")


class Sides(Record):
    verdict: Status = "not_checked"
    reason: str = ""
    container: str = "unknown"
    certainty: float | None = None
    faces: tuple[dict[str, Any], ...] = ()
    shown: int | None = None


class Requirement(Record):
    """One line of the table: verdict, how much it weighs, what it earned and lost, and why."""

    id: str
    title: str
    verdict: Status
    log10_lr: float
    half_width: float
    points: float
    lost: float
    says: str
    quote: str
    source: str
    checker: Literal["machine", "human"]
    findings: tuple[dict[str, Any], ...] = ()
    at_s: Seconds | None = None
    frame: str | None = None


class ExhibitReport(Record):
    path: str
    sha256: str = ""
    bytes: int = 0
    role: str | None = None
    role_source: Literal["given", "guessed", "assumed"] | None = None
    kind: Kind | None = None
    error: dict[str, str] | None = None
    media: Media | None = None
    runs: tuple[Run, ...] = ()
    observations: tuple[Observation, ...] = ()
    continuity: Continuity | None = None
    provenance: Provenance | None = None
    identifiers: tuple[Identifier, ...] = ()
    facts: tuple[Fact, ...] = ()
    sides: Sides | None = None
    clarity: dict[str, Any] = Field({})
    requirements: tuple[Requirement, ...] = ()
    strength: Strength | None = None


class Advice(Record):
    exhibit: str
    requirement: str
    gain: float
    score_after: float
    when: str
    text: str


class SlotReport(Record):
    id: str
    title: str
    required: bool
    value: float


class Report(Record):
    schema_version: str = SCHEMA_VERSION
    pipeline_version: str
    policy: dict[str, str]
    created_at: str
    case: dict[str, Any]
    result: str = ""
    strength: Strength | None = None
    slots: tuple[SlotReport, ...] = ()
    contradictions: tuple[str, ...] = ()
    cards: tuple[dict[str, Any], ...] = ()
    exhibits: tuple[ExhibitReport, ...] = ()
    advice: tuple[Advice, ...] = ()
    questions: tuple[dict[str, str], ...] = ()
    deadlines: tuple[dict[str, str], ...] = ()
    not_checked: tuple[str, ...] = ()
    audit: dict[str, Any] = Field({})
