"""What would make a case stronger, by exactly how much; never to film the past again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.message import Message
from models.policy import Reason, Requirement, When
from models.report import Advice
from pipeline.judge.case import Piece, case_strength
from pipeline.judge.judged import JudgedExhibit
from pipeline.judge.strength import Gain
from pipeline.wording import sentences


def exhibit_advice(one: JudgedExhibit) -> Iterator[Advice]:
    """What the program could then confirm, by the pack's words; else what a person could settle.

    Nothing about lines that are met: what they ask for was done.
    """
    told = {line.requirement for line in one.strength.lines if line.status == "met"}
    for gain in one.strength.by_program:
        rule = one.role.rules.requirement(gain.requirement)
        state = _state(rule, one)
        for text in rule.advice:
            if text.state == state and rule.id not in told:
                told.add(rule.id)
                yield _advice(
                    one,
                    gain,
                    text.when,
                    text.text,
                )
    for gain in one.strength.by_person:
        rule = one.role.rules.requirement(gain.requirement)
        if gain.requirement not in told:
            yield _advice(
                one,
                gain,
                "human",
                rule.question,
            )


def _state(rule: Requirement, one: JudgedExhibit) -> str:
    """How a line stands: unnamed, contrary or open."""
    if rule.is_link and not one.case.expected(one.role.name):
        return "unnamed"
    theirs = [found for found in one.findings if found.requirement == rule.id]
    if any(found.answer and found.llr_cb < 0 for found in theirs):
        return "contrary"
    seen = [one.by_id[found.id].kind for found in theirs if found.id in one.by_id]
    return "contrary" if set(seen) & set(rule.contradicting) else "open"


def _advice(
    one: JudgedExhibit,
    gain: Gain,
    when: When,
    text: str,
) -> Advice:
    return Advice(
        exhibit=one.path,
        requirement=gain.requirement,
        gain=gain.points / 10,
        score_after=gain.after / 10,
        when=when,
        text=Message(id=text),
    )


def empty_slots(
    reason: Reason,
    pieces: Sequence[Piece],
    contradictions: Sequence[Message],
) -> Iterator[Advice]:
    """Evidence that the reason asks for and nobody handed in; its gain were it flawless."""

    def score(some: Sequence[Piece]) -> int:
        return case_strength(reason, some, contradictions).score

    now = score(pieces)
    roles = {piece.role for piece in pieces}
    for slot in reason.slots:
        if roles & set(slot.accepts):
            continue
        best = max(slot.accepts, key=lambda role: slot.accepts[role])
        flawless = Piece(
            best,
            slot.id,
            1000,
        )
        after = score([*pieces, flawless])
        if after == now and not slot.required:
            continue
        yield Advice(
            exhibit="",
            requirement=slot.id,
            gain=(after - now) / 10,
            score_after=after / 10,
            when="possible_now",
            text=sentences.nothing_handed_in(slot.title),
        )
