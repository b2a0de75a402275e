"""What was not looked at, not compared or set aside, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from models.answers import Answer
from models.examination import Examinations
from models.message import Message
from models.policy import Policy
from models.submission import Case
from pipeline.judge.captures import captures
from pipeline.judge.judged import JudgedExhibit
from pipeline.judge.rows import why_not_checked
from pipeline.wording import sentences


def _copies(some: Iterable[JudgedExhibit]) -> Iterator[Message]:
    """Exhibits that hold a recording once more."""
    known: dict[str, str] = {}
    there = list(some)
    for one, capture in zip(there, captures([one.examination for one in there]), strict=True):
        if capture in known:
            yield sentences.same_recording(one.path, known[capture])
        known.setdefault(capture, one.path)


def not_checked(
    some: Sequence[JudgedExhibit],
    policy: Policy,
    examined: Examinations,
    case: Case,
    key: bytes | None,
    aside: Sequence[Answer],
) -> Iterator[Message]:
    """Every such sentence of a report. `aside`: answers to what these rules do not ask."""
    yield from (sentences.set_aside(one) for one in aside)
    for one in some:
        yield from why_not_checked(one, policy.id)
    if case.claimed:
        yield Message(id=sentences.CLAIMED)
    if case.claim_fault:
        yield sentences.claim_fault(case.claim_fault)
    for number in case.too_short():
        yield sentences.too_short(number)
    yield from _copies(some)
    if examined.absent:
        yield sentences.absent(examined.absent)
    if examined.skipped:
        yield sentences.skipped(examined.skipped)
    if examined.seal.source == "operator" and key is None:
        yield Message(id=sentences.SEALED_BY_OPERATOR)
