"""A platform's rules: what each role must show, in the platform's words, and what we make of it."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from importlib import resources
from typing import Literal, Self

from pydantic import Field, model_validator

from models.containers import MediaKind
from models.errors import Usage
from models.kinds import expand
from models.record import Record

When = Literal["possible_now", "next_time", "human"]
Checker = Literal["machine", "human"]


class AdviceText(Record):
    """What to do about a line that stands so."""

    state: Literal["open", "contrary", "unnamed"] = Field(
        description="looked for and not seen; something speaks against it; nobody said what is "
        "expected"
    )
    when: When
    text: str


class Requirement(Record):
    """One thing an exhibit must show. It names kinds or families of observations."""

    id: str
    weight: int = Field(gt=0)
    checker: Checker
    parts: int = Field(1, ge=1)
    besides: int = Field(0, ge=0, description="parts that do not apply to this very exhibit")
    essential: bool = False
    title: str = ""
    quote: str = ""
    source: str = ""
    line: int = 0
    not_for: tuple[MediaKind, ...] = Field((), description="media to which it cannot apply")
    supported_by: tuple[str, ...] = ()
    contradicted_by: tuple[str, ...] = ()
    by_eye: bool = Field(False, description="a person who watches can settle it, too")
    question: str = Field("", description="asked of that person")
    advice: tuple[AdviceText, ...] = ()

    @property
    def by_person(self) -> bool:
        """Can a person who watches settle it?"""
        return self.by_eye or self.checker == "human"

    @property
    def is_link(self) -> bool:
        """Does it ask whose parcel it is?"""
        return "identifier_expected" in self.supporting

    @property
    def supporting(self) -> tuple[str, ...]:
        """Kinds that speak for it."""
        return expand(self.supported_by)

    @property
    def contradicting(self) -> tuple[str, ...]:
        """Kinds that speak against it."""
        return expand(self.contradicted_by)


class Cap(Record):
    """A ceiling on the strength while a requirement's llr_cb is at most `at_most`."""

    req: str
    at_most: int
    cap: int = Field(ge=0, le=1000)
    code: str


class RoleRules(Record):
    """What one role of exhibit must show. An empty list would be trivially met: refused."""

    id: str
    title: str = ""
    media: tuple[MediaKind, ...] = ("video",)
    numbers_on: Literal["label", "page"] = Field(
        "label", description="where a number must stand to link it: on a label, or it is a page"
    )
    requirements: tuple[Requirement, ...] = Field(min_length=1)
    caps: tuple[Cap, ...] = ()
    informed_by: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Each requirement once; each cap about one of them."""
        ids = [requirement.id for requirement in self.requirements]
        if len(set(ids)) != len(ids):
            raise ValueError(f"{self.id}: a requirement is listed twice")
        for cap in self.caps:
            if cap.req not in ids:
                raise ValueError(f"{self.id}: cap {cap.code} names no requirement of it")
        return self

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of observation that these rules weigh or print."""
        kinds = set(expand(self.informed_by))
        for requirement in self.requirements:
            kinds.update(requirement.supporting, requirement.contradicting)
        return frozenset(kinds)

    def with_parts(self, kind: str, most: int) -> RoleRules:
        """The same, of what `kind` supports no more than so many parts being asked."""
        asked = tuple(
            one.model_copy(update={"parts": most, "besides": one.parts - most})
            if kind in one.supporting and one.parts > most
            else one
            for one in self.requirements
        )
        return self.model_copy(update={"requirements": asked})

    def requirement(self, name: str) -> Requirement:
        """The requirement called `name`."""
        return next(one for one in self.requirements if one.id == name)


class Slot(Record):
    """A place in a case that exhibits can fill; `accepts` gives each role's fit in thousandths."""

    id: str
    weight: int = Field(gt=0)
    required: bool = True
    accepts: dict[str, int]
    title: str = ""
    quote: str = ""
    line: int = 0


class Reason(Record):
    """Why the dispute is held: which slots count.

    An optional slot's roles must fit no required slot.
    """

    id: str
    slack: int = 300
    slots: tuple[Slot, ...] = Field(min_length=1)
    title: str = ""

    @model_validator(mode="after")
    def _optional_apart(self) -> Self:
        """What a required slot takes, no optional one does."""
        required = {role for slot in self.slots if slot.required for role in slot.accepts}
        for slot in self.slots:
            if not slot.required and required & set(slot.accepts):
                raise ValueError(
                    f"{self.id}: optional slot {slot.id} accepts what a required slot accepts"
                )
        if not required:
            raise ValueError(f"{self.id}: no required slot")
        return self


class Policy(Record):
    """One pack. `sha256` is of its text as shipped."""

    id: str
    platform: str
    as_of: str
    authority: Literal["platform", "third-party", "house"]
    says: str = ""
    items: tuple[RoleRules, ...] = Field(min_length=1)
    reasons: tuple[Reason, ...] = ()
    sha256: str = ""

    def rules(self, role: str) -> RoleRules:
        """What `role` must show. Raises `Usage`."""
        for item in self.items:
            if item.id == role:
                return item
        known = ", ".join(item.id for item in self.items)
        raise Usage(
            "The policy {policy} has no role '{role}'; it has {known}.",
            policy=self.id,
            role=role,
            known=known,
        )

    def reason(self, name: str) -> Reason:
        """The reason called `name`. Raises `Usage`."""
        for reason in self.reasons:
            if reason.id == name:
                return reason
        known = ", ".join(reason.id for reason in self.reasons)
        raise Usage(
            "The policy {policy} has no reason '{reason}'; it has {known}.",
            policy=self.id,
            reason=name,
            known=known,
        )


@cache
def policies() -> dict[str, Policy]:
    """Every shipped pack by id, in order."""
    folder = resources.files("models") / "policies"
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    packs = [policy_from(file.read_bytes()) for file in sorted(files, key=lambda f: f.name)]
    return {pack.id: pack for pack in packs}


def policy_from(text: bytes) -> Policy:
    """A pack from its TOML. Raises pydantic's ValidationError, tomllib's TOMLDecodeError."""
    digest = hashlib.sha256(text).hexdigest()
    return Policy.model_validate(tomllib.loads(text.decode("utf-8")) | {"sha256": digest})


def policy(name: str) -> Policy:
    """The pack called `name`. Raises `Usage`."""
    known = policies()
    if name not in known:
        raise Usage(
            "No policy is called '{policy}'; there are {known}.",
            policy=name,
            known=", ".join(known),
        )
    return known[name]
