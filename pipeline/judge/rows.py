"""The lines of an exhibit's table: each with its verdict, its reasons, its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypedDict

from models.card import Measured
from models.finding import Finding, Place, Silence
from models.kinds import Reader, Side
from models.media import Media
from models.message import N_, NOTHING, Message, paragraph
from models.observation import Observation, named, of
from models.policy import Citation, Requirement
from models.report import HOUSE_RULE, FindingReport, RequirementReport
from pipeline.judge.bearing import SEES
from pipeline.judge.judged import JudgedExhibit
from pipeline.judge.stated import STATES
from pipeline.judge.trials import trials
from pipeline.judge.verdicts import VerdictLine
from pipeline.judge.weigh import figures_of, silence_figures
from pipeline.wording import sentences, weights

REASONS = 3  # sentences in a line of the table; the findings beside it hold all


def rows(judged: JudgedExhibit, policy: str) -> Iterator[RequirementReport]:
    """One row a line of the verdicts, then one for each requirement that does not apply."""
    judged_ids = set()
    for line in judged.strength.lines:
        judged_ids.add(line.requirement)
        yield _row(line, judged, policy)
    for rule in judged.role.rules.requirements:
        if rule.id not in judged_ids:
            yield _not_applicable(rule, Place(rule.id))
        for part in range(rule.parts + 1, rule.parts + rule.besides + 1):
            yield _not_applicable(rule, Place(rule.id, part))


def _not_applicable(rule: Requirement, place: Place) -> RequirementReport:
    return RequirementReport(
        id=place.name,
        requirement=rule.id,
        part=place.part,
        title=_title(rule, place),
        verdict="not_applicable",
        **_cited(rule),
        checker=rule.checker,
    )


class Cited(TypedDict):
    """The sentences on which a line rests."""

    quote: str
    source: str
    cites: tuple[Citation, ...]


def _cited(rule: Requirement) -> Cited:
    """The platform's sentences; without any it is a house rule and says so."""
    if not rule.cites:
        return Cited(quote="", source=HOUSE_RULE, cites=())
    first = rule.cites[0]
    source = sentences.source(first).text
    return Cited(quote=first.quote, source=source, cites=rule.cites)


def _row(
    line: VerdictLine,
    judged: JudgedExhibit,
    policy: str,
) -> RequirementReport:
    """One line with its reasons."""
    rule = judged.role.rules.requirement(line.requirement)
    theirs = [one for one in judged.findings if one.place == line.place]
    found = _telling(theirs)
    reports = [_finding(one, judged) for one in found]
    times = [seen.at.start for seen in _observations(found, judged) if seen.at]
    weightiest = _weightiest(theirs, line)
    return RequirementReport(
        id=line.place.name,
        requirement=line.requirement,
        part=line.place.part,
        title=_title(rule, line.place),
        verdict=line.status,
        log10_lr=line.llr_cb / 100,
        best_log10_lr=line.best / 100,
        half_width=line.half_width / 100,
        house=weightiest is not None and _is_house(weightiest, judged),
        points=line.points / 10,
        lost=line.points_missed / 10,
        assessed=line.assessed / 10,
        says=_says(reports) or _open(rule, judged, policy),
        weighs=_weighs(weightiest, judged) if weightiest else NOTHING,
        honest_causes=_honest_causes(theirs, judged),
        **_cited(rule),
        checker=rule.checker,
        findings=tuple(reports),
        at_s=times[0] if times else None,
    )


def _weightiest(found: Sequence[Finding], line: VerdictLine) -> Finding | None:
    """What weighs most of all that speaks as the line does."""
    alike = [one for one in found if one.llr_cb * line.llr_cb >= 0]
    return max(alike, key=lambda one: abs(one.llr_cb), default=None)


def _is_house(found: Finding, judged: JudgedExhibit) -> bool:
    """Does its weight rest on a house rule?"""
    if found.answer:
        return True
    if found.silence is None:
        measured = figures_of(judged.by_id[found.id], judged.cards)
    else:
        measured = _silence_figures(found.silence, judged)
    return measured.hit is None and measured.recall is None


def _weighs(found: Finding, judged: JudgedExhibit) -> Message:
    return weights.weighs(
        judged.by_id.get(found.id),
        found.silence,
        found.llr_cb,
        found.outward.llr_cb,
        _is_house(found, judged),
    )


def _honest_causes(found: Sequence[Finding], judged: JudgedExhibit) -> tuple[Message, ...]:
    """What else could explain what speaks against the line, or leaves it open; each once."""
    seen = [judged.by_id[one.id] for one in found if _is_seen(one) and one.llr_cb <= 0]
    causes = [cause for one in seen for cause in sentences.honest_causes(one)]
    return tuple({cause.text: cause for cause in causes}.values())


def _is_seen(found: Finding) -> bool:
    """Does it rest on an observation?"""
    return found.silence is None and not found.answer


def _telling(found: Sequence[Finding]) -> list[Finding]:
    """What was seen before silence, what weighs most first."""
    seen = [one for one in found if one.silence is None]
    silent = [one for one in found if one.silence is not None]
    by_weight: Callable[[Finding], int] = lambda one: -abs(one.llr_cb)  # noqa: E731
    return sorted(seen, key=by_weight) + sorted(silent, key=by_weight)


def _observations(found: Sequence[Finding], judged: JudgedExhibit) -> Iterator[Observation]:
    for one in found:
        if _is_seen(one):
            yield judged.by_id[one.id]


def _title(rule: Requirement, place: Place) -> Message:
    title = Message(id=rule.title)
    if not place.part:
        return title
    return Message(
        id=N_("{title} ({part} of {parts})"),
        args={
            "title": title,
            "part": place.part,
            "parts": rule.parts + rule.besides,
        },
    )


def _finding(found: Finding, judged: JudgedExhibit) -> FindingReport:
    return FindingReport(
        id=found.id,
        llr_cb=found.llr_cb,
        half_width=found.half_width,
        group=found.group,
        when=found.when,
        silence=found.silence,
        answer=found.answer,
        because=_because(found, judged),
    )


def _because(found: Finding, judged: JudgedExhibit) -> Message:
    """The sentence of one finding."""
    if found.answer:
        rule = judged.role.rules.requirement(found.requirement)
        return sentences.answered(rule.question, judged.answer_of[found.id])
    if found.silence is None:
        return sentences.because(judged.by_id[found.id], judged.examination.kind)
    kind = found.silence.kind
    if kind == Side.about.name:
        return judged.sides.reason
    measured = _silence_figures(found.silence, judged)
    expected = bool(judged.case.expected(judged.role.name))
    theirs = [one for one in judged.findings if one.place == found.place]
    broken = any(_is_seen(one) for one in theirs)
    open_to_it = judged.noticed.stratum or broken
    return sentences.silence(
        kind,
        measured,
        expected,
        weighs=bool(open_to_it),
        tried=trials(judged.examination.observations),
    )


def _silence_figures(silence: Silence, judged: JudgedExhibit) -> Measured:
    return silence_figures(
        judged.cards,
        silence.detector,
        silence.kind,
        judged.noticed,
    )


def _says(found: Sequence[FindingReport]) -> Message:
    """What was seen; where nothing was, what the most telling silence means."""
    seen = [one.because for one in found if one.silence is None]
    silent = [one.because for one in found if one.silence is not None]
    silent = [said for said in silent if said]
    return paragraph(*(seen[:REASONS] if seen else silent[:1]))


def _open(
    rule: Requirement,
    judged: JudgedExhibit,
    policy: str,
) -> Message:
    """Why a line stays open: a question to a person, nobody who can look, or nobody who did."""
    if rule.checker == "human":
        return Message(id=rule.question)
    title = Message(id=rule.title)
    kinds = {*rule.supporting, *rule.contradicting}
    if kinds & set(judged.examination.could_see):
        return sentences.not_looked_at(
            title,
            judged.path,
            judged.role.name,
            policy,
        )
    return sentences.nobody_looks(title)


def why_not_checked(judged: JudgedExhibit, policy: str) -> Iterator[Message]:
    """Requirements and parts of the file nobody looked at, and runs that did not complete."""
    unseen = {line.requirement for line in judged.strength.lines if not line.looked_at}
    for rule in judged.role.rules.requirements:
        if rule.id in unseen and rule.checker == "machine":
            yield sentences.about_exhibit(judged.path, _open(rule, judged, policy))
    for said in _not_in_view(judged.examination.media):
        yield sentences.about_exhibit(judged.path, said)
    for reader in of(judged.observations, Reader):
        if reader.reach == "single":
            said = sentences.one_family(reader.value or "")
            yield sentences.about_exhibit(judged.path, said)
    reads_numbers = judged.role.rules.kinds & set(named((*SEES, *STATES)))
    for run in judged.runs:
        if run.outcome != "completed" and (reads_numbers or run is not judged.linked.run):
            said = sentences.run_not_completed(run.detector, run.outcome, run.reason)
            yield sentences.about_exhibit(judged.path, said)


def _not_in_view(media: Media | None) -> Iterator[Message]:
    """Pictures of the file that no detector gets."""
    if media is None:
        return
    if media.other_video_tracks:
        yield sentences.other_tracks(media.other_video_tracks)
    if media.pages > media.frame_count:
        yield sentences.other_pages(media.pages, media.frame_count)
    if media.kind == "image" and media.frame_count > 1:
        yield sentences.other_pictures(media.frame_count)
