"""The report: fields other programs may rely on.

`python -m pipeline schema` prints its JSON Schema. A sentence is a `Message`: its English text in
JSON, whatever the language of the page; `messages` lists template and arguments of each.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.answers import Answer, Said
from models.card import Rate, Stratum
from models.containers import MediaKind
from models.examination import Wanted
from models.finding import Silence
from models.identifiers.payloads import PayloadKind
from models.kinds import (
    AnyObservation,
    ClarityRules,
    FactKind,
    Place,
    SideStatus,
    Source,
    State,
)
from models.media import Media
from models.message import NOTHING, Message, MessageRow
from models.observation import Run
from models.policy import Authority, Checker, Citation, When
from models.record import Corner, Record, Region, Seconds
from models.submission import FactSource

SCHEMA_VERSION = "3.4"
DeadlineState = Literal["not_begun", "running", "passed", "cannot_be_computed"]
Verdict = Literal["met", "not_met", "could_not_confirm", "not_checked", "not_applicable"]
Match = Literal["expected", "near", "other"]
RoleSource = Literal["given", "guessed", "assumed"]
HOUSE_RULE = "house rule"
VOLATILE = ("created_at", "cpu_s", "audit")
"""By key; nothing else may differ between two runs on the same bytes."""


class StrengthReport(Record):
    """0..100 with its interval. Caps: active (an exhibit) or lowering the number (a case).

    Of an exhibit: `confirmed` of the `assessed` points; with those that wait `for_person` and those
    that nobody can confirm from footage they make 100. `score` is the confirmed share of the
    assessed ones, less what the caps take.
    """

    score: float
    low: float
    high: float
    band: str
    coverage: float
    confirmed: float | None = None
    assessed: float | None = None
    for_person: float | None = Field(None, description="points that a person can still settle")
    for_nobody: float | None = Field(None, description="points that nobody can, from footage")
    caps: tuple[str, ...] = ()
    lost_to_cap: float = 0.0
    says: Message = NOTHING
    because: tuple[Message, ...] = Field((), description="what holds it down, in sentences")


class Headline(Record):
    """What stands at the top: a break with the pictures around it, or another number."""

    exhibit: str
    kind: str
    says: Message
    at_s: Seconds | None = None
    frames: tuple[str, ...] = ()
    honest_causes: tuple[Message, ...] = ()


class Identifier(Record):
    """One number read, and how it stands to the case. Never corrected towards the case.

    Of a code that holds something private, `value` is what may be told, and `digest` stands for
    the rest.
    """

    kind: str
    value: str
    holds: PayloadKind | None = Field(None, description="what a code holds")
    digest: str | None = None
    symbology: str | None = None
    sources: tuple[Source, ...]
    state: State
    carriers: tuple[str, ...] = ()
    role: str | None = None
    first_s: Seconds | None = None
    last_s: Seconds | None = None
    frames: int = 0
    match: Match | None = None
    edits: int | None = None
    observations: tuple[str, ...] = Field((), description="names of those it rests on")
    region: Region | None = None
    crop: str | None = Field(None, description="its picture in the report's folder")
    why: Message = NOTHING


class FactReport(Record):
    """What print states beside identifiers."""

    kind: FactKind
    value: str
    unit: str | None = None
    at_s: Seconds | None = None
    region: Region | None = None


class Break(Record):
    """One place where the footage does not go on.

    `start_s`..`end_s` is where; `before_s` and `after_s` are the pictures on either side.
    """

    kind: str
    start_s: Seconds
    end_s: Seconds
    before_s: Seconds
    after_s: Seconds
    log10_lr: float
    because: tuple[Message, ...] = ()
    honest_causes: tuple[Message, ...] = ()


class Stretch(Record):
    """A stretch that a reviewer may want to look at."""

    kind: str
    start_s: Seconds
    end_s: Seconds


BlindWhy = Literal["still", "blank", "covered", "paused", "blurred"]


class BlindStretch(Record):
    """A stretch in which a cut could hide, and why."""

    start_s: Seconds
    end_s: Seconds
    why: BlindWhy


class TrialsReport(Record):
    """Two seconds taken out of this very clip on trial: at how many places, noticed at how many.

    `missed_s`: from when on they were taken out where nothing was noticed.
    """

    places: int
    noticed: int
    missed_s: tuple[Seconds, ...] = ()


class ReencodeReport(Record):
    """Names of converting programs; re-encoding is not editing."""

    tools: tuple[str, ...] = ()


class Continuity(Record):
    """Whether it is one uncut take, and what speaks against it."""

    verdict: Verdict
    says: Message = NOTHING
    breaks: tuple[Break, ...] = ()
    blind: tuple[BlindStretch, ...] = ()
    trials: TrialsReport | None = None
    covers: tuple[Stretch, ...] = ()
    light_events: tuple[Stretch, ...] = ()
    to_look_at: tuple[Message, ...] = ()
    editor_traces: tuple[str, ...] = ()
    reencode: ReencodeReport = ReencodeReport()


class ProvenanceReport(Record):
    """Where the file comes from; never a reason by itself."""

    class_: str = Field(alias="class")
    facts: tuple[Message, ...] = ()
    credentials: str = Field(
        "none", description="C2PA: none, unverified, trusted, broken, unreadable or elsewhere"
    )


class Face(Record):
    """One side of the parcel, as far as the track goes that counts.

    `place` on the parcel laid open. `best_s`: its best moment; `point`: a pixel on it there, of the
    upright full-size picture; `frame`: its picture, looked at from straight ahead.
    """

    id: str
    status: SideStatus
    opposite: str
    place: Place
    label: bool = False
    spans: tuple[tuple[Seconds, Seconds], ...] = ()
    best_s: Seconds | None = None
    point: Corner | None = None
    frame: str | None = None


class SidesReport(Record):
    """Which sides of the parcel were shown.

    `certainty`: probability that none was taken for another. `shown`: sides that were clear. A side
    with status `never` is listed only where the whole clip could be followed.
    """

    verdict: Verdict = "not_checked"
    reason: Message = NOTHING
    container: str = "unknown"
    certainty: float | None = None
    faces: tuple[Face, ...] = ()
    shown: int | None = None


class ClarityReport(Record):
    """Sharpness, exposure and size, with the house rules they are held to."""

    sharpness: float
    sharpness_where: str
    brightness: float
    width: int
    height: int
    house_rules: ClarityRules


class FindingReport(Record):
    """What one finding weighs, and on which observation or completed silence it rests."""

    id: str
    llr_cb: int
    half_width: int
    group: str
    when: str = ""
    silence: Silence | None = None
    answer: bool = Field(False, description="a person's, which `answers` holds")
    because: Message = NOTHING


class RequirementReport(Record):
    """One line of the table: verdict, weight, points earned and lost, and why.

    `id` is the requirement's, with `#part` where it has parts. `log10_lr` is the bound of the
    ratio, `best_log10_lr` its best estimate; where `house` is true both rest on a house rule, not
    on measurement. Of the line's points, `assessed` are on the scale.
    """

    id: str
    requirement: str
    part: int = 0
    title: Message
    verdict: Verdict
    log10_lr: float = 0
    best_log10_lr: float = 0
    half_width: float = 0
    house: bool = False
    points: float = 0
    lost: float = 0
    assessed: float = 0
    says: Message = NOTHING
    weighs: Message = Field(NOTHING, description="the ratio in words, by what was measured")
    honest_causes: tuple[Message, ...] = ()
    quote: str = Field("", description="the first of `cites`; empty where it is a house rule")
    source: str = HOUSE_RULE
    cites: tuple[Citation, ...] = ()
    checker: Checker
    findings: tuple[FindingReport, ...] = ()
    at_s: Seconds | None = None
    frame: str | None = None


class ErrorReport(Record):
    """Why an exhibit could not be read, and what to do."""

    name: str
    says: Message
    advice: Message


class ExhibitReport(Record):
    """All that is said of one file."""

    path: str
    sha256: str = ""
    bytes: int = 0
    role: str | None = None
    role_source: RoleSource | None = None
    cites: tuple[Citation, ...] = Field((), description="what the source says of this role")
    kind: MediaKind | None = None
    error: ErrorReport | None = None
    media: Media | None = None
    runs: tuple[Run, ...] = ()
    observations: tuple[AnyObservation, ...] = ()
    continuity: Continuity | None = None
    provenance: ProvenanceReport | None = None
    identifiers: tuple[Identifier, ...] = ()
    facts: tuple[FactReport, ...] = ()
    sides: SidesReport | None = None
    clarity: ClarityReport | None = None
    requirements: tuple[RequirementReport, ...] = ()
    strength: StrengthReport | None = None
    pictures: tuple[Wanted, ...] = Field((), description="key frames and crops of this report")


class Advice(Record):
    """What would make an exhibit stronger, by exactly how much.

    Without `exhibit`: evidence for a slot (`requirement`) of the case for which nothing was handed
    in, and what it would add at most.
    """

    exhibit: str
    requirement: str
    gain: float
    score_after: float
    when: When
    text: Message


class Question(Record):
    """What a person can answer, and the points that a yes would add.

    `judge --answers` takes the answer, which is one of `answers`.
    """

    exhibit: str
    requirement: str
    text: Message
    points: float = 0
    answers: tuple[Said, ...] = ("yes", "no", "unclear")


class Deadline(Record):
    """A clock of the policy at the time of the report.

    `due`: when it runs out (ISO 8601), or with `at_least` from when on something is possible.
    `missed`: what the sources say follows; computed by nobody here.
    """

    id: str
    title: Message
    party: str
    state: DeadlineState
    due: str | None = None
    at_least: bool = False
    text: Message
    note: Message = NOTHING
    cites: tuple[Citation, ...] = ()
    missed: tuple[Citation, ...] = ()


class SlotReport(Record):
    """How strongly one place of the case is filled.

    `exhibits`: files that fill it; `roles`: what could.
    """

    id: str
    title: Message
    required: bool
    value: float
    exhibits: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    cites: tuple[Citation, ...] = ()


class PrintedRule(Record):
    """What a source says that is printed and never applied."""

    title: Message
    about: Literal["reason", "evidence", "grading", "outcome", "limit", "form"]
    cites: tuple[Citation, ...]


class CardRow(Record):
    """Measured rates of one kind by one detector that took part."""

    detector: str
    kind: str
    source: str
    stratum: Stratum = ""
    n: int
    hit: Rate | None
    recall: Rate | None
    false_alarms: Rate | None
    on: str


class PolicyReport(Record):
    """Whose rules these are, as of when."""

    id: str
    platform: str
    as_of: str
    authority: Authority
    says: Message = NOTHING
    sha256: str


class CaseReport(Record):
    """What was expected, and who said so."""

    platform: str | None = None
    order_id: str | None = None
    tracking_number: str | None = None
    return_tracking_number: str | None = None
    replacement_tracking_number: str | None = None
    tracking_numbers: tuple[str, ...] = ()
    package_count: int | None = None
    pdp_weight: str | None = None
    products: tuple[str, ...] = ()
    region: str | None = None
    dates: dict[str, str] = Field({})
    files: dict[str, str] = Field({})
    role: str | None = None
    reason: str | None = None
    party: str | None = None
    effective_digits: int
    source: str
    claimed: dict[str, str] = Field({}, description="what the submitter says; never compared")
    sources: dict[str, FactSource] = Field({}, description="who said each fact")


class Audit(Record):
    """How this report came about; volatile."""

    wall_s: float = 0.0
    box: Literal["boxed", "unsandboxed"] = "boxed"
    redact: Literal["print", "none"] = "print"
    payloads: Literal["withheld", "kept"] = "withheld"
    batch_key: str = Field("", description="by which a batch knows this report again")
    head: str = Field("", description="of the audit log, before this report's own entry")


class Report(Record):
    """The whole report on one submission."""

    schema_version: str = SCHEMA_VERSION
    pipeline_version: str
    policy: PolicyReport
    created_at: str
    case: CaseReport
    result: Message = NOTHING
    strength: StrengthReport | None = None
    slots: tuple[SlotReport, ...] = ()
    headlines: tuple[Headline, ...] = ()
    contradictions: tuple[Message, ...] = ()
    together: tuple[Message, ...] = Field((), description="numbers that exhibits have in common")
    cards: tuple[CardRow, ...] = ()
    exhibits: tuple[ExhibitReport, ...] = ()
    advice: tuple[Advice, ...] = ()
    questions: tuple[Question, ...] = ()
    answers: tuple[Answer, ...] = Field((), description="of reviewers, and who gave them")
    deadlines: tuple[Deadline, ...] = ()
    rules: tuple[PrintedRule, ...] = Field((), description="printed, never applied")
    not_checked: tuple[Message, ...] = ()
    limits: tuple[Message, ...] = ()
    messages: tuple[MessageRow, ...] = ()
    audit: Audit = Audit()
