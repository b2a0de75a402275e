"""What one party hands in for one order, and what the operator says about the case."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, field_validator

from models.identifiers.matching import squeezed
from models.policy import CaseDate
from models.record import Record

SHORTEST = 5  # letters and digits of a number that can be looked for
RETURNING_ROLES = frozenset({"unpacking_video"})
RETURNING_REASONS = frozenset({"return-not-received"})
REPLACING_ROLES = frozenset({"replacement_proof"})
NO_DATE = "is no date, such as 2026-11-20 or 2026-11-20T15:30:00+01:00"
YEARS = range(1990, 2200)
GRAMS = {
    "g": 1.0,
    "kg": 1000.0,
    "lb": 453.59237,
    "oz": 28.349523125,
}
WEIGHT = re.compile(r"(\d{1,6}(?:[.,]\d{1,4})?)\s*(kg|g|lb|oz)", re.I)


def is_specific(number: str) -> bool:
    """Is it long enough to be looked for? A dash or a few digits stand in any code."""
    return len(squeezed(number)) >= SHORTEST


class Weight(NamedTuple):
    """A weight as written, and in grams."""

    written: str
    grams: float


def weight_of(written: str) -> Weight | None:
    """0.40 kg, 400 g, 14 oz, 0,88 lb; None where it is no weight."""
    found = WEIGHT.fullmatch(written.strip())
    if found is None:
        return None
    grams = float(found[1].replace(",", ".")) * GRAMS[found[2].lower()]
    return Weight(written.strip(), grams)


def _day_or_moment(given: Any) -> str:
    """As ISO writes it: a day, or a moment where a time of day was given."""
    if isinstance(given, str):
        try:
            whole_day = len(given) <= len("2026-11-20")
            given = (date if whole_day else datetime).fromisoformat(given)
        except ValueError:
            raise ValueError(f"{given[:40]} {NO_DATE}") from None
    if not isinstance(given, (datetime, date)):
        raise ValueError(NO_DATE)
    if given.year not in YEARS:
        raise ValueError(f"{given.isoformat()} is no year in which a dispute can be")
    return given.isoformat()


FactSource = Literal["operator", "claimed"]
Number = Annotated[str, Field(min_length=1, max_length=64, pattern=r"\S")]
Day = Annotated[str, BeforeValidator(_day_or_moment)]


class Case(Record):
    """What is expected. Only the operator's word is ever compared with what was read."""

    platform: str | None = Field(None, max_length=64, description="the policy's id")
    reason: str | None = Field(None, max_length=64)
    party: Literal["seller", "buyer"] | None = Field(None, description="who hands this in")
    role: str | None = Field(None, max_length=64, description="of every file that has no other")
    order_id: Number | None = None
    tracking_number: Number | None = None
    return_tracking_number: Number | None = None
    replacement_tracking_number: Number | None = None
    tracking_numbers: tuple[Number, ...] = Field(
        (), max_length=100, description="of all packages, where there are several"
    )
    package_count: int | None = Field(None, ge=1, le=1000, strict=True)
    pdp_weight: str | None = Field(None, max_length=32, description="on the product page")
    products: tuple[Annotated[str, Field(max_length=200)], ...] = Field((), max_length=100)
    region: str | None = Field(
        None,
        pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$",
        description="country, as in US or GB-SCT, for business days",
    )
    dates: dict[CaseDate, Day] = Field({})
    files: dict[str, str] = Field({}, description="roles by file name")
    effective_digits: int = Field(
        8,
        ge=1,
        le=32,
        description="digits that differ among the seller's own orders",
    )
    source: Literal["operator", "claimed", "none"] = "none"
    claimed: dict[str, str] = Field({}, description="what the submitter says; never compared")
    claim_fault: str = Field("", description="why what the submitter says cannot be read")

    @field_validator("pdp_weight")
    @classmethod
    def _is_weight(cls, written: str | None) -> str | None:
        weight = weight_of(written) if written is not None else None
        if written is not None and (weight is None or not weight.grams):
            raise ValueError("is no weight, such as 0.40 kg, 400 g, 14 oz or 0.9 lb")
        return written

    @property
    def facts(self) -> dict[str, str]:
        """Every fact that is known, as text; dates by their own names."""
        known = self.model_dump(exclude_defaults=True, exclude={"source", "claimed", "claim_fault"})
        return {name: said for name, value in known.items() for name, said in _plain(name, value)}

    @property
    def sources(self) -> dict[str, FactSource]:
        """Who said each fact that is known: the operator, or only the submitter."""
        known: dict[str, FactSource] = dict.fromkeys(sorted(self.claimed), "claimed")
        if self.source == "operator":
            known |= dict.fromkeys(self.facts, "operator")
        return known

    def expected(self, role: str) -> dict[str, str]:
        """Identifiers this role should show: an unpacking video the return's, where known."""
        if self.source != "operator":
            return {}
        known = {"order_id": self.order_id, "tracking_number": self._tracking(role)}
        return {kind: value for kind, value in known.items() if value and is_specific(value)}

    def _tracking(self, role: str) -> str | None:
        """The tracking number that a role should show."""
        if role in REPLACING_ROLES:
            return self.replacement_tracking_number
        returning = role in RETURNING_ROLES or self.reason in RETURNING_REASONS
        if returning and self.return_tracking_number:
            return self.return_tracking_number
        return self.tracking_number or next(iter(self.tracking_numbers), None)

    @property
    def packages(self) -> tuple[str, ...]:
        """Tracking numbers of all packages of the order, where the operator named them."""
        if self.source != "operator":
            return ()
        return tuple(filter(is_specific, self.tracking_numbers))

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every number of the case."""
        single = (
            self.order_id,
            self.tracking_number,
            self.return_tracking_number,
            self.replacement_tracking_number,
        )
        return (*filter(None, single), *self.tracking_numbers)

    def too_short(self) -> tuple[str, ...]:
        """Numbers of the case that would be found in any code, so they are not looked for."""
        return tuple(number for number in self.numbers if not is_specific(number))

    def exclusive(self, role: str) -> frozenset[str]:
        """Kinds of which a different number means a different parcel.

        A return whose number nobody gave may bear any.
        """
        expected = frozenset(self.expected(role))
        if role in RETURNING_ROLES and not self.return_tracking_number:
            return expected - {"tracking_number"}
        return expected

    def named(self) -> frozenset[str]:
        """Every number of the case, squeezed: a returned parcel may bear its outbound label."""
        return frozenset(squeezed(number) for number in self.numbers)

    def date_of(self, event: CaseDate) -> str | None:
        """When it was, as the operator says."""
        return self.dates.get(event) if self.source == "operator" else None


def _plain(name: str, value: Any) -> list[tuple[str, str]]:
    """A fact as text; those of a table each by itself."""
    if isinstance(value, dict):
        return [(f"{name}.{key}", str(one)) for key, one in value.items()]
    if isinstance(value, (list, tuple)):
        return [(name, ", ".join(map(str, value)))]
    return [(name, str(value))]


class Exhibit(Record):
    """One file of a submission. `shown` is its name for people; `role` where the operator said."""

    path: Path
    shown: str
    role: str | None = None


class Submission(Record):
    """All exhibits one party hands in for one order.

    `skipped`: files beside them, by name; `absent`: files that the case names and nobody handed in.
    """

    exhibits: tuple[Exhibit, ...] = Field(min_length=1)
    case: Case = Case()
    skipped: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
