"""Weigh: observations and completed silence become findings, by the detectors' cards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log10

from models.card import NO_WEIGHT, UNMEASURED, Card, Measured, Weight
from models.finding import Finding, Silence
from models.kinds import LinkObservation, Source
from models.observation import Observation, Run, registry
from models.policy import Requirement, RoleRules
from pipeline.judge.trials import NOTHING_TRIED, Noticed, noticed
from pipeline.judge.verdicts import GROUP_LIMIT, TOTAL_LIMIT

DIGIT_RIGHT = 0.95  # how often one printed digit is read right (SCORING 4b.7; house rule)
DIGIT_BY_CHANCE = 0.1
SETS_NO_STATUS = {"weak", "usable"}  # states of an identifier that may not decide alone
FOR = +1
AGAINST = -1

Cards = Mapping[str, Card]


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was looked at and seen in one exhibit, with the cards of those who looked.

    `noticed`: what its own trials say that silence about breaks may claim.
    """

    runs: Sequence[Run]
    observations: Sequence[Observation]
    cards: Cards
    noticed: Noticed = NOTHING_TRIED


def findings(
    rules: RoleRules,
    runs: Sequence[Run],
    observations: Sequence[Observation],
    cards: Cards,
) -> tuple[Finding, ...]:
    """What is known about each requirement. A run that did not complete gives no silence."""
    seen = Seen(
        runs,
        observations,
        cards,
        noticed(observations),
    )
    found: list[Finding] = []
    for requirement in rules.requirements:
        for kind in requirement.supporting:
            found += _of_kind(
                requirement,
                kind,
                FOR,
                seen,
            )
        found += _against(requirement, seen)
    return tuple(found)


def reach(rules: RoleRules, cards: Cards) -> dict[str, int]:
    """By requirement, the llr_cb that the detectors could find for it at best, by their cards.

    A page bears print and no code. What not every honest exhibit can have is left out.
    """
    printed = rules.numbers_on == "page"
    most = {}
    for requirement in rules.requirements:
        by_group: dict[str, int] = {}
        for card in cards.values():
            for measured in card.measured:
                weight = 0
                on_no_page = _is_number(measured.kind) and measured.source != "text"
                if measured.optional or (printed and on_no_page):
                    continue
                if measured.kind in requirement.supporting:
                    weight = measured.alarm().llr_cb
                elif measured.kind in requirement.contradicting:
                    weight = measured.silence().llr_cb
                by_group[measured.group] = max(weight, by_group.get(measured.group, 0))
        groups = sum(min(weight, GROUP_LIMIT) for weight in by_group.values())
        most[requirement.id] = min(groups, TOTAL_LIMIT)
    return most


def _is_number(kind: str) -> bool:
    """Is it said of a number that was read?"""
    return kind in registry and issubclass(registry[kind], LinkObservation)


def _against(requirement: Requirement, seen: Seen) -> Iterator[Finding]:
    """What speaks against a requirement.

    Silence about one kind gives nothing where another was seen: a still picture is no less still
    for not jumping. What a card says of silence was measured where all were silent.
    """
    kinds = requirement.contradicting
    against = [
        one
        for kind in kinds
        for one in _of_kind(
            requirement,
            kind,
            AGAINST,
            seen,
        )
    ]
    broken = any(one.silence is None for one in against)
    for one in against:
        credit = broken and one.silence is not None
        yield one.model_copy(update={"llr_cb": 0, "half_width": 0}) if credit else one


def _of_kind(
    requirement: Requirement,
    kind: str,
    sign: int,
    seen: Seen,
) -> Iterator[Finding]:
    """Findings from all who look for one kind."""
    for run in seen.runs:
        if kind not in run.sees:
            continue
        some = [
            one for one in seen.observations if one.kind == kind and one.detector == run.detector
        ]
        for observation in some:
            yield _alarm(
                requirement,
                observation,
                sign,
                seen.cards,
            )
        parts = _parts(requirement) - {_part(requirement, one) for one in some}
        if run.outcome == "completed" and (not some or requirement.parts > 1):
            yield from _silence(
                requirement,
                sorted(parts),
                run,
                kind,
                sign,
                seen,
            )


def _alarm(
    requirement: Requirement,
    seen: Observation,
    sign: int,
    cards: Cards,
) -> Finding:
    """A finding that rests on an observation."""
    measured = figures_of(seen, cards)
    llr_cb, half_width = weight(seen, cards)
    return Finding(
        requirement=requirement.id,
        part=_part(requirement, seen),
        id=seen.id,
        llr_cb=sign * llr_cb,
        half_width=half_width,
        group=measured.group,
        when="" if seen.at is None else f"{seen.at.start:.3f}",
    )


def _silence(
    requirement: Requirement,
    parts: Iterable[int],
    run: Run,
    kind: str,
    sign: int,
    seen: Seen,
) -> Iterator[Finding]:
    """Completed silence speaks against what contradicts; not seen is not "not there".

    `parts` of the requirement about which nothing was seen.
    """
    measured = silence_figures(
        seen.cards,
        run.detector,
        kind,
        seen.noticed,
    )
    llr_cb, half_width = NO_WEIGHT
    if sign == AGAINST:
        most = seen.noticed.share if measured.stratum == "some" else 1.0
        llr_cb, half_width = measured.silence(most)
    for part in parts:
        yield Finding(
            requirement=requirement.id,
            part=part,
            id=f"{run.detector}:no {kind}",
            llr_cb=llr_cb,
            half_width=half_width,
            group=measured.group,
            silence=Silence(detector=run.detector, kind=kind),
        )


def silence_figures(
    cards: Cards,
    detector: str,
    kind: str,
    tried: Noticed,
) -> Measured:
    """The figures that weigh silence; about breaks, those counted on clips like this one."""
    card = cards.get(detector)
    if card and tried.stratum and registry[kind].about.family == "break":
        in_stratum = card.on(kind, stratum=tried.stratum)
        if in_stratum:
            return in_stratum
    return figures(cards, detector, kind)


def figures(
    cards: Cards,
    detector: str,
    kind: str,
    source: str = "",
) -> Measured:
    """The card's figures on one kind (from one source alone); an uncarded kind weighs nothing."""
    card = cards.get(detector)
    measured = card.on(kind, source) if card else None
    return measured or Measured(kind=kind, group=detector)


def figures_of(seen: Observation, cards: Cards) -> Measured:
    """The figures that weigh this observation."""
    from_print = isinstance(seen, LinkObservation) and seen.sources == ("text",)
    return figures(
        cards,
        seen.detector,
        seen.kind,
        "text" if from_print else "",
    )


def weight(seen: Observation, cards: Cards) -> Weight:
    """What one observation weighs, by its card.

    A number that was decoded and also read from print was seen by two kinds of reader in different
    pixels: both weights count, as of two dependence groups. Print also counts by how many digits
    were read; and how surely decides for all.
    """
    if not isinstance(seen, LinkObservation):
        return figures_of(seen, cards).alarm()
    weights = [_of_source(seen, source, cards) for source in seen.sources]
    llr_cb = min(GROUP_LIMIT, sum(one.llr_cb for one in weights))
    if seen.state in SETS_NO_STATUS:
        llr_cb = min(llr_cb, UNMEASURED)
    return Weight(llr_cb, sum(one.half_width for one in weights))


def _of_source(
    seen: LinkObservation,
    source: Source,
    cards: Cards,
) -> Weight:
    """What one way of reading a number weighs; a house rule's weight counts once."""
    name = "text" if source == "text" else ""
    measured = cards[seen.detector].on(seen.kind, name) if seen.detector in cards else None
    if measured is None:
        first = source == seen.sources[0]
        return figures(cards, seen.detector, seen.kind).alarm() if first else Weight(0, 0)
    llr_cb, half_width = measured.alarm()
    if source == "text":
        each = log10(DIGIT_RIGHT / DIGIT_BY_CHANCE)
        llr_cb = min(llr_cb, round(100 * seen.digits * each))
    return Weight(llr_cb, half_width)


def _parts(requirement: Requirement) -> set[int]:
    """Its parts, from 1; 0 where it has none."""
    return set(range(1, requirement.parts + 1)) if requirement.parts > 1 else {0}


def _part(requirement: Requirement, seen: Observation) -> int:
    """The part an observation speaks of, where the requirement has parts (1, 2, ...)."""
    return int(getattr(seen, "part", 1)) if requirement.parts > 1 else 0
