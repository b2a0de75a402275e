"""What a report says of a clip's continuity and of where its file comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.kinds import Credentials, EditorTrace, Provenance, Reencode, SizeChange
from models.message import N_, Message
from models.observation import Edge, Family, Observation, first, of
from models.record import Span
from models.report import (
    Break,
    Continuity,
    ProvenanceReport,
    ReencodeReport,
    RequirementReport,
    Stretch,
    TrialsReport,
)
from pipeline.judge.blind import blind_stretches
from pipeline.judge.trials import trials
from pipeline.judge.weigh import Cards, weight
from pipeline.wording import sentences

REQUIREMENT = "continuous"
SIZE_CAUSE = Message(id=N_("the phone being turned, which changes the size of the picture"))


def continuity(
    seen: Sequence[Observation],
    rows: Sequence[RequirementReport],
    cards: Cards,
) -> Continuity:
    """Breaks with their pictures, stretches to look at, editor traces and re-encoding apart."""
    row = next((one for one in rows if one.requirement == REQUIREMENT), None)
    breaks = list(_breaks(seen, cards))
    breaks.sort(key=lambda one: (one.start_s, one.kind))
    reencode = first(seen, Reencode)
    answer = Continuity(
        verdict=row.verdict if row else "not_checked",
        breaks=tuple(breaks),
        blind=blind_stretches(seen),
        trials=_trials(seen),
        covers=tuple(_stretches(seen, "cover")),
        light_events=tuple(_stretches(seen, "light")),
        editor_traces=tuple(one.value or "" for one in of(seen, EditorTrace)),
        to_look_at=tuple(_to_look_at(seen)),
        reencode=ReencodeReport(tools=reencode.tools if reencode else ()),
    )
    return answer.model_copy(update={"says": row.says}) if row else answer


def _trials(seen: Sequence[Observation]) -> TrialsReport | None:
    """What was tried on the clip, and where it would not have been noticed."""
    tried = trials(seen)
    if not tried:
        return None
    missed = [one.at for one in tried if not one.noticed]
    return TrialsReport(
        places=len(tried),
        noticed=len(tried) - len(missed),
        missed_s=tuple(missed),
    )


def _breaks(seen: Sequence[Observation], cards: Cards) -> Iterator[Break]:
    """Each edge of each break; where the picture's size changes there, that is an honest cause."""
    changes = {one.at for one in of(seen, SizeChange)}
    for one in seen:
        if one.about.family == "break" and one.at:
            for edge in one.about.edges:
                told = _break(
                    one,
                    one.at,
                    edge,
                    cards,
                )
                causes = (SIZE_CAUSE,) if one.at in changes else ()
                yield told.model_copy(update={"honest_causes": causes + told.honest_causes})


def _break(
    seen: Observation,
    at: Span,
    edge: Edge,
    cards: Cards,
) -> Break:
    """One edge, with the pictures on either side."""
    llr_cb = weight(seen, cards).llr_cb
    return Break(
        kind=seen.kind,
        start_s=at.end if edge == "end" else at.start,
        end_s=at.start if edge == "start" else at.end,
        before_s=at.start,
        after_s=at.end,
        log10_lr=-llr_cb / 100,
        because=(sentences.because(seen),),
        honest_causes=sentences.honest_causes(seen),
    )


def _to_look_at(seen: Sequence[Observation]) -> Iterator[Message]:
    """What a reviewer is pointed to in the clip, in order of time."""
    some = [one for one in seen if one.about.to_look_at and one.about.family != "provenance"]
    for one in sorted(some, key=lambda one: one.order):
        yield sentences.because(one)


def _stretches(seen: Sequence[Observation], family: Family) -> Iterator[Stretch]:
    for one in seen:
        if one.about.family == family and one.at:
            yield Stretch(
                kind=one.kind,
                start_s=one.at.start,
                end_s=one.at.end,
            )


def provenance(seen: Sequence[Observation]) -> ProvenanceReport | None:
    """The class of the file's origin with its facts, and what its credentials are worth."""
    found = first(seen, Provenance)
    if found is None:
        return None
    signed = first(seen, Credentials)
    return ProvenanceReport(
        **{"class": found.origin},
        facts=sentences.provenance_facts(found),
        credentials=signed.value if signed else "none",
    )
