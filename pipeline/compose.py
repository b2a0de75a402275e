"""Compose: judged exhibits become the report, each line with its reasons, times and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pipeline
from models.finding import Finding, cards
from models.observation import Observation, Span
from models.policy import Item, Policy
from models.policy import Requirement as Rule
from models.report import (
    Advice,
    Break,
    Continuity,
    ExhibitReport,
    Fact,
    Provenance,
    Report,
    Requirement,
    Sides,
    SlotReport,
    Status,
    Strength,
    Stretch,
)
from models.submission import Case, Submission
from pipeline import strength, weigh
from pipeline.judge import Line
from pipeline.known import Judged, Unread
from pipeline.render import sentences

# Kinds that are breaks, and where: between two pictures, or at an end of a stretch that is itself unbroken.
BREAKS = {
    "cut": ("between",),
    "possible_cut": ("between",),
    "counter_break": ("between",),
    "gap": ("end",),
    "freeze": ("start", "end"),
    "repeat": ("start",),
    "dip": ("start", "end"),
    "overlay": ("between",),
}
REASONS = 3  # sentences in a line of the table; the findings beside it hold all
# Kinds of observation that are not written down as such: bare numbers may be anybody's, and facts have a place of their own
PRIVATE = {"token", "fact"}


def report(known: Sequence[Judged | Unread], submission: Submission, policy: Policy, created_at: str, audit: dict[str, Any]) -> Report:
    """The whole report. Everything but `created_at`, CPU seconds and `audit` depends only on bytes, case and policy."""
    judged = [one for one in known if isinstance(one, Judged)]
    exhibits = tuple(_exhibit(one, submission.case, policy) if isinstance(one, Judged) else _unread(one) for one in known)
    whole, slots = _case(judged, submission.case, policy)
    return Report(
        pipeline_version=pipeline.__version__,
        policy={name: getattr(policy, name) for name in ("id", "platform", "as_of", "authority", "sha256")},
        created_at=created_at,
        case=submission.case.model_dump(),
        result=_result(exhibits),
        strength=whole,
        slots=slots,
        cards=tuple(_cards({run.detector for one in judged for run in one.runs})),
        exhibits=exhibits,
        advice=tuple(a for one in judged for a in _advice(one, policy)),
        questions=tuple(
            {"exhibit": one.exhibit.shown, "requirement": rule.id, "text": rule.question}
            for one in judged
            for rule in policy.item(one.role).requirements
            if rule.checker == "human"
        ),
        not_checked=tuple(_not_checked(judged, policy)),
        audit=audit,
    )


def _result(exhibits: Sequence[ExhibitReport]) -> str:
    lines = [r for e in exhibits for r in e.requirements if r.verdict != "not_applicable"]

    def count(verdict: Status, checker: str = "machine") -> int:
        return sum(r.verdict == verdict and (r.checker == checker or verdict != "not_checked") for r in lines)

    return sentences.result(count("met"), count("could_not_confirm"), count("not_met"), count("not_checked", "human"), count("not_checked"))


def _case(judged: Sequence[Judged], case: Case, policy: Policy) -> tuple[Strength | None, tuple[SlotReport, ...]]:
    """The case's strength where a reason was given; else that of the only exhibit, if it is one."""
    if not case.reason:
        return (_strength(judged[0].strength) if len(judged) == 1 else None), ()
    reason = policy.reason(case.reason)

    def of(worth: Callable[[strength.ExhibitStrength], int]) -> strength.CaseStrength:
        return strength.case(reason, [(one.role, one.received.sha256, worth(one.strength)) for one in judged])

    found = of(lambda s: s.score)
    slots = tuple(SlotReport(id=s.id, title=s.title, required=s.required, value=found.slots[s.id] / 10) for s in reason.slots)
    whole = Strength(
        score=found.score / 10,
        low=of(lambda s: s.lo).score / 10,
        high=of(lambda s: s.hi).score / 10,
        band=found.band,
        coverage=min(one.strength.coverage for one in judged) / 1000,
        caps=found.caps,
    )
    return whole, slots


def _strength(found: strength.ExhibitStrength) -> Strength:
    return Strength(
        score=found.score / 10,
        low=found.lo / 10,
        high=found.hi / 10,
        band=found.band,
        coverage=found.coverage / 1000,
        caps=found.caps,
        lost_to_cap=found.lost_to_cap / 10,
    )


def _unread(known: Unread) -> ExhibitReport:
    fault, got = known.error, known.received
    said = {"name": fault.name, "says": str(fault), "advice": fault.advice}
    if got is None:
        return ExhibitReport(path=known.exhibit.shown, error=said)
    return ExhibitReport(path=known.exhibit.shown, sha256=got.sha256, bytes=got.size, kind=got.kind, error=said)


def _exhibit(known: Judged, case: Case, policy: Policy) -> ExhibitReport:
    got, looked = known.received, known.examined
    requirements = tuple(_requirements(known, policy.item(known.role), case))
    video = looked.media.kind == "video"
    return ExhibitReport(
        path=known.exhibit.shown,
        sha256=got.sha256,
        bytes=got.size,
        role=known.role,
        role_source=known.role_source,
        kind=got.kind,
        media=looked.media,
        runs=known.runs,
        observations=tuple(o for o in looked.observations if o.kind not in PRIVATE),
        continuity=_continuity(looked.observations, requirements) if video else None,
        provenance=_provenance(looked.observations),
        identifiers=known.linked.identifiers,
        facts=tuple(_facts(looked.observations)),
        sides=Sides(reason="no detector looks for the six sides yet") if video else None,
        clarity=next((o.detail for o in looked.observations if o.kind in ("clear", "unclear")), {}),
        requirements=requirements,
        strength=_strength(known.strength),
    )


def _facts(seen: Sequence[Observation]) -> Iterable[Fact]:
    for o in seen:
        if o.kind == "fact":
            at = o.at.start if o.at else None
            yield Fact(kind=str(o.detail["kind"]), value=o.value or "", unit=o.detail["unit"], at_s=at, region=o.region)


def _requirements(known: Judged, item: Item, case: Case) -> Iterable[Requirement]:
    """One row a line of the judge, and one for each requirement that does not apply."""
    about = {line.requirement for line in known.strength.lines}
    rules = {rule.id: rule for rule in item.requirements}
    for line in known.strength.lines:
        rule = rules[line.requirement]
        found = [f for f in known.findings if f.requirement == line.req]
        yield _row(line, rule, found, known, case)
    for rule in item.requirements:
        if rule.id not in about:
            yield Requirement(
                id=rule.id,
                title=rule.title,
                verdict="not_applicable",
                log10_lr=0,
                half_width=0,
                points=0,
                lost=0,
                says="",
                quote=rule.quote,
                source=f"{rule.source}:{rule.line}",
                checker=rule.checker,
            )


def _row(line: Line, rule: Rule, found: Sequence[Finding], known: Judged, case: Case) -> Requirement:
    by_id = {o.id: o for o in known.observations}
    reasons = {f.id: _because(f, by_id, known, case) for f in found}
    telling = sorted(found, key=lambda f: (f.id not in by_id, -abs(f.lam)))
    seen = [reasons[f.id] for f in telling if f.id in by_id][:REASONS]
    silent = [reasons[f.id] for f in telling if f.id not in by_id and reasons[f.id]][: 0 if seen else 1]
    says = " ".join(dict.fromkeys(seen + silent))
    at = next((by_id[f.id].at for f in telling if f.id in by_id and by_id[f.id].at), None)
    return Requirement(
        id=line.req,
        title=rule.title + (f" ({line.part + 1} of {rule.parts})" if rule.parts > 1 else ""),
        verdict=line.status,
        log10_lr=line.lam / 100,
        half_width=line.u / 100,
        points=line.earned / 10,
        lost=line.could / 10,
        says=says or rule.question or sentences.not_checked([rule.title])[0],
        quote=rule.quote,
        source=f"{rule.source}:{rule.line}",
        checker=rule.checker,
        findings=tuple(f.model_dump(include={"id", "lam", "u", "group", "when"}) | {"because": reasons[f.id]} for f in telling),
        at_s=at.start if at else None,
    )


def _because(finding: Finding, by_id: dict[str, Observation], known: Judged, case: Case) -> str:
    if finding.id in by_id:
        return sentences.because(by_id[finding.id])
    detector, _, kind = finding.id.partition(":no ")
    return sentences.silence(kind, weigh.figures(cards(), detector, kind), bool(case.expected(known.role)))


def _continuity(seen: Sequence[Observation], rows: Sequence[Requirement]) -> Continuity:
    row = next((r for r in rows if r.id == "continuous"), None)
    breaks = [_break(o, o.at, edge) for o in seen if o.at for edge in BREAKS.get(o.kind, ())]
    return Continuity(
        verdict=row.verdict if row else "not_checked",
        says=row.says if row else "",
        breaks=tuple(sorted(breaks, key=lambda b: (b.start_s, b.kind))),
        covers=tuple(
            Stretch(kind=o.kind, start_s=o.at.start, end_s=o.at.end, value=o.value) for o in seen if o.kind in ("cover", "blank") and o.at
        ),
        light_events=tuple(
            Stretch(kind=o.kind, start_s=o.at.start, end_s=o.at.end, value=o.value) for o in seen if o.kind == "light" and o.at
        ),
        editor_traces=tuple(o.value or "" for o in seen if o.kind == "editor_trace"),
        reencode=next((o.detail for o in seen if o.kind == "reencode"), {}),
    )


def _break(seen: Observation, at: Span, edge: str) -> Break:
    start = at.end if edge == "end" else at.start
    end = at.start if edge == "start" else at.end
    return Break(
        kind=seen.kind,
        start_s=start,
        end_s=end,
        before_s=at.start,
        after_s=at.end,
        log10_lr=-weigh.weight(seen, weigh.of(seen, cards()))[0] / 100,
        because=(sentences.because(seen),),
        honest_causes=sentences.HONEST_CAUSES.get(seen.kind, ()),
    )


def _provenance(seen: Sequence[Observation]) -> Provenance | None:
    found = next((o for o in seen if o.kind == "provenance"), None)
    signed = next((o.value for o in seen if o.kind == "credentials"), None) or "none"
    if found is None:
        return None
    return Provenance(**{"class": found.value or "unknown"}, facts=tuple(map(str, found.detail.get("facts", ()))), credentials=signed)


def _cards(detectors: Iterable[str]) -> Iterable[dict[str, Any]]:
    """Measured rates of every detector that took part, with n and on what."""
    known = cards()
    for name in sorted(detectors):
        for m in known[name].measured if name in known else ():
            rates = m.model_dump(include={"kind", "source", "hit", "recall", "false_alarms", "on"})
            yield {"detector": name, "n": m.false_alarms.n if m.false_alarms else 0} | rates


def _advice(known: Judged, policy: Policy) -> Iterable[Advice]:
    """What would make the exhibit stronger, by the exact gain; never to film a past event again."""
    rules = {rule.id: rule for rule in policy.item(known.role).requirements}
    for gain, name, after in known.strength.advice:
        rule = rules[name.partition("#")[0]]
        text = rule.advice or rule.question
        yield Advice(exhibit=known.exhibit.shown, requirement=name, gain=gain / 10, score_after=after / 10, when=rule.when, text=text)


def _not_checked(judged: Sequence[Judged], policy: Policy) -> Iterable[str]:
    """Machine's requirements nobody looked at, and runs that did not complete."""
    for known in judged:
        unseen = {line.requirement for line in known.strength.lines if line.status == "not_checked"}
        titles = [r.title for r in policy.item(known.role).requirements if r.id in unseen and r.checker == "machine"]
        yield from (f"{known.exhibit.shown}: {text}" for text in sentences.not_checked(titles))
        yield from (
            f"{known.exhibit.shown}: {run.detector} {run.outcome}: {run.reason}" for run in known.runs if run.outcome != "completed"
        )
