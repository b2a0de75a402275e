"""Which queue a person finds a submission in: the operator's table, read from the top.

A queue is where somebody looks next, never an outcome: nothing is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError, field_validator

from models.operator_file import SHOWN, Fault, check, meant, parsed, text_of, why
from models.packs import policies
from models.record import Record
from models.report import Match, Report
from models.summary import Outcome, Row

Band = Literal["very_strong", "strong", "moderate", "weak", "insufficient"]


NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
OURS = ("parcelproof", "parcelproof.dead")  # queues by which workers are woken


class Rule(Record):
    """A queue, and when a submission goes there: all that is named must hold, one of each list."""

    queue: str
    outcome: tuple[Outcome, ...] = Field((), description="how its reading ended")
    band: tuple[Band, ...] = ()
    order: tuple[Match, ...] = Field((), description="best match of a number with the case")
    policy: tuple[str, ...] = ()
    contradiction: bool | None = Field(None, description="its evidence contradicts itself")
    capped: bool | None = Field(None, description="something holds its number down")
    reused: bool | None = Field(None, description="its footage stands in another submission")
    breaks: bool | None = Field(None, description="the take has a break")
    questions: int | None = Field(
        None, ge=0, strict=True, description="so many or more wait for a person"
    )

    @field_validator("queue")
    @classmethod
    def _is_name(cls, written: str) -> str:
        if not NAME.fullmatch(written):
            raise ValueError("is no name of a queue: up to 64 of a-z 0-9 . _ -, a letter first")
        if written in OURS:
            raise ValueError("is the queue by which workers are woken; name another one")
        return written

    @field_validator("policy")
    @classmethod
    def _is_known(cls, named: tuple[str, ...]) -> tuple[str, ...]:
        for one in named:
            if one not in policies():
                raise ValueError(f"names {one[:SHOWN]}, which is no policy{meant(one, policies())}")
        return named

    @property
    def is_for_all(self) -> bool:
        """Without any condition."""
        return self == Rule(queue=self.queue)

    def holds(self, facts: Facts) -> bool:
        """Is this submission one of its?"""
        row = facts.row
        return all(
            (
                not self.outcome or row.outcome in self.outcome,
                not self.band or row.band in self.band,
                not self.order or row.order in self.order,
                not self.policy or facts.policy in self.policy,
                self.contradiction in (None, facts.contradiction),
                self.capped in (None, facts.capped),
                self.reused in (None, bool(row.reused)),
                self.breaks in (None, bool(row.breaks)),
                self.questions is None or (row.to_check or 0) >= self.questions,
            )
        )


class Facts(NamedTuple):
    """What a rule can ask of a submission."""

    row: Row
    policy: str
    contradiction: bool = False
    capped: bool = False


def facts_of(row: Row, policy: str, found: Report | None) -> Facts:
    """Of a line of the table, and of the report where there is one."""
    if found is None:
        return Facts(row, policy)
    strengths = [found.strength, *(one.strength for one in found.exhibits)]
    return Facts(
        row=row,
        policy=policy,
        contradiction=bool(found.contradictions),
        capped=any(one.caps for one in strengths if one),
    )


def queue_for(rules: tuple[Rule, ...], facts: Facts) -> str:
    """The queue of the first rule that holds; "" where there are no rules."""
    return next((rule.queue for rule in rules if rule.holds(facts)), "")


def rules_from(path: Path) -> tuple[Rule, ...]:
    """The operator's table at `path`. Raises `Usage` with every fault and its line."""
    text = text_of(path)
    said = parsed(text, path.name)
    check(_faults(said), text, path.name)
    return tuple(Rule.model_validate(row) for row in said["rule"])


def _faults(said: Mapping[str, Any]) -> Iterator[Fault]:
    for key in said:
        if key != "rule":
            yield (key,), f"nothing is called {key[:SHOWN]}{meant(key, ('rule',))}"
    rows = said.get("rule")
    if not isinstance(rows, list) or not rows:
        yield ("rule",), "it holds no rule: each stands below [[rule]]"
        return
    rules = []
    for number, row in enumerate(rows):
        try:
            rules.append(Rule.model_validate(row))
        except ValidationError as fault:
            for one in fault.errors():
                name = str(one["loc"][0]) if one["loc"] else "rule"
                extra = one["type"] == "extra_forbidden"
                so = f"nothing is called {name[:SHOWN]}{meant(name, Rule.model_fields)}"
                yield ("rule", number, name), so if extra else f"{name[:SHOWN]} {why(one)}"
    if len(rules) < len(rows):
        return
    for number, rule in enumerate(rules):
        if rule.is_for_all != (number == len(rules) - 1):
            so = "the last rule takes all that is left: it has a queue and no condition"
            if rule.is_for_all:
                so = "this rule takes everything, so none below it is ever reached"
            yield ("rule", number, "queue"), so
