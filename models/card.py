"""Detector cards: how often a detector was right and wrong when measured, and what that weighs.

Weights are log10 likelihood ratios in hundredths (`llr_cb`, centi-decades), with the distance of
their bound from the best estimate (`half_width`). Source: docs of the scoring model, 4b.1.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from math import comb, log10
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from models import plugins
from models.record import Record

CONFIDENCE = 0.95  # one-sided, exact binomial
UNMEASURED = 99  # centi-decades: an unmeasured card sets no status alone
RENDERED = 150  # centi-decades: the most that figures from rendered takes alone may weigh
LEAST_HALF_WIDTH = 30  # centi-decades: the least distance between bound and point estimate
LEAST_HIT_RATE = 1e-4  # a hit rate bounded by 0 must not be an infinite weight
HALVINGS = 40  # of 0..1, down to 1e-12


Stratum = Literal["", "nearly_all", "some"]
"""Of clips, by the share of the cuts tried on each of them that is noticed there; "": of all."""


class Weight(NamedTuple):
    """Centi-decades: the bound, and how far from it the best estimate lies."""

    llr_cb: int
    half_width: int


NO_WEIGHT = Weight(0, 0)  # nobody measured what it is worth


class Rate(Record):
    """`hits` of `n` independent takes."""

    hits: int = Field(ge=0)
    n: int = Field(gt=0)

    @model_validator(mode="after")
    def _within(self) -> Self:
        """No more hits than takes."""
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
        return _upper(self.hits, self.n)

    @property
    def lower(self) -> float:
        """Smallest rate that would give `hits` or more in at least 1 of 20 repeats."""
        return _lower(self.hits, self.n)


@cache
def _upper(hits: int, n: int) -> float:
    if hits == n:
        return 1.0
    return _root(lambda p: _at_most(hits, n, p) - (1 - CONFIDENCE), falling=True)


@cache
def _lower(hits: int, n: int) -> float:
    if hits == 0:
        return 0.0
    return _root(lambda p: CONFIDENCE - _at_most(hits - 1, n, p), falling=False)


def _at_most(
    k: int,
    n: int,
    p: float,
) -> float:
    """Probability of `k` or fewer of `n` at rate `p`."""
    terms = [comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1)]
    return sum(terms)


def _root(excess: Callable[[float], float], falling: bool) -> float:
    """Root in 0..1 by bisection."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if (excess(middle) > 0) == falling:
            low = middle
        else:
            high = middle
    return (low + high) / 2


class Measured(Record):
    """How often one kind of observation is right. Without rates it was never measured."""

    kind: str
    source: str = Field("", description="only for what this source alone read (text)")
    stratum: Stratum = Field("", description="only for clips in which so much would be noticed")
    group: str = Field(description="dependence group: same cause, same pixels")
    hit: Rate | None = Field(None, description="takes with the thing that raised the alarm")
    false_alarms: Rate | None = Field(None, description="takes without it that raised the alarm")
    recall: Rate | None = Field(
        None,
        description="what silence may claim: takes with the shortest case the policy cares about "
        "that were seen",
    )
    house: int = Field(
        0,
        ge=0,
        le=UNMEASURED,
        description="llr_cb of an unmeasured alarm: a house rule",
    )
    rendered: bool = False
    optional: bool = Field(
        False,
        description="not every honest exhibit can have it, so to lack it costs nothing",
    )
    on: str = ""

    def alarm(self) -> Weight:
        """What an alarm weighs, always >= 0; the policy says for or against what."""
        if self.hit is None or self.false_alarms is None:
            return Weight(self.house, LEAST_HALF_WIDTH)
        hit = max(self.hit.lower, LEAST_HIT_RATE)
        bound = log10(hit / self.false_alarms.upper)
        point = log10(self.hit.point / self.false_alarms.point)
        return self._weight(bound, point)

    def silence(self, most: float = 1.0) -> Weight:
        """What completed silence weighs; 0 where nobody measured what silence is worth.

        `most`: the recall that this very clip allows.
        """
        if self.recall is None or self.false_alarms is None:
            return NO_WEIGHT
        alarms, missed = self.false_alarms, 1 - min(most, self.recall.lower)
        bound = log10((1 - alarms.upper) / missed)
        missed = 1 - min(most, self.recall.point)
        point = log10((1 - alarms.point) / missed)
        return self._weight(bound, point)

    def _weight(self, bound: float, point: float) -> Weight:
        """Rounded, never below zero, held down where the takes were rendered."""
        most = RENDERED if self.rendered else round(100 * max(bound, point, 0.0))
        llr_cb, best = (min(most, max(0, round(100 * value))) for value in (bound, point))
        return Weight(llr_cb, max(LEAST_HALF_WIDTH, abs(best - llr_cb)))


class Card(Record):
    """One detector's measured rates."""

    detector: str
    says: str = Field(description="what the figures mean, for people")
    measured: tuple[Measured, ...] = ()

    def on(
        self,
        kind: str,
        source: str = "",
        stratum: Stratum = "",
    ) -> Measured | None:
        """The figures on one kind, from one source alone or in one stratum where it is named."""
        for measured in self.measured:
            if (measured.kind, measured.source, measured.stratum) == (kind, source, stratum):
                return measured
        return None


@cache
def cards() -> dict[str, Card]:
    """Every card by detector's name, in order; those of other people's packages too."""
    texts = [file.read_text("utf-8") for file in _files()]
    found = [Card.model_validate(tomllib.loads(text)) for text in texts]
    return {card.detector: card for card in sorted(found, key=lambda card: card.detector)}


def _files() -> Iterator[Traversable]:
    """Cards of this program, then those of other packages."""
    theirs = [folder / "cards" for folder in plugins.folders()]
    folders = [resources.files("models") / "cards", *theirs]
    for folder in folders:
        if folder.is_dir():
            yield from (file for file in folder.iterdir() if file.name.endswith(".toml"))
