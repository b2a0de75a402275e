"""From what was observed to the report. Pure: the same in, the same out, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pipeline
from models.card import Card
from models.errors import Usage
from models.examination import Examination, Examinations, Seal
from models.identifiers.matching import squeezed
from models.kinds import ClarityFacts, Damaged, PrintedFact
from models.message import Message, message_rows, paragraph
from models.observation import Observation, first, of
from models.policy import Policy
from models.report import (
    Advice,
    Audit,
    CardRow,
    CaseReport,
    ClarityReport,
    ErrorReport,
    ExhibitReport,
    FactReport,
    Identifier,
    PolicyReport,
    Question,
    Report,
    SidesReport,
    SlotReport,
    StrengthReport,
)
from models.sealing import KNOWN_AGAIN, sealed
from models.submission import Case
from pipeline.judge import integrity, key_frames
from pipeline.judge.captures import captures
from pipeline.judge.case import CaseStrength, Piece, case_strength
from pipeline.judge.judged import JudgedExhibit, judged
from pipeline.judge.rows import rows, why_not_checked
from pipeline.judge.strength import ExhibitStrength
from pipeline.wording import sentences

Cards = Mapping[str, Card]


def report(
    examined: Examinations,
    policy: Policy,
    cards: Cards,
    case: Case | None = None,
    now: str | None = None,
    seal_key: bytes | None = None,
    audit: Audit | None = None,
) -> Report:
    """The whole report on a submission as observed. Raises `Usage`.

    `case` and `now` are those of the first scoring where not given. `seal_key` is the operator's,
    where private numbers were sealed with it. Everything but `created_at`, CPU seconds and `audit`
    depends only on what was observed, case, policy and cards.
    """
    case = examined.case if case is None else case
    seal = _seal(examined.seal, seal_key)
    results = [
        _judged(
            one,
            case,
            policy,
            cards,
            seal,
        )
        for one in examined.exhibits
    ]
    some = [one for one in results if one]
    pairs = zip(examined.exhibits, results, strict=True)
    exhibits = tuple(_exhibit(number, *pair, policy) for number, pair in enumerate(pairs, start=1))
    whole, slots = _case_strength(some, case, policy)
    answer = Report(
        pipeline_version=pipeline.__version__,
        policy=_policy(policy),
        created_at=now or examined.created_at,
        case=CaseReport.model_validate(case.model_dump()),
        result=_result(exhibits),
        strength=whole,
        slots=slots,
        cards=tuple(_cards(some, cards)),
        exhibits=exhibits,
        advice=tuple(advice for one in some for advice in _advice(one)),
        questions=tuple(question for one in some for question in _questions(one)),
        not_checked=tuple(
            _not_checked(
                some,
                policy,
                examined,
                case,
                seal,
            )
        ),
        audit=audit or _audit(examined),
    )
    return answer.model_copy(update={"messages": message_rows(answer)})


def _seal(seal: Seal, key: bytes | None) -> bytes | None:
    """The key by which private numbers were sealed, where it is known. Raises `Usage`."""
    if seal.source == "salt":
        return bytes.fromhex(seal.salt)
    if key is not None and seal.check != sealed(KNOWN_AGAIN, key):
        raise Usage("This is not the key by which the private numbers were sealed.")
    return key


def _judged(
    exhibit: Examination,
    case: Case,
    policy: Policy,
    cards: Cards,
    seal: bytes | None,
) -> JudgedExhibit | None:
    """None where the exhibit could not be read."""
    if exhibit.error:
        return None
    return judged(
        exhibit,
        case,
        policy,
        cards,
        seal,
    )


def _policy(policy: Policy) -> PolicyReport:
    return PolicyReport(
        id=policy.id,
        platform=policy.platform,
        as_of=policy.as_of,
        authority=policy.authority,
        sha256=policy.sha256,
    )


def _audit(examined: Examinations) -> Audit:
    unboxed = any(one.box == "unsandboxed" for one in examined.exhibits)
    return Audit(
        box="unsandboxed" if unboxed else "boxed",
        redact=examined.redact,
        payloads=examined.payloads,
    )


def _result(exhibits: Sequence[ExhibitReport]) -> Message:
    """The first sentence, from all lines."""
    lines = [row for one in exhibits for row in one.requirements]
    verdicts = [(row.verdict, row.checker) for row in lines]
    met = sum(verdict == "met" for verdict, _ in verdicts)
    counts = {
        "contrary": sum(verdict == "not_met" for verdict, _ in verdicts),
        "unsure": sum(verdict == "could_not_confirm" for verdict, _ in verdicts),
        "unchecked": verdicts.count(("not_checked", "machine")),
        "human": verdicts.count(("not_checked", "human")),
    }
    cut_off = [sentences.end_missing(one.path) for one in exhibits if _ends_early(one)]
    return paragraph(sentences.result(met, counts), *cut_off)


def _ends_early(exhibit: ExhibitReport) -> bool:
    damages = of(exhibit.observations, Damaged)
    return any(damage.how in ("cut_short", "end_missing") for damage in damages)


def _case_strength(
    some: Sequence[JudgedExhibit],
    case: Case,
    policy: Policy,
) -> tuple[StrengthReport | None, tuple[SlotReport, ...]]:
    """The case's strength where a reason was given; else that of the only exhibit."""
    if not case.reason:
        alone = some[0].strength if len(some) == 1 else None
        return (_strength(alone) if alone else None), ()
    reason = policy.reason(case.reason)
    recordings = captures([one.examination for one in some])

    def at(strength_of: Callable[[ExhibitStrength], int]) -> CaseStrength:
        pieces = [
            Piece(one.role.name, capture, strength_of(one.strength))
            for one, capture in zip(some, recordings, strict=True)
        ]
        return case_strength(reason, pieces)

    found = at(lambda strength: strength.score)
    slots = tuple(
        SlotReport(
            id=slot.id,
            title=Message(id=slot.title),
            required=slot.required,
            value=found.slots[slot.id] / 10,
        )
        for slot in reason.slots
    )
    whole = StrengthReport(
        score=found.score / 10,
        low=at(lambda strength: strength.low).score / 10,
        high=at(lambda strength: strength.high).score / 10,
        band=found.band,
        coverage=min((one.strength.coverage for one in some), default=0) / 1000,
        caps=found.caps,
    )
    return whole, slots


def _strength(found: ExhibitStrength) -> StrengthReport:
    return StrengthReport(
        score=found.score / 10,
        low=found.low / 10,
        high=found.high / 10,
        band=found.band,
        coverage=found.coverage / 1000,
        caps=found.caps,
        lost_to_cap=found.lost_to_cap / 10,
    )


def _exhibit(
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
    )
    crops = key_frames.crops_by_number(number, seen, pictures)
    return {
        "role": one.role.name,
        "role_source": one.role.source,
        "media": media,
        "runs": one.runs,
        "observations": tuple(o for o in one.observations if not o.about.own_place),
        "continuity": clip,
        "provenance": integrity.provenance(seen),
        "identifiers": tuple(_with_crop(i, crops) for i in one.linked.identifiers),
        "facts": tuple(_fact(fact) for fact in of(seen, PrintedFact)),
        "sides": _sides() if is_video else None,
        "clarity": _clarity(seen),
        "requirements": tuple(key_frames.with_frame(row, pictures) for row in table),
        "strength": _strength(one.strength),
        "pictures": pictures,
    }


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


def _sides() -> SidesReport:
    return SidesReport(reason=Message(id=sentences.SIDES_LATER))


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


def _cards(some: Iterable[JudgedExhibit], cards: Cards) -> Iterator[CardRow]:
    """Measured rates of every detector that took part, with n and on what."""
    took_part = {run.detector for one in some for run in one.runs}
    for name in sorted(took_part & set(cards)):
        for measured in cards[name].measured:
            alarms = measured.false_alarms
            yield CardRow(
                detector=name,
                kind=measured.kind,
                source=measured.source,
                n=alarms.n if alarms else 0,
                hit=measured.hit,
                recall=measured.recall,
                false_alarms=alarms,
                on=measured.on,
            )


def _advice(one: JudgedExhibit) -> Iterator[Advice]:
    """What would make the exhibit stronger, by the exact gain; never to film the past again."""
    names = {line.place.name: line.requirement for line in one.strength.lines}
    for gain in one.strength.advice:
        rule = one.role.rules.requirement(names[gain.line])
        yield Advice(
            exhibit=one.path,
            requirement=gain.line,
            gain=gain.points / 10,
            score_after=gain.after / 10,
            when=rule.when,
            text=Message(id=rule.advice or rule.question),
        )


def _questions(one: JudgedExhibit) -> Iterator[Question]:
    for rule in one.role.rules.requirements:
        if rule.checker == "human":
            text = Message(id=rule.question)
            yield Question(
                exhibit=one.path,
                requirement=rule.id,
                text=text,
            )


def _copies(some: Iterable[JudgedExhibit]) -> Iterator[Message]:
    """Exhibits that hold a recording once more."""
    known: dict[str, str] = {}
    there = list(some)
    for one, capture in zip(there, captures([one.examination for one in there]), strict=True):
        if capture in known:
            yield sentences.same_recording(one.path, known[capture])
        known.setdefault(capture, one.path)


def _not_checked(
    some: Iterable[JudgedExhibit],
    policy: Policy,
    examined: Examinations,
    case: Case,
    key: bytes | None,
) -> Iterator[Message]:
    for one in some:
        yield from why_not_checked(one, policy.id)
    if case.claimed:
        yield Message(id=sentences.CLAIMED)
    for number in case.too_short():
        yield sentences.too_short(number)
    yield from _copies(some)
    if examined.skipped:
        yield sentences.skipped(examined.skipped)
    if examined.seal.source == "operator" and key is None:
        yield Message(id=sentences.SEALED_BY_OPERATOR)
