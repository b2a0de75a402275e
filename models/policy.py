"""A platform's rules: what each kind of exhibit must show, in the platform's words, and what our model makes of it."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import Field, model_validator

from models.errors import Usage
from models.media import Kind, Record

When = Literal["possible_now", "next_time", "human"]


class Requirement(Record):
    """One thing an exhibit must show. Kinds name observations, never detectors."""

    id: str
    weight: int = Field(gt=0)
    checker: Literal["machine", "human"]
    parts: int = Field(1, ge=1)
    essential: bool = False
    title: str = ""
    quote: str = ""
    source: str = ""
    line: int = 0
    not_for: tuple[Kind, ...] = Field((), description="kinds of media to which it cannot apply")
    supported_by: tuple[str, ...] = ()
    contradicted_by: tuple[str, ...] = ()
    question: str = ""
    advice: str = ""
    when: When = "next_time"


class Cap(Record):
    """A ceiling on the strength while a requirement's lam is at most `at_most`."""

    req: str
    at_most: int
    cap: int = Field(ge=0, le=1000)
    code: str


class Item(Record):
    """What one role of exhibit must show. An empty list of requirements would be trivially met: refused."""

    id: str
    title: str = ""
    media: tuple[Kind, ...] = ("video",)
    requirements: tuple[Requirement, ...] = Field(min_length=1)
    caps: tuple[Cap, ...] = ()
    informed_by: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Item:
        ids = [requirement.id for requirement in self.requirements]
        if len(set(ids)) != len(ids):
            raise ValueError(f"{self.id}: a requirement is listed twice")
        for cap in self.caps:
            if cap.req not in ids:
                raise ValueError(f"{self.id}: cap {cap.code} names no requirement of it")
        return self

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of observation that this item weighs or prints."""
        asked = (kind for r in self.requirements for kind in (*r.supported_by, *r.contradicted_by))
        return frozenset(asked) | frozenset(self.informed_by)


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
    """Why the dispute is held: which slots count. An optional slot's roles must fit no required slot."""

    id: str
    slack: int = 300
    slots: tuple[Slot, ...] = Field(min_length=1)
    title: str = ""

    @model_validator(mode="after")
    def _optional_apart(self) -> Reason:
        required = {role for slot in self.slots if slot.required for role in slot.accepts}
        for slot in self.slots:
            if not slot.required and required & set(slot.accepts):
                raise ValueError(f"{self.id}: optional slot {slot.id} accepts what a required slot accepts")
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
    items: tuple[Item, ...] = Field(min_length=1)
    reasons: tuple[Reason, ...] = ()
    sha256: str = ""

    def item(self, role: str) -> Item:
        for item in self.items:
            if item.id == role:
                return item
        raise Usage(f"The policy {self.id} has no role {role!r}; it has {', '.join(item.id for item in self.items)}.")

    def reason(self, name: str) -> Reason:
        for reason in self.reasons:
            if reason.id == name:
                return reason
        raise Usage(f"The policy {self.id} has no reason {name!r}; it has {', '.join(r.id for r in self.reasons)}.")


@cache
def policies() -> dict[str, Policy]:
    """Every shipped pack by id, in order."""
    folder = resources.files("models") / "policies"
    texts = {item.name: item.read_bytes() for item in folder.iterdir() if item.name.endswith(".toml")}
    packs = [policy_from(text) for _, text in sorted(texts.items())]
    return {pack.id: pack for pack in packs}


def policy_from(text: bytes) -> Policy:
    return Policy.model_validate(tomllib.loads(text.decode("utf-8")) | {"sha256": hashlib.sha256(text).hexdigest()})


def policy(name: str) -> Policy:
    """The pack called `name`. Raises `Usage`."""
    known = policies()
    if name not in known:
        raise Usage(f"No policy is called {name!r}; there are {', '.join(known)}.")
    return known[name]
