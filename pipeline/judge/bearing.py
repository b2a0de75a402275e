"""What the numbers that were read say of the parcel: it bears them, or they are only shown.

A number on a label is the parcel's. One on a phone's page, a loose paper or laid over the picture
is shown, no more; where the exhibit itself is a page, the number on it is the link. Another number
than the expected one is always told; how much it weighs depends on where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from models.containers import MediaKind
from models.examination import JUDGING
from models.identifiers.candidates import candidates
from models.identifiers.contained import contained, may_name_a_shipment
from models.identifiers.matching import close, edits, squeezed
from models.kinds import (
    NEAR_EDITS,
    IdentifierContrary,
    IdentifierElsewhere,
    IdentifierExpected,
    IdentifierOther,
    IdentifierRead,
    LinkObservation,
    Sheet,
)
from models.observation import Observation, of
from models.policy import RoleRules
from models.record import Span
from models.report import Identifier
from models.submission import Case

SEES = (
    IdentifierRead,
    IdentifierExpected,
    IdentifierElsewhere,
    IdentifierOther,
    IdentifierContrary,
)
LABELS = ("outbound_label", "return_label")
SURE_STATES = ("confirmed", "strong")
SHORTEST = 6  # characters of a code that may identify anything
OTHER_PICTURES = 2  # pictures in which another order's ID must be read alike, on the parcel
ON_PARCEL = 0.8  # share of a label that a parcel covers (drawn clips: 1.0; beside it up to 0.6)
LIST = 3  # different numbers of one kind on one sheet make it a list
RANK = {
    "confirmed": 0,
    "strong": 1,
    "usable": 2,
    "weak": 3,
}


@dataclass(frozen=True)
class Exhibited:
    """All that was read of one exhibit, the sheets it was read from, and what is asked of it."""

    found: Sequence[Identifier]
    seen: Sequence[Observation]
    case: Case
    rules: RoleRules
    kind: MediaKind | None
    statuses: tuple[str, ...] = ()  # of a delivery that fit the reason of the case

    @property
    def expected(self) -> dict[str, str]:
        """What this role should show."""
        return self.case.expected(self.rules.id)

    @property
    def is_return(self) -> bool:
        """Is it a return that must bear a return label? A buyer unpacks what was sent."""
        return self.rules.id == "unpacking_video" and self.case.party != "buyer"

    @cached_property
    def by_name(self) -> dict[str, list[Sheet]]:
        """Sheets by what stands on them: squeezed numbers, names of codes."""
        found: dict[str, list[Sheet]] = {}
        for sheet in of(self.seen, Sheet):
            for name in {*sheet.numbers, *sheet.codes}:
                found.setdefault(name, []).append(sheet)
        return found

    @cached_property
    def contrary(self) -> tuple[Identifier, ...]:
        """Other numbers than the expected ones."""
        return tuple(_contrary(self))

    def sheets(self, one: Identifier) -> list[Sheet]:
        """Those that a number stands on: read just so, else nearly so."""
        value = squeezed(one.value)
        names = {*one.observations, value} & set(self.by_name)
        if not names and value:
            names = {name for name in self.by_name if close(name, value, NEAR_EDITS)}
        there = {sheet.id: sheet for name in sorted(names) for sheet in self.by_name[name]}
        return list(there.values())

    def surfaces(self, one: Identifier) -> set[str]:
        """What a number stands on, in all pictures."""
        return {sheet.surface or "unknown" for sheet in self.sheets(one)}

    def on_label(self, one: Identifier) -> bool:
        return bool(self.surfaces(one) & set(LABELS))


def weighing(about: Exhibited, everyone_looked: bool) -> Iterator[LinkObservation]:
    """Observations for `weigh`: the best reading of each sort."""
    case = about.case
    shipment = [one for one in about.found if _may_name_a_shipment(one)]
    read = [one for one in shipment if one.state in SURE_STATES]
    yield from _best(IdentifierRead, read, case)
    equal = [one for one in about.found if one.match == "expected"]
    bearing = [one for one in equal if not where_else(one, about)]
    yield from _best(IdentifierExpected, bearing, case)
    if not bearing:
        for one in sorted(equal, key=_preference)[:1]:
            yield _observation(
                IdentifierElsewhere,
                one,
                case,
                where=where_else(one, about),
            )
    against = about.contrary
    others = [one for one in against if everyone_looked and _is_other(one, equal, about)]
    yield from _best(IdentifierOther, others, case)
    told = {one.value for one in sorted(others, key=_preference)[:1]}
    for kind in sorted({one.kind for one in against}):
        of_kind = [one for one in against if one.kind == kind and one.value not in told]
        for one in sorted(of_kind, key=_preference)[:1]:
            yield _told_contrary(one, about)


def where_else(one: Identifier, about: Exhibited) -> str:
    """What keeps an expected number from naming the parcel; nothing where it does."""
    if about.rules.numbers_on == "page" or not one.observations:
        return ""  # a bare number decides nothing by itself
    surfaces = about.surfaces(one)
    sheets = about.sheets(one)
    if _listed_in_code(one) or (sheets and all(_is_list(sheet, one, about) for sheet in sheets)):
        return "several"
    if about.kind == "image" and not about.on_label(one):
        rivals = [other for other in about.contrary if other.kind == one.kind]
        return "beside" if any(about.on_label(other) for other in rivals) else ""
    if about.kind == "video" and not about.on_label(one):
        return "order_page" if surfaces == {"order_page"} else "unknown"
    if about.is_return and "return_label" not in surfaces and not _is_the_returns(one, about):
        return "outbound"
    return ""


def _is_the_returns(one: Identifier, about: Exhibited) -> bool:
    """Is it the return's own tracking number?"""
    number = about.case.return_tracking_number
    return bool(number) and squeezed(number or "") in contained(one.value)


def _listed_in_code(one: Identifier) -> bool:
    """Does a code hold several numbers of the kind?"""
    kinds = [_kinds(piece) for piece in set(one.value.split())]
    return "code" in one.sources and sum(one.kind in some for some in kinds) > 1


def _kinds(number: str) -> set[str]:
    return {candidate.kind for candidate in candidates(number.rpartition(":")[2])}


def _is_list(
    sheet: Sheet,
    one: Identifier,
    about: Exhibited,
) -> bool:
    """Does a sheet bear several numbers of the kind, each far from the others?"""
    values = {squeezed(other.value) for other in about.found if other.kind == one.kind}
    apart: list[str] = []
    for number in sheet.numbers:
        if number in values and not any(close(number, other, NEAR_EDITS) for other in apart):
            apart.append(number)
    return len(apart) >= LIST


def _contrary(about: Exhibited) -> Iterator[Identifier]:
    """Other numbers of kinds that are expected, read surely, not from a page."""
    equal = {one.kind for one in about.found if one.match == "expected"}
    for one in about.found:
        differs = one.match in ("near", "other") and one.kind in about.expected
        mine = squeezed(one.value) in about.case.named()
        if not differs or mine or one.state not in SURE_STATES:
            continue
        if one.match == "near" and one.kind in equal:
            continue  # a slip of reading it
        of_page = about.rules.numbers_on == "label" and about.surfaces(one) == {"order_page"}
        if one.kind in about.case.exclusive(about.rules.id) and not of_page:
            yield one


def _is_other(
    one: Identifier,
    equal: Sequence[Identifier],
    about: Exhibited,
) -> bool:
    """Does it speak of another order?

    Where the sheet that bears it bears an expected number of another kind; and in a video where no
    expected number was read, and this one on a label on the parcel, in two pictures or more
    (SCORING 4b.7). A label beside the parcel is a neighbour's.
    """
    if one.match != "other" or one.state != "confirmed":
        return False
    if about.is_return and "return_label" not in about.surfaces(one):
        return False  # the outbound label is still on it
    here = [sheet.id for sheet in about.sheets(one)]
    for other in equal:
        if other.kind != one.kind and set(here) & {sheet.id for sheet in about.sheets(other)}:
            return not any(same.kind == one.kind for same in equal)
    if equal or about.kind != "video" or one.frames < OTHER_PICTURES:
        return False
    on_it = [sheet for sheet in about.sheets(one) if sheet.on_parcel >= ON_PARCEL]
    return sum(sheet.surface in LABELS for sheet in on_it) >= OTHER_PICTURES


def _told_contrary(one: Identifier, about: Exhibited) -> IdentifierContrary:
    """Expected this, read that, and from which place on they differ."""
    expected = about.expected[one.kind]
    mine, theirs = squeezed(expected), squeezed(one.value)
    pairs = zip(mine, theirs, strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(mine), len(theirs)))
    told = _observation(
        IdentifierContrary,
        one,
        about.case,
        expected=expected,
        edits=edits(theirs, mine),
        place=same + 1,
        slip=one.match == "near",
    )
    assert isinstance(told, IdentifierContrary)  # noqa: S101 (it was made so)
    return told.model_copy(update={"id": f"{told.id}:{one.kind}"})


def _may_name_a_shipment(one: Identifier) -> bool:
    """Not a product code, not a scrap of a code, not what codes say besides numbers."""
    if one.kind == "code":
        return len(one.value) >= SHORTEST and may_name_a_shipment(one.value)
    return one.kind != "product_code"


def _best(
    kind: type[LinkObservation],
    found: Iterable[Identifier],
    case: Case,
) -> Iterator[LinkObservation]:
    """The surest reading of one sort, as an observation."""
    for one in sorted(found, key=_preference)[:1]:
        yield _observation(kind, one, case)


def _observation(
    kind: type[LinkObservation],
    one: Identifier,
    case: Case,
    **besides: Any,
) -> LinkObservation:
    facts = {
        "at": _span(one),
        "region": one.region,
        "value": one.value,
        "number_kind": one.kind,
        "state": one.state,
        "sources": one.sources,
        "frames": one.frames,
        "symbology": one.symbology,
        "digits": min(case.effective_digits, len(squeezed(one.value))),
        "detector": JUDGING,
        "id": f"{JUDGING}:{kind.about.name}",
    }
    return kind.model_validate({**facts, **besides})


def _preference(one: Identifier) -> tuple[int, bool, bool, str, str]:
    """Sorts the surest reading first."""
    print_alone = "code" not in one.sources
    return RANK[one.state], one.kind == "code", print_alone, one.kind, one.value


def _span(one: Identifier) -> Span | None:
    """When it was in view."""
    if one.first_s is None:
        return None
    last = one.first_s if one.last_s is None else one.last_s
    return Span(start=one.first_s, end=last)
