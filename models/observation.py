"""What an observation is: a fact a detector saw, its kind, when, where, and the value read.

Each kind is a class of its own, declared once (`models/kinds.py`) with its typed payload and with
what else hangs on the kind: its family, where its edges lie, how it is said to people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field

from models.record import Record, Region, Span, Word

Outcome = Literal["completed", "skipped", "failed"]
Family = Literal[
    "break",
    "cover",
    "light",
    "sound",
    "damage",
    "editing",
    "provenance",
    "clarity",
    "identifier",
    "side",
    "fact",
]
Edge = Literal["between", "start", "end"]
BASE = {"kind", "at", "region", "value", "detector", "id"}


@dataclass(frozen=True, slots=True)
class About:
    """What hangs on a kind, whoever saw it.

    `edges` (of a break): between two pictures, or at an end of a stretch that is itself unbroken.
    `private`: its value may be anybody's number; sealed when saved, never printed.
    `own_place`: the report lists it elsewhere than among the observations.
    `by_link`: made by judging, so no detector may say it.
    `to_look_at`: a stretch that a reviewer is pointed to.
    `says`: the sentence, or one for each `variant`. `silence`: what its absence means.
    `measured`: under which two circumstances its card counted it ("if ...", "if ..."): the first
    raises it; `silence_measured`: the same for its absence.
    """

    name: str = ""
    family: Family = "fact"
    edges: tuple[Edge, ...] = ()
    private: bool = False
    own_place: bool = False
    by_link: bool = False
    to_look_at: bool = False
    says: str | Mapping[str, str] = ""
    silence: str = ""
    measured: tuple[str, ...] = ()
    silence_measured: tuple[str, ...] = ()
    honest_causes: tuple[str, ...] = ()


class Observation(Record):
    """A fact. Never what it means."""

    kind: str
    at: Span | None = None
    region: Region | None = None
    value: str | None = Field(None, max_length=65_536)
    detector: Word = Field("", description="set by the fan-out, never by the detector")
    id: Word = Field("", description="set by the fan-out: detector and running number")

    about: ClassVar[About] = About()

    @property
    def variant(self) -> str:
        """Which of the sentences of its kind says it."""
        return ""

    def payload(self) -> dict[str, Any]:
        """What this kind states beside the fields that all have."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in BASE}

    @property
    def order(self) -> tuple[float, str, str, str]:
        """Sort key: time, kind, value, payload."""
        start = self.at.start if self.at else -1.0
        return start, self.kind, self.value or "", repr(sorted(self.payload().items()))


Kind = type[Observation]
Seen = TypeVar("Seen", bound=Observation)

registry: dict[str, Kind] = {}
"""Every declared kind by name, in the order declared."""


def declare(
    *,
    family: Family,
    edges: tuple[Edge, ...] = (),
    private: bool = False,
    own_place: bool = False,
    by_link: bool = False,
    to_look_at: bool = False,
    says: str | Mapping[str, str] = "",
    silence: str = "",
    measured: tuple[str, ...] = (),
    silence_measured: tuple[str, ...] = (),
    honest_causes: Iterable[str] = (),
) -> Callable[[type[Seen]], type[Seen]]:
    """Declare a kind: the class names it (`kind: Literal[...]`), the rest hangs on it.

    Raises ValueError where the name is taken.
    """

    def enter(kind: type[Seen]) -> type[Seen]:
        name = str(kind.model_fields["kind"].default)
        if registry.get(name, kind).__qualname__ != kind.__qualname__:
            raise ValueError(f"the kind {name} is declared twice")
        kind.about = About(
            name=name,
            family=family,
            edges=edges,
            private=private,
            own_place=own_place,
            by_link=by_link,
            to_look_at=to_look_at,
            says=says,
            silence=silence,
            measured=measured,
            silence_measured=silence_measured,
            honest_causes=tuple(honest_causes),
        )
        registry[name] = kind
        return kind

    return enter


def of(seen: Iterable[Observation], kind: type[Seen]) -> list[Seen]:
    """Those of one kind (or of kinds that share a base), in order."""
    return [one for one in seen if isinstance(one, kind)]


def first(seen: Iterable[Observation], kind: type[Seen]) -> Seen | None:
    """The first of one kind; None where there is none."""
    return next((one for one in seen if isinstance(one, kind)), None)


class Run(Record):
    """One detector over one exhibit. Only a completed run makes its silence count."""

    detector: Word
    version: Word
    outcome: Outcome
    reason: str = Field("", max_length=2000)
    sees: tuple[Word, ...] = ()
    cpu_s: float = Field(0.0, ge=0)


def named(kinds: Sequence[Kind]) -> tuple[str, ...]:
    """Names of kinds, in order."""
    return tuple(kind.about.name for kind in kinds)
