"""What the box is asked and answers, and the saved account of what was observed.

The box has read hostile media: its answer is believed as far as these types hold it, no further.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from models.card import cards
from models.containers import MediaKind
from models.identifiers.matching import squeezed
from models.kinds import AnyObservation
from models.media import Limits, Media
from models.message import MessageRow
from models.observation import Observation, Run, registry
from models.record import Record, Region, Seconds, Word
from models.submission import Case

EXAMINATION_VERSION = "1.0"


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
    runs: tuple[Run, ...]
    observations: tuple[AnyObservation, ...]
    versions: dict[Word, Word] = Field({})
    could_see: tuple[Word, ...] = ()
    cpu_s: dict[Word, float] = Field({})

    @model_validator(mode="after")
    def _declared(self) -> Self:
        declared = {run.detector: set(run.sees) for run in self.runs}
        unknown = set(declared) - set(cards())
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
        return self


def _of_detectors() -> set[str]:
    """Kinds that a detector may see."""
    return {name for name, kind in registry.items() if not kind.about.by_link}


PictureKind = Literal["read", "before", "after", "middle", "crop"]


class Wanted(Record):
    """A picture for the report: the frame at `pts`, with boxes drawn.

    `what` = crop: the first box alone, with a little around it.
    """

    name: str
    what: PictureKind
    pts: Seconds
    boxes: tuple[Region, ...] = ()


class Failure(Record):
    """A named error of one exhibit: what is said in English, and how to say it otherwise."""

    name: str
    says: str
    advice: str
    message: MessageRow


class Seal(Record):
    """How private numbers are kept: as keyed digests, matched whole, never read back.

    `salt` is empty where the key is the operator's own.
    """

    source: Literal["salt", "operator"] = "salt"
    salt: str = ""


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


class Examinations(Record):
    """One submission as observed: `examination.json`, from which it can be judged again."""

    examination_version: str = EXAMINATION_VERSION
    pipeline_version: str
    created_at: str
    policy: str
    case: Case
    seal: Seal
    exhibits: tuple[Examination, ...] = Field(min_length=1)


def sealed(number: str, key: bytes) -> str:
    """The digest by which a private number is kept: the same for the same number, squeezed."""
    return hmac.new(key, squeezed(number).encode(), hashlib.sha256).hexdigest()


def seal_all(seen: Sequence[Observation], key: bytes) -> tuple[Observation, ...]:
    """The observations with every private value as its digest."""
    return tuple(
        one.model_copy(update={"value": sealed(one.value or "", key)}) if one.about.private else one
        for one in seen
    )
