"""Which sides of the parcel were shown: a verdict only where count and clip allow one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.kinds import ParcelSide, Side, Sides, SideUnseen
from models.message import Message, paragraph
from models.observation import Observation, Run, first, of
from models.report import Face, SidesReport, Verdict
from pipeline.wording import sentences
from pipeline.wording import sides as words

SEVERAL = 3  # sides with which they begin to count, as the detector has it
ALL, BOTH = 6, 2  # sides of a box; of a flat mailer that must be shown (house rule)


def sides_report(runs: Sequence[Run], seen: Sequence[Observation]) -> SidesReport:
    """What was counted, and the verdict with its reason."""
    looked = [run for run in runs if Sides.about.name in run.sees and run.outcome == "completed"]
    if not looked:
        return SidesReport(reason=Message(id=words.NOT_LOOKED))
    counted = first(seen, Sides)
    if counted is None:
        return SidesReport(verdict="could_not_confirm", reason=Message(id=words.NO_PARCEL))
    unseen = of(seen, SideUnseen)
    clear = len(of(seen, Side))
    missing = {one.part for one in unseen}
    verdict = _verdict(counted, clear, unseen)
    return SidesReport(
        verdict=verdict,
        reason=paragraph(*_reasons(verdict, counted, clear, unseen)),
        container=counted.container,
        certainty=counted.certainty,
        faces=tuple(
            _face(one) for one in counted.faces if one.status != "never" or one.part in missing
        ),
        shown=sum(one.status == "clear" for one in counted.faces),
    )


def sides_asked(seen: Sequence[Observation]) -> int:
    """Sides that must be shown: of a flat mailer two, the others do not apply."""
    counted = first(seen, Sides)
    return BOTH if counted and counted.container == "mailer" else ALL


def _verdict(
    counted: Sides,
    clear: int,
    unseen: Sequence[SideUnseen],
) -> Verdict:
    if unseen:
        return "not_met"
    if counted.container == "box" and clear == ALL:
        return "met"
    if counted.container == "mailer" and clear == BOTH and _opposite(counted):
        return "met"
    return "could_not_confirm"


def _opposite(counted: Sides) -> bool:
    """Are the clear sides of a mailer front and back?"""
    clear = [one for one in counted.faces if one.status == "clear"]
    return len(clear) == BOTH and clear[0].opposite == clear[1].part


def _reasons(
    verdict: Verdict,
    counted: Sides,
    clear: int,
    unseen: Sequence[SideUnseen],
) -> Iterator[Message]:
    """In the order in which a reviewer would ask."""
    if verdict == "met" and counted.at:
        yield words.shown(words.ALL_SIX if clear == ALL else words.BOTH, counted.at)
        return
    yield words.so_many(sum(one.status == "clear" for one in counted.faces))
    if verdict == "not_met":
        yield from {said.text: said for said in map(sentences.because, unseen)}.values()
        return
    yield from (words.lost(one) for one in counted.lost)
    shown = sum(one.status == "clear" for one in counted.faces)
    if not counted.breaks_known:
        yield Message(id=words.CUTS_UNKNOWN)
    elif clear < shown:
        few = shown < SEVERAL and counted.container != "mailer"
        yield Message(id=words.TOO_FEW if few else words.NOT_SURE)
    if counted.container == "unknown":
        yield Message(id=words.BOX_OR_MAILER)
    for one in counted.faces:
        if one.status == "poor":
            yield words.poor(one, counted.faces[one.opposite - 1])


def _face(side: ParcelSide) -> Face:
    return Face(
        id=str(side.part),
        status=side.status,
        opposite=str(side.opposite),
        place=side.place,
        label=side.label,
        spans=tuple((span.start, span.end) for span in side.spans),
        best_s=side.best_s,
        point=side.point,
    )
