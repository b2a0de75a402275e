"""What the box is asked and answers, and the saved account of what was observed.

The box has read hostile media: its answer is believed as far as these types hold it, no further.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from models.answers import Answer
from models.card import cards
from models.containers import MediaKind
from models.kinds import AnyObservation, PrintedNumber, Turned
from models.media import Limits, Media
from models.message import MessageRow, can_be_said
from models.observation import Run, of, registry
from models.record import Outline, Record, Region, Seconds, Span, Word
from models.submission import Case

EXAMINATION_VERSION: Literal["1.0"] = "1.0"
JUDGING = "link"  # the name under which judging says what was read; no detector has it
MOST, MOST_READ = 20_000, 1000  # observations in all; and of each kind of identifier
LONGEST_NUMBER = 200  # characters of a number as printed
LATEST_S = 1e9  # seconds: no clip ends later


class Request(Record):
    """Look at `path` (a link of our own name). `kinds`: observations asked for, None = all."""

    path: Path
    kind: MediaKind
    container: str
    limits: Limits
    kinds: frozenset[str] | None = None


class Examined(Record):
    """The box's answer: facts, runs, observations, versions; CPU seconds by stage.

    Refused: a detector nobody knows, two runs of one, a kind that its run does not declare or that
    only judging may say.
    """

    media: Media
    runs: tuple[Run, ...] = Field(max_length=1000)
    observations: tuple[AnyObservation, ...] = Field(max_length=MOST)
    versions: dict[Word, Word] = Field({})
    could_see: tuple[Word, ...] = ()
    cpu_s: dict[Word, float] = Field({})

    @model_validator(mode="after")
    def _declared(self) -> Self:
        declared = {run.detector: set(run.sees) for run in self.runs}
        unknown = set(declared) - (set(cards()) - {JUDGING})
        if len(declared) != len(self.runs) or unknown:
            raise ValueError("a run of a detector that is not known, or two of one")
        if {kind for kinds in declared.values() for kind in kinds} - _of_detectors():
            raise ValueError("a run that claims a kind which is not a detector's to see")
        claims = [(seen.kind, seen.detector) for seen in self.observations]
        if any(kind not in declared.get(detector, ()) for kind, detector in claims):
            raise ValueError("an observation that its detector never declared")
        names = {seen.id for seen in self.observations}
        if len(names) != len(self.observations):
            raise ValueError("two observations of one name")
        if any(not seen.id.startswith(f"{seen.detector}:") for seen in self.observations):
            raise ValueError("an observation that bears another detector's name")
        if self.media.start_s + self.media.duration_s > LATEST_S:
            raise ValueError("a clip that ends later than any")
        return self

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        read = [one for one in self.observations if one.about.family == "identifier"]
        counts = Counter(one.kind for one in read)
        if max(counts.values(), default=0) > MOST_READ:
            raise ValueError("more numbers than any picture shows")
        printed = of(self.observations, PrintedNumber)
        if any(len(one.value or "") > LONGEST_NUMBER for one in printed):
            raise ValueError("a longer number than any")
        return self


def _of_detectors() -> set[str]:
    """Kinds that a detector may see."""
    return {name for name, kind in registry.items() if not kind.about.by_link}


class KeyFrame(NamedTuple):
    """A picture that can be decoded alone: when it is decoded, and where its bytes lie."""

    at_s: Seconds
    place: int
    size: int


PictureKind = Literal["read", "before", "after", "middle", "crop", "side", "moment"]


class Wanted(Record):
    """A picture for the report: the frame at `pts`, with boxes drawn.

    `what` = crop: the first box alone, with a little around it. `what` = side: what lies in
    `outline`, looked at from straight ahead. `readable`: what stays so where print is made
    unreadable.
    """

    name: str
    what: PictureKind
    pts: Seconds
    boxes: tuple[Region, ...] = ()
    readable: tuple[Outline, ...] = ()
    outline: Outline | None = None


class Failure(Record):
    """A named error of one exhibit: what is said in English, and how to say it otherwise."""

    name: str
    says: str
    advice: str
    message: MessageRow

    @model_validator(mode="after")
    def _can_be_said(self) -> Self:
        if not can_be_said(self.message.id, self.message.args):
            raise ValueError("a sentence that cannot be filled")
        return self


class Seal(Record):
    """How private numbers are kept: as keyed digests, matched whole, never read back.

    `salt` is empty where the key is the operator's own.
    """

    source: Literal["salt", "operator"] = "salt"
    salt: str = Field("", pattern=r"^(?:[0-9a-f]{2})*$")
    check: str = Field("", description="digest by which the operator's key is known again")


class Examination(Record):
    """One exhibit as observed. Private values are digests (`sealed`)."""

    path: str
    sha256: str = ""
    bytes: int = Field(0, ge=0)
    kind: MediaKind | None = None
    role: str | None = Field(None, description="given by the operator")
    box: Literal["boxed", "unsandboxed"] = "boxed"
    error: Failure | None = None
    media: Media | None = None
    runs: tuple[Run, ...] = ()
    observations: tuple[AnyObservation, ...] = ()
    versions: dict[str, str] = Field({})
    could_see: tuple[str, ...] = Field((), description="kinds that installed detectors can see")


class Reuse(Record):
    """A file of this submission, or a stretch of it, stands in another one of the same store.

    `at` and `there` are None where it is the same file, or of a photo. `sure`: it is the same
    recording, as far as was measured. `other_case`: the operator named both cases, and not one.
    """

    exhibit: str
    other: str
    other_file: str
    at: Span | None = None
    there: Span | None = None
    turned: Turned = "as_is"
    moments: int = Field(0, ge=0)
    sure: bool = False
    other_case: bool = False


class Examinations(Record):
    """One submission as observed: `examination.json`, from which it can be judged again."""

    examination_version: Literal["1.0"] = EXAMINATION_VERSION
    pipeline_version: str
    created_at: str
    policy: str
    case: Case
    seal: Seal
    redact: Literal["print", "none"] = Field("print", description="of the pictures")
    payloads: Literal["withheld", "kept"] = Field("withheld", description="private ones, of codes")
    skipped: tuple[str, ...] = Field((), description="files beside them that were not looked at")
    absent: tuple[str, ...] = Field((), description="files that the case names, not handed in")
    answers: tuple[Answer, ...] = Field((), description="of reviewers, to what stood open")
    reused: tuple[Reuse, ...] = Field(
        (), description="in other cases of the store, when last asked"
    )
    exhibits: tuple[Examination, ...] = Field(min_length=1)

    @field_validator("created_at")
    @classmethod
    def _is_moment(cls, written: str) -> str:
        """As ISO 8601 writes it, for deadlines are counted from it; empty where nobody said."""
        if written:
            datetime.fromisoformat(written)
        return written

    @model_validator(mode="after")
    def _told(self) -> Self:
        if any(one.error is None and one.media is None for one in self.exhibits):
            raise ValueError("neither facts of a file nor why there are none")
        return self
