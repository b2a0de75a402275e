"""What one party hands in for one order, and what the operator says about the case."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from models.errors import Usage
from models.identifiers.matching import squeezed
from models.record import Record

FACTS = (
    "order_id",
    "tracking_number",
    "return_tracking_number",
    "role",
    "reason",
    "party",
)
SHORTEST = 5  # letters and digits of a number that can be looked for


def is_specific(number: str) -> bool:
    """Is it long enough to be looked for? A dash or a few digits stand in any code."""
    return len(squeezed(number)) >= SHORTEST


FactSource = Literal["operator", "claimed"]


class Case(Record):
    """What is expected. Only the operator's word is ever compared with what was read."""

    order_id: str | None = Field(None, max_length=64)
    tracking_number: str | None = Field(None, max_length=64)
    return_tracking_number: str | None = Field(None, max_length=64)
    role: str | None = Field(None, max_length=64)
    reason: str | None = Field(None, max_length=64)
    party: Literal["seller", "buyer"] | None = None
    effective_digits: int = Field(
        8,
        ge=1,
        le=32,
        description="digits that differ among the seller's own orders",
    )
    source: Literal["operator", "claimed", "none"] = "none"
    claimed: dict[str, str] = Field({}, description="what the submitter says; never compared")

    @property
    def sources(self) -> dict[str, FactSource]:
        """Who said each fact that is known: the operator, or only the submitter."""
        known: dict[str, FactSource] = dict.fromkeys(sorted(self.claimed), "claimed")
        if self.source == "operator":
            known |= {name: "operator" for name in FACTS if getattr(self, name)}
        return known

    def expected(self, role: str) -> dict[str, str]:
        """Identifiers this role should show: an unpacking video the return's, where known."""
        if self.source != "operator":
            return {}
        returning = role == "unpacking_video" and self.return_tracking_number
        tracking = self.return_tracking_number if returning else self.tracking_number
        known = {"order_id": self.order_id, "tracking_number": tracking}
        return {kind: value for kind, value in known.items() if value and is_specific(value)}

    def too_short(self) -> tuple[str, ...]:
        """Numbers of the case that would be found in any code, so they are not looked for."""
        numbers = (self.order_id, self.tracking_number, self.return_tracking_number)
        return tuple(number for number in numbers if number and not is_specific(number))

    def exclusive(self, role: str) -> frozenset[str]:
        """Kinds of which a different number means a different parcel.

        A return whose number nobody gave may bear any.
        """
        expected = frozenset(self.expected(role))
        if role == "unpacking_video" and not self.return_tracking_number:
            return expected - {"tracking_number"}
        return expected

    def named(self) -> frozenset[str]:
        """Every number of the case, squeezed: a returned parcel may bear its outbound label."""
        numbers = (self.order_id, self.tracking_number, self.return_tracking_number)
        return frozenset(squeezed(number) for number in numbers if number)


def case_from(path: Path) -> Case:
    """The operator's case file at `path`. Raises `Usage` with the line at fault."""
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
        facts.pop("source", None)
        return Case.model_validate(facts | {"source": "operator"})
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Usage(
            "The case file {name}: {where}: {why}.",
            name=path.name,
            where=where,
            why=first["msg"],
        ) from None
    except (OSError, ValueError, RecursionError) as fault:
        raise Usage(
            "The case file {name} cannot be read: {why}.",
            name=path.name,
            why=str(fault),
        ) from None


class Exhibit(Record):
    """One file of a submission. `shown` is its name for people; `role` where the operator said."""

    path: Path
    shown: str
    role: str | None = None


class Submission(Record):
    """All exhibits one party hands in for one order. `skipped`: files beside them, by name."""

    exhibits: tuple[Exhibit, ...] = Field(min_length=1)
    case: Case = Case()
    skipped: tuple[str, ...] = ()
