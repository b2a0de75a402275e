"""What observations say about one requirement, and the detector cards that measured how much that weighs."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources
from math import comb, log10

from pydantic import Field, model_validator

from models.media import Record

CONFIDENCE = 0.95  # one-sided, exact binomial (SCORING 4b.1)
UNMEASURED = 99  # lam, centi-decades: an unmeasured card sets no status alone
RENDERED = 150  # lam: the most that figures from rendered takes alone may weigh
LEAST_U = 30  # lam: the least distance between bound and point estimate


class Rate(Record):
    """`hits` of `n` independent takes."""

    hits: int = Field(ge=0)
    n: int = Field(gt=0)

    @model_validator(mode="after")
    def _within(self) -> Rate:
        if self.hits > self.n:
            raise ValueError(f"{self.hits} hits of {self.n}")
        return self

    @property
    def point(self) -> float:
        """Jeffreys' estimate: never 0 or 1, so that a clean record is not infinite weight."""
        return (self.hits + 0.5) / (self.n + 1)

    @property
    def upper(self) -> float:
        """Largest rate that would give `hits` or fewer in at least 1 of 20 repeats."""
        return 1.0 if self.hits == self.n else _solve(lambda p: _at_most(self.hits, self.n, p) - (1 - CONFIDENCE))

    @property
    def lower(self) -> float:
        """Smallest rate that would give `hits` or more in at least 1 of 20 repeats."""
        return 0.0 if self.hits == 0 else _solve(lambda p: CONFIDENCE - _at_most(self.hits - 1, self.n, p), falling=False)


def _at_most(k: int, n: int, p: float) -> float:
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


def _solve(excess: Callable[[float], float], falling: bool = True) -> float:
    """Root in 0..1 by bisection; 40 halvings are 1e-12."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        positive = excess(middle) > 0
        low, high = (middle, high) if positive == falling else (low, middle)
    return (low + high) / 2


class Measured(Record):
    """How often one kind of observation is right. Without `hit` and `false_alarms` it was never measured."""

    kind: str
    source: str = Field("", description="only for what this source alone read (text)")
    group: str = Field(description="dependence group: same cause, same pixels")
    hit: Rate | None = Field(None, description="takes with the thing that raised the alarm")
    false_alarms: Rate | None = Field(None, description="takes without it that raised the alarm")
    recall: Rate | None = Field(
        None, description="what silence may claim: takes with the shortest case the policy cares about that were seen"
    )
    house: int = Field(0, ge=0, le=UNMEASURED, description="lam of an unmeasured alarm: a house rule")
    rendered: bool = False
    on: str = ""

    def alarm(self) -> tuple[int, int]:
        """(lam, u) of an alarm, as weight: always >= 0; the policy says for or against what."""
        if self.hit is None or self.false_alarms is None:
            return self.house, LEAST_U
        bound = log10(max(self.hit.lower, 1e-4) / self.false_alarms.upper)
        return self._bounded(bound, log10(self.hit.point / self.false_alarms.point))

    def silence(self) -> tuple[int, int]:
        """(lam, u) of completed silence; 0 where nobody measured what silence is worth."""
        if self.recall is None or self.false_alarms is None:
            return 0, LEAST_U
        bound = log10((1 - self.false_alarms.upper) / (1 - self.recall.lower))
        return self._bounded(bound, log10((1 - self.false_alarms.point) / (1 - self.recall.point)))

    def _bounded(self, bound: float, point: float) -> tuple[int, int]:
        lam = max(0, round(100 * bound))
        u = max(LEAST_U, round(100 * abs(point - bound)))
        return (min(lam, RENDERED) if self.rendered else lam), u


class Card(Record):
    """One detector's measured rates."""

    detector: str
    says: str = Field(description="what the figures mean, for people")
    measured: tuple[Measured, ...] = ()


class Finding(Record):
    """What is known about one requirement (or one part, `six-sides#3`) from one source. `lam` and `u` in centi-decades."""

    requirement: str
    lam: int
    group: str
    u: int = LEAST_U
    id: str
    when: str = ""
    because: str = ""


@cache
def cards() -> dict[str, Card]:
    """Every card by detector's name, in order."""
    folder = resources.files("models") / "cards"
    found = [Card.model_validate(tomllib.loads(item.read_text("utf-8"))) for item in folder.iterdir() if item.name.endswith(".toml")]
    return {card.detector: card for card in sorted(found, key=lambda card: card.detector)}
