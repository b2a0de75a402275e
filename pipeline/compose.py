"""Compose: judged exhibits become the report, each line with its reasons, times and figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pipeline
from models.finding import Finding, cards
from models.observation import Observation
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
from pipeline.render import sentences

if TYPE_CHECKING:
    from pipeline.score import Judged

BREAKS = ("cut", "possible_cut", "gap", "freeze", "repeat")
REASONS = 3  # sentences in a line of the table; the findings beside it hold all
PRIVATE = {"token"}  # kinds of observation that are never written down: they may be anybody's numbers


def report(judged: Sequence[Judged], submission: Submission, policy: Policy, created_at: str, audit: dict[str, Any]) -> Report:
    """The whole report. Everything but `created_at`, CPU seconds and `audit` depends only on bytes, case and policy."""
    exhibits = tuple(_exhibit(j, submission.case, policy) for j in judged)
    whole, slots = _case(judged, submission.case, policy)
    questions = tuple(
        {"exhibit": j.exhibit.shown, "requirement": r.id, "text": r.question} for j in judged if j.strength for r in policy.item(j.role).requirements if r.checker == "human"
    )
    return Report(
        pipeline_version=pipeline.__version__,
        policy={"id": policy.id, "platform": policy.platform, "as_of": policy.as_of, "authority": policy.authority, "sha256": policy.sha256},
        created_at=created_at,
        case=submission.case.model_dump(),
        claimed=submission.claimed.model_dump() if submission.claimed else None,
        result=_result(exhibits),
        strength=whole,
        slots=slots,
        cards=tuple(_cards(j.runs for j in judged)),
        exhibits=exhibits,
        advice=tuple(a for j in judged for a in _advice(j, policy)),
        questions=questions,
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
    done = [j for j in judged if j.strength and j.received]
    if not case.reason:
        return (_strength(done[0].strength) if len(done) == 1 and done[0].strength else None), ()
    reason = policy.reason(case.reason)
    items = [(j.role, j.received.sha256, j.strength.score) for j in done if j.received and j.strength]
    found = strength.case(reason, items)
    slots = tuple(SlotReport(id=s.id, title=s.title, required=s.required, value=found.slots[s.id] / 10) for s in reason.slots)
    lows = strength.case(reason, [(j.role, j.received.sha256, j.strength.lo) for j in done if j.received and j.strength]).score
    highs = strength.case(reason, [(j.role, j.received.sha256, j.strength.hi) for j in done if j.received and j.strength]).score
    coverage = min((j.strength.coverage for j in done if j.strength), default=0)
    return Strength(score=found.score / 10, low=lows / 10, high=highs / 10, band=found.band, coverage=coverage / 1000, caps=found.caps), slots


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


def _exhibit(known: Judged, case: Case, policy: Policy) -> ExhibitReport:
    got, looked = known.received, known.examined
    if known.error or not got or not looked or not known.strength or not known.linked:
        fault = known.error
        said = {"name": fault.name, "says": str(fault), "advice": fault.advice} if fault else {"name": "Unknown", "says": "", "advice": ""}
        return ExhibitReport(path=known.exhibit.shown, sha256=got.sha256 if got else "", bytes=got.size if got else 0, kind=got.kind if got else None, error=said)
    item = policy.item(known.role)
    requirements = tuple(_requirements(known, item, case))
    video = looked.media.kind == "video"
    return ExhibitReport(
        path=known.exhibit.shown,
        sha256=got.sha256,
        bytes=got.size,
        role=known.role,
        role_source=known.role_source,  # type: ignore[arg-type]
        kind=got.kind,
        media=looked.media,
        runs=known.runs,
        observations=tuple(o for o in looked.observations if o.kind not in PRIVATE),
        continuity=_continuity(known, requirements) if video else None,
        provenance=_provenance(looked.observations),
        identifiers=known.linked.identifiers,
        facts=tuple(
            Fact(kind=str(o.detail["kind"]), value=o.value or "", unit=o.detail.get("unit"), at_s=o.at.start if o.at else None, region=o.region)
            for o in looked.observations
            if o.kind == "text_fact"
        ),  # fmt: skip
        sides=Sides(reason="no detector looks for the six sides yet") if video else None,
        clarity=next((o.detail for o in looked.observations if o.kind in ("clear", "unclear")), {}),
        requirements=requirements,
        strength=_strength(known.strength),
    )


def _requirements(known: Judged, item: Item, case: Case) -> Iterable[Requirement]:
    """One row a line of the judge, and one for each requirement that does not apply."""
    assert known.strength is not None
    about = {line.requirement for line in known.strength.lines}
    rules = {rule.id: rule for rule in item.requirements}
    for line in known.strength.lines:
        rule = rules[line.requirement]
        found = [f for f in known.findings if f.requirement == line.req]
        yield _row(line, rule, found, known, case)
    for rule in item.requirements:
        if rule.id not in about:
            yield Requirement(id=rule.id, title=rule.title, verdict="not_applicable", log10_lr=0, half_width=0, points=0, lost=0, says="", quote=rule.quote, source=f"{rule.source}:{rule.line}", checker=rule.checker)  # fmt: skip


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


def _continuity(known: Judged, rows: Sequence[Requirement]) -> Continuity:
    assert known.examined is not None
    row = next((r for r in rows if r.id == "continuous"), None)
    seen = known.examined.observations
    breaks = [
        Break(
            kind=o.kind,
            start_s=o.at.start,
            end_s=o.at.end,
            log10_lr=-weigh.weight(o, weigh.of(o, cards()))[0] / 100,
            because=(sentences.because(o),),
            honest_causes=sentences.HONEST_CAUSES.get(o.kind, ()),
        )
        for o in seen
        if o.kind in BREAKS and o.at
    ]
    return Continuity(
        verdict=row.verdict if row else "not_checked",
        says=row.says if row else "",
        breaks=tuple(sorted(breaks, key=lambda b: (b.start_s, b.kind))),
        covers=tuple(Stretch(kind=o.kind, start_s=o.at.start, end_s=o.at.end, value=o.value) for o in seen if o.kind in ("cover", "blank") and o.at),
        light_events=tuple(Stretch(kind=o.kind, start_s=o.at.start, end_s=o.at.end, value=o.value) for o in seen if o.kind == "light" and o.at),
        editor_traces=tuple(o.value or "" for o in seen if o.kind == "editor_trace"),
        reencode=next((o.detail for o in seen if o.kind == "reencode"), {}),
    )


def _provenance(seen: Sequence[Observation]) -> Provenance | None:
    found = next((o for o in seen if o.kind == "provenance"), None)
    return Provenance(**{"class": found.value or "unknown"}, facts=tuple(map(str, found.detail.get("facts", ())))) if found else None


def _cards(runs: Iterable[Sequence[Any]]) -> Iterable[dict[str, Any]]:
    """Measured rates of every detector that took part, with n and on what."""
    known = cards()
    for name in sorted({run.detector for some in runs for run in some}):
        for m in known[name].measured if name in known else ():
            yield {
                "detector": name,
                "kind": m.kind,
                "source": m.source,
                "hit": m.hit.model_dump() if m.hit else None,
                "recall": m.recall.model_dump() if m.recall else None,
                "false_alarms": m.false_alarms.model_dump() if m.false_alarms else None,
                "n": m.false_alarms.n if m.false_alarms else 0,
                "on": m.on,
            }


def _advice(known: Judged, policy: Policy) -> Iterable[Advice]:
    """What would make the exhibit stronger, by the exact gain; never to film a past event again."""
    if not known.strength:
        return
    rules = {rule.id: rule for rule in policy.item(known.role).requirements}
    for gain, name, after in known.strength.advice:
        rule = rules[name.partition("#")[0]]
        yield Advice(exhibit=known.exhibit.shown, requirement=name, gain=gain / 10, score_after=after / 10, when=rule.when, text=rule.advice or rule.question)


def _not_checked(judged: Sequence[Judged], policy: Policy) -> Iterable[str]:
    for known in judged:
        if known.strength:
            open_lines = {line.requirement for line in known.strength.lines if line.status == "not_checked"}
            titles = [r.title for r in policy.item(known.role).requirements if r.id in open_lines and r.checker == "machine"]
            yield from (f"{known.exhibit.shown}: {text}" for text in sentences.not_checked(titles))
            yield from (f"{known.exhibit.shown}: {run.detector} {run.outcome}: {run.reason}" for run in known.runs if run.outcome != "completed")
