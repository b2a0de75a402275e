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
NOTHING_OPEN = N_("All that the policy asks for was seen; nothing is missing.")
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
    """What no exhibit shows: empty places of the case, then open lines of each exhibit."""
    for slot in report.slots:
        if slot.required and not slot.exhibits:
            yield Message(id=N_("{slot}: nothing was handed in."), args={"slot": slot.title})
    for exhibit in report.exhibits:
        for row in _open(exhibit):
            yield Message(
                id=N_("{path}: {title} could not be confirmed. {says}"),
                args={"path": plain(exhibit.path), "title": row.title, "says": row.says},
            )


def _open(exhibit: ExhibitReport) -> Iterator[RequirementReport]:
    """Lines that nobody could confirm, each requirement once."""
    told = set()
    for row in exhibit.requirements:
        if row.verdict in OPEN and row.checker == "machine" and row.requirement not in told:
            told.add(row.requirement)
            yield row


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
        for row in _open(exhibit):
            yield Message(id=N_("Anything that shows: {title}."), args={"title": row.title})
