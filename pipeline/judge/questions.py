"""What stands open of an exhibit and a person who watches can settle."""

from __future__ import annotations

from collections.abc import Iterator

from models.answers import REUSE, Said
from models.kinds import Reused
from models.message import N_, Message
from models.observation import of
from models.report import Question
from pipeline.judge.judged import JudgedExhibit

RIGHTLY = N_("Was this footage rightly handed in for the other case as well? Look at both.")
ALWAYS: tuple[Said, ...] = ("yes", "no", "unclear")
IF_RELEVANT: tuple[Said, ...] = (*ALWAYS, "does_not_apply")


def questions(one: JudgedExhibit) -> Iterator[Question]:
    """What a person can settle of what is still open, with the points that it would add."""
    if of(one.observations, Reused):
        yield Question(
            exhibit=one.path,
            requirement=REUSE,
            text=Message(id=RIGHTLY),
            answers=ALWAYS,
        )
    asked: dict[str, int] = {}
    for line in one.strength.lines:
        if line.by_person and line.status not in ("met", "not_met"):
            points = asked.get(line.requirement, 0)
            asked[line.requirement] = points + line.points_missed
    for name, points in sorted(asked.items(), key=lambda pair: -pair[1]):
        rule = one.role.rules.requirement(name)
        yield Question(
            exhibit=one.path,
            requirement=rule.id,
            text=Message(id=rule.question),
            points=points / 10,
            answers=IF_RELEVANT if rule.if_relevant else ALWAYS,
        )
