"""Weigh: observations and completed silence become findings, by the detectors' cards (SCORING 4b.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log10

from models.finding import LEAST_U, UNMEASURED, Card, Finding, Measured
from models.observation import Observation, Run
from models.policy import Item, Requirement

DIGIT_RIGHT = 0.95  # how often one printed digit is read right (SCORING 4b.7; house rule until measured)
SETS_NO_STATUS = {"weak", "usable"}  # states of an identifier that may not decide alone


def findings(item: Item, runs: Sequence[Run], observations: Sequence[Observation], cards: Mapping[str, Card]) -> tuple[Finding, ...]:
    """What is known about each requirement of `item`. A run that did not complete gives nothing by its silence.

    Neither does silence about one kind of break where another of its dependence group was seen: a still picture is no less still
    for not jumping. What a card says of silence was measured where the whole group was silent.
    """
    found: list[Finding] = []
    for requirement in item.requirements:
        for kind in requirement.supported_by:
            found += _of_kind(requirement, kind, +1, runs, observations, cards)
        against = [one for kind in requirement.contradicted_by for one in _of_kind(requirement, kind, -1, runs, observations, cards)]
        seen = {(one.requirement, one.group) for one in against if one.lam < 0}
        found += [one.model_copy(update={"lam": min(0, one.lam)}) if (one.requirement, one.group) in seen else one for one in against]
    return tuple(found)


def _of_kind(
    requirement: Requirement, kind: str, sign: int, runs: Sequence[Run], observations: Sequence[Observation], cards: Mapping[str, Card]
) -> Iterator[Finding]:
    for run in runs:
        if kind not in run.sees:
            continue
        seen = [o for o in observations if o.kind == kind and o.detector == run.detector]
        for observation in seen:
            measured = of(observation, cards)
            lam, u = weight(observation, measured)
            yield Finding(
                requirement=_part(requirement, observation),
                lam=sign * lam,
                group=measured.group,
                u=u,
                id=observation.id,
                when="" if observation.at is None else f"{observation.at.start:.3f}",
            )
        if not seen and run.outcome == "completed":
            measured = figures(cards, run.detector, kind)
            lam, u = measured.silence() if sign < 0 else (0, LEAST_U)  # not seen is not "not there"
            for part in range(requirement.parts):
                name = f"{requirement.id}#{part + 1}" if requirement.parts > 1 else requirement.id
                yield Finding(requirement=name, lam=lam, group=measured.group, u=u, id=f"{run.detector}:no {kind}")


def figures(cards: Mapping[str, Card], detector: str, kind: str, source: str = "") -> Measured:
    """The card's figures on one kind (from one source alone); an uncarded kind weighs nothing."""
    card = cards.get(detector)
    for measured in card.measured if card else ():
        if measured.kind == kind and measured.source == source:
            return measured
    return Measured(kind=kind, group=detector)


def of(observation: Observation, cards: Mapping[str, Card]) -> Measured:
    """The figures that weigh this observation."""
    source = "text" if observation.detail.get("sources") == ["text"] else ""
    return figures(cards, observation.detector, observation.kind, source)


def weight(observation: Observation, measured: Measured) -> tuple[int, int]:
    """(lam, u) of one observation: by its card, for identifiers also by how many digits were read and how surely."""
    lam, u = measured.alarm()
    detail = observation.detail
    if detail.get("sources") == ["text"]:
        lam = min(lam, round(100 * int(detail["digits"]) * log10(DIGIT_RIGHT / 0.1)))
    if detail.get("state") in SETS_NO_STATUS:
        lam = min(lam, UNMEASURED)
    return lam, u


def _part(requirement: Requirement, observation: Observation) -> str:
    return f"{requirement.id}#{observation.detail['part']}" if requirement.parts > 1 else requirement.id
