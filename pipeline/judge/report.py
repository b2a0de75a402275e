"""From what was observed to the report. Pure: the same in, the same out, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pipeline
from models.answers import Answer, latest
from models.answers import together as together_said
from models.card import Card
from models.errors import Usage
from models.examination import Examination, Examinations, Seal
from models.kinds import Damaged
from models.message import Message, message_rows, paragraph
from models.observation import of
from models.policy import Policy, RoleRules
from models.report import (
    Audit,
    CardRow,
    CaseReport,
    ExhibitReport,
    Headline,
    PolicyReport,
    Report,
)
from models.sealing import KNOWN_AGAIN, sealed
from models.submission import Case
from pipeline.judge.advice import exhibit_advice
from pipeline.judge.answers import check_answers, fitting
from pipeline.judge.contradictions import contradictions
from pipeline.judge.deadlines import deadlines
from pipeline.judge.exhibit_report import exhibit_report
from pipeline.judge.headlines import headlines
from pipeline.judge.judged import JudgedExhibit, judged
from pipeline.judge.not_checked import not_checked
from pipeline.judge.printed import printed_rules
from pipeline.judge.questions import questions
from pipeline.judge.reused import with_reused
from pipeline.judge.roles import resolve
from pipeline.judge.strength_report import whole_case
from pipeline.judge.together import together
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
    answers: Sequence[Answer] = (),
) -> Report:
    """The whole report on a submission as observed. Raises `Usage`.

    `case` and `now` are those of the first scoring where not given. `seal_key` is the operator's,
    where private numbers were sealed with it. `answers` come on top of those that were saved.
    Everything but `created_at`, CPU seconds and `audit` depends only on what was observed, case,
    policy, cards, answers, and for deadlines on `now`.
    """
    case = examined.case if case is None else case
    now = now or examined.created_at
    seal = _seal(examined.seal, seal_key)
    rules_of = _rules_of(examined, case, policy)
    check_answers(answers, rules_of)
    saved, aside = fitting(examined.answers, rules_of)
    said = together_said(saved, answers)
    last = latest(said)
    exhibits_seen = [with_reused(one, examined.reused, last) for one in examined.exhibits]
    results = [_judged(one, case, policy, cards, seal, last) for one in exhibits_seen]
    some = [one for one in results if one]
    pairs = list(zip(exhibits_seen, results, strict=True))
    exhibits = tuple(exhibit_report(n, *pair, policy) for n, pair in enumerate(pairs, start=1))
    against_each_other = tuple(contradictions(some))
    whole = whole_case(some, case, policy, against_each_other)
    answer = Report(
        pipeline_version=pipeline.__version__,
        policy=_policy(policy),
        created_at=now,
        case=_case(case),
        result=_result(exhibits),
        strength=whole.strength,
        slots=whole.slots,
        headlines=tuple(_headlines(exhibits, results)),
        contradictions=against_each_other,
        together=tuple(together(some)),
        cards=tuple(_cards(some, cards)),
        exhibits=exhibits,
        advice=(*whole.advice, *(advice for one in some for advice in exhibit_advice(one))),
        questions=tuple(question for one in some for question in questions(one)),
        answers=said,
        deadlines=tuple(deadlines(policy, case, now)),
        rules=tuple(printed_rules(policy, case.reason)),
        not_checked=tuple(not_checked(some, policy, examined, case, seal, aside)),
        limits=tuple(Message(id=limit) for limit in sentences.LIMITS),
        audit=audit or _audit(examined),
    )
    return answer.model_copy(update={"messages": message_rows(answer)})


def _headlines(
    exhibits: Sequence[ExhibitReport],
    results: Sequence[JudgedExhibit | None],
) -> Iterator[Headline]:
    """What stands at the top, exhibit by exhibit."""
    for told, one in zip(exhibits, results, strict=True):
        if one:
            yield from headlines(one, told.pictures)


def _seal(seal: Seal, key: bytes | None) -> bytes | None:
    """The key by which private numbers were sealed, where it is known. Raises `Usage`."""
    if seal.source == "salt":
        return bytes.fromhex(seal.salt)
    if key is not None and seal.check != sealed(KNOWN_AGAIN, key):
        raise Usage("This is not the key by which the private numbers were sealed.")
    return key


def _rules_of(
    examined: Examinations,
    case: Case,
    policy: Policy,
) -> dict[str, RoleRules]:
    """What each exhibit that could be read is held to, by its name."""
    readable = [one for one in examined.exhibits if not one.error]
    return {one.path: resolve(one, case, policy).rules for one in readable}


def _judged(
    exhibit: Examination,
    case: Case,
    policy: Policy,
    cards: Cards,
    seal: bytes | None,
    answers: Sequence[Answer],
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
        answers,
    )


def _case(case: Case) -> CaseReport:
    known = case.model_dump(exclude={"claim_fault"})
    return CaseReport.model_validate(known | {"sources": case.sources})


def _policy(policy: Policy) -> PolicyReport:
    return PolicyReport(
        id=policy.id,
        platform=policy.platform,
        as_of=policy.as_of,
        authority=policy.authority,
        says=Message(id=policy.says),
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
                stratum=measured.stratum,
                n=alarms.n if alarms else 0,
                hit=measured.hit,
                recall=measured.recall,
                false_alarms=alarms,
                on=measured.on,
            )
