"""Drafts that the sources ask for: what evidence is missing, and a request for more details."""

from __future__ import annotations

from collections.abc import Iterator

from models.message import N_, Message
from models.report import ExhibitReport, Report, RequirementReport
from pipeline.wording.sentences import plain

OPEN = ("could_not_confirm", "not_checked")
SUBJECT = N_("About order {order}: what the evidence does not show")
NO_ORDER = N_("About this case: what the evidence does not show")
GREETING = N_("The following was looked for in what was handed in and was not seen there.")
NOTHING_OPEN = N_("Nothing that was looked for was missing.")
NOTHING_TO_ASK = N_("Nothing further is to be asked for by the program's own reading.")
FOR_PEOPLE = N_("A person still has to look at:")
ASKED = N_("Please send, if you have it:")
CLOSING = N_(
    "This is a draft. It says what was not visible; it does not say that anything is untrue. "
    "A person sends it or not."
)


def subject(report: Report) -> Message:
    """The first line of both drafts."""
    if report.case.order_id:
        return Message(id=SUBJECT, args={"order": plain(report.case.order_id)})
    return Message(id=NO_ORDER)


def gaps(report: Report) -> Iterator[Message]:
    """What was looked for and not seen: empty places of the case, then lines of each exhibit."""
    for slot in report.slots:
        if slot.required and not slot.exhibits:
            yield Message(id=N_("{slot}: nothing was handed in."), args={"slot": slot.title})
    for exhibit in report.exhibits:
        for row in _unseen(exhibit):
            yield Message(
                id=N_("{path}: {title}. {says}"),
                args={"path": plain(exhibit.path), "title": row.title, "says": row.says},
            )


def _unseen(exhibit: ExhibitReport) -> Iterator[RequirementReport]:
    """Lines for which nothing speaks, each requirement once."""
    told = set()
    for row in exhibit.requirements:
        speaks_for = row.log10_lr > 0
        machine = row.checker == "machine" and row.verdict in OPEN
        if machine and not speaks_for and row.requirement not in told:
            told.add(row.requirement)
            yield row


def for_people(report: Report) -> Iterator[Message]:
    """What only a person can say, and nobody has said yet."""
    for question in report.questions:
        yield Message(
            id=N_("{path}: {question}"),
            args={"path": plain(question.exhibit), "question": question.text},
        )


def wishes(report: Report) -> Iterator[Message]:
    """What could be handed in now: advice that needs no new filming; else what is still open."""
    seen = set()
    for advice in report.advice:
        if advice.when == "possible_now" and advice.text.text not in seen:
            seen.add(advice.text.text)
            yield advice.text
    if seen:
        return
    for exhibit in report.exhibits:
        for row in _unseen(exhibit):
            yield Message(id=N_("Anything that shows: {title}."), args={"title": row.title})
