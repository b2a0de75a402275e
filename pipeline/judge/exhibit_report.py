"""What a report says of one file: what was seen in it, its table, its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.examination import Examination, Wanted
from models.identifiers.matching import squeezed
from models.kinds import ClarityFacts, PrintedFact
from models.message import Message
from models.observation import Observation, first, of
from models.policy import Policy
from models.report import (
    ClarityReport,
    ErrorReport,
    ExhibitReport,
    FactReport,
    Identifier,
    SidesReport,
)
from pipeline.judge import integrity, key_frames
from pipeline.judge.judged import JudgedExhibit
from pipeline.judge.rows import rows
from pipeline.judge.strength_report import of_exhibit

PROCESS = "full-process"  # the requirement for which moments of the whole clip are shown


def exhibit_report(
    number: int,
    exhibit: Examination,
    one: JudgedExhibit | None,
    policy: Policy,
) -> ExhibitReport:
    """One exhibit, judged or not to be read."""
    known = ExhibitReport(
        path=exhibit.path,
        sha256=exhibit.sha256,
        bytes=exhibit.bytes,
        kind=exhibit.kind,
    )
    if one is None:
        return known.model_copy(update={"error": _error(exhibit)})
    return known.model_copy(update=_judged_fields(number, one, policy))


def _error(exhibit: Examination) -> ErrorReport | None:
    failure = exhibit.error
    if failure is None:
        return None
    said = Message(id=failure.message.id, args=dict(failure.message.args))
    return ErrorReport(
        name=failure.name,
        says=said,
        advice=Message(id=failure.advice),
    )


def _judged_fields(
    number: int,
    one: JudgedExhibit,
    policy: Policy,
) -> dict[str, object]:
    """What a report says of an exhibit that could be read."""
    seen = one.examination.observations
    media = one.examination.media
    assert media is not None  # noqa: S101 (it could be read)
    table = tuple(rows(one, policy.id))
    is_video = media.kind == "video"
    clip = integrity.continuity(seen, table, one.cards) if is_video else None
    pictures = key_frames.wanted(
        number,
        media,
        seen,
        clip,
        one.linked.identifiers,
        process=is_video and _asks_for_process(one),
    )
    if one.role.rules.private:
        pictures = ()
    crops = key_frames.crops_by_number(number, seen, pictures)
    return {
        "role": one.role.name,
        "role_source": one.role.source,
        "cites": one.role.rules.cites,
        "media": media,
        "runs": one.runs,
        "observations": tuple(o for o in one.observations if not o.about.own_place),
        "continuity": clip,
        "provenance": integrity.provenance(seen),
        "identifiers": tuple(_with_crop(i, crops) for i in one.linked.identifiers),
        "facts": tuple(_fact(fact) for fact in of(seen, PrintedFact)),
        "sides": _sides(number, one, pictures) if is_video else None,
        "clarity": _clarity(seen),
        "requirements": tuple(key_frames.with_frame(row, pictures) for row in table),
        "strength": of_exhibit(one),
        "pictures": pictures,
    }


def _asks_for_process(one: JudgedExhibit) -> bool:
    """Is a person asked whether the whole unboxing is shown?"""
    return any(rule.id == PROCESS for rule in one.role.rules.requirements)


def _with_crop(identifier: Identifier, crops: Mapping[str, str]) -> Identifier:
    return identifier.model_copy(update={"crop": crops.get(squeezed(identifier.value))})


def _fact(seen: PrintedFact) -> FactReport:
    return FactReport(
        kind=seen.fact,
        value=seen.value or "",
        unit=seen.unit,
        at_s=seen.at.start if seen.at else None,
        region=seen.region,
    )


def _sides(
    number: int,
    one: JudgedExhibit,
    pictures: Sequence[Wanted],
) -> SidesReport:
    """The sides with their pictures."""
    there = {want.name for want in pictures}
    faces = [(face, key_frames.side_name(number, face.id)) for face in one.sides.faces]
    named = [
        face.model_copy(update={"frame": name if name in there else None}) for face, name in faces
    ]
    return one.sides.model_copy(update={"faces": tuple(named)})


def _clarity(seen: Sequence[Observation]) -> ClarityReport | None:
    facts = first(seen, ClarityFacts)
    if facts is None:
        return None
    return ClarityReport(
        sharpness=facts.sharpness,
        sharpness_where=facts.sharpness_where,
        brightness=facts.brightness,
        width=facts.width,
        height=facts.height,
        house_rules=facts.house_rules,
    )
