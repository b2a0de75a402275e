"""A platform's rules: what each role must show, in the platform's words, and what we make of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from models.containers import MediaKind
from models.errors import Usage
from models.kinds import expand
from models.record import Record

When = Literal["possible_now", "next_time", "human"]
Checker = Literal["machine", "human"]
Authority = Literal["platform", "third-party", "house"]
Party = Literal["seller", "buyer"]
CaseDate = Literal[
    "delivery",
    "request",
    "rejection",
    "withdrawal",
    "notice",
    "judgment",
    "drop_off",
    "dispute",
    "purchase",
    "carrier_notice",
    "problem",
    "signature",
]
"""Events from which a clock of a policy may run; their dates are facts of the case."""
Unit = Literal["hours", "days", "calendar_days", "business_days"]


class Citation(Record):
    """A sentence of a source, to the letter, and where it stands.

    `rendering`: the same in the other language (English or Chinese).
    """

    statement: str
    quote: str
    rendering: str = ""
    language: Literal["en", "zh"] = "en"
    title: str
    as_of: str
    authority: Authority
    line: int = Field(ge=0, description="0: seen in excerpts only")


Citations = tuple[Citation, ...]


class AdviceText(Record):
    """What to do about a line that stands so."""

    state: Literal["open", "contrary", "unnamed"] = Field(
        description="looked for and not seen; something speaks against it; nobody said what is "
        "expected"
    )
    when: When
    text: str


class Requirement(Record):
    """One thing an exhibit must show. It names kinds or families of observations.

    `cites`: the sentences that ask for it; without any it is a house rule.
    """

    id: str
    weight: int = Field(gt=0)
    checker: Checker
    parts: int = Field(1, ge=1)
    besides: int = Field(0, ge=0, description="parts that do not apply to this very exhibit")
    essential: bool = False
    title: str = ""
    cites: Citations = ()
    not_for: tuple[MediaKind, ...] = Field((), description="media to which it cannot apply")
    supported_by: tuple[str, ...] = ()
    contradicted_by: tuple[str, ...] = ()
    by_eye: bool = Field(False, description="a person who watches can settle it, too")
    question: str = Field("", description="asked of that person")
    if_relevant: bool = Field(False, description="that person may say that it does not apply")
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
    """A ceiling on the strength: while a requirement's llr_cb is at most `at_most`.

    Or while an observation of `kind` is there.
    """

    req: str = ""
    at_most: int = 0
    kind: str = ""
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
    film: tuple[str, ...] = Field((), description="what to show, told before anything is filmed")
    private: bool = Field(False, description="nothing on it is read, no picture of it is shown")
    cites: Citations = ()
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
            if cap.req not in ids and not cap.kind:
                raise ValueError(f"{self.id}: cap {cap.code} names no requirement of it")
        return self

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of observation that these rules weigh or print."""
        kinds = set(expand(self.informed_by)) | {cap.kind for cap in self.caps if cap.kind}
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

    def weighed(self, weights: dict[str, int]) -> RoleRules:
        """The same with other weights for the requirements named."""
        asked = tuple(
            one.model_copy(update={"weight": weights[one.id]}) if one.id in weights else one
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
    accepts: dict[str, int] = Field(min_length=1)
    title: str = ""
    cites: Citations = ()


class Outcome(Record):
    """What a source says follows. It is printed with its sentence and never applied."""

    title: str = ""
    cites: Citations = Field(min_length=1)


class Reason(Record):
    """Why the dispute is held: which slots count.

    An optional slot's roles must fit no required slot. `weights`: by role, what weighs otherwise
    for this reason.
    """

    id: str
    group: Literal["shipping", "product", "return", "other", "dispute", "appeal"] = "product"
    slack: int = 300
    slots: tuple[Slot, ...] = Field(min_length=1)
    title: str = ""
    cites: Citations = ()
    clocks: tuple[str, ...] = Field((), description="clocks that run for this reason only")
    statuses: tuple[str, ...] = Field((), description="of a delivery that fit what it claims")
    outcomes: tuple[Outcome, ...] = ()
    weights: dict[str, dict[str, int]] = Field({})

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

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role that fills one of its slots, each once."""
        return tuple(dict.fromkeys(role for slot in self.slots for role in slot.accepts))


class Clock(Record):
    """A time limit: so much from an event on, for one party to do something.

    `at_least`: the other way round, it becomes possible only then. `missed`: what the sources say
    follows when it runs out; where they contradict each other, all of it.
    """

    id: str
    title: str
    party: Party | Literal["carrier"]
    starts: tuple[CaseDate, ...] = Field(
        description="events that start it; none where the source does not say"
    )
    length: int = Field(gt=0)
    unit: Unit
    at_least: bool = False
    cites: Citations = Field(min_length=1)
    missed: Citations = ()
    note: str = ""


class Rule(Record):
    """A sentence of a source that is printed and weighs nothing."""

    title: str
    about: Literal["evidence", "grading", "outcome", "limit", "form"] = "evidence"
    reasons: tuple[str, ...] = Field((), description="for these alone; else for all")
    cites: Citations = Field(min_length=1)


class Policy(Record):
    """One pack. `sha256` is of its texts as shipped."""

    id: str
    platform: str
    as_of: str
    authority: Authority
    says: str = ""
    weight_tolerance: int = Field(
        100,
        ge=0,
        le=1000,
        description="thousandths by which a weight may differ from the product page (house rule)",
    )
    items: tuple[RoleRules, ...] = Field(min_length=1)
    reasons: tuple[Reason, ...] = ()
    clocks: tuple[Clock, ...] = ()
    grades: tuple[Outcome, ...] = Field((), description="a person sets one; nothing here does")
    rules_printed: tuple[Rule, ...] = ()
    sha256: str = ""

    @model_validator(mode="after")
    def _names_known(self) -> Self:
        """Roles that slots accept, clocks that reasons name, requirements that they weigh."""
        roles = {item.id: {one.id for one in item.requirements} for item in self.items}
        clocks = {clock.id for clock in self.clocks}
        reasons = {reason.id for reason in self.reasons}
        for reason in self.reasons:
            _known(reason.id, reason.roles, roles)
            _known(reason.id, reason.clocks, clocks)
            _known(reason.id, reason.weights, roles)
            for role, weights in reason.weights.items():
                _known(f"{reason.id}, {role}", weights, roles[role])
        for rule in self.rules_printed:
            _known(rule.title, rule.reasons, reasons)
        return self

    def knows_role(self, role: str) -> bool:
        """Is anything called so?"""
        return any(item.id == role for item in self.items)

    def knows_reason(self, reason: str) -> bool:
        """Is anything called so?"""
        return any(one.id == reason for one in self.reasons)

    def rules(self, role: str, reason: str | None = None) -> RoleRules:
        """What `role` must show, as `reason` weighs it. Raises `Usage`."""
        for item in self.items:
            if item.id == role:
                return item.weighed(self.reason(reason).weights.get(role, {})) if reason else item
        raise Usage(
            "The policy {policy} has no role '{role}'; it has {known}.",
            policy=self.id,
            role=role,
            known=", ".join(item.id for item in self.items),
        )

    def reason(self, name: str) -> Reason:
        """The reason called `name`. Raises `Usage`."""
        for reason in self.reasons:
            if reason.id == name:
                return reason
        raise Usage(
            "The policy {policy} has no reason '{reason}'; it has {known}.",
            policy=self.id,
            reason=name,
            known=", ".join(reason.id for reason in self.reasons) or "none",
        )

    def clocks_for(self, reason: str | None) -> Iterator[Clock]:
        """Clocks that run whatever the reason, and those of this one."""
        special = {name for one in self.reasons for name in one.clocks}
        mine = set(self.reason(reason).clocks) if reason else set()
        yield from (clock for clock in self.clocks if clock.id not in special - mine)


def _known(
    where: str,
    names: Collection[str],
    known: Collection[str],
) -> None:
    """Raises ValueError for a name that nothing bears."""
    for name in names:
        if name not in known:
            raise ValueError(f"{where}: nothing is called {name}")
