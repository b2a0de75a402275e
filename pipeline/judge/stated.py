"""What a page or a paper states meets the case: status, times, weight, how many packages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.examination import JUDGING
from models.identifiers.contained import contained
from models.identifiers.matching import squeezed
from models.kinds import (
    PackagesNumbered,
    PrintedFact,
    StatusOther,
    StatusShown,
    TimesShown,
    WeightAgrees,
    WeightDisagrees,
    WeightRead,
)
from models.observation import Observation, of
from models.record import Region
from models.report import Identifier
from models.submission import GRAMS, Weight, weight_of
from pipeline.judge.bearing import SURE_STATES, Exhibited

STATES = (
    StatusShown,
    StatusOther,
    TimesShown,
    WeightRead,
    WeightAgrees,
    WeightDisagrees,
    PackagesNumbered,
)
SHOWN = 6  # dates or times that a sentence repeats
SAME_ROW = 0.5  # share of the lower one's height by which two pieces of one row overlap
LIGHTEST_SLACK = 50.0  # grams that a parcel's weight may always differ (house rule)


def stated(about: Exhibited, tolerance: float) -> Iterator[Observation]:
    """Observations for `weigh`, of the kinds that this role asks for.

    `tolerance`: share by which a weight may differ from the product page (house rule).
    """
    asked = about.rules.kinds
    for one in _all(about, tolerance):
        if one.kind in asked:
            about_link = {"detector": JUDGING, "id": f"{JUDGING}:{one.kind}"}
            yield one.model_copy(update=about_link)


def _all(about: Exhibited, tolerance: float) -> Iterator[Observation]:
    printed = of(about.seen, PrintedFact)
    statuses = _values(printed, "status")
    if statuses:
        fits = not about.statuses or set(statuses) & set(about.statuses)
        yield (StatusShown if fits else StatusOther)(value=", ".join(statuses))
    dates = _values(printed, "date")
    if dates:
        moments = [*dates, *_values(printed, "time")]
        yield TimesShown(value=", ".join(moments[:SHOWN]))
    yield from _weight(about, printed, tolerance)
    yield from _packages(about)


def _values(printed: Sequence[PrintedFact], kind: str) -> list[str]:
    """Each value of a kind once, in order."""
    return list(dict.fromkeys(one.value or "" for one in printed if one.fact == kind))


def _weight(
    about: Exhibited,
    printed: Sequence[PrintedFact],
    tolerance: float,
) -> Iterator[Observation]:
    """The parcel's weight, and whether it agrees with the product page."""
    weights = [one for one in printed if one.fact == "weight" and one.unit in GRAMS]
    fact = _of_this_parcel(weights, about)
    if fact is None:
        return
    read = Weight(f"{fact.value} {fact.unit}", float(fact.value or 0) * GRAMS[fact.unit or "g"])
    yield WeightRead(value=read.written, at=fact.at, region=fact.region)
    expected = weight_of(about.case.pdp_weight or "") if about.case.source == "operator" else None
    if expected is None:
        return
    slack = max(expected.grams * tolerance, LIGHTEST_SLACK)
    alike = abs(read.grams - expected.grams) <= slack
    kind = WeightAgrees if alike else WeightDisagrees
    yield kind(
        value=read.written,
        expected=expected.written,
        tolerance=tolerance,
        at=fact.at,
        region=fact.region,
    )


def _of_this_parcel(
    weights: Sequence[PrintedFact],
    about: Exhibited,
) -> PrintedFact | None:
    """The only weight; of several on one receipt the one in the row of the expected number.

    None where that cannot be told.
    """
    different = {(one.value, one.unit) for one in weights}
    if len(different) == 1:
        return weights[0]
    rows = [one.region for one in about.found if one.match == "expected" and one.region]
    beside = [one for one in weights if any(_same_row(one.region, row) for row in rows)]
    alike = {(one.value, one.unit) for one in beside}
    return beside[0] if len(alike) == 1 else None


def _same_row(one: Region | None, other: Region) -> bool:
    if one is None:
        return False
    overlap = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return overlap >= SAME_ROW * min(one.height, other.height)


def _packages(about: Exhibited) -> Iterator[PackagesNumbered]:
    """Every tracking number of the order stands there, each read surely.

    Nothing where the case says of more packages than it names numbers.
    """
    asked = {squeezed(number) for number in about.case.packages}
    if len(asked) != (about.case.package_count or len(asked)):
        return
    there = {piece for one in about.found if _is_sure(one) for piece in _pieces(one)}
    if len(asked) > 1 and asked <= there:
        yield PackagesNumbered(count=len(asked))


def _is_sure(one: Identifier) -> bool:
    return one.state in SURE_STATES


def _pieces(one: Identifier) -> set[str]:
    return {squeezed(one.value), *contained(one.value)}
